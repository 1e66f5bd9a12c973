package static

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/halley-stream/halley/adapters/roles"
)

// Config says who the users are and what they may do.
type Config struct {
	// Users are the users by name, besides those of UsersFile.
	Users map[string]User `yaml:"users" doc:"The users, by name."`
	// UsersFile is the path of a YAML file with a key users as here. It is read
	// again when it changes; while it has faults, the users from before count. What runs
	// already goes on as it was granted: see SessionMax.
	UsersFile string `yaml:"users_file" doc:"A YAML file with more users, below a key users as here. It is read again when it changes; while it has faults, the users from before count. A user who was removed or has fewer roles gets no subscriptions by the old ones any more, but those that run go on until the session ends: see session_max."`
	// Roles are what users may do, by the name of the role.
	Roles map[string]roles.Role `yaml:"roles" doc:"What users may do, by the name of the role. Who has several roles may do what one of them allows, within the greatest of their limits."`
	// Anonymous are the roles of clients that give no user. None: they may not
	// connect.
	Anonymous []string `yaml:"anonymous" doc:"The roles of clients that give no user; max_sessions then counts all of them. Empty keeps them out."`
	// KeepFor is for how long the same user and password are let in again without
	// looking at the users or computing the hash.
	KeepFor time.Duration `yaml:"keep_for" min:"0s" max:"1h" doc:"For how long the same login is let in again without computing the hash of its password, for many clients that reconnect at once. That long a password that was changed is still good, and a user who was removed may still open sessions, though not subscribe in them. 0s is not at all."`
	// SessionMax is how long the session of a user may last until it logs in again; 0 is
	// without end. Those of anonymous clients have none.
	SessionMax time.Duration `yaml:"session_max" min:"0s" doc:"How long a session may last until its client has to log in again, which clients do by themselves: then a user who was removed is out, and what runs is granted anew. Not for clients that give no user. 0s is without end."`

	// Log is where the adapter tells of a users file with faults. Default: nowhere.
	Log *slog.Logger `yaml:"-"`
}

// sessionMaxLeast keeps clients from doing nothing but log in.
const sessionMaxLeast = time.Second

// User is one user.
type User struct {
	// Hash is that of the password, bcrypt or argon2id.
	Hash string `yaml:"hash" secret:"true" doc:"The hash of the password, as 'halley hash-password' prints it: argon2id ($argon2id$...) or bcrypt ($2b$...)."`
	// Roles are names of Config.Roles.
	Roles []string `yaml:"roles" doc:"The names of the user's roles."`
}

// Validate returns all faults of u, each with the name of its setting.
func (u User) Validate() error {
	if _, err := parseHash(u.Hash); err != nil {
		return fmt.Errorf("hash: %w", err)
	}
	return nil
}

// Validate returns all faults of c but those of its file, each with the name of its
// setting.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(c.Users) == 0 && c.UsersFile == "" && len(c.Anonymous) == 0 {
		fault("users: there are none, so nobody could connect; write users, users_file or anonymous")
	}
	faults = append(faults, roles.Faults(c.Roles)...)
	for _, err := range usersFaults(c.Users, c.Roles) {
		fault("users.%w", err)
	}
	faults = append(faults, roles.UnknownIn("anonymous", c.Anonymous, c.Roles)...)
	if c.KeepFor < 0 {
		fault("keep_for: is negative; 0s is not at all")
	}
	if c.SessionMax != 0 && c.SessionMax < sessionMaxLeast {
		fault("session_max: %v is too short; it must be at least %v, or 0s for no end", c.SessionMax, sessionMaxLeast)
	}
	return errors.Join(faults...)
}

// usersFaults returns what is wrong with users, each with the name of the user in
// front.
func usersFaults(users map[string]User, known map[string]roles.Role) []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(users)) {
		if err := users[name].Validate(); err != nil {
			faults = append(faults, fmt.Errorf("%s.%w", name, err))
		}
		if len(users[name].Roles) == 0 {
			faults = append(faults, fmt.Errorf("%s.roles: there is none, so the user could not do anything", name))
		}
		faults = append(faults, roles.UnknownIn(name+".roles", users[name].Roles, known)...)
	}
	return faults
}
