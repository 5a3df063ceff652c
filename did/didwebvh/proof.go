package didwebvh

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
)

// maxProofValue bounds the work of base58, which is quadratic. A signature has at most 89 characters.
const maxProofValue = 96

// proof is a Data Integrity proof of cryptosuite eddsa-jcs-2022.
type proof struct {
	key       string // multikey of who signed
	options   []byte // canonical form of the proof without its value
	signature []byte
	expires   time.Time // zero: never
}

// rawProof has the members that decide something. The others are signed like them, and mean nothing here.
type rawProof struct {
	Context     jsontext.Value   `json:"@context"`
	Type        string           `json:"type"`
	Cryptosuite string           `json:"cryptosuite"`
	Method      string           `json:"verificationMethod"`
	Purpose     string           `json:"proofPurpose"`
	Expires     optional[string] `json:"expires"`
	Value       string           `json:"proofValue"`
}

// parseProofs reads a proof or an array of one to most.
func parseProofs(raw jsontext.Value, most int) ([]proof, error) {
	var each list[jsontext.Value]
	switch raw.Kind() {
	case '{':
		each = list[jsontext.Value]{raw}
	case '[':
		if err := json.Unmarshal(raw, &each); err != nil {
			return nil, fmt.Errorf("proof: %w", malformed(err))
		}
	}
	if len(each) == 0 || len(each) > most {
		return nil, fmt.Errorf("proof: %d of them, want 1 to %d", len(each), most)
	}
	proofs := make([]proof, len(each))
	for i, one := range each {
		var err error
		if proofs[i], err = parseProof(one); err != nil {
			return nil, fmt.Errorf("proof %d: %w", i+1, err)
		}
	}
	return proofs, nil
}

func parseProof(text []byte) (proof, error) {
	var raw rawProof
	if err := json.Unmarshal(text, &raw); err != nil {
		return proof{}, malformed(err)
	}
	key, err := raw.check()
	if err != nil {
		return proof{}, err
	}
	p := proof{key: key}
	if p.signature, err = decodeSignature(raw.Value); err != nil {
		return proof{}, err
	}
	if raw.Expires.set {
		if p.expires, err = parseTime(raw.Expires.value); err != nil {
			return proof{}, fmt.Errorf("expires: %w", err)
		}
	}
	p.options, err = withoutValue(text)
	return p, err
}

// withoutValue returns the canonical form of what a proof's signature covers of the proof itself.
func withoutValue(text []byte) ([]byte, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, malformed(err)
	}
	delete(members, "proofValue")
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, malformed(err)
	}
	return canonical(rest)
}

// check returns the multikey of a proof that this package can verify.
func (r *rawProof) check() (string, error) {
	switch {
	case r.Type != "DataIntegrityProof":
		return "", fmt.Errorf("type %q, want DataIntegrityProof", clip(r.Type))
	case r.Cryptosuite != "eddsa-jcs-2022":
		return "", fmt.Errorf("cryptosuite %q, want eddsa-jcs-2022", clip(r.Cryptosuite))
	case r.Purpose != "assertionMethod":
		return "", fmt.Errorf("proofPurpose %q, want assertionMethod", clip(r.Purpose))
	case r.Context != nil:
		// eddsa-jcs-2022 compares it with that of the signed object, and an entry has none.
		return "", errors.New("@context: what is signed has none")
	}
	// Both halves must name the same key, or one would be allowed and the other used.
	body, fragment, _ := strings.Cut(strings.TrimPrefix(r.Method, "did:key:"), "#")
	if body != fragment || !isMultikey(body) || !strings.HasPrefix(r.Method, "did:key:") {
		return "", fmt.Errorf("verificationMethod %q is not did:key:K#K of an Ed25519 key K", clip(r.Method))
	}
	return body, nil
}

func decodeSignature(value string) ([]byte, error) {
	digits, ok := strings.CutPrefix(value, "z")
	if !ok || len(digits) > maxProofValue {
		return nil, errors.New("proofValue: missing or not a signature in base58btc")
	}
	signature, err := base58.Decode(digits)
	if err != nil || len(signature) != 64 {
		return nil, errors.New("proofValue: not 64 bytes in base58btc")
	}
	return signature, nil
}

// verifier checks proofs and remembers keys, of which a log has few. It serves one resolution.
type verifier struct {
	now  time.Time
	keys map[string]crypto.PublicKey
}

func newVerifier(now time.Time) *verifier {
	return &verifier{now: now, keys: make(map[string]crypto.PublicKey)}
}

// proof verifies that p signs the text in canonical form whose SHA-256 is given (Data Integrity EdDSA Cryptosuites
// 3.3, eddsa-jcs-2022).
func (v *verifier) proof(p proof, text [sha256.Size]byte) error {
	if !p.expires.IsZero() && p.expires.Before(v.now) {
		return errors.New("it has expired")
	}
	key, known := v.keys[p.key]
	if !known {
		var err error
		if key, err = crypto.ParseMultikey(p.key); err != nil {
			return err
		}
		v.keys[p.key] = key
	}
	options := sha256.Sum256(p.options)
	return key.Verify(append(options[:], text[:]...), p.signature)
}
