package p2p

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// stream opens a stream from a foreign host to t.
func stream(tb testing.TB, h host.Host, t *Transport, id protocol.ID) network.Stream {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	s, err := h.NewStream(ctx, t.opened().ID(), id)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Reset() })
	_ = s.SetDeadline(time.Now().Add(patient))
	return s
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	if _, err := p.send(t, p.delivery("hi")); err != nil {
		t.Fatal(err)
	}
	h := foreignHost(t, nil, p.bt)
	s := stream(t, h, p.bt, ProtocolID)
	if _, err := s.Write([]byte{1, 0}); err != nil { // half a header: a stream that waits
		t.Fatal(err)
	}
	p.stopB()
	if _, err := s.Read(make([]byte, 1)); err == nil {
		t.Error("the stream outlived Serve")
	}
	p.stopA()
	if _, err := p.at.Send(context.Background(), p.delivery("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("Send after the end: %v, want %v", err, ErrClosed)
	}
	if err := p.at.Serve(context.Background(), p.ar); !errors.Is(err, ErrClosed) {
		t.Errorf("Serve again: %v, want %v", err, ErrClosed)
	}
}

func TestServeInterruptsSends(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	p := newPair(t, func(p *pair) {
		p.br.accept = func(did.DID, [][]byte) []messaging.Verdict {
			entered <- struct{}{}
			<-release
			return nil
		}
	})
	done := make(chan error, 1)
	go func() {
		_, err := p.send(t, p.delivery("x"))
		done <- err
	}()
	<-entered
	p.stopA()
	var failure *messaging.DeliveryError
	if err := <-done; !errors.As(err, &failure) || failure.Permanent {
		t.Errorf("got %v", err)
	}
	close(release)
}

func TestSendWaitsForServe(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	bt := b.transport(t)
	serve(t, bt, &inboxStub{})
	at := a.transport(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := at.Send(ctx, a.to(b, bt, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("before Serve: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := at.Send(context.Background(), a.to(b, bt, "x"))
		done <- err
	}()
	serve(t, at, &inboxStub{})
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCloseWithoutServe(t *testing.T) {
	t.Parallel()
	tr := alice(t).transport(t)
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	tr = alice(t).transport(t)
	if err := tr.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tr.Close(), tr.Close()); err != nil {
		t.Error(err)
	}
	if _, err := tr.Send(context.Background(), messaging.Delivery{}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Whatever comes in on a stream, nothing is accepted, nothing panics, and others are still served.
func TestGarbageOnEveryStream(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	h := foreignHost(t, nil, p.bt)
	random := mathrand.NewChaCha8([32]byte{1}) // a few other bytes would make a message of didcomm/v2
	for _, id := range []protocol.ID{ProtocolID, DIDCommID} {
		for _, size := range []int{0, 1, 5, 100, 5000, 200000} {
			garbage := make([]byte, size)
			if _, err := random.Read(garbage); err != nil {
				t.Fatal(err)
			}
			s := stream(t, h, p.bt, id)
			_, _ = s.Write(garbage) // may be reset meanwhile
			_ = s.CloseWrite()
			answer, _ := io.ReadAll(s)
			if len(answer) > 0 {
				t.Errorf("%s: %d random bytes were answered with %x", id, size, answer)
			}
		}
	}
	if got := p.br.messages(); len(got) > 0 {
		t.Errorf("took %d messages", len(got))
	}
	if n := p.bt.Broken(); n < 10 || n > 12 {
		t.Errorf("%d broken streams are counted", n)
	}
	if _, err := p.send(t, p.delivery("hi")); err != nil {
		t.Errorf("an honest peer is not served: %v", err)
	}
}

// Random bytes inside valid frames, also after a hello.
func TestGarbageInsideFrames(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	h := foreignHost(t, p.alice.host, p.bt)
	for _, typ := range append(allTypes, 0, 200) {
		body := make([]byte, 300)
		if _, err := rand.Read(body); err != nil {
			t.Fatal(err)
		}
		for _, greeted := range []bool{false, true} {
			s := stream(t, h, p.bt, ProtocolID)
			if greeted {
				greetAs(t, p, s)
			}
			_, _ = s.Write(frame(typ, body))
			_, _ = io.ReadAll(s)
		}
	}
	if got := p.br.messages(); len(got) > 0 {
		t.Errorf("took %d messages", len(got))
	}
}

// greetAs says hello as Alice on a stream of a foreign host that has her host key.
func greetAs(t *testing.T, p *pair, s network.Stream) *wire {
	t.Helper()
	i := &hello{keys: p.alice.keys, resolver: resolver, random: rand.Reader, self: p.alice.peerID, remote: p.bob.peerID}
	w := newWire(s)
	if _, err := i.greet(context.Background(), w, p.alice.own, p.bob.own.DID, nil); err != nil {
		t.Fatal(err)
	}
	w.sum = nil
	return w
}

// Breaking the protocol in the middle leaves what came before accepted.
func TestBrokenDeliveryKeepsWhatWasGood(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	s := stream(t, foreignHost(t, p.alice.host, p.bt), p.bt, ProtocolID)
	w := greetAs(t, p, s)
	_ = w.write(frameData, encodeSeq(1), []byte("good"))
	_ = w.write(frameData, encodeSeq(3), []byte("a number is missing"))
	_ = w.flush()
	p.br.waitFor(t, "the good one", func() bool { return len(p.br.got) == 1 })
	_, _ = io.ReadAll(s)
	p.stopB()
	if got := p.br.messages(); len(got) != 1 || got[0] != "good" {
		t.Errorf("took %q", got)
	}
}

// Each of these holds a stream as long as it may. The stream must end by itself.
func TestSlowPeers(t *testing.T) {
	t.Parallel()
	start := func(p *pair, s network.Stream) []byte {
		m := newMeeting(p.alice, p.bob)
		return frame(frameHello, helloFrame{helloVersion, make([]byte, nonceSize), m.want}.encode())
	}
	for name, attack := range map[string]func(p *pair, s network.Stream){
		"says nothing":  func(p *pair, s network.Stream) { _, _ = s.Write(nil) },
		"half a header": func(p *pair, s network.Stream) { _, _ = s.Write([]byte{1, 0}) },
		"half a hello":  func(p *pair, s network.Stream) { _, _ = s.Write(start(p, s)[:20]) },
		"only a hello":  func(p *pair, s network.Stream) { _, _ = s.Write(start(p, s)) },
		"byte by byte": func(p *pair, s network.Stream) {
			for {
				if _, err := s.Write([]byte{1, 0, 0, 32, 0}[:1]); err != nil {
					return
				}
			}
		},
		"half an envelope": func(p *pair, s network.Stream) {
			w := greetAs(t, p, s)
			_ = w.write(frameData, encodeSeq(1), make([]byte, 1000))
			_, _ = s.Write([]byte{byte(frameData), 0, 0, 1, 0, 0})
		},
		"nothing after hello": func(p *pair, s network.Stream) { greetAs(t, p, s) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, func(p *pair) {
				p.bt.Limits = Limits{Hello: 300 * time.Millisecond, Idle: 300 * time.Millisecond}
			})
			s := stream(t, foreignHost(t, p.alice.host, p.bt), p.bt, ProtocolID)
			attack(p, s)
			var timeout interface{ Timeout() bool }
			if _, err := io.Copy(io.Discard, s); errors.As(err, &timeout) && timeout.Timeout() {
				t.Error("the stream was still open after", patient)
			}
		})
	}
}

// One peer takes all the streams that it can get. Another is served none the worse.
func TestManyStreamsOfOnePeer(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	h := foreignHost(t, nil, p.bt)
	var open []network.Stream
	var mu sync.Mutex
	var g sync.WaitGroup
	for range 3 * peerStreams {
		g.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			defer cancel()
			s, err := h.NewStream(ctx, p.bob.peerID, ProtocolID)
			if err != nil {
				return
			}
			if _, err := s.Write(frame(frameHello, helloFrame{helloVersion, make([]byte, nonceSize), p.bob.own.DID}.encode())); err == nil {
				_ = s.SetReadDeadline(time.Now().Add(patient))
				if _, err := io.ReadFull(s, make([]byte, headerSize)); err == nil {
					mu.Lock()
					defer mu.Unlock()
					open = append(open, s)
					return
				}
			}
			_ = s.Reset()
		})
	}
	g.Wait()
	if n := len(open); n == 0 || n > peerStreams {
		t.Errorf("%d streams are served at once, want at most %d", n, peerStreams)
	}
	if _, err := p.send(t, p.delivery("honest")); err != nil {
		t.Errorf("an honest peer is not served: %v", err)
	}
	for _, s := range open {
		_ = s.Reset()
	}
}

// Many peers hold all the streams that they can get, and say nothing. Memory stays small and an
// honest peer is served at once.
func TestManySlowStreams(t *testing.T) {
	p := newPair(t)
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	held := 0
	for range 10 {
		h := foreignHost(t, nil, p.bt)
		for range peerStreams {
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			s, err := h.NewStream(ctx, p.bob.peerID, ProtocolID)
			cancel()
			if err != nil {
				break // the peer has all that it can get
			}
			if _, err := s.Write([]byte{byte(frameHello), 0, 0, 0x20}); err == nil {
				held++
			}
		}
	}
	if held < 100 {
		t.Fatalf("only %d streams could be opened", held)
	}
	start := time.Now()
	if _, err := p.send(t, p.delivery("honest")); err != nil {
		t.Errorf("an honest peer is not served: %v", err)
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&during)
	if grown := int64(during.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d slow streams hold %d MiB", held, grown>>20)
	}
	t.Logf("%d slow streams, an honest delivery took %v", held, took)
}

func TestManyConnectionsOfOnePeer(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	key := eve(t).host
	for range 2 * peerConnections {
		h := foreignHostUnconnected(t, key)
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		_ = h.Connect(ctx, addrInfo(p.bt))
		cancel()
	}
	conns := len(p.bt.opened().Network().ConnsToPeer(eve(t).peerID))
	if conns == 0 || conns > peerConnections {
		t.Errorf("%d connections of one peer, want at most %d", conns, peerConnections)
	}
	if _, err := p.send(t, p.delivery("honest")); err != nil {
		t.Errorf("an honest peer is not served: %v", err)
	}
}

// Identify must not tell a stranger where we are.
func TestIdentifyTellsNoAddress(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	h := foreignHostUnconnected(t, nil)
	dialled := p.bt.opened().reachable()[:1]
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := h.Connect(ctx, peer.AddrInfo{ID: p.bob.peerID, Addrs: dialled}); err != nil {
		t.Fatal(err)
	}
	s := stream(t, h, p.bt, ProtocolID) // waits for identify
	_ = s.Reset()
	if known := h.Peerstore().Addrs(p.bob.peerID); len(known) > 1 {
		t.Errorf("a stranger was told %v", known)
	}
	agent, _ := h.Peerstore().Get(p.bob.peerID, "AgentVersion")
	if agent != "parley" {
		t.Errorf("agent version %q", agent)
	}
	offered, _ := h.Peerstore().GetProtocols(p.bob.peerID)
	for _, id := range offered {
		switch id {
		case ProtocolID, DIDCommID, "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0":
		default:
			t.Errorf("offers %q", id)
		}
	}
}

// The answers to a prober on the wire are the same too.
func TestProbingOverTheNetwork(t *testing.T) {
	t.Parallel()
	b := bob(t)
	elsewhere := newWallet(t, 2, 14, 15, peerIDFor(t, 16))
	p := newPair(t, func(p *pair) {
		p.bt.Identities = messaging.FixedIdentities{b.own, elsewhere.own}
	})
	h := foreignHost(t, nil, p.bt)
	var answers [][]byte
	for _, want := range []did.DID{eve(t).own.DID, elsewhere.own.DID.Canonical()} {
		s := stream(t, h, p.bt, ProtocolID)
		if _, err := s.Write(frame(frameHello, helloFrame{helloVersion, make([]byte, nonceSize), want}.encode())); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(s)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	if len(answers[0]) == 0 || !bytes.Equal(answers[0], answers[1]) {
		t.Errorf("%x and %x", answers[0], answers[1])
	}
}

// A TCP connection that never begins its handshake is ended as well.
func TestSilentConnection(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) { p.bt.Limits = Limits{Hello: 200 * time.Millisecond} })
	for _, a := range p.bt.opened().reachable() {
		conn, err := manet.Dial(a)
		if err != nil || conn.RemoteAddr().Network() != "tcp" {
			continue
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // libp2p's own limit is 15 s
		if _, err := io.Copy(io.Discard, conn); timedOut(err) {
			t.Error("the connection was still open after 10 s")
		}
		return
	}
	t.Fatal("no TCP address")
}
