package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/did/safetynumber"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

// refreshAge is how old a document may be whose keys are shown for comparing.
const refreshAge = time.Second

// Verify returns the safety number of a contact and us, and with r.Confirm marks the contact verified.
func (w *Wallet) Verify(ctx context.Context, r control.VerifyRequest) (control.Verification, error) {
	c, err := w.find(ctx, r.Name)
	if err != nil {
		return control.Verification{}, err
	}
	unseen := w.refresh(ctx, c)
	if c, err = w.look(ctx, c); err != nil {
		return control.Verification{}, err
	}
	number, err := w.number(c)
	if err != nil {
		return control.Verification{}, err
	}
	view, err := w.verification(ctx, c, number)
	if err != nil {
		return control.Verification{}, err
	}
	view.Unseen = unseen
	if r.Scanned != "" {
		if err := safetynumber.Match(r.Scanned, number); err != nil {
			return view, explainScan(c.Name, err)
		}
		view.Matched = true
	}
	if r.Confirm {
		return w.confirm(ctx, c, view)
	}
	return view, w.shownKeys.note(ctx, w.store, c.DID, subject(c), now())
}

// refresh looks at the contact's document, where it can change: comparing old keys helps nobody. Where that fails the
// keys that are known can be compared all the same, and the text says why.
func (w *Wallet) refresh(ctx context.Context, c inbox.Contact) (unseen string) {
	if messaging.OfflineMethod(c.DID.Method()) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if _, err := w.resolver.Refresh(ctx, c.DID, refreshAge); err != nil {
		return err.Error()
	}
	return ""
}

// look returns the contact judged by its document as it was seen last.
func (w *Wallet) look(ctx context.Context, c inbox.Contact) (inbox.Contact, error) {
	if err := w.node.CheckKeys(ctx, c.DID); err != nil && !errors.Is(err, messaging.ErrKeysChanged) {
		return c, err
	}
	c, err := w.store.Contact(ctx, c.DID)
	if err == nil {
		c, err = w.learnOurs(ctx, c)
	}
	if err != nil || len(c.Pins) > 0 {
		return c, err
	}
	doc, err := w.resolver.Resolve(ctx, c.DID)
	if err != nil {
		return c, explainResolve(c.DID, err)
	}
	err = w.store.UpdateContact(ctx, c.DID, func(stored *inbox.Contact) error {
		if len(stored.Pins) == 0 {
			stored.Trust(doc.PinKeys(), doc.Version(), inbox.KeysFirstSeen, now())
		}
		c = *stored
		return nil
	})
	return c, err
}

// lookTime is how long looking for a contact's document may take.
const lookTime = 5 * time.Second

// number is the safety number of a contact and of the DID of ours that it knows.
func (w *Wallet) number(c inbox.Contact) (safetynumber.Number, error) {
	own := w.ours(c)
	theirs := safetynumber.Party{DID: c.DID, Pins: c.Pins}
	if c.Offer != nil {
		theirs.Pins = inbox.Fingerprints(c.Offer.Keys)
	}
	number, err := safetynumber.Of(safetynumber.Party{DID: own.DID, Keys: own.Document.PinKeys()}, theirs)
	if err != nil {
		return number, &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("there is no safety number for %s: %v", c.Name, err)}
	}
	return number, nil
}

func (w *Wallet) verification(ctx context.Context, c inbox.Contact, n safetynumber.Number) (control.Verification, error) {
	groups, keys := n.Groups(), subject(c)
	v := control.Verification{
		V: control.Version, Name: c.Name, DID: c.DID.String(), Ours: w.ours(c).DID.Canonical().String(),
		Number: groups[:], Words: n.Words(), Code: n.Code(), Keys: hex.EncodeToString(keys[:]), Verified: c.Verified,
	}
	held, err := w.withheld(ctx, c)
	v.Offer = keyOffer(messaging.KeysChanged(c), held)
	return v, err
}

// confirm marks a contact verified whose number is the same on both screens; the keys that it offers are believed by
// that. Only the keys that the view shows are confirmed.
func (w *Wallet) confirm(ctx context.Context, c inbox.Contact, view control.Verification) (control.Verification, error) {
	shown, ok := w.shownKeys.of(c.DID)
	if ok && shown.Keys != view.Keys && !view.Matched {
		return view, againError(c.Name)
	}
	at := now()
	err := w.decide(ctx, c, func(stored *inbox.Contact) {
		accept(stored, inbox.KeysVerified, at)
		stored.Verified = at
	})
	if err != nil {
		return view, err
	}
	view.Verified, view.Offer = at, nil
	return view, w.shownKeys.note(ctx, w.store, c.DID, subject(c), at)
}

// AcceptKeys believes the keys that a contact offers, without anybody having compared them.
func (w *Wallet) AcceptKeys(ctx context.Context, name string) (control.Contact, error) {
	c, err := w.find(ctx, name)
	if err != nil {
		return control.Contact{}, err
	}
	w.refresh(ctx, c)
	if c, err = w.look(ctx, c); err != nil {
		return control.Contact{}, err
	}
	if c.Offer == nil {
		return control.Contact{}, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("the keys of %s have not changed: there is nothing to accept", c.Name),
			Hint: "parley verify " + c.Name}
	}
	// Whoever looked before there was an offer has not seen other keys offered.
	offered, pinned := subject(c), inbox.KeySet(c.Pins)
	shown, ok := w.shownKeys.of(c.DID)
	if ok && shown.Keys != hex.EncodeToString(offered[:]) && shown.Keys != hex.EncodeToString(pinned[:]) {
		return control.Contact{}, againError(c.Name)
	}
	at := now()
	if err := w.decide(ctx, c, func(stored *inbox.Contact) { accept(stored, inbox.KeysAccepted, at) }); err != nil {
		return control.Contact{}, err
	}
	if c, err = w.store.Contact(ctx, c.DID); err != nil {
		return control.Contact{}, err
	}
	return w.contactView(ctx, c)
}

// decide changes a contact as the user wants, if its keys are still those of c that the user has seen, has what was
// withheld under them arrive, and what waits for the contact tried at once.
func (w *Wallet) decide(ctx context.Context, c inbox.Contact, change func(*inbox.Contact)) error {
	keys := subject(c)
	checked := func(stored *inbox.Contact) error {
		if subject(*stored) != keys {
			return againError(c.Name)
		}
		change(stored)
		return nil
	}
	if c.Offer == nil {
		return w.store.UpdateContact(ctx, c.DID, checked)
	}
	n, err := w.store.ReleaseContact(ctx, c.DID, keys, checked)
	if err != nil {
		return err
	}
	w.log.Info("the keys that a contact offers are believed", "contact", c.DID.Short(), "released", n)
	return w.store.Wake(ctx, c.DID, now())
}

// accept believes the keys that a contact offers, if it offers any, and notes why the keys are believed that then
// are.
func accept(c *inbox.Contact, how inbox.KeyCause, at time.Time) {
	if o := c.Offer; o != nil {
		c.Trust(o.Keys, o.Version, how, at)
		return
	}
	c.Note(how, inbox.KeySet(c.Pins), at)
}

// subject is the set of keys that the user has to decide about: those that are offered, or else the pinned ones.
func subject(c inbox.Contact) [32]byte {
	if c.Offer != nil {
		return c.Offer.KeySet()
	}
	return inbox.KeySet(c.Pins)
}

// againError is the error of a decision about other keys than those that were shown.
func againError(name string) error {
	return &control.Error{Code: control.CodeTrust, Message: fmt.Sprintf("the keys of %s changed again since you looked: compare once more; nothing was changed", name),
		Hint: "parley verify " + name}
}

// explainScan says what a scanned code means that does not match.
func explainScan(name string, err error) error {
	if errors.Is(err, safetynumber.ErrMismatch) {
		return &control.Error{Code: control.CodeTrust, Message: fmt.Sprintf("this is not the code of %s and you: %v; nothing was changed", name, err),
			Hint: "do not trust these keys; ask them, another way, for the code on their screen: verify --qr, on their side"}
	}
	return &control.Error{Code: control.CodeUsage, Message: err.Error() + "; nothing was changed", Hint: "scan it from their screen: verify --qr, on their side"}
}
