package wallet

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
)

// What is in a backup. The file is an age file (age-encryption.org/v1), binary, for one passphrase or for recipients.
// Within is a tar file in the GNU format with exactly three regular files in this order:
//
//	manifest.json   what follows, in at most 16 KiB: see manifest
//	keys            the wallet's key file, see crypto/keyfile, with kdf "none": nothing but age protects it here
//	wallet.db       the SQLite database, whole, with nothing in a log beside it
//
// So a backup opens without parley too: age -d FILE | tar -x. The names are compared and never used as paths, links
// and other kinds of entries are refused, and so is whatever follows the three.

const (
	archiveMagic   = "backup"
	archiveVersion = 1

	manifestName = "manifest.json"
	keysName     = "keys"
	databaseName = "wallet.db"

	maxManifest = 16 << 10
	maxKeys     = 4 << 10
	maxDatabase = 1 << 36 // 64 GiB
)

// errArchive is wrapped by the errors of what is no backup of ours.
var errArchive = errors.New("this is no backup of a wallet, or a newer version of parley made it")

// manifest says what is in a backup. Its life is that of the copy.
type manifest struct {
	Parley  string    `json:"parley"` // "backup"
	V       int       `json:"v"`
	Created time.Time `json:"created"`
	DID     did.DID   `json:"did"`
	Name    string    `json:"name"`
	Rows    int       `json:"rows"` // of the database, each of which was opened
	Life    life      `json:"life"`
	Keys    part      `json:"keys"`
	DB      part      `json:"database"`
}

// part is the size and the hash of one of the files.
type part struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// meter counts and hashes what is written to it.
type meter struct {
	hash.Hash
	n int64
}

func newMeter() *meter { return &meter{Hash: sha256.New()} }

// Write implements io.Writer and never fails.
func (m *meter) Write(p []byte) (int, error) {
	m.n += int64(len(p))
	return m.Hash.Write(p)
}

func (m *meter) part() part { return part{Bytes: m.n, SHA256: hex.EncodeToString(m.Sum(nil))} }

// partOf is the part that is b.
func partOf(b []byte) part {
	m := newMeter()
	_, _ = m.Write(b)
	return m.part()
}

// writeArchive writes the tar file.
func writeArchive(w io.Writer, m manifest, keys []byte, db io.Reader) error {
	head, err := json.Marshal(m)
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	for _, f := range []struct {
		name string
		size int64
		r    io.Reader
	}{
		{manifestName, int64(len(head)), bytes.NewReader(head)}, {keysName, int64(len(keys)), bytes.NewReader(keys)}, {databaseName, m.DB.Bytes, db},
	} {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: f.size, Mode: 0o600, ModTime: m.Created.Truncate(time.Second), Format: tar.FormatGNU}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(t, f.r); err != nil {
			return err
		}
	}
	return t.Close() // which fails if one was too short
}

// archive is a tar file of which the database is still to be read.
type archive struct {
	manifest
	keys []byte
	src  io.Reader
	tar  *tar.Reader
}

// readArchive reads the manifest and the keys and checks them. The error wraps errArchive, or is one of reading.
func readArchive(src io.Reader) (*archive, error) {
	a := &archive{src: src, tar: tar.NewReader(src)}
	head, err := a.small(manifestName, maxManifest)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(head, &a.manifest); err != nil {
		return nil, fmt.Errorf("%w: its manifest: %w", errArchive, err)
	}
	if a.Parley != archiveMagic || a.V != archiveVersion {
		return nil, fmt.Errorf("%w: version %d of %.32q, want %d of %q", errArchive, a.V, a.Parley, archiveVersion, archiveMagic)
	}
	if a.DB.Bytes < 0 || a.DB.Bytes > maxDatabase {
		return nil, fmt.Errorf("%w: a database of %d bytes", errArchive, a.DB.Bytes)
	}
	if a.keys, err = a.small(keysName, maxKeys); err != nil {
		return nil, err
	}
	if partOf(a.keys) != a.Keys {
		return nil, fmt.Errorf("%w: the keys are not those of the manifest", errArchive)
	}
	return a, nil
}

// next goes on to the file of this name, of at most so many bytes.
func (a *archive) next(name string, limit int64) (size int64, err error) {
	h, err := a.tar.Next()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, tar.ErrHeader):
		return 0, fmt.Errorf("%w: %s is missing", errArchive, name)
	case err != nil:
		return 0, err
	case h.Name != name || h.Typeflag != tar.TypeReg || h.Format != tar.FormatGNU || h.Size > limit:
		return 0, fmt.Errorf("%w: %.64q of %d bytes in the place of %s", errArchive, h.Name, h.Size, name)
	}
	return h.Size, nil
}

// small reads a small file whole.
func (a *archive) small(name string, limit int64) ([]byte, error) {
	size, err := a.next(name, limit)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	_, err = io.ReadFull(a.tar, data)
	return data, err
}

// database writes the database to w and reads the archive to its end, which has to be there.
func (a *archive) database(ctx context.Context, w io.Writer) error {
	if _, err := a.next(databaseName, a.DB.Bytes); err != nil {
		return err
	}
	m := newMeter()
	if _, err := io.Copy(io.MultiWriter(w, m), ctxReader{ctx, a.tar}); err != nil {
		return err
	}
	if m.part() != a.DB {
		return fmt.Errorf("%w: the database is not that of the manifest", errArchive)
	}
	if h, err := a.tar.Next(); err == nil {
		return fmt.Errorf("%w: %.64q follows", errArchive, h.Name)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	// To the end of the ciphertext, the last piece of which proves that nothing was cut off.
	rest, err := io.Copy(io.Discard, a.src)
	if err == nil && rest > 0 {
		err = fmt.Errorf("%w: %d bytes follow", errArchive, rest)
	}
	return err
}

// ctxReader ends with its context.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// badBackup is the error for the user of a backup that cannot be read.
func badBackup(path string, err error) error {
	return &control.Error{Code: control.CodeUnexpected, Message: fmt.Sprintf("%s cannot be read as a backup: %v; nothing was changed", path, err),
		Hint: "try another copy of it"}
}
