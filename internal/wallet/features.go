package wallet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/discoverfeatures"
)

const (
	defaultFeatures = 10 * time.Second
	// didcommV2 names version 2 of DIDComm (DIDComm v2.1, Discover Features Protocol 2.0).
	didcommV2 = "https://github.com/decentralized-identity/didcomm-messaging"
)

// headers are the message headers beyond the necessary ones that the wallet understands.
var headers = []string{"ack", "created_time", "expires_time", "please_ack", "pthid", "thid"}

// roles are those that the wallet plays in protocols that have several.
var roles = map[string][]string{
	"https://didcomm.org/discover-features/2.0": {"requester", "responder"},
	"https://didcomm.org/out-of-band/2.0":       {"receiver", "sender"},
	"https://didcomm.org/questionanswer/1.0":    {"questioner", "responder"},
	"https://didcomm.org/receipts/1.0":          {"responder"},
	"https://didcomm.org/report-problem/2.0":    {"notified", "notifier"},
	"https://didcomm.org/trust-ping/2.0":        {"receiver", "sender"},
	"https://didcomm.org/user-profile/1.0":      {"receiver", "sender"},
}

// features are what the wallet can do: the protocols that have a handler, with those of a program's own, and
// out-of-band, which it speaks outside of messages.
func (w *Wallet) features(context.Context, did.DID) []discoverfeatures.Feature {
	protocols := []string{"https://didcomm.org/out-of-band/2.0"}
	for h := w.node.Handler; h != nil; {
		mux, ok := h.(*messaging.Mux)
		if !ok {
			break
		}
		protocols, h = append(protocols, mux.Protocols()...), mux.Default
	}
	slices.Sort(protocols)
	fs := []discoverfeatures.Feature{{Type: discoverfeatures.TypeVersion, ID: didcommV2}}
	for _, p := range slices.Compact(protocols) {
		fs = append(fs, discoverfeatures.Feature{Type: discoverfeatures.TypeProtocol, ID: p, Roles: roles[p]})
	}
	for _, h := range headers {
		fs = append(fs, discoverfeatures.Feature{Type: discoverfeatures.TypeHeader, ID: h})
	}
	return fs
}

// disclosures are the queries that wait for their answer. The zero value is ready.
type disclosures struct {
	mu      sync.Mutex
	waiting map[ping]chan []discoverfeatures.Feature // by thread and who has to answer; guarded by mu
}

// expect returns a channel that gets the answer, and a function that ends waiting.
func (d *disclosures) expect(thread string, to did.DID) (<-chan []discoverfeatures.Feature, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == nil {
		d.waiting = map[ping]chan []discoverfeatures.Feature{}
	}
	key, c := ping{thread, to}, make(chan []discoverfeatures.Feature, 1)
	d.waiting[key] = c
	return c, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.waiting, key)
	}
}

// came hands an answer to who waits for it. Nobody waits for a disclosure that was not asked for.
func (d *disclosures) came(m *messaging.Received, fs []discoverfeatures.Feature) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case d.waiting[ping{m.Thread(), m.Sender}] <- fs:
	default:
	}
}

// Features asks a contact what it can do. The question expires with its timeout.
func (w *Wallet) Features(ctx context.Context, r control.FeaturesRequest) (control.Features, error) {
	c, err := w.find(ctx, r.To)
	if err != nil {
		return control.Features{}, err
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultFeatures
	}
	q := discoverfeatures.Query{Type: r.Type, Match: r.Match}
	if q.Type == "" {
		q.Type = discoverfeatures.TypeProtocol
	}
	if q.Match == "" {
		q.Match = "*"
	}
	m := discoverfeatures.Queries(c.DID, q)
	m.ID = messaging.NewID()
	m.Expires = time.Now().Add(r.Timeout).Truncate(time.Second).Add(time.Second)
	answer, done := w.disclosures.expect(m.ID, c.DID)
	defer done()
	if _, err := w.queue(ctx, c, m); err != nil {
		return control.Features{}, err
	}
	fs, err := await(ctx, w, c, m.ID, r.Timeout, answer)
	if err != nil {
		return control.Features{}, err
	}
	// Others may disclose more than they were asked for.
	out := control.Features{V: control.Version, Name: c.Name, DID: c.DID.String(), Features: []control.Feature{}}
	for _, f := range discoverfeatures.Select(fs, []discoverfeatures.Query{q}) {
		out.Features = append(out.Features, control.Feature{Type: f.Type, ID: f.ID, Roles: f.Roles})
	}
	return out, nil
}

// await waits for the answer to our message with this id, unless it is refused or the time passes: then it is
// taken back, if it is not under way yet.
func await[A any](ctx context.Context, w *Wallet, c inbox.Contact, id string, timeout time.Duration, answer <-chan A) (a A, err error) {
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	refused := make(chan inbox.Parcel, 1)
	go func() {
		p, err := w.awaitThat(waiting, id, timeout, func(p inbox.Parcel) bool { return p.State == inbox.Failed })
		if err == nil && p.State == inbox.Failed {
			refused <- p
		}
	}()
	select {
	case a = <-answer:
		return a, nil
	case p := <-refused:
		return a, &control.Error{Code: control.CodeTrust, Message: fmt.Sprintf("%s refused the question: %s", c.Name, p.Problem)}
	case <-waiting.Done():
		return a, w.noAnswer(context.WithoutCancel(ctx), c.Name, id, timeout)
	}
}
