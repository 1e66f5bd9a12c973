//go:build linux

package fleet

import (
	"math/rand/v2"
	"time"
)

// Transport is the way in which the lines of a session travel.
type Transport string

// The transports there are.
const (
	WebSocket Transport = "ws"
	HTTP      Transport = "http" // one endless response
	Poll      Transport = "poll"
	// Bare is WebSocket frames without handshake and session, for a floor: all
	// there is to do is reading.
	Bare Transport = "bare"
)

// Config says what a fleet is and does.
type Config struct {
	// Address is the server's, as an IP address and a port.
	Address   string
	Transport Transport
	Sessions  int
	// Items draws the items of a session.
	Items func(session int) []int
	// Fields is how many fields each item has.
	Fields int
	// AdapterSet and Adapter name the load adapter.
	AdapterSet, Adapter string
	// Frequency is LS_requested_max_frequency; empty is unlimited.
	Frequency string
	// Keepalive is what the sessions ask for; 0 is the server's default.
	Keepalive time.Duration
	// Conflated says that a number may be skipped: not every update is sent.
	Conflated bool

	// Say is what the sessions say to their items, over WebSockets.
	Say Say

	// Ramp is how many sessions are opened per second at most. Default 2,000.
	Ramp int
	// Opening is how many are being opened at the same time at most. Default 500.
	Opening int

	// Slow is how many of the sessions read slowly, SlowRate bytes per second.
	Slow     int
	SlowRate int
}

// Say is messages that go to chat rooms: see load.Rooms. The sessions take turns; each
// says Burst messages at once, to as many of its items, the first ones.
type Say struct {
	Rate  float64 // messages per second, of all sessions together; 0 is none
	Burst int
	Bytes int // of each
}

func (c Config) withDefaults() Config {
	if c.Ramp == 0 {
		c.Ramp = 2000
	}
	if c.Opening == 0 {
		c.Opening = 500
	}
	if c.Items == nil {
		c.Items = func(int) []int { return []int{0} }
	}
	return c
}

// AtRandom lets each session draw n of all items, the same ones in each run.
func AtRandom(n, all int, seed uint64) func(session int) []int {
	return func(session int) []int {
		r := rand.New(rand.NewPCG(seed, uint64(session)))
		drawn := make([]int, 0, n)
		taken := make(map[int]bool, n)
		for len(drawn) < n {
			if i := r.IntN(all); !taken[i] {
				taken[i] = true
				drawn = append(drawn, i)
			}
		}
		return drawn
	}
}

// Private gives each session n items of its own.
func Private(n int) func(session int) []int {
	return func(session int) []int {
		own := make([]int, n)
		for i := range own {
			own[i] = session*n + i
		}
		return own
	}
}

// Shared gives all sessions the same n items.
func Shared(n int) func(session int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return func(int) []int { return all }
}
