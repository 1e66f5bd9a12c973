package adaptertest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/halley-stream/halley/adapters"
)

// faulty is an adapter that keeps the contract but for one fault.
type faulty struct {
	fault string

	mu      sync.Mutex
	wanted  map[adapters.Item]bool
	changed chan struct{}
}

func newFaulty(fault string) *faulty {
	return &faulty{fault: fault, wanted: make(map[adapters.Item]bool), changed: make(chan struct{}, 1)}
}

func (a *faulty) Run(ctx context.Context, feed adapters.Feed) error {
	w := adapters.NewWriter(feed)
	for {
		select {
		case <-ctx.Done():
			if a.fault == "returns an error" {
				return errors.New("stopped")
			}
			return nil
		case <-a.changed:
		}
		a.mu.Lock()
		for item := range a.wanted {
			if err := w.Snapshot(ctx, item, map[string]string{"f": "1"}); err != nil && ctx.Err() == nil {
				a.mu.Unlock()
				return err
			}
		}
		a.mu.Unlock()
	}
}

func (a *faulty) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	switch {
	case item.Name() == "none" && a.fault != "knows every name":
		return 0, adapters.ErrUnknownItem
	case item.Name() == "b" && a.fault == "refuses an item":
		return 0, adapters.ErrUnknownItem
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted[item] = true
	a.wake()
	return adapters.NoSnapshot, nil
}

func (a *faulty) Unsubscribe(item adapters.Item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.wanted, item)
}

func (a *faulty) wake() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// faultOfTest names the fault of the adapter that TestConformance is given.
const faultOfTest = "ADAPTERTEST_FAULT"

func TestConformance(t *testing.T) {
	Conform(t, Conformance{
		New:   func(testing.TB) adapters.DataAdapter { return newFaulty(os.Getenv(faultOfTest)) },
		Items: []string{"a", "b"}, Mode: adapters.Merge, Unknown: "none",
	})
}

// TestConformFindsFaults runs the test above once more for each fault.
func TestConformFindsFaults(t *testing.T) {
	for fault, want := range map[string]string{
		"returns an error": "Run returned stopped",
		"knows every name": "want ErrUnknownItem",
		"refuses an item":  `Subscribe("b"): unknown item`,
	} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestConformance$")
		cmd.Env = append(os.Environ(), faultOfTest+"="+fault)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("an adapter that %s: %v\n%s", fault, err, out)
		}
	}
}
