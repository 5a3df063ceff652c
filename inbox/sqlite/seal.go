package sqlite

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"

	"github.com/parley-im/parley/inbox"
	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed blob is: format byte, key-id byte, nonce (24 bytes), XChaCha20-Poly1305 of the text.
const (
	formatByte = 1
	keyByte    = 1
	headSize   = 2 + chacha20poly1305.NonceSizeX
	hashSize   = 16
)

// column is a look-up column: its keyed hashes have a key of their own.
type column string

const (
	arrivalName   column = "arrivals.name"
	arrivalID     column = "arrivals.message"
	entryOwner    column = "entries.owner"
	entrySender   column = "entries.sender"
	entryMessage  column = "entries.message"
	entryThread   column = "entries.thread"
	messageName   column = "messages.name"
	messageOwner  column = "messages.owner"
	messageID     column = "messages.message"
	messageThread column = "messages.thread"
	destName      column = "destinations.name"
	destRecipient column = "destinations.recipient"
	contactDID    column = "contacts.did"
	contactName   column = "contacts.name"
	claimName     column = "claims.name"
	longName      column = "longs.name"
	settingName   column = "settings.name"
	requestName   column = "requests.name"
)

var columns = []column{
	arrivalName, arrivalID, entryOwner, entrySender, entryMessage, entryThread,
	messageName, messageOwner, messageID, messageThread, destName, destRecipient,
	contactDID, contactName, claimName, longName, settingName, requestName,
}

// vault seals and opens rows and computes look-up hashes. It is safe for concurrent use.
type vault struct {
	aead cipher.AEAD
	keys map[column][32]byte
	log  *slog.Logger

	senders senders    // what cannot be read from hashes
	parsed  parsedKeys // of contacts

	mu       sync.Mutex
	reported map[rowID]bool // guarded by mu: rows whose damage is in the log
}

type rowID struct {
	table string
	seq   int64
}

// maxReported bounds what a damaged disk can make us log and remember.
const maxReported = 1000

func newVault(subkey func(label string) [32]byte, log *slog.Logger) (*vault, error) {
	key := subkey("inbox/sqlite seal 1")
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, err
	}
	v := &vault{aead: aead, keys: make(map[column][32]byte), log: log, reported: make(map[rowID]bool)}
	for _, c := range columns {
		v.keys[c] = subkey("inbox/sqlite look-up 1 " + string(c))
	}
	return v, nil
}

// hash returns the keyed hash of the parts for a look-up column.
func (v *vault) hash(c column, parts ...string) []byte {
	key, ok := v.keys[c]
	if !ok {
		panic("sqlite: no look-up key for " + string(c))
	}
	mac := hmac.New(sha256.New, key[:])
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)[:hashSize]
}

// binding is the associated data of a row: what must not be changed without being noticed.
type binding []byte

// bind starts a binding with the table and the row's never-reused number.
func bind(table string, seq int64) binding { return binding(nil).bind(table, seq) }

// bind is as the function, into the memory of b.
func (b binding) bind(table string, seq int64) binding {
	b = append(b[:0], formatByte, keyByte, byte(len(table)))
	return append(b, table...).ints(seq)
}

func (b binding) ints(ns ...int64) binding {
	for _, n := range ns {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

func (b binding) hashes(hs ...[]byte) binding {
	for _, h := range hs {
		b = binary.BigEndian.AppendUint32(b, uint32(len(h)))
		b = append(b, h...)
	}
	return b
}

func (v *vault) seal(text []byte, b binding) []byte {
	blob := make([]byte, headSize, headSize+len(text)+chacha20poly1305.Overhead)
	blob[0], blob[1] = formatByte, keyByte
	nonce := blob[2:headSize]
	_, _ = rand.Read(nonce) // never fails: it ends the process instead
	return v.aead.Seal(blob, nonce, text, b)
}

// open returns the text of a row, or ErrDamaged, which it also logs, once per row.
func (v *vault) open(blob []byte, b binding, table string, seq int64) (decoder, error) {
	return v.openInto(nil, blob, b, table, seq)
}

// openInto is as open, into the memory of dst if that is large enough.
func (v *vault) openInto(dst, blob []byte, b binding, table string, seq int64) (decoder, error) {
	if len(blob) < headSize || blob[0] != formatByte || blob[1] != keyByte {
		return decoder{}, v.damaged(table, seq)
	}
	text, err := v.aead.Open(dst[:0], blob[2:headSize], blob[headSize:], b)
	if err != nil {
		return decoder{}, v.damaged(table, seq)
	}
	return decoder{rest: text}, nil
}

// damaged returns an ErrDamaged that names the row, and logs it once.
func (v *vault) damaged(table string, seq int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if id := (rowID{table, seq}); !v.reported[id] && len(v.reported) < maxReported {
		v.reported[id] = true
		v.log.Error("a stored row is damaged; restore a backup to get it back", "table", table, "seq", seq)
	}
	return fmt.Errorf("%s row %d: %w", table, seq, inbox.ErrDamaged)
}
