package p2p

import (
	"context"
	"fmt"
	"sync"

	"github.com/parley-im/parley/messaging"
)

// outlet is an outbound stream whose hello is done. One Send has it at a time.
type outlet struct {
	w    *wire
	next uint64 // the next sequence number
}

// deliver sends the envelopes without waiting and collects their answers. It returns an error, with
// the results so far, when the stream is over; the stream has been reset then.
func (o *outlet) deliver(ctx context.Context, endpoint string, envelopes [][]byte) ([]messaging.Result, error) {
	defer context.AfterFunc(ctx, func() { _ = o.w.Reset() })()
	first := o.next
	o.next += uint64(len(envelopes))
	var writer sync.WaitGroup
	writer.Go(func() {
		// When writing fails the answers tell how far it came, and then reading fails as well.
		_ = o.writeAll(first, envelopes)
	})
	results, err := o.readAll(first, endpoint, envelopes)
	if err != nil {
		_ = o.w.Reset()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
	}
	writer.Wait()
	return results, err
}

func (o *outlet) writeAll(seq uint64, envelopes [][]byte) error {
	for _, e := range envelopes {
		if err := o.w.write(frameData, encodeSeq(seq), e); err != nil {
			return err
		}
		seq++
	}
	return o.w.flush()
}

// readAll reads one answer for each envelope. A busy one is the last, since the peer takes nothing
// after it.
func (o *outlet) readAll(seq uint64, endpoint string, envelopes [][]byte) ([]messaging.Result, error) {
	results := make([]messaging.Result, 0, len(envelopes))
	for _, e := range envelopes {
		o.w.more = patience(len(e))
		_, body, err := o.w.read(frameAnswer)
		if err != nil {
			return results, fmt.Errorf("await the answer: %w", noEOF(err))
		}
		a, err := parseAnswer(body)
		if err != nil {
			return results, err
		}
		if a.seq != seq {
			return results, fmt.Errorf("%w: answer %d instead of %d", errProtocol, a.seq, seq)
		}
		results = append(results, a.result(endpoint))
		if a.verdict.Kind == messaging.Busy {
			return results, &refusal{Refusal: messaging.Refusal{Code: messaging.CodeBusy}, after: a.verdict.After}
		}
		seq++
	}
	return results, nil
}

// end closes the stream. The peer notices that nothing more comes.
func (o *outlet) end() {
	_ = o.w.CloseWrite()
	_ = o.w.Close()
}
