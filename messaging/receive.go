package messaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Accept opens and judges envelopes, commits what is good durably, and only then returns the verdicts. From
// the first one that it cannot take now it takes none, so that the order is kept.
func (n *Node) Accept(ctx context.Context, from did.DID, sealed [][]byte) []Verdict {
	opened, errs := make([]*letter, len(sealed)), make([]error, len(sealed))
	now := time.Now().UTC()
	sideBySide(len(sealed), func(i int) { opened[i], errs[i] = n.open(ctx, from, sealed[i], now) })
	in := &acceptance{node: n, verdicts: make([]Verdict, len(sealed)), claimed: map[did.DID]bool{}}
	for i, l := range opened {
		err := errs[i]
		if err == nil {
			err = in.take(ctx, i, l)
		}
		if err == nil {
			continue
		}
		in.verdicts[i] = n.verdict(err)
		if in.verdicts[i].Kind == Busy {
			in.commit(ctx)
			in.putOff(i, in.verdicts[i].After)
			return in.verdicts
		}
	}
	in.commit(ctx)
	return in.verdicts
}

// letter is an envelope that was opened, with its message and its sender, who may be a stranger still.
type letter struct {
	arrival inbox.Arrival
	message *Message
	doc     *did.Document // the sender's, by which it was opened
}

// acceptance is one call of Accept under way. What waits to be committed has no verdict yet.
type acceptance struct {
	node     *Node
	verdicts []Verdict
	arrivals []inbox.Arrival
	indices  []int            // of the arrivals among the verdicts
	claimed  map[did.DID]bool // who claims an invitation with one of the arrivals
	broken   bool             // committing has failed
}

// take judges whether the sender of an envelope may come in. Somebody who has just claimed an invitation,
// and says more at once, is no stranger: then the claim is committed first.
func (in *acceptance) take(ctx context.Context, i int, l *letter) error {
	claim, err := in.node.welcome(ctx, l)
	if err != nil && in.claimed[l.arrival.From] {
		in.commit(ctx)
		claim, err = in.node.welcome(ctx, l)
	}
	if in.broken {
		return errNotCommitted
	}
	if l.expired() && (err == nil || errors.Is(err, errRequest) || errors.Is(err, errShunned)) {
		if late := in.node.late(ctx, l); late != nil {
			err = late
		}
	}
	switch {
	case errors.Is(err, errRequest):
		return in.held(i, in.node.hold(ctx, l))
	case errors.Is(err, errShunned):
		return in.held(i, in.node.shun(ctx, l))
	case err != nil:
		return err
	}
	l.arrival.Claim = claim
	in.arrivals, in.indices = append(in.arrivals, l.arrival), append(in.indices, i)
	in.claimed[l.arrival.From] = in.claimed[l.arrival.From] || claim != nil
	return nil
}

// held gives a message that is no arrival its verdict, unless it was not held.
func (in *acceptance) held(i int, err error) error {
	if err == nil {
		in.verdicts[i] = Verdict{Kind: Held}
	}
	return err
}

// errNotCommitted puts off what comes behind something that could not be committed.
var errNotCommitted = errors.New("what came before could not be committed")

// commit makes what waits durable and gives its verdicts.
func (in *acceptance) commit(ctx context.Context) {
	if len(in.arrivals) == 0 {
		return
	}
	results, err := in.node.put(ctx, in.arrivals)
	for k, r := range results {
		in.verdicts[in.indices[k]] = in.node.stored(r)
		in.node.joined(in.arrivals[k], r)
	}
	if len(results) < len(in.arrivals) {
		in.broken = true
		after := time.Duration(0)
		if err == nil {
			after = requestPause
		} else {
			in.node.log().Error("committing what arrived failed: not accepted", "err", err)
		}
		in.putOff(in.indices[len(results)], after)
	}
	in.arrivals, in.indices, in.claimed = nil, nil, map[did.DID]bool{}
}

// put commits arrivals in their order, and returns what became of the first of them. There are fewer results than
// arrivals when the store fails, and, without an error, when there is no room to withhold one: nothing may pass that.
func (n *Node) put(ctx context.Context, as []inbox.Arrival) ([]inbox.PutResult, error) {
	if !slices.ContainsFunc(as, func(a inbox.Arrival) bool { return a.Withhold != [32]byte{} }) {
		return n.Store.Put(ctx, as...)
	}
	var results []inbox.PutResult
	for _, a := range as {
		r, err := n.Store.Put(ctx, a)
		if err != nil || r[0].Status == inbox.NoRoom {
			return results, err
		}
		results = append(results, r...)
	}
	return results, nil
}

// putOff tells the sender to come again, after a time, with everything from an envelope on that was not refused.
func (in *acceptance) putOff(i int, after time.Duration) {
	for ; i < len(in.verdicts); i++ {
		if in.verdicts[i].Kind != Refused {
			in.verdicts[i] = Verdict{Kind: Busy, Code: CodeBusy, After: after}
		}
	}
}

// expired reports whether the message's time had run out when it arrived.
func (l *letter) expired() bool {
	return !l.arrival.Expires.IsZero() && !l.arrival.Received.Before(l.arrival.Expires)
}

// anyDisposition selects what is withheld as well.
var anyDisposition = []inbox.Disposition{inbox.Pending, inbox.Kept, inbox.Consumed, inbox.Rejected, inbox.Withheld}

// late refuses a message that has expired, unless it is one that had come in time before: then its sender
// missed the answer, and storing it again will find the duplicate.
func (n *Node) late(ctx context.Context, l *letter) error {
	a := l.arrival
	before, err := n.Store.List(ctx, inbox.Query{Owner: a.Owner, From: a.From, MessageID: a.MessageID, Dispositions: anyDisposition, Limit: 1})
	if err == nil && len(before) == 0 {
		err = &Refusal{CodeExpired}
	}
	return err
}

// stored is the verdict on what the store has taken or not.
func (n *Node) stored(r inbox.PutResult) Verdict {
	switch r.Status {
	case inbox.Added:
		return Verdict{Kind: Accepted}
	case inbox.Duplicate:
		return Verdict{Kind: Duplicate}
	case inbox.Conflict:
		return n.verdict(&Refusal{CodeConflict})
	case inbox.InvitationUsed:
		return n.verdict(&Refusal{CodeInvitationUsed})
	case inbox.KeptBack:
		return Verdict{Kind: Held}
	}
	return Verdict{Kind: Busy, Code: CodeBusy}
}

// joined notes a new contact, and an entry that the dispatcher may have passed.
func (n *Node) joined(a inbox.Arrival, r inbox.PutResult) {
	if r.Contact != "" {
		n.log().Info("an invitation was accepted", "contact", a.From)
	}
	if r.Proven {
		n.watch.released(a.From)
	}
}

// verdict is the answer to an envelope that could not be taken.
func (n *Node) verdict(err error) Verdict {
	var r *Refusal
	if errors.As(n.counted(err), &r) {
		n.log().Debug("refused an envelope", "code", r.Code)
		return Verdict{Kind: Refused, Code: r.Code}
	}
	var p *putOffError
	if errors.As(err, &p) {
		return Verdict{Kind: Busy, Code: CodeBusy, After: p.after}
	}
	n.log().Warn("an envelope could not be judged now", "err", err)
	return Verdict{Kind: Busy, Code: CodeBusy}
}

// open decrypts one envelope and checks that what it proves and what it says agree. The error is a *Refusal,
// or temporary.
func (n *Node) open(ctx context.Context, path did.DID, sealed []byte, now time.Time) (*letter, error) {
	opened, doc, err := n.unseal(ctx, sealed)
	if err != nil {
		return nil, openRefusal(err)
	}
	m, err := ParseMessage(opened.Payload)
	if err != nil {
		return nil, &Refusal{CodeMessage}
	}
	sender, err := provenSender(m, opened.Proof)
	if err != nil {
		return nil, err
	}
	owner, misaddressed, err := n.addressed(m, opened.Proof)
	if err != nil {
		return nil, err
	}
	if doc, err = n.inForm(ctx, doc, sender); err != nil {
		return nil, openRefusal(err)
	}
	l := &letter{message: m, doc: doc, arrival: inbox.Arrival{Entry: inbox.Entry{
		Owner: owner, From: sender.Canonical(), MessageID: m.ID, Type: m.Type, ThreadID: m.Thread(),
		Payload: opened.Payload, SenderKey: opened.SenderKey, SignerKey: opened.SignerKey, Misaddressed: misaddressed,
		Answered: !path.IsZero() && path.Same(sender), Created: m.Created, Expires: m.Expires, Received: now,
	}}}
	switch {
	case sender.IsLong():
		l.arrival.Long = sender
	case doc != nil && doc.ID().IsLong():
		l.arrival.Long = doc.ID()
	}
	l.arrival.Kept = n.keeps(l)
	return l, nil
}

// inForm returns the document of a sender that names itself in another form than its key id does: the long form must
// be its own.
func (n *Node) inForm(ctx context.Context, doc *did.Document, sender did.DID) (*did.Document, error) {
	if doc != nil && (doc.ID() == sender || !sender.IsLong() && doc.ID().Same(sender)) {
		return doc, nil
	}
	return n.resolveSender(ctx, sender)
}

// keeps reports whether all that handling a message could come to is that it is kept: then that is done in the
// step that commits it, unless it would pass an earlier one of its sender. What carries acknowledgements, or may
// have to be answered, is handled.
func (n *Node) keeps(l *letter) bool {
	k, ok := n.Handler.(Keeper)
	return ok && l.arrival.Answered && len(l.message.Ack) == 0 && k.Keeps(l.message.Type)
}

// openRefusal says which failures of Open are for good: all but those of resolving the sender.
func openRefusal(err error) error {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, envelope.ErrTooLarge):
		return &Refusal{CodeSize}
	case errors.Is(err, envelope.ErrNotForUs):
		return &Refusal{CodeRecipient}
	case errors.Is(err, envelope.ErrMalformed), errors.Is(err, envelope.ErrUnsupported), errors.Is(err, envelope.ErrPlaintext):
		return &Refusal{CodeMessage}
	case errors.Is(err, envelope.ErrOpen), errors.Is(err, crypto.ErrUnknownKey),
		errors.Is(err, did.ErrInvalid), errors.Is(err, did.ErrMethod), errors.Is(err, did.ErrNotFound):
		return &Refusal{CodeCrypto}
	}
	return fmt.Errorf("open envelope: %w", err)
}

// checkSigner binds a signing key id, which anybody on the way can edit when it is unprotected, to the
// "from" of the signed payload before it is looked up (DIDComm v2.1, Message Signing).
func checkSigner(kid string, payload []byte) error {
	m, err := ParseMessage(payload)
	if err != nil {
		return &Refusal{CodeMessage}
	}
	if u, err := did.ParseURL(kid); err != nil || !u.DID.Same(m.From) {
		return &Refusal{CodeCrypto}
	}
	return nil
}

// provenSender returns "from" if the envelope proves it: the DID of the sender key and of the signer's
// key must be the DID in "from" (DIDComm v2.1, Message Layer Addressing Consistency). Without a proof
// the message is from a stranger, whatever it says.
func provenSender(m *Message, p envelope.Proof) (did.DID, error) {
	if p.SenderKey == "" && p.SignerKey == "" || m.From.IsZero() {
		return did.DID{}, &Refusal{CodeStranger}
	}
	for _, kid := range []string{p.SenderKey, p.SignerKey} {
		if kid == "" {
			continue
		}
		if u, err := did.ParseURL(kid); err != nil || !u.DID.Same(m.From) {
			return did.DID{}, &Refusal{CodeCrypto}
		}
	}
	return m.From, nil
}

// addressed returns the DID of ours that the envelope is encrypted to, and whether "to" is there without
// it. That is refused for a signed message, which somebody may be passing on (surreptitious forwarding),
// and so is a signed message without "to" (DIDComm v2.1, Message Signing).
func (n *Node) addressed(m *Message, p envelope.Proof) (did.DID, bool, error) {
	u, err := did.ParseURL(p.RecipientKey)
	if err != nil {
		return did.DID{}, false, &Refusal{CodeCrypto}
	}
	self, ok := n.Identities.Find(u.DID)
	if !ok {
		return did.DID{}, false, &Refusal{CodeRecipient}
	}
	named := slices.ContainsFunc(m.To, self.DID.Same)
	if !named && p.SignerKey != "" {
		return did.DID{}, false, &Refusal{CodeRecipient}
	}
	return self.DID.Canonical(), !named && len(m.To) > 0, nil
}

// welcome checks that the sender is a contact, or else makes the claim by which it becomes one. A contact that answers
// an invitation uses it up as well. What comes by keys that are not trusted is to be withheld, and claims nothing.
func (n *Node) welcome(ctx context.Context, l *letter) (*inbox.Claim, error) {
	sender := l.message.From
	c, err := n.Store.Contact(ctx, sender)
	if err != nil && !errors.Is(err, inbox.ErrNotFound) {
		return nil, err
	}
	known, invited := err == nil, n.Invitations != nil && l.message.ParentThreadID != ""
	switch {
	case known && c.Blocked:
		return nil, n.blocked(ctx, c, l.message)
	case !known && !invited:
		return nil, n.request(sender)
	}
	if known {
		trusted, err := n.trusts(ctx, c, l)
		if err != nil || !trusted {
			return nil, err
		}
	}
	if !invited {
		return nil, nil
	}
	terms, err := n.Invitations.Named(l.message.ParentThreadID, time.Now())
	switch {
	case err == nil:
		err = n.unclaimed(ctx, terms, sender)
	case !known:
		err = n.notInvited(sender, err)
	}
	var refused *Refusal
	switch {
	case known && (errors.As(err, &refused) || errors.Is(err, errCrowded) || terms.Multi):
		return nil, nil // it needs no invitation
	case err != nil:
		return nil, err
	}
	return n.claim(l, terms), nil
}

// trusts reports whether a contact is trusted by the document that opened its message. Else the message is to be
// withheld.
func (n *Node) trusts(ctx context.Context, c inbox.Contact, l *letter) (bool, error) {
	c, err := n.judge(ctx, c, l.doc)
	var changed *KeysChangedError
	if !errors.As(err, &changed) {
		return err == nil, err
	}
	if trusted, err := n.succeed(ctx, c, l.message); trusted || err != nil {
		return trusted, err
	}
	l.arrival.Withhold, l.arrival.Answered, l.arrival.Kept = changed.Offered, false, false
	return false, nil
}

// notInvited is the answer to a stranger whose message answers no good invitation: only of one that was
// ours does it learn more than that it is a stranger.
func (n *Node) notInvited(sender did.DID, err error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Code == CodeInvitationExpired {
		return r
	}
	return n.request(sender)
}

// claim makes a contact of somebody who claims an invitation.
func (n *Node) claim(l *letter, t InvitationTerms) *inbox.Claim {
	id := l.arrival.From
	name := ""
	if n.Introduction != nil {
		name = n.Introduction(l.message)
	}
	now := time.Now().UTC()
	p := n.stranger(id)
	return &inbox.Claim{Invitation: t.ID, Multi: t.Multi, Expires: t.Expires, Contact: inbox.Contact{
		DID: id, Name: inbox.PetName(name, "friend-"+id.Hash()[:6]), Pins: l.doc.Pins(), Keys: l.doc.PinKeys(), Version: l.doc.Version(),
		Addresses: slices.Clone(p.Addresses), PeerRecord: bytes.Clone(p.Record), Added: now, Seen: now, Life: p.Life,
	}}
}
