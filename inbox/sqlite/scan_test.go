package sqlite_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/parley-im/parley/inbox"
)

// TestScanStopsEarly asks for little out of much: what is found first must be enough.
func TestScanStopsEarly(t *testing.T) {
	t.Parallel()
	s := open(t, tempPath(t))
	const n = 6000
	as, ps := make([]inbox.Arrival, n), make([]inbox.Parcel, n)
	for i := range n {
		as[i], ps[i] = arrival(i), parcel(bob, i)
	}
	_, err := s.Put(t.Context(), as...)
	noErr(t, err)
	enqueue(t, s, ps...)
	var looked atomic.Int32
	any := func([]byte) bool { looked.Add(1); return true }
	es, err := s.List(t.Context(), inbox.Query{BySeq: true, Newest: true, Limit: 3, Match: any})
	noErr(t, err)
	entries := looked.Swap(0)
	out, err := s.Sent(t.Context(), inbox.SentQuery{BySeq: true, Newest: true, Limit: 3, Match: any})
	noErr(t, err)
	if len(es) != 3 || es[0].Seq != n || len(out) != 3 || out[0].Seq != n {
		t.Errorf("%d entries and %d parcels", len(es), len(out))
	}
	if parcels := looked.Load(); entries > 1000 || parcels > 1000 {
		t.Errorf("looked at %d entries and %d parcels of %d for 3 of each", entries, parcels, n)
	}
}

// TestMatchPassesDamage scans over damaged rows of every kind.
func TestMatchPassesDamage(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s, log := openLogged(t, path)
	for i := range 9 {
		_, err := s.Put(t.Context(), arrival(i))
		noErr(t, err)
		enqueue(t, s, parcel(bob, i))
	}
	db := raw(t, path)
	run(t, db, "UPDATE bodies"+spoil+"seq IN (2, 3)")
	run(t, db, "UPDATE entries"+spoil+"seq = 5")
	run(t, db, "DELETE FROM bodies WHERE seq = 8")
	run(t, db, "UPDATE parcels"+spoil+"seq = 2")
	run(t, db, "UPDATE messages"+spoil+"id = 6")
	some := func(payload []byte) bool { return !bytes.HasSuffix(payload, []byte("3")) } // not row 4
	es, err := s.List(t.Context(), inbox.Query{BySeq: true, Match: some})
	noErr(t, err)
	var got []int64
	for _, e := range es {
		got = append(got, e.Seq)
	}
	if want := []int64{1, 6, 7, 9}; !slices.Equal(got, want) {
		t.Errorf("entries %v, want %v", got, want)
	}
	ps, err := s.Sent(t.Context(), inbox.SentQuery{BySeq: true, Match: some})
	noErr(t, err)
	got = nil
	for _, p := range ps {
		got = append(got, p.Seq)
	}
	if want := []int64{1, 3, 5, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("parcels %v, want %v", got, want)
	}
	for _, row := range []string{"table=bodies seq=2", "table=entries seq=5", "table=bodies seq=8", "table=parcels seq=2", "table=messages seq=6"} {
		if !log.contains(row) {
			t.Errorf("the log does not name %s", row)
		}
	}
}

// TestSwappedNames lets a thief exchange what messages are looked up by: none is given out as another.
func TestSwappedNames(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	for i := range 2 {
		_, err := s.Put(t.Context(), arrival(i))
		noErr(t, err)
		enqueue(t, s, parcel(bob, i))
	}
	db := raw(t, path)
	for _, c := range []string{"arrivals SET name", "messages SET name"} {
		key := map[string]string{"arrivals SET name": "seq", "messages SET name": "id"}[c]
		names := make([][]byte, 2)
		for i := range names {
			noErr(t, db.QueryRow(fmt.Sprintf("SELECT name FROM %s WHERE %s = ?", c[:8], key), i+1).Scan(&names[i]))
		}
		run(t, db, fmt.Sprintf("UPDATE %s = x'00' WHERE %s = 1", c, key))
		run(t, db, fmt.Sprintf("UPDATE %s = ? WHERE %s = 2", c, key), names[0])
		run(t, db, fmt.Sprintf("UPDATE %s = ? WHERE %s = 1", c, key), names[1])
	}
	for i := range 2 {
		for _, q := range []inbox.Query{{MessageID: arrival(i).MessageID}, {ThreadID: arrival(i).MessageID}} {
			if es, err := s.List(t.Context(), q); len(es) > 0 || err != nil {
				t.Errorf("%d entries, err %v: a message is taken for another", len(es), err)
			}
		}
		if ps, err := s.Sent(t.Context(), inbox.SentQuery{MessageID: parcel(bob, i).MessageID}); len(ps) > 0 || err != nil {
			t.Errorf("%d parcels, err %v: a message is taken for another", len(ps), err)
		}
	}
}
