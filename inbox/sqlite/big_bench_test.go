package sqlite_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
)

// The big store: what a busy wallet has after some years.
const (
	bigContacts = 50
	bigMessages = 100_000
	bigUnread   = 500
	bigChunk    = 1000
)

func bigPeer(i int) did.DID {
	return did.MustParse(fmt.Sprintf("did:peer:4zQmContact%032d", i%bigContacts))
}

func bigPayload(i int) []byte {
	return fmt.Appendf(nil, `{"id":"m%d","type":"https://didcomm.org/basicmessage/2.0/message","body":{"content":"%s number %d"}}`,
		i, bytes.Repeat([]byte("lorem ipsum "), 8), i)
}

func bigArrival(i int) inbox.Arrival {
	a := arrival(i)
	a.From, a.Payload = bigPeer(i), bigPayload(i)
	a.ThreadID = a.MessageID
	return a
}

func bigParcel(i int) inbox.Parcel {
	p := parcel(bigPeer(i), i)
	p.Payload, p.ThreadID = bigPayload(i), p.MessageID
	return p
}

// fillBig puts 50 contacts, 100,000 entries (all but the newest 500 acked) and as many delivered parcels
// into the store.
func fillBig(tb testing.TB, s inbox.Store) {
	tb.Helper()
	ctx := tb.Context()
	for i := range bigContacts {
		noErr(tb, s.AddContact(ctx, inbox.Contact{DID: bigPeer(i), Name: fmt.Sprintf("contact-%d", i)}))
	}
	for begin := 0; begin < bigMessages; begin += bigChunk {
		as, ps := make([]inbox.Arrival, bigChunk), make([]inbox.Parcel, bigChunk)
		for i := range bigChunk {
			as[i], ps[i] = bigArrival(begin+i), bigParcel(begin+i)
		}
		results, err := s.Put(ctx, as...)
		noErr(tb, err)
		keepAll(tb, s, results)
		enqueue(tb, s, ps...)
		deliverAll(tb, s)
	}
	seqs := make([]int64, bigMessages-bigUnread)
	for i := range seqs {
		seqs[i] = int64(i + 1)
	}
	for begin := 0; begin < len(seqs); begin += bigChunk {
		noErr(tb, s.Mark(ctx, alice, inbox.MarkAcked, seqs[begin:min(begin+bigChunk, len(seqs))]))
	}
}

// keepAll settles entries as the node does, many at once.
func keepAll(tb testing.TB, s inbox.Store, results []inbox.PutResult) {
	tb.Helper()
	concurrently(250, len(results), func(i int) error {
		return s.Handled(tb.Context(), alice, results[i].Seq, inbox.Kept)
	}, tb)
}

// deliverAll delivers all that is due, and returns how much that was.
func deliverAll(tb testing.TB, s inbox.Store) (n int) {
	tb.Helper()
	for {
		bs, err := s.Claim(tb.Context(), now, now.Add(hour), inbox.Limit{Destinations: bigContacts, Parcels: bigChunk})
		noErr(tb, err)
		if len(bs) == 0 {
			return n
		}
		concurrently(len(bs), len(bs), func(i int) error {
			outs := make([]inbox.Outcome, len(bs[i].Parcels))
			for j := range outs {
				outs[j].State = inbox.Delivered
			}
			return s.Settle(tb.Context(), bs[i], outs, now, time.Time{})
		}, tb)
		for _, b := range bs {
			n += len(b.Parcels)
		}
	}
}

func openBig(b *testing.B) *sqlite.Store {
	b.Helper()
	s := open(b, tempPath(b))
	begin := time.Now()
	fillBig(b, s)
	b.Logf("filled in %v", time.Since(begin).Round(time.Millisecond))
	return s
}

// BenchmarkBigRead asks a store of 100,000 entries and as many parcels.
func BenchmarkBigRead(b *testing.B) {
	s := openBig(b)
	kept := []inbox.Disposition{inbox.Kept}
	none := func(payload []byte) bool { return bytes.Contains(payload, []byte("no such text")) }
	last := func(payload []byte) bool { return bytes.Contains(payload, []byte("number 99999")) }
	for _, c := range []struct {
		name string
		want int
		q    inbox.Query
	}{
		{"match nothing of all", 0, inbox.Query{BySeq: true, Match: none}},
		{"match nothing of all kept, newest first", 0, inbox.Query{Owner: alice, Dispositions: kept, BySeq: true, Newest: true, Match: none}},
		{"match nothing of all by rev", 0, inbox.Query{Match: none}},
		{"match the newest one", 1, inbox.Query{BySeq: true, Newest: true, Limit: 1, Match: last}},
		{"match nothing of a contact", 0, inbox.Query{From: bigPeer(7), BySeq: true, Match: none}},
		{"newest 10 of a contact", 10, inbox.Query{From: bigPeer(7), Dispositions: kept, BySeq: true, Newest: true, Limit: 10}},
		{"newest 10 of a contact by rev", 10, inbox.Query{From: bigPeer(7), Newest: true, Limit: 10}},
		{"newest 10", 10, inbox.Query{BySeq: true, Newest: true, Limit: 10}},
		{"one by id", 1, inbox.Query{Owner: alice, From: bigPeer(7), MessageID: "canary-message-7", Limit: 1}},
		{"unread page", 100, inbox.Query{Dispositions: kept, Unacked: true, BySeq: true}},
		{"pending", 0, inbox.Query{Dispositions: []inbox.Disposition{inbox.Pending}, BySeq: true}},
		{"pending of a contact", 0, inbox.Query{From: bigPeer(7), Dispositions: []inbox.Disposition{inbox.Pending}, BySeq: true}},
		{"a full page", 1000, inbox.Query{BySeq: true, Limit: 1000}},
		{"256 by seq", 256, inbox.Query{Seqs: someSeqs(256), BySeq: true, Limit: 1000}},
	} {
		b.Run("List/"+c.name, func(b *testing.B) {
			for b.Loop() {
				es, err := s.List(b.Context(), c.q)
				wantRows(b, len(es), c.want, err)
			}
		})
	}
	for _, c := range []struct {
		name string
		want int
		q    inbox.SentQuery
	}{
		{"match nothing of all", 0, inbox.SentQuery{BySeq: true, Match: none}},
		{"newest 10 to a contact", 10, inbox.SentQuery{To: bigPeer(7), BySeq: true, Newest: true, Limit: 10}},
		{"newest 10 to a contact by rev", 10, inbox.SentQuery{To: bigPeer(7), Newest: true, Limit: 10}},
		{"one by id", 1, inbox.SentQuery{MessageID: "canary-parcel-7", Limit: 1}},
		{"waiting", 0, inbox.SentQuery{States: []inbox.State{inbox.Queued, inbox.Sent, inbox.Relayed}, BySeq: true}},
	} {
		b.Run("Sent/"+c.name, func(b *testing.B) {
			for b.Loop() {
				ps, err := s.Sent(b.Context(), c.q)
				wantRows(b, len(ps), c.want, err)
			}
		})
	}
	b.Run("Stats", func(b *testing.B) {
		for b.Loop() {
			stats, err := s.Stats(b.Context())
			wantRows(b, stats.Unread, bigUnread, err)
		}
	})
}

func someSeqs(n int) (seqs []int64) {
	for i := range n {
		seqs = append(seqs, int64(1+i*37))
	}
	return seqs
}

func wantRows(b *testing.B, got, want int, err error) {
	noErr(b, err)
	if got != want {
		b.Fatalf("%d rows, want %d", got, want)
	}
}

// BenchmarkBigWrite writes in turns to a store of 100,000 and to one that was empty at first, so that
// both have the same share of the machine, and reports the rates and what one is of the other.
func BenchmarkBigWrite(b *testing.B) {
	big := &turns{s: openBig(b), next: bigMessages}
	empty := &turns{s: open(b, tempPath(b))}
	const turn = 640 // messages
	for _, c := range []struct {
		name string
		do   func(t *turns, b *testing.B, n int)
	}{
		{"put and handle, 64 callers", (*turns).put},
		{"put of 64", (*turns).putMany},
		{"enqueue, 64 callers", (*turns).enqueue},
		{"enqueue, claim and settle of 64", (*turns).deliver},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took [2]time.Duration
			for b.Loop() {
				for i, t := range []*turns{empty, big} {
					begin := time.Now()
					c.do(t, b, turn)
					took[i] += time.Since(begin)
					b.StopTimer()
					deliverAll(b, t.s)
					b.StartTimer()
				}
			}
			rate := func(d time.Duration) float64 { return turn * float64(b.N) / d.Seconds() }
			b.ReportMetric(rate(took[0]), "empty/s")
			b.ReportMetric(rate(took[1]), "big/s")
			b.ReportMetric(rate(took[1])/rate(took[0]), "big/empty")
		})
	}
}

// turns is a store that is written to, and the number of the next message.
type turns struct {
	s    *sqlite.Store
	next int
}

func (t *turns) put(b *testing.B, n int) {
	first := t.next
	t.next += n
	concurrently(64, n, func(i int) error {
		r, err := t.s.Put(b.Context(), bigArrival(first+i))
		if err == nil {
			err = t.s.Handled(b.Context(), alice, r[0].Seq, inbox.Kept)
		}
		return err
	}, b)
}

func (t *turns) putMany(b *testing.B, n int) {
	for range n / 64 {
		as := make([]inbox.Arrival, 64)
		for i := range as {
			as[i] = bigArrival(t.next)
			t.next++
		}
		_, err := t.s.Put(b.Context(), as...)
		noErr(b, err)
	}
}

func (t *turns) enqueue(b *testing.B, n int) {
	first := t.next
	t.next += n
	concurrently(64, n, func(i int) error {
		_, err := t.s.Enqueue(b.Context(), bigParcel(first+i))
		return err
	}, b)
}

func (t *turns) deliver(b *testing.B, n int) {
	for range n / 64 {
		ps := make([]inbox.Parcel, 64)
		for i := range ps {
			ps[i] = bigParcel(t.next)
			ps[i].To = bigPeer(1)
			t.next++
		}
		enqueue(b, t.s, ps...)
		if got := deliverAll(b, t.s); got != 64 {
			b.Fatalf("%d delivered", got)
		}
	}
}
