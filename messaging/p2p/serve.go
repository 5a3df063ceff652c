package p2p

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// Serve implements messaging.Transport. It opens the Transport if that was not done. When ctx ends
// it resets every stream, waits for the calls to r that are under way, and returns nil. It returns
// an error when the host cannot be opened, and ErrClosed when it has served before.
func (t *Transport) Serve(ctx context.Context, r messaging.Receiver) error {
	if err := t.Open(ctx); err != nil {
		return err
	}
	e, s := t.opened(), t.serving()
	begun := s.begin(r, func() {
		// A peer that sees only the second of these would take us for a foreign wallet.
		e.SetStreamHandler(ProtocolID, t.handler(t.receiveDelivery))
		e.SetStreamHandler(DIDCommID, t.handler(t.receiveSimplex))
	})
	if !begun {
		return ErrClosed
	}
	<-ctx.Done()
	e.RemoveStreamHandler(DIDCommID)
	e.RemoveStreamHandler(ProtocolID)
	s.stop()
	return nil
}

// Broken returns how many inbound streams have ended early since the Transport was made: they broke the rules
// of their protocol, stood still, were cut off, or had a hello that proved nothing.
func (t *Transport) Broken() int64 { return t.broken.Load() }

// handler runs f on each inbound stream, within the service. A stream that f leaves with an error is
// reset, any other is closed.
func (t *Transport) handler(f func(ctx context.Context, s network.Stream) error) network.StreamHandler {
	return func(s network.Stream) {
		ctx, leave, err := t.serving().enter(context.Background())
		if err != nil {
			_ = s.Reset()
			return
		}
		defer leave()
		defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
		if err := f(ctx, s); err != nil {
			t.broken.Add(1)
			t.log().Debug("a stream ended early", "protocol", s.Protocol(), "err", err)
			_ = s.Reset()
			return
		}
		_ = s.Close()
	}
}

// receiveDelivery serves one inbound stream of our own protocol.
func (t *Transport) receiveDelivery(ctx context.Context, s network.Stream) error {
	e, remote := t.opened(), s.Conn().RemotePeer()
	w := newWire(s)
	if !t.pace.allow(remote, time.Now()) {
		_ = w.SetDeadline(time.Now().Add(e.limits.Hello))
		r := &refusal{Refusal: messaging.Refusal{Code: messaging.CodeBusy}, after: paceWait}
		return errors.Join(w.write(frameRefused, r.encode()), w.flush())
	}
	at := &place{room: e.room, peer: remote}
	defer at.free()
	v, err := t.welcome(ctx, w, at)
	var refused *messaging.Refusal
	switch {
	case errors.As(err, &refused) || errors.Is(err, errUndecided):
		t.log().Debug("hello refused", "did", v.DID, "err", err)
		return nil // it has been told, which a reset would undo
	case err != nil:
		return err
	}
	if !v.stranger() {
		e.ConnManager().TagPeer(remote, "welcome", welcomeWeight)
		t.doubtOthers(s.Conn())
	}
	w.endHello(e.limits.Idle)
	r := t.serving().receiver
	v.Came = true
	r.Met(ctx, v.Peer)
	return (&intake{w: w, seat: at.seat, from: v.DID, receiver: r, stranger: v.stranger()}).run(ctx)
}

// welcome is the hello of an inbound stream, within its time.
func (t *Transport) welcome(ctx context.Context, w *wire, at *place) (visitor, error) {
	e := t.opened()
	ctx, cancel := context.WithTimeout(ctx, e.limits.Hello)
	defer cancel()
	_ = w.SetDeadline(time.Now().Add(e.limits.Hello))
	h, err := t.newHello(at.peer)
	if err != nil {
		return visitor{}, err
	}
	return h.welcome(ctx, w, doorkeeper{t.Identities, t.offline, func(ctx context.Context, id did.DID, claim []byte) (messaging.Admission, error) {
		a, err := t.serving().receiver.Admit(ctx, id, claim)
		if err == nil {
			err = at.take(a, len(claim) > 0)
		}
		return a, err
	}})
}

// newHello returns our side of a hello with a peer.
func (t *Transport) newHello(remote peer.ID) (*hello, error) {
	e := t.opened()
	record, err := e.signedRecord()
	if err != nil {
		return nil, err
	}
	random := t.random
	if random == nil {
		random = rand.Reader
	}
	return &hello{
		keys: t.Keys, resolver: t.Resolver, random: random,
		self: e.ID(), remote: remote, record: record,
	}, nil
}
