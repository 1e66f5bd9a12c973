package host

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

func TestMetadataComesFromAPlugin(t *testing.T) {
	s := start(t, nil)
	m := s.plugin.Metadata()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	permit, err := m.Authenticate(ctx, adapters.Login{User: "ann", AdapterSet: "DEMO"})
	if err != nil || permit != (adapters.Permit{User: "ann@DEMO", MaxBandwidth: 2.5, KeepFor: time.Minute}) {
		t.Errorf("the permit is %+v, %v", permit, err)
	}
	if _, err := m.Authenticate(ctx, adapters.Login{User: "nobody"}); !errors.Is(err, adapters.ErrCredentials) {
		t.Errorf("nobody is refused with %v", err)
	}
	var refusal *adapters.Refusal
	if _, err := m.Authenticate(ctx, adapters.Login{User: "refused"}); !errors.As(err, &refusal) || *refusal != (adapters.Refusal{Code: -5, Text: "not today"}) {
		t.Errorf("the refusal is %v", err)
	}
	r, err := m.Resolve(ctx, adapters.Interest{Group: "IBM", Schema: "bid", Mode: adapters.Merge})
	if err != nil || r.Items[0] != "IBM" || r.Fields[0] != "bid" || r.MaxFrequency != 4 {
		t.Errorf("the resolution is %+v, %v", r, err)
	}
	if _, err := m.Resolve(ctx, adapters.Interest{Group: "none"}); !errors.Is(err, adapters.ErrBadGroup) {
		t.Errorf("a bad group is refused with %v", err)
	}
	m.(adapters.Witness).Notice(ctx, adapters.Notice{Kind: adapters.SessionOpened})
	answer, err := m.(adapters.MessageHandler).Message(ctx, adapters.Message{User: "ann", Text: "hi"})
	if err != nil || answer != "ann said hi after 1 notices" {
		t.Errorf("the answer is %q, %v", answer, err)
	}
}

func TestAnAuthenticationWithoutAnAnswer(t *testing.T) {
	s := start(t, nil)
	s.waitForLog("plugin is ready")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.plugin.Metadata().Authenticate(ctx, adapters.Login{User: "silent"})
	if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "plugin testplugin did not answer in time: context deadline exceeded" {
		t.Errorf("the error is %v", err)
	}
}

func TestMetadataOfAPluginThatIsAway(t *testing.T) {
	s := start(t, func(c *Config) { c.Args, c.BackoffMin, c.BackoffMax = []string{"exit"}, time.Hour, time.Hour })
	s.waitForLog("plugin failed; it is started again")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.plugin.Metadata().Resolve(ctx, adapters.Interest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	s.plugin.Metadata().(adapters.Witness).Notice(ctx, adapters.Notice{}) // nobody hears it
}
