package outofband_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/messaging/outofband"
)

func TestParseLinkAccepts(t *testing.T) {
	t.Parallel()
	inv := full()
	inv.Label = "Zoë >>>???" // makes - and _ in base64url
	raw := plaintext(t, &inv)
	code := base64.RawURLEncoding.EncodeToString(raw)
	if !strings.ContainsAny(code, "-_") {
		t.Fatal("the example does not show the difference of the alphabets")
	}
	link, err := inv.Link()
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"our own":             link,
		"white space around":  " \n\t" + link + "\r\n",
		"broken lines":        link[:60] + "\n" + link[60:120] + "\r\n  " + link[120:],
		"https":               "https://example.com/path?_oob=" + code,
		"other parameters":    "https://example.com/path?a=b&_oob=" + code + "&c=d",
		"fragment":            "https://example.com/#_oob=" + code,
		"route in a fragment": "https://example.com/#/join?a=b&_oob=" + code,
		"padded":              "didcomm://invite?_oob=" + base64.URLEncoding.EncodeToString(raw),
		"percent-encoded":     "didcomm://invite?_oob=" + url.QueryEscape(base64.StdEncoding.EncodeToString(raw)),
		"standard alphabet":   "didcomm://invite?_oob=" + base64.StdEncoding.EncodeToString(raw),
		"opaque URL":          "didcomm:?_oob=" + code,
		"no scheme":           "?_oob=" + code,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := outofband.ParseLink(s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&inv, got, sameDID); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseLinkRefuses(t *testing.T) {
	t.Parallel()
	inv := full()
	link, err := inv.Link()
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(link, "=")
	for name, tc := range map[string]struct{ in, about string }{
		"empty":              {"", "_oob"},
		"no link":            {"http://[", "no link"},
		"only a word":        {"hello", "_oob"},
		"no parameter":       {"https://example.com/?oob=" + code, "_oob"},
		"empty parameter":    {"https://example.com/?_oob=", "_oob"},
		"two of them":        {link + "&_oob=" + code, "several"},
		"query and fragment": {link + "#_oob=" + code, "several"},
		"not base64":         {"didcomm://invite?_oob=%21%21", "damaged"},
		"broken percent":     {"didcomm://invite?_oob=%2", "damaged"},
		"one character":      {"didcomm://invite?_oob=a", "cut off"},
		"not an invitation":  {"didcomm://invite?_oob=e30", "cut off or damaged"},
		"too long":           {link + "&x=" + strings.Repeat("x", outofband.MaxLink), "16 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := outofband.ParseLink(tc.in)
			if !errors.Is(err, outofband.ErrInvalid) || !strings.Contains(err.Error(), tc.about) {
				t.Errorf("got %+v, %v; want ErrInvalid about %q", v, err, tc.about)
			}
		})
	}
}

// A link that was cut off anywhere is refused.
func TestParseLinkCutOff(t *testing.T) {
	t.Parallel()
	inv := full()
	link, err := inv.Link()
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(link) {
		if v, err := outofband.ParseLink(link[:n]); err == nil {
			t.Fatalf("%d of %d bytes gave %+v", n, len(link), v)
		}
	}
}

func TestLinkTooLong(t *testing.T) {
	t.Parallel()
	inv := full()
	inv.Addresses = nil
	for range 16 {
		inv.Addresses = append(inv.Addresses, strings.Repeat("a", 512))
	}
	if l, err := inv.Link(); err != nil || len(l) > outofband.MaxLink {
		t.Errorf("%d bytes, %v; want it to fit", len(l), err)
	}
	inv.Accept = inv.Addresses
	if l, err := inv.Link(); !errors.Is(err, outofband.ErrInvalid) {
		t.Errorf("%d bytes, %v; want ErrInvalid", len(l), err)
	}
}

// The link of a wallet with two addresses must fit a QR code that a phone reads from a terminal: 1,732
// bytes is version 30 at the lowest level of correction, 137 modules wide.
func TestLinkSize(t *testing.T) {
	t.Parallel()
	inv := issue(t, outofband.NewIssuer([32]byte{1}), outofband.Invitation{
		From: wallet(t), Label: "alice", Expires: time.Now().Add(24 * time.Hour),
		Addresses: []string{"/ip4/192.168.178.123/udp/40123/quic-v1", "/ip4/192.168.178.123/tcp/40123"},
	})
	link, err := inv.Link()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("link of %d bytes, of which the DID has %d before base64", len(link), len(inv.From.String()))
	if len(link) > 1732 {
		t.Errorf("the link has %d bytes, want at most 1732", len(link))
	}
}

func FuzzParseLink(f *testing.F) {
	inv := full()
	link, err := inv.Link()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		link, "", "?_oob=e30", "https://a/#_oob=e30", "didcomm://invite?_oob=%2", "http://[", link + "&_oob=x",
		"?_oob=" + base64.StdEncoding.EncodeToString([]byte(`{"type":"https://didcomm.org/out-of-band/2.0/invitation","id":"1","from":"did:a:b"}`)),
	} {
		f.Add(s)
	}
	issuer := outofband.NewIssuer([32]byte{1})
	f.Fuzz(func(t *testing.T, s string) {
		v, err := outofband.ParseLink(s)
		if err != nil {
			if !errors.Is(err, outofband.ErrInvalid) {
				t.Fatalf("error does not wrap ErrInvalid: %v", err)
			}
			return
		}
		link, err := v.Link()
		if err != nil {
			if len(s) < outofband.MaxLink/2 {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			return
		}
		again, err := outofband.ParseLink(link)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(v, again, sameDID); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
		if _, err := issuer.Shown(plaintext(t, v), time.Now()); err == nil {
			t.Fatal("an invitation of nobody was taken for ours")
		}
	})
}
