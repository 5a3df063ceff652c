package wallet_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
)

// operationLog is the log of a did:plc, one operation after the other.
func operationLog(t *testing.T) (id did.DID, log []json.RawMessage) {
	t.Helper()
	text, err := os.ReadFile("../../did/didplc/testdata/logs.json")
	must(t, err)
	var all []struct {
		DID string
		Log []json.RawMessage
	}
	must(t, json.Unmarshal(text, &all))
	for _, r := range all {
		if len(r.Log) == 4 {
			return did.MustParse(r.DID), r.Log
		}
	}
	t.Fatal("there is no log of four operations")
	return id, nil
}

// Keys that the verified log of a DID justifies need no decision, and a log that forgets what the wallet has seen is
// not believed.
func TestLoggedKeys(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHost(t)
	id, log := operationLog(t)
	serve := func(n int) {
		text, err := json.Marshal(log[:n])
		must(t, err)
		h.put(control.WebDocument{File: id.String() + "/log/audit", Document: text})
	}
	o := h.options()
	o.PLCDirectory = h.server.URL
	w := openWith(t, folder(t, "alice"), o)
	serve(1)
	first, err := w.Document(ctx, id)
	must(t, err)
	old, err := crypto.GenerateKey(crypto.Ed25519)
	must(t, err)
	must(t, w.Store().AddContact(ctx, inbox.Contact{
		DID: id, Name: "carol", Keys: []crypto.PublicKey{old.Public()}, Version: first.Version(), Verified: time.Now(), Added: time.Now(),
	}))

	serve(4)
	forget(w, id.String())
	v := verify(t, w, control.VerifyRequest{Name: "carol"})
	c := contactNamed(t, w, "carol")
	if v.Offer != nil || c.Offer != nil || !c.Verified.IsZero() {
		t.Errorf("a change that the log justifies: %+v, %+v", v, c)
	}
	same(t, "history", causes(c), []string{"logged"})
	stored, err := w.Store().Contact(ctx, id)
	must(t, err)
	newest, err := w.Document(ctx, id)
	must(t, err)
	same(t, "version", stored.Version, newest.Version())

	serve(2)
	forget(w, id.String())
	if _, err := w.Document(ctx, id); !errors.Is(err, did.ErrRewritten) {
		t.Errorf("a log that was cut short: %v", err)
	}
	after, err := w.Store().Contact(ctx, id)
	must(t, err)
	same(t, "pins after that", after.Pins, stored.Pins)
}
