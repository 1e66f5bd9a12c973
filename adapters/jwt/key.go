package jwt

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// keys are the keys that tokens are verified with. Any goroutine.
type keys interface {
	// current returns those that there are.
	current(ctx context.Context) (keyring, error)
	// newer returns other ones than old, if there are any.
	newer(ctx context.Context, old keyring) (now keyring, ok bool)
}

// keyring finds the key that verifies a token. It is immutable.
type keyring interface {
	of(token *jwt.Token) (any, error)
}

// oneKey is a key for all tokens: a public one, or a secret.
type oneKey struct{ it any }

func (k oneKey) current(context.Context) (keyring, error)              { return k, nil }
func (k oneKey) newer(context.Context, keyring) (now keyring, ok bool) { return nil, false }
func (k oneKey) of(*jwt.Token) (any, error)                            { return k.it, nil }

// secretMin is the length of the shortest secret, in bytes: RFC 7518 wants as many as
// the hash has.
const secretMin = 32

// readSecret returns the secret in a file.
func readSecret(path string) (keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secret := bytes.TrimRight(text, "\r\n")
	if len(secret) < secretMin {
		return nil, fmt.Errorf("%s has %d bytes; a secret has at least %d", path, len(secret), secretMin)
	}
	return oneKey{secret}, nil
}

// readKey returns the public key in a PEM file, which has to suit one of the
// algorithms.
func readKey(path string, algorithms []string) (keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM file; it begins with -----BEGIN PUBLIC KEY-----", path)
	}
	key, err := parseKey(block)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range algorithms {
		if suits(key, name) {
			return oneKey{key}, nil
		}
	}
	return nil, fmt.Errorf("%s has a %s, which does not suit algorithms: %s", path, kindOf(key), strings.Join(algorithms, ", "))
}

// parseKey returns the public key in a block.
func parseKey(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	}
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, errors.New("this is a private key, which only who signs should have; give the public one")
	}
	return nil, fmt.Errorf("a %q is neither a PUBLIC KEY nor a CERTIFICATE", block.Type)
}

// suits reports whether a key may verify signatures of an algorithm.
func suits(key any, algorithm string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[algorithm] == key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}

// kindOf names a key.
func kindOf(key any) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return "RSA key"
	case *ecdsa.PublicKey:
		return "key of the curve " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519 key"
	}
	return fmt.Sprintf("key of the type %T", key)
}
