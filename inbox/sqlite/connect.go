package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// minVersion is the first SQLite in which the reset of a write-ahead log cannot corrupt a database.
const minVersion = 3_051_003

// pragma is a setting that every connection must have. Those that the data source name cannot carry
// are set; all are read back.
type pragma struct {
	name, value string
	set         bool
}

var pragmas = []pragma{
	{name: "journal_mode", value: "wal"},
	{name: "synchronous", value: "2"}, // FULL: a commit is on the disk when it returns
	{name: "foreign_keys", value: "1"},
	{name: "busy_timeout", value: "5000"},
	{name: "secure_delete", value: "1"},
	// These make macOS flush the disk's own cache; elsewhere they change nothing.
	{name: "fullfsync", value: "1", set: true},
	{name: "checkpoint_fullfsync", value: "1", set: true},
	// A checkpoint flushes twice. With many rows each one that is added changes pages of its own in the
	// indexes of hashes, so more of them are gathered than the 1,000 that are usual: 16 MiB of log.
	{name: "wal_autocheckpoint", value: "4000", set: true},
	// Every savepoint keeps the pages that are changed behind it. In files they would lie outside the wallet's
	// folder, and writing them would cost more than the log does.
	{name: "temp_store", value: "2", set: true}, // in memory
}

// dataSource names the database at the absolute path, for the writer or for readers.
func dataSource(path string, reader bool) string {
	q := "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_busy_timeout=5000&_secure_delete=on&_mutex=no&_stmt_cache_size=96"
	if reader {
		// A reader forgets its pages with each commit, so a large cache would be filled and not used.
		q += "&_txlock=deferred&_query_only=1&_cache_size=-512"
	} else {
		q += "&_txlock=immediate&_query_only=0&_cache_size=-2048" // 2 MiB: with more, wallets of 100,000 messages are not faster
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q
}

// connector opens connections and refuses those that are not as durable as they have to be.
type connector struct {
	source string
	reader bool
}

var _ driver.Connector = connector{}

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.source)
	if err != nil {
		return nil, err
	}
	if err := c.prove(conn.(*sqlite3.SQLiteConn)); err != nil {
		return nil, fmt.Errorf("%w%s", err, closing(conn))
	}
	return conn, nil
}

// closing closes what an error has made useless, and says so if even that fails.
func closing(c io.Closer) string {
	if err := c.Close(); err != nil {
		return " (and closing it: " + err.Error() + ")"
	}
	return ""
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (c connector) prove(conn *sqlite3.SQLiteConn) error {
	want := append([]pragma{{name: "query_only", value: "0"}}, pragmas...)
	if c.reader {
		want[0].value = "1"
	}
	for _, p := range want {
		if p.set {
			if _, err := conn.Exec("PRAGMA "+p.name+" = "+p.value, nil); err != nil {
				return fmt.Errorf("set %s: %w", p.name, err)
			}
		}
		got, err := readPragma(conn, p.name)
		if err != nil {
			return fmt.Errorf("read back %s: %w", p.name, err)
		}
		if got != p.value {
			return fmt.Errorf("sqlite has %s = %s instead of %s: messages would not be safe, so the store does not open", p.name, got, p.value)
		}
	}
	return nil
}

func readPragma(conn *sqlite3.SQLiteConn, name string) (string, error) {
	rows, err := conn.Query("PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	row := make([]driver.Value, 1)
	err = rows.Next(row)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", err
	}
	if b, ok := row[0].([]byte); ok {
		row[0] = string(b)
	}
	return strings.ToLower(fmt.Sprint(row[0])), nil
}

func checkVersion(number int, text string) error {
	if number < minVersion {
		return fmt.Errorf("sqlite %s can corrupt a database when its log starts anew: build with sqlite 3.51.3 or newer", text)
	}
	return nil
}

// connect returns a pool of at most size connections.
func connect(path string, reader bool, size int) *sql.DB {
	db := sql.OpenDB(connector{dataSource(path, reader), reader})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}
