package wallet

import (
	"context"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
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
	if mux, ok := w.node.Handler.(*messaging.Mux); ok {
		protocols = append(protocols, mux.Protocols()...) // those of its Default as well
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
	fs, err := w.disclosures.ask(ctx, w, c, discoverfeatures.Queries(c.DID, q), "question", r.Timeout)
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
