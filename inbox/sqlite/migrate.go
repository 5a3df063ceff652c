package sqlite

import (
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/inbox"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the database as one of ours: "Prly".
const applicationID = 0x50726c79

// rewrites are what SQL cannot do in the step to a version: it does not know the keys.
var rewrites = map[int]func(session) error{2: session.renameArrivals}

// migrate brings the schema to the newest version, each step in one transaction. There is no way
// back: a newer version than we know is refused.
func migrate(w session) error {
	scripts, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	version, err := w.schemaVersion()
	if err != nil {
		return err
	}
	if version > len(scripts) {
		return fmt.Errorf("schema version %d, this parley knows %d: %w", version, len(scripts), inbox.ErrSchema)
	}
	if version > 0 && version < len(scripts) {
		if err := w.unlock(); err != nil { // before rows are sealed anew
			return err
		}
	}
	for v := version; v < len(scripts); v++ {
		script, err := migrations.ReadFile(scripts[v])
		if err != nil {
			return err
		}
		if err := w.apply(v+1, string(script)); err != nil {
			return fmt.Errorf("migrate to schema version %d: %w", v+1, err)
		}
	}
	return nil
}

// schemaVersion returns the version of the database, 0 for an empty one.
func (s session) schemaVersion() (int, error) {
	var version, id, tables int
	if _, err := s.get("SELECT count(*) FROM sqlite_schema", nil, &tables); err != nil {
		return 0, err
	}
	if _, err := s.get("PRAGMA user_version", nil, &version); err != nil {
		return 0, err
	}
	if _, err := s.get("PRAGMA application_id", nil, &id); err != nil {
		return 0, err
	}
	if tables > 0 && id != applicationID {
		return 0, errors.New("this is a database of another program")
	}
	var foreign int
	if _, err := s.get("SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')", nil, &foreign); err != nil {
		return 0, err
	}
	if foreign > 0 { // a trigger could undo what we write
		return 0, fmt.Errorf("%w: somebody has added %d views or triggers to it", inbox.ErrDamaged, foreign)
	}
	return version, nil
}

func (s session) apply(version int, script string) error {
	err := s.exec("BEGIN IMMEDIATE")
	if err != nil {
		return err
	}
	err = s.exec(script)
	if rewrite := rewrites[version]; err == nil && rewrite != nil {
		err = rewrite(s)
	}
	if err == nil {
		err = s.exec(fmt.Sprintf("PRAGMA user_version = %d;PRAGMA application_id = %d;", version, applicationID))
	}
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		return errors.Join(err, s.exec("ROLLBACK"))
	}
	return nil
}

// renamePage is how many arrivals are renamed between two queries.
const renamePage = 500

// renameArrivals puts the hash of the message id before the name of each arrival of a known sender whose
// entry still exists. The others keep the name that they have, under which they are known as well.
func (s session) renameArrivals() error {
	for last := int64(0); ; {
		var page []renamed
		err := s.each(`SELECT a.seq, a.name, a.sealed, b.sealed FROM arrivals a JOIN bodies b ON b.seq = a.seq
			WHERE a.seq > ? ORDER BY a.seq LIMIT ?`, []any{last, renamePage}, func(rows *sql.Rows) error {
			var r renamed
			err := rows.Scan(&r.seq, &r.name, &r.sealed, &r.body)
			page = append(page, r)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			if last = r.seq; !s.rename(&r) {
				continue
			}
			if err := s.exec("UPDATE arrivals SET name = ?, sealed = ? WHERE seq = ?", r.name, r.sealed, r.seq); err != nil {
				return err
			}
		}
	}
}

// renamed is an arrival with the body of its entry.
type renamed struct {
	seq                int64
	name, sealed, body []byte
}

// rename seals the row under its new name; false if it keeps the one it has. Damaged rows do.
func (s session) rename(r *renamed) bool {
	digest, err := s.open(r.sealed, bind("arrivals", r.seq).hashes(r.name), "arrivals", r.seq)
	if err != nil {
		return false
	}
	text, err := s.open(r.body, bind("bodies", r.seq), "bodies", r.seq)
	if err != nil {
		return false
	}
	e, err := decodeBody(text)
	if err != nil || e.From.IsZero() {
		return false
	}
	r.name = append(s.hash(arrivalID, e.MessageID), r.name...)
	r.sealed = s.seal(digest.rest, bind("arrivals", r.seq).hashes(r.name))
	return true
}

// unlock proves that the keys are those of the database, by opening the check row or the counters:
// one of them may be damaged and is then made anew. Into a new database it writes both.
func (s session) unlock() error {
	var rows int
	if _, err := s.get("SELECT (SELECT count(*) FROM checks) + (SELECT count(*) FROM counters)", nil, &rows); err != nil {
		return err
	}
	if rows == 0 {
		return s.lockUp()
	}
	var sealed []byte
	if _, err := s.get("SELECT sealed FROM checks WHERE id = 1", nil, &sealed); err != nil {
		return err
	}
	_, check := s.open(sealed, bind("checks", 1), "checks", 1)
	_, count := s.loadCounters()
	switch {
	case check != nil && count != nil:
		return fmt.Errorf("this key does not open it: %w", inbox.ErrDamaged)
	case check != nil:
		return s.exec("REPLACE INTO checks (id, sealed) VALUES (1, ?)", s.seal(nil, bind("checks", 1)))
	case count != nil:
		return s.recount()
	}
	return nil
}

// lockUp seals a new database under the keys.
func (s session) lockUp() error {
	if err := s.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := s.exec("INSERT INTO checks (id, sealed) VALUES (1, ?)", s.seal(nil, bind("checks", 1)))
	if err == nil {
		err = s.exec("INSERT INTO counters (id, rev, lease, sealed) VALUES (1, 0, 0, ?)", s.seal(nil, counters{}.binding()))
	}
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		return errors.Join(err, s.exec("ROLLBACK"))
	}
	return nil
}

// recountGap is added to the newest revision that is left, since later ones may have been deleted and
// somebody may follow them.
const recountGap = 1 << 32

// recount makes a damaged counters row anew, from what has been counted.
func (s session) recount() error {
	var c counters
	_, err := s.get(`SELECT
		max((SELECT coalesce(max(rev), 0) FROM entries), (SELECT coalesce(max(rev), 0) FROM parcels)),
		(SELECT coalesce(max(lease), 0) FROM destinations)`, nil, &c.rev, &c.lease)
	if err != nil {
		return err
	}
	c.rev += recountGap
	return s.exec("REPLACE INTO counters (id, rev, lease, sealed) VALUES (1, ?, ?, ?)",
		c.rev, c.lease, s.seal(nil, c.binding()))
}

// inTransaction reports whether a connection of the driver is within one.
func inTransaction(conn any) bool { return !conn.(*sqlite3.SQLiteConn).AutoCommit() }
