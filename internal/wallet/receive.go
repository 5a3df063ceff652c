package wallet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

// maxWait bounds one long poll; handlerGrace is given to handlers that are at work.
const (
	maxWait      = time.Hour
	handlerGrace = 500 * time.Millisecond
)

// Receive returns messages that are kept for the user, and waits for one when there is none.
func (w *Wallet) Receive(ctx context.Context, r control.ReceiveRequest) ([]control.Message, error) {
	q := inbox.Query{
		Dispositions: []inbox.Disposition{inbox.Kept}, Unacked: !r.All, AfterSeq: r.After, AfterRev: r.AfterRev, BySeq: !r.ByRev,
		Newest: r.Newest, Limit: r.Limit, MessageID: r.ID,
	}
	if r.From != "" {
		c, err := w.find(ctx, r.From)
		if err != nil {
			return nil, err
		}
		q.From = c.DID
	}
	patience, err := w.patience(ctx, min(r.Wait, maxWait))
	if err != nil {
		return nil, err
	}
	watchCtx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	hint := w.store.Watch(watchCtx)
	for {
		es, err := w.store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(es) > 0 {
			if r.Newest {
				slices.Reverse(es)
			}
			return w.messageViews(ctx, es)
		}
		select {
		case <-watchCtx.Done():
			return nil, ctx.Err()
		case <-hint:
		}
	}
}

// patience is how long to wait for a message: somewhat longer than wished when one has just been committed,
// and its sender told so, but is not yet settled by its handler.
func (w *Wallet) patience(ctx context.Context, wish time.Duration) (time.Duration, error) {
	stats, err := w.store.Stats(ctx)
	if stats.Pending > 0 && w.working.Load() {
		wish = max(wish, handlerGrace)
	}
	return wish, err
}

// Mark says of received messages that they were shown or are done with. Their senders are told that they were
// read, if that is what they are told, see receipts.go.
func (w *Wallet) Mark(ctx context.Context, r control.MarkRequest) error {
	seqs := slices.Clone(r.Seqs)
	var from did.DID
	if r.From != "" {
		c, err := w.find(ctx, r.From)
		if err != nil {
			return err
		}
		from = c.DID
	}
	for _, id := range r.IDs {
		es, err := w.store.List(ctx, inbox.Query{MessageID: id, From: from, Dispositions: []inbox.Disposition{inbox.Kept}})
		if err != nil {
			return err
		}
		if len(es) == 0 {
			return &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("no message %q was received", id), Hint: "see parley recv --ack manual"}
		}
		if len(es) > 1 { // ids are unique for their senders only
			return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("%d contacts have sent a message with the id %q; nothing was done", len(es), id),
				Hint: "parley ack " + id + " --from NAME"}
		}
		for _, e := range es {
			seqs = append(seqs, e.Seq)
		}
	}
	m := inbox.MarkShown
	if r.Acked {
		m = inbox.MarkAcked
	}
	return w.mark(ctx, m, seqs)
}

// Changes returns what changed after a revision. A full page ends where the shorter of its two halves
// does, so that nothing is passed over.
func (w *Wallet) Changes(ctx context.Context, r control.ChangesRequest) (control.Changes, error) {
	if r == (control.ChangesRequest{}) {
		stats, err := w.store.Stats(ctx)
		return control.Changes{V: control.Version, Rev: stats.Rev, Requests: stats.Requests}, err
	}
	watchCtx, cancel := context.WithTimeout(ctx, min(r.Wait, maxWait))
	defer cancel()
	hint := w.store.Watch(watchCtx)
	for {
		ch, newest, err := w.changes(ctx, r.After)
		if err != nil || len(ch.Received)+len(ch.Sent) > 0 {
			return ch, err
		}
		if r.After = ch.Rev; ch.Rev < newest {
			continue // that page was of what is not for the user
		}
		select {
		case <-watchCtx.Done():
			return ch, ctx.Err()
		case <-hint:
		}
	}
}

// changes returns a page of what changed after a revision, and the newest revision.
func (w *Wallet) changes(ctx context.Context, after int64) (control.Changes, int64, error) {
	stats, err := w.store.Stats(ctx)
	ch := control.Changes{V: control.Version, Rev: max(stats.Rev, after), Requests: stats.Requests}
	if err != nil || stats.Rev <= after {
		return ch, ch.Rev, err
	}
	es, err := w.store.List(ctx, inbox.Query{AfterRev: after})
	if err != nil {
		return ch, stats.Rev, err
	}
	ps, err := w.store.Sent(ctx, inbox.SentQuery{AfterRev: after})
	if err != nil {
		return ch, stats.Rev, err
	}
	if len(es) > 0 {
		ch.Rev = min(ch.Rev, es[len(es)-1].Rev)
	}
	if len(ps) > 0 {
		ch.Rev = min(ch.Rev, ps[len(ps)-1].Rev)
	}
	es = slices.DeleteFunc(es, func(e inbox.Entry) bool { return e.Rev > ch.Rev || e.Disposition != inbox.Kept })
	if ch.Received, err = w.messageViews(ctx, es); err != nil {
		return ch, stats.Rev, err
	}
	names, err := w.names(ctx)
	for _, p := range ps {
		if p.Rev <= ch.Rev && !isHousekeeping(p.Type) {
			ch.Sent = append(ch.Sent, sentView(p, names[p.To]))
		}
	}
	return ch, stats.Rev, err
}

func (w *Wallet) messageViews(ctx context.Context, es []inbox.Entry) ([]control.Message, error) {
	if len(es) == 0 {
		return nil, nil
	}
	names, err := w.names(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]control.Message, 0, len(es))
	for _, e := range es {
		v := messageView(e, names)
		if v.Answers, err = w.answeredQuestion(ctx, e); err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

func messageView(e inbox.Entry, names map[did.DID]string) control.Message {
	v := control.Message{
		V: control.Version, ID: e.MessageID, From: e.From.String(), FromName: names[e.From], Type: e.Type,
		Thread: e.ThreadID, Created: e.Created, Received: e.Received, Seq: e.Seq, Rev: e.Rev, Acked: e.Acked,
	}
	if v.FromName == "" {
		v.FromName = e.From.Short()
	}
	v.Content, v.Body = content(e.Payload)
	v.Files = files(e.Payload, true)
	return v
}

// content is what a message says: the text of a basicmessage, or else its body.
func content(payload []byte) (string, json.RawMessage) {
	m, err := messaging.ParseMessage(payload)
	if err != nil {
		return "", nil
	}
	if messaging.SameType(m.Type, basicmessage.Type) {
		if text, err := basicmessage.Text(m); err == nil {
			return text, nil
		}
	}
	return "", json.RawMessage(m.Body)
}
