package static

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/roles"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// cheap returns an argon2id hash that is computed in no time.
func cheap(password string) string {
	h := &argon2id{memory: 8, time: 1, threads: 1, salt: []byte("12345678")}
	h.sum = h.of([]byte(password), 16)
	return h.String()
}

var someRoles = map[string]roles.Role{
	"quotes": {Items: []string{"quote-*"}, MaxSessions: 2, MaxBandwidth: 8},
	"news":   {Items: []string{"news-*"}, MaxSubscriptions: 3, MaxBandwidth: 4},
}

func TestAuthenticate(t *testing.T) {
	old, err := bcrypt.GenerateFromPassword([]byte("cat"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]User{
		"ann": {Hash: cheap("secret"), Roles: []string{"quotes", "news"}},
		"bob": {Hash: string(old), Roles: []string{"news"}},
	}
	open, closed := Config{Users: users, Roles: someRoles, Anonymous: []string{"quotes"}, KeepFor: time.Minute}, Config{Users: users, Roles: someRoles}
	for _, c := range []struct {
		name           string
		config         Config
		user, password string
		want           adapters.Permit
		refused        error
	}{
		{name: "argon2id", config: closed, user: "ann", password: "secret", want: adapters.Permit{User: "ann", MaxBandwidth: 8}},
		{name: "bcrypt", config: closed, user: "bob", password: "cat", want: adapters.Permit{User: "bob", MaxBandwidth: 4, MaxSubscriptions: 3}},
		{name: "the login is kept", config: open, user: "bob", password: "cat", want: adapters.Permit{User: "bob", MaxBandwidth: 4, MaxSubscriptions: 3, KeepFor: time.Minute}},
		{name: "a wrong password", config: closed, user: "ann", password: "Secret", refused: adapters.ErrCredentials},
		{name: "no password", config: closed, user: "bob", refused: adapters.ErrCredentials},
		{name: "an unknown user", config: open, user: "eve", password: "secret", refused: adapters.ErrCredentials},
		{name: "an unknown user with somebody's password", config: Config{Users: map[string]User{"ann": users["ann"]}, Roles: someRoles}, user: "eve", password: "secret", refused: adapters.ErrCredentials},
		{name: "without a user", config: closed, refused: adapters.ErrCredentials},
		{name: "anonymous", config: open, want: adapters.Permit{MaxSessions: 2, MaxBandwidth: 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			p, err := a.Authenticate(t.Context(), adapters.Login{User: c.user, Password: c.password})
			if !errors.Is(err, c.refused) || p != c.want {
				t.Errorf("%+v, %v; want %+v, %v", p, err, c.want, c.refused)
			}
		})
	}
}

func TestSessionsOfUsersEnd(t *testing.T) {
	a, err := New(Config{
		Users: map[string]User{"ann": {Hash: cheap("x"), Roles: []string{"news"}}},
		Roles: someRoles, Anonymous: []string{"news"}, SessionMax: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		for user, want := range map[string]time.Time{"ann": time.Now().Add(time.Hour), "": {}} {
			p, err := a.Authenticate(t.Context(), adapters.Login{User: user, Password: "x"})
			if err != nil || !p.Expires.Equal(want) {
				t.Errorf("the permit of %q ends at %v, %v; want %v", user, p.Expires, err, want)
			}
		}
	})
}

func TestResolveByRoles(t *testing.T) {
	a, err := New(Config{
		Users: map[string]User{"ann": {Hash: cheap("x"), Roles: []string{"quotes", "news"}}, "bob": {Hash: cheap("y"), Roles: []string{"news"}}},
		Roles: someRoles, Anonymous: []string{"quotes"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, group string
		refused     error
	}{
		{"ann", "quote-A news-1", nil},
		{"bob", "news-1", nil},
		{"bob", "quote-A", adapters.ErrUnknownItem},
		{"", "quote-A", nil},
		{"", "news-1", adapters.ErrUnknownItem},
		{"gone", "quote-A", adapters.ErrUnknownItem},
	} {
		_, err := a.Resolve(t.Context(), adapters.Interest{User: c.user, Group: c.group, Schema: "f", Mode: adapters.Merge})
		if !errors.Is(err, c.refused) {
			t.Errorf("%q may have %s: %v, want %v", c.user, c.group, err, c.refused)
		}
	}
}

// counting is a hash that counts how often it is computed, and waits in it.
type counting struct {
	begun chan struct{}
	end   chan struct{}
}

func (h counting) matches([]byte) bool {
	h.begun <- struct{}{}
	<-h.end
	return true
}

func TestUnknownUsersCostAHash(t *testing.T) {
	a, err := New(Config{Users: map[string]User{"ann": {Hash: cheap("x"), Roles: []string{"news"}}}, Roles: someRoles})
	if err != nil {
		t.Fatal(err)
	}
	h := counting{make(chan struct{}, 2), make(chan struct{})}
	close(h.end)
	users := a.table.Load()
	users.decoys, users.users["ann"] = []hash{h}, user{hash: h}
	for _, name := range []string{"ann", "eve"} {
		_, _ = a.Authenticate(t.Context(), adapters.Login{User: name, Password: "y"})
		if len(h.begun) != 1 {
			t.Errorf("%s: %d hashes were computed, want 1", name, len(h.begun))
			continue
		}
		<-h.begun
	}
}

func TestHashesAreComputedOneAfterTheOther(t *testing.T) {
	a, err := New(Config{Users: map[string]User{"ann": {Hash: cheap("x"), Roles: []string{"news"}}}, Roles: someRoles})
	if err != nil {
		t.Fatal(err)
	}
	a.computing = make(chan struct{}, 1)
	h := counting{make(chan struct{}), make(chan struct{})}
	done := make(chan bool)
	go func() {
		ok, _ := a.compute(t.Context(), h, "x")
		done <- ok
	}()
	<-h.begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.compute(ctx, h, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("a second one is computed as well: %v", err)
	}
	close(h.end)
	if !<-done {
		t.Error("the first was not computed")
	}
}

func TestDecoysCostWhatHashesCost(t *testing.T) {
	users := make(map[string]User)
	for i := range 10 {
		users[fmt.Sprint("u", i)] = User{Hash: cheap(fmt.Sprint(i)), Roles: []string{"news"}}
	}
	a, err := New(Config{Users: users, Roles: someRoles})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[hash]bool)
	for i := range 200 {
		name := fmt.Sprint("eve", i)
		d := a.table.Load().decoy(name)
		if d != a.table.Load().decoy(name) {
			t.Errorf("%s has two decoys, so it can be told from a user", name)
		}
		seen[d] = true
	}
	if len(seen) != len(users) {
		t.Errorf("%d of %d hashes are decoys", len(seen), len(users))
	}
}

func TestConfigFaults(t *testing.T) {
	_, err := New(Config{
		Users: map[string]User{
			"ann": {Roles: []string{"quotes"}},
			"bob": {Hash: "plain", Roles: []string{"nws"}},
			"cat": {Hash: cheap("x")},
		},
		Roles:     map[string]roles.Role{"quotes": {Items: []string{"["}}},
		Anonymous: []string{"none"},
		KeepFor:   -1, SessionMax: time.Millisecond,
	})
	want := []string{
		"roles.quotes.items[0]: ", "users.ann.hash: is missing", "users.bob.hash: is no hash", `users.bob.roles[0]: there is no role "nws"; there are quotes`,
		"users.cat.roles: there is none", "anonymous[0]: ", "keep_for: ", "session_max: ",
	}
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%q, want %q", line, want[i])
		}
	}
	if _, err := New(Config{}); err == nil || !strings.HasPrefix(err.Error(), "users: there are none") {
		t.Errorf("without users: %v", err)
	}
}
