package control

import (
	"context"
	"time"
)

// Upkeep is what keeps a wallet findable, whole and safe.
type Upkeep interface {
	// Search returns the newest messages, received and sent, whose text has r.Text in it, without regard to
	// case; oldest first.
	Search(ctx context.Context, r SearchRequest) ([]Found, error)
	// Check reads everything that is stored and says what is damaged.
	Check(ctx context.Context) (Check, error)
	// Backup writes the whole wallet into one encrypted file, and reads it again to be sure.
	Backup(ctx context.Context, r BackupRequest) (Backup, error)
}

// SearchRequest is what to look for. Limit 0 means 50.
type SearchRequest struct {
	Text string `json:"text"`
	// With is a contact; empty for all.
	With  string `json:"with,omitempty"`
	Limit int    `json:"limit,omitzero"`
}

// Found is one message that was found: one of the two is set.
type Found struct {
	V        int      `json:"v"`
	Received *Message `json:"received,omitzero"`
	Sent     *Sent    `json:"sent,omitzero"`
}

// Check is what was found when everything was read.
type Check struct {
	V int `json:"v"`
	// Rows is how many there are, Damaged what does not open, by table and number.
	Rows    int      `json:"rows"`
	Damaged []string `json:"damaged,omitempty"`
	// Problems are what SQLite itself finds wrong.
	Problems []string `json:"problems,omitempty"`
	// SQLite is its version, Schema that of the tables.
	SQLite string `json:"sqlite"`
	Schema int    `json:"schema"`
	// Bytes is the size of the database with its log.
	Bytes int64 `json:"bytes"`
}

// BackupRequest says where to and for whom. Path is absolute. Passphrase or Recipients has to be set.
type BackupRequest struct {
	Path       string   `json:"path"`
	Passphrase string   `json:"passphrase,omitempty"`
	Recipients []string `json:"recipients,omitempty"`
	// Force replaces a file that is there.
	Force bool `json:"force,omitzero"`
}

// Backup is a backup that was made.
type Backup struct {
	V       int       `json:"v"`
	Path    string    `json:"path"`
	Bytes   int64     `json:"bytes"`
	Rows    int       `json:"rows"`
	Created time.Time `json:"created"`
}
