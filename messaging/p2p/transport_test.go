package p2p_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/p2p"
)

// hostKey is a fixed key; libp2p's specification of PeerIDs gives the form of what follows from it.
var hostKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{42}, 32))

// noOne resolves nothing, and is enough for a transport that nobody talks to.
var noOne = did.Methods{}

func newTransport(change func(*p2p.Transport)) *p2p.Transport {
	t := &p2p.Transport{
		Keys: crypto.NewKeyring(), Identities: messaging.FixedIdentities{}, Resolver: noOne,
		HostKey: hostKey, Listen: []string{"/ip4/127.0.0.1/tcp/0"},
	}
	if change != nil {
		change(t)
	}
	return t
}

func TestPeerIDIsKnownBeforeTheHost(t *testing.T) {
	t.Parallel()
	id, err := p2p.PeerIDOf(hostKey)
	if err != nil || !strings.HasPrefix(id, "12D3KooW") {
		t.Fatalf("%q, %v", id, err)
	}
	tr := newTransport(nil)
	if tr.PeerID() != "" || tr.Addresses() != nil {
		t.Error("it has a PeerID or addresses before Open")
	}
	if err := tr.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if tr.PeerID() != id {
		t.Errorf("PeerID %q, want %q", tr.PeerID(), id)
	}
	if _, err := p2p.PeerIDOf(hostKey[:31]); err == nil {
		t.Error("a short key has a PeerID")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listen, announce []string
		want             []string // parts that the addresses must have, in order
	}{
		"loopback":    {[]string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}, nil, []string{"/quic-v1/", "/tcp/"}},
		"announced":   {[]string{"/ip4/127.0.0.1/tcp/0"}, []string{"/dns4/me.example/tcp/9"}, []string{"/dns4/me.example/tcp/9/p2p/", "/ip4/127.0.0.1/tcp/"}},
		"not at all":  {[]string{}, nil, nil},
		"by defaults": {nil, nil, []string{"/quic-v1/"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(func(tr *p2p.Transport) { tr.Listen, tr.Announce = c.listen, c.announce })
			if err := tr.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			got := tr.Addresses()
			if c.listen != nil && len(got) != len(c.want) || len(got) < len(c.want) {
				t.Fatalf("addresses %q", got)
			}
			for i, part := range c.want {
				if !strings.Contains(got[i], part) || !strings.HasSuffix(got[i], "/p2p/"+tr.PeerID()) {
					t.Errorf("address %q, want one with %q", got[i], part)
				}
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*p2p.Transport)
	}{
		"no keys":            {t.Context(), func(tr *p2p.Transport) { tr.Keys = nil }},
		"no identities":      {t.Context(), func(tr *p2p.Transport) { tr.Identities = nil }},
		"no resolver":        {t.Context(), func(tr *p2p.Transport) { tr.Resolver = nil }},
		"no host key":        {t.Context(), func(tr *p2p.Transport) { tr.HostKey = nil }},
		"malformed address":  {t.Context(), func(tr *p2p.Transport) { tr.Listen = []string{"127.0.0.1:80"} }},
		"not our address":    {t.Context(), func(tr *p2p.Transport) { tr.Listen = []string{"/ip4/192.0.2.1/tcp/1"} }},
		"malformed announce": {t.Context(), func(tr *p2p.Transport) { tr.Announce = []string{"me.example"} }},
		"its time is over":   {ended, func(*p2p.Transport) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(c.change)
			if err := tr.Open(c.ctx); err == nil {
				t.Error("it opened")
			}
			if err := tr.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenTwice(t *testing.T) {
	t.Parallel()
	tr := newTransport(nil)
	if err := tr.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	before := tr.Addresses()
	if err := tr.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := tr.Addresses(); len(after) != 1 || after[0] != before[0] {
		t.Errorf("opened anew: %q, then %q", before, after)
	}
}

func TestHandles(t *testing.T) {
	t.Parallel()
	id, err := p2p.PeerIDOf(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	tr := newTransport(nil)
	for uri, want := range map[string]bool{
		p2p.ServiceURI(id):          true,
		"libp2p-peerId:":            false,
		"libp2p-peerId:rubbish":     false,
		"libp2p-peerid:" + id:       false,
		"https://example.com/" + id: false,
		"did:example:mediator":      false,
		"":                          false,
	} {
		if got := tr.Handles(did.Endpoint{URI: uri}); got != want {
			t.Errorf("Handles(%q) = %v", uri, got)
		}
	}
}
