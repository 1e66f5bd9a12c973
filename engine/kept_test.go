package engine

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
)

func TestLoginsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &strict{}
		d := newStrictDesk(t, Config{}, m)
		for i, step := range []struct {
			wait    time.Duration
			permit  adapters.Permit
			refuses error
			user    string
			more    string
			calls   string
		}{
			{0, adapters.Permit{}, nil, "ann", "&LS_password=x", "login ann"},
			{0, adapters.Permit{KeepFor: time.Minute}, nil, "ann", "&LS_password=x", "login ann"}, // nothing was kept
			{59 * time.Second, adapters.Permit{}, nil, "ann", "&LS_password=x", ""},
			{0, adapters.Permit{}, adapters.ErrCredentials, "ann", "&LS_password=y", "login ann"},
			{0, adapters.Permit{KeepFor: time.Minute}, adapters.ErrCredentials, "ann", "&LS_password=y", "login ann"}, // nor is a refusal
			{0, adapters.Permit{}, nil, "bob", "&LS_password=x", "login bob"},
			{time.Second, adapters.Permit{KeepFor: time.Minute, Expires: time.Now().Add(80 * time.Second)}, nil, "ann", "&LS_password=x", "login ann"},
			{19 * time.Second, adapters.Permit{}, nil, "ann", "&LS_password=x", ""},
			{time.Second, adapters.Permit{}, nil, "ann", "&LS_password=x", "login ann"}, // the permit is over
		} {
			<-time.After(step.wait)
			d.now += int64(step.wait)
			m.permit, m.refuses = step.permit, step.refuses
			d.as(step.user, step.more)
			if got := m.called(); got != step.calls {
				t.Errorf("step %d: %q, want %q", i, got, step.calls)
			}
		}
	})
}

func TestSubscriptionsAreKept(t *testing.T) {
	m := &strict{resolution: adapters.Resolution{KeepFor: time.Minute}}
	d := newStrictDesk(t, Config{}, m)
	const add = "LS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_schema=f&LS_group="
	for i, step := range []struct {
		wait        time.Duration
		user, group string
		calls       string
	}{
		{0, "ann", "i", "login ann, ann asks for i"},
		{0, "ann", "i", "login ann"},
		{0, "bob", "i", "login bob, bob asks for i"},
		{59 * time.Second, "ann", "i", "login ann"},
		{0, "ann", "j", "login ann, ann asks for j"},
		{time.Second, "ann", "i", "login ann, ann asks for i"},
	} {
		d.now += int64(step.wait)
		k, c, _ := d.as(step.user, "")
		got := d.ask(k, c, add+step.group)
		if want := "REQOK,1 SUBOK,1,1,1 CONF,1,unlimited,filtered"; got != want {
			t.Errorf("step %d: %q, want %q", i, got, want)
		}
		if got := m.called(); got != step.calls {
			t.Errorf("step %d: %q, want %q", i, got, step.calls)
		}
	}
}

func TestKeysOfLogins(t *testing.T) {
	d := newStrictDesk(t, Config{}, simMetadata{})
	login := adapters.Login{User: "ann", Password: "x", Address: "1.2.3.4", Header: map[string][]string{"Cookie": {"a"}, "Sec-Websocket-Key": {"1"}}}
	key := d.engine.loginKey("SET", login)
	two := login
	two.Header = map[string][]string{"Cookie": {"a"}, "X-User": {"ann"}}
	one := login
	one.Header = map[string][]string{"Cookie": {"a", "X-User", "ann"}}
	if d.engine.loginKey("SET", two) == d.engine.loginKey("SET", one) {
		t.Error("values pass for a name")
	}
	for name, c := range map[string]struct {
		set    string
		change func(*adapters.Login)
		same   bool
	}{
		"the same":              {"SET", func(*adapters.Login) {}, true},
		"another address":       {"SET", func(l *adapters.Login) { l.Address = "::1" }, true},
		"another handshake":     {"SET", func(l *adapters.Login) { l.Header = map[string][]string{"Cookie": {"a"}, "Sec-Websocket-Key": {"2"}} }, true},
		"another set":           {"TES", func(*adapters.Login) {}, false},
		"another password":      {"SET", func(l *adapters.Login) { l.Password = "y" }, false},
		"a border that differs": {"SET", func(l *adapters.Login) { l.User, l.Password = "an", "nx" }, false},
		"another cookie":        {"SET", func(l *adapters.Login) { l.Header = map[string][]string{"Cookie": {"b"}} }, false},
	} {
		changed := login
		c.change(&changed)
		if got := d.engine.loginKey(c.set, changed) == key; got != c.same {
			t.Errorf("%s: the same is %v, want %v", name, got, c.same)
		}
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	var k kept[int]
	key := func(n int) (key keptKey) {
		binary.LittleEndian.PutUint64(key[:], uint64(n))
		return key
	}
	for n := range keptMax + 10 {
		k.put(key(n), n, 100)
		k.put(key(n), n, 100)
	}
	if n, m := len(k.byKey), k.order.Len(); n != keptMax || m != keptMax {
		t.Errorf("%d and %d answers are kept, want %d", n, m, keptMax)
	}
	if _, ok := k.get(key(9), 0); ok {
		t.Error("the oldest was not left out")
	}
	if n, ok := k.get(key(10), 99); !ok || n != 10 {
		t.Errorf("got %d, %v", n, ok)
	}
	if _, ok := k.get(key(10), 100); ok || len(k.byKey) != keptMax-1 {
		t.Error("an answer outlives its time")
	}
}
