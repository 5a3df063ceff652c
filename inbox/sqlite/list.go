package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"

	"github.com/parley-im/parley/inbox"
)

// where builds the conditions of a query. Numbers that indexes are made for stand in the text.
type where struct {
	conditions []string
	args       []driver.Value
}

func (w *where) add(condition string, args ...driver.Value) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// oneOf adds that the column has one of the values; none means any.
func oneOf[T ~int](w *where, column string, values []T) {
	switch len(values) {
	case 0:
	case 1:
		w.add(fmt.Sprintf("%s = %d", column, values[0]))
	default:
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(int(v))
		}
		w.add(column + " IN (" + strings.Join(texts, ", ") + ")")
	}
}

// page is how one query walks through its rows. Column 0 of them is their seq, column 1 their rev.
type page struct {
	columns string // SELECT … FROM …
	keys    string // SELECT seq FROM …; set if the rows have to be sorted, which whole rows need not be
	table   string // what seq and rev belong to, with a dot behind it
	bySeq   bool
	newest  bool
	limit   int
	all     bool // read until limit rows are found; else limit rows
}

// query returns the text of the query, and its arguments, for the rows behind the one given.
func (p page) query(w where, last []driver.Value) (string, []driver.Value) {
	key, column, direction, beyond := p.table+"rev", 1, "", " > ?"
	if p.bySeq {
		key, column = p.table+"seq", 0
	}
	if p.newest {
		direction, beyond = " DESC", " < ?"
	}
	w = where{conditions: w.conditions[:len(w.conditions):len(w.conditions)], args: w.args[:len(w.args):len(w.args)]}
	if last != nil {
		w.add(key+beyond, last[column])
	}
	order, rest := " ORDER BY "+key+direction, ""
	if len(w.conditions) > 0 {
		rest = " WHERE " + strings.Join(w.conditions, " AND ")
	}
	rest += order
	if p.all {
		return p.columns + rest, w.args
	}
	rest += " LIMIT ?"
	w.args = append(w.args, int64(p.limit))
	if p.keys != "" {
		return p.columns + " WHERE " + p.table + "seq IN (" + p.keys + rest + ")" + order, w.args
	}
	return p.columns + rest, w.args
}

// walk collects what the rows of the page hold, up to the limits of a result. Rows that are passed over
// because they are damaged never make it end early: it goes on until there is something, or nothing
// more.
func walk[T any](ctx context.Context, s session, p page, w where, sc scan[T]) (list []T, err error) {
	var last []driver.Value
	for len(list) == 0 {
		sc.query, sc.args = p.query(w, last)
		sc.limit = p.limit
		if list, last, err = sc.collect(ctx, s); err != nil {
			return nil, err
		}
		if last == nil || p.all {
			break
		}
	}
	return list, nil
}

// List implements inbox.Inbox. Damaged entries are passed over, and reported to the log.
func (s *Store) List(ctx context.Context, q inbox.Query) (list []inbox.Entry, err error) {
	if q, err = q.Clean(); err != nil {
		return nil, err
	}
	p := page{columns: listColumns, table: "e.", bySeq: q.BySeq, newest: q.Newest, limit: q.Limit, all: q.Match != nil}
	if !q.BySeq && (!q.From.IsZero() || q.ThreadID != "") {
		p.keys = "SELECT e.seq FROM entries e"
	}
	sc := scan[inbox.Entry]{
		open: func(row []driver.Value, buf *buffers) (inbox.Entry, bool) { return s.openEntry(row, buf, q.Match) },
		size: func(e inbox.Entry) int { return len(e.Payload) },
	}
	err = s.read(ctx, func(r session) error {
		list, err = walk(ctx, r, p, s.selection(q), sc)
		return err
	})
	return list, err
}

// selection returns the conditions.
func (s *Store) selection(q inbox.Query) (w where) {
	if !q.Owner.IsZero() {
		w.add("e.owner = ?", s.hash(entryOwner, q.Owner.String()))
	}
	if !q.From.IsZero() {
		// Of several indexes that could answer, that of the sender is the worst.
		sender := "e.sender = ?"
		if q.MessageID != "" || q.ThreadID != "" || len(q.Seqs) > 0 {
			sender = "+" + sender
		}
		w.add(sender, s.hash(entrySender, q.From.String()))
	}
	if q.MessageID != "" {
		seqs, args := s.withID(q.MessageID)
		w.add("e.seq IN ("+seqs+")", args...)
		w.add("e.message = ?", s.hash(entryMessage, q.MessageID))
	}
	if q.ThreadID != "" {
		seqs, args := s.withID(q.ThreadID)
		thread := s.hash(entryThread, q.ThreadID)
		w.add("e.seq IN (SELECT seq FROM entries WHERE thread = ? AND thread <> x'' UNION ALL "+seqs+")",
			append([]driver.Value{thread}, args...)...)
		w.add("(e.thread = ? OR e.thread = x'' AND e.message = ?)", thread, s.hash(entryMessage, q.ThreadID))
	}
	if len(q.Seqs) > 0 {
		w.add("e.seq IN (SELECT value FROM json_each(?))", numberList(q.Seqs))
	}
	if len(q.Dispositions) == 0 {
		w.add(fmt.Sprintf("e.disposition <> %d", inbox.Withheld))
	}
	oneOf(&w, "e.disposition", q.Dispositions)
	if q.Unacked {
		w.add("e.acked = 0")
	}
	if q.AfterRev > 0 {
		w.add("e.rev > ?", q.AfterRev)
	}
	if q.AfterSeq > 0 {
		w.add("e.seq > ?", q.AfterSeq)
	}
	return w
}

// withID returns how to find the entries with a message id: those of senders who are known by the first
// half of the name of their arrivals, anonymous ones among all of their kind. Arrivals are not opened, so
// the query has to look at entries.message as well, to which the row is bound.
func (v *vault) withID(id string) (seqs string, args []driver.Value) {
	from := v.hash(arrivalID, id)
	to := append(bytes.Clone(from), bytes.Repeat([]byte{0xff}, hashSize+1)...)
	return "SELECT seq FROM arrivals WHERE name > ? AND name < ? UNION ALL SELECT seq FROM entries WHERE sender = ? AND message = ?",
		[]driver.Value{from, to, v.hash(entrySender, ""), v.hash(entryMessage, id)}
}

// numberList returns the numbers as one argument in JSON, so that the text of a query does not depend on
// them.
func numberList(ns []int64) string {
	b := []byte{'['}
	for i, n := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

const listColumns = `SELECT e.seq, e.rev, b.sealed, e.owner, e.sender, e.message, e.thread, e.disposition, e.acked, e.sealed
	FROM entries e LEFT JOIN bodies b ON b.seq = e.seq`

// openEntry returns the entry of a row of listColumns; false if it does not match or is damaged.
func (v *vault) openEntry(row []driver.Value, buf *buffers, match func([]byte) bool) (e inbox.Entry, ok bool) {
	seq := number(row[0])
	buf.binding = buf.binding.bind("bodies", seq)
	text, err := v.openInto(buf.text, blob(row[2]), buf.binding, "bodies", seq)
	if err != nil {
		return e, false
	}
	if buf.text = text.rest; match != nil && !match(bodyPayload(text)) {
		return e, false
	}
	r := entryRow{
		seq: seq, rev: number(row[1]),
		owner: blob(row[3]), sender: blob(row[4]), message: blob(row[5]), thread: blob(row[6]),
		disposition: inbox.Disposition(number(row[7])), acked: number(row[8]) != 0, sealed: blob(row[9]),
	}
	state, err := r.open(v)
	if err != nil {
		return e, false
	}
	if e, err = decodeBody(text.clone()); err != nil {
		_ = v.damaged("bodies", seq) // which is reported, not returned
		return e, false
	}
	e.Seq, e.Rev, e.Disposition, e.Shown, e.Acked = r.seq, r.rev, r.disposition, state.shown, r.acked
	return e, true
}
