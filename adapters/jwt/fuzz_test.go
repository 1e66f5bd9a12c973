package jwt

import (
	"errors"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/halley-stream/halley/adapters"
)

func FuzzParseSet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"oct","k":"AAAA"}]}`), "a")
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","use":"enc","x":"AA","y":"AA"},{"kty":"new"}]}`), "")
	f.Fuzz(func(t *testing.T, text []byte, kid string) {
		keys, err := parseSet(text)
		if err == nil && len(keys) == 0 {
			t.Fatal("a key set without keys is good")
		}
		for _, k := range keys {
			if _, secret := k.it.([]byte); secret {
				t.Fatalf("%q has a secret among its public keys", text)
			}
		}
		for _, name := range publicAlgorithms {
			_, _ = keys.of(&jwt.Token{Method: jwt.GetSigningMethod(name), Header: map[string]any{"kid": kid}})
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.", "a=b; tok=x", "Bearer x")
	f.Fuzz(func(t *testing.T, token, cookie, authorization string) {
		config := Defaults()
		config.From = []string{"cookie:tok", "bearer", "password"}
		config.Algorithms, config.SecretFile, config.Roles = []string{"HS256"}, file(t, "secret", secret), someRoles
		a, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		header := map[string][]string{"Cookie": {cookie}, "Authorization": {authorization}}
		if _, err := a.Authenticate(t.Context(), adapters.Login{Password: token, Header: header}); !errors.Is(err, adapters.ErrCredentials) {
			t.Errorf("got %v", err)
		}
	})
}
