package messaging

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// What a node says by itself about messages, apart from what handlers reply: acknowledgements, receipts and
// reports of problems. Two programs that did so about each other's would never end, hence these sets of
// protocols at https://didcomm.org/, by their plain names and of any version.
var (
	// unanswered are those of which nothing is ever said.
	unanswered = map[string]bool{"empty": true, "receipts": true, "reportproblem": true, "routing": true}
	// unreceipted are acknowledged where they ask for it, and have no receipts: nobody reads them.
	unreceipted = map[string]bool{"trustping": true, "userprofile": true, "discoverfeatures": true}
)

// didcommProtocol returns the plain name of a message's protocol if it is one of https://didcomm.org/.
func didcommProtocol(uri string) string {
	if t, ok := parseTypeURI(uri); ok && t.doc == "https://didcomm.org/" {
		return t.protocol
	}
	return ""
}

// tell adds what the sender has to know of a message that its path could not answer: the receipt, with the
// acknowledgement that was asked for (DIDComm v2.1, ACKs), or that alone.
func (r *replier) tell() error {
	protocol := didcommProtocol(r.m.Type)
	if r.m.Answered || unanswered[protocol] {
		return nil
	}
	ids, receipt := r.wanted(), r.node.Receipt != nil && !unreceipted[protocol]
	if len(ids) == 0 && !receipt {
		return nil
	}
	c, known, err := r.correspondent()
	if err != nil || !known {
		return err
	}
	if !receipt {
		return r.Reply(&Message{ID: r.tellID("ack"), Type: EmptyType, Ack: ids})
	}
	m := r.node.Receipt(r.m, c)
	if m == nil {
		return nil
	}
	m.ID, m.To, m.Ack = r.tellID("receipt"), []did.DID{r.m.Sender}, ids
	return r.queue(m)
}

// correspondent returns the sender as the contact that may be told something: not when it is anonymous, no
// contact (any more), or blocked.
func (r *replier) correspondent() (c inbox.Contact, ok bool, err error) {
	if r.m.Sender.IsZero() {
		return c, false, nil
	}
	c, err = r.node.Store.Contact(r.ctx, r.m.Sender)
	if errors.Is(err, inbox.ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil && !c.Blocked, err
}

// tellID is the id of what we say of a message: the same each time, so that it is never queued twice, and
// another one for the same id from another sender.
func (r *replier) tellID(what string) string {
	sum := sha256.Sum256([]byte(r.m.Sender.String() + " " + r.m.ID))
	return what + "-" + hex.EncodeToString(sum[:16])
}

// wanted returns the ids to acknowledge: "" stands for the message itself. Of other ids we could say
// nothing that is not said already: each was acknowledged when it came.
func (r *replier) wanted() []string {
	if slices.Contains(r.m.PleaseAck, "") || slices.Contains(r.m.PleaseAck, r.m.ID) {
		return []string{r.m.ID}
	}
	return nil
}

// giveUp settles the message as one that no trying again can help, and leaves of all replies the report of
// the problem.
func (r *replier) giveUp(p *Problem) {
	r.node.log().Warn("a message was given up", "seq", r.m.Seq, "code", p.Code)
	r.disposition, r.replies, r.handled = inbox.Rejected, nil, 0
	if err := r.report(p); err != nil {
		r.node.log().Warn("reporting a problem failed", "seq", r.m.Seq, "err", err)
	}
}

// report adds the report of a problem, in a thread of its own beneath that of the message (Report Problem 2.0).
func (r *replier) report(p *Problem) error {
	if r.node.Report == nil || unanswered[didcommProtocol(r.m.Type)] {
		return nil
	}
	_, known, err := r.correspondent()
	if err != nil || !known || !r.node.reported.may(r.m.Sender, time.Now()) {
		return err
	}
	m := r.node.Report(r.m, p)
	if m == nil {
		return nil
	}
	m.ID, m.To = r.tellID("problem"), []did.DID{r.m.Sender}
	if m.ParentThreadID == "" {
		m.ParentThreadID = r.m.Thread()
	}
	return r.queue(m)
}

// Limits of reports of problems to one contact.
const (
	maxReports   = 16
	reportWindow = time.Hour
)

// reports counts the reports of problems to each contact, since the node began. The zero value is ready.
type reports struct {
	mu    sync.Mutex
	times map[did.DID][]time.Time // of the last reports, at most maxReports; guarded by mu
}

// may reports whether one more may be sent, and counts it. A clock that was set back makes nobody wait.
func (r *reports) may(to did.DID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	over := func(t time.Time) bool { return now.Sub(t).Abs() >= reportWindow }
	last := slices.DeleteFunc(r.times[to], over)
	if len(last) >= maxReports {
		return false
	}
	if r.times == nil {
		r.times = map[did.DID][]time.Time{}
	}
	if len(r.times) >= maxMet {
		for id, times := range r.times {
			if over(times[len(times)-1]) {
				delete(r.times, id)
			}
		}
	}
	r.times[to] = append(last, now)
	return true
}
