package aries_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/key"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/aries"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/internal/vectors"
)

// refuses lists the curves whose did:key aries does not resolve.
var refuses = map[crypto.Curve]bool{crypto.X25519: true, crypto.Secp256k1: true}

// compare resolves id with aries and with ours. It returns false if aries refuses.
func compare(t *testing.T, id did.DID) bool {
	t.Helper()
	theirs, err := aries.New(key.New()).Resolve(context.Background(), id)
	ours, ourErr := didkey.Resolver{}.Resolve(context.Background(), id)
	if ourErr != nil {
		t.Errorf("%s: ours refuses: %v", id, ourErr)
		return err == nil
	}
	if err != nil {
		return false
	}
	if diff := cmp.Diff(byID(theirs.Authentication()), byID(ours.Authentication())); diff != "" {
		t.Errorf("%s authentication (- aries, + ours) %s", id, diff)
	}
	if diff := cmp.Diff(byID(theirs.KeyAgreement()), byID(ours.KeyAgreement())); diff != "" {
		t.Errorf("%s keyAgreement (- aries, + ours) %s", id, diff)
	}
	return true
}

func TestDIDKeyDifferential(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.X25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		for seed := byte(1); seed <= 20; seed++ {
			id, err := didkey.Create(public(t, c, seed))
			if err != nil {
				t.Fatal(err)
			}
			if got := compare(t, id); got == refuses[c] {
				t.Errorf("%v: aries resolves it: %t", c, got)
			}
		}
	}
}

func TestDIDKeyDifferentialOfSharedVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Positive []struct {
			DID   string `json:"did"`
			Curve string `json:"curve"`
		} `json:"positive"`
	}
	vectors.Load(t, "did-key/vectors.json", &file)
	agreed := 0
	for _, v := range file.Positive {
		resolved := compare(t, did.MustParse(v.DID))
		if want := v.Curve != "X25519" && v.Curve != "secp256k1"; resolved != want {
			t.Errorf("%s (%s): aries resolves it: %t", v.DID, v.Curve, resolved)
		}
		if resolved {
			agreed++
		}
	}
	if agreed != 12 {
		t.Errorf("aries and ours agree on %d of %d", agreed, len(file.Positive))
	}
}
