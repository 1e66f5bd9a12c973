package host

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

func TestAnItemComesFromAPlugin(t *testing.T) {
	t.Setenv("SECRET", "the server's")
	t.Setenv("PASSED", "on purpose")
	s := start(t, func(c *Config) {
		c.Parameters = map[string]string{"greeting": "good morning"}
		c.Env = append(c.Env, "PASSED")
	})
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	if name, greeting := s.feed.Last("IBM", "name"), s.feed.Last("IBM", "greeting"); name != "IBM" || greeting != "good morning" {
		t.Errorf("the item says %q, %q", name, greeting)
	}
	if secret, passed := s.feed.Last("IBM", "secret"), s.feed.Last("IBM", "passed"); secret != "" || passed != "on purpose" {
		t.Errorf("of the environment it has %q and %q", secret, passed)
	}
	s.feed.WaitFor(func() bool { return s.pid("resident") != 0 })
	if !s.feed.IsUp() {
		t.Error("the feed is not up")
	}
	s.data.Unsubscribe(s.wanted["IBM"])
	s.waitForLog("level=WARN", "msg=unsubscribed", "item=IBM", "plugin=testplugin")
	s.stop()
	s.waitForLog("msg=\"run ended\"")
	if errors := s.log.errors(); len(errors) > 0 {
		t.Errorf("errors in the log: %q", errors)
	}
}

func TestAnUnknownItemIsRefused(t *testing.T) {
	s := start(t, nil)
	s.feed.WaitFor(func() bool { return s.pid("resident") != 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := s.data.Subscribe(ctx, s.feed.Begin("unknown", adapters.Merge))
	if !isUnknown(err) || err.Error() != `item "unknown": unknown item` {
		t.Errorf("the error is %v", err)
	}
	catalog := s.data.(adapters.Catalog)
	if _, err := catalog.Describe("unknown"); !isUnknown(err) {
		t.Errorf("the catalogue says %v", err)
	}
	traits, err := catalog.Describe("IBM")
	if err != nil || traits.Modes != adapters.Modes(adapters.Merge, adapters.Command) {
		t.Errorf("the catalogue says %v, %v", traits, err)
	}
}

func TestSubscribeEndsWithItsTime(t *testing.T) {
	s := start(t, nil)
	s.feed.WaitFor(func() bool { return s.pid("resident") != 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.data.Subscribe(ctx, s.feed.Begin("waits", adapters.Merge)); err == nil {
		t.Error("there is no error")
	}
	s.waitForLog("it was taken back")
}

func TestDownAndUpPassThrough(t *testing.T) {
	s := start(t, nil)
	s.want("late")
	s.feed.WaitFor(func() bool { return s.feed.Count(adaptertest.Down) > 1 && s.feed.IsUp() })
	for _, e := range s.feed.Events() {
		if e.Kind == adaptertest.Down && e.Err.Error() == "line cut" {
			return
		}
	}
	t.Errorf("nobody heard of the cut: %v", s.feed.Events())
}

func TestAKilledPluginComesBack(t *testing.T) {
	s := start(t, func(c *Config) { c.BackoffMax = 10 * time.Millisecond })
	s.want("IBM")
	for range 20 {
		s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") && s.pid("IBM") != 0 })
		old := s.pid("IBM")
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") && s.pid("IBM") != 0 && s.pid("IBM") != old })
	}
	s.stop()
	if errors := s.log.errors(); len(errors) != 20 || !strings.Contains(errors[0], "the process ended: signal: killed") {
		t.Errorf("%d errors in the log: %q", len(errors), errors)
	}
	if late := s.feed.Late(); late > 0 {
		t.Errorf("%d updates came for an earlier life", late)
	}
}

// TestWhatAPluginStartedEndsWithIt has a shell between the server and the plugin, as
// scripts often do, and kills that.
func TestWhatAPluginStartedEndsWithIt(t *testing.T) {
	s := start(t, func(c *Config) { c.Command, c.Args = "sh", []string{"-c", program + " & wait"} })
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	plugin := s.pid("IBM")
	_, after, _ := strings.Cut(s.log.String(), " pid=")
	shell, err := strconv.Atoi(strings.TrimSpace(strings.Split(after, "\n")[0]))
	if err != nil || shell == plugin {
		t.Fatalf("the shell is %d, %v", shell, err)
	}
	if err := syscall.Kill(shell, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.waitFor("another process", func() bool { return s.pid("IBM") != 0 && s.pid("IBM") != plugin })
	s.waitFor("the end of the old one", func() bool { return syscall.Kill(plugin, 0) != nil })
}

func TestReplaceMovesTheItems(t *testing.T) {
	s := start(t, nil)
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	old := s.pid("IBM")
	if err := s.plugin.Replace(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.feed.WaitFor(func() bool { return s.pid("IBM") != 0 && s.pid("IBM") != old })
	if err := syscall.Kill(old, 0); err == nil {
		t.Error("the old process is still there")
	}
	if downs := s.feed.Count(adaptertest.Down); downs > 1 {
		t.Errorf("the feed was down %d times", downs)
	}
	s.stop()
	if errors := s.log.errors(); len(errors) > 0 {
		t.Errorf("errors in the log: %q", errors)
	}
}

func TestABadReplacementLeavesTheOldOne(t *testing.T) {
	copied := t.TempDir() + "/testplugin"
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, text, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *Config) { c.Command = copied })
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	old := s.pid("IBM")
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, []byte("#!/bin/sh\necho this is no plugin >&2\nexit 4\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.plugin.Replace(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 4; it wrote: this is no plugin") {
		t.Errorf("the error is %v", err)
	}
	s.want("AIG")
	s.feed.WaitFor(func() bool { return s.feed.Complete("AIG") })
	if s.pid("AIG") != old {
		t.Errorf("%d serves, want the old process, %d", s.pid("AIG"), old)
	}
}

func TestReplaceBringsBackWhatWasGivenUp(t *testing.T) {
	link := t.TempDir() + "/plugin"
	if err := os.Symlink("/bin/false", link); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *Config) { c.Command, c.GiveUp = link, 1 })
	s.want("IBM")
	s.waitForLog("plugin failed too often")
	if err := s.plugin.Replace(t.Context()); err == nil {
		t.Error("there is no error, and nothing has changed")
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	if err := s.plugin.Replace(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
}

func TestAttachToAPluginStartedByHand(t *testing.T) {
	s := startAttached(t)
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	s.stop()
	if err := syscall.Kill(s.pid("IBM"), 0); err != nil {
		t.Errorf("the process was ended: %v", err)
	}
}
