package peers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging/packing"
)

// The two parties: Alice seals, Bob opens, whoever of the two a library plays.
const (
	Alice = "did:example:alice"
	Bob   = "did:example:bob"
)

// keys are what each party has; Bob has two of the first curve.
var keys = []struct {
	curve crypto.Curve
	name  string // of the key in its DID URL
	signs bool
}{
	{crypto.Ed25519, "key-ed25519", true}, {crypto.P256, "key-sign-p256", true}, {crypto.Secp256k1, "key-secp256k1", true},
	{crypto.X25519, "key-x25519", false}, {crypto.X25519, "key-x25519-2", false},
	{crypto.P256, "key-p256", false}, {crypto.P384, "key-p384", false}, {crypto.P521, "key-p521", false},
}

// World is both parties as every peer is given them. It must not be changed.
type World struct {
	Documents []json.RawMessage `json:"documents"`
	Secrets   []Secret          `json:"secrets"`

	// Packer is ours: it has the keys and documents of both.
	Packer packing.Packer `json:"-"`
}

// Secret is a private key in the form of SICPA's libraries.
type Secret struct {
	// ID is the DID URL of the key.
	ID string `json:"id"`
	// JWK is the key with its private part.
	JWK json.RawMessage `json:"privateKeyJwk"`
}

// NewWorld makes fresh keys for both.
func NewWorld() (*World, error) {
	w := &World{}
	ring, known := crypto.NewKeyring(), documents{}
	for _, who := range []string{Alice, Bob} {
		text, err := w.addParty(who, ring)
		if err != nil {
			return nil, err
		}
		doc, err := did.ParseDocument(text)
		if err != nil {
			return nil, err
		}
		known[doc.ID()] = doc
		w.Documents = append(w.Documents, text)
	}
	w.Packer = packing.Packer{Keys: ring, Resolver: known}
	return w, nil
}

// method is a verification method of a document.
type method struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Controller string          `json:"controller"`
	JWK        json.RawMessage `json:"publicKeyJwk"`
}

func (w *World) addParty(who string, ring *crypto.Keyring) ([]byte, error) {
	doc := struct {
		ID             string   `json:"id"`
		Methods        []method `json:"verificationMethod"`
		Authentication []string `json:"authentication"`
		KeyAgreement   []string `json:"keyAgreement"`
		Service        []any    `json:"service"`
	}{ID: who, Service: []any{}}
	for _, k := range keys {
		key, private, err := generate(k.curve)
		if err != nil {
			return nil, err
		}
		kid := who + "#" + k.name
		ring.Add(kid, key)
		w.Secrets = append(w.Secrets, Secret{kid, private})
		doc.Methods = append(doc.Methods, method{kid, "JsonWebKey2020", who, key.Public().JWK()})
		if k.signs {
			doc.Authentication = append(doc.Authentication, kid)
		} else {
			doc.KeyAgreement = append(doc.KeyAgreement, kid)
		}
	}
	return json.Marshal(doc)
}

// generate makes a key together with its private JWK, which the product never lets out of a key.
func generate(c crypto.Curve) (key crypto.PrivateKey, jwk []byte, err error) {
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	scalar := make([]byte, max(size, 32))
	for range 16 { // a scalar over the order of the curve is refused
		rand.Read(scalar)
		if c == crypto.P521 {
			scalar[0] &= 1
		}
		if key, err = crypto.NewPrivateKey(c, scalar); err == nil {
			break
		}
	}
	if err != nil {
		return key, nil, err
	}
	public := key.Public().JWK()
	jwk = append(public[:len(public)-1:len(public)-1], `,"d":"`...)
	return key, append(jwk, base64.RawURLEncoding.EncodeToString(scalar)+`"}`...), nil
}

// documents resolves both parties.
type documents map[did.DID]*did.Document

// Resolve implements did.Resolver.
func (d documents) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if doc := d[id]; doc != nil {
		return doc, nil
	}
	return nil, fmt.Errorf("%s: %w", id, did.ErrNotFound)
}
