package p2p

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	multistream "github.com/multiformats/go-multistream"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// route names an outbound stream: between which DIDs, in canonical form, to which PeerID, and by which keys the peer
// has proved itself, if that mattered.
type route struct {
	from, to did.DID
	peer     peer.ID
	keys     [32]byte
}

// Send implements messaging.Transport. The envelopes go over one stream in their order and are
// answered once they are committed; to a peer that speaks only didcomm/v2 each goes over a stream of
// its own and is Written. A delivery without envelopes, or with a claim, always says hello anew. The
// errors are *messaging.DeliveryError: permanent when the peer, having proved its DID, refuses us or
// an envelope for good.
func (t *Transport) Send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	ctx, leave, err := t.serving().enter(ctx)
	if err != nil {
		return nil, failed(d, err)
	}
	defer leave()
	sendable := len(d.Envelopes)
	for i, e := range d.Envelopes {
		if len(e) == 0 || len(e) > maxEnvelope {
			sendable = i
			break
		}
	}
	whole := d
	whole.Envelopes = d.Envelopes[:sendable]
	if sendable == 0 && len(d.Envelopes) > 0 {
		return []messaging.Result{{Err: refusedFor(d.Endpoint.URI, messaging.CodeSize)}}, failedBehind(d, 1)
	}
	results, err := t.send(ctx, whole)
	if err == nil && sendable < len(d.Envelopes) {
		results = append(results, messaging.Result{Err: refusedFor(d.Endpoint.URI, messaging.CodeSize)})
		return results, failedBehind(d, len(results))
	}
	if err != nil {
		return results, failed(d, err)
	}
	return results, nil
}

// failedBehind is the error of the envelopes behind one that was not sent, if there are any.
func failedBehind(d messaging.Delivery, done int) error {
	if done == len(d.Envelopes) {
		return nil
	}
	return failed(d, errors.New("stopped behind an envelope that is too large"))
}

// failed makes the error that Send returns. A refusal is believed to be for good only of somebody who
// has proved to be the recipient.
func failed(d messaging.Delivery, err error) error {
	out := &messaging.DeliveryError{Endpoint: d.Endpoint.URI, Err: err}
	var r *refusal
	if errors.As(err, &r) {
		out.After = r.after
		out.Permanent = r.proved && final(r.Code)
		out.Err = &messaging.Refusal{Code: r.Code}
	}
	return out
}

// final reports whether a refusal in hello will still stand when we come again.
func final(code string) bool {
	switch code {
	case messaging.CodeStranger, messaging.CodeBlocked, messaging.CodeInvitationUsed,
		messaging.CodeInvitationExpired, messaging.CodeInvitationAltered:
		return true
	}
	return false
}

func (t *Transport) send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	id, ok := peerOf(d.Endpoint.URI)
	if !ok {
		return nil, fmt.Errorf("the endpoint names no PeerID")
	}
	own, ok := t.Identities.Find(d.From)
	if !ok {
		return nil, fmt.Errorf("the sender is no DID of ours")
	}
	r := route{d.From.Canonical(), d.To.Canonical(), id, d.Keys}
	if len(d.Envelopes) > 0 && len(d.Claim) == 0 {
		if results, err, done := t.sendAgain(ctx, r, d); done {
			return results, err
		}
	}
	if err := t.opened().dial(ctx, id, targets(d, id)); err != nil {
		return nil, err
	}
	out, p, err := t.begin(ctx, r, own, d)
	if unsupported(err) {
		return t.sendSimplex(ctx, id, d)
	}
	if err != nil {
		return nil, err
	}
	t.serving().receiver.Met(ctx, p)
	return t.sendOn(ctx, r, out, d)
}

// sendAgain sends on a stream that is left from before. It is not done when there is none, or when
// that one ended before anything was answered: the peer may have closed it meanwhile.
func (t *Transport) sendAgain(ctx context.Context, r route, d messaging.Delivery) (results []messaging.Result, err error, done bool) {
	out := t.serving().spare.take(r)
	if out == nil {
		return nil, nil, false
	}
	results, err = t.sendOn(ctx, r, out, d)
	return results, err, err == nil || len(results) > 0 || ctx.Err() != nil
}

// sendOn sends on a stream whose hello is done, and keeps it for the next time.
func (t *Transport) sendOn(ctx context.Context, r route, out *outlet, d messaging.Delivery) ([]messaging.Result, error) {
	results, err := out.deliver(ctx, d.Endpoint.URI, d.Envelopes)
	if err == nil {
		t.serving().spare.put(r, out, t.opened().limits.Reuse)
	}
	return results, err
}

// begin opens a stream and says hello on it.
func (t *Transport) begin(ctx context.Context, r route, own messaging.Identity, d messaging.Delivery) (*outlet, messaging.Peer, error) {
	e := t.opened()
	ctx, cancel := context.WithTimeout(ctx, e.limits.Hello)
	defer cancel()
	s, err := e.NewStream(network.WithNoDial(ctx, "dialled before"), r.peer, ProtocolID)
	if err != nil {
		return nil, messaging.Peer{}, err
	}
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	w := newWire(s)
	p, err := t.greet(ctx, w, r, own, d)
	if err != nil {
		_ = s.Reset()
		if ctx.Err() != nil {
			err = ctx.Err() // the context has reset the stream, which says less
		}
		return nil, messaging.Peer{}, fmt.Errorf("hello: %w", err)
	}
	e.ConnManager().TagPeer(r.peer, "welcome", welcomeWeight)
	w.endHello(e.limits.Idle)
	return &outlet{w: w, next: 1}, p, nil
}

func (t *Transport) greet(ctx context.Context, w *wire, r route, own messaging.Identity, d messaging.Delivery) (messaging.Peer, error) {
	h, err := t.newHello(r.peer)
	if err != nil {
		return messaging.Peer{}, err
	}
	h.lives, h.trusted = lives{d.Life, d.Saw}, d.Keys
	return h.greet(ctx, w, own, r.to, d.Claim)
}

// unsupported reports whether the peer has said that it does not speak our protocol.
func unsupported(err error) bool {
	return errors.Is(err, multistream.ErrNotSupported[protocol.ID]{})
}
