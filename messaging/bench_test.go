package messaging_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// BenchmarkDeliver takes messages of 1 KiB all the way from Send to delivered, between two nodes with stores
// in memory: everything but the disk and the wire. "ratio" is to sealing and opening the same message once,
// which is what cannot be saved.
func BenchmarkDeliver(b *testing.B) {
	p, err := newPair()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	stops := []func() error{p.alice.Start(ctx), p.bob.Start(ctx)}
	defer func() {
		cancel()
		for _, stop := range stops {
			if err := stop(); err != nil {
				b.Error(err)
			}
		}
	}()
	body := jsontext.Value(`{"content":"` + strings.Repeat("x", 1<<10) + `"}`)
	bare := sealAndOpen(b, p, body)
	hint := p.alice.Store.Watch(ctx)
	b.ResetTimer()
	for i := range b.N {
		m := line(p.bob.DID(), fmt.Sprint(i))
		m.Body = body
		if err := p.alice.Node.Send(ctx, m); err != nil {
			b.Fatal(err)
		}
	}
	for {
		waiting, err := p.alice.Store.Sent(ctx, inbox.SentQuery{States: []inbox.State{inbox.Queued}, Limit: 1})
		if err != nil {
			b.Fatal(err)
		}
		if len(waiting) == 0 {
			break
		}
		<-hint
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "ratio")
}

// sealAndOpen measures one Seal and one Open of a message with the body.
func sealAndOpen(b *testing.B, p *pair, body jsontext.Value) time.Duration {
	b.Helper()
	m := &messaging.Message{ID: "1", Type: lineType, From: p.alice.DID(), To: []did.DID{p.bob.DID()}, Body: body}
	payload, err := m.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	to := p.bob.Identity.Document.KeyAgreement()[0]
	from := did.URL{DID: p.alice.DID(), Fragment: p.alice.Identity.Document.KeyAgreement()[0].ID.Fragment}
	o := envelope.Options{From: from.String(), To: []envelope.Recipient{{KID: to.ID.String(), Key: to.Key}}}
	keys := did.Directory(p.bob.Resolver)
	if err := p.bob.Store.Learn(b.Context(), p.alice.Identity.DID); err != nil {
		b.Fatal(err)
	}
	const rounds = 500
	began := time.Now()
	for range rounds {
		sealed, err := envelope.Seal(b.Context(), p.alice.Keys, payload, o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := envelope.Open(b.Context(), p.bob.Keys, keys, sealed, envelope.OpenOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / rounds
}
