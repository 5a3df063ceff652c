package messaging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// seenEvery is how exactly the time when a contact was last heard of is kept: writing it at each
// greeting would cost a disk flush each.
const seenEvery = time.Minute

// wakeEvery is how often greetings by one contact make what waits for it due.
const wakeEvery = 10 * time.Second

// Admit lets contacts in, and as guests strangers who claim an invitation of ours that is still good, or who
// may leave a request. Somebody blocked is told the same as a stranger. Guests learn nothing of lives.
func (n *Node) Admit(ctx context.Context, id did.DID, claim []byte) (Admission, error) {
	a, err := n.admit(ctx, id, claim)
	return a, n.counted(err)
}

func (n *Node) admit(ctx context.Context, id did.DID, claim []byte) (Admission, error) {
	guest := Admission{Guest: true}
	c, err := n.Store.Contact(ctx, id)
	switch {
	case err == nil && c.Blocked:
		if err := n.shut(ctx, c); err != nil {
			return guest, err
		}
	case err == nil:
		return n.admitContact(ctx, c)
	case !errors.Is(err, inbox.ErrNotFound):
		return guest, err
	}
	if len(claim) == 0 || n.Invitations == nil {
		return guest, n.uninvited(id)
	}
	terms, err := n.Invitations.Shown(claim, time.Now())
	if err != nil {
		return guest, err
	}
	if err := n.unclaimed(ctx, terms, id); err != nil {
		return guest, err
	}
	if !n.offline(id.Method()) && !n.lookUps.allow() {
		return guest, &putOffError{lookUpPause}
	}
	return guest, nil
}

// Limits of how often the documents of strangers are fetched, who hold a good invitation: they choose the URL.
const (
	lookUpEvery = 3 * time.Second // on average
	lookUpBurst = 20
	lookUpPause = time.Minute // that is asked of those who are too many
)

// lookUps holds strangers together to their share of fetches. The zero value is ready; it is safe for concurrent use.
type lookUps struct {
	once  sync.Once
	limit *rate.Limiter
}

func (l *lookUps) allow() bool {
	l.once.Do(func() { l.limit = rate.NewLimiter(rate.Every(lookUpEvery), lookUpBurst) })
	return l.limit.Allow()
}

// admitContact lets a contact in. One whose keys have changed may leave messages, but learns nothing of
// lives.
func (n *Node) admitContact(ctx context.Context, c inbox.Contact) (Admission, error) {
	if !n.offline(c.DID.Method()) {
		doc, err := n.Resolver.Resolve(ctx, c.DID)
		if err == nil {
			c, err = n.judge(ctx, c, doc)
		}
		if err != nil && !errors.Is(err, ErrKeysChanged) {
			return Admission{}, fmt.Errorf("judge a contact's keys: %v", err) // it may pass, whatever it is
		}
	}
	if c.Offer != nil {
		return Admission{Doubtful: true}, nil
	}
	return Admission{Life: n.life(), Saw: c.Life}, nil
}

// errCrowded puts strangers off: an invitation that many hold must not make contacts without end.
var errCrowded = errors.New("there are too many contacts to admit another stranger")

// unclaimed refuses a single-use invitation that somebody else has used, and any while there are too many
// contacts.
func (n *Node) unclaimed(ctx context.Context, t InvitationTerms, by did.DID) error {
	stats, err := n.Store.Stats(ctx)
	switch {
	case err != nil:
		return err
	case stats.Contacts >= n.maxContacts():
		return errCrowded
	case t.Multi:
		return nil
	}
	who, err := n.Store.Claimed(ctx, t.ID)
	switch {
	case errors.Is(err, inbox.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !who.Same(by):
		return &Refusal{CodeInvitationUsed}
	}
	return nil
}

func (n *Node) maxContacts() int {
	if n.MaxContacts > 0 {
		return n.MaxContacts
	}
	return 10_000
}

// Met keeps what a greeting has proved: the long form of the DID, the addresses, and of a contact that came to
// us that it is there now, so that what waits for it is tried at once; and it passes on what a contact had seen
// of us. Nothing of that is kept of a contact that has proved itself by keys that are not trusted. Of somebody who is no contact yet nothing is kept on disk: an invitation that many hold must not fill it.
func (n *Node) Met(ctx context.Context, p Peer) {
	id := p.DID.Canonical()
	c, err := n.Store.Contact(ctx, id)
	if errors.Is(err, inbox.ErrNotFound) || c.Blocked {
		n.rememberStranger(p)
		return
	}
	if err == nil && p.Document == nil {
		err = errors.New("the transport tells no document")
	}
	if err == nil {
		c, err = n.judge(ctx, c, p.Document)
	}
	if errors.Is(err, ErrKeysChanged) {
		return // it is not known whose addresses and life these are
	}
	if err == nil {
		err = n.meet(ctx, c, p)
		if p.Saw != (inbox.Life{}) && n.Lived != nil {
			n.Lived(c.DID, p.Saw)
		}
	}
	if err != nil {
		n.log().Warn("recording a greeting failed", "peer", id, "err", err)
	}
}

// meet records a greeting of a contact.
func (n *Node) meet(ctx context.Context, c inbox.Contact, p Peer) error {
	if err := n.learn(ctx, p.DID); err != nil {
		return err
	}
	if news(c, p) {
		err := n.Store.UpdateContact(ctx, c.DID, func(c *inbox.Contact) error {
			c.Seen, c.Life = time.Now().UTC(), newest(c.Life, p.Life)
			if len(p.Addresses) > 0 {
				c.Addresses, c.PeerRecord = p.Addresses, p.Record
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !p.Came {
		return nil // whoever began it knows that by itself; a delivery may still fail behind it
	}
	return n.Store.Wake(ctx, c.DID, n.wakeTime(c.DID))
}

// wakeTime is when a greeting by the contact makes what waits for it due: now, or somewhat later when one has
// done so a moment ago, or greeting would be a way around the pauses after failures.
func (n *Node) wakeTime(id did.DID) time.Time {
	n.metMu.Lock()
	defer n.metMu.Unlock()
	at, last := time.Now(), n.woken[id]
	switch ahead := last.Sub(at); {
	case ahead.Abs() >= wakeEvery: // long ago, or the clock was ahead
	case ahead > 0:
		at = last
	default:
		at = last.Add(wakeEvery)
	}
	if n.woken == nil || len(n.woken) >= maxMet {
		n.woken = map[did.DID]time.Time{}
	}
	n.woken[id] = at
	return at
}

// learn remembers a long form that is not known yet.
func (n *Node) learn(ctx context.Context, id did.DID) error {
	if !id.IsLong() {
		return nil
	}
	if known, err := n.Store.LongForm(ctx, id); err == nil && known == id {
		return nil
	}
	return n.Store.Learn(ctx, id)
}

// news reports whether a greeting tells more than the contact holds.
func news(c inbox.Contact, p Peer) bool {
	return len(p.Addresses) > 0 && !slices.Equal(c.Addresses, p.Addresses) ||
		newest(c.Life, p.Life) != c.Life || time.Since(c.Seen) > seenEvery
}

// newest is the life to remember of a peer: the one that it shows now, unless it shows none, or an earlier
// point of the branch on which it was seen before: then that is what it has to be told.
func newest(before, now inbox.Life) inbox.Life {
	if now == (inbox.Life{}) || now.Branch == before.Branch && now.Count < before.Count {
		return before
	}
	return now
}

// life is how far our wallet has lived, as contacts are told.
func (n *Node) life() inbox.Life {
	if n.Life == nil {
		return inbox.Life{}
	}
	return n.Life()
}

// rememberStranger keeps where somebody is who may become a contact with the next message.
func (n *Node) rememberStranger(p Peer) {
	n.metMu.Lock()
	defer n.metMu.Unlock()
	if n.met == nil {
		n.met = map[did.DID]Peer{}
	}
	if len(n.met) >= maxMet {
		for any := range n.met {
			delete(n.met, any)
			break
		}
	}
	n.met[p.DID.Canonical()] = p
}

// stranger returns what a greeting told of somebody who was no contact then; zero if nothing is known.
func (n *Node) stranger(id did.DID) Peer {
	n.metMu.Lock()
	defer n.metMu.Unlock()
	return n.met[id]
}
