package p2p

import (
	"encoding/binary"

	"github.com/parley-im/parley/inbox"
)

// lifeSize is the size of a life on the wire: its branch, then its count.
const lifeSize = 8 + 4

// lives are what one side of a hello tells of wallets: how far its own has lived, and the newest life that it
// has seen of the other's. Zeros tell nothing.
type lives struct{ life, saw inbox.Life }

func (l lives) encode() []byte {
	b := make([]byte, 0, 2*lifeSize)
	for _, life := range []inbox.Life{l.life, l.saw} {
		b = binary.BigEndian.AppendUint32(append(b, life.Branch[:]...), life.Count)
	}
	return b
}

// lives returns both lives of a frame.
func (f *fields) lives() lives { return lives{f.life(), f.life()} }

func (f *fields) life() (l inbox.Life) {
	copy(l.Branch[:], f.take(len(l.Branch)))
	l.Count = f.uint32()
	return l
}
