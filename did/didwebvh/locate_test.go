package didwebvh_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

const anySCID = "QmaJp6pmb6RUk4oaDyWQcjeqYbvxsc3kvmHWPpz7t8FVos"

func TestURL(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"example.com":                                   "https://example.com/.well-known/did.jsonl",
		"issuer.example.com":                            "https://issuer.example.com/.well-known/did.jsonl",
		"localhost%3A8443":                              "https://localhost:8443/.well-known/did.jsonl",
		"localhost%3a1":                                 "https://localhost:1/.well-known/did.jsonl",
		"example.com:dids:issuer":                       "https://example.com/dids/issuer/did.jsonl",
		"example.com%3A3000:dids:issuer":                "https://example.com:3000/dids/issuer/did.jsonl",
		"xn--jp-cd2fp15c.xn--fsq.jp:%E7%94%A8%E6%88%B7": "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8%E6%88%B7/did.jsonl",
		"example.com:a%20b%3Fc%23":                      "https://example.com/a%20b%3Fc%23/did.jsonl",
		"example.com:%41-_.":                            "https://example.com/A-_./did.jsonl",
		"Example.COM:...":                               "https://Example.COM/.../did.jsonl",
		"1.2.3.4.example":                               "https://1.2.3.4.example/.well-known/did.jsonl",
	}
	for id, want := range tests {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			got, err := didwebvh.URL(did.MustParse("did:webvh:" + anySCID + ":" + id))
			if err != nil || got != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}

func TestNoURL(t *testing.T) {
	t.Parallel()
	at := func(rest string) string { return "did:webvh:" + anySCID + ":" + rest }
	tests := map[string]struct{ id, want string }{
		"no SCID":                                {"did:webvh:example.com", "SCID"},
		"placeholder":                            {"did:webvh:%7BSCID%7D:example.com", "SCID"},
		"SCID short":                             {"did:webvh:" + anySCID[1:] + ":example.com", "SCID"},
		"SCID long":                              {"did:webvh:" + anySCID + "1:example.com", "SCID"},
		"SCID not base58":                        {"did:webvh:" + anySCID[:45] + "0:example.com", "SCID"},
		"SCID of other hash":                     {"did:webvh:z" + anySCID[1:] + ":example.com", "SCID"},
		"no host":                                {"did:webvh:" + anySCID, "no host"},
		"empty host":                             {at(":path"), "empty"},
		"port zero":                              {at("example.com%3A0"), "port"},
		"port empty":                             {at("example.com%3A"), "port"},
		"port too high":                          {at("example.com%3A65536"), "port"},
		"port with a zero":                       {at("example.com%3A0443"), "port"},
		"port no number":                         {at("example.com%3Ahttps"), "port"},
		"two ports":                              {at("example.com%3A1%3A2"), "port"},
		"port unencoded is a path with a number": {at("example.com:..:x"), "step"},
		"IPv4":                                   {at("127.0.0.1"), "IP address"},
		"IPv4 with a port":                       {at("127.0.0.1%3a80"), "IP address"},
		"IPv4 as one number":                     {at("2130706433"), "IP address"},
		"IPv4 in hexadecimal":                    {at("0x7f.1"), "IP address"},
		"IPv4 all hexadecimal":                   {at("0X7F000001"), "IP address"},
		"IPv4 in octal":                          {at("0177.0.0.01"), "IP address"},
		"IPv4 encoded":                           {at("127%2E0%2E0%2E1"), "character"},
		"IPv6":                                   {at("%5B%3A%3A1%5D"), "port"},
		"user":                                   {at("ada%40example.com"), "character"},
		"slash in the host":                      {at("example.com%2Fetc"), "character"},
		"NUL in the host":                        {at("example.com%00"), "character"},
		"letter encoded":                         {at("ex%61mple.com"), "character"},
		"name beyond ASCII":                      {at("%E4%BE%8B.jp"), "xn--"},
		"underscore":                             {at("_dmarc.example.com"), "character"},
		"dot at the end":                         {at("example.com."), "empty"},
		"dot at the start":                       {at(".example.com"), "empty"},
		"two dots":                               {at("example..com"), "empty"},
		"hyphen first":                           {at("-example.com"), "hyphen"},
		"hyphen last":                            {at("example-.com"), "hyphen"},
		"long label":                             {at(strings.Repeat("a", 64) + ".com"), "63"},
		"long name":                              {at(strings.Repeat("aaaaaaa.", 32) + "com"), "253"},
		"empty segment":                          {at("example.com::x"), "empty"},
		"up":                                     {at("example.com:..:x"), "step"},
		"up encoded":                             {at("example.com:%2E%2E:x"), "step"},
		"here":                                   {at("example.com:.:x"), "step"},
		"slash":                                  {at("example.com:a%2Fb"), "slash"},
		"up between slashes":                     {at("example.com:a%2F..%2Fb"), "slash"},
		"backslash":                              {at("example.com:a%5Cb"), "slash"},
		"encoded twice":                          {at("example.com:%252E%252E"), "percent"},
		"NUL":                                    {at("example.com:a%00"), "control"},
		"newline":                                {at("example.com:a%0D%0AHost"), "control"},
		"not UTF-8":                              {at("example.com:%FF"), "UTF-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := did.Parse(tt.id)
			if err != nil {
				t.Fatalf("package did refuses it already: %v", err)
			}
			got, err := didwebvh.URL(id)
			if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, %v, want it to name %q", got, err, tt.want)
			}
			if _, err := (didwebvh.Resolver{Fetch: files{}}).Resolve(t.Context(), id); !errors.Is(err, did.ErrInvalid) {
				t.Errorf("the resolver asks for it: %v", err)
			}
		})
	}
}

// FuzzURL holds the mapping to the host and the folders that the DID spells out.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"example.com", "example.com%3A3000:dids:issuer", "a:%2E%2E", "a%2Fb", "a:b%2Fc", "a@b", "127.0.0.1", "a:%3Fx%23y", "x:%25"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		id, err := did.Parse("did:webvh:" + anySCID + ":" + rest)
		if err != nil {
			return
		}
		text, err := didwebvh.URL(id)
		if err != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		host, path, _ := strings.Cut(rest, ":")
		if want := strings.NewReplacer("%3A", ":", "%3a", ":").Replace(host); u.Host != want || u.Scheme != "https" {
			t.Errorf("%s asks %s by %s", rest, u.Host, u.Scheme)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%s has more than host and path", text)
		}
		folders := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
		segments := strings.Split(path, ":")
		if len(folders) != len(segments)+1 || folders[len(folders)-1] != "did.jsonl" || u.JoinPath().Path != u.Path {
			t.Errorf("%s leads to %s", rest, u.Path)
		}
	})
}
