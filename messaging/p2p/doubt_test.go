package p2p

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/parley-im/parley/messaging"
)

// tunnel passes UDP packets of one client to a server and back, until it swallows them.
type tunnel struct {
	front, back *net.UDPConn
	client      atomic.Pointer[net.UDPAddr]
	cut         atomic.Bool
	done        sync.WaitGroup
}

func newTunnel(t *testing.T, to *net.UDPAddr) *tunnel {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.DialUDP("udp", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	u := &tunnel{front: front, back: back}
	u.done.Go(func() {
		u.pump(front, func(b []byte, from *net.UDPAddr) error {
			u.client.Store(from)
			_, err := back.Write(b)
			return err
		})
	})
	u.done.Go(func() {
		u.pump(back, func(b []byte, _ *net.UDPAddr) error {
			_, err := front.WriteToUDP(b, u.client.Load())
			return err
		})
	})
	t.Cleanup(func() {
		_, _ = front.Close(), back.Close()
		u.done.Wait()
	})
	return u
}

// pump reads packets until the socket is closed. A packet that cannot be passed on is lost, as they are.
func (u *tunnel) pump(c *net.UDPConn, pass func([]byte, *net.UDPAddr) error) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFromUDP(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && !u.cut.Load() {
			_ = pass(buf[:n], from)
		}
	}
}

// address is where the tunnel begins, as a multiaddr.
func (u *tunnel) address(t *testing.T) string {
	t.Helper()
	a, err := manet.FromNetAddr(u.front.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	return a.Encapsulate(ma.StringCast("/quic-v1")).String()
}

// udpAddress is where a transport listens for QUIC.
func udpAddress(t *testing.T, at *Transport) *net.UDPAddr {
	t.Helper()
	for _, s := range at.Addresses() {
		a := ma.StringCast(strings.Split(s, "/quic-v1")[0])
		if addr, err := manet.ToNetAddr(a); err == nil {
			if udp, ok := addr.(*net.UDPAddr); ok {
				return udp
			}
		}
	}
	t.Fatal("no QUIC address")
	return nil
}

// Bob vanishes without a word, with a message to him on its way, and comes back elsewhere. Once he has
// greeted Alice, what she sent into the void fails, so that she can send it again, and that arrives.
func TestPeerComesBackElsewhere(t *testing.T) {
	short := func(p *pair) {
		p.at.Limits = Limits{Hello: 3 * time.Second, Idle: time.Hour, Reuse: time.Hour}
	}
	p := newPair(t, short)
	way := newTunnel(t, udpAddress(t, p.bt))
	d := p.delivery("one")
	d.Addresses = []string{way.address(t)}
	if rs, err := p.send(t, d); err != nil || len(rs) != 1 {
		t.Fatal(rs, err)
	}
	way.cut.Store(true)
	p.stopB()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // QUIC itself gives up after 30 s
	defer cancel()
	type outcome struct {
		results []messaging.Result
		err     error
	}
	sent := make(chan outcome, 1)
	d.Envelopes = [][]byte{[]byte("two")}
	go func() {
		rs, err := p.at.Send(ctx, d)
		sent <- outcome{rs, err}
	}()
	again, br := p.bob.transport(t), &inboxStub{}
	serve(t, again, br)
	if _, err := again.Send(ctx, p.bob.to(p.alice, p.at)); err != nil {
		t.Fatal(err)
	}
	o := <-sent
	if ctx.Err() != nil {
		t.Fatalf("sending into the void was not given up: %v", o.err)
	}
	if o.err != nil { // else it went out again by itself
		d.Addresses = again.Addresses()
		o.results, o.err = p.at.Send(ctx, d)
	}
	if o.err != nil || len(o.results) != 1 || o.results[0].Reach != messaging.Delivered {
		t.Fatal(o)
	}
	if got := br.messages(); len(got) != 1 || got[0] != "two" {
		t.Errorf("Bob has %q", got)
	}
}

// A connection is believed as long as its other end answers, be it only that it does not speak our protocol.
func TestConnectionsThatAnswer(t *testing.T) {
	p := newPair(t, func(p *pair) { p.at.Limits = Limits{Hello: time.Second} })
	way := newTunnel(t, udpAddress(t, p.bt))
	d := p.delivery("one")
	d.Addresses = []string{way.address(t)}
	if _, err := p.send(t, d); err != nil {
		t.Fatal(err)
	}
	h := foreignHost(t, nil, p.at)
	foreign := p.at.opened().Network().ConnsToPeer(h.ID())
	bobs := p.at.opened().Network().ConnsToPeer(p.bob.peerID)
	if len(foreign) != 1 || len(bobs) != 1 {
		t.Fatal(foreign, bobs)
	}
	if !p.at.answers(t.Context(), bobs[0]) || !p.at.answers(t.Context(), foreign[0]) {
		t.Error("a living connection is taken for dead")
	}
	way.cut.Store(true)
	if p.at.answers(t.Context(), bobs[0]) {
		t.Error("a dead connection is taken for living")
	}
}
