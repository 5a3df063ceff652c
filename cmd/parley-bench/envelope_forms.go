package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/interop/peers"
)

// The keys of both parties that are used: X25519 and Ed25519, as wallets have them.
const (
	aliceAgrees = peers.Alice + "#key-x25519"
	aliceSigns  = peers.Alice + "#key-ed25519"
	bobAgrees   = peers.Bob + "#key-x25519"
)

// parties are both parties of the messages.
type parties struct {
	remembering, fresh crypto.KeyStore
	known              crypto.Keys
	to                 []envelope.Recipient
}

func newParties(ctx context.Context, w *peers.World) (*parties, error) {
	keys := w.Packer.Keys
	p := &parties{remembering: crypto.RememberAgreements(keys, 0), fresh: keys, known: crypto.Keys{}}
	for _, kid := range []string{aliceAgrees, aliceSigns, bobAgrees} {
		key, err := keys.Public(ctx, kid)
		if err != nil {
			return nil, err
		}
		p.known[kid] = key
	}
	p.to = []envelope.Recipient{{KID: bobAgrees, Key: p.known[bobAgrees]}}
	return p, nil
}

// envelopeForm is a form that is measured.
type envelopeForm struct {
	name   string
	layers []layer // innermost first
	fresh  bool    // agreements are not remembered
	peer   string  // what package peers calls it
}

var envelopeForms = []envelopeForm{
	{name: "signed", layers: []layer{signed}, peer: "sign Ed25519"},
	{name: "anoncrypt", layers: []layer{anoncrypted}, peer: "anoncrypt X25519 A256CBC-HS512"},
	{name: "authcrypt", layers: []layer{authcrypted}, peer: "authcrypt X25519"},
	{name: "authcrypt-fresh", layers: []layer{authcryptedFresh}, fresh: true},
	{name: "anoncrypt(sign)", layers: []layer{signed, anoncrypted}, peer: "anoncrypt(sign) X25519"},
	{name: "anoncrypt(authcrypt)", layers: []layer{authcrypted, anoncrypted}, peer: "anoncrypt(authcrypt) X25519"},
}

// options are those of the outermost n layers that are there once the inner ones are.
func (f envelopeForm) options(p *parties, n int) (o envelope.Options) {
	for _, l := range f.layers[:n] {
		switch l.kind {
		case envelope.Sign:
			o.Signer = aliceSigns
		case envelope.Authcrypt:
			o.To, o.From = p.to, aliceAgrees
		case envelope.Anoncrypt:
			o.To, o.Enc, o.ProtectSender = p.to, envelope.A256CBCHS512, o.From != ""
		}
	}
	return o
}

// goals are what is aimed at, for people to compare with; empty ones are none.
type goals struct {
	ratio, t string
	inT      bool
}

func (f envelopeForm) goals(op, size string) (g goals) {
	switch {
	case f.name != "authcrypt":
		return g
	case size != "1KiB":
		return goals{ratio: "at most 1.8"}
	case op == "seal":
		return goals{ratio: "at most 1.25", t: "at most 2.7", inT: true}
	}
	return goals{ratio: "at most 1.25", t: "at most 1.7", inT: true}
}

// kind is one operation: the whole of it, and the primitives that it cannot do without.
type kind struct {
	name       string // seal, open
	whole      func() error
	primitives primitives
}

// kinds are sealing and opening message in a form.
func (f envelopeForm) kinds(ctx context.Context, p *parties, message string) ([]kind, error) {
	keys := p.remembering
	if f.fresh {
		keys = p.fresh
	}
	payload, options := []byte(message), f.options(p, len(f.layers))
	var seal, open primitives
	content := payload // of each layer
	for i, l := range f.layers {
		s, o, err := l.primitives(content)
		if err != nil {
			return nil, err
		}
		seal, open = append(seal, s...), append(o, open...)
		if content, err = envelope.Seal(ctx, keys, payload, f.options(p, i+1)); err != nil {
			return nil, err
		}
	}
	sealed := content
	accept := envelope.OpenOptions{CheckSigner: func(string, []byte) error { return nil }}
	return []kind{
		{"seal", func() error {
			_, err := envelope.Seal(ctx, keys, payload, options)
			return err
		}, seal},
		{"open", func() error {
			_, err := envelope.Open(ctx, keys, p.known, sealed, accept)
			return err
		}, open},
	}, nil
}

// messageOf is a plaintext of size bytes from Alice to Bob.
func messageOf(size int) string {
	head := fmt.Sprintf(`{"id":"6a2c8f0e-7f0b-4f5e-9d3c-2b1a0c9d8e7f","typ":"application/didcomm-plain+json",`+
		`"type":"https://didcomm.org/basicmessage/2.0/message","from":%q,"to":[%q],"created_time":1767225600,"body":{"content":"`, peers.Alice, peers.Bob)
	const tail = `"}}`
	return head + strings.Repeat("x", max(0, size-len(head)-len(tail))) + tail
}
