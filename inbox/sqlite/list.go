package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-im/parley/inbox"
)

// where builds the conditions of a query. Numbers that indexes are made for stand in the text.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
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

// page is how one query walks through its rows: by numbers, some at a time.
type page struct {
	key    string // the column that orders
	newest bool
	limit  int
}

// next returns the seqs (column seq) of the next rows after the row whose key is after, and the
// key of the last of them. started is false at first.
func (p page) next(s session, from, seq string, w where, started bool, after int64) (seqs []int64, last int64, err error) {
	direction, beyond := "", " > ?"
	if p.newest {
		direction, beyond = " DESC", " < ?"
	}
	w.conditions, w.args = slices.Clone(w.conditions), slices.Clone(w.args)
	if started {
		w.add(p.key+beyond, after)
	}
	query := "SELECT " + seq + ", " + p.key + " FROM " + from
	if len(w.conditions) > 0 {
		query += " WHERE " + strings.Join(w.conditions, " AND ")
	}
	query += " ORDER BY " + p.key + direction + " LIMIT ?"
	err = s.each(query, append(w.args, p.limit), func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n, &last)
		seqs = append(seqs, n)
		return err
	})
	return seqs, last, err
}

// walk collects what load returns for each row of the query, up to the limits of a result. Rows that
// load passes over because they are damaged never make it end early: it goes on until there is
// something, or nothing more.
func walk[T any](p page, s session, from, seq string, w where, size func(T) int, load func(seq int64) (T, bool, error)) (list []T, err error) {
	total := 0
	var last int64
	for started := false; len(list) == 0; started = true {
		var seqs []int64
		if seqs, last, err = p.next(s, from, seq, w, started, last); err != nil || len(seqs) == 0 {
			return nil, err
		}
		for _, n := range seqs {
			row, ok, err := load(n)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if total += size(row); total > inbox.MaxResult && len(list) > 0 {
				return list, nil
			}
			list = append(list, row)
		}
	}
	return list, nil
}

// List implements inbox.Inbox. Damaged entries are passed over, and reported to the log.
func (s *Store) List(ctx context.Context, q inbox.Query) (list []inbox.Entry, err error) {
	q = q.Clean()
	p := page{key: "rev", newest: q.Newest, limit: q.Limit}
	if q.BySeq {
		p.key = "seq"
	}
	err = s.read(ctx, func(r session) error {
		list, err = walk(p, r, "entries", "seq", s.selection(q),
			func(e inbox.Entry) int { return len(e.Payload) },
			func(seq int64) (inbox.Entry, bool, error) {
				if err := ctx.Err(); err != nil {
					return inbox.Entry{}, false, err
				}
				return r.readEntry(seq)
			})
		return err
	})
	return list, err
}

func (s *Store) selection(q inbox.Query) (w where) {
	if !q.Owner.IsZero() {
		w.add("owner = ?", s.hash(entryOwner, q.Owner.String()))
	}
	if !q.From.IsZero() {
		w.add("sender = ?", s.hash(entrySender, q.From.String()))
	}
	if q.MessageID != "" {
		w.add("message = ?", s.hash(entryMessage, q.MessageID))
	}
	if q.ThreadID != "" {
		w.add("thread = ?", s.hash(entryThread, q.ThreadID))
	}
	oneOf(&w, "disposition", q.Dispositions)
	if q.Unacked {
		w.add("acked = 0")
	}
	if q.AfterRev > 0 {
		w.add("rev > ?", q.AfterRev)
	}
	if q.AfterSeq > 0 {
		w.add("seq > ?", q.AfterSeq)
	}
	return w
}

// readEntry returns an entry whole; false if it is gone or damaged.
func (s session) readEntry(seq int64) (e inbox.Entry, ok bool, err error) {
	r, found, err := s.entry(seq)
	if !found || err != nil {
		return e, false, err
	}
	shown, err := r.shown(s.vault)
	if err != nil {
		return e, false, nil
	}
	var sealed []byte
	if _, err = s.get("SELECT sealed FROM bodies WHERE seq = ?", []any{seq}, &sealed); err != nil {
		return e, false, err
	}
	body, err := s.open(sealed, bind("bodies", seq), "bodies", seq)
	if err != nil {
		return e, false, nil
	}
	if e, err = decodeBody(body); err != nil {
		return e, false, s.damaged("bodies", seq)
	}
	e.Seq, e.Rev, e.Disposition, e.Shown, e.Acked = r.seq, r.rev, r.disposition, shown, r.acked
	return e, true, nil
}
