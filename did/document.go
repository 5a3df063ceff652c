package did

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/parley-im/parley/crypto"
)

// Document is a parsed DID document. It is immutable and safe for concurrent use; every
// accessor returns a copy that the caller may change. Make one with ParseDocument or NewDocument;
// the zero value is an empty document of no DID.
type Document struct {
	id       DID
	aka      []DID
	text     *lazyText // nil in the zero value
	methods  []VerificationMethod
	auth     []int          // indices into methods, in document order
	agree    []int          // the same for key agreement
	aliases  map[string]int // other fragment of a method's id → index into methods
	services []Service
	version  string
}

// VerificationMethod is a public key of a document. ID is absolute and its DID is the
// document's own, exactly as in Document.ID. Controller is the document's DID unless the
// document says otherwise.
type VerificationMethod struct {
	ID         URL
	Type       string
	Controller DID
	Key        crypto.PublicKey
}

// ID returns the DID that the document is about, in the form in which it was resolved.
func (d *Document) ID() DID { return d.id }

// Version returns the place of the document in its method's own log: the number of the entry, counted from 1, a
// hyphen, and what the method calls the entry, as in "3-QmZ…". It is empty for a method without one. A version says
// that every change of keys up to it was proven by keys that came before.
func (d *Document) Version() string { return d.version }

// WithVersion returns the document with another Version: for resolvers of methods with a log, once they have
// verified it.
func (d *Document) WithVersion(version string) *Document {
	out := *d
	out.version = version
	return &out
}

// AlsoKnownAs returns the other DIDs that the document claims for its subject; other URIs are
// left out. Nothing proves such a claim except, for did:peer:4, the resolver that made it.
func (d *Document) AlsoKnownAs() []DID { return slices.Clone(d.aka) }

// JSON returns the document's text as it was given to ParseDocument, or as Draft.Text renders it.
func (d *Document) JSON() []byte { return bytes.Clone(d.text.get()) }

// Methods returns all keys that this version can use, in document order.
func (d *Document) Methods() []VerificationMethod { return slices.Clone(d.methods) }

// Authentication returns the keys that may sign for the DID, in document order.
func (d *Document) Authentication() []VerificationMethod { return d.pick(d.auth) }

// KeyAgreement returns the keys to which messages for the DID are encrypted, in document order.
// Their order is the document owner's preference.
func (d *Document) KeyAgreement() []VerificationMethod { return d.pick(d.agree) }

func (d *Document) pick(indices []int) []VerificationMethod {
	var out []VerificationMethod
	for _, i := range indices {
		out = append(out, d.methods[i])
	}
	return out
}

// Key returns the key that kid names if the document allows it for p. The DID in kid may be
// either form of a did:peer:4. The error wraps crypto.ErrUnknownKey when the document has no
// such key for p.
func (d *Document) Key(kid URL, p crypto.Purpose) (crypto.PublicKey, error) {
	allowed := d.auth
	switch p {
	case crypto.Authentication:
	case crypto.KeyAgreement:
		allowed = d.agree
	default:
		return crypto.PublicKey{}, fmt.Errorf("key of %s: %w purpose %d", d.id.Short(), ErrInvalid, p)
	}
	i, ok := d.find(kid.Fragment)
	if !ok || kid.Path != "" || kid.Query != "" || !kid.DID.Same(d.id) || !slices.Contains(allowed, i) {
		return crypto.PublicKey{}, fmt.Errorf("%w: %s has no key #%s for this purpose",
			crypto.ErrUnknownKey, d.id.Short(), clip(kid.Fragment))
	}
	return d.methods[i].Key, nil
}

// Services returns all services in document order. Those of types other than DIDCommMessaging
// have no Endpoints.
func (d *Document) Services() []Service {
	out := slices.Clone(d.services)
	for i := range out {
		out[i].Endpoints = cloneEndpoints(out[i].Endpoints)
	}
	return out
}

// DIDComm returns the endpoints of all DIDCommMessaging services in document order, which is
// the order of preference (DIDComm v2.1, Service Endpoint).
func (d *Document) DIDComm() []Endpoint {
	var out []Endpoint
	for _, s := range d.services {
		out = append(out, cloneEndpoints(s.Endpoints)...)
	}
	return out
}

// Pins returns the fingerprints of the authentication and key agreement keys, sorted and each
// once. Two documents with equal pins have the same keys; comparing them with those seen first
// shows a changed key.
func (d *Document) Pins() [][32]byte {
	var pins [][32]byte
	for _, p := range d.pinned() {
		pins = append(pins, p.pin)
	}
	return pins
}

// PinKeys returns the authentication and key agreement keys of which Pins are the fingerprints,
// in the same order: sorted by fingerprint, each once.
func (d *Document) PinKeys() []crypto.PublicKey {
	var keys []crypto.PublicKey
	for _, p := range d.pinned() {
		keys = append(keys, p.key)
	}
	return keys
}

type pinnedKey struct {
	pin [32]byte
	key crypto.PublicKey
}

func (d *Document) pinned() []pinnedKey {
	var out []pinnedKey
	for _, i := range slices.Concat(d.auth, d.agree) {
		key := d.methods[i].Key
		out = append(out, pinnedKey{key.Fingerprint(), key})
	}
	slices.SortFunc(out, func(a, b pinnedKey) int { return bytes.Compare(a.pin[:], b.pin[:]) })
	return slices.CompactFunc(out, func(a, b pinnedKey) bool { return a.pin == b.pin })
}

// WithAliases returns a document in which Key also finds the key of fragment aliases[f] under
// the fragment f. DID methods whose older software names the same key differently need it. A
// name that the document itself uses wins, and an alias of nothing is left out. The lists of
// keys and the text stay as they are.
func (d *Document) WithAliases(aliases map[string]string) *Document {
	out := *d
	out.aliases = make(map[string]int, len(d.aliases)+len(aliases))
	maps.Copy(out.aliases, d.aliases)
	for alias, name := range aliases {
		i, known := d.find(name)
		if _, taken := d.find(alias); known && !taken {
			out.aliases[alias] = i
		}
	}
	return &out
}

// find returns the place in methods of the key with this fragment or alias. Documents have few keys: looking at
// each costs less than an index that is made for every document.
func (d *Document) find(fragment string) (int, bool) {
	if i, ok := find(d.methods, fragment); ok {
		return i, true
	}
	i, ok := d.aliases[fragment]
	return i, ok
}

func find(methods []VerificationMethod, fragment string) (int, bool) {
	for i := range methods {
		if methods[i].ID.Fragment == fragment {
			return i, true
		}
	}
	return 0, false
}
