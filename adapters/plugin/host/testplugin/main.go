// Command testplugin is the plugin of the tests. Its first argument says how it
// behaves from its start on, the names of items and users how it does later.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin"
)

func main() {
	behaviour := ""
	if len(os.Args) > 1 {
		behaviour = os.Args[1]
	}
	switch behaviour {
	case "exit":
		fmt.Fprintln(os.Stderr, "no licence was found")
		os.Exit(3)
	case "garbage":
		fmt.Println("Welcome to the feed!")
		select {}
	case "version":
		fmt.Println("1|7|unix|/nowhere|grpc")
		time.Sleep(time.Hour)
	case "tcp":
		fmt.Println("1|1|tcp|127.0.0.1:9|grpc|")
		time.Sleep(time.Hour)
	case "netrpc":
		fmt.Println("1|1|unix|/nowhere|netrpc")
		time.Sleep(time.Hour)
	case "mute":
		time.Sleep(time.Hour)
	}
	a := &adapter{wanted: make(map[string]adapters.Item), changed: make(chan struct{}, 1), begun: make(chan struct{})}
	plugin.Serve(plugin.Adapters{Name: "testplugin", Version: "1.0", Data: a, Metadata: metadata{}, Configure: a.configure})
}

// adapter says of each item its name, the process, and what it was configured with.
type adapter struct {
	greeting string
	begun    chan struct{} // closed when there is a feed
	once     sync.Once

	mu      sync.Mutex
	feed    adapters.Feed
	wanted  map[string]adapters.Item
	changed chan struct{}
}

func (a *adapter) configure(parameters map[string]string) error {
	if parameters["bad"] != "" {
		return errors.New("bad is no parameter")
	}
	a.greeting = parameters["greeting"]
	return nil
}

func (a *adapter) Run(ctx context.Context, feed adapters.Feed) error {
	a.mu.Lock()
	a.feed = feed
	a.mu.Unlock()
	a.once.Do(func() { close(a.begun) })
	if n, err := strconv.Atoi(os.Getenv("FLOOD")); err == nil {
		return flood(ctx, feed, n)
	}
	item, err := feed.Publish("resident", adapters.Merge, adapters.WithSnapshot)
	if err != nil {
		return err
	}
	w := adapters.NewWriter(feed)
	if err := w.Snapshot(ctx, item, map[string]string{"pid": strconv.Itoa(os.Getpid())}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			slog.Info("run ended")
			return nil
		case <-a.changed:
		}
		a.mu.Lock()
		failing, late := a.wanted["run-fails"], a.wanted["late"]
		a.mu.Unlock()
		if failing != (adapters.Item{}) {
			return errors.New("the exchange has closed")
		}
		if late != (adapters.Item{}) {
			feed.Down(errors.New("line cut"))
			feed.Up()
		}
	}
}

func (a *adapter) Subscribe(ctx context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	select {
	case <-a.begun:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	a.mu.Lock()
	a.wanted[item.Name()] = item
	feed := a.feed
	a.mu.Unlock()
	select {
	case a.changed <- struct{}{}:
	default:
	}
	switch item.Name() {
	case "unknown":
		return 0, fmt.Errorf("item %q: %w", item.Name(), adapters.ErrUnknownItem)
	case "hangs":
		return 0, syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "panics":
		panic("out of cheese")
	case "waits":
		<-ctx.Done()
		slog.Info("it was taken back")
		return 0, ctx.Err()
	case "eats":
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<20))
			clear(all[len(all)-1])
		}
	case "prints":
		fmt.Print("it begins\nit is not ended")
	case "stray":
		item = adapters.NewItem("stray", 1234567)
	}
	w := adapters.NewWriter(feed)
	if err := w.Snapshot(ctx, item, map[string]string{"name": item.Name(), "greeting": a.greeting, "pid": strconv.Itoa(os.Getpid()), "secret": os.Getenv("SECRET"), "passed": os.Getenv("PASSED")}); err != nil {
		return 0, err
	}
	return adapters.WithSnapshot, w.EndOfSnapshot(ctx, item)
}

func (a *adapter) Unsubscribe(item adapters.Item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.wanted, item.Name())
	slog.Warn("unsubscribed", "item", item.Name())
}

func (a *adapter) Describe(name string) (adapters.Traits, error) {
	if name == "unknown" {
		return adapters.Traits{}, fmt.Errorf("item %q: %w", name, adapters.ErrUnknownItem)
	}
	return adapters.Traits{Modes: adapters.Modes(adapters.Merge, adapters.Command)}, nil
}

// flood says updates of n resident items at random, as fast as it can: in full batches,
// or in those of a single update.
func flood(ctx context.Context, feed adapters.Feed, n int) error {
	items := make([]adapters.Item, n)
	for i := range items {
		var err error
		if items[i], err = feed.Publish("item"+strconv.Itoa(i), adapters.Merge, adapters.NoSnapshot); err != nil {
			return err
		}
	}
	var fields []adapters.Field
	for _, name := range []string{"bid", "ask", "bidsize", "asksize", "venue"} {
		f, err := feed.Field(name)
		if err != nil {
			return err
		}
		fields = append(fields, f)
	}
	values := [][]byte{[]byte("180.36"), []byte("180.40"), []byte("1200"), []byte("900"), []byte("N")}
	r := rand.New(rand.NewPCG(1, 2))
	single := os.Getenv("SINGLE") != ""
	for {
		b, err := feed.Batch(ctx)
		if err != nil {
			return nil
		}
		for !b.Full() {
			values[0][5] = '0' + byte(r.Uint32()%10)
			b.Update(items[r.IntN(n)], fields, values)
			produced.Add(1)
			if single {
				break
			}
		}
		b.Send()
	}
}

// metadata lets everybody in, but for some.
type metadata struct{}

// notices counts those that came, produced the updates of a flood.
var notices, produced atomic.Int64

func (metadata) Authenticate(ctx context.Context, login adapters.Login) (adapters.Permit, error) {
	switch login.User {
	case "nobody":
		return adapters.Permit{}, fmt.Errorf("user %q: %w", login.User, adapters.ErrCredentials)
	case "refused":
		return adapters.Permit{}, &adapters.Refusal{Code: -5, Text: "not today"}
	case "silent":
		<-ctx.Done()
		select {}
	}
	return adapters.Permit{User: login.User + "@" + login.AdapterSet, MaxBandwidth: 2.5, KeepFor: time.Minute}, nil
}

func (metadata) Resolve(_ context.Context, i adapters.Interest) (adapters.Resolution, error) {
	if i.Group == "none" {
		return adapters.Resolution{}, fmt.Errorf("group %q: %w", i.Group, adapters.ErrBadGroup)
	}
	return adapters.Resolution{Items: []string{i.Group}, Fields: []string{i.Schema}, MaxFrequency: 4}, nil
}

func (metadata) Message(_ context.Context, m adapters.Message) (string, error) {
	if m.Text == "produced" {
		return strconv.FormatInt(produced.Load(), 10), nil
	}
	return fmt.Sprintf("%s said %s after %d notices", m.User, m.Text, notices.Load()), nil
}

func (metadata) Notice(context.Context, adapters.Notice) { notices.Add(1) }
