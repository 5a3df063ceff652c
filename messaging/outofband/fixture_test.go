package outofband_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/outofband"
)

var (
	created = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	expires = created.Add(24 * time.Hour)
	sameDID = cmp.Comparer(func(a, b did.DID) bool { return a == b })
)

// full is an invitation with every member set.
func full() outofband.Invitation {
	return outofband.Invitation{
		ID: "i1", From: did.MustParse("did:example:alice"), Label: "Alice", GoalCode: "connect", Goal: "Let us talk",
		Accept: []string{"didcomm/v2"}, Addresses: []string{"/ip4/192.0.2.1/udp/4001/quic-v1", "/ip6/::1/tcp/4001"},
		Multi: true, Created: created, Expires: expires,
	}
}

// issue makes an invitation or ends the test.
func issue(t testing.TB, s *outofband.Issuer, inv outofband.Invitation) *outofband.Invitation {
	t.Helper()
	out, err := s.Issue(inv)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func plaintext(t testing.TB, inv *outofband.Invitation) []byte {
	t.Helper()
	b, err := inv.Plaintext()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// code returns the code of a refusal, "" for none, and else the error's text.
func code(err error) string {
	var r *messaging.Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &r):
		return r.Code
	}
	return err.Error()
}

// wallet makes a DID as a Parley wallet has it.
func wallet(t testing.TB) did.DID {
	t.Helper()
	keys := map[crypto.Curve]crypto.PublicKey{}
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.X25519} {
		k, err := crypto.GenerateKey(c)
		if err != nil {
			t.Fatal(err)
		}
		keys[c] = k.Public()
	}
	id, err := didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{keys[crypto.Ed25519]}, KeyAgreement: []crypto.PublicKey{keys[crypto.X25519]},
		Services: []did.Service{{ID: "#didcomm", Endpoints: []did.Endpoint{{
			URI:    "libp2p-peerId:12D3KooWQmQWXV4CkEkAKT3WFkJDhBdHZ7Ts1BbXcqGJ6QLxJkqn",
			Accept: []string{"didcomm/v2"},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
