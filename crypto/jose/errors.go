package jose

import (
	"errors"
	"fmt"

	"github.com/parley-im/parley/crypto/internal/strictjson"
)

// Limits of what is read. Emitted documents keep them too.
const (
	// MaxSize is the largest document in bytes.
	MaxSize = 1 << 20
	// MaxDepth is how deep arrays and objects may nest, in the document and in each header.
	MaxDepth = strictjson.MaxDepth
	// MaxRecipients is how many recipients a JWE, and how many signatures a JWS may have.
	MaxRecipients = 32
)

// Errors of this package. All others come from the agreement functions and keys it is given.
var (
	// ErrMalformed says that the bytes break a rule of form: JSON, base64url, a missing or wrongly
	// typed member. Errors that wrap it name the rule, and never depend on a secret.
	ErrMalformed = errors.New("malformed message")
	// ErrUnsupported says that the form is right but an algorithm or extension is not allowed.
	ErrUnsupported = errors.New("unsupported algorithm or extension")
	// ErrTooLarge says that a document exceeds MaxSize.
	ErrTooLarge = errors.New("message too large")
	// ErrDecrypt is the one answer to every failed decryption, whatever the reason.
	ErrDecrypt = errors.New("decryption failed")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUnsupported, fmt.Errorf(format, args...))
}

// at says where a reader found fault. Errors that already are of this package pass unchanged.
func at(where string, err error) error {
	if err == nil || errors.Is(err, ErrMalformed) || errors.Is(err, ErrUnsupported) {
		return err
	}
	return malformed("%s: %w", where, err)
}
