package jwt

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/halley-stream/halley/adapters"
)

// keyOf returns the key with a name, always the same.
func keyOf(kid string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte((kid + strings.Repeat("x", ed25519.SeedSize))[:ed25519.SeedSize]))
}

// setOf returns a key set with the keys of some names.
func setOf(t *testing.T, kids ...string) []byte {
	t.Helper()
	keys := make([]map[string]string, len(kids))
	for i, kid := range kids {
		x := base64.RawURLEncoding.EncodeToString(keyOf(kid).Public().(ed25519.PublicKey))
		keys[i] = map[string]string{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x}
	}
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withKeys returns an adapter whose keys come from a function.
func withKeys(t *testing.T, load func(context.Context) ([]byte, error)) *Adapter {
	t.Helper()
	c := Defaults()
	c.Algorithms, c.JWKSURL, c.Roles, c.DefaultRoles = []string{"EdDSA"}, "https://a.b/c", someRoles, []string{"news"}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	a.keys.(*keySet).load = load
	return a
}

// login logs in with a token that a key has signed.
func login(t *testing.T, a *Adapter, kid string) error {
	t.Helper()
	header := kid
	if kid == "none" {
		header = "" // the token does not name its key
	}
	token := signed(t, "EdDSA", keyOf(kid), header, jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Minute).Unix()})
	_, err := a.Authenticate(t.Context(), adapters.Login{Password: token})
	return err
}

func TestKeysRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set []byte
		loads := 0
		a := withKeys(t, func(context.Context) ([]byte, error) {
			if loads++; set == nil {
				return nil, errors.New("nobody answers")
			}
			return set, nil
		})
		for i, step := range []struct {
			set     []byte // nil: nobody answers
			wait    time.Duration
			kid     string
			refused error
			loads   int // so far
		}{
			{nil, 0, "a", errNoKeys, 1},
			{setOf(t, "a"), 29 * time.Second, "a", errNoKeys, 1}, // tried a moment ago
			{setOf(t, "a"), time.Second, "a", nil, 2},
			{setOf(t, "a", "b"), time.Second, "b", adapters.ErrCredentials, 2},
			{setOf(t, "a", "b"), 29 * time.Second, "b", nil, 3}, // new: the set is loaded at once
			{setOf(t, "a", "b"), 0, "c", adapters.ErrCredentials, 3},
			{setOf(t, "b", "none"), 14 * time.Minute, "a", nil, 3},
			{nil, time.Minute, "a", nil, 4}, // the old ones are good
			{nil, 29 * time.Second, "a", nil, 4},
			{setOf(t, "b", "none"), time.Second, "a", adapters.ErrCredentials, 5},
			{setOf(t, "b", "none"), 0, "none", nil, 5},
			{[]byte("<html>"), 15 * time.Minute, "b", nil, 6},
		} {
			set = step.set
			time.Sleep(step.wait)
			if err := login(t, a, step.kid); !errors.Is(err, step.refused) || loads != step.loads {
				t.Errorf("step %d: %v after %d loads, want %v after %d", i, err, loads, step.refused, step.loads)
			}
		}
	})
}

func TestManyLoginsLoadTheKeysOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		a := withKeys(t, func(context.Context) ([]byte, error) {
			loads++
			<-time.After(time.Second)
			return setOf(t, "a"), nil
		})
		results := make(chan error, 10)
		for range cap(results) {
			go func() { results <- login(t, a, "a") }()
		}
		for range cap(results) {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if loads != 1 {
			t.Errorf("the keys were loaded %d times", loads)
		}
		// While they are loaded again, others go on with the old ones.
		time.Sleep(15 * time.Minute)
		go func() { results <- login(t, a, "a") }()
		synctest.Wait()
		began := time.Now()
		if err := login(t, a, "a"); err != nil || time.Since(began) > 0 {
			t.Errorf("a login waited %v for the keys: %v", time.Since(began), err)
		}
		if err := <-results; err != nil {
			t.Error(err)
		}
	})
}

func TestSymmetricKeysInASetAreNoKeys(t *testing.T) {
	a := withKeys(t, func(context.Context) ([]byte, error) {
		return []byte(`{"keys":[{"kty":"oct","kid":"s","k":"` + base64.RawURLEncoding.EncodeToString([]byte(secret)) + `"}]}`), nil
	})
	token := signed(t, "HS256", []byte(secret), "s", jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Minute).Unix()})
	if _, err := a.Authenticate(t.Context(), adapters.Login{Password: token}); !errors.Is(err, adapters.ErrCredentials) {
		t.Errorf("got %v", err)
	}
}

func TestKeysFromAnAddress(t *testing.T) {
	answers := map[string]string{"/keys": string(setOf(t, "a")), "/long": strings.Repeat("x", keySetMax+1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	for path, want := range map[string]string{"/keys": "", "/none": "404", "/long": "more than"} {
		set := &keySet{load: fromURL(server.URL+path, time.Minute), log: slog.New(slog.DiscardHandler)}
		_, err := set.parsed(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestKeysFromAFile(t *testing.T) {
	c := Defaults()
	c.Algorithms, c.JWKSFile, c.Roles, c.DefaultRoles = []string{"EdDSA"}, file(t, "keys.json", string(setOf(t, "a"))), someRoles, []string{"news"}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := login(t, a, "a"); err != nil {
		t.Error(err)
	}
	if err := login(t, a, "b"); !errors.Is(err, adapters.ErrCredentials) {
		t.Errorf("got %v", err)
	}
}
