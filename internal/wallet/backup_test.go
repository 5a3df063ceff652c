package wallet_test

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// vault is where a test keeps its backups, and what opens them.
type vault struct {
	dir       string
	identity  *age.X25519Identity
	recipient []string
	key       wallet.BackupKey
}

func newVault(t *testing.T) vault {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "identity")
	must(t, os.WriteFile(file, []byte(id.String()+"\n"), 0o600))
	return vault{dir, id, []string{id.Recipient().String()}, wallet.BackupKey{Identities: file}}
}

func (v vault) path(name string) string { return filepath.Join(v.dir, name) }

// backup makes a backup that has to succeed.
func (v vault) backup(t *testing.T, w *wallet.Wallet, name string) control.Backup {
	t.Helper()
	b, err := w.Backup(t.Context(), control.BackupRequest{Path: v.path(name), Recipients: v.recipient})
	must(t, err)
	return b
}

// files are the names in a folder, but for those of a wallet that is open.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		if !slices.Contains([]string{"lock", "wallet.db-wal", "wallet.db-shm"}, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// A backup opens with age and tar alone, and holds what it says.
func TestBackup(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	w := open(t, home)
	b := v.backup(t, w, "b.parley")
	info, err := os.Stat(v.path("b.parley"))
	must(t, err)
	same(t, "mode", info.Mode().Perm(), fs.FileMode(0o600))
	same(t, "told", []any{b.V, b.Path, b.Bytes}, []any{1, v.path("b.parley"), info.Size()})
	if b.Rows == 0 || b.Created.IsZero() {
		t.Errorf("%+v", b)
	}
	same(t, "left in the vault", files(t, v.dir), []string{"b.parley", "identity"})
	same(t, "left in the wallet", files(t, home), []string{"keys", "wallet.db"})

	f, err := os.Open(v.path("b.parley"))
	must(t, err)
	defer f.Close()
	plain, err := age.Decrypt(f, v.identity)
	must(t, err)
	var names []string
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		names = append(names, h.Name)
		if h.Name == "keys" {
			text, err := io.ReadAll(r)
			must(t, err)
			if !strings.Contains(string(text), `"kdf":"none"`) {
				t.Errorf("the keys are %s", text)
			}
		}
	}
	same(t, "content", names, []string{"manifest.json", "keys", "wallet.db"})
}

func TestBackupRefuses(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	w := open(t, home)
	must(t, os.WriteFile(v.path("there"), []byte("something"), 0o600))
	must(t, os.Symlink(v.path("there"), v.path("link")))
	must(t, os.Mkdir(v.path("folder"), 0o700))
	good := control.BackupRequest{Path: v.path("new"), Recipients: v.recipient}
	for name, change := range map[string]func(r *control.BackupRequest){
		"a file that is there":    func(r *control.BackupRequest) { r.Path = v.path("there") },
		"a link, with force":      func(r *control.BackupRequest) { r.Path, r.Force = v.path("link"), true },
		"a folder":                func(r *control.BackupRequest) { r.Path, r.Force = v.path("folder"), true },
		"no folder":               func(r *control.BackupRequest) { r.Path = v.path("missing/new") },
		"a relative path":         func(r *control.BackupRequest) { r.Path = "new" },
		"the wallet's own folder": func(r *control.BackupRequest) { r.Path, r.Force = filepath.Join(home, "wallet.db"), true },
		"nobody to open it":       func(r *control.BackupRequest) { r.Recipients = nil },
		"both":                    func(r *control.BackupRequest) { r.Passphrase = "x" },
		"no recipient":            func(r *control.BackupRequest) { r.Recipients = []string{"age1nobody"} },
		"two in one":              func(r *control.BackupRequest) { r.Recipients = []string{v.recipient[0] + "\n" + v.recipient[0]} },
		"a secret":                func(r *control.BackupRequest) { r.Recipients = []string{v.identity.String()} },
	} {
		r := good
		change(&r)
		_, err := w.Backup(t.Context(), r)
		same(t, name, code(t, err), control.CodeUsage)
		if err != nil && strings.Contains(err.Error(), v.identity.String()) {
			t.Errorf("%s: the secret stands in %v", name, err)
		}
	}
	same(t, "what was there", read(t, v.path("there")), "something")
	same(t, "left", files(t, v.dir), []string{"folder", "identity", "link", "there"})
	same(t, "the life", w.Life().Count, uint32(1))
}

func TestBackupForce(t *testing.T) {
	v, w := newVault(t), open(t, folder(t, "alice"))
	must(t, os.WriteFile(v.path("b"), []byte("something"), 0o644))
	must(t, os.WriteFile(v.path(".b.unfinished-1"), []byte("of a kill"), 0o600))
	must(t, os.WriteFile(v.path(".c.unfinished-1"), []byte("of another"), 0o600))
	_, err := w.Backup(t.Context(), control.BackupRequest{Path: v.path("b"), Recipients: v.recipient, Force: true})
	must(t, err)
	restore(t, v, "b", wallet.RestoreOptions{})
	same(t, "left", files(t, v.dir), []string{".c.unfinished-1", "b", "identity"})
	info, err := os.Stat(v.path("b"))
	must(t, err)
	same(t, "mode", info.Mode().Perm(), fs.FileMode(0o600))
}

// A backup that is given up leaves nothing, and the file that was there as it was.
func TestBackupCancelled(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	w := open(t, home)
	v.backup(t, w, "b")
	before := read(t, v.path("b"))
	// Cut off after so many looks at the context, from the first on, until one gets through.
	for looks := 0; ; looks++ {
		ctx := &failing{Context: t.Context(), left: looks}
		_, err := w.Backup(ctx, control.BackupRequest{Path: v.path("b"), Recipients: v.recipient, Force: true})
		same(t, "left", files(t, v.dir), []string{"b", "identity"})
		same(t, "left in the wallet", files(t, home), []string{"keys", "wallet.db"})
		if err == nil {
			if looks < 5 {
				t.Errorf("only %d points were tested", looks)
			}
			break
		}
		if now := read(t, v.path("b")); now != before {
			t.Fatalf("cut off after %d looks: the file has changed", looks)
		}
	}
	restore(t, v, "b", wallet.RestoreOptions{})
}

// failing ends after so many looks at it.
type failing struct {
	context.Context
	left int
}

func (f *failing) Err() error {
	if f.left--; f.left < 0 {
		return context.Canceled
	}
	return nil
}

// A row that does not open is never backed up as if all were well.
func TestBackupOfDamage(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	must(t, open(t, home).Close())
	path := filepath.Join(home, "wallet.db")
	small := len(read(t, path))
	w := open(t, home)
	must(t, w.Store().SetSetting(t.Context(), "canary", []byte(strings.Repeat("x", 60_000))))
	must(t, w.Close())
	data := []byte(read(t, path))
	data[(small+len(data))/2] ^= 1 // what has grown is pages of that value
	must(t, os.WriteFile(path, data, 0o600))
	w = open(t, home)
	_, err := w.Backup(t.Context(), control.BackupRequest{Path: v.path("b"), Recipients: v.recipient})
	same(t, "code", code(t, err), control.CodeUnexpected)
	same(t, "left", files(t, v.dir), []string{"identity"})
}

// The order of life.go: the living wallet has moved on before the copy is made, and the copy has not.
func TestBackupLife(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	w := open(t, home)
	branch := w.Life().Branch
	for n := range uint32(3) {
		name := fmt.Sprint("b", n)
		v.backup(t, w, name)
		same(t, "the living wallet", w.Life().Count, n+2)
		same(t, "the copy", origins(t, open(t, restore(t, v, name, wallet.RestoreOptions{}).Home)), []string{fmt.Sprintf("%x:%d", branch, n+1)})
	}
	// Killed after it has moved on, before the copy: a number is wasted, and no two share one.
	must(t, w.Depart(t.Context()))
	must(t, w.Close())
	w = open(t, home)
	same(t, "after the kill", w.Life().Count, uint32(5))
	v.backup(t, w, "b9")
	same(t, "the next copy", origins(t, open(t, restore(t, v, "b9", wallet.RestoreOptions{}).Home)), []string{fmt.Sprintf("%x:%d", branch, 5)})
}

// origins are the lives that a wallet comes from.
func origins(t *testing.T, w *wallet.Wallet) (got []string) {
	t.Helper()
	data, err := w.Store().Setting(t.Context(), "life")
	must(t, err)
	var b struct {
		Origins []struct {
			Branch string `json:"branch"`
			Count  int    `json:"count"`
		} `json:"origins"`
	}
	must(t, json.Unmarshal(data, &b))
	for _, o := range b.Origins {
		got = append(got, fmt.Sprintf("%s:%d", o.Branch, o.Count))
	}
	return got
}
