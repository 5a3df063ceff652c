package inboxtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"pgregory.net/rapid"
)

// pair is the store under test beside the model: every call goes to both and must come out the same.
type pair struct {
	ctx         context.Context
	real, model inbox.Store
	now         time.Time
	batches     []inbox.Batch // claimed; some of them lost or settled by now
}

// both calls fn with either store and compares what it returns.
func (p *pair) both(t *rapid.T, what string, fn func(s inbox.Store) (any, error)) any {
	got, gotErr := fn(p.real)
	want, wantErr := fn(p.model)
	if kind(gotErr) != kind(wantErr) {
		t.Fatalf("%s: err = %v, the model says %v", what, gotErr, wantErr)
	}
	if diff := diff(got, want); diff != "" {
		t.Fatalf("%s (-model +got):\n%s", what, diff)
	}
	return got
}

// kind returns the error that callers branch on.
func kind(err error) error {
	for _, e := range []error{
		inbox.ErrNotFound, inbox.ErrExists, inbox.ErrName, inbox.ErrConflict, inbox.ErrFull,
		inbox.ErrLost, inbox.ErrTooLarge,
	} {
		if errors.Is(err, e) {
			return e
		}
	}
	return err
}

// check compares all that the stores hold.
func (p *pair) check(t *rapid.T) {
	p.both(t, "contents", func(s inbox.Store) (any, error) { return holds(p.ctx, s) })
}

// The generators are made anew for each use: rapid's are not safe for properties that run side by side.
func people() *rapid.Generator[did.DID] { return rapid.SampledFrom([]did.DID{bob, carol, dora, doraL}) }
func owners() *rapid.Generator[did.DID] { return rapid.SampledFrom([]did.DID{alice, alice, carol}) }
func texts() *rapid.Generator[string]   { return rapid.SampledFrom([]string{"x", "x", "x", "y"}) }
func someIDs() *rapid.Generator[string] { return rapid.SampledFrom(ids("m", 6)) }
func numbers() *rapid.Generator[byte]   { return rapid.ByteRange(1, 3) } // of sets of keys
func states() *rapid.Generator[int]     { return rapid.IntRange(0, int(inbox.Read)+1) }

// explore runs the actions in random order against a fresh pair, many times.
func explore(t *testing.T, open func(t *testing.T) inbox.Store, actions func(p *pair) map[string]func(*rapid.T)) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &pair{ctx: t.Context(), real: open(t), model: memory.Open(), now: start}
		defer func() {
			if err := errors.Join(p.real.Close(), p.model.Close()); err != nil {
				rt.Errorf("close: %v", err)
			}
		}()
		all := actions(p)
		all[""] = p.check
		rt.Repeat(all)
	})
}

// outboxProperty compares the outbox of the driver with the model.
func outboxProperty(t *testing.T, open func(t *testing.T) inbox.Store) {
	explore(t, open, func(p *pair) map[string]func(*rapid.T) {
		return map[string]func(*rapid.T){
			"enqueue": p.enqueue, "claim": p.claim, "settle": p.settle, "settle 2": p.settle, "wake": p.wake,
			"advance": p.advance, "cancel": p.cancel, "time passes": p.pass, "sent": p.sent,
		}
	})
}

// inboxProperty compares the inbox of the driver, its dedupe and its claims with the model.
func inboxProperty(t *testing.T, open func(t *testing.T) inbox.Store) {
	explore(t, open, func(p *pair) map[string]func(*rapid.T) {
		return map[string]func(*rapid.T){
			"put": p.put, "put 2": p.put, "handled": p.handled, "mark": p.mark, "delete": p.delete, "list": p.list,
			"remove contact": p.removeContact, "match": p.match, "release": p.release, "offer": p.offer,
		}
	})
}

// requestProperty compares what the driver holds of strangers with the model.
func requestProperty(t *testing.T, open func(t *testing.T) inbox.Store) {
	explore(t, open, func(p *pair) map[string]func(*rapid.T) {
		return map[string]func(*rapid.T){
			"hold": p.hold, "hold 2": p.hold, "accept": p.accept, "drop": p.drop, "put": p.put, "months pass": p.passMonths,
			"remove contact": p.removeContact, "update contact": p.updateContact,
		}
	})
}

func (p *pair) parcel(t *rapid.T) inbox.Parcel {
	l := letter(people().Draw(t, "to"), someIDs().Draw(t, "id"), texts().Draw(t, "text"))
	l.Owner, l.Created = owners().Draw(t, "owner"), p.now
	l.ThreadID = rapid.SampledFrom([]string{l.MessageID, "m0", "m1"}).Draw(t, "thread")
	return l
}

func (p *pair) enqueue(t *rapid.T) {
	ps := rapid.SliceOfN(rapid.Custom(p.parcel), 0, 3).Draw(t, "parcels")
	p.both(t, "enqueue", func(s inbox.Store) (any, error) { return s.Enqueue(p.ctx, ps...) })
}

// seconds draws a time from a little before now to a while after.
func (p *pair) seconds(t *rapid.T, label string, least int) time.Time {
	return p.now.Add(time.Duration(rapid.IntRange(least, 30).Draw(t, label)) * time.Second)
}

func (p *pair) claim(t *rapid.T) {
	until := p.seconds(t, "until", 1)
	limit := inbox.Limit{
		Destinations: rapid.IntRange(0, 2).Draw(t, "destinations"), Parcels: rapid.IntRange(0, 2).Draw(t, "parcels"),
		Bytes: rapid.IntRange(0, 2).Draw(t, "bytes"),
	}
	got := p.both(t, "claim", func(s inbox.Store) (any, error) { return s.Claim(p.ctx, p.now, until, limit) })
	p.batches = append(p.batches, got.([]inbox.Batch)...)
}

func (p *pair) settle(t *rapid.T) {
	if len(p.batches) == 0 {
		t.Skip("nothing was claimed")
	}
	b := rapid.SampledFrom(p.batches).Draw(t, "batch")
	outs := rapid.SliceOfN(rapid.Custom(p.outcome), 0, len(b.Parcels)).Draw(t, "outcomes")
	var next time.Time
	if rapid.Bool().Draw(t, "failed") {
		next = p.seconds(t, "next", -1)
	}
	p.both(t, "settle", func(s inbox.Store) (any, error) { return nil, s.Settle(p.ctx, b, outs, p.now, next) })
}

func (p *pair) outcome(t *rapid.T) inbox.Outcome {
	out := inbox.Outcome{
		State: inbox.State(states().Draw(t, "state")), Done: rapid.IntRange(0, 4).Draw(t, "done") == 0,
		Path: texts().Draw(t, "path"), Problem: texts().Draw(t, "problem"),
	}
	if rapid.Bool().Draw(t, "later") {
		out.RetryAt = p.seconds(t, "retry", -1)
	}
	return out
}

func (p *pair) wake(t *rapid.T) {
	to := people().Draw(t, "to")
	p.both(t, "wake", func(s inbox.Store) (any, error) { return nil, s.Wake(p.ctx, to, p.now) })
}

func (p *pair) advance(t *rapid.T) {
	owner, to, state := owners().Draw(t, "owner"), people().Draw(t, "to"), inbox.State(states().Draw(t, "state"))
	which := rapid.SliceOfN(someIDs(), 0, 3).Draw(t, "ids")
	p.both(t, "advance", func(s inbox.Store) (any, error) { return s.Advance(p.ctx, owner, to, which, state, p.now) })
}

func (p *pair) cancel(t *rapid.T) {
	owner, id := owners().Draw(t, "owner"), someIDs().Draw(t, "id")
	p.both(t, "cancel", func(s inbox.Store) (any, error) { return s.Cancel(p.ctx, owner, id, p.now) })
}

func (p *pair) pass(t *rapid.T) { p.now = p.seconds(t, "now", 0) }

func (p *pair) sent(t *rapid.T) {
	q := inbox.SentQuery{
		AfterRev: rapid.Int64Range(0, 20).Draw(t, "after"), BySeq: rapid.Bool().Draw(t, "by seq"),
		Newest: rapid.Bool().Draw(t, "newest"), Limit: rapid.IntRange(0, 3).Draw(t, "limit"),
	}
	if rapid.Bool().Draw(t, "select") {
		q.Owner, q.To = owners().Draw(t, "owner"), people().Draw(t, "to")
	}
	if rapid.Bool().Draw(t, "thread") {
		q.ThreadID = someIDs().Draw(t, "thread id")
	}
	for _, s := range rapid.SliceOfN(states(), 0, 3).Draw(t, "states") {
		q.States = append(q.States, inbox.State(s))
	}
	if rapid.IntRange(0, 3).Draw(t, "by id") == 0 {
		q.MessageID = someIDs().Draw(t, "message id")
	}
	q.AfterSeq = rapid.Int64Range(0, 5).Draw(t, "after seq")
	q.Match = p.matcher(t)
	p.both(t, "sent", func(s inbox.Store) (any, error) { return s.Sent(p.ctx, q) })
}

func (p *pair) put(t *rapid.T) {
	as := rapid.SliceOfN(rapid.Custom(p.arrival), 0, 3).Draw(t, "arrivals")
	p.both(t, "put", func(s inbox.Store) (any, error) { return s.Put(p.ctx, as...) })
}

func (p *pair) arrival(t *rapid.T) inbox.Arrival {
	from := rapid.SampledFrom([]did.DID{{}, bob, carol, dora, doraL}).Draw(t, "from")
	a := message(from, someIDs().Draw(t, "id"), texts().Draw(t, "text"))
	a.Owner, a.Long = owners().Draw(t, "owner"), from
	a.ThreadID, a.Kept = someIDs().Draw(t, "thread"), rapid.Bool().Draw(t, "kept")
	if !from.IsZero() && rapid.IntRange(0, 2).Draw(t, "other keys") == 0 {
		a.Withhold = setOf(numbers().Draw(t, "withhold"))
	}
	if !from.IsZero() && rapid.IntRange(0, 3).Draw(t, "claims") == 0 {
		a.Claim = &inbox.Claim{
			Invitation: someIDs().Draw(t, "invitation"), Multi: rapid.Bool().Draw(t, "multi"),
			Contact: inbox.Contact{
				Name: rapid.SampledFrom([]string{"anna", "Anna", "", "a b"}).Draw(t, "name"),
				Keys: keysOf(numbers().Draw(t, "keys")),
			},
		}
	}
	return a
}

func (p *pair) handled(t *rapid.T) {
	owner, seq := owners().Draw(t, "owner"), rapid.Int64Range(0, 12).Draw(t, "seq")
	d := inbox.Disposition(rapid.IntRange(int(inbox.Kept), int(inbox.Rejected)).Draw(t, "disposition"))
	replies := rapid.SliceOfN(rapid.Custom(p.parcel), 0, 2).Draw(t, "replies")
	p.both(t, "handled", func(s inbox.Store) (any, error) { return nil, s.Handled(p.ctx, owner, seq, d, replies...) })
}

func (p *pair) mark(t *rapid.T) {
	owner, seqs := owners().Draw(t, "owner"), rapid.SliceOfN(rapid.Int64Range(0, 12), 0, 4).Draw(t, "seqs")
	m := inbox.Mark(rapid.IntRange(int(inbox.MarkShown), int(inbox.MarkAcked)).Draw(t, "mark"))
	receipts := rapid.SliceOfN(rapid.Custom(p.parcel), 0, 2).Draw(t, "receipts")
	p.both(t, "mark", func(s inbox.Store) (any, error) { return nil, s.Mark(p.ctx, owner, m, seqs, receipts...) })
}

func (p *pair) delete(t *rapid.T) {
	owner, seq := owners().Draw(t, "owner"), rapid.Int64Range(0, 12).Draw(t, "seq")
	p.both(t, "delete", func(s inbox.Store) (any, error) { return nil, s.Delete(p.ctx, owner, seq) })
}

func (p *pair) removeContact(t *rapid.T) {
	id := people().Draw(t, "contact")
	p.both(t, "remove", func(s inbox.Store) (any, error) { return nil, s.RemoveContact(p.ctx, id) })
}

// release pins keys, and releases what was withheld under them or, which is refused, under others.
func (p *pair) release(t *rapid.T) {
	id, pinned, keys := people().Draw(t, "contact"), numbers().Draw(t, "pinned"), numbers().Draw(t, "keys")
	if rapid.IntRange(0, 3).Draw(t, "honest") > 0 {
		pinned = keys
	}
	p.both(t, "release", func(s inbox.Store) (any, error) {
		n, err := s.ReleaseContact(p.ctx, id, setOf(keys), accept(pinned))
		if err != nil && !errors.Is(err, inbox.ErrNotFound) {
			err = inbox.ErrConflict // any error will do
		}
		return n, err
	})
}

func (p *pair) offer(t *rapid.T) {
	id, n := people().Draw(t, "contact"), numbers().Draw(t, "keys")
	p.both(t, "offer", func(s inbox.Store) (any, error) {
		return nil, s.UpdateContact(p.ctx, id, func(c *inbox.Contact) error {
			c.Offer = &inbox.Offer{Keys: keysOf(n), At: p.now}
			return nil
		})
	})
}

func (p *pair) list(t *rapid.T) {
	q := inbox.Query{
		Unacked: rapid.Bool().Draw(t, "unacked"), AfterSeq: rapid.Int64Range(0, 5).Draw(t, "after seq"),
		AfterRev: rapid.Int64Range(0, 20).Draw(t, "after"), BySeq: rapid.Bool().Draw(t, "by seq"),
		Newest: rapid.Bool().Draw(t, "newest"), Limit: rapid.IntRange(0, 3).Draw(t, "limit"),
	}
	if rapid.Bool().Draw(t, "select") {
		q.Owner, q.From = owners().Draw(t, "owner"), people().Draw(t, "from")
	}
	for _, d := range rapid.SliceOfN(rapid.IntRange(1, 5), 0, 2).Draw(t, "dispositions") {
		q.Dispositions = append(q.Dispositions, inbox.Disposition(d))
	}
	p.both(t, "list", func(s inbox.Store) (any, error) { return s.List(p.ctx, q) })
}

// matcher draws how to select by payload: nothing, "x" or "y".
func (p *pair) matcher(t *rapid.T) func([]byte) bool {
	text := rapid.SampledFrom([]string{"", "", "x", "y"}).Draw(t, "match")
	if text == "" {
		return nil
	}
	return has(text)
}

func (p *pair) match(t *rapid.T) {
	q := inbox.Query{
		Match: p.matcher(t), Seqs: rapid.SliceOfN(rapid.Int64Range(0, 12), 0, 5).Draw(t, "seqs"),
		BySeq: rapid.Bool().Draw(t, "by seq"), Newest: rapid.Bool().Draw(t, "newest"), Limit: rapid.IntRange(0, 3).Draw(t, "limit"),
	}
	if rapid.IntRange(0, 3).Draw(t, "by id") == 0 {
		q.MessageID = someIDs().Draw(t, "message id")
	}
	if rapid.IntRange(0, 3).Draw(t, "by thread") == 0 {
		q.ThreadID = someIDs().Draw(t, "thread id")
	}
	p.both(t, "match", func(s inbox.Store) (any, error) { return s.List(p.ctx, q) })
}

func (p *pair) hold(t *rapid.T) {
	a := p.arrival(t)
	r := inbox.Request{Entry: a.Entry, Long: a.Long, Addresses: rapid.SliceOfN(someIDs(), 0, 2).Draw(t, "addresses")}
	r.Received = p.seconds(t, "received", -1)
	p.both(t, "hold", func(s inbox.Store) (any, error) {
		status, err := s.Hold(p.ctx, r)
		if r.From.IsZero() && err != nil {
			err = inbox.ErrNotFound // any error will do
		}
		return status, err
	})
}

// wish draws a contact as a user could make it of a request.
func wish(t *rapid.T) inbox.Contact {
	return inbox.Contact{
		Name:     rapid.SampledFrom([]string{"anna", "Anna", "", "a b"}).Draw(t, "name"),
		Blocked:  rapid.Bool().Draw(t, "blocked"),
		Receipts: inbox.ReceiptLevel(rapid.IntRange(-1, 4).Draw(t, "receipts")),
		Life:     inbox.Life{Count: rapid.Uint32().Draw(t, "life")},
	}
}

func (p *pair) accept(t *rapid.T) {
	from, c := people().Draw(t, "from"), wish(t)
	p.both(t, "accept", func(s inbox.Store) (any, error) { return s.AcceptRequest(p.ctx, from, c, p.now) })
}

func (p *pair) drop(t *rapid.T) {
	from := people().Draw(t, "from")
	p.both(t, "drop", func(s inbox.Store) (any, error) { return nil, s.DropRequest(p.ctx, from) })
}

func (p *pair) updateContact(t *rapid.T) {
	from, c := people().Draw(t, "from"), wish(t)
	p.both(t, "update contact", func(s inbox.Store) (any, error) {
		return nil, s.UpdateContact(p.ctx, from, func(old *inbox.Contact) error {
			old.Receipts, old.Life, old.DisplayName = c.Receipts, c.Life, c.Name
			return nil
		})
	})
}

func (p *pair) passMonths(t *rapid.T) {
	p.now = p.now.Add(inbox.RequestTime / 3 * time.Duration(rapid.IntRange(0, 2).Draw(t, "months")))
}
