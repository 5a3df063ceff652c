package did

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// MaxLength is the longest DID that Parse accepts, in bytes. A did:peer:4 long form with a
// dozen keys and several services stays below it.
const MaxLength = 8 << 10

// peer4 starts every did:peer with numalgo 4.
const peer4 = "did:peer:4"

// DID is a decentralized identifier that passed Parse. It is comparable; == compares the exact
// text, Same also knows the two forms of did:peer:4. The zero value is no DID. A DID is
// immutable and safe for concurrent use.
type DID struct{ s string }

// Parse checks s against the DID syntax (W3C DID Core 3.1) and returns it as a DID. It accepts
// at most MaxLength bytes, changes nothing and knows nothing of the method's own rules. Errors
// wrap ErrInvalid.
func Parse(s string) (DID, error) {
	if err := checkDID(s); err != nil {
		return DID{}, fmt.Errorf("DID %q: %w: %w", clip(s), ErrInvalid, err)
	}
	return DID{s}, nil
}

// MustParse is Parse for constants; it panics where Parse fails.
func MustParse(s string) DID {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

func checkDID(s string) error {
	if len(s) > MaxLength {
		return fmt.Errorf("longer than %d bytes", MaxLength)
	}
	rest, ok := strings.CutPrefix(s, "did:")
	if !ok {
		return errors.New(`does not start with "did:"`)
	}
	method, id, ok := strings.Cut(rest, ":")
	if !ok || method == "" {
		return errors.New("has no method name")
	}
	for i := range len(method) {
		if c := method[i]; !isDigit(c) && (c < 'a' || c > 'z') {
			return fmt.Errorf("method name contains %q", c)
		}
	}
	if id == "" || id[len(id)-1] == ':' {
		return errors.New("method-specific id is empty or ends in a colon")
	}
	return checkChars(id, ".-_:")
}

// checkChars accepts letters, digits, percent-encoded bytes and the characters of extra.
func checkChars(s, extra string) error {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isAlpha(c), isDigit(c), strings.IndexByte(extra, c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return fmt.Errorf("character %q at byte %d is not allowed", c, i)
		}
	}
	return nil
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// String returns the DID exactly as it was parsed, or "" for the zero value. It may be several
// kilobytes long; Short is for people and Hash for logs.
func (d DID) String() string { return d.s }

// IsZero reports whether d is the zero value.
func (d DID) IsZero() bool { return d.s == "" }

// Method returns the method name, such as "peer", or "" for the zero value.
func (d DID) Method() string {
	rest := strings.TrimPrefix(d.s, "did:")
	method, _, _ := strings.Cut(rest, ":")
	return method
}

// IsLong reports whether d has the shape of a did:peer:4 long form, which carries its document.
// The hash in it is not checked here; resolving does that.
func (d DID) IsLong() bool { return d.Canonical() != d }

// Canonical returns the short form of a did:peer:4 long form and every other DID unchanged. It
// cuts the text and checks no hash: until a long form has been resolved, that it belongs to its
// short form is a claim (did:peer, method 4).
func (d DID) Canonical() DID {
	rest, ok := strings.CutPrefix(d.s, peer4)
	if !ok {
		return d
	}
	hash, _, ok := strings.Cut(rest, ":")
	if !ok {
		return d
	}
	return DID{d.s[:len(peer4)+len(hash)]}
}

// Same reports whether d and other are one DID, taking the long and the short form of a
// did:peer:4 as equal. Two zero values are the same.
func (d DID) Same(other DID) bool { return d.Canonical() == other.Canonical() }

// Short returns a name for people: the canonical DID, with the middle left out when it is
// longer than 32 bytes, as in "did:peer:4zQmd8…54Bd". Different DIDs may look alike in it, so it
// must not be compared or stored.
func (d DID) Short() string {
	s := d.Canonical().s
	if len(s) <= 32 {
		return s
	}
	head := len("did::") + len(d.Method()) + 6
	if head > len(s)-8 {
		return s
	}
	return s[:head] + "…" + s[len(s)-4:]
}

// Hash returns eight hexadecimal digits of the SHA-256 of the canonical form, for logs. It is
// the same for both forms of a did:peer:4, and "" for the zero value.
func (d DID) Hash() string {
	if d.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(d.Canonical().s))
	return hex.EncodeToString(sum[:4])
}

// LogValue returns Hash, so that a DID given to slog never stands in a log in full.
func (d DID) LogValue() slog.Value { return slog.StringValue(d.Hash()) }

// MarshalText returns the DID's text. The zero value has none and is an error; JSON members
// that may be absent use omitzero.
func (d DID) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, fmt.Errorf("no DID: %w: the zero value has no text", ErrInvalid)
	}
	return []byte(d.s), nil
}

// UnmarshalText parses text as Parse does; the empty text is an error.
func (d *DID) UnmarshalText(text []byte) error {
	if len(text) > MaxLength {
		return fmt.Errorf("DID: %w: longer than %d bytes", ErrInvalid, MaxLength)
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
