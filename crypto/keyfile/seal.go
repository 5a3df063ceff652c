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

	ringSecretSize = 32
)

// ErrPassphrase says that the passphrase is wrong, that one is needed and none was given, or that
// one was given and the file has none.
var ErrPassphrase = errors.New("passphrase does not fit the key file")

// errNoPassphrase refuses a passphrase for a file that has none.
var errNoPassphrase = fmt.Errorf("%w: the file has none, so open it without one, or set one", ErrPassphrase)

// cost is what argon2id takes; memory is in KiB.
type cost struct {
	time, memory uint32
	threads      uint8
}

// defaultCost is that of every new file: the second recommendation of RFC 9106 section 4.
var defaultCost = cost{time: 3, memory: 64 << 10, threads: 4}

// seal returns the text of a new key file; an empty passphrase leaves it unprotected.
func seal(root *[rootSize]byte, passphrase []byte, c cost) ([]byte, error) {
	h := header{KDF: kdfNone}
	if len(passphrase) > 0 {
		h.KDF, h.Time, h.Memory, h.Threads = kdfArgon2, c.time, c.memory, c.threads
	}
	return h.seal(root, passphrase)
}

// sealRing returns the text of a new key file under a secret that lies in a keyring under the account.
func sealRing(root *[rootSize]byte, account string, secret []byte) ([]byte, error) {
	h := header{KDF: kdfKeyring, Ring: account}
	return h.seal(root, secret)
}

// seal fills in what is the same in all headers, and returns the text of the file.
func (h *header) seal(root *[rootSize]byte, secret []byte) ([]byte, error) {
	salt, nonce := make([]byte, saltSize), make([]byte, nonceSize)
	rand.Read(salt) // never fails: it ends the program instead
	rand.Read(nonce)
	h.Parley, h.V, h.Salt, h.Nonce = magic, version, b64(salt), b64(nonce)
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("seal the key file: %w", err)
	}
	key, err := h.key(secret, salt)
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

// key derives the key that seals the root from a passphrase or the keyring's secret.
func (h *header) key(secret, salt []byte) ([]byte, error) {
	switch h.KDF {
	case kdfNone:
		return hkdf.Key(sha256.New, nil, salt, "parley key file v1 none", chacha20poly1305.KeySize)
	case kdfKeyring:
		return hkdf.Key(sha256.New, secret, salt, "parley key file v1 keyring", chacha20poly1305.KeySize)
	}
	return argon2.IDKey(secret, salt, h.Time, h.Memory, h.Threads, chacha20poly1305.KeySize), nil
}

// open returns the root of a parsed file, given the passphrase or the keyring's secret. The error wraps
// ErrPassphrase or ErrEntry, or ErrDamaged where no secret can be at fault.
func (f *sealedFile) open(secret []byte) (*[rootSize]byte, error) {
	if f.kind() == Passphrase && len(secret) == 0 {
		return nil, fmt.Errorf("%w: one is needed", ErrPassphrase)
	}
	if f.kind() == None && len(secret) > 0 {
		return nil, errNoPassphrase
	}
	key, err := f.header.key(secret, f.salt)
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
		return nil, f.misfit()
	}
	defer clear(plain)
	return (*[rootSize]byte)(append([]byte(nil), plain...)), nil
}

// misfit is the error of a seal that does not open.
func (f *sealedFile) misfit() error {
	switch f.kind() {
	case Passphrase:
		return fmt.Errorf("%w: it is wrong", ErrPassphrase)
	case Keyring:
		return fmt.Errorf("%w: its entry is another one", ErrEntry)
	}
	return fmt.Errorf("%w: the seal does not fit", ErrDamaged)
}
