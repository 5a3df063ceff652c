package inbox_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var (
	short = did.MustParse("did:peer:4zQmDora")
	long  = did.MustParse("did:peer:4zQmDora:zDocument")
	bob   = did.MustParse("did:example:bob")
)

// zoned is a time as time.Now gives it: of a zone, with a monotonic reading.
var zoned = time.Now().In(time.FixedZone("X", 3600))

func TestStates(t *testing.T) {
	t.Parallel()
	order := []inbox.State{inbox.Queued, inbox.Sent, inbox.Relayed, inbox.Failed, inbox.Expired, inbox.Delivered, inbox.Read}
	names := []string{"queued", "sent", "relayed", "failed", "expired", "delivered", "read"}
	for i, from := range order {
		if from.String() != names[i] {
			t.Errorf("state %d is %q, want %q", from, from, names[i])
		}
		if want := i >= 3; from.Settled() != want {
			t.Errorf("%v is settled: %v", from, from.Settled())
		}
		for j, to := range order {
			if got := from.Advances(to); got != (j > i) {
				t.Errorf("%v advances to %v: %v", from, to, got)
			}
		}
		if from.Advances(0) || from.Advances(-1) || from.Advances(inbox.Read+1) {
			t.Errorf("%v advances to what is no state", from)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		inbox.Pending.String(): "pending", inbox.Kept.String(): "kept", inbox.Consumed.String(): "consumed",
		inbox.Rejected.String(): "rejected", inbox.Disposition(0).String(): "unknown",
		inbox.Added.String(): "added", inbox.Duplicate.String(): "duplicate", inbox.Conflict.String(): "conflict",
		inbox.InvitationUsed.String(): "invitation used", inbox.Withheld.String(): "withheld",
		inbox.KeptBack.String(): "kept back", inbox.NoRoom.String(): "no room",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if inbox.State(0).String() != "unknown" || inbox.PutStatus(0).String() != "unknown" {
		t.Error("a zero value has a name")
	}
}

func isClean(tm time.Time) bool {
	return tm.Location() == time.UTC && tm == tm.Round(0)
}

func TestCleanArrival(t *testing.T) {
	t.Parallel()
	a, err := inbox.Arrival{
		Entry: inbox.Entry{
			Owner: long, From: long, Created: zoned, Expires: zoned, Received: zoned,
			Seq: 1, Rev: 2, Disposition: inbox.Kept, Shown: true, Acked: true,
		},
		Long:  long,
		Claim: &inbox.Claim{Expires: zoned, Contact: inbox.Contact{DID: bob, Name: "two words", Added: zoned}},
	}.Clean()
	if err != nil {
		t.Fatal(err)
	}
	if a.Owner != short || a.From != short || a.Long != long || a.Claim.Contact.DID != short || a.Claim.Contact.Name != "two-words" {
		t.Errorf("owner %v, from %v, long %v, contact %v %q", a.Owner, a.From, a.Long, a.Claim.Contact.DID, a.Claim.Contact.Name)
	}
	if a.Seq != 0 || a.Rev != 0 || a.Disposition != inbox.Pending || a.Shown || a.Acked {
		t.Error("what Put sets is kept")
	}
	for _, tm := range []time.Time{a.Created, a.Expires, a.Received, a.Claim.Expires, a.Claim.Contact.Added} {
		if !isClean(tm) || !tm.Equal(zoned) {
			t.Errorf("time %v, want that in UTC: %v", tm, zoned)
		}
	}
	for name, bad := range map[string]inbox.Arrival{
		"no owner":        {Entry: inbox.Entry{From: bob}},
		"anonymous claim": {Entry: inbox.Entry{Owner: bob}, Claim: &inbox.Claim{}},
		"anonymous keys":  {Entry: inbox.Entry{Owner: bob}, Withhold: [32]byte{1}},
	} {
		if _, err := bad.Clean(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	large := inbox.Arrival{Entry: inbox.Entry{Owner: bob, Payload: make([]byte, inbox.MaxPayload+1)}}
	if _, err := large.Clean(); !errors.Is(err, inbox.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
}

func TestCleanDoesNotChangeTheCallers(t *testing.T) {
	t.Parallel()
	claim := &inbox.Claim{Contact: inbox.Contact{Name: "two words", Addresses: slices.Repeat([]string{"a"}, 20)}}
	a := inbox.Arrival{Entry: inbox.Entry{Owner: bob, From: bob}, Claim: claim}
	clean, err := a.Clean()
	if err != nil {
		t.Fatal(err)
	}
	if claim.Contact.Name != "two words" || len(claim.Contact.Addresses) != 20 || len(clean.Claim.Contact.Addresses) != 16 {
		t.Error("the caller's claim was changed")
	}
	c := inbox.Contact{DID: bob, Name: "bob", Pins: [][32]byte{{1}}, Addresses: []string{"a"}, PeerRecord: []byte("r"), Invitation: []byte("i")}
	copied := c.Clone()
	copied.Pins[0], copied.Addresses[0], copied.PeerRecord[0], copied.Invitation[0] = [32]byte{2}, "b", 'x', 'x'
	if c.Pins[0] != [32]byte{1} || c.Addresses[0] != "a" || !bytes.Equal(c.PeerRecord, []byte("r")) || !bytes.Equal(c.Invitation, []byte("i")) {
		t.Error("a clone shares memory")
	}
}

func TestCleanParcel(t *testing.T) {
	t.Parallel()
	p, err := inbox.Parcel{
		Owner: long, To: long, MessageID: "m", Type: "t", ThreadID: "th", Payload: []byte("x"), Created: zoned, Expires: zoned,
		Seq: 1, Rev: 2, State: inbox.Read, Attempts: 3, Updated: zoned.Add(1), Path: "p", Problem: "q",
	}.Clean()
	if err != nil {
		t.Fatal(err)
	}
	want := inbox.Parcel{
		Owner: short, To: short, MessageID: "m", Type: "t", ThreadID: "th", Payload: []byte("x"),
		Created: zoned, Expires: zoned, Updated: zoned, State: inbox.Queued,
	}
	if diff := cmp.Diff(want, p, cmp.Comparer(func(a, b did.DID) bool { return a == b })); diff != "" {
		t.Errorf("parcel (-want +got):\n%s", diff)
	}
	if !isClean(p.Created) || !isClean(p.Expires) || !isClean(p.Updated) {
		t.Error("a time is not in UTC")
	}
}

func TestCleanQueries(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{0: 100, -5: 100, 1: 1, 1000: 1000, 1001: 1000} {
		q, err := inbox.Query{Owner: long, From: long, Limit: limit, Seqs: make([]int64, inbox.MaxSeqs)}.Clean()
		if err != nil {
			t.Fatal(err)
		}
		s := inbox.SentQuery{Owner: long, To: long, Limit: limit}.Clean()
		if q.Limit != want || s.Limit != want || q.Owner != short || q.From != short || s.Owner != short || s.To != short {
			t.Errorf("limit %d: %+v, %+v", limit, q, s)
		}
	}
	if _, err := (inbox.Query{Seqs: make([]int64, inbox.MaxSeqs+1)}).Clean(); !errors.Is(err, inbox.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
	if got := (inbox.Limit{Bytes: -1}).Clean(); got != (inbox.Limit{Destinations: 16, Parcels: 64, Bytes: 4 << 20}) {
		t.Errorf("limit %+v", got)
	}
	if got := (inbox.Limit{Destinations: 1, Parcels: 2, Bytes: 3}).Clean(); got != (inbox.Limit{Destinations: 1, Parcels: 2, Bytes: 3}) {
		t.Errorf("limit %+v", got)
	}
}
