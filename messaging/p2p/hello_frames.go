package p2p

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

const helloVersion = 1

// claimant is what one side says of itself before it proves it.
type claimant struct {
	did did.DID
	kid did.URL
}

// helloFrame is the body of HELLO, M1.
type helloFrame struct {
	version byte
	nonce   []byte
	want    did.DID
}

func (h helloFrame) encode() []byte {
	return bytes.Join([][]byte{{h.version}, h.nonce, lp(h.want.String())}, nil)
}

// parseHello parses M1. Of another version it reads the version alone.
func parseHello(b []byte) (helloFrame, error) {
	f := fields{rest: b}
	h := helloFrame{version: f.uint8()}
	if h.version != helloVersion && !f.failed {
		return h, nil
	}
	h.nonce = f.take(nonceSize)
	want := f.lp(maxDID)
	if err := f.end("hello"); err != nil {
		return h, err
	}
	var err error
	h.want, err = parseDID(want)
	return h, err
}

// responderFrame is the first half of M2.
type responderFrame struct {
	nonce []byte
	claimant
}

func (r responderFrame) encode() []byte {
	return bytes.Join([][]byte{r.nonce, lp(r.did.String()), lp(r.kid.String())}, nil)
}

func parseResponder(b []byte) (responderFrame, error) {
	f := fields{rest: b}
	r := responderFrame{nonce: f.take(nonceSize)}
	id, kid := f.lp(maxDID), f.lp(maxKID)
	if err := f.end("answer to hello"); err != nil {
		return r, err
	}
	var err error
	r.claimant, err = parseClaimant(id, kid)
	return r, err
}

// initiatorFrame is the first half of M3.
type initiatorFrame struct {
	claimant
	record []byte
	lives
	claim []byte
}

func (i initiatorFrame) encode() []byte {
	return bytes.Join([][]byte{lp(i.did.String()), lp(i.kid.String()), lp(i.record), i.lives.encode(), lp(i.claim)}, nil)
}

func parseInitiator(b []byte) (initiatorFrame, error) {
	f := fields{rest: b}
	id, kid := f.lp(maxDID), f.lp(maxKID)
	i := initiatorFrame{record: f.lp(maxRecord), lives: f.lives(), claim: f.lp(maxClaim)}
	if err := f.end("introduction"); err != nil {
		return i, err
	}
	var err error
	i.claimant, err = parseClaimant(id, kid)
	return i, err
}

// welcomeFrame is the body of WELCOME, the good M4.
type welcomeFrame struct {
	record []byte
	lives
}

func (w welcomeFrame) encode() []byte { return append(lp(w.record), w.lives.encode()...) }

func parseWelcome(b []byte) (welcomeFrame, error) {
	f := fields{rest: b}
	w := welcomeFrame{f.lp(maxRecord), f.lives()}
	return w, f.end("welcome")
}

// refusal is the body of REFUSED, and the error that it means to an initiator.
type refusal struct {
	messaging.Refusal
	after  time.Duration
	proved bool // the responder had proved its DID before; not part of the frame
}

// Unwrap makes the messaging.Refusal inside findable.
func (r *refusal) Unwrap() error { return &r.Refusal }

func (r *refusal) encode() []byte {
	return binary.BigEndian.AppendUint32(lp(r.Code), millis(r.after))
}

func parseRefusal(b []byte) (*refusal, error) {
	f := fields{rest: b}
	code, after := f.lp(maxCode), f.uint32()
	if err := f.end("refusal"); err != nil {
		return nil, err
	}
	if !validCode(code) {
		return nil, fmt.Errorf("%w: refused without a proper code", errProtocol)
	}
	return &refusal{Refusal: messaging.Refusal{Code: string(code)}, after: fromMillis(after)}, nil
}

// validCode reports whether a code consists of what DIDComm problem codes are made of. Codes are
// shown to people, so nothing else may be in them.
func validCode(code []byte) bool {
	for _, c := range code {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return len(code) > 0
}

func millis(d time.Duration) uint32 { return uint32(min(max(d, 0), maxWait).Milliseconds()) }

// fromMillis bounds the wait that a peer asks for.
func fromMillis(ms uint32) time.Duration { return min(time.Duration(ms)*time.Millisecond, maxWait) }

func parseDID(b []byte) (did.DID, error) {
	id, err := did.Parse(string(b))
	if err != nil {
		return did.DID{}, fmt.Errorf("%w: %w", errProtocol, err)
	}
	return id, nil
}

// parseClaimant checks that the key id is one of the DID, so that no document of another DID is ever
// consulted.
func parseClaimant(id, kid []byte) (claimant, error) {
	var c claimant
	var err error
	if c.did, err = parseDID(id); err != nil {
		return c, err
	}
	if c.kid, err = did.ParseURL(string(kid)); err != nil {
		return c, fmt.Errorf("%w: %w", errProtocol, err)
	}
	if !c.kid.DID.Same(c.did) || c.kid.Fragment == "" || c.kid.Path != "" || c.kid.Query != "" {
		return c, fmt.Errorf("%w: the key id is none of the DID's", errProtocol)
	}
	return c, nil
}
