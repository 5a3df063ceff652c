package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
)

// TestCanary looks for plaintext in every file of the folder, at every turn.
func TestCanary(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	search(t, path, "after writing")
	held := holds(t, s)
	for _, e := range held.Entries {
		noErr(t, s.Delete(t.Context(), alice, e.Seq))
	}
	for _, c := range held.Contacts {
		noErr(t, s.RemoveContact(t.Context(), c.DID))
	}
	for _, r := range held.Requests {
		noErr(t, s.DropRequest(t.Context(), r.From))
	}
	search(t, path, "after deleting")
	noErr(t, s.Close())
	search(t, path, "after closing")
}

func search(t *testing.T, path, when string) {
	t.Helper()
	sawSchema := false
	err := filepath.WalkDir(filepath.Dir(path), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, canary := range append(canaries, alice.String(), dora.String(), "root", "inbox/sqlite") {
			if bytes.Contains(b, []byte(canary)) {
				t.Errorf("%s: %q stands in %s", when, canary, filepath.Base(name))
			}
		}
		sawSchema = sawSchema || bytes.Contains(b, []byte("CREATE TABLE entries"))
		return nil
	})
	noErr(t, err)
	if !sawSchema {
		t.Errorf("%s: the search does not even find the schema", when)
	}
}

// TestHashesDiffer makes sure that equal values cannot be recognised across tables.
func TestHashesDiffer(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	db := raw(t, path)
	seen := make(map[string]string)
	for _, c := range columnsOf(t, db) {
		if c.kind != "BLOB" || c.column == "sealed" {
			continue
		}
		rows, err := db.Query("SELECT DISTINCT " + c.column + " FROM " + c.table)
		noErr(t, err)
		for rows.Next() {
			var hash []byte
			noErr(t, rows.Scan(&hash))
			for half := range slices.Chunk(hash, 16) {
				if other, ok := seen[string(half)]; ok && other != c.table+"."+c.column {
					t.Errorf("%s.%s has a hash of %s", c.table, c.column, other)
				}
			}
			halves := map[string]int{"arrivals.name": 2}[c.table+"."+c.column]
			beginsThread := len(hash) == 0 && c.column == "thread"
			if len(hash) != 16 && len(hash) != 16*halves && !beginsThread {
				t.Errorf("%s.%s has a hash of %d bytes", c.table, c.column, len(hash))
			}
			for half := range slices.Chunk(hash, 16) {
				seen[string(half)] = c.table + "." + c.column
			}
		}
		noErr(t, errors.Join(rows.Err(), rows.Close()))
	}
	if len(seen) < 20 {
		t.Errorf("only %d hashes", len(seen))
	}
}

type columnOf struct{ table, column, kind, key string }

// columnsOf returns all columns of all tables; key is the table's primary key.
func columnsOf(t *testing.T, db *sql.DB) (cs []columnOf) {
	t.Helper()
	rows, err := db.Query(`SELECT s.name, c.name, c.type, (SELECT name FROM pragma_table_info(s.name) WHERE pk = 1)
		FROM sqlite_schema s, pragma_table_info(s.name) c
		WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid`)
	noErr(t, err)
	for rows.Next() {
		var c columnOf
		noErr(t, rows.Scan(&c.table, &c.column, &c.kind, &c.key))
		cs = append(cs, c)
	}
	noErr(t, errors.Join(rows.Err(), rows.Close()))
	return cs
}

// TestEveryColumnIsBound edits one column of one row at a time.
func TestEveryColumnIsBound(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	noErr(t, s.Close())
	original, err := os.ReadFile(path)
	noErr(t, err)
	columns := columnsOf(t, raw(t, path))
	if len(columns) < 59 {
		t.Fatalf("only %d columns", len(columns))
	}
	for _, c := range columns {
		t.Run(c.table+"."+c.column, func(t *testing.T) {
			t.Parallel()
			path := tempPath(t)
			noErr(t, os.WriteFile(path, original, 0o600))
			seq := edit(t, path, c)
			s, log := openLogged(t, path)
			_, err := s.Check(t.Context())
			noErr(t, err)
			if !log.contains(fmt.Sprintf("table=%s seq=%d", c.table, seq)) {
				t.Error("the edit was not noticed")
			}
		})
	}
}

// edit changes the column in the first row of the table, and returns the row's number.
func edit(t *testing.T, path string, c columnOf) (seq int64) {
	t.Helper()
	db := raw(t, path)
	db.SetMaxOpenConns(1)
	run(t, db, "PRAGMA foreign_keys = 0")
	noErr(t, db.QueryRow(fmt.Sprintf("SELECT min(%s) FROM %s", c.key, c.table)).Scan(&seq))
	if c.kind == "INTEGER" {
		run(t, db, fmt.Sprintf("UPDATE %s SET %s = (SELECT max(%[2]s) FROM %[1]s WHERE %[2]s < 1e18) + 1 WHERE %s = ?",
			c.table, c.column, c.key), seq)
	} else {
		var b []byte
		noErr(t, db.QueryRow(fmt.Sprintf("SELECT %s FROM %s WHERE %s = ?", c.column, c.table, c.key), seq).Scan(&b))
		b[len(b)-1] ^= 1
		run(t, db, fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ?", c.table, c.column, c.key), b, seq)
	}
	if c.column == c.key {
		noErr(t, db.QueryRow(fmt.Sprintf("SELECT max(%s) FROM %s", c.key, c.table)).Scan(&seq))
	}
	noErr(t, db.Close())
	return seq
}

// sealedRows returns the numbers of the rows of a table.
func sealedRows(t *testing.T, db *sql.DB, c columnOf) (seqs []int64) {
	t.Helper()
	rows, err := db.Query(fmt.Sprintf("SELECT %s FROM %s ORDER BY 1", c.key, c.table))
	noErr(t, err)
	for rows.Next() {
		var n int64
		noErr(t, rows.Scan(&n))
		seqs = append(seqs, n)
	}
	noErr(t, errors.Join(rows.Err(), rows.Close()))
	return seqs
}

func sealedColumns(t *testing.T, db *sql.DB) []columnOf {
	return slices.DeleteFunc(columnsOf(t, db), func(c columnOf) bool { return c.column != "sealed" })
}

// TestSwappedBlobs exchanges the blobs of two rows.
func TestSwappedBlobs(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	db := raw(t, path)
	swapped := 0
	for _, c := range sealedColumns(t, db) {
		seqs := sealedRows(t, db, c)
		if len(seqs) < 2 {
			continue
		}
		swapped++
		swap(t, db, c, seqs[0], seqs[1])
		want := []sqlite.Damage{{Table: c.table, Seq: seqs[0]}, {Table: c.table, Seq: seqs[1]}}
		wantDamage(t, s, want)
		swap(t, db, c, seqs[0], seqs[1])
	}
	if swapped != 11 {
		t.Errorf("%d tables with two rows, want 11: all but checks and counters", swapped)
	}
	wantDamage(t, s, nil)
}

func swap(t *testing.T, db *sql.DB, c columnOf, one, two int64) {
	t.Helper()
	a, b := sealedBlob(t, db, c, one), sealedBlob(t, db, c, two)
	set := fmt.Sprintf("UPDATE %s SET sealed = ? WHERE %s = ?", c.table, c.key)
	run(t, db, set, b, one)
	run(t, db, set, a, two)
}

func sealedBlob(t *testing.T, db *sql.DB, c columnOf, seq int64) (b []byte) {
	t.Helper()
	noErr(t, db.QueryRow(fmt.Sprintf("SELECT sealed FROM %s WHERE %s = ?", c.table, c.key), seq).Scan(&b))
	return b
}

func wantDamage(t *testing.T, s *sqlite.Store, want []sqlite.Damage) {
	t.Helper()
	report, err := s.Check(t.Context())
	noErr(t, err)
	if d := diff(want, report.Damaged); d != "" {
		t.Fatalf("damage (-want +got):\n%s", d)
	}
	if errors.Is(report.Err(), inbox.ErrDamaged) != (len(want) > 0) || len(report.Problems) > 0 {
		t.Fatalf("report: %v, problems %v", report.Err(), report.Problems)
	}
}

// TestBitFlips flips one bit in every blob at once, many times, and wants each to be noticed.
func TestBitFlips(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	db := raw(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	flips := 0
	for range 12 {
		var want []sqlite.Damage
		var undo []func()
		for _, c := range sealedColumns(t, db) {
			for _, seq := range sealedRows(t, db, c) {
				want = append(want, sqlite.Damage{Table: c.table, Seq: seq})
				undo = append(undo, flip(t, db, random, c, seq))
			}
		}
		flips += len(want)
		report, err := s.Check(t.Context())
		noErr(t, err)
		byName := func(a, b sqlite.Damage) int { return strings.Compare(a.String(), b.String()) }
		slices.SortFunc(want, byName)
		slices.SortFunc(report.Damaged, byName)
		if d := diff(want, report.Damaged); d != "" {
			t.Fatalf("damage (-want +got):\n%s", d)
		}
		for _, u := range undo {
			u()
		}
	}
	wantDamage(t, s, nil)
	if flips < 300 {
		t.Errorf("only %d flips", flips)
	}
}

// flip flips a random bit of the blob, and returns how to flip it back.
func flip(t *testing.T, db *sql.DB, random *rand.Rand, c columnOf, seq int64) (undo func()) {
	t.Helper()
	b := sealedBlob(t, db, c, seq)
	bit := random.IntN(8 * len(b))
	turn := func() {
		b[bit/8] ^= 1 << (bit % 8)
		run(t, db, fmt.Sprintf("UPDATE %s SET sealed = ? WHERE %s = ?", c.table, c.key), b, seq)
	}
	turn()
	return turn
}
