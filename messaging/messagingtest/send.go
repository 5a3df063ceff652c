package messagingtest

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// sending is one call of Send.
type sending struct {
	transport *Transport
	delivery  messaging.Delivery
	name      string // of the node that it goes to
}

// run greets where that is needed and hands the envelopes over.
func (s *sending) run(ctx context.Context) ([]messaging.Result, error) {
	t, d := s.transport, s.delivery
	if !t.Identity.DID.Same(d.From) {
		return nil, errors.New("messagingtest: the transport's Identity is not the sender")
	}
	to, simplex, err := s.hop(ctx, nil)
	if err != nil {
		return nil, err
	}
	if simplex {
		return s.write(ctx, to)
	}
	l := link{t, to, d.From.Canonical(), d.To.Canonical(), d.Keys}
	if len(d.Envelopes) == 0 || !t.network.greeted(l) {
		if err := s.greet(ctx, to); err != nil {
			return nil, err
		}
		t.network.greet(l)
	}
	if len(d.Envelopes) == 0 {
		return nil, nil
	}
	return s.deliver(ctx, to)
}

// hop passes the way in one direction. It fails when there is no way afterwards, or when it does not
// lead to the same node any more.
func (s *sending) hop(ctx context.Context, to *Transport) (*Transport, bool, error) {
	_, latency := s.transport.network.settings()
	if err := s.transport.pass(ctx, latency); err != nil {
		return nil, false, err
	}
	now, simplex := s.transport.network.find(s.transport, s.name)
	switch {
	case now == nil && to == nil:
		return nil, false, errUnreachable
	case now == nil || to != nil && now != to:
		return nil, false, errBroken
	}
	return now, simplex, nil
}

// greet proves both ends to each other, as a hello does: the receiver is asked first, then both learn
// whom they have met, and of their lives what they are to be told. A stranger learns no address.
func (s *sending) greet(ctx context.Context, to *Transport) error {
	fate := s.transport.network.fate()
	if fate == requestLost {
		return errBroken
	}
	if !to.Identity.DID.Same(s.delivery.To) {
		return &messaging.Refusal{Code: messaging.CodeTrust}
	}
	var refused error
	them, err := to.peer(ctx, s.transport)
	if err != nil {
		return err
	}
	if d := s.delivery; d.Keys != [32]byte{} && d.Keys != inbox.KeySet(them.Document.Pins()) {
		return messaging.ErrKeysChanged
	}
	claim := slices.Clone(s.delivery.Claim)
	ok := to.do(ctx, func(ctx context.Context, r messaging.Receiver) {
		var a messaging.Admission
		if a, refused = r.Admit(ctx, s.delivery.From, claim); refused != nil {
			return
		}
		them.Life, them.Saw = a.Life, a.Saw
		if a.Guest && len(claim) == 0 || a.Doubtful {
			them.Addresses, them.Record = nil, nil
		}
		var us messaging.Peer
		if us, refused = s.transport.peer(ctx, to); refused != nil {
			return
		}
		us.Life, us.Saw, us.Came = s.delivery.Life, s.delivery.Saw, true
		r.Met(ctx, us)
	})
	if !ok {
		return errBroken
	}
	if _, _, err := s.hop(ctx, to); err != nil {
		return err
	}
	switch {
	case fate == answerLost:
		return errBroken
	case refused != nil:
		return refused
	}
	if !s.transport.do(ctx, func(ctx context.Context, r messaging.Receiver) { r.Met(ctx, them) }) {
		return errStopped
	}
	_, _, err = s.hop(ctx, to)
	return err
}

// deliver hands over as many envelopes as arrive, and returns as many results as come back.
func (s *sending) deliver(ctx context.Context, to *Transport) ([]messaging.Result, error) {
	arrived, answered := s.count()
	verdicts, ok := s.accept(ctx, to, s.delivery.From, s.delivery.Envelopes[:arrived])
	if !ok {
		return nil, errBroken
	}
	if len(verdicts) != arrived {
		return nil, &messaging.Refusal{Code: messaging.CodeProtocol}
	}
	if _, _, err := s.hop(ctx, to); err != nil {
		return nil, err
	}
	var results []messaging.Result
	for _, v := range verdicts[:answered] {
		results = append(results, s.result(v))
	}
	if answered < len(s.delivery.Envelopes) {
		return results, errBroken
	}
	return results, nil
}

// count returns how many envelopes arrive and of how many the answer comes back.
func (s *sending) count() (arrived, answered int) {
	all := len(s.delivery.Envelopes)
	for i := range all {
		switch s.transport.network.fate() {
		case requestLost:
			return i, i
		case answerLost:
			return i + 1, i
		}
	}
	return all, all
}

// accept has the envelopes accepted, several times where the network duplicates them.
func (s *sending) accept(ctx context.Context, to *Transport, from did.DID, envelopes [][]byte) ([]messaging.Verdict, bool) {
	var verdicts []messaging.Verdict
	if len(envelopes) == 0 {
		return nil, true
	}
	times, _ := s.transport.network.settings()
	envelopes = clone(envelopes)
	ok := to.do(ctx, func(ctx context.Context, r messaging.Receiver) {
		for range times {
			verdicts = r.Accept(ctx, from, envelopes)
		}
	})
	if !ok {
		return nil, false // verdicts may still be written to
	}
	return verdicts, true
}

// write hands envelopes over on a path that cannot answer: lost or refused, they count as written.
func (s *sending) write(ctx context.Context, to *Transport) ([]messaging.Result, error) {
	for _, e := range s.delivery.Envelopes {
		if s.transport.network.fate() == requestLost {
			continue
		}
		if _, ok := s.accept(ctx, to, did.DID{}, [][]byte{e}); !ok {
			return nil, errBroken
		}
	}
	return slices.Repeat([]messaging.Result{{Reach: messaging.Written}}, len(s.delivery.Envelopes)), nil
}

// result is what a verdict means at the sending end.
func (s *sending) result(v messaging.Verdict) messaging.Result {
	switch v.Kind {
	case messaging.Accepted, messaging.Duplicate:
		return messaging.Result{Reach: messaging.Delivered}
	case messaging.Held:
		return messaging.Result{Reach: messaging.Written}
	case messaging.Refused:
		return messaging.Result{Err: &messaging.DeliveryError{
			Endpoint: s.delivery.Endpoint.URI, Permanent: true, Err: &messaging.Refusal{Code: v.Code},
		}}
	}
	return messaging.Result{Err: &messaging.DeliveryError{
		Endpoint: s.delivery.Endpoint.URI, After: v.After, Err: &messaging.Refusal{Code: messaging.CodeBusy},
	}}
}

// clone copies envelopes: the two ends share no memory, and the receiving one may outlive the call.
func clone(envelopes [][]byte) [][]byte {
	out := make([][]byte, len(envelopes))
	for i, e := range envelopes {
		out[i] = slices.Clone(e)
	}
	return out
}
