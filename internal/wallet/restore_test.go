package wallet_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// restore restores a backup into a new folder.
func restore(t *testing.T, v vault, name string, o wallet.RestoreOptions) wallet.Restored {
	t.Helper()
	r, err := tryRestore(t, v, name, filepath.Join(t.TempDir(), "restored"), o)
	must(t, err)
	return r
}

func tryRestore(t *testing.T, v vault, name, home string, o wallet.RestoreOptions) (wallet.Restored, error) {
	t.Helper()
	b, err := wallet.OpenBackup(v.path(name), v.key)
	if err != nil {
		return wallet.Restored{}, err
	}
	defer b.Close()
	return wallet.Restore(t.Context(), home, b, o)
}

// Everything comes back, whatever protected the keys, under another protection.
func TestRestore(t *testing.T) {
	v, home := newVault(t), filepath.Join(t.TempDir(), "alice")
	listen, err := wallet.FreeAddrs(t.Context(), "/ip4/127.0.0.1")
	must(t, err)
	made, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Name: "alice", Passphrase: []byte("old"), Listen: listen})
	must(t, err)
	w, err := wallet.Open(t.Context(), home, wallet.Options{Passphrase: []byte("old")})
	must(t, err)
	must(t, w.Store().SetSetting(t.Context(), "canary", []byte("sings")))
	b := v.backup(t, w, "b")
	must(t, w.Close())

	ring := &memoryRing{}
	r := restore(t, v, "b", wallet.RestoreOptions{Ring: ring})
	same(t, "told", []any{r.V, r.DID, r.Name, r.Rows, r.Created, r.Replaced}, []any{1, made.DID, "alice", b.Rows, b.Created, ""})
	w, err = wallet.Open(t.Context(), r.Home, wallet.Options{Ring: ring})
	must(t, err)
	defer w.Close()
	s, err := w.Status(t.Context())
	must(t, err)
	same(t, "status", []any{s.DID, s.PeerID, s.KeyStore, s.Elsewhere}, []any{made.DID, made.PeerID, "keyring", []string(nil)})
	if time.Since(s.Restored) > time.Hour {
		t.Errorf("restored at %s", s.Restored)
	}
	got, err := w.Store().Setting(t.Context(), "canary")
	must(t, err)
	same(t, "a setting", string(got), "sings")
	same(t, "files", files(t, r.Home), []string{"keys", "wallet.db"})
}

func TestRestoreWithPassphrase(t *testing.T) {
	v, w := newVault(t), open(t, folder(t, "alice"))
	_, err := w.Backup(t.Context(), control.BackupRequest{Path: v.path("b"), Passphrase: "right"})
	must(t, err)
	v.backup(t, w, "c")
	for name, want := range map[string]bool{"b": true, "c": false} {
		needs, err := wallet.BackupNeedsPassphrase(v.path(name))
		must(t, err)
		same(t, "needs a passphrase", needs, want)
	}
	for _, test := range []struct {
		name string
		key  wallet.BackupKey
		want string
	}{
		{"right", wallet.BackupKey{Passphrase: []byte("right")}, ""},
		{"wrong", wallet.BackupKey{Passphrase: []byte("wrong")}, control.CodeTrust},
		{"none", wallet.BackupKey{}, control.CodeUsage},
		{"identities", v.key, control.CodeUsage},
	} {
		b, err := wallet.OpenBackup(v.path("b"), test.key)
		same(t, test.name, code(t, err), test.want)
		if err == nil {
			must(t, b.Close())
		}
	}
}

func TestOpenBackupRefuses(t *testing.T) {
	v, w := newVault(t), open(t, folder(t, "alice"))
	v.backup(t, w, "b")
	other := newVault(t)
	must(t, os.WriteFile(v.path("text"), []byte("hello\n"), 0o600))
	must(t, os.WriteFile(v.path("empty"), nil, 0o600))
	must(t, os.WriteFile(v.path("endless"), append([]byte("age-encryption.org/v1\n-> X25519 "), bytes.Repeat([]byte("A"), 3<<20)...), 0o600))
	must(t, os.WriteFile(v.path("costly"), []byte("age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 30\n"+
		"FOKVwrnH6Gt8mOeuTyzMQ3oZE/aCeDoEaVrIJyzFAzI\n--- O5DUg0RWC3gDWeGVbG9UgyP1pJYmjjsh4QfcSYbWMAo\n"), 0o600))
	for _, test := range []struct {
		name string
		key  wallet.BackupKey
		want string
	}{
		{"missing", v.key, control.CodeUsage},
		{"b", wallet.BackupKey{Identities: v.path("missing")}, control.CodeUsage},
		{"b", wallet.BackupKey{Identities: v.path("text")}, control.CodeUsage},
		{"b", wallet.BackupKey{Passphrase: []byte("x")}, control.CodeUsage},
		{"b", other.key, control.CodeTrust},
		{"text", v.key, control.CodeUnexpected},
		{"empty", v.key, control.CodeUnexpected},
		{"endless", v.key, control.CodeUnexpected},
		{"costly", wallet.BackupKey{Passphrase: []byte("x")}, control.CodeUnexpected},
		{".", v.key, control.CodeUnexpected},
	} {
		_, err := wallet.OpenBackup(v.path(test.name), test.key)
		same(t, test.name, code(t, err), test.want)
	}
}

// Cut anywhere, or with a byte changed, a backup restores nothing and changes nothing.
func TestRestoreDamaged(t *testing.T) {
	v, w := newVault(t), open(t, folder(t, "alice"))
	v.backup(t, w, "b")
	good := []byte(read(t, v.path("b")))
	home := filepath.Join(t.TempDir(), "new")
	for name, bad := range map[string][]byte{
		"cut in the header": good[:100], "cut in the keys": good[:1500], "cut in the database": good[:len(good)/2],
		"cut before the last byte": good[:len(good)-1], "appended": append(slices.Clone(good), 0),
		"a byte in the database": flip(good, len(good)/2), "the last byte": flip(good, len(good)-1), "a byte in the header": flip(good, 60),
	} {
		must(t, os.WriteFile(v.path("bad"), bad, 0o600))
		_, err := tryRestore(t, v, "bad", home, wallet.RestoreOptions{})
		if c := code(t, err); c != control.CodeUnexpected && c != control.CodeTrust {
			t.Errorf("%s: %q, %v", name, c, err)
		}
		if _, err := os.Stat(home); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: left %v", name, files(t, home))
		}
	}
}

func flip(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i] ^= 1
	return b
}

// Never over a wallet; with force the old one is moved aside whole, and opens there.
func TestRestoreForce(t *testing.T) {
	v, alice := newVault(t), open(t, folder(t, "alice"))
	v.backup(t, alice, "b")
	home := folder(t, "bob")
	bob, err := open(t, home).Self(t.Context())
	must(t, err)
	_, err = tryRestore(t, v, "b", home, wallet.RestoreOptions{Force: true})
	if !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("over a wallet that is open: %v", err)
	}
	home2 := folder(t, "carol")
	before := read(t, filepath.Join(home2, "keys"))
	_, err = tryRestore(t, v, "b", home2, wallet.RestoreOptions{})
	same(t, "without force", code(t, err), control.CodeUsage)
	same(t, "key file", read(t, filepath.Join(home2, "keys")), before)

	r, err := tryRestore(t, v, "b", home2, wallet.RestoreOptions{Force: true})
	must(t, err)
	same(t, "files", files(t, home2), []string{"keys", filepath.Base(r.Replaced), "wallet.db"})
	self, err := open(t, home2).Self(t.Context())
	must(t, err)
	same(t, "restored", self.DID, r.DID)
	same(t, "the old key file", read(t, filepath.Join(r.Replaced, "keys")), before)
	carol, err := open(t, r.Replaced).Self(t.Context())
	must(t, err)
	same(t, "the old wallet", carol.Name, "carol")
	if bob.DID == r.DID || carol.DID == r.DID {
		t.Error("they are all one")
	}
}

func TestRestoreOverWhatIsLeft(t *testing.T) {
	v, alice := newVault(t), open(t, folder(t, "alice"))
	v.backup(t, alice, "b")
	// A wallet that was never finished is none.
	home := folder(t, "bob")
	must(t, os.Rename(filepath.Join(home, "keys"), filepath.Join(home, "keys.unfinished")))
	r, err := tryRestore(t, v, "b", home, wallet.RestoreOptions{})
	must(t, err)
	same(t, "files", files(t, home), []string{"keys", "wallet.db"})
	same(t, "replaced", r.Replaced, "")
	// A database without its keys is somebody's.
	home = folder(t, "carol")
	must(t, os.Remove(filepath.Join(home, "keys")))
	_, err = tryRestore(t, v, "b", home, wallet.RestoreOptions{})
	same(t, "over a database", code(t, err), control.CodeUsage)
	r, err = tryRestore(t, v, "b", home, wallet.RestoreOptions{Force: true})
	must(t, err)
	same(t, "replaced", files(t, r.Replaced), []string{"wallet.db"})
	// A folder that is open to others.
	home = t.TempDir()
	must(t, os.Chmod(home, 0o755))
	_, err = tryRestore(t, v, "b", home, wallet.RestoreOptions{})
	same(t, "an open folder", code(t, err), control.CodeTrust)
	same(t, "files", files(t, home), []string(nil))
}

// Killed between any two of its steps, a restore has happened or has not, and the next command goes on from there.
func TestRestoreKilled(t *testing.T) {
	v, alice := newVault(t), open(t, folder(t, "alice"))
	v.backup(t, alice, "b")
	self, err := alice.Self(t.Context())
	must(t, err)
	rename := func(from, to string) func(home string) error {
		return func(home string) error {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(home, to)), 0o700))
			return os.Rename(filepath.Join(home, from), filepath.Join(home, to))
		}
	}
	steps := []func(home string) error{
		rename("restore.unfinished", "restore.ready"), // from here on it is the wallet
		rename("keys", "restore.ready/replaced/keys"),
		rename("wallet.db", "restore.ready/replaced/wallet.db"),
		rename("restore.ready/wallet.db", "wallet.db"),
		rename("restore.ready/keys", "keys"),
		rename("restore.ready/replaced", "replaced-20261120T090000Z"),
	}
	for killed := range len(steps) + 1 {
		home := folder(t, "bob")
		b, err := wallet.OpenBackup(v.path("b"), v.key)
		must(t, err)
		must(t, b.Build(t.Context(), home))
		must(t, b.Close())
		for _, step := range steps[:killed] {
			must(t, step(home))
		}
		same(t, "a wallet", wallet.Exists(home), true)
		if _, err := wallet.KeyStore(home); err != nil {
			t.Errorf("killed after %d steps: %v", killed, err)
		}
		got, err := open(t, home).Self(t.Context())
		if err != nil {
			t.Fatalf("killed after %d steps: %v", killed, err)
		}
		if restored := got.DID == self.DID; restored != (killed > 0) {
			t.Errorf("killed after %d steps: restored %v", killed, restored)
		}
		left := files(t, home)
		if killed > 0 {
			left = slices.DeleteFunc(left, func(name string) bool { return strings.HasPrefix(name, "replaced-") })
			if len(files(t, home)) != 3 {
				t.Errorf("killed after %d steps: the old wallet is not kept: %v", killed, files(t, home))
			}
		}
		same(t, "files", left, []string{"keys", "wallet.db"})
	}
}

// A restore that was given up leaves nothing in the keyring.
func TestRestoreFailsLate(t *testing.T) {
	v, alice := newVault(t), open(t, folder(t, "alice"))
	v.backup(t, alice, "b")
	home, ring := filepath.Join(t.TempDir(), "new"), &memoryRing{}
	for looks := 0; ; looks++ {
		b, err := wallet.OpenBackup(v.path("b"), v.key)
		must(t, err)
		_, err = wallet.Restore(&failing{Context: t.Context(), left: looks}, home, b, wallet.RestoreOptions{Ring: ring})
		must(t, b.Close())
		if err == nil {
			break
		}
		if _, err := os.Stat(home); !errors.Is(err, os.ErrNotExist) || len(ring.entries) != 0 {
			t.Fatalf("given up after %d looks: left %v and %d entries", looks, files(t, home), len(ring.entries))
		}
	}
	same(t, "entries", len(ring.entries), 1)
	w, err := wallet.Open(t.Context(), home, wallet.Options{Ring: ring})
	must(t, err)
	must(t, w.Close())
}

// What others have seen is judged, told once, kept, and forgotten by a wallet that is restored anew.
func TestElsewhere(t *testing.T) {
	v, w := newVault(t), open(t, folder(t, "alice"))
	mallory, err := did.Parse("did:web:mallory.example")
	must(t, err)
	w.Lived(mallory, w.Life())
	w.Lived(mallory, inbox.Life{})
	news, err := w.News(t.Context())
	must(t, err)
	same(t, "nothing to tell", news, []string(nil))
	w.Lived(mallory, inbox.Life{Branch: [8]byte{1}, Count: 1})
	for _, want := range []int{1, 0} {
		news, err := w.News(t.Context())
		must(t, err)
		same(t, "news", len(news), want)
		s, err := w.Status(t.Context())
		must(t, err)
		same(t, "elsewhere", s.Elsewhere, []string{mallory.Short()})
	}
	v.backup(t, w, "b")
	s, err := open(t, restore(t, v, "b", wallet.RestoreOptions{}).Home).Status(t.Context())
	must(t, err)
	same(t, "restored anew", s.Elsewhere, []string(nil))
}
