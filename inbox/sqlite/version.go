package sqlite

import (
	"context"

	"github.com/mattn/go-sqlite3"
)

// Version returns the version of SQLite that is built in, such as "3.51.3".
func Version() string {
	version, _, _ := sqlite3.Version()
	return version
}

// Schema returns the version of the database's tables: how many migrations it has had.
func (s *Store) Schema(ctx context.Context) (version int, err error) {
	err = s.read(ctx, func(r session) error {
		version, err = r.schemaVersion()
		return err
	})
	return version, err
}
