package jose

import (
	"errors"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/internal/strictjson"
)

// JWS is a parsed JWS. It is immutable and refers to the bytes it was parsed from.
type JWS struct {
	Payload    []byte // decoded; not to be believed before a signature is verified
	Signatures []Signature
	Compact    bool // read from the compact serialization
}

// Signature is one signature of a JWS.
type Signature struct {
	Typ string // media type, empty where absent, not checked here
	Alg string // one of the algorithms of this package
	KID string // empty where absent

	// KIDProtected says that the signature covers KID. Otherwise anybody on the way may have
	// changed it, and nothing must be looked up before it is bound to something else.
	KIDProtected bool

	protected []byte // as transmitted, in base64url
	payload   []byte // as transmitted, in base64url; shared by all signatures
	signature []byte
}

// algorithms maps "alg" to the curve it is for (RFC 7518 section 3.1, RFC 8037, RFC 8812,
// RFC 9864).
var algorithms = map[string]crypto.Curve{
	"EdDSA":   crypto.Ed25519,
	"Ed25519": crypto.Ed25519,
	"ES256":   crypto.P256,
	"ES384":   crypto.P384,
	"ES512":   crypto.P521,
	"ES256K":  crypto.Secp256k1,
}

var errAlgorithm = errors.New("the key is not for the alg of the signature")

// Verify checks the signature with key, which must be on the curve that Alg names. An error says
// that it is not a signature by key. It may be called concurrently.
func (s *Signature) Verify(key crypto.PublicKey) error {
	if key.IsZero() || algorithms[s.Alg] != key.Curve() {
		return errAlgorithm
	}
	return key.Verify(signingInput(s.protected, s.payload), s.signature)
}

// signingInput is the JWS Signing Input of RFC 7515 section 5.1; both parts are base64url.
func signingInput(protected, payload []byte) []byte {
	input := make([]byte, 0, len(protected)+1+len(payload))
	return append(append(append(input, protected...), '.'), payload...)
}

// jws reads general and flattened JSON serialization (RFC 7515 section 7.2).
func (f *fields) jws() (*JWS, error) {
	payload, err := strictjson.Unquote(f.payload)
	if err != nil {
		return nil, at("payload", err)
	}
	j := &JWS{}
	if j.Payload, err = decode(payload, 0); err != nil {
		return nil, at("payload", err)
	}
	if f.signatures == nil {
		return j, j.addJSON(payload, f.protected, f.header, f.signature)
	}
	if f.protected != nil || f.header != nil || f.signature != nil {
		return nil, malformed("JWS: both general and flattened")
	}
	err = strictjson.Elements(f.signatures, MaxRecipients, func(v []byte) error {
		var one fields
		err := strictjson.Members(v, func(name, v []byte) error {
			if p := one.field(name); p != nil {
				*p = v
			}
			return nil
		})
		if err != nil {
			return err
		}
		return j.addJSON(payload, one.protected, one.header, one.signature)
	})
	if err == nil && len(j.Signatures) == 0 {
		err = malformed("no signatures")
	}
	return j, at("signatures", err)
}

// parseCompactJWS reads the three parts of RFC 7515 section 7.1.
func parseCompactJWS(parts [][]byte) (*JWS, error) {
	payload, err := decode(parts[1], 0)
	if err != nil {
		return nil, at("payload", err)
	}
	j := &JWS{Payload: payload, Compact: true}
	return j, j.add(parts[1], parts[0], nil, parts[2])
}

func (j *JWS) addJSON(payload []byte, protected, header, signature []byte) error {
	if protected == nil || signature == nil {
		return malformed("JWS: protected and signature are required")
	}
	p, err := strictjson.Unquote(protected)
	if err != nil {
		return at("protected header", err)
	}
	s, err := strictjson.Unquote(signature)
	if err != nil {
		return at("signature", err)
	}
	return j.add(payload, p, header, s)
}

// add reads one signature. payload, protected and signature are base64url, header is JSON or nil.
func (j *JWS) add(payload, protected []byte, header []byte, signature []byte) error {
	var s Signature
	if err := s.parseHeader(protected); err != nil {
		return at("protected header", err)
	}
	kid, err := unprotectedHeader(header)
	if err != nil {
		return err
	}
	s.KIDProtected = s.KID != ""
	if s.KID, err = oneKID(s.KID, kid); err != nil {
		return err
	}
	if s.signature, err = decode(signature, 0); err != nil {
		return at("signature", err)
	}
	s.protected, s.payload = protected, payload
	j.Signatures = append(j.Signatures, s)
	return nil
}

func (s *Signature) parseHeader(protected []byte) error {
	raw, err := decode(protected, 0)
	if err != nil {
		return err
	}
	if err := strictjson.Members(raw, s.set); err != nil {
		return err
	}
	if _, ok := algorithms[s.Alg]; !ok {
		return unsupported("alg %.32q", s.Alg)
	}
	return nil
}

func (s *Signature) set(name, v []byte) (err error) {
	switch string(name) {
	case "alg":
		s.Alg, err = strictjson.Text(v)
	case "typ":
		s.Typ, err = optional(v)
	case "kid":
		s.KID, err = optional(v)
	case "crit", "b64":
		err = unsupported("header %s", name)
	}
	return at(string(name), err)
}
