package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// cached gives bob's node a resolver that remembers documents, as a wallet has one, and has it remember carol's.
func (h *hosts) cached(t *testing.T) *did.Cache {
	t.Helper()
	c := did.NewCache(h.bob.Resolver, 0, 0)
	h.bob.Node.Resolver, h.bob.Transport.Resolver = c, c
	if _, err := c.Resolve(t.Context(), carol); err != nil {
		t.Fatal(err)
	}
	return c
}

// A document that was remembered before the keys changed is asked for anew when a message does not open by it, and not
// more often than once a minute; until then the message is put off.
func TestRememberedDocumentOfSender(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"the same key ids": "key", "other key ids": "other"} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			h.cached(t)
			old := h.carol.Identity.Document
			if err := h.carol.Rekey(prefix); err != nil { // she has new keys, and says so by those she had
				t.Fatal(err)
			}
			h.net.Publish(h.carol.Identity.Document.WithVersion("1-a"))
			asked := h.net.Asked()
			sealed := h.by(t, h.carol, "1", "")
			for range 3 {
				same(t, name+": at once", accept(t, h.bob, did.DID{}, sealed)[0],
					messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy, After: time.Minute})
			}
			same(t, name+": asked at once", h.net.Asked()-asked, 0)
			time.Sleep(2 * time.Minute)
			same(t, name+": later", accept(t, h.bob, did.DID{}, sealed)[0], accepted())
			same(t, name+": asked later", h.net.Asked()-asked, 1)
			if c := h.contact(t); inbox.KeySet(c.Pins) == inbox.KeySet(old.Pins()) || c.Version != "1-a" {
				t.Errorf("%s: %+v", name, c)
			}
		})
	}
}

// A delivery that failed may have failed because the document that is remembered is wrong: the next one asks anew.
func TestRememberedDocumentOfRecipient(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{"the peer proves other keys": "", "the envelope is not for the peer": messaging.CodeRecipient} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			h.cached(t)
			s := &scripted{reply: func(messaging.Delivery, int) ([]messaging.Result, error) {
				if code == "" {
					return nil, &messaging.DeliveryError{Err: messaging.ErrKeysChanged}
				}
				return []messaging.Result{{Err: failure(true, code)}}, nil
			}}
			h.bob.Node.Transports = []messaging.Transport{reaching{s}}
			start(t, h.bob)
			time.Sleep(10 * time.Minute)
			h.swap()
			send(t, h.bob, line(carol, "1"))
			time.Sleep(time.Minute)
			synctest.Wait()
			same(t, name+": tries", s.calls, 1)
			same(t, name+": history", h.history(t), "invited carol, offered mallory")
			ps, err := h.bob.Store.Sent(t.Context(), inbox.SentQuery{})
			if err != nil || len(ps) != 1 || ps[0].State != inbox.Queued || !strings.Contains(ps[0].Problem, "carol's keys") {
				t.Errorf("%s: %+v, %v", name, ps, err)
			}
		})
	}
}

// reaching handles every endpoint.
type reaching struct{ *scripted }

func (reaching) Handles(did.Endpoint) bool { return true }

// While the host is down what is remembered still holds, for a delivery that failed before too; but not when the DID
// was given up.
func TestHostDownWhileDelivering(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		gone error
		want string
	}{"down": {errors.New("no answer"), "delivered"}, "given up": {did.ErrDeactivated, "queued"}} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			cache := h.cached(t)
			s := &scripted{reply: func(d messaging.Delivery, call int) ([]messaging.Result, error) {
				if call == 1 {
					return nil, failure(false, messaging.CodeBusy)
				}
				return delivered(len(d.Envelopes)), nil
			}}
			h.bob.Node.Transports = []messaging.Transport{reaching{s}}
			h.bob.Node.Resolver = halfway{cache, tc.gone}
			start(t, h.bob)
			send(t, h.bob, line(carol, "1"))
			time.Sleep(time.Minute)
			same(t, name, states(t, h.bob), map[string]string{"1": tc.want})
		})
	}
}

// halfway remembers, and cannot ask anew.
type halfway struct {
	*did.Cache
	err error
}

func (h halfway) Refresh(context.Context, did.DID, time.Duration) (*did.Document, error) {
	return nil, h.err
}

// A document that a host cannot give now, or gives in pieces, is no reason to refuse what a friend sends.
func TestHostTroubleRefusesNothing(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]error{
		"not found": did.ErrNotFound, "broken": did.ErrInvalid, "down": errors.New("no answer"), "rewritten": did.ErrRewritten,
	} {
		h := newHosts(t)
		inner := h.bob.Resolver
		h.bob.Node.Resolver = did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			if id == carol {
				return nil, trouble
			}
			return inner.Resolve(ctx, id)
		})
		same(t, name+": message", accept(t, h.bob, did.DID{}, h.by(t, h.carol, "1", ""))[0].Kind, messaging.Busy)
		_, err := h.bob.Node.Admit(t.Context(), carol, nil)
		var r *messaging.Refusal
		if err == nil || errors.As(err, &r) || errors.Is(err, did.ErrNotFound) {
			t.Errorf("%s: admitted: %v, want an error that may pass", name, err)
		}
		h.bob.Node.Resolver = inner
		same(t, name+": later", accept(t, h.bob, did.DID{}, h.by(t, h.carol, "1", ""))[0], accepted())
	}
}

// A long form that is not the sender's own is no document of it, also where the key id names it by the short one.
func TestForeignLongForm(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	_, foreign, _ := strings.Cut(p.bob.Identity.DID.String(), ":z")
	forged, err := did.Parse(p.alice.DID().String() + ":z" + foreign)
	if err != nil {
		t.Fatal(err)
	}
	key := did.URL{DID: p.alice.DID(), Fragment: p.alice.Identity.Document.KeyAgreement()[0].ID.Fragment}.String()
	to := p.bob.Identity.Document.KeyAgreement()[0]
	for from, want := range map[did.DID]messaging.Verdict{forged: refused(messaging.CodeCrypto), p.alice.Identity.DID: accepted()} {
		sealed, err := envelope.Seal(t.Context(), p.alice.Keys, []byte(plain("1", fmt.Sprintf(`,"from":%q`, from))),
			envelope.Options{From: key, To: []envelope.Recipient{{KID: to.ID.String(), Key: to.Key}}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, from.Short(), accept(t, p.bob, did.DID{}, sealed)[0], want)
	}
	if long, err := p.bob.Store.LongForm(t.Context(), p.alice.DID()); err != nil || long != p.alice.Identity.DID {
		t.Errorf("learnt %s, %v", long.Short(), err)
	}
}
