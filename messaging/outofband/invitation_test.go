package outofband_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging/outofband"
)

func TestPlaintext(t *testing.T) {
	t.Parallel()
	inv := full()
	want := `{"id":"i1","typ":"application/didcomm-plain+json","type":"https://didcomm.org/out-of-band/2.0/invitation",` +
		`"from":"did:example:alice","created_time":1795165200,"expires_time":1795251600,"body":{"goal_code":"connect",` +
		`"goal":"Let us talk","accept":["didcomm/v2"],"label":"Alice",` +
		`"addresses":["/ip4/192.0.2.1/udp/4001/quic-v1","/ip6/::1/tcp/4001"],"multi":true}}`
	got := plaintext(t, &inv)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	back, err := outofband.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&inv, back, sameDID); diff != "" {
		t.Errorf("parsed again (-want +got):\n%s", diff)
	}
}

// The example of the specification, with what we do not know in it.
func TestParseForeign(t *testing.T) {
	t.Parallel()
	got, err := outofband.Parse([]byte(`{
		"type": "https://didcomm.org/out-of-band/2.0/invitation", "id": "b1", "from": "did:example:faber",
		"body": {"goal_code": "issue-vc", "goal": "To issue a credential", "accept": ["didcomm/v2", "didcomm/aip2;env=rfc587"], "x": 1},
		"attachments": [{"id": "request-0", "media_type": "application/json", "data": {"json": {}}}], "y": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &outofband.Invitation{
		ID: "b1", From: did.MustParse("did:example:faber"), GoalCode: "issue-vc", Goal: "To issue a credential",
		Accept: []string{"didcomm/v2", "didcomm/aip2;env=rfc587"},
	}
	if diff := cmp.Diff(want, got, sameDID); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Expired(time.Now()) {
		t.Error("an invitation without an end has expired")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const start = `{"type":"https://didcomm.org/out-of-band/2.0/invitation","id":"1"`
	body := func(member string) string { return start + `,"from":"did:example:a","body":{` + member + `}}` }
	list := func(n int, item string) string { return `["` + strings.Repeat(item+`","`, n-1) + item + `"]` }
	for name, tc := range map[string]struct{ in, about string }{
		"garbage":             {`xx`, "malformed"},
		"another type":        {`{"type":"https://didcomm.org/basicmessage/2.0/message","id":"1","from":"did:example:a"}`, "basicmessage"},
		"version 1":           {`{"type":"https://didcomm.org/out-of-band/1.0/invitation","id":"1","from":"did:example:a"}`, "out-of-band/1.0"},
		"no from":             {start + `}`, "from"},
		"from a key":          {start + `,"from":"did:example:a#k"}`, "from"},
		"body an array":       {start + `,"from":"did:example:a","body":[]}`, "body"},
		"label a number":      {body(`"label":1`), "label"},
		"label too long":      {body(`"label":"` + strings.Repeat("l", 257) + `"`), "256"},
		"goal too long":       {body(`"goal":"` + strings.Repeat("l", 257) + `"`), "256"},
		"code too long":       {body(`"goal_code":"` + strings.Repeat("l", 257) + `"`), "256"},
		"17 addresses":        {body(`"addresses":` + list(17, "a")), "16"},
		"17 profiles":         {body(`"accept":` + list(17, "a")), "16"},
		"an empty address":    {body(`"addresses":[""]`), "512"},
		"a very long address": {body(`"addresses":` + list(1, strings.Repeat("a", 513))), "512"},
		"multi a string":      {body(`"multi":"true"`), "multi"},
		"duplicate member":    {body(`"multi":true,"multi":false`), "duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := outofband.Parse([]byte(tc.in))
			if !errors.Is(err, outofband.ErrInvalid) || !strings.Contains(err.Error(), tc.about) {
				t.Errorf("got %+v, %v; want ErrInvalid about %q", v, err, tc.about)
			}
		})
	}
}

func TestPlaintextRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*outofband.Invitation){
		"no from":          func(v *outofband.Invitation) { v.From = did.DID{} },
		"long label":       func(v *outofband.Invitation) { v.Label = strings.Repeat("l", 257) },
		"label not UTF-8":  func(v *outofband.Invitation) { v.Label = "\xff" },
		"ID not UTF-8":     func(v *outofband.Invitation) { v.ID = "\xff" },
		"17 addresses":     func(v *outofband.Invitation) { v.Addresses = make([]string, 17) },
		"an empty profile": func(v *outofband.Invitation) { v.Accept = []string{""} },
	} {
		v := full()
		change(&v)
		if b, err := v.Plaintext(); !errors.Is(err, outofband.ErrInvalid) {
			t.Errorf("%s: %s, %v; want ErrInvalid", name, b, err)
		}
		if l, err := v.Link(); !errors.Is(err, outofband.ErrInvalid) {
			t.Errorf("%s: link %s, %v; want ErrInvalid", name, l, err)
		}
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	v := full()
	for now, want := range map[time.Time]bool{
		created: false, expires.Add(-1): false, expires: true, expires.Add(time.Hour): true,
	} {
		if got := v.Expired(now); got != want {
			t.Errorf("at %v: %v, want %v", now, got, want)
		}
	}
}
