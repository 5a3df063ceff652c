package did

import (
	"container/list"
	"time"
)

// entryBudget is what an entry of a shelf may weigh on average, in bytes of text.
const entryBudget = 4 << 10

// shelf keeps what is remembered of DIDs: at most max entries and max × entryBudget bytes, those used last. It is
// guarded by its owner's lock.
type shelf struct {
	max     int
	entries map[DID]*list.Element
	order   *list.List // of *entry, the one used last in front
	bytes   int        // sum of entry.size
}

// entry is a document, or the error that stands in its place. A document that could not be had anew has both.
type entry struct {
	id    DID
	doc   *Document
	err   error
	since time.Time // when the question was put to which doc is the answer
	tried time.Time // when the question was put to which err is the answer, where there is a doc as well
	until time.Time // when it is believed no longer
}

// size counts the texts. An error quotes little of what it is about.
func (e *entry) size() int {
	n := len(e.id.s)
	if e.doc != nil {
		n += e.doc.text.weight()
	}
	return n
}

func newShelf(limit int) *shelf {
	return &shelf{max: limit, entries: make(map[DID]*list.Element), order: list.New()}
}

// get returns the entry of id unless its time has passed.
func (s *shelf) get(id DID, now time.Time) *entry {
	el := s.entries[id]
	if el == nil {
		return nil
	}
	e := el.Value.(*entry)
	if !now.Before(e.until) {
		s.remove(el)
		return nil
	}
	s.order.MoveToFront(el)
	return e
}

// put places e instead of what there is of its DID, and drops the entries unused for longest until the bounds hold.
func (s *shelf) put(e *entry) {
	s.drop(e.id)
	s.entries[e.id] = s.order.PushFront(e)
	s.bytes += e.size()
	for s.order.Len() > s.max || s.bytes > s.max*entryBudget {
		s.remove(s.order.Back())
	}
}

func (s *shelf) drop(id DID) {
	if el := s.entries[id]; el != nil {
		s.remove(el)
	}
}

func (s *shelf) remove(el *list.Element) {
	e := s.order.Remove(el).(*entry)
	delete(s.entries, e.id)
	s.bytes -= e.size()
}
