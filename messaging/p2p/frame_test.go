package p2p

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// wireOver is a wire that reads b, and what is written to it.
func wireOver(b []byte) (*wire, *bytes.Buffer) {
	var out bytes.Buffer
	return newWire(bytesPipe{bytes.NewReader(b), &out}), &out
}

// bytesPipe reads from one buffer and writes to another.
type bytesPipe struct {
	io.Reader
	io.Writer
}

func (bytesPipe) Close() error                     { return nil }
func (bytesPipe) CloseWrite() error                { return nil }
func (bytesPipe) Reset() error                     { return nil }
func (bytesPipe) SetDeadline(time.Time) error      { return nil }
func (bytesPipe) SetReadDeadline(time.Time) error  { return nil }
func (bytesPipe) SetWriteDeadline(time.Time) error { return nil }

var allTypes = []frameType{
	frameHello, frameResponder, frameResponderProof, frameInitiator, frameInitiatorProof,
	frameWelcome, frameRefused, frameData, frameAnswer,
}

func TestFramesAreAsWritten(t *testing.T) {
	t.Parallel()
	w, out := wireOver(nil)
	if err := errors.Join(w.write(frameData, []byte{1, 2}, []byte{3}), w.flush()); err != nil {
		t.Fatal(err)
	}
	if want := []byte{8, 0, 0, 0, 3, 1, 2, 3}; !bytes.Equal(out.Bytes(), want) {
		t.Errorf("wrote %x, want %x", out.Bytes(), want)
	}
}

func TestFrameLimits(t *testing.T) {
	t.Parallel()
	if len(maxBody) != len(allTypes) {
		t.Fatalf("%d types have limits, want %d", len(maxBody), len(allTypes))
	}
	// The figures of PROTOCOL.md.
	want := []int{8227, 17444, 256, 29728, 256, 4122, 70, 1048584, 79}
	for i, typ := range allTypes {
		if maxBody[typ] != want[i] {
			t.Errorf("type %d: at most %d, want %d", typ, maxBody[typ], want[i])
		}
		body := make([]byte, want[i])
		w, out := wireOver(frame(typ, body))
		if got, b, err := w.read(typ); got != typ || len(b) != len(body) || err != nil {
			t.Errorf("type %d at its limit: %d bytes of type %d, %v", typ, len(b), got, err)
		}
		if err := w.write(typ, body, []byte{1}); err == nil || out.Len() > 0 {
			t.Errorf("type %d: wrote a body over the limit", typ)
		}
	}
}

func TestOversizeLengthPrefix(t *testing.T) {
	t.Parallel()
	for _, typ := range allTypes {
		for _, size := range []uint32{uint32(maxBody[typ]) + 1, 1 << 30, 1<<32 - 1} {
			head := binary.BigEndian.AppendUint32([]byte{byte(typ)}, size)
			w, _ := wireOver(append(head, make([]byte, 64)...))
			if _, _, err := w.read(typ); !errors.Is(err, errProtocol) {
				t.Errorf("type %d of %d bytes: %v", typ, size, err)
			}
		}
	}
}

// Not parallel, because it measures what the process allocates.
func TestLengthPrefixTakesNoMemory(t *testing.T) {
	head := binary.BigEndian.AppendUint32([]byte{byte(frameData)}, uint32(maxBody[frameData]))
	const runs = 32
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		w, _ := wireOver(append(head, 1, 2, 3))
		if _, _, err := w.read(frameData); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > 2*chunk {
		t.Errorf("a prefix of 1 MiB cost %d bytes, want at most %d", each, 2*chunk)
	}
}

func TestFramesOutOfPlace(t *testing.T) {
	t.Parallel()
	for _, typ := range append(allTypes, 0, 10, 255) {
		w, _ := wireOver([]byte{byte(typ), 0, 0, 0, 0})
		wanted := frameHello
		if typ == frameHello {
			wanted = frameData
		}
		if _, _, err := w.read(wanted); !errors.Is(err, errProtocol) {
			t.Errorf("type %d: %v", typ, err)
		}
	}
}

func TestEndBetweenAndWithinFrames(t *testing.T) {
	t.Parallel()
	whole := frame(frameWelcome, []byte("0123456789"))
	for n := range whole {
		w, _ := wireOver(whole[:n])
		_, _, err := w.read(frameWelcome)
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if !errors.Is(err, want) || n > 0 && errors.Is(err, io.EOF) {
			t.Errorf("after %d bytes: %v, want %v", n, err, want)
		}
	}
}

func TestTranscriptCoversBothDirections(t *testing.T) {
	t.Parallel()
	in := frame(frameWelcome, []byte("in"))
	w, _ := wireOver(in)
	other, _ := wireOver(nil)
	if _, _, err := w.read(frameWelcome); err != nil {
		t.Fatal(err)
	}
	if err := w.write(frameHello, []byte("out")); err != nil {
		t.Fatal(err)
	}
	other.sum.Write(append(in, frame(frameHello, []byte("out"))...))
	if !bytes.Equal(w.transcript(), other.transcript()) {
		t.Error("the transcript is not the hash of the frames as sent")
	}
}

func TestHelloFramesRoundTrip(t *testing.T) {
	t.Parallel()
	c, err := claimOf(alice(t).own)
	if err != nil {
		t.Fatal(err)
	}
	nonce := bytes.Repeat([]byte{1}, nonceSize)
	m1 := helloFrame{helloVersion, nonce, alice(t).own.DID}
	if got, err := parseHello(m1.encode()); err != nil || got.want != m1.want || !bytes.Equal(got.nonce, nonce) {
		t.Errorf("M1: %+v, %v", got, err)
	}
	m2 := responderFrame{nonce, c}
	if got, err := parseResponder(m2.encode()); err != nil || got.claimant != c || !bytes.Equal(got.nonce, nonce) {
		t.Errorf("M2: %+v, %v", got, err)
	}
	told := lives{inbox.Life{Branch: [8]byte{1, 2}, Count: 1 << 31}, inbox.Life{Branch: [8]byte{7: 3}, Count: 4}}
	m3 := initiatorFrame{c, []byte("record"), told, []byte("claim")}
	got, err := parseInitiator(m3.encode())
	if err != nil || got.claimant != c || string(got.record) != "record" || got.lives != told || string(got.claim) != "claim" {
		t.Errorf("M3: %+v, %v", got, err)
	}
	if got, err := parseWelcome(welcomeFrame{[]byte("record"), told}.encode()); err != nil || string(got.record) != "record" || got.lives != told {
		t.Errorf("M4: %+v, %v", got, err)
	}
	no := &refusal{Refusal: messaging.Refusal{Code: "e.p.me.res"}, after: 90 * time.Second}
	if got, err := parseRefusal(no.encode()); err != nil || got.Code != no.Code || got.after != no.after {
		t.Errorf("refusal: %+v, %v", got, err)
	}
}

func TestMalformedFrames(t *testing.T) {
	t.Parallel()
	a := alice(t).own.DID
	kid := a.String() + "#key-1"
	nonce := make([]byte, nonceSize)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	hello := func(b []byte) error { _, err := parseHello(b); return err }
	responder := func(b []byte) error { _, err := parseResponder(b); return err }
	initiator := func(b []byte) error { _, err := parseInitiator(b); return err }
	welcome := func(b []byte) error { _, err := parseWelcome(b); return err }
	refused := func(b []byte) error { _, err := parseRefusal(b); return err }
	long := bytes.Repeat([]byte("a"), maxDID)
	for name, c := range map[string]struct {
		parse func([]byte) error
		body  []byte
	}{
		"empty hello":            {hello, nil},
		"hello without a DID":    {hello, join([]byte{1}, nonce, lp(""))},
		"hello with rubbish":     {hello, join([]byte{1}, nonce, lp("did:"))},
		"hello with more":        {hello, join([]byte{1}, nonce, lp(a.String()), []byte{0})},
		"hello with a long DID":  {hello, join([]byte{1}, nonce, lp("did:x:"+string(long)))},
		"responder without kid":  {responder, join(nonce, lp(a.String()), lp(""))},
		"responder, bare DID":    {responder, join(nonce, lp(a.String()), lp(a.String()))},
		"responder, path in kid": {responder, join(nonce, lp(a.String()), lp(a.String()+"/p#key-1"))},
		"responder, query":       {responder, join(nonce, lp(a.String()), lp(a.String()+"?q#key-1"))},
		"responder, other's kid": {responder, join(nonce, lp(a.String()), lp("did:key:z6Mk#x"))},
		"initiator, long record": {initiator, join(lp(a.String()), lp(kid), lp(make([]byte, maxRecord+1)), make([]byte, 2*lifeSize), lp(""))},
		"initiator, long claim":  {initiator, join(lp(a.String()), lp(kid), lp(""), make([]byte, 2*lifeSize), lp(make([]byte, maxClaim+1)))},
		"initiator, no claim":    {initiator, join(lp(a.String()), lp(kid), lp(""), make([]byte, 2*lifeSize))},
		"initiator, one life":    {initiator, join(lp(a.String()), lp(kid), lp(""), make([]byte, lifeSize))},
		"welcome, no lives":      {welcome, lp("record")},
		"welcome, one life":      {welcome, join(lp("record"), make([]byte, lifeSize))},
		"welcome with more":      {welcome, join(lp("record"), make([]byte, 2*lifeSize+1))},
		"refusal without code":   {refused, join(lp(""), make([]byte, 4))},
		"refusal, escape code":   {refused, join(lp("\x1b[2J"), make([]byte, 4))},
		"refusal, no wait":       {refused, lp("e.p")},
	} {
		if err := c.parse(c.body); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v, want a breach of the protocol", name, err)
		}
	}
}

func TestAnswersRoundTrip(t *testing.T) {
	t.Parallel()
	v := func(k messaging.VerdictKind, code string, after time.Duration) messaging.Verdict {
		return messaging.Verdict{Kind: k, Code: code, After: after}
	}
	busy := v(messaging.Busy, "", 0)
	for name, c := range map[string]struct{ said, heard messaging.Verdict }{
		"accepted":       {v(messaging.Accepted, "", 0), v(messaging.Accepted, "", 0)},
		"duplicate":      {v(messaging.Duplicate, "ignored", time.Hour), v(messaging.Duplicate, "", 0)},
		"refused":        {v(messaging.Refused, "e.p.msg", time.Hour), v(messaging.Refused, "e.p.msg", 0)},
		"busy":           {v(messaging.Busy, "ignored", 3*time.Second), v(messaging.Busy, "", 3*time.Second)},
		"busy for years": {v(messaging.Busy, "", 1<<62), v(messaging.Busy, "", maxWait)},
		"held":           {v(messaging.Held, "ignored", time.Hour), v(messaging.Held, "", 0)},
		"no verdict":     {messaging.Verdict{}, busy},
		"unknown":        {v(77, "", 0), busy},
		"no code":        {v(messaging.Refused, "", 0), busy},
		"bad code":       {v(messaging.Refused, "Nö!", 0), busy},
	} {
		got, err := parseAnswer(answer{1 << 40, c.said}.encode())
		if err != nil || got.seq != 1<<40 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if diff := cmp.Diff(c.heard, got.verdict); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	raw := func(kind byte, after uint32, code string) []byte {
		b := append(encodeSeq(1), kind)
		return append(binary.BigEndian.AppendUint32(b, after), lp(code)...)
	}
	for name, b := range map[string][]byte{
		"kind 0": raw(0, 0, ""), "kind 6": raw(6, 0, ""), "held with wait": raw(5, 1, ""), "held with code": raw(5, 0, "e.p"), "refused without code": raw(3, 0, ""),
		"accepted with code": raw(1, 0, "e.p"), "accepted with wait": raw(1, 1, ""),
		"escape in the code": raw(3, 0, "e\n"), "short": raw(1, 0, "")[:10], "long": append(raw(1, 0, ""), 0),
	} {
		if _, err := parseAnswer(b); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"no envelope": encodeSeq(1), "wrong number": append(encodeSeq(2), 'x'), "short": {1, 2},
	} {
		if _, err := parseData(b, 1); !errors.Is(err, errProtocol) {
			t.Errorf("data, %s: %v", name, err)
		}
	}
}

func TestWantedIsSentInItsShortForm(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	m.want = bob(t).own.DID
	m.run()
	_, body, err := readFrame(bytes.NewReader(m.said.said(true, 0)))
	if err != nil {
		t.Fatal(err)
	}
	h, err := parseHello(body)
	if err != nil || h.want != bob(t).own.DID.Canonical() || m.iErr != nil {
		t.Errorf("asked for %v (%v, %v)", h.want, err, m.iErr)
	}
	var none did.DID
	if m.iPeer.DID == none {
		t.Error("nobody proved")
	}
}
