package jose

import (
	"fmt"

	"github.com/parley-im/parley/crypto"
)

// SignOptions says how Sign signs.
type SignOptions struct {
	KID   string       // goes into the unprotected header only, where others look for it
	Curve crypto.Curve // of the signing key; decides "alg"
	Typ   string       // media type; left out if empty
	Sign  func(message []byte) ([]byte, error)
}

// Sign signs payload and returns general JSON serialization with one signature. It returns
// ErrTooLarge when the result would exceed MaxSize, ErrUnsupported when keys on Curve do not sign,
// and errors of Sign wrapped. It may be called concurrently.
func Sign(payload []byte, o SignOptions) ([]byte, error) {
	header, err := o.header(payload)
	if err != nil {
		return nil, err
	}
	protected, encoded := appendEncoded(nil, append(header, '}')), appendEncoded(nil, payload)
	signature, err := o.Sign(signingInput(protected, encoded))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	out := make([]byte, 0, len(protected)+len(encoded)+len(o.KID)+2*len(signature)+128)
	out = append(out, `{"payload":"`...)
	out = append(out, encoded...)
	out = append(out, `","signatures":[{"protected":"`...)
	out = append(append(out, protected...), '"')
	out = appendBinary(out, "signature", signature)
	out = append(appendName(out, "header"), '{')
	out = appendMember(out, "kid", o.KID)
	out = append(out, `}}]}`...)
	if len(out) > MaxSize {
		return nil, ErrTooLarge
	}
	return out, nil
}

// SignCompact signs payload and returns compact serialization, with kid in the protected header, which is the
// only one there: the form of a JWT (RFC 7519). Errors are those of Sign.
func SignCompact(payload []byte, o SignOptions) ([]byte, error) {
	header, err := o.header(payload)
	if err != nil {
		return nil, err
	}
	header = append(appendMember(header, "kid", o.KID), '}')
	out := signingInput(appendEncoded(nil, header), appendEncoded(nil, payload))
	signature, err := o.Sign(out)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if out = appendEncoded(append(out, '.'), signature); len(out) > MaxSize {
		return nil, ErrTooLarge
	}
	return out, nil
}

// header begins the protected header, if the payload may be signed.
func (o *SignOptions) header(payload []byte) ([]byte, error) {
	alg, ok := signingAlg(o.Curve)
	if !ok {
		return nil, unsupported("signing with %v", o.Curve)
	}
	if len(payload) > MaxSize/4*3 {
		return nil, ErrTooLarge
	}
	header := []byte{'{'}
	if o.Typ != "" {
		header = appendMember(header, "typ", o.Typ)
	}
	return appendMember(header, "alg", alg), nil
}

// signingAlg returns the name that is emitted for keys on c. EdDSA, not its RFC 9864 name, is
// what DIDComm v2.1 lists.
func signingAlg(c crypto.Curve) (string, bool) {
	switch c {
	case crypto.Ed25519:
		return "EdDSA", true
	case crypto.P256:
		return "ES256", true
	case crypto.P384:
		return "ES384", true
	case crypto.P521:
		return "ES512", true
	case crypto.Secp256k1:
		return "ES256K", true
	}
	return "", false
}
