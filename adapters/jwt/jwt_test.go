package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/roles"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var someRoles = map[string]roles.Role{
	"quotes": {Items: []string{"quote-*"}, MaxSessions: 2},
	"news":   {Items: []string{"news-*"}, MaxSessions: 5},
}

// signed returns a token.
func signed(t *testing.T, algorithm string, key any, kid string, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), claims)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// file writes a file that is gone after the test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// public returns the PEM of a key's public half.
func public(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

const secret = "0123456789abcdef0123456789abcdef"

// withSecret returns a configuration for tokens signed with secret.
func withSecret(t *testing.T) Config {
	c := Defaults()
	c.Algorithms, c.SecretFile, c.Roles = []string{"HS256"}, file(t, "secret", secret+"\n"), someRoles
	return c
}

func TestClaims(t *testing.T) {
	end := time.Now().Add(time.Hour)
	good := jwt.MapClaims{"sub": "ann", "roles": []string{"quotes", "other"}, "exp": end.Unix(), "iss": "us", "aud": []string{"x", "halley"}}
	with := func(changes jwt.MapClaims) jwt.MapClaims {
		claims := maps.Clone(good)
		for name, value := range changes {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
		return claims
	}
	unknown := &adapters.Refusal{Code: 0, Text: "The token has no role that is known here"}
	for _, c := range []struct {
		name    string
		claims  jwt.MapClaims
		change  func(*Config)
		named   string // LS_user
		user    string
		grant   string
		refused error
	}{
		{name: "a good one", claims: good, user: "ann", grant: "quotes"},
		{name: "the client says who it is", claims: good, named: "ann", user: "ann", grant: "quotes"},
		{name: "the client says it is somebody else", claims: good, named: "bob", refused: adapters.ErrCredentials},
		{name: "over", claims: with(jwt.MapClaims{"exp": time.Now().Unix() - 1}), refused: adapters.ErrCredentials},
		{name: "over, but within the leeway", claims: with(jwt.MapClaims{"exp": time.Now().Unix() - 1}), change: func(c *Config) { c.Leeway = time.Minute }, user: "ann", grant: "quotes"},
		{name: "without an end", claims: with(jwt.MapClaims{"exp": nil}), refused: adapters.ErrCredentials},
		{name: "not yet", claims: with(jwt.MapClaims{"nbf": time.Now().Unix() + 60}), refused: adapters.ErrCredentials},
		{name: "the issuer", claims: good, change: func(c *Config) { c.Issuer = "us" }, user: "ann", grant: "quotes"},
		{name: "another issuer", claims: good, change: func(c *Config) { c.Issuer = "them" }, refused: adapters.ErrCredentials},
		{name: "one of the audience", claims: good, change: func(c *Config) { c.Audience = []string{"y", "halley"} }, user: "ann", grant: "quotes"},
		{name: "another audience", claims: good, change: func(c *Config) { c.Audience = []string{"them"} }, refused: adapters.ErrCredentials},
		{name: "no audience", claims: with(jwt.MapClaims{"aud": nil}), change: func(c *Config) { c.Audience = []string{"halley"} }, refused: adapters.ErrCredentials},
		{name: "no user", claims: with(jwt.MapClaims{"sub": nil}), refused: adapters.ErrCredentials},
		{name: "a user that is no text", claims: with(jwt.MapClaims{"sub": 5}), refused: adapters.ErrCredentials},
		{name: "another claim for the user", claims: with(jwt.MapClaims{"profile": map[string]any{"name": "bea"}}), change: func(c *Config) { c.UserClaim = "profile.name" }, user: "bea", grant: "quotes"},
		{name: "roles with blanks between", claims: with(jwt.MapClaims{"scope": "news  quotes"}), change: func(c *Config) { c.RolesClaim = "scope" }, user: "ann", grant: "news quotes"},
		{name: "roles inside", claims: with(jwt.MapClaims{"realm_access": map[string]any{"roles": []string{"news"}}}), change: func(c *Config) { c.RolesClaim = "realm_access.roles" }, user: "ann", grant: "news"},
		{name: "roles under a name with dots", claims: with(jwt.MapClaims{"https://a.b/c": map[string]any{"d.e": "news"}}), change: func(c *Config) { c.RolesClaim = "https://a.b/c.d.e" }, user: "ann", grant: "news"},
		{name: "no role that is known", claims: with(jwt.MapClaims{"roles": "other"}), refused: unknown},
		{name: "roles of everybody", claims: with(jwt.MapClaims{"roles": nil}), change: func(c *Config) { c.DefaultRoles = []string{"news"} }, user: "ann", grant: "news"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := withSecret(t)
			if c.change != nil {
				c.change(&config)
			}
			a, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			p, err := a.Authenticate(t.Context(), adapters.Login{User: c.named, Password: signed(t, "HS256", []byte(secret), "", c.claims)})
			if c.refused == unknown && err != nil && err.Error() == unknown.Error() {
				return
			}
			if !errors.Is(err, c.refused) || p.User != c.user || p.Grant != c.grant {
				t.Fatalf("%+v, %v; want the user %q with the roles %q, or %v", p, err, c.user, c.grant, c.refused)
			}
			if exp, _ := c.claims["exp"].(int64); err == nil && !p.Expires.Equal(time.Unix(exp, 0).Add(config.Leeway)) {
				t.Errorf("the permit is over at %v, the token at %v", p.Expires, time.Unix(exp, 0))
			}
		})
	}
}

func TestAnonymousAndRoles(t *testing.T) {
	config := withSecret(t)
	config.Anonymous = []string{"quotes"}
	a, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.Authenticate(t.Context(), adapters.Login{}); err != nil || p.User != "" || p.Grant != "quotes" || p.MaxSessions != 2 || !p.Expires.IsZero() {
		t.Errorf("anonymous: %+v, %v", p, err)
	}
	for _, login := range []adapters.Login{{User: "ann"}, {Password: "nonsense"}} {
		if _, err := a.Authenticate(t.Context(), login); !errors.Is(err, adapters.ErrCredentials) {
			t.Errorf("%+v: %v", login, err)
		}
	}
	for _, c := range []struct {
		grant, group string
		refused      error
	}{
		{"quotes", "quote-A", nil},
		{"quotes news", "quote-A news-1", nil},
		{"news", "quote-A", adapters.ErrUnknownItem},
		{"", "quote-A", adapters.ErrUnknownItem},
	} {
		if _, err := a.Resolve(t.Context(), adapters.Interest{User: "ann", Grant: c.grant, Group: c.group, Schema: "f", Mode: adapters.Merge}); !errors.Is(err, c.refused) {
			t.Errorf("%q may have %s: %v, want %v", c.grant, c.group, err, c.refused)
		}
	}
}

func TestPlaces(t *testing.T) {
	header := map[string][]string{"Authorization": {"Basic x", "bearer  B "}, "Cookie": {"a=1; tok=C", "tok=D"}}
	for _, c := range []struct {
		from, password string
		header         map[string][]string
		want           string
	}{
		{"password bearer", "P", header, "P"},
		{"bearer password", "P", header, "B"},
		{"password bearer", "", header, "B"},
		{"cookie:tok password", "P", header, "C"},
		{"cookie:none password", "P", header, "P"},
		{"bearer cookie:tok", "P", nil, ""},
	} {
		config := withSecret(t)
		config.From = strings.Fields(c.from)
		a, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.find(adapters.Login{Password: c.password, Header: c.header}); got != c.want {
			t.Errorf("%s: found %q, want %q", c.from, got, c.want)
		}
	}
}

func TestSignatures(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, otherKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		key        crypto.Signer
		algorithms string
		signed     string
		with       any
		good       bool
	}{
		{"RSA", rsaKey, "RS256", "RS256", rsaKey, true},
		{"RSA-PSS", rsaKey, "RS256 PS256", "PS256", rsaKey, true},
		{"ECDSA", ecKey, "ES256", "ES256", ecKey, true},
		{"Ed25519", edKey, "EdDSA", "EdDSA", edKey, true},
		{"an algorithm not allowed", rsaKey, "RS256", "RS512", rsaKey, false},
		{"another key", edKey, "EdDSA", "EdDSA", otherKey, false},
		{"no signature", rsaKey, "RS256", "none", jwt.UnsafeAllowNoneSignatureType, false},
		{"the public key as a secret", rsaKey, "RS256", "HS256", []byte(public(t, rsaKey)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Defaults()
			config.Algorithms, config.KeyFile, config.Roles = strings.Fields(c.algorithms), file(t, "key.pem", public(t, c.key)), someRoles
			a, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			token := signed(t, c.signed, c.with, "", jwt.MapClaims{"sub": "ann", "roles": "news", "exp": time.Now().Unix() + 60})
			if _, err := a.Authenticate(t.Context(), adapters.Login{Password: token}); (err == nil) != c.good || err != nil && !errors.Is(err, adapters.ErrCredentials) {
				t.Errorf("%v, want it to be good: %v", err, c.good)
			}
		})
	}
}

func TestConfigFaults(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(edKey)
	if err != nil {
		t.Fatal(err)
	}
	privatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	good := withSecret(t)
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"nothing":                {func(c *Config) { *c = Config{} }, []string{"key_file: there is no key", "algorithms: there are none", "roles: there are none", "from: is empty", "refresh: 0s is too short", "refresh_least: ", "timeout: ", "user_claim: is missing"}},
		"two keys":               {func(c *Config) { c.KeyFile = "x" }, []string{"secret_file: only one of key_file, secret_file may be given"}},
		"no signature":           {func(c *Config) { c.Algorithms = []string{"HS256", "none"} }, []string{`algorithms[1]: "none" is not one of HS256`}},
		"a public key only":      {func(c *Config) { c.SecretFile, c.KeyFile = "", "x" }, []string{`algorithms[0]: "HS256" is not one of RS256`}},
		"keys in the clear":      {func(c *Config) { c.SecretFile, c.JWKSURL, c.Algorithms = "", "http://a.b/c", []string{"ES256"} }, []string{`jwks_url: "http://a.b/c" does not begin with https://`}},
		"no URL":                 {func(c *Config) { c.SecretFile, c.JWKSURL, c.Algorithms = "", "keys", []string{"ES256"} }, []string{`jwks_url: "keys" is no URL`}},
		"a place":                {func(c *Config) { c.From = []string{"cookie:"} }, []string{`from[0]: "cookie:" is not password, bearer or cookie:NAME`}},
		"roles":                  {func(c *Config) { c.Anonymous, c.DefaultRoles = []string{"x"}, []string{"y"} }, []string{`default_roles[0]: there is no role "y"; there are news, quotes`, "anonymous[0]: "}},
		"a pattern":              {func(c *Config) { c.Roles = map[string]roles.Role{"r": {Items: []string{"["}}} }, []string{"roles.r.items[0]: "}},
		"a short secret":         {func(c *Config) { c.SecretFile = file(t, "s", "short") }, []string{"secret_file: "}},
		"no file":                {func(c *Config) { c.SecretFile = "none" }, []string{"secret_file: open none: no such file"}},
		"no PEM":                 {func(c *Config) { *c = ed(c, file(t, "k", "x")) }, []string{"key_file: "}},
		"a private key":          {func(c *Config) { *c = ed(c, file(t, "k", privatePEM)) }, []string{"key_file: "}},
		"a key of another kind":  {func(c *Config) { *c = ed(c, file(t, "k", public(t, edKey))); c.Algorithms = []string{"RS256"} }, []string{"key_file: "}},
		"a key set that is none": {func(c *Config) { c.SecretFile, c.JWKSFile, c.Algorithms = "", file(t, "k", "{"), []string{"EdDSA"} }, []string{"jwks_file: "}},
	} {
		t.Run(name, func(t *testing.T) {
			config := good
			c.change(&config)
			_, err := New(config)
			lines := strings.Split(fmt.Sprint(err), "\n")
			if err == nil || len(c.want) > 1 && len(lines) != len(c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("%q, want %q", lines[i], want)
				}
			}
		})
	}
}

// ed returns c with a key file for EdDSA.
func ed(c *Config, path string) Config {
	out := *c
	out.SecretFile, out.KeyFile, out.Algorithms = "", path, []string{"EdDSA"}
	return out
}
