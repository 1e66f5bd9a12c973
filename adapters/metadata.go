package adapters

import (
	"context"
	"errors"
	"fmt"
	"time"
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
	// MaxBandwidth is what the session's updates may take, in kilobits per second;
	// 0 is no limit. A client may ask for less.
	MaxBandwidth float64
	// MaxSessions is how many sessions the user may have at a time, and
	// MaxSubscriptions how many subscriptions each of them; 0 is no limit but the
	// server's.
	MaxSessions      int
	MaxSubscriptions int
	// Expires is when the permit ends: the client is then told to open a new session,
	// and so is asked who it is again. The zero time is never.
	Expires time.Time
	// Grant is the adapter's own note on what was granted, such as the user's roles. It
	// comes back in each Interest of the session; clients do not see it.
	Grant string
	// KeepFor is for how long the same login, but for the client's address, may be
	// answered with this permit without another call; 0 is not at all.
	KeepFor time.Duration
}

// Interest is a subscription that a client asks for.
type Interest struct {
	User string
	// Grant is that of the Permit.
	Grant       string
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
	// MaxBuffer is how many events of a DISTINCT item may wait for a client that is
	// slower than they come; 0 is no limit but the server's.
	MaxBuffer int
	// KeepFor is for how long the same interest of the same user may be answered with
	// this resolution without another call; 0 is not at all.
	KeepFor time.Duration
	// Selector allows the Interest's selector. It is an expression over the fields
	// of an item, which the engine evaluates for each update.
	Selector bool
}

// MessageHandler is an ability of a Metadata Adapter: it takes what clients say to
// the server. Without it they are told that nobody listens.
type MessageHandler interface {
	// Message handles one message, and returns what its sender is told; that may
	// be empty. A *Refusal tells the sender that it may not say this; any other
	// error is logged, and the sender learns that it was not handled.
	//
	// Messages of one sequence come one at a time, in order. All others may come at
	// the same time, also those of one client.
	Message(ctx context.Context, m Message) (answer string, err error)
}

// Witness is an ability of a Metadata Adapter: it is told which sessions and
// subscriptions there are.
type Witness interface {
	// Notice tells of one change. Those of one session come one at a time, in order;
	// those of different sessions at the same time. When the adapter is too slow for
	// them, some are left out, which the server counts and logs.
	Notice(ctx context.Context, n Notice)
}

// NoticeKind says what a Notice is about.
type NoticeKind uint8

// What a Witness is told of.
const (
	SessionOpened NoticeKind = iota + 1
	SessionClosed
	SubscriptionOpened
	SubscriptionClosed
)

// Notice is a change of the sessions and subscriptions that there are.
type Notice struct {
	Kind NoticeKind
	User string
	// Session is the id of the session: see Message.
	Session string
	Address string
	// Of subscriptions: the client's number for it within the session, and what it is.
	Subscription int
	DataAdapter  string
	Items        []string
	Mode         Mode
}

// Message is something that a client says to the server.
type Message struct {
	User string
	// Session is the id of the sender's session: who knows it can act for the
	// sender, so it is not for logs.
	Session string
	Text    string
	// Sequence is the name that the client gave to an order of messages, of which
	// this is number Number, from 1 up. Without one it is empty.
	Sequence string
	Number   int64
}
