package didwebvh_test

import (
	"strings"
	"testing"

	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

// proofs changes the proofs of an entry after it was signed.
func proofs(f func(ps []object) any) change {
	return change{sealed: func(e object) { e["proof"] = f(e["proof"].([]object)) }}
}

// altered changes one member of the proof after signing.
func altered(name string, value any) change {
	return proofs(func(ps []object) any { ps[0][name] = value; return ps })
}

func TestBrokenProof(t *testing.T) {
	t.Parallel()
	stranger := newSigner(t)
	nist, err := crypto.GenerateKey(crypto.P256)
	if err != nil {
		t.Fatal(err)
	}
	nistKey := nist.Public().Multikey()
	signed := func(name string, value any) change { return change{proof: object{name: value}} }
	offCurve := "z" + base58.Encode(append([]byte{0xed, 1}, append([]byte{2}, make([]byte, 31)...)...))
	const badMethod = "is not did:key:K#K"
	refuse(t, did.ErrInvalid, map[string]refusal{
		"none":                     {next(change{sealed: drop("proof")}), "proof: 0 of them"},
		"null":                     {next(change{sealed: set("proof", nil)}), "proof: 0 of them"},
		"empty":                    {next(change{sealed: set("proof", []object{})}), "proof: 0 of them"},
		"a string":                 {next(change{sealed: set("proof", "x")}), "proof: 0 of them"},
		"of strings":               {next(change{sealed: set("proof", []string{"x"})}), "proof 1: "},
		"nine":                     {next(proofs(func(ps []object) any { return many(ps[0], didwebvh.MaxProofs+1) })), "proof: 9 of them"},
		"sixty-five":               {next(proofs(func(ps []object) any { return many(ps[0], didwebvh.MaxKeys+1) })), "more than"},
		"by a stranger":            {next(change{signers: []signer{stranger}}), "not among the active updateKeys"},
		"also by a stranger":       {ownAnd(stranger), "proof 2: key"},
		"a second that is altered": {next(proofs(func(ps []object) any { return []object{ps[0], with(ps[0], "created", "now")} })), "proof 2: signature"},
		"of the entry before":      {replayed, "proof 1: signature"},
		"type":                     {next(signed("type", "Ed25519Signature2020")), "type"},
		"cryptosuite":              {next(signed("cryptosuite", "eddsa-rdfc-2022")), "cryptosuite"},
		"cryptosuite renamed":      {next(altered("cryptosuite", "eddsa-rdfc-2022")), "cryptosuite"},
		"purpose":                  {next(signed("proofPurpose", "authentication")), "proofPurpose"},
		"no purpose":               {next(proofs(func(ps []object) any { delete(ps[0], "proofPurpose"); return ps })), "proofPurpose"},
		"created altered":          {next(altered("created", "2025-01-01T00:00:00Z")), "signature"},
		"member added":             {next(altered("nonce", "x")), "signature"},
		"member removed":           {next(proofs(func(ps []object) any { delete(ps[0], "created"); return ps })), "signature"},
		"context":                  {next(signed("@context", "https://www.w3.org/ns/did/v1")), "@context"},
		"null context":             {next(signed("@context", nil)), "@context"},
		"expired":                  {next(signed("expires", "2025-06-01T00:00:00Z")), "expired"},
		"expires some day":         {next(signed("expires", "some day")), "expires"},
		"expires null":             {next(signed("expires", nil)), "expires"},
		"no value":                 {next(proofs(func(ps []object) any { delete(ps[0], "proofValue"); return ps })), "proofValue"},
		"value in base64":          {next(altered("proofValue", "u"+strings.Repeat("A", 86))), "proofValue"},
		"value short":              {next(altered("proofValue", "z"+base58.Encode(make([]byte, 63)))), "64 bytes"},
		"value long":               {next(altered("proofValue", "z"+base58.Encode(make([]byte, 65)))), "64 bytes"},
		"value endless":            {next(altered("proofValue", "z"+strings.Repeat("2", 60000))), "proofValue"},
		"value zero":               {next(altered("proofValue", "z"+base58.Encode(make([]byte, 64)))), "signature"},
		"value not base58":         {next(altered("proofValue", "z"+strings.Repeat("0", 88))), "proofValue"},
		"key bare":                 {next(signed("verificationMethod", stranger.did())), badMethod},
		"key without a DID":        {next(signed("verificationMethod", stranger.multikey+"#"+stranger.multikey)), badMethod},
		"key of did:web":           {next(signed("verificationMethod", "did:web:example.com#key-1")), badMethod},
		"key of P-256":             {next(signed("verificationMethod", "did:key:"+nistKey+"#"+nistKey)), badMethod},
		"key not on the curve":     {hopeless(offCurve), "proof 1: "},
		"halves of two keys":       {twoHalves(stranger), badMethod},
		"other halves of two keys": {twoHalvesTurned(stranger), badMethod},
		"key a number":             {next(signed("verificationMethod", 1)), "verificationMethod"},
	})
}

func many(p object, n int) []object {
	ps := make([]object, n)
	for i := range ps {
		ps[i] = p
	}
	return ps
}

func ownAnd(other signer) func(*testing.T) *writer {
	return func(t *testing.T) *writer {
		w := newWriter(t, change{})
		return w.add(change{signers: []signer{w.own, other}})
	}
}

// replayed takes the proof of the first entry for the second.
func replayed(t *testing.T) *writer {
	var before any
	w := newWriter(t, change{sealed: func(e object) { before = e["proof"] }})
	return w.add(change{sealed: func(e object) { e["proof"] = before }})
}

// hopeless lists a key that is no point on the curve and claims its signature.
func hopeless(key string) func(*testing.T) *writer {
	return func(t *testing.T) *writer {
		w := newWriter(t, change{}).add(change{params: object{"updateKeys": []string{key}}})
		return w.add(altered("verificationMethod", "did:key:"+key+"#"+key))
	}
}

// twoHalves names the allowed key and signs with another, which the DID half names.
func twoHalves(s signer) func(*testing.T) *writer {
	return func(t *testing.T) *writer {
		w := newWriter(t, change{})
		return w.add(change{signers: []signer{s}, proof: object{"verificationMethod": s.did() + "#" + w.own.multikey}})
	}
}

func twoHalvesTurned(s signer) func(*testing.T) *writer {
	return func(t *testing.T) *writer {
		w := newWriter(t, change{})
		return w.add(change{signers: []signer{s}, proof: object{"verificationMethod": w.own.did() + "#" + s.multikey}})
	}
}
