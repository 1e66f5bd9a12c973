package jwt

import (
	"net/http"
	"strings"

	"github.com/halley-stream/halley/adapters"
)

// place is where a login may have its token. It returns the token, or "".
type place func(login adapters.Login) string

// placeOf returns the place with the name given, or nil.
func placeOf(name string) place {
	switch name {
	case "password":
		return func(login adapters.Login) string { return login.Password }
	case "bearer":
		return bearer
	}
	cookie, ok := strings.CutPrefix(name, "cookie:")
	if !ok || cookie == "" {
		return nil
	}
	return func(login adapters.Login) string {
		for _, line := range login.Header["Cookie"] {
			cookies, _ := http.ParseCookie(line) // what is no cookie holds no token
			for _, c := range cookies {
				if c.Name == cookie && c.Value != "" {
					return c.Value
				}
			}
		}
		return ""
	}
}

// bearer returns the token of "Authorization: Bearer <token>" (RFC 6750).
func bearer(login adapters.Login) string {
	for _, value := range login.Header["Authorization"] {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
	}
	return ""
}
