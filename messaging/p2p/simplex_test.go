package p2p

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// varintFrame is a message as didcomm/v2 writes it.
func varintFrame(message string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(message))), message...)
}

func TestSimplexReceives(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	h := foreignHost(t, nil, p.bt)
	for _, message := range []string{"{}", `{"ciphertext":"é"}`, strings.Repeat("x", maxEnvelope)} {
		s := stream(t, h, p.bt, DIDCommID)
		if _, err := s.Write(varintFrame(message)); err != nil {
			t.Fatal(err)
		}
		_ = s.CloseWrite()
		if answer, err := io.ReadAll(s); err != nil || len(answer) > 0 {
			t.Errorf("answered %q, %v", answer, err)
		}
		got := p.br.messages()
		if len(got) == 0 || got[len(got)-1] != message {
			t.Errorf("a message of %d bytes did not arrive", len(message))
		}
	}
	for _, from := range p.br.from {
		if !from.IsZero() {
			t.Errorf("a message came from %v, though nobody was proved", from)
		}
	}
	if p.br.meetings() != 0 {
		t.Error("met somebody without a hello")
	}
}

// The message is complete once its length says so; not every sender closes its side.
func TestSimplexDoesNotWaitForTheEnd(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	s := stream(t, foreignHost(t, nil, p.bt), p.bt, DIDCommID)
	if _, err := s.Write(varintFrame("hi")); err != nil {
		t.Fatal(err)
	}
	p.br.waitFor(t, "the message", func() bool { return len(p.br.got) == 1 })
}

func TestSimplexRefuses(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	h := foreignHost(t, nil, p.bt)
	for name, b := range map[string][]byte{
		"a byte too large":   varintFrame(strings.Repeat("x", maxEnvelope+1)),
		"too large, cut off": append(binary.AppendUvarint(nil, maxEnvelope+1), make([]byte, 100)...),
		"far too large":      binary.AppendUvarint(nil, 1<<62),
		"empty":              {0},
		"nothing":            nil,
		"long-winded varint": {0x82, 0x00, '{', '}'},
		"endless varint":     bytes.Repeat([]byte{0xff}, 12),
		"truncated":          varintFrame("truncated")[:5],
		"not UTF-8":          varintFrame("\xff\xfe"),
	} {
		s := stream(t, h, p.bt, DIDCommID)
		_, _ = s.Write(b)
		_ = s.CloseWrite()
		if answer, _ := io.ReadAll(s); len(answer) > 0 {
			t.Errorf("%s: answered %x", name, answer)
		}
	}
	if got := p.br.messages(); len(got) > 0 {
		t.Errorf("took %q", got)
	}
}

func TestSimplexSlowSender(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) { p.bt.Limits.Idle = 200 * time.Millisecond })
	s := stream(t, foreignHost(t, nil, p.bt), p.bt, DIDCommID)
	if _, err := s.Write(varintFrame("slow")[:3]); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, s); err == nil || timedOut(err) {
		t.Errorf("the stream ended with %v, want a reset", err)
	}
}

// foreignWallet is a wallet of somebody else's make on a libp2p host, which speaks only didcomm/v2.
type foreignWallet struct {
	*wallet
	addrs []string

	mu  sync.Mutex
	got []string
}

func newForeignWallet(t *testing.T, handle func(w *foreignWallet, s network.Stream)) *foreignWallet {
	t.Helper()
	w := &foreignWallet{wallet: bob(t)}
	h := foreignHostUnconnected(t, w.host, libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	for _, a := range h.Addrs() {
		w.addrs = append(w.addrs, a.String())
	}
	h.SetStreamHandler(DIDCommID, func(s network.Stream) { handle(w, s) })
	return w
}

// keep reads one message as the specification says.
func (w *foreignWallet) keep(s network.Stream) {
	b, err := io.ReadAll(s)
	size, n := binary.Uvarint(b)
	if err != nil || n <= 0 || uint64(len(b)-n) != size {
		_ = s.Reset()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, string(b[n:]))
}

func sendToForeign(t *testing.T, w *foreignWallet, envelopes ...string) ([]messaging.Result, error) {
	t.Helper()
	a := alice(t)
	at := a.transport(t)
	serve(t, at, &inboxStub{})
	d := a.to(w.wallet, nil, envelopes...)
	d.Addresses = w.addrs
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	return at.Send(ctx, d)
}

func TestSimplexSends(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]func(*foreignWallet, network.Stream){
		"to a peer that closes":               func(w *foreignWallet, s network.Stream) { w.keep(s); _ = s.Close() },
		"to a peer that leaves its side open": func(w *foreignWallet, s network.Stream) { w.keep(s) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newForeignWallet(t, handle)
			results, err := sendToForeign(t, w, "one", strings.Repeat("é", 40000))
			if err != nil {
				t.Fatal(err)
			}
			want := []messaging.Result{{Reach: messaging.Written}, {Reach: messaging.Written}}
			if diff := cmp.Diff(want, results); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			waitUntil(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.got) == 2 })
			if w.got[0] != "one" || len(w.got[1]) != 80000 {
				t.Errorf("arrived %d and %d bytes", len(w.got[0]), len(w.got[1]))
			}
		})
	}
}

func TestSimplexReset(t *testing.T) {
	t.Parallel()
	w := newForeignWallet(t, func(_ *foreignWallet, s network.Stream) { _ = s.Reset() })
	results, err := sendToForeign(t, w, "one")
	var failure *messaging.DeliveryError
	if len(results) != 0 || !errors.As(err, &failure) || failure.Permanent {
		t.Errorf("%v, %v: a stream that was reset was not written", results, err)
	}
}

func TestSimplexCannotGreet(t *testing.T) {
	t.Parallel()
	w := newForeignWallet(t, func(w *foreignWallet, s network.Stream) { w.keep(s) })
	if _, err := sendToForeign(t, w); !errors.Is(err, errNoGreeting) {
		t.Errorf("got %v", err)
	}
}

func TestNeitherProtocol(t *testing.T) {
	t.Parallel()
	w := newForeignWallet(t, nil)
	h := foreignHostUnconnected(t, eve(t).host, libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	w.wallet, w.addrs = eve(t), []string{h.Addrs()[0].String()}
	results, err := sendToForeign(t, w, "one")
	var failure *messaging.DeliveryError
	if len(results) != 0 || !errors.As(err, &failure) || failure.Permanent {
		t.Errorf("%v, %v", results, err)
	}
}

// A refusal, or any other failure of our own protocol, must not lead to the one that proves nothing.
func TestNoFallbackAfterARefusal(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) {
		p.br.admit = func(did.DID, []byte) error { return &messaging.Refusal{Code: messaging.CodeStranger} }
	})
	if _, err := p.send(t, p.delivery("x")); codeOf(err) != messaging.CodeStranger {
		t.Errorf("got %v", err)
	}
	q := newPair(t)
	q.bt.opened().SetStreamHandler(ProtocolID, func(s network.Stream) { _ = s.Reset() })
	if _, err := q.send(t, q.delivery("x")); err == nil {
		t.Error("a reset was taken for a success")
	}
	if n := len(p.br.messages()) + len(q.br.messages()); n != 0 {
		t.Errorf("%d messages arrived by the other protocol", n)
	}
}
