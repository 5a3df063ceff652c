package wallet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

const (
	defaultFound = 50
	maxFound     = 1000
	maxSought    = 1024 // bytes
)

// Search looks for text in messages. It reads all of them, from the newest on, until it has found enough; what
// only protocols say to each other is not searched. At most 1,000 are returned.
func (w *Wallet) Search(ctx context.Context, r control.SearchRequest) ([]control.Found, error) {
	q, sent, err := w.searches(ctx, r)
	if err != nil {
		return nil, err
	}
	es, err := w.store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	ps, err := w.store.Sent(ctx, sent)
	if err != nil {
		return nil, err
	}
	names, err := w.names(ctx)
	if err != nil {
		return nil, err
	}
	return merge(es, ps, names, q.Limit), nil
}

// searches are the two queries of a search.
func (w *Wallet) searches(ctx context.Context, r control.SearchRequest) (q inbox.Query, sent inbox.SentQuery, err error) {
	switch {
	case r.Text == "" || len(r.Text) > maxSought || !utf8.ValidString(r.Text):
		return q, sent, &control.Error{Code: control.CodeUsage,
			Message: fmt.Sprintf("what to look for has to be 1 to %d bytes of text", maxSought), Hint: "parley search TEXT"}
	case r.Limit < 0:
		return q, sent, &control.Error{Code: control.CodeUsage, Message: "a limit must not be negative"}
	case r.Limit == 0:
		r.Limit = defaultFound
	}
	var with did.DID
	if r.With != "" {
		if with, err = w.party(ctx, r.With); err != nil {
			return q, sent, err
		}
	}
	q = inbox.Query{From: with, Dispositions: []inbox.Disposition{inbox.Kept}, Match: matcher(r.Text, false), BySeq: true, Newest: true}
	sent = inbox.SentQuery{To: with, Match: matcher(r.Text, true), BySeq: true, Newest: true}
	q.Limit = min(r.Limit, maxFound)
	sent.Limit = q.Limit
	return q, sent, nil
}

// party returns the DID of a contact, or of somebody who is none any more: his messages stay.
func (w *Wallet) party(ctx context.Context, who string) (did.DID, error) {
	c, err := w.find(ctx, who)
	var unknown *control.Error
	if id, bad := did.Parse(who); bad == nil && errors.As(err, &unknown) {
		return id.Canonical(), nil
	}
	return c.DID, err
}

// matcher reports of a plaintext whether it says the text: in the content of a text message, or in any string
// of the body of another one. Names of members and whatever else makes it JSON do not count.
// Of what was sent the wallet's own business does not count either: what came of it to the user was kept for him.
func matcher(text string, sent bool) func(payload []byte) bool {
	may, is := newSieve(text), newNeedle(text)
	return func(payload []byte) bool {
		if !may.passes(payload) {
			return false
		}
		m, err := messaging.ParseMessage(payload)
		if err != nil || sent && isHousekeeping(m.Type) {
			return false
		}
		if messaging.SameType(m.Type, basicmessage.Type) {
			if said, err := basicmessage.Text(m); err == nil {
				from, _ := is.find(said)
				return from >= 0
			}
		}
		return anyString(json.RawMessage(m.Body), is)
	}
}

// anyString reports whether a string value within the JSON has the text in it.
func anyString(body json.RawMessage, is *needle) bool {
	d := jsontext.NewDecoder(strings.NewReader(string(body)))
	for {
		tok, err := d.ReadToken()
		if err != nil {
			return false
		}
		// Within an object strings stand at odd places as names, at even ones as values.
		kind, n := d.StackIndex(d.StackDepth())
		if tok.Kind() != '"' || kind == '{' && n%2 == 1 {
			continue
		}
		if from, _ := is.find(tok.String()); from >= 0 {
			return true
		}
	}
}

// merge puts what was received and sent, newest first each, in one order, oldest first, and keeps the newest.
// The order within each of the two stays, whatever the clock said.
func merge(es []inbox.Entry, ps []inbox.Parcel, names map[did.DID]string, limit int) []control.Found {
	type found struct {
		at   time.Time
		what control.Found
	}
	var all []found
	var latest time.Time
	for _, e := range slices.Backward(es) {
		latest = later(latest, e.Received)
		m := messageView(e, names)
		all = append(all, found{latest, control.Found{V: control.Version, Received: &m}})
	}
	latest = time.Time{}
	for _, p := range slices.Backward(ps) {
		latest = later(latest, p.Created)
		s := sentView(p, names[p.To])
		all = append(all, found{latest, control.Found{V: control.Version, Sent: &s}})
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	list := make([]control.Found, 0, min(len(all), limit))
	for _, f := range all[max(0, len(all)-limit):] {
		list = append(list, f.what)
	}
	return list
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
