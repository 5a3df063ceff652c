package didplc

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/internal/foreign"
)

const (
	// maxOperations bounds the log; the reference directory takes no more than a hundred a week.
	maxOperations = 1000
	// maxEntry bounds one entry in bytes; the reference directory takes operations of 7,500 bytes (DAG-CBOR).
	maxEntry = did.MaxDocument
)

// entry is a line of the audit log: an operation, and what the directory says about it.
type entry struct {
	op        *operation
	did, cid  string
	nullified bool
	created   time.Time
	// signer is the place of the key that signed among the rotation keys of the operation before; set by history.
	signer int
}

// parseLog reads an audit log entry by entry, so that a limit ends the work.
func parseLog(text []byte) ([]entry, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != '[' {
		return nil, errors.New("the answer is no JSON array of operations")
	}
	var entries []entry
	for d.PeekKind() != ']' {
		if len(entries) == maxOperations {
			return nil, fmt.Errorf("the log has more than %d operations", maxOperations)
		}
		raw, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("operation %d: malformed JSON: %s", len(entries)+1, clip(err.Error()))
		}
		e, err := parseEntry(raw)
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", len(entries)+1, err)
		}
		entries = append(entries, e)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errors.New("the log does not end")
	}
	if d.PeekKind() != 0 || len(bytes.TrimLeft(text[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, errors.New("something follows the log")
	}
	if len(entries) == 0 {
		return nil, errors.New("the log is empty")
	}
	return entries, nil
}

func parseEntry(raw jsontext.Value) (entry, error) {
	if len(raw) > maxEntry {
		return entry{}, fmt.Errorf("longer than %d bytes", maxEntry)
	}
	var line struct {
		DID       string         `json:"did"`
		Operation jsontext.Value `json:"operation"`
		CID       string         `json:"cid"`
		Nullified bool           `json:"nullified"`
		CreatedAt string         `json:"createdAt"`
	}
	if err := json.Unmarshal(raw, &line); err != nil {
		return entry{}, errors.New(clip(err.Error()))
	}
	created, err := time.Parse(time.RFC3339, line.CreatedAt)
	if err != nil {
		return entry{}, fmt.Errorf("createdAt %q is no RFC 3339 time", clip(line.CreatedAt))
	}
	op, err := parseOperation(line.Operation)
	if err != nil {
		return entry{}, err
	}
	return entry{op: op, did: line.DID, cid: line.CID, nullified: line.Nullified, created: created}, nil
}

// clip makes text of others fit for an error message.
func clip(s string) string { return foreign.Text(s, 128) }
