package p2p

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/messaging"
)

// answer is the body of ANSWER.
type answer struct {
	seq     uint64
	verdict messaging.Verdict
}

// encode makes the body. What a receiver got wrong becomes busy: nothing is promised by mistake.
func (a answer) encode() []byte {
	v := a.verdict
	switch {
	case v.Kind == messaging.Accepted || v.Kind == messaging.Duplicate || v.Kind == messaging.Held:
		v.Code, v.After = "", 0
	case v.Kind == messaging.Refused && len(v.Code) <= maxCode && validCode([]byte(v.Code)):
		v.After = 0
	default:
		v.Kind, v.Code = messaging.Busy, ""
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+1+4+2+len(v.Code)), a.seq)
	b = append(b, byte(v.Kind))
	b = binary.BigEndian.AppendUint32(b, millis(v.After))
	return append(b, lp(v.Code)...)
}

func parseAnswer(b []byte) (answer, error) {
	f := fields{rest: b}
	a := answer{seq: f.uint64()}
	a.verdict.Kind = messaging.VerdictKind(f.uint8())
	after, code := f.uint32(), f.lp(maxCode)
	if err := f.end("answer"); err != nil {
		return a, err
	}
	a.verdict.After, a.verdict.Code = fromMillis(after), string(code)
	refused := a.verdict.Kind == messaging.Refused
	switch {
	case a.verdict.Kind < messaging.Accepted || a.verdict.Kind > messaging.Held:
		return a, fmt.Errorf("%w: verdict %d", errProtocol, a.verdict.Kind)
	case refused && !validCode(code) || !refused && len(code) > 0:
		return a, fmt.Errorf("%w: a verdict with a wrong code", errProtocol)
	case after > 0 && a.verdict.Kind != messaging.Busy:
		return a, fmt.Errorf("%w: a wait without being busy", errProtocol)
	}
	return a, nil
}

// result is what an answer means to the sender.
func (a answer) result(endpoint string) messaging.Result {
	switch a.verdict.Kind {
	case messaging.Accepted, messaging.Duplicate:
		return messaging.Result{Reach: messaging.Delivered}
	case messaging.Held:
		return messaging.Result{Reach: messaging.Written}
	case messaging.Refused:
		return messaging.Result{Err: refusedFor(endpoint, a.verdict.Code)}
	}
	return messaging.Result{Err: &messaging.DeliveryError{
		Endpoint: endpoint, After: a.verdict.After, Err: &messaging.Refusal{Code: messaging.CodeBusy},
	}}
}

func refusedFor(endpoint, code string) error {
	return &messaging.DeliveryError{Endpoint: endpoint, Permanent: true, Err: &messaging.Refusal{Code: code}}
}

// encodeSeq is the start of the body of DATA.
func encodeSeq(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// parseData splits the body of DATA.
func parseData(b []byte, seq uint64) ([]byte, error) {
	f := fields{rest: b}
	got := f.uint64()
	if f.failed || got != seq || len(f.rest) == 0 {
		return nil, fmt.Errorf("%w: envelope out of order", errProtocol)
	}
	return slices.Clip(f.rest), nil
}

// patience is how long an envelope may take beyond the idle deadline, on the slowest path.
func patience(size int) time.Duration {
	return time.Duration(size) * time.Second / slowest
}
