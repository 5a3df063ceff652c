package p2p

import (
	"context"
	"errors"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

func TestOfflineMethods(t *testing.T) {
	t.Parallel()
	tr := &Transport{}
	for method, want := range map[string]bool{"key": true, "peer": true, "jwk": true, "web": false, "ion": false, "": false} {
		if tr.offline(method) != want {
			t.Errorf("%s: %v", method, !want)
		}
	}
	tr.Offline = func(method string) bool { return method == "web" }
	if tr.offline("key") || !tr.offline("web") {
		t.Error("Offline is not heard")
	}
}

func TestListsAnyFormOfAPeerID(t *testing.T) {
	t.Parallel()
	b := bob(t)
	if !lists(b.own.Document, b.peerID) || lists(b.own.Document, alice(t).peerID) || lists(nil, b.peerID) {
		t.Error("the document lists Bob's PeerID alone")
	}
	cid := peer.ToCid(b.peerID).String()
	if id, ok := peerOf(scheme + cid); !ok || id != b.peerID {
		t.Errorf("the PeerID as a CID is %v", id)
	}
}

func TestAnIdentityThatCannotProveItself(t *testing.T) {
	t.Parallel()
	noKey, err := did.ParseDocument([]byte(`{"id":"did:example:none"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, own := range map[string]messaging.Identity{
		"no document": {DID: alice(t).own.DID}, "no key": {DID: noKey.ID(), Document: noKey},
	} {
		m := newMeeting(alice(t), bob(t))
		m.own = own
		m.run()
		if !errors.Is(m.iErr, errNoSigningKey) || len(m.said.lines) > 0 {
			t.Errorf("%s: %v after %d lines", name, m.iErr, len(m.said.lines))
		}
	}
	m := newMeeting(alice(t), bob(t))
	m.r.keys = crypto.NewKeyring()
	m.run()
	if m.iErr == nil || m.rErr == nil {
		t.Error("a responder without its key was believed")
	}
}

// Every signing curve that a DID may have works in a hello.
func TestProofsOfEveryCurve(t *testing.T) {
	t.Parallel()
	for _, curve := range []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		t.Run(curve.String(), func(t *testing.T) {
			t.Parallel()
			key, err := crypto.GenerateKey(curve)
			if err != nil {
				t.Fatal(err)
			}
			b := bob(t)
			doc, err := did.ParseDocument([]byte(`{"id":"did:example:x","verificationMethod":[{"id":"#k","type":"Multikey",
				"controller":"did:example:x","publicKeyMultibase":"` + key.Public().Multikey() + `"}],"authentication":["#k"],
				"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":[{"uri":"` + ServiceURI(b.peerID.String()) + `"}]}]}`))
			if err != nil {
				t.Fatal(err)
			}
			keys := crypto.NewKeyring()
			keys.Add("did:example:x#k", key)
			m := newMeeting(alice(t), b)
			m.r.keys, m.i.resolver, m.want = keys, known(doc), doc.ID()
			m.door.identities = messaging.FixedIdentities{{DID: doc.ID(), Document: doc}}
			m.run()
			if m.iErr != nil || m.rErr != nil {
				t.Errorf("%v, %v", m.iErr, m.rErr)
			}
		})
	}
}

func TestCheckNamesTheRefusal(t *testing.T) {
	t.Parallel()
	a := alice(t)
	h := &hello{keys: a.keys, self: bob(t).peerID, remote: a.peerID}
	me, err := claimOf(a.own)
	if err != nil {
		t.Fatal(err)
	}
	for err, code := range map[error]string{
		did.ErrInvalid: messaging.CodeTrust, did.ErrNotFound: messaging.CodeTrust, did.ErrMethod: messaging.CodeTrust,
		errors.New("timeout"): "",
	} {
		h.resolver = did.ResolverFunc(func(context.Context, did.DID) (*did.Document, error) { return nil, err })
		if _, got := h.check(context.Background(), me, roleInitiator, nil, nil); codeOf(got) != code || !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}
