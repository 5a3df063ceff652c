package p2p

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/parley-im/parley/messaging"
)

// sealRecord signs where we are, in libp2p's form.
func sealRecord(key crypto.PrivKey, id peer.ID, addrs []ma.Multiaddr) ([]byte, error) {
	rec := peer.NewPeerRecord()
	rec.PeerID, rec.Addrs = id, addrs
	env, err := record.Seal(rec, key)
	if err != nil {
		return nil, fmt.Errorf("sign peer record: %w", err)
	}
	return env.Marshal()
}

// readRecord verifies a signed peer record by id and about id, and returns the addresses in it that
// can be dialled, at most maxAddresses. An empty record has none.
func readRecord(raw []byte, id peer.ID) ([]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if len(raw) > maxRecord {
		return nil, fmt.Errorf("%w: peer record of %d bytes", errProtocol, len(raw))
	}
	var rec peer.PeerRecord
	env, err := record.ConsumeTypedEnvelope(raw, &rec)
	if err != nil {
		return nil, fmt.Errorf("%w: peer record: %w", errProtocol, err)
	}
	if rec.PeerID != id || !id.MatchesPublicKey(env.PublicKey) {
		return nil, fmt.Errorf("%w: the peer record is somebody else's", errProtocol)
	}
	var out []string
	for _, a := range rec.Addrs {
		if a, ok := target(a, id); ok && len(out) < maxAddresses {
			out = append(out, a.String())
		}
	}
	return out, nil
}

// targets returns where to dial for a delivery: first what the peer has signed, then where it was
// last, then what its document says.
func targets(d messaging.Delivery, id peer.ID) []ma.Multiaddr {
	signed, err := readRecord(d.Record, id)
	if err != nil {
		signed = nil // a stale or foreign hint is no reason not to try the others
	}
	var out []ma.Multiaddr
	for _, s := range slices.Concat(signed, d.Addresses, d.Endpoint.MultiAddrs) {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			continue
		}
		a, ok := target(a, id)
		if ok && len(out) < maxDialled && !slices.ContainsFunc(out, a.Equal) {
			out = append(out, a)
		}
	}
	return out
}

// target returns an address without its /p2p part, if that names id or is absent and the rest is of
// a form that we dial. Others, such as relayed addresses and /dnsaddr, could lead anywhere.
func target(a ma.Multiaddr, id peer.ID) (ma.Multiaddr, bool) {
	a, named := peer.SplitAddr(a)
	if named != "" && named != id {
		return nil, false
	}
	protocols := a.Protocols()
	if len(protocols) < 2 {
		return nil, false
	}
	switch protocols[0].Code {
	case ma.P_IP4, ma.P_IP6, ma.P_DNS, ma.P_DNS4, ma.P_DNS6:
	default:
		return nil, false
	}
	tcp := len(protocols) == 2 && protocols[1].Code == ma.P_TCP
	quic := len(protocols) == 3 && protocols[1].Code == ma.P_UDP && protocols[2].Code == ma.P_QUIC_V1
	return a, tcp || quic
}

// reachable picks from the addresses that a host listens on those that others can use, the widest
// first: public ones, then those of the local network. The loopback ones are left out unless there
// are no others, and link-local ones mean nothing elsewhere.
func reachable(listening []ma.Multiaddr, id peer.ID) []ma.Multiaddr {
	var out, loopback []ma.Multiaddr
	for _, a := range listening {
		a, ok := target(a, id)
		switch {
		case !ok || manet.IsIP6LinkLocal(a) || manet.IsIPUnspecified(a):
		case manet.IsIPLoopback(a):
			loopback = append(loopback, a)
		default:
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		out = loopback
	}
	slices.SortStableFunc(out, func(a, b ma.Multiaddr) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.String(), b.String()))
	})
	return out[:min(len(out), maxAddresses)]
}

// rank orders addresses by reach, then QUIC before TCP: it needs fewer round trips and survives a
// change of network.
func rank(a ma.Multiaddr) int {
	r := 0
	if !manet.IsPublicAddr(a) {
		r += 2
	}
	if _, err := a.ValueForProtocol(ma.P_QUIC_V1); err != nil {
		r++
	}
	return r
}
