package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/inbox"
)

// Damage is a row that is not as it was written.
type Damage struct {
	Table string
	Seq   int64
}

// String returns the damage as in "entries row 7".
func (d Damage) String() string { return fmt.Sprintf("%s row %d", d.Table, d.Seq) }

// Report is what Check has found.
type Report struct {
	// Rows is how many rows were opened or could not be.
	Rows int
	// Damaged are the rows that do not open, at most 1,000 of them.
	Damaged []Damage
	// Problems is what SQLite's own check says of the file: at most 100 lines, none if all is well.
	Problems []string
	// SQLite is its version, Schema that of the tables.
	SQLite string
	Schema int
	// Bytes is the size of the database with its log.
	Bytes int64
}

// Err returns nil if everything is as it was written, else an inbox.ErrDamaged that says how much is
// not.
func (r Report) Err() error {
	if len(r.Damaged) == 0 && len(r.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d rows, %d problems of the file: %w", len(r.Damaged), r.Rows, len(r.Problems), inbox.ErrDamaged)
}

// Check reads the whole database: SQLite's integrity_check and foreign_key_check, and the seal of
// every row. An error means that it could not be read to the end; the report then says what was found
// until then. It takes as long as reading the file, and blocks nobody.
func (s *Store) Check(ctx context.Context) (report Report, err error) {
	report.SQLite, _, _ = sqlite3.Version()
	if report.Bytes, err = fileSize(s.path); err != nil {
		return report, err
	}
	err = s.read(ctx, func(r session) error {
		if report.Schema, err = r.schemaVersion(); err != nil {
			return err
		}
		if report.Problems, err = r.fileProblems(); err != nil {
			return err
		}
		for _, c := range rowChecks {
			if err := r.checkTable(ctx, c, &report); err != nil {
				return err
			}
		}
		return nil
	})
	return report, err
}

func (s session) fileProblems() (problems []string, err error) {
	err = s.each("PRAGMA integrity_check(100)", nil, func(rows *sql.Rows) error {
		var line string
		err := rows.Scan(&line)
		if line != "ok" {
			problems = append(problems, line)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.each("PRAGMA foreign_key_check", nil, func(rows *sql.Rows) error {
		var table, parent string
		var row, index sql.NullInt64
		err := rows.Scan(&table, &row, &parent, &index)
		if len(problems) < 100 {
			problems = append(problems, fmt.Sprintf("%s row %d has no row in %s", table, row.Int64, parent))
		}
		return err
	})
	return problems, err
}

// rowCheck reads the rows of a table and opens each.
type rowCheck struct {
	table, query string
	open         func(s session, rows *sql.Rows) (seq int64, err error)
}

var rowChecks = []rowCheck{
	{"checks", "SELECT id, sealed FROM checks", plainCheck("checks")},
	{"counters", "SELECT id, rev, lease, sealed FROM counters", func(s session, rows *sql.Rows) (id int64, err error) {
		var c counters
		var sealed []byte
		if err = rows.Scan(&id, &c.rev, &c.lease, &sealed); err == nil {
			_, err = s.open(sealed, c.binding(), "counters", id)
		}
		if err == nil && id != 1 {
			err = s.damaged("counters", id)
		}
		return id, err
	}},
	{"arrivals", "SELECT seq, name, sealed FROM arrivals", factCheck("arrivals")},
	{"entries", "SELECT seq, rev, owner, sender, message, thread, disposition, acked, sealed FROM entries",
		func(s session, rows *sql.Rows) (int64, error) {
			var r entryRow
			err := rows.Scan(r.scan()...)
			if err == nil {
				_, err = r.open(s.vault)
			}
			return r.seq, err
		}},
	{"bodies", "SELECT seq, sealed FROM bodies", plainCheck("bodies")},
	{"messages", messageColumns, func(s session, rows *sql.Rows) (int64, error) {
		var r messageRow
		err := rows.Scan(r.scan()...)
		if err == nil {
			_, err = r.open(s.vault)
		}
		return r.id, err
	}},
	{"destinations", destColumns, func(s session, rows *sql.Rows) (int64, error) {
		var d destination
		err := rows.Scan(d.scan()...)
		if err == nil {
			err = d.open(s.vault)
		}
		return d.id, err
	}},
	{"parcels", parcelColumns, func(s session, rows *sql.Rows) (int64, error) {
		var r parcelRow
		err := rows.Scan(r.scan()...)
		if err == nil {
			err = r.open(s.vault)
		}
		return r.seq, err
	}},
	{"contacts", contactColumns, func(s session, rows *sql.Rows) (int64, error) {
		var r contactRow
		err := rows.Scan(r.scan()...)
		if err == nil {
			_, err = r.open(s.vault)
		}
		return r.id, err
	}},
	{"claims", "SELECT id, name, sealed FROM claims", factCheck("claims")},
	{"longs", "SELECT id, name, sealed FROM longs", factCheck("longs")},
	{"settings", "SELECT id, name, sealed FROM settings", factCheck("settings")},
	{"requests", requestColumns, func(s session, rows *sql.Rows) (int64, error) {
		var r requestRow
		err := rows.Scan(r.scan()...)
		if err == nil {
			_, err = r.open(s.vault)
		}
		return r.id, err
	}},
}

// plainCheck opens rows that are bound to nothing but their number.
func plainCheck(table string) func(session, *sql.Rows) (int64, error) {
	return func(s session, rows *sql.Rows) (seq int64, err error) {
		var sealed []byte
		if err = rows.Scan(&seq, &sealed); err == nil {
			_, err = s.open(sealed, bind(table, seq), table, seq)
		}
		return seq, err
	}
}

// factCheck opens rows that are bound to their name.
func factCheck(table string) func(session, *sql.Rows) (int64, error) {
	return func(s session, rows *sql.Rows) (int64, error) {
		f := fact{table: table}
		err := rows.Scan(&f.id, &f.name, &f.sealed)
		if err == nil {
			_, err = s.open(f.sealed, f.binding(), table, f.id)
		}
		return f.id, err
	}
}

// checkTable adds what is wrong in a table to the report.
func (s session) checkTable(ctx context.Context, c rowCheck, report *Report) error {
	return s.each(c.query, nil, func(rows *sql.Rows) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		report.Rows++
		seq, err := c.open(s, rows)
		if err != nil && len(report.Damaged) < maxReported {
			report.Damaged = append(report.Damaged, Damage{c.table, seq})
		}
		return nil
	})
}
