package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/parley-im/parley/did"
)

// errCodec means that a sealed text is not what this version writes.
var errCodec = errors.New("the text is cut short or of another version")

// encoder builds the text of a row: its fields one after the other, those of variable size behind
// their length. The format byte of the blob says which fields there are.
type encoder []byte

func (e *encoder) int(n int64) { *e = binary.AppendVarint(*e, n) }

func (e *encoder) bool(b bool) {
	if b {
		e.int(1)
	} else {
		e.int(0)
	}
}

func (e *encoder) bytes(b []byte) {
	*e = binary.AppendUvarint(*e, uint64(len(b)))
	*e = append(*e, b...)
}

func (e *encoder) text(s string) {
	*e = binary.AppendUvarint(*e, uint64(len(s)))
	*e = append(*e, s...)
}

func (e *encoder) did(d did.DID) { e.text(d.String()) }

func (e *encoder) pins(pins [][32]byte) {
	e.int(int64(len(pins)))
	for _, pin := range pins {
		e.bytes(pin[:])
	}
}

func (e *encoder) texts(texts []string) {
	e.int(int64(len(texts)))
	for _, s := range texts {
		e.text(s)
	}
}

// time keeps every time.Time to the nanosecond, also those that no int64 of nanoseconds holds: the
// sender of a message can claim any.
func (e *encoder) time(t time.Time) {
	e.int(t.Unix())
	e.int(int64(t.Nanosecond()))
}

// decoder reads what an encoder wrote. After the first error all reads return zero values.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.rest)
	return n * int64(d.skip(size))
}

// clone returns a decoder of a copy of what is left.
func (d *decoder) clone() decoder { return decoder{rest: bytes.Clone(d.rest), err: d.err} }

// skip passes over size bytes and returns 1, or 0 when there are not as many.
func (d *decoder) skip(size int) int {
	if d.err != nil || size <= 0 {
		d.err = errCodec
		return 0
	}
	d.rest = d.rest[size:]
	return 1
}

func (d *decoder) bool() bool { return d.int() != 0 }

// bytes returns a part of the text, not a copy.
func (d *decoder) bytes() []byte {
	n, size := binary.Uvarint(d.rest)
	if d.skip(size) == 0 || n > uint64(len(d.rest)) {
		d.err = errCodec
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text() string { return string(d.bytes()) }

func (d *decoder) did() did.DID {
	s := d.text()
	if s == "" {
		return did.DID{}
	}
	id, err := did.Parse(s)
	if err != nil {
		d.err = errCodec
	}
	return id
}

func (d *decoder) time() time.Time {
	sec, nsec := d.int(), d.int()
	return time.Unix(sec, nsec).UTC()
}

func (d *decoder) pins() (pins [][32]byte) {
	for n := d.int(); n > 0 && d.err == nil; n-- {
		pins = append(pins, [32]byte{})
		copy(pins[len(pins)-1][:], d.bytes())
	}
	return pins
}

func (d *decoder) texts() (texts []string) {
	for n := d.int(); n > 0 && d.err == nil; n-- {
		texts = append(texts, d.text())
	}
	return texts
}

// pass passes over so many fields of variable size.
func (d *decoder) pass(fields int) {
	for range fields {
		d.bytes()
	}
}

// end returns the first error; what was not read is one as well.
func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.err = errCodec
	}
	return d.err
}
