package static

import (
	"strings"
	"testing"
)

// The test vector of the reference implementation for "password" and "somesalt".
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestArgon2idAsOthersHaveIt(t *testing.T) {
	h, err := parseHash(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches([]byte("password")) || h.matches([]byte("Password")) {
		t.Error("the hash of the reference implementation has another password")
	}
}

func TestHashPasswordIsReadBack(t *testing.T) {
	a, b := HashPassword("x"), HashPassword("x")
	if a == b {
		t.Error("two hashes have the same salt")
	}
	h, err := parseHash(a)
	if err != nil || !h.matches([]byte("x")) || h.matches([]byte("")) {
		t.Errorf("%s does not have its password: %v", a, err)
	}
}

func TestHashFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "is missing",
		"secret":                            "is no hash of a password",
		"$2b$10$short":                      "as bcrypt it is not well-formed",
		"$2b$31$" + strings.Repeat("a", 53): "has the cost 31",
		"$argon2id$v=19$m=8,t=1,p=1":        "as argon2id it is",
		"$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 22):          `version "v=16"`,
		"$argon2id$v=19$t=1,m=8,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 22):          `parameters "t=1,m=8,p=1"`,
		"$argon2id$v=19$m=8,t=1,p=1,x=2$c29tZXNhbHQ$" + strings.Repeat("A", 22):      `parameters "m=8,t=1,p=1,x=2"`,
		"$argon2id$v=19$m=4,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 22):          "m is from 8",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 22): "m is from 8",
		"$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 22):          "t from 1",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ=$" + strings.Repeat("A", 22):         "its salt is not base64",
		"$argon2id$v=19$m=8,t=1,p=1$c29t$" + strings.Repeat("A", 22):                 "at least 8 bytes",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$QUFB":                                "16 to 128",
	} {
		_, err := parseHash(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err != nil && len(text) > 30 && strings.Contains(err.Error(), text) {
			t.Errorf("the fault shows the hash: %v", err)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(reference)
	f.Add("$2b$10$" + strings.Repeat("a", 53))
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHash(text)
		if a, ok := h.(*argon2id); err == nil && ok && a.String() != text {
			t.Errorf("%q is read as %q", text, a)
		}
	})
}
