package fetch_test

import (
	"net/netip"
	"testing"

	"github.com/parley-im/parley/did/fetch"
)

// addresses tells public addresses from others, at the edges of each block.
var addresses = map[string]bool{
	"0.0.0.0": false, "0.255.255.255": false, "1.0.0.0": true, "8.8.8.8": true, "9.255.255.255": true,
	"10.0.0.0": false, "10.255.255.255": false, "11.0.0.0": true,
	"100.63.255.255": true, "100.64.0.0": false, "100.127.255.255": false, "100.128.0.0": true,
	"126.255.255.255": true, "127.0.0.1": false, "127.255.255.255": false, "128.0.0.0": true,
	"169.253.255.255": true, "169.254.169.254": false, "169.255.0.0": true,
	"172.15.255.255": true, "172.16.0.0": false, "172.31.255.255": false, "172.32.0.0": true,
	"192.0.0.0": false, "192.0.0.255": false, "192.0.1.0": true, "192.0.2.1": false, "192.0.3.0": true,
	"192.31.196.1": false, "192.52.193.1": false, "192.88.99.1": false, "192.175.48.1": false,
	"192.167.255.255": true, "192.168.0.0": false, "192.168.255.255": false, "192.169.0.0": true,
	"198.17.255.255": true, "198.18.0.0": false, "198.19.255.255": false, "198.20.0.0": true,
	"198.51.100.1": false, "203.0.113.1": false, "223.255.255.255": true,
	"224.0.0.1": false, "239.255.255.255": false, "240.0.0.0": false, "255.255.255.255": false,

	"::": false, "::1": false, "::2": false, "::127.0.0.1": false, "::8.8.8.8": false,
	"::ffff:127.0.0.1": false, "::ffff:10.1.2.3": false, "::ffff:169.254.169.254": false, "::ffff:8.8.8.8": true,
	"::ffff:0:8.8.8.8": false, "64:ff9b::127.0.0.1": false, "64:ff9b::192.168.1.1": false, "64:ff9b::8.8.8.8": true,
	"64:ff9b:1::8.8.8.8": false, "64:ff9b:1:ffff::1": false, "64:ff9b::1:0:0": false, "100::1": false,
	"1fff:ffff::1": false, "2000::1": true, "2001::1": false, "2001:0:4136:e378:8000:63bf:3fff:fdd2": false,
	"2001:2::1": false, "2001:10::1": false, "2001:1ff:ffff::1": false, "2001:200::1": true,
	"2001:db7:ffff::1": true, "2001:db8::1": false, "2001:db9::1": true, "2001:4860:4860::8888": true,
	"2002:7f00:1::1": false, "2002:808:808::1": false, "2003::1": true, "2620:4f:8000::1": false,
	"3ffe::1": true, "3fff::1": false, "3fff:fff:ffff::1": false, "3fff:1000::1": true, "4000::1": false,
	"5f00::1": false, "fc00::1": false, "fd12:3456:789a::1": false, "fe80::1": false, "fe80::1%eth0": false,
	"fec0::1": false, "ff02::1": false, "2003::1%eth0": false,
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for text, want := range addresses {
		if got := fetch.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v, want %v", text, got, want)
		}
	}
	if fetch.Public(netip.MustParseAddr("::ffff:8.8.8.8").WithZone("eth0")) {
		t.Error("an address with a zone is public")
	}
	if fetch.Public(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}

// TestMappedIsJudgedAsItself holds for every IPv4 address of the table.
func TestMappedIsJudgedAsItself(t *testing.T) {
	t.Parallel()
	for text, want := range addresses {
		a := netip.MustParseAddr(text)
		if !a.Is4() {
			continue
		}
		four := a.As4()
		mapped := netip.AddrFrom16(a.As16())
		wrapped := netip.AddrFrom16([16]byte{1: 0x64, 2: 0xff, 3: 0x9b, 12: four[0], 13: four[1], 14: four[2], 15: four[3]})
		if !mapped.Is4In6() || fetch.Public(mapped) != want || fetch.Public(wrapped) != want {
			t.Errorf("%v and %v are not judged as %s", mapped, wrapped, text)
		}
	}
}
