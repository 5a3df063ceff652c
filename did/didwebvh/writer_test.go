package didwebvh_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

// object is a JSON object in the making.
type object = map[string]any

// start is the time of every log's first entry; each later one is a day younger. now is a year later.
var start = time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return start.AddDate(1, 0, 0) }

// signer is a key that signs entries or approves of them.
type signer struct {
	private  crypto.PrivateKey
	multikey string
}

func newSigner(t testing.TB) signer {
	t.Helper()
	k, err := crypto.GenerateKey(crypto.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return signer{k, k.Public().Multikey()}
}

func (s signer) did() string { return "did:key:" + s.multikey }

// canonical marshals v in canonical form by another library than the resolver's.
func canonical(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	value := jsontext.Value(text)
	if err := value.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return value
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return base58.Encode(append([]byte{0x12, 0x20}, sum[:]...))
}

// prove adds s's proof over body, which has none.
func (s signer) prove(t testing.TB, body any, options object) object {
	t.Helper()
	proof := object{
		"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
		"verificationMethod": s.did() + "#" + s.multikey, "created": start.Format(time.RFC3339),
	}
	maps.Copy(proof, options)
	first, second := sha256.Sum256(canonical(t, proof)), sha256.Sum256(canonical(t, body))
	signature, err := s.private.Sign(append(first[:], second[:]...))
	if err != nil {
		t.Fatal(err)
	}
	proof["proofValue"] = "z" + base58.Encode(signature)
	return proof
}

// change says how an entry differs from the plain next one. Each function may change what it is given.
type change struct {
	params  object
	state   func(state object)
	entry   func(entry object)             // before the hash is taken
	rehash  func(entry object)             // after it, before signing
	proof   object                         // options that differ
	signers []signer                       // nil: the writer's own
	sealed  func(entry object)             // after signing
	line    func(text string) (new string) // after marshalling
}

// writer writes a log, and a witness file beside it.
type writer struct {
	t         testing.TB
	own       signer
	host      string // what follows the SCID in the DID
	scid      string
	lines     []string
	last      string // versionId
	state     object
	witnessed []object
}

const host = "example.com:people:ada"

// newWriter starts a log with one entry.
func newWriter(t testing.TB, c change) *writer {
	t.Helper()
	w := &writer{t: t, own: newSigner(t), host: host}
	agreement, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		t.Fatal(err)
	}
	id := "did:webvh:{SCID}:" + w.host
	w.state = object{
		"@context": []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":       id,
		"verificationMethod": []object{
			{"id": id + "#sign", "type": "Multikey", "controller": id, "publicKeyMultibase": w.own.multikey},
			{"id": id + "#agree", "type": "Multikey", "controller": id, "publicKeyMultibase": agreement.Public().Multikey()},
		},
		"authentication": []string{id + "#sign"},
		"keyAgreement":   []string{id + "#agree"},
	}
	params := object{"method": "did:webvh:1.0", "scid": "{SCID}", "updateKeys": []string{w.own.multikey}}
	maps.Copy(params, c.params)
	c.params = params
	w.add(c)
	return w
}

func (w *writer) did() did.DID { return did.MustParse("did:webvh:" + w.scid + ":" + w.host) }

// add writes the next entry. The first one gets its SCID here.
func (w *writer) add(c change) *writer {
	w.t.Helper()
	if c.params == nil {
		c.params = object{}
	}
	if c.state != nil {
		c.state(w.state)
	}
	entry := object{
		"versionId":   "{SCID}",
		"versionTime": start.AddDate(0, 0, len(w.lines)).Format(time.RFC3339),
		"parameters":  c.params,
		"state":       w.state,
	}
	if len(w.lines) > 0 {
		entry["versionId"] = w.last
	}
	if c.entry != nil {
		c.entry(entry)
	}
	if len(w.lines) == 0 {
		w.scid = hash(canonical(w.t, entry))
		entry = w.filled(entry)
		w.state = w.filled(w.state)
	}
	entry["versionId"] = fmt.Sprintf("%d-%s", len(w.lines)+1, hash(canonical(w.t, entry)))
	if c.rehash != nil {
		c.rehash(entry)
	}
	signers := c.signers
	if signers == nil {
		signers = []signer{w.own}
	}
	var proofs []object
	for _, s := range signers {
		proofs = append(proofs, s.prove(w.t, entry, c.proof))
	}
	w.last = entry["versionId"].(string)
	entry["proof"] = proofs
	if c.sealed != nil {
		c.sealed(entry)
	}
	text, err := json.Marshal(entry)
	if err != nil {
		w.t.Fatal(err)
	}
	line := string(text)
	if c.line != nil {
		line = c.line(line)
	}
	w.lines = append(w.lines, line)
	return w
}

// filled returns o with the SCID in all its places.
func (w *writer) filled(o object) object {
	w.t.Helper()
	text := strings.ReplaceAll(string(canonical(w.t, o)), "{SCID}", w.scid)
	var out object
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// approve adds proofs over the last entry to the witness file.
func (w *writer) approve(by ...signer) *writer {
	w.t.Helper()
	body := object{"versionId": w.last}
	var proofs []object
	for _, s := range by {
		proofs = append(proofs, s.prove(w.t, body, nil))
	}
	w.witnessed = append(w.witnessed, object{"versionId": w.last, "proof": proofs})
	return w
}

func (w *writer) log() string { return strings.Join(w.lines, "\n") + "\n" }

// files are what the hosts of a test have, by URL.
type files map[string]string

// Fetch implements did.Fetcher.
func (f files) Fetch(_ context.Context, url string, limit int, _ ...string) ([]byte, error) {
	text, ok := f[url]
	if !ok {
		return nil, fmt.Errorf("%w: %s", did.ErrNotFound, url)
	}
	if len(text) > limit {
		return nil, errors.New("the resolver asked for less than this")
	}
	return []byte(text), nil
}

// host returns the files of w.
func (w *writer) files() files {
	url, err := didwebvh.URL(w.did())
	if err != nil {
		w.t.Fatal(err)
	}
	f := files{url: w.log()}
	if w.witnessed != nil {
		f[strings.Replace(url, "did.jsonl", "did-witness.json", 1)] = string(canonical(w.t, w.witnessed))
	}
	return f
}

func (w *writer) resolve() (*did.Document, error) {
	return didwebvh.Resolver{Fetch: w.files(), Now: now}.Resolve(w.t.Context(), w.did())
}

// witnesses is the parameter that asks threshold of by to approve.
func witnesses(threshold int, by ...signer) object {
	var list []object
	for _, s := range by {
		list = append(list, object{"id": s.did()})
	}
	return object{"witness": object{"threshold": threshold, "witnesses": list}}
}
