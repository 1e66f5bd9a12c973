//go:build linux

package clients

// Dialogue is what a client says until it is subscribed.
type Dialogue struct {
	// Open is the HTTP request that it begins with, given the number of the client and
	// its items.
	Open func(client int, items []int) string
	// WebSocket says that Open asks for an upgrade, and messages follow.
	WebSocket bool
	// Binary says that the messages of the client are binary, not text.
	Binary bool
	// Steps follow the head of the response, in turn. The client is subscribed when all
	// are done.
	Steps []Step
}

// Step waits for something and then says something.
type Step struct {
	// Await are texts that the server must have sent, in any order, since the step
	// before. None is to go on at once.
	Await []string
	// Say is the message sent then, given the items and what was awaited; nil sends
	// nothing.
	Say func(items []int, heard []byte) string
}
