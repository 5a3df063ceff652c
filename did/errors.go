package did

import (
	"errors"

	"github.com/parley-im/parley/did/internal/foreign"
)

var (
	// ErrInvalid marks a DID, DID URL or document that breaks its syntax, its limits or its
	// method's rules. Trying again does not help.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound marks a DID whose document cannot be found now. It may be found later.
	ErrNotFound = errors.New("DID not found")
	// ErrMethod marks a DID whose method nobody here resolves.
	ErrMethod = errors.New("DID method not supported")
	// ErrDeactivated marks a DID whose owner has given it up, by the rules of its method.
	ErrDeactivated = errors.New("DID deactivated")
	// ErrRewritten marks a log that does not go on from where it was seen before: it was cut short or
	// written anew, by its host or by somebody with the keys of old. What was known before still holds.
	ErrRewritten = errors.New("the DID's log was cut short or rewritten")
	// ErrUnsafe marks an address that must not be asked, such as one of a private network.
	ErrUnsafe = errors.New("not a public address")
)

// clip makes text of others fit for an error message, so that a hostile 64 KiB string does not travel through every
// log, nor what steers a terminal. Quoting the result cannot make it much longer.
func clip(s string) string { return foreign.Text(s, 128) }
