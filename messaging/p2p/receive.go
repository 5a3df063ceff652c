package p2p

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// intake takes envelopes from one stream whose hello is done. One goroutine reads ahead while
// another hands on what has come, so a batch is what arrived during the commit of the one before.
type intake struct {
	w        *wire
	seat     *seat
	from     did.DID
	receiver messaging.Receiver
	stranger bool // it may leave a request, and must not make us open much else
}

// run goes on until the peer ends its side, the stream fails, or the receiver is busy.
func (in *intake) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	queue := make(chan []byte, maxBatch)
	var readErr error // the reader's, until it has ended
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(queue)
		readErr = in.readInto(ctx, queue)
	})
	busy, err := in.answerAll(ctx, queue)
	cancel()
	if err != nil {
		_ = in.w.Reset()
	} else {
		_ = in.w.Close() // what was answered still goes out; a reader that waits ends
	}
	reader.Wait()
	for e := range queue {
		in.seat.free(len(e))
	}
	if err == nil && !busy {
		err = readErr
	}
	return err
}

// readInto reads envelopes into the queue. The end of the peer's side is no error.
func (in *intake) readInto(ctx context.Context, queue chan<- []byte) error {
	for seq := uint64(1); ; seq++ {
		e, err := in.next(ctx, seq)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case queue <- e:
		case <-ctx.Done():
			in.seat.free(len(e))
			return ctx.Err()
		}
	}
}

// next reads one envelope, for which it holds room from before the first byte.
func (in *intake) next(ctx context.Context, seq uint64) ([]byte, error) {
	_, size, err := in.w.header(frameData)
	if err != nil {
		return nil, err
	}
	if size <= 8 {
		return nil, errProtocol
	}
	if err := in.seat.hold(ctx, size-8); err != nil {
		return nil, err
	}
	b, err := in.w.body(size)
	if err == nil {
		b, err = parseData(b, seq)
	}
	if err != nil {
		in.seat.free(size - 8)
		return nil, err
	}
	return b, nil
}

// answerAll hands on and answers batch by batch, up to one with a busy answer.
func (in *intake) answerAll(ctx context.Context, queue <-chan []byte) (busy bool, err error) {
	seq, most := uint64(1), maxBatch
	if in.stranger {
		most = 1
	}
	for first := range queue {
		batch := gather(first, queue, most)
		var verdicts []messaging.Verdict
		if in.stranger && seq > strangerLetters {
			verdicts = []messaging.Verdict{in.enough(ctx)}
		} else {
			verdicts = in.receiver.Accept(ctx, in.from, batch)
		}
		busy, err := in.answer(seq, len(batch), verdicts)
		for _, e := range batch {
			in.seat.free(len(e))
		}
		if err != nil || busy {
			return busy, err
		}
		seq += uint64(len(batch))
	}
	return false, nil
}

// enough ends the stream of a stranger who goes on writing. One who has been let in meanwhile may come again at once.
func (in *intake) enough(ctx context.Context) messaging.Verdict {
	if a, err := in.receiver.Admit(ctx, in.from, nil); err == nil && !a.Guest {
		return messaging.Verdict{Kind: messaging.Busy}
	}
	return messaging.Verdict{Kind: messaging.Busy, After: strangerWait}
}

// gather adds to the first envelope what has come besides, up to so many in all.
func gather(first []byte, queue <-chan []byte, most int) [][]byte {
	batch := append(make([][]byte, 0, min(1+len(queue), most)), first)
	for len(batch) < most {
		select {
		case e, ok := <-queue:
			if !ok {
				return batch
			}
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// answer sends the verdicts on a batch. It reports whether one of them was busy. A verdict that is
// missing counts as busy.
func (in *intake) answer(seq uint64, n int, verdicts []messaging.Verdict) (busy bool, err error) {
	for i := range n {
		v := messaging.Verdict{Kind: messaging.Busy}
		if i < len(verdicts) {
			v = verdicts[i]
		}
		body := answer{seq + uint64(i), v}.encode()
		busy = busy || messaging.VerdictKind(body[8]) == messaging.Busy
		if err := in.w.write(frameAnswer, body); err != nil {
			return busy, err
		}
	}
	return busy, in.w.flush()
}
