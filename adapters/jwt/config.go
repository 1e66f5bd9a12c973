package jwt

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters/roles"
)

// Config says which tokens are good and what their users may do. Defaults has the
// defaults.
type Config struct {
	// From says where a token is looked for, the first place first: see places.
	From []string `yaml:"from" doc:"Where the token is looked for, the first place first: password (LS_password), bearer (the header Authorization), cookie:NAME. With a cookie, cors.origins should list the pages that may connect, because browsers send it along for any page."`
	// Algorithms are the signatures accepted. Required.
	Algorithms []string `yaml:"algorithms" doc:"The signatures accepted: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA; with secret_file HS256, HS384, HS512 instead."`
	// KeyFile, SecretFile, JWKSFile and JWKSURL say where the keys are: one of them.
	KeyFile    string `yaml:"key_file" doc:"The public key or certificate of who signs, in PEM. Of this, secret_file, jwks_file and jwks_url one is needed."`
	SecretFile string `yaml:"secret_file" doc:"The secret shared with who signs, at least 32 bytes. The end of its last line does not count."`
	JWKSFile   string `yaml:"jwks_file" doc:"A file with several public keys, a JSON Web Key Set."`
	JWKSURL    string `yaml:"jwks_url" doc:"The same at an address, such as https://login.example.com/keys. Keys may change while the server runs; while the address does not answer, those from before are good."`
	// Refresh is how often a key set is loaded again, and RefreshLeast the time between
	// two attempts, also for a token that it does not verify.
	Refresh      time.Duration `yaml:"refresh" min:"10s" doc:"How often a key set is loaded again. A token that none of its keys verifies loads it at once."`
	RefreshLeast time.Duration `yaml:"refresh_least" min:"1s" doc:"The shortest time between two attempts to load it."`
	Timeout      time.Duration `yaml:"timeout" min:"10ms" doc:"How long loading it may take; less than engine.metadata_timeout, or the login that waits for it fails."`
	// Issuer and Audience are what the claims iss and aud have to be.
	Issuer   string        `yaml:"issuer" doc:"What the claim iss must be. Empty is anything."`
	Audience []string      `yaml:"audience" doc:"Of these, the claim aud must hold one. Empty is anything."`
	Leeway   time.Duration `yaml:"leeway" min:"0s" max:"10m" doc:"How far the clocks of who signs and of this server may be apart."`
	// UserClaim and RolesClaim name the claims with the user and the roles.
	UserClaim  string `yaml:"user_claim" doc:"The claim with the user's name. Dots lead into objects, as in profile.name."`
	RolesClaim string `yaml:"roles_claim" doc:"The claim with the names of the user's roles, a list or a text with blanks between them, such as realm_access.roles. Those that are not among roles count for nothing."`
	// Roles are what users may do, by the name of the role.
	Roles map[string]roles.Role `yaml:"roles" doc:"What users may do, by the name of the role. Who has several roles may do what one of them allows, within the greatest of their limits."`
	// DefaultRoles are the roles of all users, besides those of their tokens.
	DefaultRoles []string `yaml:"default_roles" doc:"The roles of everybody with a good token, besides those that it names. Who has no role at all is refused."`
	// Anonymous are the roles of clients without token and user. None: they may not
	// connect.
	Anonymous []string `yaml:"anonymous" doc:"The roles of clients that give neither a token nor a user; max_sessions then counts all of them. Empty keeps them out."`

	// Log is where the adapter tells of keys that cannot be loaded, and why tokens are
	// refused (debug). Default: nowhere.
	Log *slog.Logger `yaml:"-"`
}

// Defaults returns the defaults of all settings that have one.
func Defaults() Config {
	return Config{
		From: []string{"password", "bearer"}, Refresh: 15 * time.Minute, RefreshLeast: 30 * time.Second,
		Timeout: 2 * time.Second, UserClaim: "sub", RolesClaim: "roles",
	}
}

// Validate returns all faults of c but those of its files, each with the name of its
// setting.
func (c Config) Validate() error {
	faults := append(c.keyFaults(), c.roleFaults()...)
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(c.From) == 0 {
		fault("from: is empty, so no token would be found; write for example [password]")
	}
	for i, place := range c.From {
		if placeOf(place) == nil {
			fault("from[%d]: %q is not password, bearer or cookie:NAME", i, place)
		}
	}
	for _, d := range []struct {
		name         string
		value, least time.Duration
	}{
		{"refresh", c.Refresh, time.Second}, {"refresh_least", c.RefreshLeast, time.Second}, {"timeout", c.Timeout, time.Millisecond}, {"leeway", c.Leeway, 0},
	} {
		if d.value < d.least {
			fault("%s: %v is too short; it must be at least %v", d.name, d.value, d.least)
		}
	}
	if c.UserClaim == "" {
		fault("user_claim: is missing; write for example sub")
	}
	return errors.Join(faults...)
}

// keyFaults returns what is wrong with the keys and the algorithms.
func (c Config) keyFaults() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	var given []string
	for _, source := range []struct{ name, value string }{
		{"key_file", c.KeyFile}, {"secret_file", c.SecretFile}, {"jwks_file", c.JWKSFile}, {"jwks_url", c.JWKSURL},
	} {
		if source.value != "" {
			given = append(given, source.name)
		}
	}
	switch len(given) {
	case 0:
		fault("key_file: there is no key; write one of key_file, secret_file, jwks_file, jwks_url")
	case 1:
	default:
		fault("%s: only one of %s may be given", given[1], strings.Join(given, ", "))
	}
	if c.JWKSURL != "" {
		if err := checkURL(c.JWKSURL); err != nil {
			fault("jwks_url: %w", err)
		}
	}
	want := publicAlgorithms
	if c.SecretFile != "" {
		want = secretAlgorithms
	}
	if len(c.Algorithms) == 0 {
		fault("algorithms: there are none; write those that the tokens are signed with, of %s", strings.Join(want, ", "))
	}
	for i, name := range c.Algorithms {
		if !slices.Contains(want, name) {
			fault("algorithms[%d]: %q is not one of %s", i, name, strings.Join(want, ", "))
		}
	}
	return faults
}

// The algorithms of public keys and of secrets. A public key must never be taken for
// a secret: everybody knows it.
var (
	publicAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	secretAlgorithms = []string{"HS256", "HS384", "HS512"}
)

// checkURL returns what is wrong with the address of a key set. Who can change the
// keys on their way can sign tokens, so they come encrypted, or from this machine.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is no URL; write for example https://login.example.com/keys", address)
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%q does not begin with https://; only keys from this machine may come by http://", address)
}

// roleFaults returns what is wrong with the roles.
func (c Config) roleFaults() []error {
	var faults []error
	if len(c.Roles) == 0 {
		faults = append(faults, errors.New("roles: there are none, so nobody could do anything"))
	}
	faults = append(faults, roles.Faults(c.Roles)...)
	faults = append(faults, roles.UnknownIn("default_roles", c.DefaultRoles, c.Roles)...)
	return append(faults, roles.UnknownIn("anonymous", c.Anonymous, c.Roles)...)
}
