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
	if kid == "none" {
		return loginBy(t, a, kid, "") // the token does not name its key
	}
	return loginBy(t, a, kid, kid)
}

// loginBy logs in with a token that a key has signed, and that names it as it likes.
func loginBy(t *testing.T, a *Adapter, key, kid string) error {
	t.Helper()
	token := signed(t, "EdDSA", keyOf(key), kid, jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Minute).Unix()})
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

// TestKeysAreReplacedUnderTheirNames has tokens signed by a key that is new, though it
// does not look so. They were refused until the set was loaded again by itself.
func TestKeysAreReplacedUnderTheirNames(t *testing.T) {
	renamed := func(set []byte, from, to string) []byte {
		return []byte(strings.Replace(string(set), `"kid":"`+from+`"`, `"kid":"`+to+`"`, 1))
	}
	for _, c := range []struct {
		name     string
		old, now []byte
		kid      string // of the token, which key b has signed
		refused  error
		loads    int
	}{
		{"keys without a name", setOf(t, "a"), setOf(t, "b"), "", nil, 2},
		{"another key of the name", setOf(t, "a"), renamed(setOf(t, "b"), "b", "a"), "a", nil, 2},
		{"a key for another algorithm", []byte(strings.ReplaceAll(string(setOf(t, "b")), "EdDSA", "ES256")), setOf(t, "b"), "b", nil, 2},
		{"no other key", setOf(t, "a"), setOf(t, "a"), "a", adapters.ErrCredentials, 2},
		{"nobody answers", setOf(t, "a"), nil, "", adapters.ErrCredentials, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set, loads := c.old, 0
				a := withKeys(t, func(context.Context) ([]byte, error) {
					if loads++; set == nil {
						return nil, errors.New("nobody answers")
					}
					return set, nil
				})
				_ = login(t, a, "a") // loads them
				set = c.now
				if err := loginBy(t, a, "b", c.kid); !errors.Is(err, adapters.ErrCredentials) || loads != 1 {
					t.Errorf("a moment after they were loaded: %v after %d loads", err, loads)
				}
				time.Sleep(30 * time.Second)
				for range 2 {
					if err := loginBy(t, a, "b", c.kid); !errors.Is(err, c.refused) || loads != c.loads {
						t.Errorf("%v after %d loads, want %v after %d", err, loads, c.refused, c.loads)
					}
				}
			})
		})
	}
}

// TestTokensThatNoKeyMakesGoodLoadNothing has tokens that no key could make good, and
// good ones that are over.
func TestTokensThatNoKeyMakesGoodLoadNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		a := withKeys(t, func(context.Context) ([]byte, error) {
			loads++
			return setOf(t, "a"), nil
		})
		_ = login(t, a, "a")
		time.Sleep(time.Minute)
		for name, token := range map[string]string{
			"another algorithm": signed(t, "HS256", []byte(secret), "a", jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Minute).Unix()}),
			"over":              signed(t, "EdDSA", keyOf("a"), "a", jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(-time.Minute).Unix()}),
			"no token":          "x",
		} {
			if _, err := a.Authenticate(t.Context(), adapters.Login{Password: token}); !errors.Is(err, adapters.ErrCredentials) || loads != 1 {
				t.Errorf("%s: %v after %d loads", name, err, loads)
			}
		}
	})
}

// TestOneLoginWaitsForNewKeys has logins with keys that are not known while the set is
// loaded. All of them waited for it, with all workers that answer requests.
func TestOneLoginWaitsForNewKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := setOf(t, "a")
		answers := make(chan struct{}, 1)
		answers <- struct{}{}
		a := withKeys(t, func(context.Context) ([]byte, error) {
			<-answers
			return set, nil
		})
		if err := login(t, a, "a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		set = setOf(t, "a", "b")
		loader := make(chan error, 1)
		go func() { loader <- login(t, a, "b") }()
		synctest.Wait()
		for kid, want := range map[string]error{"a": nil, "b": adapters.ErrCredentials, "c": adapters.ErrCredentials} {
			if err := login(t, a, kid); !errors.Is(err, want) {
				t.Errorf("%s: %v while keys are loaded, want %v", kid, err, want)
			}
		}
		answers <- struct{}{}
		if err := <-loader; err != nil {
			t.Errorf("who loaded the keys: %v", err)
		}
		if err := login(t, a, "b"); err != nil {
			t.Error(err)
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
