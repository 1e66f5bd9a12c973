// Package jwt is a Metadata Adapter for clients with JSON Web Tokens (RFC 7519) from
// somewhere else: it verifies them, takes the user and its roles from their claims,
// and lets the session end when the token does. What roles may do stands in the
// configuration. Groups and schemas are names separated by one blank.
//
// Tokens are given as the password, in the header Authorization, or in a cookie. They
// must end (exp), and be signed with one of the algorithms configured by a key that
// suits it.
//
// Tokens are the business of golang-jwt, which is small, well kept, and imports nothing.
// Key sets are parsed by jwx, which is as well kept; of its parts only jwk is used, with
// a few small modules behind it. They are loaded by logins, without goroutines that
// somebody would have to end: see keySet.
package jwt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/roles"
)

// Adapter is the Metadata Adapter. Its methods may be called from any goroutine.
type Adapter struct {
	config    Config
	places    []place
	parser    *jwt.Parser
	keys      keys
	book      roles.Book
	anonymous roles.Rights
}

var _ adapters.MetadataAdapter = (*Adapter)(nil)

// New returns the adapter for c, or its faults and those of its files. A key set at a
// URL is loaded by the first login.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := &Adapter{config: c, book: roles.NewBook(c.Roles)}
	a.anonymous = a.book.Rights(c.Anonymous)
	for _, name := range c.From {
		a.places = append(a.places, placeOf(name))
	}
	options := []jwt.ParserOption{jwt.WithValidMethods(c.Algorithms), jwt.WithExpirationRequired(), jwt.WithLeeway(c.Leeway)}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	if len(c.Audience) > 0 {
		options = append(options, jwt.WithAudience(c.Audience...))
	}
	a.parser = jwt.NewParser(options...)
	var err error
	if a.keys, err = c.keys(); err != nil {
		return nil, err
	}
	return a, nil
}

// keys reads the keys that c names, but those at a URL.
func (c *Config) keys() (keys, error) {
	set := &keySet{every: c.Refresh, least: c.RefreshLeast, log: c.Log}
	switch {
	case c.SecretFile != "":
		k, err := readSecret(c.SecretFile)
		return k, inSetting("secret_file", err)
	case c.KeyFile != "":
		k, err := readKey(c.KeyFile, c.Algorithms)
		return k, inSetting("key_file", err)
	case c.JWKSFile != "":
		set.load = fromFile(c.JWKSFile)
		first, err := set.parsed(context.Background())
		set.set, set.loaded = first, time.Now()
		return set, inSetting("jwks_file", err)
	}
	set.load = fromURL(c.JWKSURL, c.Timeout)
	return set, nil
}

// inSetting says of an error which setting it is about.
func inSetting(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Authenticate lets in who has a good token, until that ends, and clients with neither
// a token nor a user if they have roles. It refuses all others with ErrCredentials;
// why, is logged at level debug.
func (a *Adapter) Authenticate(ctx context.Context, login adapters.Login) (adapters.Permit, error) {
	token := a.find(login)
	if token == "" && login.User == "" && !a.anonymous.None() {
		permit := a.anonymous.Permit("")
		permit.Grant = strings.Join(a.config.Anonymous, " ")
		return permit, nil
	}
	permit, err := a.permit(ctx, token, login.User)
	var refusal *adapters.Refusal
	switch {
	case err == nil:
		return permit, nil
	case errors.Is(err, errNoKeys), errors.As(err, &refusal):
		return adapters.Permit{}, err
	}
	a.config.Log.Debug("token refused", "address", login.Address, "error", err)
	return adapters.Permit{}, adapters.ErrCredentials
}

// find returns the token of a login, or "".
func (a *Adapter) find(login adapters.Login) string {
	for _, place := range a.places {
		if token := place(login); token != "" {
			return token
		}
	}
	return ""
}

// permit returns what a token is good for. A user that the client names has to be the
// token's.
func (a *Adapter) permit(ctx context.Context, token, named string) (adapters.Permit, error) {
	claims, err := a.verify(ctx, token)
	if err != nil {
		return adapters.Permit{}, err
	}
	user, _ := claim(claims, a.config.UserClaim).(string)
	switch {
	case user == "":
		return adapters.Permit{}, fmt.Errorf("the claim %s names no user", a.config.UserClaim)
	case named != "" && named != user:
		return adapters.Permit{}, fmt.Errorf("it is the token of %q, not of %q", user, named)
	}
	granted := slices.DeleteFunc(slices.Concat(a.config.DefaultRoles, names(claim(claims, a.config.RolesClaim))), func(name string) bool {
		return a.book[name] == nil
	})
	if len(granted) == 0 {
		return adapters.Permit{}, &adapters.Refusal{Code: 0, Text: "The token has no role that is known here"}
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return adapters.Permit{}, err
	}
	permit := a.book.Rights(granted).Permit(user)
	permit.Expires, permit.Grant = expires.Time.Add(a.config.Leeway), strings.Join(granted, " ")
	return permit, nil
}

// verify returns the claims of a token that is good. When the keys do not verify it,
// they may have been replaced, also under their old names: then newer ones are tried.
func (a *Adapter) verify(ctx context.Context, token string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	var known keyring // nil while the token is no good whatever the keys
	_, err := a.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		var err error
		if known, err = a.keys.current(ctx); err != nil {
			return nil, err
		}
		return known.of(t)
	})
	if err == nil || known == nil || errors.Is(err, jwt.ErrTokenInvalidClaims) {
		return claims, err
	}
	if now, ok := a.keys.newer(ctx, known); ok {
		_, err = a.parser.ParseWithClaims(token, claims, now.of)
	}
	return claims, err
}

// Resolve resolves by the roles that the token had: see roles.Rights.
func (a *Adapter) Resolve(_ context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	return a.book.Rights(strings.Fields(interest.Grant)).Resolve(interest)
}
