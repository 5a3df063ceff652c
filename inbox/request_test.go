package inbox_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/inbox"
)

func TestCleanRequest(t *testing.T) {
	t.Parallel()
	given := inbox.Request{
		Entry: inbox.Entry{
			Owner: long, From: long, Created: zoned, Expires: zoned, Received: zoned, MessageID: "m",
			Seq: 1, Rev: 2, Disposition: inbox.Kept, Shown: true, Acked: true, Answered: true,
		},
		Long: long, Addresses: slices.Repeat([]string{"a"}, 20),
	}
	r, err := given.Clean()
	if err != nil {
		t.Fatal(err)
	}
	if r.Owner != short || r.From != short || r.Long != long || len(r.Addresses) != 16 || len(given.Addresses) != 20 {
		t.Errorf("owner %v, from %v, long %v, %d addresses", r.Owner, r.From, r.Long, len(r.Addresses))
	}
	if r.Seq != 0 || r.Rev != 0 || r.Disposition != 0 || r.Shown || r.Acked || r.Answered {
		t.Error("what an arrival gets is kept")
	}
	for _, tm := range []time.Time{r.Created, r.Expires, r.Received} {
		if !isClean(tm) || !tm.Equal(zoned) {
			t.Errorf("time %v, want that in UTC: %v", tm, zoned)
		}
	}
}

// TestCleanRequestBounds makes each field of a stranger as large as it may be, and larger.
func TestCleanRequestBounds(t *testing.T) {
	t.Parallel()
	full := bytes.Repeat([]byte("x"), inbox.MaxRequest)
	for name, set := range map[string]func(r *inbox.Request, n int){
		"payload":    func(r *inbox.Request, n int) { r.Payload = full[:n] },
		"id":         func(r *inbox.Request, n int) { r.MessageID = string(full[:n]) },
		"type":       func(r *inbox.Request, n int) { r.Type = string(full[:n]) },
		"thread":     func(r *inbox.Request, n int) { r.ThreadID = string(full[:n]) },
		"sender key": func(r *inbox.Request, n int) { r.SenderKey = string(full[:n]) },
		"signer key": func(r *inbox.Request, n int) { r.SignerKey = string(full[:n]) },
		"record":     func(r *inbox.Request, n int) { r.PeerRecord = full[:n] },
		"pins":       func(r *inbox.Request, n int) { r.Pins = make([][32]byte, n/32) },
		"addresses":  func(r *inbox.Request, n int) { r.Addresses = []string{string(full[:n/2]), string(full[:n-n/2])} },
	} {
		r := inbox.Request{Entry: inbox.Entry{Owner: bob, From: short}}
		set(&r, inbox.MaxRequest)
		if _, err := r.Clean(); err != nil {
			t.Errorf("%s at its limit: %v", name, err)
		}
		if name == "payload" {
			r.Payload = make([]byte, inbox.MaxRequest+1)
		} else {
			r.Addresses = append(r.Addresses, "y")
		}
		if _, err := r.Clean(); !errors.Is(err, inbox.ErrTooLarge) {
			t.Errorf("%s beyond its limit: err = %v, want ErrTooLarge", name, err)
		}
	}
	for name, r := range map[string]inbox.Request{
		"owner": {Entry: inbox.Entry{From: bob}}, "sender": {Entry: inbox.Entry{Owner: bob}},
	} {
		if _, err := r.Clean(); err == nil {
			t.Errorf("a request without %s is clean", name)
		}
	}
}

func TestIntroduce(t *testing.T) {
	t.Parallel()
	r := inbox.Request{
		Entry: inbox.Entry{Owner: bob, From: short, Received: zoned}, Long: long,
		Pins: [][32]byte{{1}}, Addresses: []string{"a"}, PeerRecord: []byte("r"),
	}
	for wish, name := range map[string]string{"dora": "dora", "two words": "two-words", "": "contact"} {
		c, err := r.Introduce(inbox.Contact{DID: bob, Name: wish, Blocked: true, Addresses: []string{"b"}, Receipts: inbox.ReceiptsNone}, zoned)
		if err != nil {
			t.Fatal(err)
		}
		if c.DID != short || c.Name != name || !c.Blocked || c.Receipts != inbox.ReceiptsNone || !slices.Equal(c.Addresses, r.Addresses) {
			t.Errorf("contact %+v of the wish %q", c, wish)
		}
		if c.Addresses[0], c.Pins[0], c.PeerRecord[0] = "x", [32]byte{2}, 'x'; r.Addresses[0] != "a" || r.Pins[0] != [32]byte{1} || r.PeerRecord[0] != 'r' {
			t.Fatal("the contact shares memory with the request")
		}
	}
	if _, err := (inbox.Request{}).Introduce(inbox.Contact{Name: "nobody"}, zoned); err == nil {
		t.Error("nobody became a contact")
	}
	now := time.Now()
	if a := r.Arrival(now); a.From != short || a.Long != long || !a.Received.Equal(now) || a.Claim != nil || !r.Received.Equal(zoned) {
		t.Errorf("arrival %+v", a)
	}
}

func TestCleanContactCuts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"x": 128, "ö": 128, "€": 126, "\U0001F600": 128} {
		c, err := inbox.Contact{DID: bob, Name: "a", DisplayName: strings.Repeat(in, 200)}.Clean()
		if err != nil || len(c.DisplayName) != want || strings.Trim(c.DisplayName, in) != "" {
			t.Errorf("%q: cut to %d bytes, want %d (%v)", in, len(c.DisplayName), want, err)
		}
	}
	c, err := inbox.Contact{DID: bob, Name: "a", Description: "a\xff\xfeb", Receipts: -1}.Clean()
	if err != nil || c.Description != "a\uFFFDb" || c.Receipts != inbox.ReceiptsDefault {
		t.Errorf("description %q, receipts %d, err %v", c.Description, c.Receipts, err)
	}
}
