package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// plan returns how SQLite answers the query.
func plan(t *testing.T, s *Store, query string, args []driver.Value) string {
	t.Helper()
	var lines []string
	plain := make([]any, len(args))
	for i, a := range args {
		plain[i] = a
	}
	err := s.read(t.Context(), func(r session) error {
		return r.each("EXPLAIN QUERY PLAN "+query, plain, func(rows *sql.Rows) error {
			var id, parent, unused int
			var line string
			err := rows.Scan(&id, &parent, &unused, &line)
			lines = append(lines, line)
			return err
		})
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(lines, "\n")
}

// wantPlan fails the test unless the query is answered by the index, and nothing is sorted.
func wantPlan(t *testing.T, s *Store, index, query string, args []driver.Value) {
	t.Helper()
	if got := plan(t, s, query, args); !strings.Contains(got, index) || strings.Contains(got, "TEMP B-TREE") {
		t.Errorf("%s\nis answered by\n%s\nwant %s, and nothing sorted", query, got, index)
	}
}

// TestIndexes makes sure that what is asked often is answered from an index, in its order.
func TestIndexes(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for query, index := range map[string]string{
		"SELECT due FROM destinations WHERE due < 9 ORDER BY due LIMIT 1":                                        "destinations_due",
		"SELECT retry FROM parcels WHERE destination = 1 AND retry < 9223372036854775807 ORDER BY retry LIMIT 1": "parcels_retry",
		"SELECT count(*) FROM entries WHERE disposition = 1":                                                     "COVERING INDEX entries_pending",
		"SELECT count(*) FROM entries WHERE disposition = 2 AND acked = 0":                                       "COVERING INDEX entries_unread",
		"SELECT count(*) FROM entries WHERE disposition = 5":                                                     "COVERING INDEX entries_withheld",
		"SELECT count(*) FROM parcels WHERE state IN (4, 5)":                                                     "COVERING INDEX parcels_failed",
		"SELECT count(*) FROM requests":                                                                          "COVERING INDEX",
	} {
		wantPlan(t, s, index, query, nil)
	}
	wantPlan(t, s, "destinations_recipient", wakeable+" AND recipient = ?", []driver.Value{int64(1), []byte{0}})
	wantPlan(t, s, "COVERING INDEX entries_pending_sender", pendingOf, []driver.Value{[]byte{0}})
	wantPlan(t, s, "entries_withheld (sender=? AND disposition=?)", withheldOf, []driver.Value{[]byte{0}})
	wantPlan(t, s, "COVERING INDEX entries_withheld (sender=? AND disposition=?)", countWithheldOf, []driver.Value{[]byte{0}})
	wantPlan(t, s, "parcels_queue", dueParcels, []driver.Value{int64(1), int64(1), int64(1), int64(1)})
}

func TestListPlans(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	bob := did.MustParse("did:example:bob")
	pending, kept := []inbox.Disposition{inbox.Pending}, []inbox.Disposition{inbox.Kept}
	withheld := []inbox.Disposition{inbox.Withheld}
	for _, c := range []struct {
		index string
		q     inbox.Query
	}{
		{"INDEX entries_rev (rev>?)", inbox.Query{AfterRev: 7}},
		{"INDEX entries_rev", inbox.Query{Newest: true}},
		{"SCAN e", inbox.Query{BySeq: true, Owner: bob, Dispositions: kept}},
		{"entries_pending (seq>?)", inbox.Query{BySeq: true, Dispositions: pending, AfterSeq: 7}},
		{"entries_pending_sender (sender=? AND disposition=? AND seq>?)", inbox.Query{BySeq: true, From: bob, Dispositions: pending, AfterSeq: 7}},
		{"entries_withheld (sender=? AND disposition=?", inbox.Query{BySeq: true, From: bob, Dispositions: withheld, AfterSeq: 7}},
		{"entries_unread", inbox.Query{BySeq: true, Dispositions: kept, Unacked: true}},
		{"entries_sender (sender=?)", inbox.Query{BySeq: true, From: bob, Newest: true}},
		{"entries_sender (sender=?)", inbox.Query{BySeq: true, From: bob, Newest: true, Dispositions: kept}},
		{"PRIMARY KEY (rowid=?)", inbox.Query{BySeq: true, From: bob, Seqs: []int64{1, 2}}},
		{"PRIMARY KEY (rowid=?)", inbox.Query{BySeq: true, Seqs: []int64{1, 2}, Dispositions: kept}},
	} {
		p := page{columns: listColumns, table: "e.", bySeq: c.q.BySeq, newest: c.q.Newest, limit: 9}
		query, args := p.query(s.selection(c.q), nil)
		wantPlan(t, s, c.index, query, args)
	}
}

// TestIDPlans makes sure that nothing is scanned for a message or a thread.
func TestIDPlans(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	bob := did.MustParse("did:example:bob")
	for _, c := range []struct {
		q    inbox.Query
		want []string
	}{
		{inbox.Query{MessageID: "m"}, []string{"(name>? AND name<?)", "entries_sender (sender=?)"}},
		{inbox.Query{Owner: bob, From: bob, MessageID: "m"}, []string{"(name>? AND name<?)", "entries_sender (sender=?)"}},
		{inbox.Query{From: bob, ThreadID: "m"}, []string{"entries_thread (thread=?)", "(name>? AND name<?)"}},
	} {
		for _, bySeq := range []bool{false, true} {
			p := page{columns: listColumns, table: "e.", bySeq: bySeq, limit: 9}
			query, args := p.query(s.selection(c.q), nil)
			wantSearches(t, plan(t, s, query, args), append(c.want, "SEARCH e USING INTEGER PRIMARY KEY"))
		}
	}
	for _, c := range []struct {
		q    inbox.SentQuery
		want []string
	}{
		{inbox.SentQuery{Owner: bob, MessageID: "m"}, []string{"(name=?)", "(message=?)"}},
		{inbox.SentQuery{Owner: bob, ThreadID: "m"}, []string{"messages_thread (thread=?)", "(name=?)"}},
	} {
		query, args := sentQuery(t, s, c.q)
		wantSearches(t, plan(t, s, query, args), c.want)
	}
}

// wantSearches fails the test if the plan has a scan, or lacks what is wanted.
func wantSearches(t *testing.T, plan string, want []string) {
	t.Helper()
	missing := slices.ContainsFunc(want, func(part string) bool { return !strings.Contains(plan, part) })
	if missing || strings.Contains(plan, "SCAN e") || strings.Contains(plan, "SCAN p") || strings.Contains(plan, "SCAN m") {
		t.Errorf("answered by\n%s\nwant %v and no scan", plan, want)
	}
}

func TestSentPlans(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	alice, bob := did.MustParse("did:example:alice"), did.MustParse("did:example:bob")
	if _, err := s.Enqueue(t.Context(), inbox.Parcel{Owner: alice, To: bob, MessageID: "m"}); err != nil {
		t.Fatal(err)
	}
	waiting := []inbox.State{inbox.Queued, inbox.Sent, inbox.Relayed}
	for _, c := range []struct {
		index string
		q     inbox.SentQuery
	}{
		{"INDEX parcels_rev (rev>?)", inbox.SentQuery{AfterRev: 7}},
		{"SCAN p", inbox.SentQuery{BySeq: true, Newest: true}},
		{"parcels_destination (destination=?)", inbox.SentQuery{BySeq: true, To: bob, Newest: true}},
		{"parcels_waiting", inbox.SentQuery{BySeq: true, States: waiting}},
	} {
		query, args := sentQuery(t, s, c.q)
		wantPlan(t, s, c.index, query, args)
	}
}

func sentQuery(t *testing.T, s *Store, q inbox.SentQuery) (query string, args []driver.Value) {
	t.Helper()
	err := s.read(t.Context(), func(r session) error {
		from, w, err := r.sentSelection(q)
		query, args = page{columns: sentColumns + from, table: "p.", bySeq: q.BySeq, newest: q.Newest, limit: 9}.query(w, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return query, args
}
