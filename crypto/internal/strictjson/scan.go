package strictjson

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 16

// Errors say what rule was broken, and never what the input says.
var (
	errDepth     = errors.New("nested too deep")
	errDuplicate = errors.New("duplicate member")
	errTrailer   = errors.New("something follows the JSON value")
	errUTF8      = errors.New("not UTF-8")
)

// scanner is at a position in data. It belongs to one goroutine.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

// names are hashes of the member names of one object. Their capacity is room for objects within it. They are
// handed down and not kept in the scanner, whose content escapes to the heap by way of visit.
type names []uint64

// seed makes the hashes unpredictable, so that nobody can make two names collide. A collision by chance refuses a
// good message once in 2^64 / (names squared).
var seed = maphash.MakeSeed()

// next skips white space and returns the byte there, or 0 at the end.
func (s *scanner) next() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// bad says where the syntax is broken.
func (s *scanner) bad() error { return fmt.Errorf("bad JSON at byte %d", s.pos) }

// end demands that nothing but white space follows.
func (s *scanner) end() error {
	if s.next(); s.pos < len(s.data) {
		return errTrailer
	}
	return nil
}

// value reads one value of any kind.
func (s *scanner) value(outer names) error {
	switch c := s.next(); {
	case c == '"':
		return s.text()
	case c == '{':
		return s.object(outer, nil)
	case c == '[':
		return s.array(outer, nil)
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.bad()
}

// object reads an object, standing at its brace, and calls visit, if there is one, for each of its members. What
// follows a member is not checked by then.
func (s *scanner) object(outer names, visit func(name, value []byte) error) error {
	if s.depth++; s.depth > MaxDepth {
		return errDepth
	}
	s.pos++
	if s.next() == '}' {
		s.pos++
		s.depth--
		return nil
	}
	for own := outer[len(outer):]; ; {
		hash, name, err := s.name()
		if err != nil {
			return err
		}
		own = append(own, hash)
		start := s.pos
		if err := s.value(own); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(name, s.data[start:s.pos]); err != nil {
				return err
			}
		}
		switch s.next() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			s.depth--
			return own.unique()
		default:
			return s.bad()
		}
	}
}

// name reads the name of a member, up to its value.
func (s *scanner) name() (hash uint64, name []byte, err error) {
	if s.next() != '"' {
		return 0, nil, s.bad()
	}
	start := s.pos
	if err := s.text(); err != nil {
		return 0, nil, err
	}
	if name, err = Unquote(s.data[start:s.pos]); err != nil {
		return 0, nil, err
	}
	if s.next() != ':' {
		return 0, nil, s.bad()
	}
	s.pos++
	s.next()
	return maphash.Bytes(seed, name), name, nil
}

// unique refuses a name that is there twice.
func (n names) unique() error {
	slices.Sort(n)
	for i := 1; i < len(n); i++ {
		if n[i] == n[i-1] {
			return errDuplicate
		}
	}
	return nil
}

// array reads an array, standing at its bracket, and calls visit, if there is one, for each element.
func (s *scanner) array(outer names, visit func(value []byte) error) error {
	if s.depth++; s.depth > MaxDepth {
		return errDepth
	}
	s.pos++
	if s.next() == ']' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		s.next()
		start := s.pos
		if err := s.value(outer); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(s.data[start:s.pos]); err != nil {
				return err
			}
		}
		switch s.next() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			s.depth--
			return nil
		default:
			return s.bad()
		}
	}
}

func (s *scanner) literal(word string) error {
	if end := s.pos + len(word); end <= len(s.data) && string(s.data[s.pos:end]) == word {
		s.pos = end
		return nil
	}
	return s.bad()
}

// number reads a number (RFC 8259, section 6).
func (s *scanner) number() error {
	if s.at('-') {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if !s.digits() {
		return s.bad()
	}
	if s.at('.') {
		s.pos++
		if !s.digits() {
			return s.bad()
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if !s.digits() {
			return s.bad()
		}
	}
	return nil
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// digits reads digits and reports whether there was one.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// text reads a string (RFC 8259, section 7), standing at its quotation mark.
func (s *scanner) text() error {
	s.pos++
	start, seen := s.pos, uint64(0)
	for {
		i, passed := plain(s.data[s.pos:])
		s.pos += i
		seen |= passed
		if s.pos == len(s.data) {
			return s.bad()
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			if seen&nonASCII != 0 && !utf8.Valid(s.data[start:s.pos]) {
				return errUTF8
			}
			s.pos++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default:
			return s.bad() // a control character
		}
	}
}

// Eight bytes at a time: each has a value in all bytes of a word.
const (
	ones     = 0x0101010101010101
	nonASCII = 0x80 * ones
)

// plain returns how many bytes come before the next quotation mark, backslash or control character, and all of
// their bits that tell whether there was one beyond ASCII.
func plain(data []byte) (n int, seen uint64) {
	for ; n+8 <= len(data); n += 8 {
		x := binary.LittleEndian.Uint64(data[n:])
		if stop := special(x); stop != 0 {
			// A borrow may set bits above the lowest one, which is always right.
			k := bits.TrailingZeros64(stop) / 8
			return n + k, seen | x&(1<<(8*k)-1)
		}
		seen |= x
	}
	for ; n < len(data); n++ {
		c := data[n]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		seen |= uint64(c)
	}
	return n, seen
}

// special sets the high bit of the lowest byte of x that is a quotation mark, a backslash or a control character,
// and of none below it.
func special(x uint64) uint64 {
	quote, backslash := x^'"'*ones, x^'\\'*ones
	return ((quote-ones)&^quote | (backslash-ones)&^backslash | (x-' '*ones)&^x) & nonASCII
}

// escape reads what a backslash begins, and refuses halves of surrogate pairs.
func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		return s.bad()
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
	default:
		return s.bad()
	}
	r, ok := s.hex()
	switch {
	case !ok:
		return s.bad()
	case r < 0xd800 || r > 0xdfff:
		return nil
	case r > 0xdbff:
		return errUTF8
	}
	if low, ok := s.hex(); !ok || low < 0xdc00 || low > 0xdfff {
		return errUTF8
	}
	return nil
}

// hex reads \u and four hexadecimal digits.
func (s *scanner) hex() (r rune, ok bool) {
	if s.pos+6 > len(s.data) || s.data[s.pos] != '\\' || s.data[s.pos+1] != 'u' {
		return 0, false
	}
	for _, c := range s.data[s.pos+2 : s.pos+6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.pos += 6
	return r, true
}
