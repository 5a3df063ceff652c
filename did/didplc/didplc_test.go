package didplc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didplc"
)

// reference is a log of testdata/logs.json, which testdata/generate.mjs made with the reference implementation.
type reference struct {
	Name, DID, Last string
	Document        *struct {
		AlsoKnownAs        []string
		VerificationMethod []struct{ ID, PublicKeyMultibase string }
		Service            []struct{ ID, Type, ServiceEndpoint string }
	}
	Log []json.RawMessage
}

func references(t testing.TB) []reference {
	t.Helper()
	text, err := os.ReadFile("testdata/logs.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []reference
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) < 8 {
		t.Fatalf("only %d logs", len(out))
	}
	return out
}

// TestReferenceLogs resolves what the reference implementation wrote and compares with the document it makes.
func TestReferenceLogs(t *testing.T) {
	t.Parallel()
	for _, r := range references(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(r.Log)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := resolve(t, did.MustParse(r.DID), text)
			if r.Document == nil {
				if !errors.Is(err, did.ErrDeactivated) {
					t.Fatalf("a tombstone: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%d-%s", len(r.Log), r.Last); doc.Version() != want || doc.ID().String() != r.DID {
				t.Errorf("%s version %s, want %s", doc.ID(), doc.Version(), want)
			}
			r.compare(t, doc)
		})
	}
}

// compare looks for the same names, keys, services and aliases. The reference writes keys as uncompressed points
// under older type names, and relative ids.
func (r reference) compare(t *testing.T, doc *did.Document) {
	t.Helper()
	want, got := map[string]string{}, map[string]string{}
	for _, m := range r.Document.VerificationMethod {
		point, err := base58.Decode(m.PublicKeyMultibase[1:])
		if err != nil {
			t.Fatal(err)
		}
		want[r.DID+m.ID] = fmt.Sprintf("%x", point)
	}
	for _, m := range doc.Methods() {
		got[m.ID.String()] = fmt.Sprintf("%x", m.Key.Bytes())
	}
	for _, s := range r.Document.Service {
		want[r.DID+s.ID] = s.Type
	}
	for _, s := range doc.Services() {
		got[s.ID] = s.Type
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var text struct{ AlsoKnownAs []string }
	if err := json.Unmarshal(doc.JSON(), &text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Document.AlsoKnownAs, text.AlsoKnownAs); diff != "" {
		t.Error(diff)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	top := key(t, crypto.P256, 1)
	names := map[string]crypto.PrivateKey{
		"atproto": key(t, crypto.P256, 2), "atproto_label": key(t, crypto.P256, 3), "b": key(t, crypto.X25519, 4),
		"a": key(t, crypto.Ed25519, 5), "c": key(t, crypto.P256, 6), "d": key(t, crypto.Secp256k1, 7), "not a name": key(t, crypto.P256, 8),
		"#x": key(t, crypto.P256, 8), "": key(t, crypto.P256, 8),
	}
	methods := object{"other": "did:key:zUC7unknown", "web": "did:web:example.com"}
	for name, k := range names {
		methods[name] = didKey(k)
	}
	log := (&audit{t: t}).add(0, sign(t, top, change(update(top), object{
		"verificationMethods": methods,
		"alsoKnownAs":         []any{"at://é.example", "did:web:example.com"},
		"services": object{
			"z-home": object{"type": "DIDCommMessaging", "endpoint": "https://example.com/home"},
			"a-work": object{"type": "DIDCommMessaging", "endpoint": "did:web:relay.example"},
			"pds":    object{"type": "AtprotoPersonalDataServer", "endpoint": "https://pds.example"},
			"no id":  object{"type": "DIDCommMessaging", "endpoint": "https://example.com/no"},
		},
	})))
	doc, err := resolve(t, log.id(), log.text())
	if err != nil {
		t.Fatal(err)
	}
	list := func(ms []did.VerificationMethod) []string {
		var out []string
		for _, m := range ms {
			if name := m.ID.Fragment; !m.Key.Equal(names[name].Public()) || m.Controller != log.id() || m.Type != "Multikey" {
				t.Errorf("the method %s is not what its owner published", m.ID)
			}
			out = append(out, m.ID.Fragment)
		}
		return out
	}
	if diff := cmp.Diff([]string{"a", "atproto", "atproto_label", "b", "c", "d"}, list(doc.Methods())); diff != "" {
		t.Error("methods", diff)
	}
	if diff := cmp.Diff([]string{"a", "atproto", "atproto_label", "c", "d"}, list(doc.Authentication())); diff != "" {
		t.Error("authentication", diff)
	}
	if diff := cmp.Diff([]string{"b", "c"}, list(doc.KeyAgreement())); diff != "" {
		t.Error("key agreement", diff)
	}
	want := []did.Endpoint{{URI: "did:web:relay.example"}, {URI: "https://example.com/home"}}
	if diff := cmp.Diff(want, doc.DIDComm()); diff != "" {
		t.Error("endpoints", diff)
	}
	if diff := cmp.Diff([]string{"did:web:example.com"}, []string{doc.AlsoKnownAs()[0].String()}); diff != "" || len(doc.AlsoKnownAs()) != 1 {
		t.Error("aliases", diff)
	}
	if doc.ID() != log.id() || doc.Version() != log.version(0) {
		t.Errorf("%s, version %s", doc.ID(), doc.Version())
	}
	if strings.Contains(string(doc.JSON()), top.Public().Multikey()) {
		t.Error("the rotation key stands in the document")
	}
}

func TestTheDocumentDoesNotDependOnTheDirectorysOrder(t *testing.T) {
	t.Parallel()
	k := key(t, crypto.P256, 1)
	log := (&audit{t: t}).add(0, sign(t, k, change(update(k), object{"verificationMethods": object{
		"one": didKey(k), "two": didKey(key(t, crypto.X25519, 2)),
	}})))
	turned := (&audit{t: t}).add(0, log.lines[0]["operation"].(object))
	turned.lines[0]["operation"] = change(turned.lines[0]["operation"].(object), object{
		"verificationMethods": json.RawMessage(fmt.Sprintf(`{"two":%q,"one":%q}`, didKey(key(t, crypto.X25519, 2)), didKey(k))),
	})
	a, err := resolve(t, log.id(), log.text())
	if err != nil {
		t.Fatal(err)
	}
	b, err := resolve(t, log.id(), turned.text())
	if err != nil {
		t.Fatal(err)
	}
	if string(turned.text()) == string(log.text()) || string(a.JSON()) != string(b.JSON()) {
		t.Errorf("%s and %s", a.JSON(), b.JSON())
	}
}

func TestAsking(t *testing.T) {
	t.Parallel()
	r := references(t)[0]
	text, err := json.Marshal(r.Log)
	if err != nil {
		t.Fatal(err)
	}
	for base, want := range map[string]string{
		"https://plc.example":           "https://plc.example/" + r.DID + "/log/audit",
		"https://plc.example/":          "https://plc.example/" + r.DID + "/log/audit",
		"https://host.example:8443/plc": "https://host.example:8443/plc/" + r.DID + "/log/audit",
	} {
		f := &fetched{text: text}
		if _, err := (didplc.Resolver{Directory: base, Fetch: f}).Resolve(t.Context(), did.MustParse(r.DID)); err != nil {
			t.Fatal(err)
		}
		if f.url != want || f.limit != 1<<20 || !slices.Equal(f.types, []string{"application/json"}) {
			t.Errorf("asked %s, %d bytes, %v; want %s", f.url, f.limit, f.types, want)
		}
	}
}

// TestUnasked: what is wrong before any question is told without asking.
func TestUnasked(t *testing.T) {
	t.Parallel()
	const good = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	for name, test := range map[string]struct {
		id, directory string
		noFetch       bool
		kind          error
	}{
		"other method":     {id: "did:web:example.com", directory: directory, kind: did.ErrMethod},
		"no directory":     {id: good, kind: did.ErrMethod},
		"no fetcher":       {id: good, directory: directory, noFetch: true, kind: did.ErrMethod},
		"http":             {id: good, directory: "http://plc.example", kind: did.ErrInvalid},
		"no scheme":        {id: good, directory: "plc.example", kind: did.ErrInvalid},
		"no host":          {id: good, directory: "https:///plc", kind: did.ErrInvalid},
		"userinfo":         {id: good, directory: "https://a:b@plc.example", kind: did.ErrInvalid},
		"query":            {id: good, directory: "https://plc.example?", kind: did.ErrInvalid},
		"fragment":         {id: good, directory: "https://plc.example/#", kind: did.ErrInvalid},
		"too short":        {id: good[:31], directory: directory, kind: did.ErrInvalid},
		"too long":         {id: good + "a", directory: directory, kind: did.ErrInvalid},
		"upper case":       {id: "did:plc:EWVI7nxzyoun6zhxrhs64oiz", directory: directory, kind: did.ErrInvalid},
		"digits not in it": {id: "did:plc:1wvi7nxzyoun6zhxrhs64oiz", directory: directory, kind: did.ErrInvalid},
		"path in it":       {id: "did:plc:ewvi7nxzyoun6zhxrhs64%2f", directory: directory, kind: did.ErrInvalid},
		"segments":         {id: "did:plc:ewvi7nxzyoun:zhxrhs64oiz", directory: directory, kind: did.ErrInvalid},
	} {
		f := &fetched{err: errors.New("asked")}
		r := didplc.Resolver{Directory: test.directory, Fetch: f}
		if test.noFetch {
			r.Fetch = nil
		}
		if _, err := r.Resolve(t.Context(), did.MustParse(test.id)); !errors.Is(err, test.kind) {
			t.Errorf("%s: %v, want %v", name, err, test.kind)
		}
		if f.url != "" {
			t.Errorf("%s: asked %s", name, f.url)
		}
	}
}

func TestFetchErrorsStay(t *testing.T) {
	t.Parallel()
	id := did.MustParse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	for _, want := range []error{did.ErrNotFound, did.ErrUnsafe, errors.New("no route")} {
		r := didplc.Resolver{Directory: directory, Fetch: &fetched{err: want}}
		if _, err := r.Resolve(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("%v became %v", want, err)
		}
	}
}

// TestSeen: the log must go on from where it was seen.
func TestSeen(t *testing.T) {
	t.Parallel()
	top, low := key(t, crypto.P256, 1), key(t, crypto.Secp256k1, 2)
	op := update(top, low)
	log := (&audit{t: t}).add(0, sign(t, low, op)).
		next(1, 0, change(op, object{"alsoKnownAs": []any{"at://thief.example"}}), low).
		next(2, 0, op, top).null(1)
	other := (&audit{t: t}).add(0, sign(t, low, op)).next(1, 0, change(op, object{"alsoKnownAs": []any{"at://x.example"}}), low)
	failed := errors.New("disk")
	for name, test := range map[string]struct {
		version string
		err     error
		want    error
	}{
		"never":            {},
		"the first":        {version: log.version(0)},
		"undone since":     {version: log.version(1)},
		"the last":         {version: log.version(2)},
		"another there":    {version: other.version(1), want: did.ErrRewritten},
		"another number":   {version: "2-" + log.lines[2]["cid"].(string), want: did.ErrRewritten},
		"more than shown":  {version: "4-" + log.lines[2]["cid"].(string), want: did.ErrRewritten},
		"cannot say":       {err: failed, want: failed},
		"a prefix of it":   {version: log.version(2)[:20], want: did.ErrRewritten},
		"something follow": {version: log.version(2) + "x", want: did.ErrRewritten},
	} {
		r := didplc.Resolver{
			Directory: directory, Fetch: &fetched{text: log.text()},
			Seen: func(_ context.Context, id did.DID) (string, error) {
				if id != log.id() {
					t.Errorf("%s: asked about %s", name, id)
				}
				return test.version, test.err
			},
		}
		doc, err := r.Resolve(t.Context(), log.id())
		if !errors.Is(err, test.want) || (err == nil) != (doc != nil) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if err == nil && doc.Version() != log.version(2) {
			t.Errorf("%s: version %s", name, doc.Version())
		}
	}
	for _, version := range []string{"x", "2", "0-bafy", "-1-bafy", "2-", "QmX-2"} {
		seen := func(context.Context, did.DID) (string, error) { return version, nil }
		_, err := didplc.Resolver{Directory: directory, Fetch: &fetched{text: log.text()}, Seen: seen}.Resolve(t.Context(), log.id())
		if err == nil || errors.Is(err, did.ErrRewritten) || errors.Is(err, did.ErrInvalid) {
			t.Errorf("a version %q in our own memory: %v", version, err)
		}
	}
}

// TestSeenBeforeTombstone: a rewritten log is reported as such even when it ends in a tombstone.
func TestSeenBeforeTombstone(t *testing.T) {
	t.Parallel()
	k := key(t, crypto.P256, 1)
	log := (&audit{t: t}).add(0, sign(t, k, update(k))).next(1, 0, object{"type": "plc_tombstone"}, k)
	for version, want := range map[string]error{"": did.ErrDeactivated, log.version(1): did.ErrDeactivated, "3-bafy": did.ErrRewritten} {
		seen := func(context.Context, did.DID) (string, error) { return version, nil }
		_, err := didplc.Resolver{Directory: directory, Fetch: &fetched{text: log.text()}, Seen: seen}.Resolve(t.Context(), log.id())
		if !errors.Is(err, want) {
			t.Errorf("seen %q: %v, want %v", version, err, want)
		}
	}
}

func TestContextEndsTheWork(t *testing.T) {
	t.Parallel()
	k := key(t, crypto.P256, 1)
	log := (&audit{t: t}).add(0, sign(t, k, update(k)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := didplc.Resolver{Directory: directory, Fetch: &fetched{text: log.text()}}.Resolve(ctx, log.id())
	if !errors.Is(err, context.Canceled) || errors.Is(err, did.ErrInvalid) {
		t.Error(err)
	}
}
