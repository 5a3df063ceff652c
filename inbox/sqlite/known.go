package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"sync/atomic"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// maxKnown is how many contacts are kept in memory: every message sent or received asks for one, by its DID
// or by its name. With more of them, of which some change at any time, each is read from the disk.
const maxKnown = 256

// known are the contacts as they were last read. The writer counts each change of their table before it is
// committed and after: while the count is odd, and once it is another, what was read before is not used.
type known struct {
	changes atomic.Int64
	last    atomic.Pointer[roll]
	many    atomic.Bool // there were more than maxKnown when they were last read
}

// roll is all contacts at one time, but those that are damaged. It never changes.
type roll struct {
	at    int64 // changes before it was read
	list  []inbox.Contact
	byDID map[did.DID]int // indices in list
}

// contacts returns all contacts, by name. The caller has entered.
func (s *Store) contacts(ctx context.Context) (*roll, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at := s.known.changes.Load()
	if r := s.known.last.Load(); r != nil && r.at == at {
		return r, nil
	}
	r := &roll{at: at, byDID: map[did.DID]int{}}
	err := s.glance(ctx, func(rs session) (err error) {
		r.list, err = rs.allContacts()
		return err
	})
	if err != nil {
		return nil, err
	}
	many := len(r.list) > maxKnown
	s.known.many.Store(many)
	if !many {
		for i, c := range r.list {
			r.byDID[c.DID] = i
		}
	}
	if !many && at%2 == 0 {
		s.known.last.Store(r)
	}
	return r, nil
}

// knownContact returns a copy of the contact if it is among those in memory, which are read if need be.
// The caller has entered.
func (s *Store) knownContact(ctx context.Context, id did.DID) (inbox.Contact, bool, error) {
	if s.known.many.Load() {
		return inbox.Contact{}, false, nil
	}
	r, err := s.contacts(ctx)
	if err != nil {
		return inbox.Contact{}, false, err
	}
	i, ok := r.byDID[id.Canonical()]
	if !ok {
		return inbox.Contact{}, false, nil
	}
	return r.list[i].Clone(), true, nil
}

func (s session) allContacts() (list []inbox.Contact, err error) {
	err = s.each(contactColumns, nil, func(rows *sql.Rows) error {
		var row contactRow
		if err := rows.Scan(row.scan()...); err != nil {
			return err
		}
		if c, err := row.open(s.vault); err == nil {
			list = append(list, c)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b inbox.Contact) int {
		return cmp.Compare(inbox.FoldName(a.Name), inbox.FoldName(b.Name))
	})
	return list, err
}
