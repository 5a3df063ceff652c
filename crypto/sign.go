package crypto

import (
	stdcrypto "crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	koblitz "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// ErrSignature says that a signature is not by this key over this message.
var ErrSignature = errors.New("signature does not verify")

// Sign returns a signature over message, which is hashed here. Ed25519 gives 64 bytes (RFC 8032);
// the ECDSA curves give r‖s in the curve's full width, 64, 96 or 132 bytes, over SHA-256 for
// P-256 and secp256k1, SHA-384 for P-384, SHA-512 for P-521 (RFC 7518 section 3.4, RFC 8812).
// secp256k1 signatures have a low S. It fails for X25519 and for the zero key.
func (k PrivateKey) Sign(message []byte) ([]byte, error) {
	if k.IsZero() {
		return nil, fmt.Errorf("sign: %w", errZeroKey)
	}
	s := k.open()
	switch {
	case s.ed != nil:
		return ed25519.Sign(s.ed, message), nil
	case s.koblitz != nil:
		return signKoblitz(s.koblitz, message), nil
	case s.nist != nil:
		return signNIST(s.public.curve, s.nist, message)
	}
	return nil, fmt.Errorf("sign: %v keys do not sign", s.public.curve)
}

func signKoblitz(k *secp256k1.PrivateKey, message []byte) []byte {
	digest := sha256.Sum256(message)
	sig := koblitz.Sign(k, digest[:])
	r, s := sig.R(), sig.S()
	out := make([]byte, 64)
	r.PutBytesUnchecked(out[:32])
	s.PutBytesUnchecked(out[32:])
	return out
}

func signNIST(c Curve, k *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, k, digest(c.params().hash, message))
	if err != nil {
		return nil, fmt.Errorf("sign with %v: %w", c, err)
	}
	size := c.params().size
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

// Verify checks a signature in the format that Sign gives. It accepts secp256k1 signatures with
// a high S as well. The error is ErrSignature when the signature is wrong in any way, and another
// one when a key on this curve cannot sign at all.
func (k PublicKey) Verify(message, sig []byte) error {
	switch {
	case k.IsZero():
		return fmt.Errorf("verify: %w", errZeroKey)
	case !k.curve.CanSign():
		return fmt.Errorf("verify: %v keys do not sign", k.curve)
	case !k.verify(message, sig):
		return ErrSignature
	}
	return nil
}

func (k PublicKey) verify(message, sig []byte) bool {
	switch k.curve {
	case Ed25519:
		return len(sig) == ed25519.SignatureSize && ed25519.Verify([]byte(k.raw), message, sig)
	case Secp256k1:
		return verifyKoblitz([]byte(k.raw), message, sig)
	default:
		return verifyNIST(k.curve, []byte(k.raw), message, sig)
	}
}

func verifyKoblitz(raw, message, sig []byte) bool {
	if len(sig) != 64 {
		return false
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) {
		return false
	}
	pub, err := secp256k1.ParsePubKey(raw)
	if err != nil {
		return false
	}
	digest := sha256.Sum256(message)
	return koblitz.NewSignature(&r, &s).Verify(digest[:], pub)
}

func verifyNIST(c Curve, raw, message, sig []byte) bool {
	p := c.params()
	if len(sig) != 2*p.size {
		return false
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(p.nist, raw)
	if err != nil {
		return false
	}
	r := new(big.Int).SetBytes(sig[:p.size])
	s := new(big.Int).SetBytes(sig[p.size:])
	return ecdsa.Verify(pub, digest(p.hash, message), r, s)
}

func digest(h stdcrypto.Hash, message []byte) []byte {
	d := h.New()
	d.Write(message)
	return d.Sum(nil)
}
