package p2p

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// pipeEnd is one end of a stream in memory, which knows no deadlines.
type pipeEnd struct {
	*io.PipeReader
	*io.PipeWriter
}

func newPipe() (a, b pipeEnd) {
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	return pipeEnd{r1, w2}, pipeEnd{r2, w1}
}

func (p pipeEnd) CloseWrite() error { return p.PipeWriter.Close() }

func (p pipeEnd) Close() error { return errors.Join(p.PipeReader.Close(), p.PipeWriter.Close()) }

func (p pipeEnd) Reset() error {
	err := errors.New("reset")
	return errors.Join(p.PipeReader.CloseWithError(err), p.PipeWriter.CloseWithError(err))
}

func (pipeEnd) SetDeadline(time.Time) error      { return nil }
func (pipeEnd) SetReadDeadline(time.Time) error  { return nil }
func (pipeEnd) SetWriteDeadline(time.Time) error { return nil }

// timedPipe is one end of a net.Pipe as a stream. It has deadlines, also under synctest, and cannot
// close one direction alone.
type timedPipe struct{ net.Conn }

func (p timedPipe) CloseWrite() error { return p.Close() }
func (p timedPipe) Reset() error      { return p.Close() }

func newTimedPipe() (a, b timedPipe) {
	x, y := net.Pipe()
	return timedPipe{x}, timedPipe{y}
}

// dialogue is what was written on both ends of a pipe, in order.
type dialogue struct {
	mu    sync.Mutex
	lines []line
}

// line is what one side wrote before the other did.
type line struct {
	initiator bool
	text      []byte
}

func (d *dialogue) add(initiator bool, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.lines); n > 0 && d.lines[n-1].initiator == initiator {
		d.lines[n-1].text = append(d.lines[n-1].text, b...)
		return
	}
	d.lines = append(d.lines, line{initiator, bytes.Clone(b)})
}

// said returns what one side wrote, its n-th turn.
func (d *dialogue) said(initiator bool, n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.lines {
		if l.initiator == initiator {
			if n == 0 {
				return l.text
			}
			n--
		}
	}
	return nil
}

// all returns everything that one side wrote.
func (d *dialogue) all(initiator bool) []byte {
	var out []byte
	for n := 0; ; n++ {
		b := d.said(initiator, n)
		if b == nil {
			return out
		}
		out = append(out, b...)
	}
}

// tapped is a pipe whose writes are recorded.
type tapped struct {
	pipe
	d         *dialogue
	initiator bool
}

func (t tapped) Write(b []byte) (int, error) {
	t.d.add(t.initiator, b)
	return t.pipe.Write(b)
}

// meeting is a hello between two wallets on a pipe.
type meeting struct {
	i, r       *hello
	own        messaging.Identity // the initiator's
	want       did.DID
	claim      []byte
	door       doorkeeper
	said       dialogue
	iErr, rErr error
	iPeer      messaging.Peer
	rPeer      visitor
}

// newMeeting is one that succeeds unless something is changed.
func newMeeting(i, r *wallet) *meeting {
	return &meeting{
		i:   &hello{keys: i.keys, resolver: resolver, random: rand.Reader, self: i.peerID, remote: r.peerID},
		r:   &hello{keys: r.keys, resolver: resolver, random: rand.Reader, self: r.peerID, remote: i.peerID},
		own: i.own, want: r.own.DID.Canonical(),
		door: doorFor(r),
	}
}

func doorFor(r *wallet) doorkeeper {
	return doorkeeper{
		identities: messaging.FixedIdentities{r.own},
		offline:    func(method string) bool { return method == "peer" },
		admit:      letIn(func(context.Context, did.DID, []byte) error { return nil }),
	}
}

// letIn admits as a contact whom f has nothing against.
func letIn(f func(context.Context, did.DID, []byte) error) func(context.Context, did.DID, []byte) (messaging.Admission, error) {
	return func(ctx context.Context, id did.DID, claim []byte) (messaging.Admission, error) {
		return messaging.Admission{}, f(ctx, id, claim)
	}
}

// run plays both sides.
func (m *meeting) run() {
	a, b := newPipe()
	var responder sync.WaitGroup
	responder.Go(func() {
		defer b.Close()
		m.rPeer, m.rErr = m.r.welcome(context.Background(), newWire(tapped{b, &m.said, false}), m.door)
	})
	m.iPeer, m.iErr = m.i.greet(context.Background(), newWire(tapped{a, &m.said, true}), m.own, m.want, m.claim)
	a.Close()
	responder.Wait()
}

// play lets the responder hear a script and then the end of the initiator's side. It returns the
// responder's error and all that it said.
func play(h *hello, door doorkeeper, script []byte) ([]byte, error) {
	a, b := newPipe()
	var said bytes.Buffer
	var others sync.WaitGroup
	others.Go(func() { _, _ = io.Copy(&said, a) })
	others.Go(func() {
		_, _ = a.Write(script)
		_ = a.CloseWrite()
	})
	_, err := h.welcome(context.Background(), newWire(b), door)
	b.Close()
	others.Wait()
	return said.Bytes(), err
}

// playTo lets the initiator hear a script instead of a responder.
func playTo(m *meeting, script []byte) error {
	a, b := newPipe()
	var others sync.WaitGroup
	others.Go(func() { _, _ = io.Copy(io.Discard, b) })
	others.Go(func() {
		_, _ = b.Write(script)
		_ = b.CloseWrite()
	})
	_, err := m.i.greet(context.Background(), newWire(a), m.own, m.want, m.claim)
	a.Close()
	others.Wait()
	return err
}

// readFrame reads a frame without any of the package's own reading.
func readFrame(r io.Reader) (frameType, []byte, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[1:]))
	_, err := io.ReadFull(r, body)
	return frameType(head[0]), body, err
}

// frame makes the bytes of a frame, of whatever size.
func frame(t frameType, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{byte(t)}, uint32(len(body))), body...)
}

// split takes bytes apart into frames.
func split(tb testing.TB, b []byte) [][]byte {
	tb.Helper()
	var out [][]byte
	for r := bytes.NewReader(b); r.Len() > 0; {
		t, body, err := readFrame(r)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, frame(t, body))
	}
	return out
}

// codeOf returns the code of a refusal, or "".
func codeOf(err error) string {
	var r *messaging.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// zeros is a broken source of nonces.
type zeros struct{ b byte }

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = z.b
	}
	return len(p), nil
}

// known is a resolver of documents given by hand.
func known(docs ...*did.Document) did.Resolver {
	return did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		for _, d := range docs {
			if d.ID() == id {
				return d, nil
			}
		}
		return resolver.Resolve(ctx, id)
	})
}
