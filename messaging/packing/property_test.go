package packing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging/packing"
)

// TestWhatOpensIsBound seals messages whose headers, keys and recipients need not agree, as an attacker with keys
// of his own can, and holds whatever Unpack takes to every binding of DIDComm v2.1.
func TestWhatOpensIsBound(t *testing.T) {
	t.Parallel()
	docs := fixed{}
	names := []string{"alice", "bob", "mallory"}
	people := map[string]person{}
	for _, name := range names {
		people[name] = docs.add(t, name, "", crypto.X25519)
	}
	opens := packing.Packer{Keys: people["bob"].ring, Resolver: docs}
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.SampledFrom(append(names, "")).Draw(t, "from")
		to := rapid.SliceOfN(rapid.SampledFrom(names), 0, 2).Draw(t, "to")
		sender := rapid.SampledFrom(append(names, "")).Draw(t, "sender key")
		signer := rapid.SampledFrom(append(names, "")).Draw(t, "signer key")
		recipient := rapid.SampledFrom(names).Draw(t, "recipient key")
		encrypted := rapid.Bool().Draw(t, "encrypted")
		sealed, ok := sealFor(t, docs, people, from, to, sender, signer, recipient, encrypted)
		if !ok {
			return // no such layers
		}
		got, err := opens.Unpack(t.Context(), sealed, packing.UnpackOptions{})
		if err != nil {
			if !errors.Is(err, packing.ErrBinding) && !errors.Is(err, envelope.ErrNotForUs) &&
				!errors.Is(err, envelope.ErrMalformed) {
				t.Fatalf("refused for another reason: %v", err)
			}
			return
		}
		taken++
		if err := bound(got); err != nil {
			t.Fatal(err)
		}
	})
	if taken == 0 {
		t.Error("nothing was taken: the property says nothing")
	}
}

// sealFor seals with one layer for each key that is named; false if Seal has no such layers.
func sealFor(t *rapid.T, docs fixed, people map[string]person, from string, to []string, sender, signer, recipient string, encrypted bool) ([]byte, bool) {
	payload := `{"id":"1","type":"https://example.org/a/1.0/b"`
	if from != "" {
		payload += fmt.Sprintf(`,"from":"did:example:%s"`, from)
	}
	if len(to) > 0 {
		payload += `,"to":["did:example:` + strings.Join(to, `","did:example:`) + `"]`
	}
	payload += "}"
	var o envelope.Options
	by := people["mallory"]
	if encrypted {
		id := people[recipient].id
		o.To = []envelope.Recipient{{KID: id.String() + "#agree-0", Key: docs[id].KeyAgreement()[0].Key}}
		if sender != "" {
			by = people[sender]
			o.From = by.id.String() + "#agree-0"
		}
	}
	if signer != "" {
		if o.From != "" && signer != sender {
			return nil, false // Seal refuses to make it; the forging tests of package envelope do
		}
		by = people[signer]
		o.Signer = by.id.String() + "#sign"
	}
	sealed, err := envelope.Seal(t.Context(), by.ring, []byte(payload), o)
	return sealed, err == nil
}

// bound checks every binding between a message and its envelope.
func bound(u *packing.Unpacked) error {
	m := u.Message
	for _, kid := range []string{u.SenderKey, u.SignerKey} {
		if k, err := did.ParseURL(kid); kid != "" && (err != nil || m.From.IsZero() || !k.DID.Same(m.From)) {
			return fmt.Errorf("from %q, proved by %q", m.From, kid)
		}
	}
	if u.RecipientKey == "" {
		return nil
	}
	us, err := did.ParseURL(u.RecipientKey)
	if err != nil || us.DID.String() != "did:example:bob" || !slices.Contains(u.RecipientKIDs, u.RecipientKey) {
		return fmt.Errorf("opened by %q of %v", u.RecipientKey, u.RecipientKIDs)
	}
	named := slices.ContainsFunc(m.To, us.DID.Same)
	if u.SignerKey != "" && !named {
		return fmt.Errorf("signed for %v, and opened by %q", m.To, us.DID)
	}
	if want := !named && len(m.To) > 0; u.Misaddressed != want {
		return fmt.Errorf("to %v is flagged: %v", m.To, u.Misaddressed)
	}
	return nil
}
