package keyfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

const (
	maxFile    = 4 << 10
	magic      = "key file"
	version    = 1
	kdfArgon2  = "argon2id"
	kdfKeyring = "keyring"
	kdfNone    = "none"
	saltSize   = 16
	ringIDSize = 16
	sealedSize = rootSize + 16 // XChaCha20-Poly1305 adds its tag

	// Bounds of what an altered header can make us compute.
	maxTime    = 10
	maxMemory  = 1 << 20 // KiB
	maxThreads = 16
)

// ErrDamaged says that a file is no key file of this version: cut, altered, something else, or
// written by a newer Parley. Nothing but a backup or a newer Parley helps.
var ErrDamaged = errors.New("key file is damaged, or written by a newer version")

// errForm is wrapped by ErrDamaged for everything that needs no reason of its own.
var errForm = errors.New("not three lines of the documented form")

// header is the first line of the file; its members stand in the order in which they are written.
type header struct {
	Parley  string `json:"parley"`
	V       int    `json:"v"`
	KDF     string `json:"kdf"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
	Salt    string `json:"salt"`
	Nonce   string `json:"nonce"`
	Ring    string `json:"ring,omitempty"`
}

// sealedFile is a parsed key file.
type sealedFile struct {
	header header
	line   []byte // the header as it stands in the file: the associated data
	salt   []byte
	nonce  []byte
	sealed []byte
}

// kind says what protects the root.
func (f *sealedFile) kind() Kind {
	switch f.header.KDF {
	case kdfArgon2:
		return Passphrase
	case kdfKeyring:
		return Keyring
	}
	return None
}

// encode returns the text of a key file.
func encode(line, sealed []byte) []byte {
	body := fmt.Appendf(nil, "%s\n%s\n", line, b64(sealed))
	return fmt.Appendf(body, "%s\n", checksum(body))
}

func checksum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// parse reads the text of a key file. There is one text for each content. Every error wraps
// ErrDamaged.
func parse(data []byte) (*sealedFile, error) {
	f, err := parseLines(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return f, nil
}

func parseLines(data []byte) (*sealedFile, error) {
	if len(data) > maxFile {
		return nil, errForm
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	if len(lines) != 4 || len(lines[3]) != 0 {
		return nil, errForm
	}
	body := data[:len(lines[0])+len(lines[1])]
	if string(lines[2]) != checksum(body)+"\n" {
		return nil, errors.New("the checksum does not match")
	}
	f := &sealedFile{line: bytes.TrimSuffix(lines[0], []byte("\n"))}
	if err := f.parseHeader(); err != nil {
		return nil, err
	}
	var err error
	f.sealed, err = decode(string(bytes.TrimSuffix(lines[1], []byte("\n"))), sealedSize)
	return f, err
}

func (f *sealedFile) parseHeader() error {
	h := &f.header
	if err := json.Unmarshal(f.line, h, json.RejectUnknownMembers(true)); err != nil {
		return errForm
	}
	if h.Parley != magic || h.V != version {
		return fmt.Errorf("version %d of %.32q, want %d of %q", h.V, h.Parley, version, magic)
	}
	if err := h.checkKDF(); err != nil {
		return err
	}
	var err error
	if f.salt, err = decode(h.Salt, saltSize); err != nil {
		return err
	}
	if f.nonce, err = decode(h.Nonce, nonceSize); err != nil {
		return err
	}
	if again, err := json.Marshal(h); err != nil || !bytes.Equal(again, f.line) {
		return errForm
	}
	return nil
}

func (h *header) checkKDF() error {
	switch h.KDF {
	case kdfNone, kdfKeyring:
		if h.Time != 0 || h.Memory != 0 || h.Threads != 0 {
			return errForm
		}
	case kdfArgon2:
		// RFC 9106 section 3.1 wants at least 8 KiB for each thread.
		if h.Time < 1 || h.Time > maxTime || h.Threads < 1 || h.Threads > maxThreads ||
			h.Memory < 8*uint32(h.Threads) || h.Memory > maxMemory {
			return fmt.Errorf("argon2id with time %d, %d KiB and %d threads is out of bounds", h.Time, h.Memory, h.Threads)
		}
	default:
		return fmt.Errorf("unknown kdf %.32q", h.KDF)
	}
	if h.KDF == kdfKeyring {
		_, err := decode(h.Ring, ringIDSize)
		return err
	}
	if h.Ring != "" {
		return errForm
	}
	return nil
}

// decode reads strict base64url of size bytes. Line breaks, which the decoder would skip, cannot
// occur: the sealed root is one line, and the header is compared with its only encoding.
func decode(s string, size int) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != size || b64(b) != s {
		return nil, errForm
	}
	return b, nil
}
