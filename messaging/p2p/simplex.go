package p2p

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-varint"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// linger is how long a sender waits for the other side to end its stream, so that a host that stops
// right afterwards does not cut off what is still on its way.
const linger = time.Second

// receiveSimplex serves one inbound stream of didcomm/v2, which proves nobody and has no answer.
func (t *Transport) receiveSimplex(ctx context.Context, s network.Stream) error {
	e := t.opened()
	_ = s.SetDeadline(time.Now().Add(e.limits.Idle))
	seat, leave := e.room.visit(s.Conn().RemotePeer())
	defer leave()
	message, err := readSimplex(ctx, s, seat)
	if err != nil {
		return err
	}
	defer seat.free(len(message))
	t.serving().receiver.Accept(ctx, did.DID{}, [][]byte{message})
	return nil
}

// readSimplex reads one message, for which it holds room when it returns it.
func readSimplex(ctx context.Context, r io.Reader, seat *seat) ([]byte, error) {
	br := bufio.NewReader(r)
	size, err := varint.ReadUvarint(br)
	if err != nil {
		return nil, fmt.Errorf("%w: length: %w", errProtocol, noEOF(err))
	}
	if size == 0 || size > maxEnvelope {
		return nil, fmt.Errorf("%w: message of %d bytes", errProtocol, size)
	}
	if err := seat.hold(ctx, int(size)); err != nil {
		return nil, err
	}
	message, err := readGrowing(br, int(size), func(int) {})
	if err == nil && !utf8.Valid(message) {
		err = fmt.Errorf("%w: the message is not UTF-8", errProtocol)
	}
	if err != nil {
		seat.free(int(size))
		return nil, err
	}
	return message, nil
}

// errNoGreeting says that the peer cannot be greeted.
var errNoGreeting = errors.New("the peer speaks only didcomm/v2, which knows no greeting")

// sendSimplex sends each envelope over a stream of its own.
func (t *Transport) sendSimplex(ctx context.Context, id peer.ID, d messaging.Delivery) ([]messaging.Result, error) {
	if len(d.Envelopes) == 0 {
		return nil, errNoGreeting
	}
	var results []messaging.Result
	wait := linger
	for _, envelope := range d.Envelopes {
		silent, err := t.writeSimplex(ctx, id, envelope, wait)
		if err != nil {
			return results, fmt.Errorf("%s: %w", DIDCommID, err)
		}
		if silent {
			wait = 0 // this peer leaves its side open; do not wait for it each time
		}
		results = append(results, messaging.Result{Reach: messaging.Written})
	}
	return results, nil
}

// writeSimplex sends one envelope. It reports whether the peer did not end the stream in time, which
// is its right.
func (t *Transport) writeSimplex(ctx context.Context, id peer.ID, envelope []byte, wait time.Duration) (silent bool, err error) {
	e := t.opened()
	ctx, cancel := context.WithTimeout(ctx, e.limits.Idle)
	defer cancel()
	s, err := e.NewStream(network.WithNoDial(ctx, "dialled before"), id, DIDCommID)
	if err != nil {
		return false, err
	}
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	message := append(binary.AppendUvarint(nil, uint64(len(envelope))), envelope...)
	if _, err := s.Write(message); err != nil {
		_ = s.Reset()
		return false, err
	}
	if err := s.CloseWrite(); err != nil {
		_ = s.Reset()
		return false, err
	}
	_ = s.SetReadDeadline(time.Now().Add(wait))
	_, err = s.Read(make([]byte, 1))
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err == nil || errors.Is(err, io.EOF) || timedOut(err):
		_ = s.Close()
		return timedOut(err), nil
	}
	_ = s.Reset()
	return false, err
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
