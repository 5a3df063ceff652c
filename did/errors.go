package did

import (
	"errors"
	"strings"
)

var (
	// ErrInvalid marks a DID, DID URL or document that breaks its syntax, its limits or its
	// method's rules. Trying again does not help.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound marks a DID whose document cannot be found now. It may be found later.
	ErrNotFound = errors.New("DID not found")
	// ErrMethod marks a DID whose method nobody here resolves.
	ErrMethod = errors.New("DID method not supported")
)

// clip shortens foreign text for an error message, so that a hostile 64 KiB string does not
// travel through every log.
func clip(s string) string {
	const most = 128
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-8], "") + "…"
}
