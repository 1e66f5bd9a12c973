// Package static is a Metadata Adapter whose users stand in the configuration or in a
// file, with hashes of their passwords and with roles that say what they may do.
// Groups and schemas are names separated by one blank.
//
// An unknown user and a wrong password are refused in the same way and after the same
// time. How many hashes are computed at a time is bounded, because each takes a CPU
// and memory.
package static

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/roles"
)

// Adapter is the Metadata Adapter. Its methods may be called from any goroutine.
type Adapter struct {
	config    Config
	book      roles.Book
	anonymous roles.Rights
	seed      maphash.Seed
	file      *file // or nil
	table     atomic.Pointer[table]
	computing chan struct{} // a place for each hash that is computed
}

var _ adapters.MetadataAdapter = (*Adapter)(nil)

// New returns the adapter for c, or its faults and those of the users file.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := &Adapter{
		config: c, book: roles.NewBook(c.Roles), seed: maphash.MakeSeed(),
		// The other half of the CPUs is for the streams.
		computing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
	a.anonymous = a.book.Rights(c.Anonymous)
	if c.UsersFile == "" {
		a.table.Store(newTable(a.book, a.seed, c.Users))
		return a, nil
	}
	a.file = &file{path: c.UsersFile, known: c.Roles, taken: c.Users}
	a.file.changed()
	if err := a.load(); err != nil {
		return nil, fmt.Errorf("users_file: %w", err)
	}
	return a, nil
}

// load reads the users file.
func (a *Adapter) load() error {
	users, err := a.file.read()
	if err != nil {
		return err
	}
	a.table.Store(newTable(a.book, a.seed, a.config.Users, users))
	return nil
}

// users returns the users that there are now.
func (a *Adapter) users() *table {
	if a.file != nil && a.file.changed() {
		if err := a.load(); err != nil {
			a.config.Log.Error("the users file has faults; the users from before count", "file", a.config.UsersFile, "error", err)
		} else {
			a.config.Log.Info("the users file was read again", "file", a.config.UsersFile, "users", len(a.table.Load().users))
		}
	}
	return a.table.Load()
}

// Authenticate lets users in whose password has their hash, and clients without a
// user if they have roles. It refuses all others with ErrCredentials.
func (a *Adapter) Authenticate(ctx context.Context, login adapters.Login) (adapters.Permit, error) {
	if login.User == "" {
		if a.anonymous.None() {
			return adapters.Permit{}, adapters.ErrCredentials
		}
		return a.anonymous.Permit(""), nil
	}
	users := a.users()
	u, known := users.users[login.User]
	if !known {
		u.hash = users.decoy(login.User)
	}
	matches, err := a.compute(ctx, u.hash, login.Password)
	switch {
	case err != nil:
		return adapters.Permit{}, err
	case !matches || !known:
		return adapters.Permit{}, adapters.ErrCredentials
	}
	permit := u.rights.Permit(login.User)
	permit.KeepFor = a.config.KeepFor
	if most := a.config.SessionMax; most > 0 {
		permit.Expires = time.Now().Add(most)
	}
	return permit, nil
}

// compute reports whether a password has a hash, when it is its turn.
func (a *Adapter) compute(ctx context.Context, h hash, password string) (bool, error) {
	select {
	case a.computing <- struct{}{}:
	case <-ctx.Done():
		return false, errors.Join(errors.New("too many logins at once"), ctx.Err())
	}
	defer func() { <-a.computing }()
	return h.matches([]byte(password)), nil
}

// Resolve resolves by the rights that the user has now, also when they have changed
// since it came: see roles.Rights.
func (a *Adapter) Resolve(_ context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	rights := a.anonymous
	if interest.User != "" {
		rights = a.users().users[interest.User].rights
	}
	return rights.Resolve(interest)
}
