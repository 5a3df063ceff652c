package did

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
)

// maxMaterial bounds the text of one public key; the longest real one is a P-521 JWK.
const maxMaterial = 1 << 10

// rawMethod is a verification method as it stands in a document.
type rawMethod struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Controller string         `json:"controller"`
	JWK        jsontext.Value `json:"publicKeyJwk"`
	Multibase  string         `json:"publicKeyMultibase"`
	Base58     string         `json:"publicKeyBase58"`
}

// suites lists the verification method types that are read, with the curve that the type
// implies; zero leaves the curve to the key, which then has to say it.
var suites = map[string]crypto.Curve{
	"Multikey":                          0,
	"JsonWebKey":                        0,
	"JsonWebKey2020":                    0,
	"Ed25519VerificationKey2018":        crypto.Ed25519,
	"Ed25519VerificationKey2020":        crypto.Ed25519,
	"X25519KeyAgreementKey2019":         crypto.X25519,
	"X25519KeyAgreementKey2020":         crypto.X25519,
	"EcdsaSecp256k1VerificationKey2019": crypto.Secp256k1,
	"EcdsaSecp256r1VerificationKey2019": crypto.P256,
	"P256Key2021":                       crypto.P256,
	"P384Key2021":                       crypto.P384,
	"P521Key2021":                       crypto.P521,
}

// key reads the public key. It reports false for a type that is not read, for a key that is
// malformed or not of the type's curve, and for more than one form of the key, since readers
// could then disagree on which one counts (W3C DID Core 5.2.1).
func (m rawMethod) key() (crypto.PublicKey, bool) {
	curve, known := suites[m.Type]
	if !known || len(m.JWK) > maxMaterial || len(m.Multibase) > maxMaterial || len(m.Base58) > maxMaterial {
		return crypto.PublicKey{}, false
	}
	var key crypto.PublicKey
	var err error
	switch jwk, mb, b58 := len(m.JWK) > 0, m.Multibase != "", m.Base58 != ""; {
	case jwk && !mb && !b58:
		key, err = crypto.ParseJWK(m.JWK)
	case mb && !jwk && !b58:
		key, err = crypto.ParseMultikey(m.Multibase)
	case b58 && !jwk && !mb && curve != 0:
		key, err = parseBase58(curve, m.Base58)
	default:
		return crypto.PublicKey{}, false
	}
	if err != nil || curve != 0 && key.Curve() != curve {
		return crypto.PublicKey{}, false
	}
	return key, true
}

func parseBase58(curve crypto.Curve, s string) (crypto.PublicKey, error) {
	raw, err := base58.Decode(s)
	if err != nil {
		return crypto.PublicKey{}, err
	}
	return crypto.NewPublicKey(curve, raw)
}
