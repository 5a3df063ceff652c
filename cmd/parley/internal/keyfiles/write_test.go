package keyfiles_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-im/parley/cmd/parley/internal/keyfiles"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
)

func TestWrittenKeysAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.X25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		var w keyfiles.Writer
		key, err := w.Generate(c)
		if err != nil {
			t.Fatal(err)
		}
		doc := document(t, key)
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := w.Write(path, doc); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", c, info.Mode(), err)
		}
		ring, err := keyfiles.Secrets(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range doc.Methods() { // also the one that did:key derives from Ed25519
			if got, err := ring.Public(t.Context(), m.ID.String()); err != nil || !got.Equal(m.Key) {
				t.Errorf("%s: %s: %v", c, m.ID.Fragment, err)
			}
		}
		before, _ := os.ReadFile(path)
		if err := w.Write(path, doc); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: written over a file: %v", c, err)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: the file has changed", c)
		}
		w.Clear()
	}
}

func TestKeysOfAnotherDocumentAreNotWritten(t *testing.T) {
	t.Parallel()
	var w, other keyfiles.Writer
	if _, err := w.Generate(crypto.X25519); err != nil {
		t.Fatal(err)
	}
	key, err := other.Generate(crypto.X25519)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := w.Write(path, document(t, key)); err == nil {
		t.Error("written")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is left: %v", err)
	}
	if _, err := w.Generate(0); err == nil {
		t.Error("a key of no curve")
	}
}

// document is that of the did:key of a key.
func document(t *testing.T, key crypto.PublicKey) *did.Document {
	t.Helper()
	id, err := didkey.Create(key)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := didkey.Resolver{}.Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
