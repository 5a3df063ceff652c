package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/inbox"
)

// session runs statements on one connection. Its statements are not interrupted when a context
// ends: they are short, and those of the writer belong to several callers.
type session struct {
	*vault
	conn *sql.Conn
}

func (s session) exec(query string, args ...any) error {
	_, err := s.conn.ExecContext(context.Background(), query, args...)
	return explain(err)
}

// get scans the first row of the result, and reports whether there was one.
func (s session) get(query string, args []any, dest ...any) (bool, error) {
	err := s.conn.QueryRowContext(context.Background(), query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, explain(err)
}

// each calls scan for every row of the result. scan must not use the session.
func (s session) each(query string, args []any, scan func(rows *sql.Rows) error) error {
	rows, err := s.conn.QueryContext(context.Background(), query, args...)
	if err != nil {
		return explain(err)
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(explain(err), rows.Close())
		}
	}
	return explain(rows.Err())
}

// numbers returns the one integer column of the result.
func (s session) numbers(query string, args ...any) (ns []int64, err error) {
	err = s.each(query, args, func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		ns = append(ns, n)
		return err
	})
	return ns, err
}

// explain says what an error of SQLite means to the owner of the wallet.
func explain(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return fmt.Errorf("the disk is full: make room; nothing of this was stored: %w", err)
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("%w: %w", inbox.ErrDamaged, err)
	case sqlite3.ErrBusy:
		return fmt.Errorf("another process keeps the database busy: %w", err)
	}
	return err
}

// diskFailed reports whether err means that the disk did not do what it was told, so that what it
// holds is no longer known. An operating system may drop what it could not write and call the next
// fsync a success, so trying again would be a lie.
func diskFailed(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code != sqlite3.ErrIoErr {
		return false
	}
	switch e.ExtendedCode {
	case sqlite3.ErrIoErrSHMSize, sqlite3.ErrIoErrNoMem, sqlite3.ErrIoErrLock, sqlite3.ErrIoErrRDlock,
		sqlite3.ErrIoErrBlocked, sqlite3.ErrIoErrCheckReservedLock:
		return false // no room for the index, no memory, or a lock: nothing was written
	}
	return true
}
