package p2p

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

var update = flag.Bool("update", false, "write testdata/transcript.txt anew, after a deliberate change of the protocol")

const goldenFile = "testdata/transcript.txt"

// goldenMeeting is the hello of the transcript in PROTOCOL.md.
func goldenMeeting(t *testing.T) *meeting {
	m := newMeeting(alice(t), bob(t))
	m.i.random, m.r.random = zeros{0x0a}, zeros{0x0b}
	m.claim = []byte(`{"claim":1}`)
	m.i.lives = lives{lifeOf(0x11, 1), lifeOf(0x22, 2)}
	m.door.admit = func(context.Context, did.DID, []byte) (messaging.Admission, error) {
		return messaging.Admission{Life: lifeOf(0x22, 3)}, nil
	}
	return m
}

// lifeOf is a life whose branch consists of one byte.
func lifeOf(branch byte, count uint32) inbox.Life {
	return inbox.Life{Branch: [8]byte(bytes.Repeat([]byte{branch}, 8)), Count: count}
}

var goldenEnvelopes = [][]byte{[]byte(`{"ciphertext":"…"}`), []byte(`{"ciphertext":"?"}`), []byte(`{"ciphertext":"!"}`)}

// goldenReceiver takes the first envelope, refuses the second and holds the third.
func goldenReceiver() *inboxStub {
	return &inboxStub{accept: func(_ did.DID, sealed [][]byte) []messaging.Verdict {
		var out []messaging.Verdict
		for _, s := range sealed {
			v := messaging.Verdict{Kind: messaging.Accepted}
			switch {
			case bytes.Equal(s, goldenEnvelopes[1]):
				v = messaging.Verdict{Kind: messaging.Refused, Code: messaging.CodeCrypto}
			case bytes.Equal(s, goldenEnvelopes[2]):
				v.Kind = messaging.Held
			}
			out = append(out, v)
		}
		return out
	}}
}

// talk plays hello and delivery between two wires.
func talk(t *testing.T, m *meeting) {
	t.Helper()
	a, b := newPipe()
	wi, wr := newWire(tapped{a, &m.said, true}), newWire(tapped{b, &m.said, false})
	var responder sync.WaitGroup
	responder.Go(func() {
		if _, err := m.r.welcome(context.Background(), wr, m.door); err != nil {
			t.Error(err)
			return
		}
		wr.endHello(patient)
		seat, leave := newRoom(streamMemory).enter("")
		defer leave()
		if err := (&intake{w: wr, seat: seat, receiver: goldenReceiver()}).run(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := m.i.greet(context.Background(), wi, m.own, m.want, m.claim); err != nil {
		t.Fatal(err)
	}
	wi.endHello(patient)
	o := &outlet{w: wi, next: 1}
	if _, err := o.deliver(context.Background(), "", goldenEnvelopes); err != nil {
		t.Error(err)
	}
	_ = a.CloseWrite()
	responder.Wait()
	a.Close()
}

// transcriptOf writes a dialogue down, a frame a line.
func transcriptOf(t *testing.T, m *meeting) string {
	t.Helper()
	from := map[bool][][]byte{true: split(t, m.said.all(true)), false: split(t, m.said.all(false))}
	var out strings.Builder
	for _, side := range ">" + "<<" + ">>" + "<" + ">>>" + "<<<" {
		frames := from[side == '>']
		if len(frames) == 0 {
			t.Fatal("a frame is missing")
		}
		from[side == '>'] = frames[1:]
		text := hex.EncodeToString(frames[0])
		out.WriteRune(side)
		for len(text) > 94 {
			out.WriteString(" " + text[:94] + " \\\n ")
			text = text[94:]
		}
		out.WriteString(" " + text + "\n")
	}
	if len(from[true])+len(from[false]) > 0 {
		t.Errorf("frames are left over: %v", from)
	}
	return out.String()
}

// parseTranscript returns the bytes of both sides.
func parseTranscript(t *testing.T, text string) (initiator, responder []byte) {
	t.Helper()
	text = strings.ReplaceAll(text, " \\\n ", "")
	for line := range strings.Lines(text) {
		b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(line[1:]), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if line[0] == '>' {
			initiator = append(initiator, b...)
		} else {
			responder = append(responder, b...)
		}
	}
	return initiator, responder
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	m := goldenMeeting(t)
	talk(t, m)
	got := transcriptOf(t, m)
	if *update {
		if err := os.WriteFile(goldenFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the bytes on the wire have changed (-want +got):\n%s", diff)
	}
	protocol, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, block, _ := strings.Cut(string(protocol), "```transcript\n"); !strings.HasPrefix(block, string(want)+"```") {
		t.Errorf("the transcript in PROTOCOL.md is not that of %s", goldenFile)
	}
}

// Each side, given the recorded bytes of the other, says again what was recorded, byte by byte.
func TestTranscriptReplayed(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	initiator, responder := parseTranscript(t, string(golden))
	m := goldenMeeting(t)
	said, err := play(m.r, m.door, initiator)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(responder, said) || len(split(t, said)) != 3 {
		t.Errorf("the responder said %x", said)
	}
	w, out := wireOver(responder)
	p, err := m.i.greet(context.Background(), w, m.own, m.want, m.claim)
	if err != nil {
		t.Fatal(err)
	}
	if p.Life != lifeOf(0x22, 3) || p.Saw != (inbox.Life{}) {
		t.Errorf("the initiator learned of the lives %v and %v", p.Life, p.Saw)
	}
	w.endHello(patient)
	results, err := (&outlet{w: w, next: 1}).deliver(context.Background(), "", goldenEnvelopes)
	if err != nil || len(results) != 3 || results[0].Reach != messaging.Delivered ||
		codeOf(results[1].Err) != messaging.CodeCrypto || results[2].Reach != messaging.Written {
		t.Errorf("%v, %v", results, err)
	}
	if !bytes.Equal(out.Bytes(), initiator) {
		t.Errorf("the initiator said %x", out.Bytes())
	}
}
