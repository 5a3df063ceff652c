package crypto

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// redacted is all that is ever printed of a private key.
const redacted = "private key"

// PrivateKey signs or agrees, and gives away nothing else. It is immutable, may be copied and
// used by many goroutines at once, and cannot be compared with ==. However it is printed, logged
// or marshalled, only the words "private key" come out. The zero value is no key.
type PrivateKey struct {
	_ [0]func()
	// open returns the key pair; nil in the zero key. It is a function because fmt and other
	// readers by reflection look through pointers, even in unexported fields, but not into it.
	open func() *keyPair
}

// keyPair is set once by NewPrivateKey and read-only afterwards.
type keyPair struct {
	public  PublicKey
	ed      ed25519.PrivateKey
	agree   *ecdh.PrivateKey
	nist    *ecdsa.PrivateKey
	koblitz *secp256k1.PrivateKey
}

// GenerateKey makes a new key on c with crypto/rand.
func GenerateKey(c Curve) (PrivateKey, error) {
	if err := c.check(); err != nil {
		return PrivateKey{}, fmt.Errorf("generate key: %w", err)
	}
	raw, err := randomSecret(c)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("generate %v key: %w", c, err)
	}
	defer clear(raw)
	return NewPrivateKey(c, raw)
}

func randomSecret(c Curve) ([]byte, error) {
	switch c {
	case X25519, Ed25519:
		seed := make([]byte, c.params().size)
		rand.Read(seed) // never fails: it ends the program instead
		return seed, nil
	case Secp256k1:
		k, err := secp256k1.GeneratePrivateKey()
		if err != nil {
			return nil, err
		}
		return k.Serialize(), nil
	default:
		k, err := c.params().agree.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return k.Bytes(), nil
	}
}

// NewPrivateKey checks and copies secret: the 32-byte seed for Ed25519 (RFC 8032), the 32-byte
// scalar for X25519 (RFC 7748), otherwise the big-endian scalar in full width (32, 48 or 66
// bytes), which must be neither zero nor at least the order of the curve.
func NewPrivateKey(c Curve, secret []byte) (PrivateKey, error) {
	if err := c.check(); err != nil {
		return PrivateKey{}, fmt.Errorf("private key: %w", err)
	}
	if want := c.params().size; len(secret) != want {
		return PrivateKey{}, fmt.Errorf("%v private key: %d bytes, want %d", c, len(secret), want)
	}
	s, err := newKeyPair(c, secret)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%v private key: %w", c, err)
	}
	return PrivateKey{open: func() *keyPair { return s }}, nil
}

func newKeyPair(c Curve, raw []byte) (*keyPair, error) {
	var (
		s   keyPair
		pub []byte
		err error
	)
	switch c {
	case Ed25519:
		s.ed = ed25519.NewKeyFromSeed(raw)
		pub = s.ed[ed25519.SeedSize:]
	case Secp256k1:
		if s.koblitz, err = newKoblitz(raw); err != nil {
			return nil, err
		}
		pub = s.koblitz.PubKey().SerializeUncompressed()
	default:
		if s.agree, err = c.params().agree.NewPrivateKey(raw); err != nil {
			return nil, errBadScalar
		}
		pub = s.agree.PublicKey().Bytes()
	}
	if n := c.params().nist; n != nil {
		if s.nist, err = ecdsa.ParseRawPrivateKey(n, raw); err != nil {
			return nil, errBadScalar
		}
	}
	// Computed from a valid scalar, so it needs none of the checks of NewPublicKey.
	s.public = PublicKey{curve: c, raw: string(pub)}
	if s.agree != nil {
		s.public.agree = s.agree.PublicKey()
	}
	return &s, nil
}

// errBadScalar replaces the reasons of the libraries, which might quote what they were given.
var errBadScalar = errors.New("scalar out of range")

func newKoblitz(raw []byte) (*secp256k1.PrivateKey, error) {
	var scalar secp256k1.ModNScalar
	if overflow := scalar.SetByteSlice(raw); overflow || scalar.IsZero() {
		return nil, errBadScalar
	}
	return secp256k1.NewPrivateKey(&scalar), nil
}

// IsZero reports whether k is the zero value, which is no key.
func (k PrivateKey) IsZero() bool { return k.open == nil }

// Public returns the public key; the zero PublicKey for the zero key.
func (k PrivateKey) Public() PublicKey {
	if k.IsZero() {
		return PublicKey{}
	}
	return k.open().public
}

// Agree returns the Diffie-Hellman secret shared with peer: 32 bytes for X25519, otherwise the x
// coordinate in the curve's full width (RFC 7518 section 4.6, SP 800-56A). Both keys must be on
// one curve that can agree. It refuses a low-order X25519 peer, whose result would be all zero.
// The result is not a key yet: it goes through a KDF.
func (k PrivateKey) Agree(peer PublicKey) ([]byte, error) {
	if k.IsZero() || peer.IsZero() {
		return nil, fmt.Errorf("agree: %w", errZeroKey)
	}
	s := k.open()
	c := s.public.curve
	if s.agree == nil {
		return nil, fmt.Errorf("agree: %v keys do not agree", c)
	}
	if peer.curve != c {
		return nil, fmt.Errorf("agree: our key is on %v, the peer's on %v", c, peer.curve)
	}
	z, err := s.agree.ECDH(peer.agree)
	if err != nil {
		return nil, errors.New("agree: the peer's key is a point of low order")
	}
	return z, nil
}

// String returns "private key".
func (PrivateKey) String() string { return redacted }

// GoString returns "private key".
func (PrivateKey) GoString() string { return redacted }

// Format writes "private key" whatever the verb. It implements fmt.Formatter.
func (PrivateKey) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalJSON returns "private key" as a JSON string.
func (PrivateKey) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "private key". It implements slog.LogValuer.
func (PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }
