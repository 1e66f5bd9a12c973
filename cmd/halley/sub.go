package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/halley-stream/halley/internal/client"
	"github.com/halley-stream/halley/protocol"
)

// Environment variables of halley sub, so that a password need not stand in the
// command line, where other users can see it.
const (
	subUserEnv     = "HALLEY_SUB_USER"
	subPasswordEnv = "HALLEY_SUB_PASSWORD"
)

// Times between attempts to connect again.
const (
	backoffMin = 250 * time.Millisecond
	backoffMax = 10 * time.Second
)

// subOptions are what halley sub is asked to do.
type subOptions struct {
	connect client.Options
	what    client.Subscription
	items   []string
	fields  []string
	count   int // of updates after which to end; 0 is never
}

// runSub subscribes to items and prints their updates: as a table on a terminal,
// else as a line of JSON each.
func runSub(ctx context.Context, env *environment) int {
	set := newFlags(env, "[flags] ITEM...", "halley sub AAPL MSFT --fields last,bid,ask")
	o, code, done := parseSub(env, set)
	if done {
		return code
	}
	signal.Ignore(syscall.SIGPIPE) // a write then says that nobody reads any more, and the session is ended
	s := &subscriber{env: env, options: o}
	if file, ok := env.stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) && env.getenv("TERM") != "dumb" {
		s.out = newTable(file, o, env.getenv("NO_COLOR") == "")
	} else {
		s.out = newJSONLines(env.stdout, o)
	}
	err := s.follow(ctx)
	s.out.close()
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, syscall.EPIPE): // whoever was reading has enough
		return exitOK
	}
	return env.fail(err)
}

// parseSub reads the command line.
func parseSub(env *environment, set *flag.FlagSet) (o *subOptions, code int, done bool) {
	o = &subOptions{}
	set.StringVar(&o.connect.URL, "url", "http://localhost:8080", "the server's `address`")
	set.StringVar(&o.connect.AdapterSet, "set", "DEMO", "the adapter set, by `name`")
	set.StringVar(&o.what.Adapter, "adapter", "QUOTES", "the Data Adapter, by `name`")
	set.StringVar(&o.what.Mode, "mode", "MERGE", "the `mode`: MERGE, DISTINCT, COMMAND or RAW")
	set.StringVar(&o.what.Selector, "selector", "", "a selector, as the server's metadata adapter knows them")
	set.StringVar(&o.what.Frequency, "frequency", "", "updates per second and item at most, as a `number`, unlimited or unfiltered")
	set.BoolVar(&o.what.Snapshot, "snapshot", true, "begin with the present values")
	set.StringVar(&o.connect.User, "user", env.getenv(subUserEnv), "the user's `name` (environment: "+subUserEnv+")")
	set.StringVar(&o.connect.Password, "password", "", "the user's password; better in the environment: "+subPasswordEnv)
	set.IntVar(&o.count, "count", 0, "end after `n` updates")
	fields := set.String("fields", "last,bid,ask", "the fields, as `names` separated by commas")
	transport := set.String("transport", "ws", "`ws`, http (streaming) or poll")
	operands, code, done := parseFlags(env, set)
	if done {
		return nil, code, true
	}
	if o.connect.Password == "" {
		o.connect.Password = env.getenv(subPasswordEnv)
	}
	for _, item := range operands {
		o.items = append(o.items, strings.Fields(item)...)
	}
	o.fields = strings.FieldsFunc(*fields, func(r rune) bool { return r == ',' || r == ' ' })
	o.what.Mode = strings.ToUpper(o.what.Mode)
	if o.what.Mode == "COMMAND" {
		o.fields = withCommandFields(o.fields)
	}
	o.connect.Transport = client.Transport(*transport)
	o.what.Group, o.what.Schema = strings.Join(o.items, " "), strings.Join(o.fields, " ")
	if o.what.Mode == "RAW" {
		o.what.Snapshot = false
	}
	if fault := o.fault(); fault != "" {
		return nil, env.misuse("%s", fault), true
	}
	return o, exitOK, false
}

// fault returns what is wrong with o, or "".
func (o *subOptions) fault() string {
	switch {
	case len(o.items) == 0:
		return "which items? Name them, as in 'halley sub AAPL MSFT'"
	case len(o.fields) == 0:
		return "which fields? Name them, as in '--fields last,bid,ask'"
	case !slices.Contains([]string{"MERGE", "DISTINCT", "COMMAND", "RAW"}, o.what.Mode):
		return fmt.Sprintf("there is no mode %q; there are MERGE, DISTINCT, COMMAND and RAW", o.what.Mode)
	case !slices.Contains([]client.Transport{client.WebSocket, client.HTTP, client.Poll}, o.connect.Transport):
		return fmt.Sprintf("there is no transport %q; there are ws, http and poll", o.connect.Transport)
	case o.count < 0:
		return "a count below zero"
	}
	if f := o.what.Frequency; f != "" && f != "unlimited" && f != "unfiltered" {
		if n, err := strconv.ParseFloat(f, 64); err != nil || !(n > 0) {
			return fmt.Sprintf("%q is no frequency; write a number of updates per second, unlimited or unfiltered", f)
		}
	}
	return ""
}

// withCommandFields puts the two fields in front that COMMAND needs.
func withCommandFields(fields []string) []string {
	for _, name := range []string{"command", "key"} {
		if !slices.Contains(fields, name) {
			fields = slices.Insert(fields, 0, name)
		}
	}
	return fields
}

// subUpdate is an update as it is printed. It is valid during the call only.
type subUpdate struct {
	item     int // index in the options
	state    *protocol.ItemState
	snapshot bool
	at       time.Time
}

// subOutput is how updates are shown.
type subOutput interface {
	// update shows an update. more says that another one is there already.
	update(u *subUpdate, more bool) error
	// status tells how the connection is; an empty text says that all is well.
	status(text string)
	// emptied says that the rows of a COMMAND item are gone.
	emptied(item int)
	close()
}

// subscriber keeps a subscription alive. It belongs to one goroutine.
type subscriber struct {
	env     *environment
	options *subOptions
	out     subOutput
	seen    int // updates
}

// follow prints updates until ctx is done, there were enough of them, or the
// server does not want us. It returns nil only in the second case.
func (s *subscriber) follow(ctx context.Context) error {
	wait, connected := backoffMin, false
	for {
		seen := s.seen
		err := s.session(ctx, &connected)
		switch {
		case err == nil, ctx.Err() != nil, isFinal(err), !connected:
			return s.explain(err)
		}
		if s.seen > seen {
			wait = backoffMin // it has worked for a while
		}
		pause := wait/2 + rand.N(wait/2) // so that not all clients come back at once
		s.status("the connection is lost (%v); trying again in %v", err, pause.Round(10*time.Millisecond))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, backoffMax)
	}
}

// isFinal reports whether there is no use in trying again.
func isFinal(err error) bool {
	var refused *client.Refused
	if errors.As(err, &refused) {
		switch refused.Code {
		case protocol.ConnRecoveryGone, protocol.ConnOverloaded, protocol.ConnAuthUnavailable,
			protocol.ConnSessionNotFound, protocol.ConnRebound, protocol.ConnRetry, protocol.ConnLifeLimit:
			return false
		}
		return true
	}
	var request *protocol.Error
	return errors.As(err, &request) || errors.Is(err, syscall.EPIPE) || errors.Is(err, errGroups)
}

// errGroups says that what was taken for names is something else to the server.
var errGroups = errors.New("name items and fields, not groups and schemas that stand for several")

// session opens a session and prints its updates. It returns nil when there were
// enough of them.
func (s *subscriber) session(ctx context.Context, connected *bool) error {
	conn, err := client.Dial(ctx, s.options.connect)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer conn.Leave() // or the server would keep the session, and count it, until its time is over
	stop := context.AfterFunc(ctx, conn.End)
	defer stop()
	if _, err := conn.Subscribe(1, s.options.what); err != nil {
		return err
	}
	states := make([]*protocol.ItemState, len(s.options.items))
	settled := make([]bool, len(states)) // the snapshot has come
	for {
		n, err := conn.Next()
		if err != nil {
			return err
		}
		if (n.Tag == protocol.TagU || n.Tag == protocol.TagEOS || n.Tag == protocol.TagCS) && (n.Item < 1 || n.Item > len(states)) {
			return fmt.Errorf("the server speaks of item %d of %d", n.Item, len(states))
		}
		switch n.Tag {
		case protocol.TagREQERR:
			return &protocol.Error{Code: n.Code, Text: n.Message()}
		case protocol.TagSUBOK, protocol.TagSUBCMD:
			if n.Items != len(states) || n.Fields != len(s.options.fields) {
				return fmt.Errorf("%w: for the %d items and %d fields named, the server has %d and %d",
					errGroups, len(states), len(s.options.fields), n.Items, n.Fields)
			}
			if *connected {
				s.status("connected again")
			}
			*connected = true
			s.out.status("")
			for i := range states {
				states[i] = protocol.NewItemState(n.Fields)
				settled[i] = !s.options.what.Snapshot
				s.out.emptied(i)
			}
		case protocol.TagEOS:
			settled[n.Item-1] = true
		case protocol.TagCS:
			s.out.emptied(n.Item - 1)
		case protocol.TagOV:
			s.env.talk("%s: %d updates of %s were lost, because this client or the server was too slow", s.env.name, n.Number, s.options.items[n.Item-1])
		case protocol.TagU:
			i := n.Item - 1
			if states[i] == nil {
				return errors.New("the server sends updates before it has confirmed the subscription")
			}
			if err := states[i].Apply(n.Text); err != nil {
				return err
			}
			u := &subUpdate{item: i, state: states[i], snapshot: !settled[i], at: time.Now()}
			if s.options.what.Mode == "MERGE" {
				settled[i] = true // there is no EOS: the first one is the snapshot
			}
			s.seen++
			enough := s.options.count > 0 && s.seen >= s.options.count
			if err := s.out.update(u, conn.Buffered() && !enough); err != nil || enough {
				return err
			}
		}
	}
}

// status tells how the connection is.
func (s *subscriber) status(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.out.status(text)
	if _, isTable := s.out.(*table); !isTable {
		s.env.talk("%s: %s", s.env.name, text)
	}
}

// explain adds to an error what can be done about it.
func (s *subscriber) explain(err error) error {
	var refused *client.Refused
	var request *protocol.Error
	advice := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %s; is the server running ('halley serve'), and is --url its address?", s.options.connect.URL)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer from %s in time; is --url the address of a Halley server?", s.options.connect.URL)
	case errors.As(err, &refused) && refused.Tag == protocol.TagCONERR:
		advice = map[int]string{
			protocol.ConnCredentials: "check --user and --password",
			protocol.ConnAdapterSet:  "check --set",
		}[refused.Code]
	case errors.As(err, &request):
		advice = map[int]string{
			protocol.ReqDataAdapter:         "check --adapter",
			protocol.ReqGroup:               "check the names of the items",
			protocol.ReqGroupForSchema:      "check the names of the items and --fields",
			protocol.ReqSchema:              "check --fields",
			protocol.ReqMode:                "check --mode",
			protocol.ReqNoKeyField:          "add key to --fields, or check --mode",
			protocol.ReqNoCommandField:      "add command to --fields, or check --mode",
			protocol.ReqSelector:            "check --selector",
			protocol.ReqUnfilteredLimited:   "ask for another --frequency",
			protocol.ReqUnfilteredLicense:   "ask for another --frequency",
			protocol.ReqUnfilteredPrefilter: "ask for another --frequency",
		}[request.Code]
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}
