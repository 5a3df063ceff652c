package p2p

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// recordOf is a wallet's signed peer record with these addresses.
func recordOf(tb testing.TB, w *wallet, addrs ...string) []byte {
	tb.Helper()
	key, err := hostKey(w.host)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := sealRecord(key, w.peerID, multiaddrs(tb, addrs...))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func multiaddrs(tb testing.TB, addrs ...string) []ma.Multiaddr {
	tb.Helper()
	var out []ma.Multiaddr
	for _, s := range addrs {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

func TestReadRecord(t *testing.T) {
	t.Parallel()
	b := bob(t)
	raw := recordOf(t, b, "/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/udp/2/quic-v1/p2p/"+b.peerID.String(),
		"/dnsaddr/example.com", "/ip4/192.0.2.1/tcp/80/ws", "/ip4/192.0.2.1/tcp/1/p2p/"+alice(t).peerID.String())
	got, err := readRecord(raw, b.peerID)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/udp/2/quic-v1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if got, err := readRecord(nil, b.peerID); got != nil || err != nil {
		t.Errorf("no record: %v, %v", got, err)
	}
}

func TestReadRecordRefuses(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	good := recordOf(t, b, "/ip4/192.0.2.1/tcp/1")
	key, err := hostKey(a.host)
	if err != nil {
		t.Fatal(err)
	}
	aboutAnother, err := sealRecord(key, b.peerID, nil)
	if err != nil {
		t.Fatal(err)
	}
	bobsKey, err := hostKey(b.host)
	if err != nil {
		t.Fatal(err)
	}
	byUsAboutAnother, err := sealRecord(bobsKey, a.peerID, nil)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, raw := range map[string][]byte{
		"somebody else's":            recordOf(t, a, "/ip4/192.0.2.1/tcp/1"),
		"signed by somebody else":    aboutAnother,
		"about somebody else":        byUsAboutAnother,
		"with a broken signature":    flipped,
		"truncated":                  good[:len(good)-1],
		"too large":                  append(bytes.Clone(good), make([]byte, maxRecord)...),
		"no record at all":           []byte("hello"),
		"an empty protobuf envelope": {0},
	} {
		if _, err := readRecord(raw, b.peerID); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v, want a breach of the protocol", name, err)
		}
	}
}

func TestReadRecordIsBounded(t *testing.T) {
	t.Parallel()
	b := bob(t)
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("/ip4/192.0.2.%d/tcp/1", i))
	}
	got, err := readRecord(recordOf(t, b, many...), b.peerID)
	if err != nil || len(got) != maxAddresses {
		t.Errorf("%d addresses (%v), want %d", len(got), err, maxAddresses)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	b := bob(t)
	d := messaging.Delivery{
		Record: recordOf(t, b, "/ip4/192.0.2.1/tcp/1"),
		Addresses: []string{
			"/ip4/192.0.2.2/udp/2/quic-v1/p2p/" + b.peerID.String(), "/ip4/192.0.2.1/tcp/1", "rubbish", "",
			"/ip4/192.0.2.3/tcp/1/p2p/" + alice(t).peerID.String(),
		},
		Endpoint: did.Endpoint{MultiAddrs: []string{"/dns4/bob.example/tcp/4001", "/ip4/192.0.2.9/tcp/1/p2p/x"}},
	}
	want := multiaddrs(t, "/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.2/udp/2/quic-v1", "/dns4/bob.example/tcp/4001")
	if diff := cmp.Diff(texts(want), texts(targets(d, b.peerID))); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	d.Record = recordOf(t, alice(t), "/ip4/192.0.2.66/tcp/1")
	if got := strings.Join(texts(targets(d, b.peerID)), " "); strings.Contains(got, "192.0.2.66") {
		t.Errorf("dials the addresses of a foreign record: %s", got)
	}
	d.Addresses = nil
	for i := range 100 {
		d.Addresses = append(d.Addresses, fmt.Sprintf("/ip4/192.0.2.%d/tcp/1", i))
	}
	if n := len(targets(d, b.peerID)); n != maxDialled {
		t.Errorf("%d targets, want at most %d", n, maxDialled)
	}
}

func TestTargetForms(t *testing.T) {
	t.Parallel()
	id := bob(t).peerID
	for text, want := range map[string]bool{
		"/ip4/192.0.2.1/tcp/1":                                   true,
		"/ip6/2001:db8::1/udp/1/quic-v1":                         true,
		"/dns/example.com/tcp/1":                                 true,
		"/dns6/example.com/udp/1/quic-v1":                        true,
		"/ip4/192.0.2.1/udp/1":                                   false,
		"/ip4/192.0.2.1":                                         false,
		"/dnsaddr/example.com":                                   false,
		"/unix/run/socket":                                       false,
		"/ip4/192.0.2.1/udp/1/quic-v1/webtransport":              false,
		"/ip4/192.0.2.1/tcp/1/p2p/" + id.String():                true,
		"/p2p/" + id.String():                                    false,
		"/ip4/1.2.3.4/tcp/1/p2p/" + id.String() + "/p2p-circuit": false,
		"/ip6zone/eth0/ip6/fe80::1/tcp/1":                        false,
	} {
		if _, got := target(multiaddrs(t, text)[0], id); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	id := bob(t).peerID
	for name, c := range map[string]struct{ listening, want []string }{
		"the widest first": {
			[]string{"/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/9.9.9.9/tcp/1", "/ip4/9.9.9.9/udp/1/quic-v1", "/ip4/10.0.0.1/udp/1/quic-v1"},
			[]string{"/ip4/9.9.9.9/udp/1/quic-v1", "/ip4/9.9.9.9/tcp/1", "/ip4/10.0.0.1/udp/1/quic-v1", "/ip4/10.0.0.1/tcp/1"},
		},
		"loopback where there is nothing else": {
			[]string{"/ip4/127.0.0.1/tcp/1", "/ip6/fe80::1/tcp/1"}, []string{"/ip4/127.0.0.1/tcp/1"},
		},
		"nothing": {nil, nil},
	} {
		if diff := cmp.Diff(c.want, texts(reachable(multiaddrs(t, c.listening...), id))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func texts(addrs []ma.Multiaddr) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}
