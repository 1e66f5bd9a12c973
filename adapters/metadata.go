package adapters

import (
	"context"
	"errors"
	"fmt"
)

// MetadataAdapter says who may connect and what groups and schemas stand for.
// Its methods may block until ctx is done; they are called from a fixed pool of
// goroutines, never from an event loop.
//
// A refusal is a *Refusal, or one of the errors below, wrapped with a text that
// names what was refused. Any other error is logged, and the client learns that
// the service is not available.
type MetadataAdapter interface {
	// Authenticate decides whether a client may open a session.
	Authenticate(ctx context.Context, login Login) (Permit, error)
	// Resolve decides what a subscription stands for, and whether the user may
	// have it.
	Resolve(ctx context.Context, interest Interest) (Resolution, error)
}

// Reasons for a refusal.
var (
	// ErrCredentials: user or password are wrong.
	ErrCredentials = errors.New("invalid user or password")
	// ErrBadGroup: the group stands for no items.
	ErrBadGroup = errors.New("bad item group")
	// ErrBadSchema: the schema stands for no fields.
	ErrBadSchema = errors.New("bad field schema")
	// ErrModeNotAllowed: an item may not be subscribed in this mode.
	ErrModeNotAllowed = errors.New("mode not allowed")
	// ErrBadSelector: the selector is not valid, or selectors are not allowed.
	ErrBadSelector = errors.New("bad selector")
)

// Refusal is a refusal with a code of the application's own, 0 or less, and a
// text for the client.
type Refusal struct {
	Code int
	Text string
}

// Error returns the text and the code.
func (r *Refusal) Error() string { return fmt.Sprintf("%s (code %d)", r.Text, r.Code) }

// Login is what a client says of itself when it opens a session.
type Login struct {
	// AdapterSet is the set asked for.
	AdapterSet string
	// User is empty for an anonymous client.
	User     string
	Password string
	// Address is the client's IP address.
	Address string
	// Header are the request's headers, by canonical name.
	Header map[string][]string
}

// Permit is what an authenticated client is granted.
type Permit struct {
	// User is the name the session goes by from then on.
	User string
}

// Interest is a subscription that a client asks for.
type Interest struct {
	User        string
	DataAdapter string
	// Group and Schema are opaque; by convention names separated by one blank.
	Group    string
	Schema   string
	Mode     Mode
	Selector string
}

// Resolution is what an Interest stands for.
type Resolution struct {
	// Items are names of items, in the order of their positions. No name may
	// come twice.
	Items []string
	// Fields are names of fields, in the order of their positions.
	Fields []string
	// MaxFrequency is the highest frequency allowed, in updates per second and
	// item; 0 is no limit.
	MaxFrequency float64
}
