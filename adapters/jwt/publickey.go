package jwt

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// publicKeys are the keys of a key set that verify signatures. They are immutable.
type publicKeys []publicKey

// publicKey is a key of a key set.
type publicKey struct {
	id        string // or ""
	algorithm string // the only one that it is for, or ""
	it        any
}

// parseSet returns the keys of a JSON Web Key Set (RFC 7517). What is of no use here is
// passed over: secrets, keys to encrypt with, kinds that are not known.
func parseSet(text []byte) (publicKeys, error) {
	set, err := jwk.Parse(text, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, err
	}
	var keys publicKeys
	for i := range set.Len() {
		if key, ok := set.Key(i); ok {
			keys = keys.with(key)
		}
	}
	if keys == nil {
		return nil, errors.New("there is no public key for signatures in the key set")
	}
	return keys, nil
}

// with returns the keys with one more, if that verifies signatures.
func (s publicKeys) with(key jwk.Key) publicKeys {
	if use, ok := key.KeyUsage(); key.KeyType() == jwa.OctetSeq() || ok && use != jwk.ForSignature.String() {
		return s
	}
	public, err := key.PublicKey() // a set may have private keys, though it should not
	if err != nil {
		return s
	}
	var k publicKey
	if err := jwk.Export(public, &k.it); err != nil {
		return s
	}
	k.id, _ = key.KeyID()
	if algorithm, ok := key.Algorithm(); ok {
		k.algorithm = algorithm.String()
	}
	return append(s, k)
}

// of returns the key that a token names, or all that suit its algorithm when it names
// none.
func (s publicKeys) of(token *jwt.Token) (any, error) {
	id, named := token.Header["kid"].(string)
	algorithm := token.Method.Alg()
	known := false
	var fit jwt.VerificationKeySet
	for _, k := range s {
		if named && k.id != id {
			continue
		}
		known = true
		if suits(k.it, algorithm) && (k.algorithm == "" || k.algorithm == algorithm) {
			fit.Keys = append(fit.Keys, k.it)
		}
	}
	switch {
	case named && !known:
		return nil, fmt.Errorf("the token is signed with an unknown key: %q", id)
	case len(fit.Keys) == 0:
		return nil, fmt.Errorf("no key is for signatures by %s", algorithm)
	}
	return fit, nil
}
