package safetynumber

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-im/parley/did"
	"github.com/tyler-smith/go-bip39/wordlists"
)

const (
	scheme = "parley-verify:"
	prefix = scheme + "1:"
	// groups and words are for one half.
	groups    = 6
	groupSize = 5
	words     = 9
	wordBits  = 11
)

// ErrMismatch says that a code is well formed and belongs to other keys or other people than the number here.
var ErrMismatch = errors.New("the safety numbers differ")

// strict refuses a code whose last character carries stray bits.
var strict = base64.RawURLEncoding.Strict()

// Number is what two people compare. Numbers are values: == says whether they are the same. The zero value is no
// number and matches nothing. It is safe for concurrent use.
type Number struct{ low, high [32]byte }

// Of returns the number of two parties, the same whichever of them asks. It hashes for some milliseconds, ten times
// that with 64 keys each. The error wraps did.ErrInvalid: for a party without a DID or without keys, with an empty
// key or more than did.MaxMethods of them, and when both are one DID.
func Of(ours, theirs Party) (Number, error) {
	if ours.DID.Same(theirs.DID) {
		return Number{}, fmt.Errorf("safety number: %w: it takes two parties, and both are %q", did.ErrInvalid, ours.DID.Short())
	}
	a, err := ours.half()
	if err != nil {
		return Number{}, fmt.Errorf("safety number: %w", err)
	}
	b, err := theirs.half()
	if err != nil {
		return Number{}, fmt.Errorf("safety number: %w", err)
	}
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return Number{a, b}, nil
}

// IsZero reports whether n is the zero value, which is no number.
func (n Number) IsZero() bool { return n == Number{} }

// Groups returns twelve groups of five decimal digits, six for each party, in the order in which to read them.
func (n Number) Groups() [12]string {
	var out [12]string
	for i, half := range [][32]byte{n.low, n.high} {
		for j := range groups {
			var wide [8]byte
			copy(wide[8-groupSize:], half[j*groupSize:(j+1)*groupSize])
			out[i*groups+j] = fmt.Sprintf("%05d", binary.BigEndian.Uint64(wide[:])%100_000)
		}
	}
	return out
}

// Digits returns the Groups in one line, a space between each two: 71 characters.
func (n Number) Digits() string {
	g := n.Groups()
	return strings.Join(g[:], " ")
}

// Words returns eighteen words of the English BIP-39 list, nine for each party, in the order in which to read them.
// They are for reading aloud, and no recovery phrase: they have no checksum and hide nothing.
func (n Number) Words() []string {
	out := make([]string, 0, 2*words)
	for _, half := range [][32]byte{n.low, n.high} {
		for i := range words {
			out = append(out, wordlists.English[bits(half, i*wordBits)])
		}
	}
	return out
}

// bits returns the wordBits bits that begin at bit at, most significant first.
func bits(half [32]byte, at int) int {
	wide := binary.BigEndian.Uint32(half[at/8:])
	return int(wide << (at % 8) >> (32 - wordBits))
}

// Code returns the number as text of 102 characters for a QR code: "parley-verify:1:" and base64url of both halves.
func (n Number) Code() string {
	both := append(n.low[:], n.high[:]...)
	return prefix + strict.EncodeToString(both)
}

// Match compares a code, scanned from the other person's screen, with the number here. It returns nil if they are
// the same; an error that wraps ErrMismatch if it is a code of other keys or people, and says which; and one that
// wraps did.ErrInvalid if it is no code of this version, or n is the zero value. Only a code that came another
// way than the messages do proves anything.
func Match(code string, n Number) error {
	if n.IsZero() {
		return fmt.Errorf("safety number: %w: nothing to compare with", did.ErrInvalid)
	}
	other, err := parseCode(code)
	if err != nil {
		return fmt.Errorf("safety number: %w: %w", did.ErrInvalid, err)
	}
	switch {
	case other == n:
		return nil
	case other.low == n.low, other.low == n.high, other.high == n.low, other.high == n.high:
		return fmt.Errorf("%w: the two screens agree on one of you and hold different keys of the other", ErrMismatch)
	default:
		return fmt.Errorf("%w: neither of you is the same in both; was the code of this contact scanned?", ErrMismatch)
	}
}

func parseCode(code string) (Number, error) {
	text, ok := strings.CutPrefix(code, prefix)
	switch {
	case !ok && strings.HasPrefix(code, scheme):
		return Number{}, errors.New("the code is of another version; update the older of both programs")
	case !ok:
		return Number{}, fmt.Errorf("not a verification code; it starts with %q", prefix)
	case len(text) != strict.EncodedLen(64):
		return Number{}, errors.New("the code was cut short or has something added; scan it again")
	}
	both, err := strict.DecodeString(text)
	if err != nil || len(both) != 64 { // the decoder skips line breaks, so the length may still be wrong
		return Number{}, errors.New("the code is damaged; scan it again")
	}
	n := Number{[32]byte(both[:32]), [32]byte(both[32:])}
	if bytes.Compare(n.low[:], n.high[:]) > 0 {
		return Number{}, errors.New("the code has its halves in the wrong order")
	}
	return n, nil
}
