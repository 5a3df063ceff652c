package wallet

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
)

var (
	archiveKeys = []byte("keys of the test\n")
	archiveDB   = bytes.Repeat([]byte("database of the test "), 100)
)

func testManifest() manifest {
	id, err := did.Parse("did:web:alice.example")
	if err != nil {
		panic(err)
	}
	return manifest{DID: id, Parley: archiveMagic, V: archiveVersion, Created: time.Date(2026, 11, 20, 9, 0, 0, 1000, time.UTC), Name: "alice",
		Rows: 7, Life: life{branch{1}, 2}, Keys: partOf(archiveKeys), DB: partOf(archiveDB)}
}

// testEntry is one entry of a tar file.
type testEntry struct {
	header tar.Header
	body   []byte
}

// testEntries is a good archive, to be spoilt.
func testEntries(t testing.TB, m manifest) []testEntry {
	t.Helper()
	head, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var es []testEntry
	for name, body := range map[string][]byte{manifestName: head, keysName: archiveKeys, databaseName: archiveDB} {
		es = append(es, testEntry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(body)), Mode: 0o600, Format: tar.FormatGNU}, body})
	}
	order := []string{manifestName, keysName, databaseName}
	slices.SortFunc(es, func(a, b testEntry) int {
		return slices.Index(order, a.header.Name) - slices.Index(order, b.header.Name)
	})
	return es
}

func pack(t testing.TB, es []testEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range es {
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpackAll reads an archive to its end.
func unpackAll(ctx context.Context, data []byte) (*archive, []byte, error) {
	a, err := readArchive(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	var db bytes.Buffer
	err = a.database(ctx, &db)
	return a, db.Bytes(), err
}

func TestArchiveRoundTrip(t *testing.T) {
	t.Parallel()
	want := testManifest()
	var b bytes.Buffer
	if err := writeArchive(&b, want, archiveKeys, bytes.NewReader(archiveDB)); err != nil {
		t.Fatal(err)
	}
	a, db, err := unpackAll(t.Context(), b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if a.manifest != want {
		t.Errorf("manifest %+v, want %+v", a.manifest, want)
	}
	if diff := cmp.Diff([][]byte{archiveKeys, archiveDB}, [][]byte{a.keys, db}); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
	if err := writeArchive(io.Discard, want, archiveKeys, bytes.NewReader(archiveDB[1:])); err == nil {
		t.Error("a database that shrank was written")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := unpackAll(ctx, b.Bytes()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestArchiveRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]func(es []testEntry) []testEntry{
		"nothing":               func([]testEntry) []testEntry { return nil },
		"no manifest":           func(es []testEntry) []testEntry { return es[1:] },
		"no database":           func(es []testEntry) []testEntry { return es[:2] },
		"another order":         func(es []testEntry) []testEntry { es[1], es[2] = es[2], es[1]; return es },
		"twice":                 func(es []testEntry) []testEntry { return append(es, es[2]) },
		"something more":        func(es []testEntry) []testEntry { return append(es, entry("more", []byte("x"))) },
		"a path upwards":        func(es []testEntry) []testEntry { es[2].header.Name = "../wallet.db"; return es },
		"an absolute path":      func(es []testEntry) []testEntry { es[2].header.Name = "/wallet.db"; return es },
		"a path in a folder":    func(es []testEntry) []testEntry { es[2].header.Name = "a/wallet.db"; return es },
		"a link":                func(es []testEntry) []testEntry { return link(es, tar.TypeSymlink) },
		"a hard link":           func(es []testEntry) []testEntry { return link(es, tar.TypeLink) },
		"a device":              func(es []testEntry) []testEntry { return link(es, tar.TypeChar) },
		"a folder":              func(es []testEntry) []testEntry { return link(es, tar.TypeDir) },
		"another format":        func(es []testEntry) []testEntry { es[2].header.Format = tar.FormatPAX; return es },
		"a large manifest":      func(es []testEntry) []testEntry { return set(es, 0, bytes.Repeat([]byte(" "), maxManifest+1)) },
		"large keys":            func(es []testEntry) []testEntry { return set(es, 1, make([]byte, maxKeys+1)) },
		"other keys":            func(es []testEntry) []testEntry { return set(es, 1, []byte("keys of the text\n")) },
		"another database":      func(es []testEntry) []testEntry { return set(es, 2, bytes.ToUpper(archiveDB)) },
		"a longer database":     func(es []testEntry) []testEntry { return set(es, 2, append(slices.Clone(archiveDB), 'x')) },
		"a shorter database":    func(es []testEntry) []testEntry { return set(es, 2, archiveDB[1:]) },
		"no JSON":               func(es []testEntry) []testEntry { return set(es, 0, []byte("{")) },
		"a member twice":        func(es []testEntry) []testEntry { return edit(es, `"v":1`, `"v":1,"v":1`) },
		"a newer version":       func(es []testEntry) []testEntry { return edit(es, `"v":1`, `"v":2`) },
		"of another program":    func(es []testEntry) []testEntry { return edit(es, `"backup"`, `"export"`) },
		"a negative size":       func(es []testEntry) []testEntry { return edit(es, `"bytes":2100`, `"bytes":-1`) },
		"an impossible size":    func(es []testEntry) []testEntry { return edit(es, `"bytes":2100`, `"bytes":99999999999999`) },
		"a DID that is none":    func(es []testEntry) []testEntry { return edit(es, `"did:web`, `"dud:web`) },
		"a branch that is none": func(es []testEntry) []testEntry { return edit(es, `"0100000000000000"`, `"01"`) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := pack(t, spoil(testEntries(t, testManifest())))
			if _, _, err := unpackAll(t.Context(), data); !errors.Is(err, errArchive) {
				t.Errorf("got %v, want errArchive", err)
			}
		})
	}
	good := pack(t, testEntries(t, testManifest()))
	for i := range bytes.LastIndex(good, archiveDB) + len(archiveDB) { // what follows is padding
		if _, _, err := unpackAll(t.Context(), good[:i]); err == nil {
			t.Fatalf("cut at %d of %d: no error", i, len(good))
		}
	}
	if _, _, err := unpackAll(t.Context(), append(good, 0)); !errors.Is(err, errArchive) {
		t.Errorf("appended: %v", err)
	}
}

func entry(name string, body []byte) testEntry {
	return testEntry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(body)), Format: tar.FormatGNU}, body}
}

func set(es []testEntry, i int, body []byte) []testEntry {
	es[i] = entry(es[i].header.Name, body)
	return es
}

func edit(es []testEntry, old, new string) []testEntry {
	if !strings.Contains(string(es[0].body), old) {
		panic("the manifest has no " + old)
	}
	return set(es, 0, []byte(strings.Replace(string(es[0].body), old, new, 1)))
}

// link makes the database an entry of another kind, without a body.
func link(es []testEntry, kind byte) []testEntry {
	es[2] = testEntry{tar.Header{Typeflag: kind, Name: databaseName, Linkname: "/etc/passwd", Format: tar.FormatGNU}, nil}
	return es
}

// Whatever is read, memory is bounded, and what comes out is what the manifest says.
func FuzzArchive(f *testing.F) {
	good := pack(f, testEntries(f, testManifest()))
	f.Add(good)
	f.Add(good[:600])
	f.Add([]byte{})
	f.Add(pack(f, link(testEntries(f, testManifest()), tar.TypeSymlink)))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, db, err := unpackAll(t.Context(), data)
		if err != nil {
			return
		}
		if partOf(a.keys) != a.Keys || partOf(db) != a.DB || len(db) > len(data) {
			t.Errorf("%+v came out with %d and %d bytes", a.manifest, len(a.keys), len(db))
		}
	})
}
