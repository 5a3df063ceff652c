package fetch

import (
	"net/netip"
	"slices"
)

// special4 are the parts of IPv4 that are nobody's public host (IANA IPv4 Special-Purpose Address Registry, and
// multicast).
var special4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, metadata of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // AMT
	"192.88.99.0/24",  // 6to4 relays of old
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarking
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
)

// special6 are the parts of global6 that are nobody's public host (IANA IPv6 Special-Purpose Address Registry).
var special6 = prefixes(
	"2001::/23",         // protocol assignments: Teredo, benchmarking, ORCHID and more
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4, which wraps any IPv4 address
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

var (
	// global6 is the only block of IPv6 from which addresses are given out (IANA IPv6 Address Space). Outside are
	// loopback, link-local, unique local, site-local, multicast and all that wraps IPv4 except nat64.
	global6 = netip.MustParsePrefix("2000::/3")
	// nat64 wraps an IPv4 address in its last four bytes (RFC 6052).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// public reports whether a may be dialled: a global unicast address of no special purpose. An IPv4 address within an
// IPv6 one, mapped or of NAT64, is judged as itself.
func public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		bytes := a.As16()
		a = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	special := special6
	switch {
	case a.Is4():
		special = special4
	case !global6.Contains(a):
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}
