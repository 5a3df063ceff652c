package p2p

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
)

// frameType is the first byte of a frame.
type frameType byte

const (
	frameHello frameType = iota + 1
	frameResponder
	frameResponderProof
	frameInitiator
	frameInitiatorProof
	frameWelcome
	frameRefused
	frameData
	frameAnswer
)

const headerSize = 5

// maxBody is the longest body of each frame type.
var maxBody = map[frameType]int{
	frameHello:          1 + nonceSize + 2 + maxDID,
	frameResponder:      nonceSize + 2 + maxDID + 2 + maxKID,
	frameResponderProof: maxProof,
	frameInitiator:      2 + maxDID + 2 + maxKID + 2 + maxRecord + 2*lifeSize + 2 + maxClaim,
	frameInitiatorProof: maxProof,
	frameWelcome:        2 + maxRecord + 2*lifeSize,
	frameRefused:        2 + maxCode + 4,
	frameData:           8 + maxEnvelope,
	frameAnswer:         8 + 1 + 4 + 2 + maxCode,
}

// errProtocol marks every breach of PROTOCOL.md by the other side.
var errProtocol = errors.New("the peer broke the protocol")

// pipe is what a wire needs of a libp2p stream.
type pipe interface {
	io.ReadWriteCloser
	CloseWrite() error
	Reset() error
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// wire reads and writes frames on a stream. One goroutine may read while another writes, but not
// during hello, in which both add to the transcript.
type wire struct {
	pipe
	r    *bufio.Reader
	w    *bufio.Writer
	sum  hash.Hash     // of all frames so far; nil after hello
	idle time.Duration // deadline of each step; zero during hello, which has one for all of it
	more time.Duration // added to the deadline of reading; the reader's own

	readHead, writeHead [headerSize]byte // here because they would escape; each side's own
}

const (
	helloBuffer = 4 << 10
	dataBuffer  = 32 << 10
)

func newWire(p pipe) *wire {
	return &wire{
		pipe: p, sum: sha256.New(),
		r: bufio.NewReaderSize(p, helloBuffer), w: bufio.NewWriterSize(p, helloBuffer),
	}
}

// endHello ends the transcript and the deadline of hello, and makes room for more.
func (w *wire) endHello(idle time.Duration) {
	_ = w.SetDeadline(time.Time{})
	w.sum, w.idle = nil, idle
	w.r = bufio.NewReaderSize(w.r, dataBuffer)
	w.w = bufio.NewWriterSize(pacedWriter{w}, dataBuffer)
}

// transcript is the hash of all frames sent and received so far.
func (w *wire) transcript() []byte { return w.sum.Sum(nil) }

// write puts a frame, whose body is the parts, into the buffer.
func (w *wire) write(t frameType, parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if size > maxBody[t] {
		return fmt.Errorf("frame %d of %d bytes: at most %d are allowed", t, size, maxBody[t])
	}
	w.writeHead[0] = byte(t)
	binary.BigEndian.PutUint32(w.writeHead[1:], uint32(size))
	if err := w.put(w.writeHead[:]); err != nil {
		return err
	}
	for _, p := range parts {
		if err := w.put(p); err != nil {
			return err
		}
	}
	return nil
}

func (w *wire) put(b []byte) error {
	if w.sum != nil {
		w.sum.Write(b)
	}
	_, err := w.w.Write(b)
	return err
}

func (w *wire) flush() error { return w.w.Flush() }

// header reads the start of a frame, which must be one of the wanted types, and returns the size of
// its body. It returns io.EOF only where a frame could begin.
func (w *wire) header(wanted ...frameType) (frameType, int, error) {
	head := w.readHead[:]
	if w.r.Buffered() < headerSize {
		w.extend()
	}
	if _, err := io.ReadFull(w.r, head); err != nil {
		return 0, 0, err
	}
	t, size := frameType(head[0]), binary.BigEndian.Uint32(head[1:])
	if !slices.Contains(wanted, t) {
		return 0, 0, fmt.Errorf("%w: frame of type %d is out of place", errProtocol, t)
	}
	if uint64(size) > uint64(maxBody[t]) {
		return 0, 0, fmt.Errorf("%w: frame %d of %d bytes", errProtocol, t, size)
	}
	if w.sum != nil {
		w.sum.Write(head)
	}
	return t, int(size), nil
}

// body reads the body of a frame.
func (w *wire) body(size int) ([]byte, error) {
	b, err := readGrowing(w.r, size, func(step int) {
		if w.r.Buffered() < step {
			w.extend()
		}
	})
	if err == nil && w.sum != nil {
		w.sum.Write(b)
	}
	return b, err
}

// readGrowing reads size bytes and takes memory for them as they arrive. It says before each step
// how much it is about to read.
func readGrowing(r io.Reader, size int, before func(step int)) ([]byte, error) {
	b := make([]byte, 0, min(size, chunk))
	for len(b) < size {
		step := min(size-len(b), chunk)
		before(step)
		b = slices.Grow(b, step)[:len(b)+step]
		if _, err := io.ReadFull(r, b[len(b)-step:]); err != nil {
			return nil, noEOF(err)
		}
	}
	return b, nil
}

// read reads a whole frame of one of the wanted types.
func (w *wire) read(wanted ...frameType) (frameType, []byte, error) {
	t, size, err := w.header(wanted...)
	if err != nil {
		return 0, nil, err
	}
	b, err := w.body(size)
	return t, b, err
}

// extend gives the next step of reading its time.
func (w *wire) extend() {
	if w.idle > 0 {
		_ = w.SetReadDeadline(time.Now().Add(w.idle + w.more))
	}
}

// pacedWriter writes in pieces that each have a deadline of their own.
type pacedWriter struct{ w *wire }

func (p pacedWriter) Write(b []byte) (int, error) {
	done := 0
	for part := range slices.Chunk(b, chunk) {
		_ = p.w.SetWriteDeadline(time.Now().Add(p.w.idle))
		n, err := p.w.pipe.Write(part)
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// noEOF turns an end in the middle of something into an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
