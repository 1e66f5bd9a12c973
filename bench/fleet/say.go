//go:build linux

package fleet

import (
	"strconv"
	"strings"
	"time"

	"github.com/halley-stream/halley/protocol"
)

// speaker has the sessions say something, one after the other.
type speaker struct {
	speaks bool
	next   time.Time // when the next burst is due
	turn   int       // of the sessions
	id     int       // of the last request
	text   []byte
}

// Speak lets the sessions begin, or stop, to say what Config.Say has.
func (f *Fleet) Speak(speaks bool) {
	f.speaker.speaks, f.speaker.next = speaks && f.config.Say.Rate > 0, time.Now()
}

// patience is how long the fleet may wait for something to read, at most most.
func (s *speaker) patience(most time.Duration) time.Duration {
	if !s.speaks {
		return most
	}
	return max(min(most, time.Until(s.next)+time.Millisecond), 0)
}

// speakers is how far apart the sessions are that speak one after the other: no two
// share much.
const speakers = 997

// speak says what is due.
func (f *Fleet) speak() {
	s, say := &f.speaker, f.config.Say
	for s.speaks && !time.Now().Before(s.next) {
		s.next = s.next.Add(time.Duration(float64(say.Burst) / say.Rate * float64(time.Second)))
		s.turn = (s.turn + speakers) % f.config.Sessions
		f.say(f.sessions[s.turn+f.observers()])
	}
}

// say lets a session say one burst.
func (f *Fleet) say(from *session) {
	s, say := &f.speaker, f.config.Say
	filler := strings.Repeat("x", say.Bytes)
	s.text = s.text[:0]
	for _, item := range f.config.Items(from.index)[:say.Burst] {
		s.id++
		if len(s.text) > 0 {
			s.text = append(s.text, "\r\n"...)
		}
		text := "item" + strconv.Itoa(item) + " " + strconv.FormatInt(time.Now().UnixNano(), 10) + " " + filler
		s.text = protocol.AppendParam(s.text, "LS_reqId", strconv.Itoa(s.id))
		s.text = protocol.AppendParam(s.text, "LS_message", text)
		s.text = protocol.AppendParam(s.text, "LS_outcome", "false")
		s.text = protocol.AppendParam(s.text, "LS_ack", "false")
	}
	f.tally.Said += uint64(say.Burst)
	f.message(from, "msg", s.text)
}
