package fromprior

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
	"github.com/parley-im/parley/did"
)

// Header is the name of the message header that holds a token.
const Header = "from_prior"

// MaxSize is the length in bytes of the longest token that is read: two of the longest DIDs and a key id fit.
const MaxSize = 48 << 10

// ErrInvalid is wrapped by the error about a token that proves nothing: it is malformed, signed by the wrong
// key, or for another sender.
var ErrInvalid = errors.New("the from_prior of the message does not hold")

// Prior is what a token says.
type Prior struct {
	// Issuer is the old DID, Subject the new one; a zero Subject ends the relationship.
	Issuer, Subject did.DID
	// IssuedAt has whole seconds. Expires and NotBefore are zero where absent; whether they count is for
	// the caller to decide, since the specification does not mention them.
	IssuedAt, Expires, NotBefore time.Time
	// KeyID is the key of the old DID that signed.
	KeyID string
	// Keys is the fingerprint of the keys that a succession is for, see CheckSuccession; zero in any other token.
	Keys [32]byte
}

// errSameDID is about a token that moves nobody.
var errSameDID = fmt.Errorf("%w: old and new DID are the same", ErrInvalid)

type claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub,omitzero"`
	IssuedAt  int64  `json:"iat"`
	Expires   int64  `json:"exp,omitzero"`
	NotBefore int64  `json:"nbf,omitzero"`
	Keys      string `json:"parley_keys,omitzero"`
}

// Create signs a token with the key kid of the old DID. IssuedAt becomes now where it is zero; KeyID and Keys are
// ignored. Errors: ErrInvalid for what could not be checked again, and those of the key store.
func Create(ctx context.Context, k crypto.KeyStore, kid string, p Prior) (string, error) {
	if p.IssuedAt.IsZero() {
		p.IssuedAt = time.Now()
	}
	if err := p.check(kid); err != nil {
		return "", err
	}
	if p.Issuer.Same(p.Subject) {
		return "", errSameDID
	}
	p.Keys = [32]byte{}
	return p.sign(ctx, k, kid)
}

// sign makes the token.
func (p Prior) sign(ctx context.Context, k crypto.KeyStore, kid string) (string, error) {
	pub, err := k.Public(ctx, kid)
	if err != nil {
		return "", fmt.Errorf("sign from_prior: %w", err)
	}
	c := claims{Issuer: p.Issuer.String(), IssuedAt: p.IssuedAt.Unix(), Expires: unix(p.Expires), NotBefore: unix(p.NotBefore)}
	if !p.Subject.IsZero() {
		c.Subject = p.Subject.String()
	}
	if p.Keys != ([32]byte{}) {
		c.Keys = base64.RawURLEncoding.EncodeToString(p.Keys[:])
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("sign from_prior: %w", err)
	}
	token, err := jose.SignCompact(payload, jose.SignOptions{
		KID: kid, Curve: pub.Curve(), Typ: "JWT",
		Sign: func(message []byte) ([]byte, error) { return k.Sign(ctx, kid, message) },
	})
	return string(token), err
}

// Check verifies a token that came in a message from the DID from; zero for a message without "from". The
// directory is asked for the key only once the token names one of its own issuer. An error wraps ErrInvalid,
// or is that of the directory, where trying again may help.
func Check(ctx context.Context, d crypto.Directory, token string, from did.DID) (Prior, error) {
	p, s, err := read(token)
	if err != nil {
		return Prior{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if p.Issuer.Same(p.Subject) {
		return Prior{}, errSameDID
	}
	p.Keys = [32]byte{}
	if p.Subject.IsZero() != from.IsZero() || !from.IsZero() && !p.Subject.Same(from) {
		return Prior{}, fmt.Errorf("%w: it is for another sender", ErrInvalid)
	}
	key, err := d.Lookup(ctx, p.KeyID, crypto.Authentication)
	if errors.Is(err, crypto.ErrUnknownKey) {
		return Prior{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err != nil {
		return Prior{}, fmt.Errorf("from_prior: %w", err)
	}
	if err := s.Verify(key); err != nil {
		return Prior{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return p, nil
}

// read takes a token apart and checks that it agrees with itself.
func read(token string) (p Prior, s *jose.Signature, err error) {
	if len(token) > MaxSize {
		return p, nil, fmt.Errorf("it has more than %d bytes", MaxSize)
	}
	doc, err := jose.Parse([]byte(token))
	switch {
	case err != nil:
		return p, nil, err
	case doc.JWS == nil || !doc.JWS.Compact:
		return p, nil, errors.New("it is no JWT")
	}
	s = &doc.JWS.Signatures[0]
	var c claims
	if err := json.Unmarshal(doc.JWS.Payload, &c); err != nil {
		return p, nil, err
	}
	p = Prior{IssuedAt: fromUnix(c.IssuedAt), Expires: fromUnix(c.Expires), NotBefore: fromUnix(c.NotBefore), KeyID: s.KID}
	if p.Issuer, err = did.Parse(c.Issuer); err != nil {
		return p, nil, fmt.Errorf("iss: %w", err)
	}
	if c.Subject != "" {
		if p.Subject, err = did.Parse(c.Subject); err != nil {
			return p, nil, fmt.Errorf("sub: %w", err)
		}
	}
	if c.Keys != "" {
		keys, err := base64.RawURLEncoding.Strict().DecodeString(c.Keys)
		if err != nil || len(keys) != len(p.Keys) {
			return p, nil, fmt.Errorf("parley_keys: %.64q is no fingerprint", c.Keys)
		}
		copy(p.Keys[:], keys)
	}
	return p, s, p.check(s.KID)
}

// check holds the rules of DIDComm v2.1, "DID Rotation", that need no key.
func (p Prior) check(kid string) error {
	u, err := did.ParseURL(kid)
	switch {
	case p.Issuer.IsZero():
		return fmt.Errorf("%w: no old DID", ErrInvalid)
	case err != nil || u.Fragment == "":
		return fmt.Errorf("%w: the kid %.64q names no key", ErrInvalid, kid)
	case !u.DID.Same(p.Issuer):
		return fmt.Errorf("%w: the key is not of the old DID", ErrInvalid)
	}
	return nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
