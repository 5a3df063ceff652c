package inboxtest

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var requestScenarios = map[string]func(*testing.T, inbox.Store){
	"keeps every field":                     requestKeeps,
	"holds one of each sender":              requestOne,
	"refuses what is no request":            requestBad,
	"never holds more than it may":          requestFull,
	"holds no more when many come at once":  requestRace,
	"forgets what is old":                   requestExpires,
	"becomes a contact and arrives":         requestAccepted,
	"brings nothing when blocked":           requestBlocked,
	"arrives at who is a contact meanwhile": requestOfContact,
	"arrives once":                          requestArrivesOnce,
	"changes nothing when it fails":         requestFails,
	"is dropped":                            requestDropped,
	"is accepted once of many times":        requestAcceptRace,
	"gives copies":                          requestCopies,
}

// asking is a request of a stranger to alice.
func asking(from did.DID, id, text string) inbox.Request {
	return inbox.Request{Entry: message(from, id, text).Entry}
}

func hold(t *testing.T, s inbox.Store, r inbox.Request, want inbox.HoldStatus) {
	t.Helper()
	got, err := s.Hold(t.Context(), r)
	noErr(t, err)
	same(t, "status", got, want)
}

func requests(t *testing.T, s inbox.Store) []inbox.Request {
	t.Helper()
	rs, err := s.Requests(t.Context())
	noErr(t, err)
	return rs
}

func requestIDs(rs []inbox.Request) []string {
	ids := make([]string, len(rs))
	for i, r := range rs {
		ids[i] = r.MessageID
	}
	return ids
}

func fullRequest() inbox.Request {
	r := asking(doraL, "m1", "hello")
	r.Owner, r.Long, r.SenderKey, r.SignerKey, r.ThreadID = alice, doraL, "did:example:d#1", "did:example:d#2", "th"
	r.Misaddressed, r.Expires = true, at(time.Hour)
	r.Pins, r.Addresses, r.PeerRecord = [][32]byte{{1}, {2, 3}}, []string{"/ip4/127.0.0.1/tcp/1", ""}, []byte{0, 1}
	return r
}

func requestKeeps(t *testing.T, s inbox.Store) {
	r := fullRequest()
	r.Seq, r.Rev, r.Disposition, r.Shown, r.Acked, r.Answered = 7, 7, inbox.Kept, true, true, true
	r.Received = start.In(time.FixedZone("X", 3600))
	hold(t, s, r, inbox.Held)
	want := fullRequest()
	want.From = dora
	same(t, "requests", requests(t, s), []inbox.Request{want})
	many := asking(bob, "m2", "x")
	many.Addresses = ids("/dns/host", 20)
	hold(t, s, many, inbox.Held)
	same(t, "addresses", requests(t, s)[1].Addresses, many.Addresses[:16])
	same(t, "entries", list(t, s, inbox.Query{}), []inbox.Entry{})
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	same(t, "stats", stats, inbox.Stats{Requests: 2})
}

func requestOne(t *testing.T, s inbox.Store) {
	hold(t, s, asking(doraL, "m1", "x"), inbox.Held)
	hold(t, s, asking(dora, "m1", "x"), inbox.Held)
	other := asking(dora, "m1", "x")
	other.Owner = carol
	for name, r := range map[string]inbox.Request{
		"another id": asking(dora, "m2", "x"), "another payload": asking(dora, "m1", "y"), "another owner": other,
	} {
		got, err := s.Hold(t.Context(), r)
		noErr(t, err)
		same(t, name, got, inbox.HoldOccupied)
	}
	hold(t, s, asking(bob, "m1", "x"), inbox.Held)
	want := []inbox.Request{asking(dora, "m1", "x"), asking(bob, "m1", "x")}
	same(t, "requests, oldest first", requests(t, s), want)
}

func requestBad(t *testing.T, s inbox.Store) {
	full := asking(bob, "m1", "")
	full.Payload = bytes.Repeat([]byte("x"), inbox.MaxRequest)
	hold(t, s, full, inbox.Held)
	large := asking(carol, "m1", "")
	large.Payload = append(bytes.Clone(full.Payload), 'x')
	record := asking(carol, "m1", "")
	record.PeerRecord = large.Payload
	for name, r := range map[string]inbox.Request{"payload": large, "record": record} {
		if _, err := s.Hold(t.Context(), r); !errors.Is(err, inbox.ErrTooLarge) {
			t.Errorf("%s: err = %v, want ErrTooLarge", name, err)
		}
	}
	noErr(t, s.AddContact(t.Context(), contact(dora, "dora")))
	if _, err := s.Hold(t.Context(), asking(doraL, "m1", "x")); !errors.Is(err, inbox.ErrExists) {
		t.Errorf("a contact: err = %v, want ErrExists", err)
	}
	ownerless := asking(carol, "m1", "x")
	ownerless.Owner = did.DID{}
	for name, r := range map[string]inbox.Request{"sender": asking(did.DID{}, "m1", "x"), "owner": ownerless} {
		if _, err := s.Hold(t.Context(), r); err == nil {
			t.Errorf("a request without %s was held", name)
		}
	}
	same(t, "requests", len(requests(t, s)), 1)
}

func strangers(n int) (list []did.DID) {
	for _, id := range ids("did:example:stranger", n) {
		list = append(list, did.MustParse(id))
	}
	return list
}

func requestFull(t *testing.T, s inbox.Store) {
	all := strangers(inbox.MaxRequests + 1)
	for _, from := range all[:inbox.MaxRequests] {
		hold(t, s, asking(from, "m1", "x"), inbox.Held)
	}
	last := asking(all[inbox.MaxRequests], "m1", "x")
	hold(t, s, last, inbox.HoldFull)
	hold(t, s, asking(all[0], "m1", "x"), inbox.Held)
	hold(t, s, asking(all[0], "m2", "x"), inbox.HoldOccupied)
	same(t, "requests", len(requests(t, s)), inbox.MaxRequests)
	noErr(t, s.DropRequest(t.Context(), all[3]))
	hold(t, s, last, inbox.Held)
	hold(t, s, asking(all[3], "m1", "x"), inbox.HoldFull)
}

func requestRace(t *testing.T, s inbox.Store) {
	var held, full atomic.Int32
	var wg sync.WaitGroup
	for _, from := range strangers(inbox.MaxRequests + 40) {
		wg.Go(func() {
			status, err := s.Hold(t.Context(), asking(from, "m1", "x"))
			switch {
			case err != nil:
				t.Error(err)
			case status == inbox.Held:
				held.Add(1)
			case status == inbox.HoldFull:
				full.Add(1)
			}
		})
	}
	wg.Wait()
	same(t, "held", int(held.Load()), inbox.MaxRequests)
	same(t, "refused", int(full.Load()), 40)
	same(t, "requests", len(requests(t, s)), inbox.MaxRequests)
}

func requestExpires(t *testing.T, s inbox.Store) {
	came := func(from did.DID, id string, after time.Duration) inbox.Request {
		r := asking(from, id, "x")
		r.Received = at(after)
		return r
	}
	hold(t, s, came(bob, "m1", 0), inbox.Held)
	hold(t, s, came(carol, "m2", tick), inbox.Held)
	hold(t, s, came(dora, "m3", inbox.RequestTime-tick), inbox.Held)
	same(t, "nearly old", requestIDs(requests(t, s)), []string{"m1", "m2", "m3"})
	hold(t, s, came(dora, "m3", inbox.RequestTime), inbox.Held)
	same(t, "one is old", requestIDs(requests(t, s)), []string{"m2", "m3"})
	hold(t, s, came(carol, "m4", inbox.RequestTime+tick), inbox.Held) // what she said first is forgotten
	same(t, "another is old", requestIDs(requests(t, s)), []string{"m3", "m4"})
}

func requestAccepted(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(bob, "Dora")))
	hints := s.Watch(t.Context())
	hold(t, s, fullRequest(), inbox.Held)
	c := inbox.Contact{Name: "dora", Added: at(time.Minute), Receipts: inbox.ReceiptsNone, DID: carol, Addresses: []string{"x"}}
	got, err := s.AcceptRequest(t.Context(), doraL, c, at(time.Minute))
	noErr(t, err)
	if !hinted(hints) {
		t.Error("no hint that a message has arrived")
	}
	r := fullRequest()
	want := inbox.Contact{
		DID: dora, Name: "dora-2", Added: at(time.Minute), Receipts: inbox.ReceiptsNone,
		Pins: r.Pins, Addresses: r.Addresses, PeerRecord: r.PeerRecord, Ours: alice,
		History: []inbox.KeyEvent{{At: at(time.Minute), How: inbox.KeysRequested, Keys: inbox.KeySet(r.Pins)}},
	}
	same(t, "contact returned", got, want)
	kept, err := s.Contact(t.Context(), dora)
	noErr(t, err)
	same(t, "contact", kept, want)
	long, err := s.LongForm(t.Context(), dora)
	noErr(t, err)
	same(t, "long form", long, doraL)
	entries := list(t, s, inbox.Query{})
	e := r.Entry
	e.From, e.Received, e.Disposition = dora, at(time.Minute), inbox.Pending
	e.Seq, e.Rev = entries[0].Seq, entries[0].Rev
	same(t, "entries", entries, []inbox.Entry{e})
	same(t, "requests", requests(t, s), []inbox.Request{})
	if _, err := s.AcceptRequest(t.Context(), dora, c, at(time.Minute)); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("again: err = %v, want ErrNotFound", err)
	}
}

func requestBlocked(t *testing.T, s inbox.Store) {
	hold(t, s, fullRequest(), inbox.Held)
	got, err := s.AcceptRequest(t.Context(), dora, inbox.Contact{Name: "not a name", Blocked: true}, start)
	noErr(t, err)
	same(t, "name", got.Name, "not-a-name")
	same(t, "entries", list(t, s, inbox.Query{}), []inbox.Entry{})
	same(t, "requests", requests(t, s), []inbox.Request{})
	kept, err := s.Contact(t.Context(), dora)
	noErr(t, err)
	same(t, "contact", kept, got)
	if !kept.Blocked {
		t.Error("the contact is not blocked")
	}
	same(t, "a later arrival", statuses(put(t, s, message(dora, "m1", "hello"))), []string{"added"})
}

func requestOfContact(t *testing.T, s inbox.Store) {
	for _, r := range []inbox.Request{asking(bob, "m1", "x"), asking(carol, "m2", "x"), asking(dora, "m3", "x")} {
		hold(t, s, r, inbox.Held)
	}
	noErr(t, s.AddContact(t.Context(), contact(bob, "bob")))
	noErr(t, s.AddContact(t.Context(), contact(carol, "carol")))
	blocked := contact(dora, "dora")
	blocked.Blocked = true
	noErr(t, s.AddContact(t.Context(), blocked))
	got, err := s.AcceptRequest(t.Context(), bob, inbox.Contact{Name: "robert"}, start)
	noErr(t, err)
	same(t, "contact", got, contact(bob, "bob"))
	got, err = s.AcceptRequest(t.Context(), carol, inbox.Contact{Name: "x", Blocked: true}, start)
	noErr(t, err)
	want := contact(carol, "carol")
	want.Blocked = true
	same(t, "blocked now", got, want)
	got, err = s.AcceptRequest(t.Context(), dora, inbox.Contact{Name: "x"}, start)
	noErr(t, err)
	same(t, "blocked before", got, blocked)
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	same(t, "contacts", cs, []inbox.Contact{contact(bob, "bob"), want, blocked})
	same(t, "entries", entryIDs(list(t, s, inbox.Query{})), []string{"m1"})
}

func requestArrivesOnce(t *testing.T, s inbox.Store) {
	put(t, s, message(bob, "m1", "x"), message(carol, "m1", "y"))
	hold(t, s, asking(bob, "m1", "x"), inbox.Held)
	hold(t, s, asking(carol, "m1", "x"), inbox.Held) // a conflict with what has arrived
	hold(t, s, asking(dora, "m1", "x"), inbox.Held)
	for _, from := range []did.DID{bob, carol, dora} {
		_, err := s.AcceptRequest(t.Context(), from, inbox.Contact{Name: "n"}, start)
		noErr(t, err)
	}
	same(t, "sent again", statuses(put(t, s, message(dora, "m1", "x"))), []string{"duplicate"})
	same(t, "entries", len(list(t, s, inbox.Query{})), 3)
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	same(t, "contacts", len(cs), 3)
}

func requestFails(t *testing.T, s inbox.Store) {
	if _, err := s.AcceptRequest(t.Context(), bob, contact(bob, "bob"), start); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("accept: err = %v, want ErrNotFound", err)
	}
	if err := s.DropRequest(t.Context(), bob); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("drop: err = %v, want ErrNotFound", err)
	}
	got, err := holds(t.Context(), s)
	noErr(t, err)
	same(t, "contents", got, contents{})
}

func requestDropped(t *testing.T, s inbox.Store) {
	hold(t, s, fullRequest(), inbox.Held)
	hold(t, s, asking(bob, "m2", "x"), inbox.Held)
	noErr(t, s.DropRequest(t.Context(), doraL))
	same(t, "requests", requestIDs(requests(t, s)), []string{"m2"})
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	same(t, "contacts", cs, []inbox.Contact{})
	hold(t, s, asking(dora, "m3", "x"), inbox.Held)
	same(t, "asked again", requestIDs(requests(t, s)), []string{"m2", "m3"})
}

func requestAcceptRace(t *testing.T, s inbox.Store) {
	hold(t, s, fullRequest(), inbox.Held)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := s.AcceptRequest(t.Context(), dora, inbox.Contact{Name: "dora"}, start)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, inbox.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, "won", int(won.Load()), 1)
	same(t, "entries", len(list(t, s, inbox.Query{})), 1)
}

func requestCopies(t *testing.T, s inbox.Store) {
	r := fullRequest()
	hold(t, s, r, inbox.Held)
	spoil := func(r inbox.Request) {
		r.Payload[0], r.Pins[0][0], r.Addresses[0], r.PeerRecord[0] = 'J', 9, "spoilt", 9
	}
	spoil(r)
	want := fullRequest()
	want.From = dora
	for range 2 {
		got := requests(t, s)
		same(t, "requests", got, []inbox.Request{want})
		spoil(got[0])
	}
	c, err := s.AcceptRequest(t.Context(), dora, inbox.Contact{Name: "dora"}, start)
	noErr(t, err)
	c.Pins[0][0], c.Addresses[0], c.PeerRecord[0] = 9, "spoilt", 9
	kept, err := s.Contact(t.Context(), dora)
	noErr(t, err)
	same(t, "addresses", kept.Addresses, want.Addresses)
	same(t, "pins", kept.Pins, want.Pins)
	same(t, "record", kept.PeerRecord, want.PeerRecord)
}
