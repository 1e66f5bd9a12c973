package static

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// hash is the hash of a password. It is immutable.
type hash interface {
	// matches reports whether the password is the one. It takes as long for one that
	// is not.
	matches(password []byte) bool
}

// HashPassword returns the argon2id hash of a password, with a salt of its own, in
// the PHC string form.
func HashPassword(password string) string {
	h := argon2id{memory: 19 << 10, time: 2, threads: 1, salt: make([]byte, 16)} // as OWASP has it
	rand.Read(h.salt)                                                            // it does not fail: crypto/rand says so
	h.sum = h.of([]byte(password), 32)
	return h.String()
}

var errHash = errors.New("is no hash of a password; 'halley hash-password' makes one")

// parseHash returns the hash that text stands for. The error does not show it.
func parseHash(text string) (hash, error) {
	switch {
	case text == "":
		return nil, errors.New("is missing; 'halley hash-password' makes one")
	case strings.HasPrefix(text, "$argon2id$"):
		return parseArgon2id(text)
	case strings.HasPrefix(text, "$2"):
		cost, err := bcrypt.Cost([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%w: as bcrypt it is not well-formed", errHash)
		}
		if cost > bcryptCostMax {
			return nil, fmt.Errorf("has the cost %d, at which one login takes minutes; at most %d is allowed", cost, bcryptCostMax)
		}
		return bcryptHash(text), nil
	}
	return nil, fmt.Errorf("%w, argon2id ($argon2id$...) or bcrypt ($2b$...)", errHash)
}

// What a hash may cost: a login has to end within the time for it, and a mistake in
// the users file must not take the machine's memory.
const (
	bcryptCostMax   = 16
	argonMemoryMax  = 1 << 20 // KiB
	argonTimeMax    = 64
	argonThreadsMax = 64
)

// bcryptHash is a hash in bcrypt's own form.
type bcryptHash []byte

func (h bcryptHash) matches(password []byte) bool {
	return bcrypt.CompareHashAndPassword(h, password) == nil
}

// argon2id is a hash by argon2id, version 19 (RFC 9106).
type argon2id struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
	salt    []byte
	sum     []byte
}

// parseArgon2id reads $argon2id$v=19$m=19456,t=2,p=1$salt$hash, in which the last two
// are base64 without padding.
func parseArgon2id(text string) (hash, error) {
	h := &argon2id{}
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return nil, fmt.Errorf("%w: as argon2id it is $argon2id$v=19$m=19456,t=2,p=1$salt$hash", errHash)
	}
	if parts[2] != "v=19" {
		return nil, fmt.Errorf("has the version %q of argon2id; only v=19 is known", parts[2])
	}
	// Sscanf takes what follows for granted, so the text is compared in the end.
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return nil, fmt.Errorf("has the parameters %q; they are such as m=19456,t=2,p=1", parts[3])
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return nil, fmt.Errorf("%w: its salt is not base64 without padding", errHash)
	}
	if h.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return nil, fmt.Errorf("%w: it is not base64 without padding", errHash)
	}
	switch {
	case h.String() != text:
		return nil, fmt.Errorf("has the parameters %q; they are such as m=19456,t=2,p=1", parts[3])
	case len(h.salt) < 8 || len(h.sum) < 16 || len(h.sum) > 128:
		return nil, fmt.Errorf("%w: the salt has at least 8 bytes, the hash 16 to 128", errHash)
	case h.time < 1 || h.time > argonTimeMax, h.threads < 1 || h.threads > argonThreadsMax, h.memory < 8*uint32(h.threads) || h.memory > argonMemoryMax:
		return nil, fmt.Errorf("has the parameters %q; m is from 8 for each of p to %d, t from 1 to %d, p from 1 to %d", parts[3], argonMemoryMax, argonTimeMax, argonThreadsMax)
	}
	return h, nil
}

// String returns h in the PHC string form.
func (h *argon2id) String() string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.memory, h.time, h.threads, encode(h.salt), encode(h.sum))
}

func (h *argon2id) of(password []byte, length int) []byte {
	return argon2.IDKey(password, h.salt, h.time, h.memory, h.threads, uint32(length))
}

func (h *argon2id) matches(password []byte) bool {
	return subtle.ConstantTimeCompare(h.of(password, len(h.sum)), h.sum) == 1
}
