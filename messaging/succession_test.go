package messaging_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/fromprior"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// succession is a from_prior by a party's keys for a set of keys.
func succession(t *testing.T, by *messagingtest.Party, set [32]byte, at time.Time) string {
	t.Helper()
	kid := by.Identity.Document.Authentication()[0].ID.String()
	token, err := fromprior.CreateSuccession(t.Context(), by.Keys, kid, by.Identity.DID, set, at)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// prior is the header with a token.
func prior(t *testing.T, token any) string {
	t.Helper()
	text, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	return `,"from_prior":` + string(text)
}

// Keys that a trusted key has announced are trusted, and what was withheld under them arrives before the message that
// says so.
func TestSuccession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.change(t, func(c *inbox.Contact) { c.Verified = time.Now() })
		start(t, h.bob)
		time.Sleep(time.Hour)
		token := succession(t, h.carol, setOf(h.mallory), time.Now())
		h.swap()
		same(t, "without a word", accept(t, h.bob, carol, h.by(t, h.mallory, "1", ""), h.by(t, h.mallory, "2", "")),
			[]messaging.Verdict{held(), held()})
		time.Sleep(time.Minute)
		same(t, "with it", accept(t, h.bob, carol, h.by(t, h.mallory, "3", prior(t, token)), h.by(t, h.mallory, "4", "")),
			[]messaging.Verdict{accepted(), accepted()})
		time.Sleep(time.Minute)
		same(t, "arrived", received(t, h.bob, inbox.Kept), []string{"1", "2", "3", "4"})
		same(t, "history", h.history(t), "invited carol, offered mallory, succeeded mallory")
		c := h.contact(t)
		if c.Offer != nil || !c.Verified.IsZero() || inbox.KeySet(c.Pins) != setOf(h.mallory) {
			t.Errorf("%+v", c)
		}
		if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
			t.Errorf("checked: %v", err)
		}
		same(t, "repeated", accept(t, h.bob, carol, h.by(t, h.mallory, "5", prior(t, token)))[0], accepted())
		same(t, "history then", h.history(t), "invited carol, offered mallory, succeeded mallory")
	})
}

// Whatever proves less than that leaves the message withheld.
func TestSuccessionThatDoesNotHold(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func(t *testing.T, h *hosts) any{
		"by the offered keys": func(t *testing.T, h *hosts) any { return succession(t, h.mallory, setOf(h.mallory), time.Now()) },
		"for other keys":      func(t *testing.T, h *hosts) any { return succession(t, h.carol, setOf(h.bob), time.Now()) },
		"for the trusted keys": func(t *testing.T, h *hosts) any {
			return succession(t, h.carol, setOf(h.carol), time.Now())
		},
		"older than the trust": func(t *testing.T, h *hosts) any {
			return succession(t, h.carol, setOf(h.mallory), time.Now().Add(-2*time.Hour))
		},
		"of the future": func(t *testing.T, h *hosts) any {
			return succession(t, h.carol, setOf(h.mallory), time.Now().Add(6*time.Minute))
		},
		"about another DID": func(t *testing.T, h *hosts) any {
			other := *h.carol
			other.Identity.DID = did.MustParse("did:example:dave")
			kid := "did:example:dave#key-sign"
			dave, err := h.net.NewHosted(other.Identity.DID, "dave", "key")
			if err != nil {
				t.Fatal(err)
			}
			token, err := fromprior.CreateSuccession(t.Context(), dave.Keys, kid, other.Identity.DID, setOf(h.mallory), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			return token
		},
		"to a new DID": func(t *testing.T, h *hosts) any {
			kid := h.carol.Identity.Document.Authentication()[0].ID.String()
			token, err := fromprior.Create(t.Context(), h.carol.Keys, kid, fromprior.Prior{Issuer: carol, Subject: h.bob.DID()})
			if err != nil {
				t.Fatal(err)
			}
			return token
		},
		"cut":      func(t *testing.T, h *hosts) any { return succession(t, h.carol, setOf(h.mallory), time.Now())[1:] },
		"a number": func(*testing.T, *hosts) any { return 1 },
		"nothing":  func(*testing.T, *hosts) any { return nil },
		"an old list": func(t *testing.T, h *hosts) any {
			return []string{succession(t, h.carol, setOf(h.mallory), time.Now())}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHosts(t)
				time.Sleep(time.Hour)
				h.swap()
				same(t, "verdict", accept(t, h.bob, carol, h.by(t, h.mallory, "1", prior(t, header(t, h))))[0], held())
				same(t, "history", h.history(t), "invited carol, offered mallory")
			})
		})
	}
}

// A word that was good once does not count again after other keys were accepted, though its signer is trusted.
func TestSuccessionIsNotReplayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		token := succession(t, h.carol, setOf(h.mallory), time.Now())
		h.swap()
		same(t, "first", accept(t, h.bob, carol, h.by(t, h.mallory, "1", prior(t, token)))[0], accepted())
		time.Sleep(time.Hour)
		h.back()
		if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.Is(err, messaging.ErrKeysChanged) {
			t.Fatalf("her old keys: %v", err)
		}
		h.release(t) // the user takes her old keys back
		time.Sleep(time.Hour)
		h.swap()
		same(t, "replayed", accept(t, h.bob, carol, h.by(t, h.mallory, "2", prior(t, token)))[0], held())
		same(t, "history", h.history(t), "invited carol, offered mallory, succeeded mallory, offered carol, accepted carol, offered mallory")
		fresh := succession(t, h.carol, setOf(h.mallory), time.Now())
		same(t, "fresh", accept(t, h.bob, carol, h.by(t, h.mallory, "3", prior(t, fresh)))[0], accepted())
	})
}

// The user's own confirmation of the trusted keys is no change of them: a word given before it still counts. One of
// the second in which they were trusted does, too: it has no fractions.
func TestSuccessionBeforeConfirmation(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Duration{"before it": 30 * time.Minute, "in the same second": 500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(250 * time.Millisecond)
			h := newHosts(t)
			time.Sleep(at)
			token := succession(t, h.carol, setOf(h.mallory), time.Now())
			time.Sleep(time.Hour - at)
			h.change(t, func(c *inbox.Contact) {
				c.History = append(c.History, inbox.KeyEvent{At: time.Now(), How: inbox.KeysVerified, Keys: setOf(h.carol)})
			})
			h.swap()
			same(t, name, accept(t, h.bob, carol, h.by(t, h.mallory, "1", prior(t, token)))[0], accepted())
		})
	}
}

// A store that cannot record a succession takes nothing: the message comes again.
func TestSuccessionWithoutCommit(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	same(t, "before", accept(t, h.bob, carol, h.by(t, h.mallory, "0", ""))[0], held())
	h.bob.Node.Store = &unwilling{Store: h.bob.Store, release: 1}
	sealed := h.by(t, h.mallory, "1", prior(t, succession(t, h.carol, setOf(h.mallory), time.Now())))
	same(t, "at first", accept(t, h.bob, carol, sealed)[0].Kind, messaging.Busy)
	same(t, "history", h.history(t), "invited carol, offered mallory")
	same(t, "again", accept(t, h.bob, carol, sealed)[0], accepted())
	same(t, "arrived", received(t, h.bob, inbox.Pending), []string{"0", "1"})
}

// A contact of which only pins were kept has nobody to give a word.
func TestSuccessionWithoutKnownKeys(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.change(t, func(c *inbox.Contact) { c.Keys = nil })
	h.swap()
	token := succession(t, h.carol, setOf(h.mallory), time.Now())
	same(t, "verdict", accept(t, h.bob, carol, h.by(t, h.mallory, "1", prior(t, token)))[0], held())
	same(t, "history", h.history(t), "invited carol, offered mallory")
}

// Whoever changes a document again and again does not make it forgotten when its keys were accepted last: what was
// announced before that is not good again.
func TestSuccessionReplayedBehindFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		token := succession(t, h.carol, setOf(h.mallory), time.Now())
		h.swap()
		same(t, "at first", accept(t, h.bob, carol, h.by(t, h.mallory, "1", prior(t, token)))[0], accepted())
		time.Sleep(time.Hour)
		h.back()
		if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.Is(err, messaging.ErrKeysChanged) {
			t.Fatal(err)
		}
		h.release(t)
		for range inbox.MaxHistory {
			h.widen(t)
			_ = h.bob.Node.CheckKeys(t.Context(), carol)
			h.back()
			if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
				t.Fatal(err)
			}
		}
		h.swap()
		same(t, "again", accept(t, h.bob, carol, h.by(t, h.mallory, "2", prior(t, token)))[0], held())
	})
}
