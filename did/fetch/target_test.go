package fetch_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-im/parley/did/fetch"
)

var goodTargets = map[string]string{
	"https://example.com/.well-known/did.json":    "https://example.com/.well-known/did.json",
	"HTTPS://Example.COM/Users/did.json":          "https://example.com/Users/did.json",
	"https://localhost:8443/did.json":             "https://localhost:8443/did.json",
	"https://example.com:65535":                   "https://example.com:65535",
	"https://8.8.8.8/did.json":                    "https://8.8.8.8/did.json",
	"https://[2001:4860:4860::8888]:443/did.json": "https://[2001:4860:4860::8888]:443/did.json",
	"https://xn--bcher-kva.example/":              "https://xn--bcher-kva.example/",
	"https://plc.directory/did:plc:abc/log?a=b":   "https://plc.directory/did:plc:abc/log?a=b",
	"https://3com.example2.com/":                  "https://3com.example2.com/",
	"https://1.2.3.4a/":                           "https://1.2.3.4a/",
}

// badTargets are URLs that are never asked, with a word of the reason.
var badTargets = map[string]string{
	"":                                                   "https",
	"example.com/did.json":                               "https",
	"http://example.com/":                                "https",
	"ftp://example.com/":                                 "https",
	"file:///etc/passwd":                                 "https",
	"//example.com/":                                     "https",
	"https:example.com":                                  "empty",
	"https:///did.json":                                  "empty",
	"https://:443/":                                      "empty",
	"https://a@example.com/":                             "user name",
	"https://a:b@example.com/":                           "user name",
	"https://@example.com/":                              "user name",
	"https://example.com/#a":                             "fragment",
	"https://example.com/#":                              "fragment",
	"https://example.com:/":                              "port",
	"https://example.com:0/":                             "port",
	"https://example.com:0443/":                          "port",
	"https://example.com:65536":                          "port",
	"https://example.com:x/":                             "not a URL",
	"https://example.com/%zz":                            "not a URL",
	"https://exa\nmple.com/":                             "escape",
	"https://example.com./":                              "dot",
	"https://127.0.0.1./":                                "dot",
	"https://example..com/":                              "dot",
	"https://b%C3%BCcher.de/":                            "letters",
	"https://bücher.de/":                                 "punycode",
	"https://exa_mple.com/":                              "letters",
	"https://-example.com/":                              "hyphen",
	"https://example.com/?a b":                           "escape",
	"https://example.com/a b":                            "escape",
	"https://example.com/\\":                             "escape",
	"https://2130706433/":                                "number",
	"https://0x7f000001/":                                "number",
	"https://0x7f.1/":                                    "number",
	"https://127.1/":                                     "number",
	"https://0177.0.0.1/":                                "number",
	"https://127.0.0.0x1/":                               "number",
	"https://127.000.000.001/":                           "number",
	"https://1.2.3.4.5/":                                 "number",
	"https://256.1.1.1/":                                 "number",
	"https://example.0X/":                                "number",
	"https://[fe80::1%25eth0]/":                          "zone",
	"https://[::1/":                                      "not a URL",
	"https://[example.com]/":                             "",
	"https://[127.0.0.1]/":                               "",
	"https://::1/":                                       "",
	"https://" + strings.Repeat("a", 64) + ".com/":       "63 bytes",
	"https://" + strings.Repeat("a.", 126) + "com/":      "253 bytes",
	"https://example.com/" + "\xa9":                      "escape",
	"https://example.com/" + strings.Repeat("a", 16<<10): "longer",
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for raw, want := range goodTargets {
		if got, err := fetch.ParseTarget(raw); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", raw, got, err, want)
		}
	}
}

func TestTargetsRefused(t *testing.T) {
	t.Parallel()
	for raw, reason := range badTargets {
		if got, err := fetch.ParseTarget(raw); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: %q, %v, want an error that says %q", raw, got, err, reason)
		}
	}
}

// FuzzTarget checks that what passes names a host that every reader takes for the same one.
func FuzzTarget(f *testing.F) {
	for raw := range goodTargets {
		f.Add(raw)
	}
	for raw := range badTargets {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		text, err := fetch.ParseTarget(raw)
		if err != nil {
			return
		}
		if again, err := fetch.ParseTarget(text); err != nil || again != text {
			t.Fatalf("%q becomes %q and that %q, %v", raw, text, again, err)
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.User != nil || strings.ContainsAny(u.RequestURI(), "#\r\n\x00 \\") {
			t.Fatalf("%q becomes %q: %v", raw, text, err)
		}
		host := u.Hostname()
		if a, err := netip.ParseAddr(host); err == nil {
			if a.Zone() != "" || a.Is6() != strings.HasPrefix(u.Host, "[") {
				t.Fatalf("%q has the host %q", raw, u.Host)
			}
			return
		}
		if !strings.HasPrefix(u.Host, host) || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
			t.Fatalf("%q has the host %q", raw, u.Host)
		}
		last := host[strings.LastIndexByte(host, '.')+1:]
		if strings.Trim(last, "0123456789") == "" {
			t.Fatalf("%q has the host %q, which may be read as an address", raw, host)
		}
	})
}
