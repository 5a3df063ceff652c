package inbox

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Errors that callers branch on; drivers wrap them.
var (
	// ErrNotFound means that what was asked for is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists means that the DID or name is taken.
	ErrExists = errors.New("already exists")
	// ErrName means that a name is not a valid petname.
	ErrName = errors.New("a name is 1 to 64 bytes of printable text without spaces that starts neither with - nor with \"did:\"")
	// ErrConflict means that a message id is in use for another payload.
	ErrConflict = errors.New("the message id is in use for another message")
	// ErrFull means that a limit of the store is reached.
	ErrFull = errors.New("the outbox for this contact is full")
	// ErrLost means that a lease was claimed by somebody else since.
	ErrLost = errors.New("the lease was lost")
	// ErrTooLarge means that a payload or value is over its limit.
	ErrTooLarge = errors.New("too large")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrSchema means that a newer version of Parley wrote the database.
	ErrSchema = errors.New("the database was written by a newer version of parley: update parley to open it")
	// ErrDamaged means that something stored is not what was written, or that the key is another.
	ErrDamaged = errors.New("stored data is damaged or was sealed under another key")
)

// maxName is the size in bytes of the longest petname.
const maxName = 64

// ValidName reports whether name can be a petname: 1 to 64 bytes of valid UTF-8, printable, without
// white space, not starting with "-" or "did:".
func ValidName(name string) bool {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return false
	}
	if strings.HasPrefix(name, "-") || strings.HasPrefix(strings.ToLower(name), "did:") {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) }) < 0
}

// PetName makes a valid petname of what somebody calls itself: what does not fit is replaced by "-", what is
// invisible is left out, and what is left empty, or is a word by which we call ourselves, becomes fallback.
func PetName(wish, fallback string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) || unicode.IsSpace(r) {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(wish, "-"))
	for len(name) > 48 {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	name = strings.Trim(name, "-")
	if !ValidName(name) || slices.Contains(ourselves, FoldName(name)) {
		return fallback
	}
	return name
}

// ourselves are the words by which lists and exports call their user, folded: nobody becomes them by asking.
var ourselves = []string{FoldName("you"), FoldName("me")}
