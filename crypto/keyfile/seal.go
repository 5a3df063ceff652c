package keyfile

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	rootSize  = 32
	nonceSize = chacha20poly1305.NonceSizeX
)

// ErrPassphrase says that the passphrase is wrong, that one is needed and none was given, or that
// one was given and the file has none.
var ErrPassphrase = errors.New("passphrase does not fit the key file")

// cost is what argon2id takes; memory is in KiB.
type cost struct {
	time, memory uint32
	threads      uint8
}

// defaultCost is that of every new file: the second recommendation of RFC 9106 section 4.
var defaultCost = cost{time: 3, memory: 64 << 10, threads: 4}

// seal returns the text of a new key file; an empty passphrase leaves it unprotected.
func seal(root *[rootSize]byte, passphrase []byte, c cost) ([]byte, error) {
	salt, nonce := make([]byte, saltSize), make([]byte, nonceSize)
	rand.Read(salt) // never fails: it ends the program instead
	rand.Read(nonce)
	h := header{Parley: magic, V: version, KDF: kdfNone, Salt: b64(salt), Nonce: b64(nonce)}
	if len(passphrase) > 0 {
		h.KDF, h.Time, h.Memory, h.Threads = kdfArgon2, c.time, c.memory, c.threads
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("seal the key file: %w", err)
	}
	key, err := h.key(passphrase, salt)
	if err != nil {
		return nil, fmt.Errorf("seal the key file: %w", err)
	}
	defer clear(key)
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("seal the key file: %w", err)
	}
	return encode(line, aead.Seal(nil, nonce, root[:], line)), nil
}

// key derives the key that seals the root.
func (h *header) key(passphrase, salt []byte) ([]byte, error) {
	if h.KDF == kdfNone {
		return hkdf.Key(sha256.New, nil, salt, "parley key file v1 none", chacha20poly1305.KeySize)
	}
	return argon2.IDKey(passphrase, salt, h.Time, h.Memory, h.Threads, chacha20poly1305.KeySize), nil
}

// open returns the root of a parsed file. The error wraps ErrPassphrase, or ErrDamaged where no
// passphrase can be at fault.
func (f *sealedFile) open(passphrase []byte) (*[rootSize]byte, error) {
	if f.protected() && len(passphrase) == 0 {
		return nil, fmt.Errorf("%w: one is needed", ErrPassphrase)
	}
	if !f.protected() && len(passphrase) > 0 {
		return nil, fmt.Errorf("%w: the file has none, so open it without one, or set one", ErrPassphrase)
	}
	key, err := f.header.key(passphrase, f.salt)
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", err)
	}
	defer clear(key)
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", err)
	}
	plain, err := aead.Open(nil, f.nonce, f.sealed, f.line)
	if err != nil {
		if f.protected() {
			return nil, fmt.Errorf("%w: it is wrong", ErrPassphrase)
		}
		return nil, fmt.Errorf("%w: the seal does not fit", ErrDamaged)
	}
	defer clear(plain)
	return (*[rootSize]byte)(append([]byte(nil), plain...)), nil
}
