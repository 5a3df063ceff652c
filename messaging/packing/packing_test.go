package packing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/fromprior"
	"github.com/parley-im/parley/messaging/packing"
)

func at(s string) did.URL {
	u, err := did.ParseURL(s)
	if err != nil {
		panic(err)
	}
	return u
}

func hello(from, to did.DID) *messaging.Message {
	return &messaging.Message{ID: "1", Type: "https://example.org/hi/1.0/hi", From: from, To: []did.DID{to}, Body: jsontext.Value(`{"a":1}`)}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	docs := fixed{}
	alice := docs.add(t, "alice", "", crypto.X25519, crypto.P384)
	bob := docs.add(t, "bob", "", crypto.P384, crypto.P521, crypto.X25519, crypto.P384)
	packs, opens := packing.Packer{Keys: alice.ring, Resolver: docs}, packing.Packer{Keys: bob.ring, Resolver: docs}
	to := []did.URL{{DID: bob.id}}
	for name, tc := range map[string]struct {
		o                 packing.Options
		sender, recipient string
		recipients        int
		layers            string
	}{
		"anoncrypt":            {packing.Options{To: to}, "", "#agree-0", 2, "[anoncrypt]"},
		"anoncrypt A256GCM":    {packing.Options{To: to, Enc: envelope.A256GCM}, "", "#agree-0", 2, "[anoncrypt]"},
		"authcrypt":            {packing.Options{To: to, From: did.URL{DID: alice.id}}, "#agree-1", "#agree-0", 2, "[authcrypt]"},
		"authcrypt by one key": {packing.Options{To: to, From: at("did:example:alice#agree-0")}, "#agree-0", "#agree-2", 1, "[authcrypt]"},
		"to one key":           {packing.Options{To: []did.URL{at("did:example:bob#agree-2")}, From: did.URL{DID: alice.id}}, "#agree-0", "#agree-2", 1, "[authcrypt]"},
		"protected sender":     {packing.Options{To: to, From: did.URL{DID: alice.id}, ProtectSender: true}, "#agree-1", "#agree-0", 2, "[anoncrypt authcrypt]"},
		"signed":               {packing.Options{Signer: did.URL{DID: alice.id}}, "", "", 0, "[sign]"},
		"anoncrypt of signed":  {packing.Options{To: to, Signer: did.URL{DID: alice.id}}, "", "#agree-0", 2, "[anoncrypt sign]"},
		"authcrypt of signed":  {packing.Options{To: to, From: did.URL{DID: alice.id}, Signer: at("did:example:alice#sign")}, "#agree-1", "#agree-0", 2, "[authcrypt sign]"},
	} {
		packed, err := packs.Pack(t.Context(), hello(alice.id, bob.id), tc.o)
		if err != nil || len(packed) != 1 {
			t.Errorf("%s: pack: %v, %v", name, packed, err)
			continue
		}
		got, err := opens.Unpack(t.Context(), packed[0].Envelope, packing.UnpackOptions{})
		if err != nil {
			t.Errorf("%s: unpack: %v", name, err)
			continue
		}
		if fmt.Sprint(got.Layers) != tc.layers || !strings.HasSuffix(got.SenderKey, tc.sender) || (tc.sender == "") != (got.SenderKey == "") ||
			!strings.HasSuffix(got.RecipientKey, tc.recipient) || len(got.RecipientKIDs) != tc.recipients || got.Misaddressed || got.Message.ID != "1" {
			t.Errorf("%s: %+v", name, got)
		}
		if len(tc.o.To) > 0 && (packed[0].To != bob.id || packed[0].Endpoint.URI != "https://example.org/bob") {
			t.Errorf("%s: for %s at %s", name, packed[0].To, packed[0].Endpoint.URI)
		}
	}
}

func TestPackRefuses(t *testing.T) {
	t.Parallel()
	docs := fixed{}
	alice, bob := docs.add(t, "alice", "", crypto.X25519), docs.add(t, "bob", "", crypto.P256)
	p := packing.Packer{Keys: alice.ring, Resolver: docs}
	to, from := []did.URL{{DID: bob.id}}, did.URL{DID: alice.id}
	unaddressed := hello(alice.id, bob.id)
	unaddressed.To = nil
	for name, tc := range map[string]struct {
		m    *messaging.Message
		o    packing.Options
		want error
	}{
		"no curve in common":     {hello(alice.id, bob.id), packing.Options{To: to, From: from}, packing.ErrNoKey},
		"a key that is not":      {hello(alice.id, bob.id), packing.Options{To: []did.URL{at("did:example:bob#none")}}, packing.ErrNoKey},
		"a secret that is not":   {hello(bob.id, alice.id), packing.Options{To: []did.URL{{DID: alice.id}}, From: did.URL{DID: bob.id}}, packing.ErrNoKey},
		"a signer that is not":   {hello(bob.id, alice.id), packing.Options{Signer: did.URL{DID: bob.id}}, packing.ErrNoKey},
		"from somebody else":     {hello(bob.id, bob.id), packing.Options{To: to, From: from}, messaging.ErrMessage},
		"signed by another":      {hello(bob.id, bob.id), packing.Options{Signer: from}, messaging.ErrMessage},
		"signed, for nobody":     {unaddressed, packing.Options{To: to, Signer: from}, messaging.ErrMessage},
		"no type":                {&messaging.Message{ID: "1", From: alice.id}, packing.Options{Signer: from}, messaging.ErrMessage},
		"a recipient who is not": {hello(alice.id, bob.id), packing.Options{To: []did.URL{at("did:example:nobody")}}, did.ErrNotFound},
	} {
		if out, err := p.Pack(t.Context(), tc.m, tc.o); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, %v, want %v", name, out, err, tc.want)
		}
	}
}

// TestBindings is a table of every way in which a message can contradict its envelope.
func TestBindings(t *testing.T) {
	t.Parallel()
	docs := fixed{}
	alice, bob := docs.add(t, "alice", "", crypto.X25519), docs.add(t, "bob", "", crypto.X25519)
	mallory := docs.add(t, "mallory", "", crypto.X25519)
	opens := packing.Packer{Keys: bob.ring, Resolver: docs}
	key := func(p person, name string) envelope.Recipient {
		m := docs[p.id].KeyAgreement()[0]
		return envelope.Recipient{KID: p.id.String() + "#" + name, Key: m.Key}
	}
	toBob := []envelope.Recipient{key(bob, "agree-0")}
	for name, tc := range map[string]struct {
		payload string
		by      person
		o       envelope.Options
		want    error // nil: taken
	}{
		"as it should be": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:bob"]}`, alice,
			envelope.Options{To: toBob, From: "did:example:alice#agree-0"}, nil},
		"from another": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:bob"]}`, mallory,
			envelope.Options{To: toBob, From: "did:example:mallory#agree-0"}, packing.ErrBinding},
		"from nobody": {`{"id":"1","type":"a/b/1.0/c","to":["did:example:bob"]}`, mallory,
			envelope.Options{To: toBob, From: "did:example:mallory#agree-0"}, packing.ErrBinding},
		"signed by another": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:bob"]}`, mallory,
			envelope.Options{To: toBob, Signer: "did:example:mallory#sign"}, packing.ErrBinding},
		"signed by another, openly": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:bob"]}`, mallory,
			envelope.Options{Signer: "did:example:mallory#sign"}, packing.ErrBinding},
		"signed for another": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:carol"]}`, alice,
			envelope.Options{To: toBob, Signer: "did:example:alice#sign"}, packing.ErrBinding},
		"signed for nobody": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice"}`, alice,
			envelope.Options{To: toBob, Signer: "did:example:alice#sign"}, packing.ErrBinding},
		"anonymous": {`{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:bob"]}`, mallory,
			envelope.Options{To: toBob}, nil},
	} {
		sealed, err := envelope.Seal(t.Context(), tc.by.ring, []byte(tc.payload), tc.o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := opens.Unpack(t.Context(), sealed, packing.UnpackOptions{})
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, tc.want)
		}
		if name == "anonymous" && (got.SenderKey != "" || got.SignerKey != "") {
			t.Errorf("%s proves %+v", name, got.Proof)
		}
	}
	misaddressed := `{"id":"1","type":"a/b/1.0/c","from":"did:example:alice","to":["did:example:carol"]}`
	sealed, err := envelope.Seal(t.Context(), alice.ring, []byte(misaddressed), envelope.Options{To: toBob, From: "did:example:alice#agree-0"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := opens.Unpack(t.Context(), sealed, packing.UnpackOptions{}); err != nil || !got.Misaddressed {
		t.Errorf("for another, not signed: %+v, %v: it is flagged", got, err)
	}
}

func TestForward(t *testing.T) {
	t.Parallel()
	docs := fixed{}
	mediator := docs.add(t, "mediator", "", crypto.X25519)
	alice := docs.add(t, "alice", "", crypto.X25519)
	bob := docs.add(t, "bob", `"did:example:mediator","did:example:bob#agree-1"`, crypto.X25519, crypto.P256)
	packed, err := packing.Packer{Keys: alice.ring, Resolver: docs}.Pack(t.Context(), hello(alice.id, bob.id),
		packing.Options{To: []did.URL{{DID: bob.id}}, From: did.URL{DID: alice.id}, Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	passed, err := packing.Packer{Keys: mediator.ring, Resolver: docs}.Unpack(t.Context(), packed[0].Envelope, packing.UnpackOptions{})
	if err != nil || passed.Forwards != 0 || len(passed.Message.Attachments) != 1 {
		t.Fatalf("the mediator: %+v, %v", passed, err)
	}
	// What reaches Bob is wrapped once more, for a key of his own.
	got, err := packing.Packer{Keys: bob.ring, Resolver: docs}.Unpack(t.Context(), passed.Message.Attachments[0].Data.JSON, packing.UnpackOptions{})
	if err != nil || got.Forwards != 1 || got.SenderKey != "did:example:alice#agree-0" {
		t.Errorf("bob: %+v, %v", got, err)
	}
}

func TestFromPrior(t *testing.T) {
	t.Parallel()
	docs := fixed{}
	old, next := docs.add(t, "old", "", crypto.X25519), docs.add(t, "new", "", crypto.X25519)
	bob := docs.add(t, "bob", "", crypto.X25519)
	token, err := fromprior.Create(t.Context(), old.ring, "did:example:old#sign", fromprior.Prior{Issuer: old.id, Subject: next.id})
	if err != nil {
		t.Fatal(err)
	}
	packs, opens := packing.Packer{Keys: next.ring, Resolver: docs}, packing.Packer{Keys: bob.ring, Resolver: docs}
	for name, tc := range map[string]struct {
		header string
		o      packing.Options
		taken  bool
	}{
		"encrypted":     {fmt.Sprintf("%q", token), packing.Options{To: []did.URL{{DID: bob.id}}, From: did.URL{DID: next.id}}, true},
		"only signed":   {fmt.Sprintf("%q", token), packing.Options{Signer: did.URL{DID: next.id}}, false},
		"cut":           {fmt.Sprintf("%q", token[:len(token)-8]), packing.Options{To: []did.URL{{DID: bob.id}}, From: did.URL{DID: next.id}}, false},
		"not a string":  {`{"iss":"x"}`, packing.Options{To: []did.URL{{DID: bob.id}}, From: did.URL{DID: next.id}}, false},
		"not a token":   {`"x"`, packing.Options{To: []did.URL{{DID: bob.id}}}, false},
		"null is there": {`null`, packing.Options{To: []did.URL{{DID: bob.id}}}, false},
	} {
		m := hello(next.id, bob.id)
		m.Extra = map[string]jsontext.Value{fromprior.Header: jsontext.Value(tc.header)}
		packed, err := packs.Pack(t.Context(), m, tc.o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := opens.Unpack(t.Context(), packed[0].Envelope, packing.UnpackOptions{})
		if tc.taken && (err != nil || got.Prior == nil || got.Prior.Issuer != old.id) || !tc.taken && !errors.Is(err, fromprior.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
