package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// backupPages is how many pages are copied between two looks at the context: a megabyte.
const backupPages = 256

// Backup writes the whole store, as it stands at one moment, into a new file with mode 0600 at path,
// which must not exist (else fs.ErrExist). The store can be read and written meanwhile. When Backup
// returns nil the file is on the disk, stands alone (it has no log), and Open opens it with the same
// keys; when it returns an error there is no file. It is sealed as the store is, and no more.
func (s *Store) Backup(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	err = s.read(ctx, func(r session) error { return r.copyTo(ctx, path) })
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// copyTo copies the snapshot of the session over the empty file at path. The copy has no journal: one
// that is cut short is removed.
func (s session) copyTo(ctx context.Context, path string) error {
	if _, err := s.schemaVersion(); err != nil { // the first read is when the snapshot begins
		return err
	}
	source := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&_journal_mode=OFF&_synchronous=OFF"
	to, err := (&sqlite3.SQLiteDriver{}).Open(source)
	if err != nil {
		return explain(err)
	}
	err = s.conn.Raw(func(from any) error {
		b, err := to.(*sqlite3.SQLiteConn).Backup("main", from.(*sqlite3.SQLiteConn), "main")
		if err != nil {
			return err
		}
		return errors.Join(copyPages(ctx, b), b.Finish())
	})
	return errors.Join(explain(err), to.Close())
}

func copyPages(ctx context.Context, b *sqlite3.SQLiteBackup) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := b.Remaining()
		done, err := b.Step(backupPages)
		if done || err != nil {
			return err
		}
		if b.Remaining() == before {
			return errors.New("something else keeps the database or the new file locked: try again")
		}
	}
}
