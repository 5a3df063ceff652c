package p2p

import (
	"encoding/binary"
	"fmt"
)

// lp puts the length of b before it, in 16 bits. Every field has a limit below that.
func lp[T []byte | string](b T) []byte {
	out := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(b)), uint16(len(b)))
	return append(out, b...)
}

// fields takes the body of a frame apart. After the first failure everything it returns is empty.
type fields struct {
	rest   []byte
	failed bool
}

// take returns the next n bytes.
func (f *fields) take(n int) []byte {
	if f.failed || n > len(f.rest) {
		f.failed = true
		return nil
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

// lp returns a field of at most limit bytes that has its length before it.
func (f *fields) lp(limit int) []byte {
	size := f.take(2)
	if f.failed {
		return nil
	}
	n := int(binary.BigEndian.Uint16(size))
	if n > limit {
		f.failed = true
		return nil
	}
	return f.take(n)
}

func (f *fields) uint8() uint8 {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) uint32() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (f *fields) uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// end checks that nothing was missing and nothing is left.
func (f *fields) end(what string) error {
	if f.failed || len(f.rest) > 0 {
		return fmt.Errorf("%w: malformed %s", errProtocol, what)
	}
	return nil
}
