package p2p

import (
	"bytes"
	"context"
	"testing"
)

func FuzzFrames(f *testing.F) {
	for _, typ := range allTypes {
		f.Add(byte(typ), frame(typ, []byte("0123456789")))
	}
	f.Add(byte(frameData), []byte{8, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, wanted byte, b []byte) {
		w, out := wireOver(b)
		typ, body, err := w.read(frameType(wanted))
		if err != nil {
			return
		}
		if typ != frameType(wanted) || len(body) > maxBody[typ] {
			t.Fatalf("type %d with %d bytes", typ, len(body))
		}
		if w.write(typ, body) != nil || w.flush() != nil || !bytes.HasPrefix(b, out.Bytes()) {
			t.Fatalf("read %x, wrote %x", b, out.Bytes())
		}
	})
}

// Whatever parses has one encoding only: the one that was signed.
func FuzzBodies(f *testing.F) {
	a := alice(f)
	c, err := claimOf(a.own)
	if err != nil {
		f.Fatal(err)
	}
	nonce := make([]byte, nonceSize)
	f.Add(helloFrame{helloVersion, nonce, a.own.DID}.encode())
	f.Add(responderFrame{nonce, c}.encode())
	f.Add(initiatorFrame{c, []byte("record"), lives{}, []byte("claim")}.encode())
	f.Add(welcomeFrame{record: []byte("record")}.encode())
	f.Add((&refusal{after: 5}).encode())
	f.Add(answer{seq: 1}.encode())
	f.Add(append(encodeSeq(1), 'x'))
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(what string, encoded []byte) {
			if !bytes.Equal(encoded, b) {
				t.Fatalf("%s: parsed %x, encoded %x", what, b, encoded)
			}
		}
		if h, err := parseHello(b); err == nil && h.version == helloVersion {
			same("hello", h.encode())
		}
		if r, err := parseResponder(b); err == nil {
			same("responder", r.encode())
		}
		if i, err := parseInitiator(b); err == nil {
			same("initiator", i.encode())
		}
		if r, err := parseWelcome(b); err == nil {
			same("welcome", r.encode())
		}
		if r, err := parseRefusal(b); err == nil && r.after < maxWait {
			same("refusal", r.encode())
		}
		if a, err := parseAnswer(b); err == nil && a.verdict.After < maxWait {
			same("answer", a.encode())
		}
		if e, err := parseData(b, 1); err == nil {
			same("data", append(encodeSeq(1), e...))
		}
	})
}

// No bytes of an initiator that holds no key get in.
func FuzzResponder(f *testing.F) {
	m := newMeeting(alice(f), bob(f))
	m.run()
	f.Add(m.said.all(true))
	f.Add(m.said.said(true, 0))
	f.Fuzz(func(t *testing.T, script []byte) {
		if _, err := play(m.r, m.door, script); err == nil {
			t.Fatal("let in")
		}
	})
}

// No bytes of a responder that holds no key are believed.
func FuzzInitiator(f *testing.F) {
	m := newMeeting(alice(f), bob(f))
	m.run()
	f.Add(m.said.all(false))
	f.Fuzz(func(t *testing.T, script []byte) {
		w, _ := wireOver(script)
		if _, err := m.i.greet(context.Background(), w, m.own, m.want, nil); err == nil {
			t.Fatal("believed")
		}
	})
}

func FuzzRecord(f *testing.F) {
	b := bob(f)
	f.Add(recordOf(f, b, "/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readRecord(raw, b.peerID)
		if err != nil && got != nil || len(got) > maxAddresses {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

func FuzzSimplex(f *testing.F) {
	f.Add(varintFrame("{}"))
	f.Add([]byte{0x80, 0})
	f.Add(append(varintFrame("x"), 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRoom(maxEnvelope)
		s, leave := r.enter("")
		defer leave()
		message, err := readSimplex(context.Background(), bytes.NewReader(b), s)
		if err == nil {
			if !bytes.HasPrefix(b, varintFrame(string(message))) {
				t.Fatalf("read %q from %x", message, b)
			}
			s.free(len(message))
		}
		if !r.total.TryAcquire(maxEnvelope) {
			t.Fatal("room was lost")
		}
	})
}

// Endpoint URIs are text from strangers' documents.
func FuzzPeerURI(f *testing.F) {
	f.Add(ServiceURI(bob(f).peerID.String()))
	f.Add("libp2p-peerId:")
	f.Fuzz(func(t *testing.T, uri string) {
		id, ok := peerOf(uri)
		if !ok {
			return
		}
		if again, ok := peerOf(ServiceURI(id.String())); !ok || again != id {
			t.Fatalf("%q is %v and then %v", uri, id, again)
		}
	})
}
