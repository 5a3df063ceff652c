package messaging_test

import (
	"testing"

	"github.com/parley-im/parley/messaging"
)

func TestSameType(t *testing.T) {
	t.Parallel()
	const ping = "https://didcomm.org/trust-ping/2.0/ping"
	for name, tc := range map[string]struct {
		a, b string
		want bool
	}{
		"equal":                      {ping, ping, true},
		"case of the protocol":       {ping, "https://didcomm.org/Trust-Ping/2.0/ping", true},
		"punctuation":                {ping, "https://didcomm.org/trust_ping/2.0/PING", true},
		"no punctuation":             {ping, "https://didcomm.org/trustping/2.0/pi.ng", true},
		"minor version":              {ping, "https://didcomm.org/trust-ping/2.7/ping", true},
		"patch version":              {ping, "https://didcomm.org/trust-ping/2.1.3/ping", true},
		"major version":              {ping, "https://didcomm.org/trust-ping/3.0/ping", false},
		"longer major version":       {ping, "https://didcomm.org/trust-ping/20.0/ping", false},
		"another message":            {ping, "https://didcomm.org/trust-ping/2.0/ping-response", false},
		"another protocol":           {ping, "https://didcomm.org/trust/2.0/ping", false},
		"another host":               {ping, "https://didcomm.net/trust-ping/2.0/ping", false},
		"punctuation of the host":    {ping, "https://did-comm.org/trust-ping/2.0/ping", false},
		"case of the host":           {ping, "https://DIDComm.org/trust-ping/2.0/ping", false},
		"http and https":             {ping, "http://didcomm.org/trust-ping/2.0/ping", false},
		"a DID as doc-uri":           {"did:sov:BzC;spec/trust_ping/1.0/ping", "did:sov:BzC;spec/trust-ping/1.1/ping", true},
		"delimiter ?":                {"https://a.example?trust_ping/1.0/ping", "https://a.example?trustping/1.0/ping", true},
		"delimiter ? and the host":   {"https://a.example?p/1.0/m", "https://aexample?p/1.0/m", false},
		"delimiters differ":          {"https://a.example?p/1.0/m", "https://a.example/p/1.0/m", false},
		"equal without the form":     {"hello", "hello", true},
		"different without the form": {"hello", "Hello", false},
		"one without the form":       {ping, "ping", false},
		"no minor version":           {"https://d.org/p/1/m", "https://d.org/P/1/m", false},
		"version a word":             {"https://d.org/p/x.y/m", "https://d.org/P/x.y/m", false},
		"version negative":           {"https://d.org/p/-1.0/m", "https://d.org/P/-1.0/m", false},
		"version too large":          {"https://d.org/p/4294967296.0/m", "https://d.org/P/4294967296.0/m", false},
		"no protocol":                {"https://d.org//1.0/m", "https://d.org//1.1/m", false},
		"only punctuation":           {"https://d.org/--/1.0/m", "https://d.org/__/1.0/m", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := messaging.SameType(tc.a, tc.b); got != tc.want {
				t.Errorf("SameType(%q, %q) = %v, want %v", tc.a, tc.b, got, tc.want)
			}
			if got := messaging.SameType(tc.b, tc.a); got != tc.want {
				t.Errorf("the other way round: SameType(%q, %q) = %v, want %v", tc.b, tc.a, got, tc.want)
			}
		})
	}
}

func FuzzTypeURI(f *testing.F) {
	for _, s := range []string{
		"https://didcomm.org/trust-ping/2.0/ping", "did:sov:BzC;spec/trust_ping/1.0/ping", "https://d.org/p/1.0/",
		"///", "a/1.0/", "", "https://d.org/p/99999999999999999999.0/m", "?p/1.0.0/é",
	} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !messaging.SameType(a, a) {
			t.Fatalf("%q is not the same as itself", a)
		}
		if messaging.SameType(a, b) != messaging.SameType(b, a) {
			t.Fatalf("%q and %q: not symmetric", a, b)
		}
	})
}
