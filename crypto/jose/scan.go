package jose

import (
	"hash/maphash"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// scan checks that data is one JSON value: valid UTF-8, no member twice in one object at any
// level, nested no deeper than MaxDepth, and nothing behind it.
//
// The decoder could find duplicates itself, but at 16 bytes of memory for a byte of hostile input.
// Here each name costs 8 bytes while its object is open.
func scan(data []byte) error {
	d := walk(data)
	defer d.done()
	var s names
	for {
		if isName(d) {
			name, err := d.ReadValue()
			if err != nil {
				return syntax(err)
			}
			if err := s.add(name); err != nil {
				return err
			}
			continue
		}
		token, err := d.ReadToken()
		if err != nil {
			return syntax(err)
		}
		switch token.Kind() {
		case '{', '[':
			if d.StackDepth() > MaxDepth {
				return errDepth
			}
			s.open(d.StackDepth())
		case '}', ']':
			if s.close(d.StackDepth() + 1) {
				return errDuplicate
			}
		}
		if d.StackDepth() == 0 {
			return end(d)
		}
	}
}

// isName reports whether the next token is the name of a member.
func isName(d *walker) bool {
	kind, length := d.StackIndex(d.StackDepth())
	return kind == '{' && length%2 == 0 && d.PeekKind() == '"'
}

// end demands that nothing but white space follows.
func end(d *walker) error {
	if _, err := d.ReadToken(); err != io.EOF {
		return errTrailer
	}
	return nil
}

// seed makes the hashes unpredictable, so that nobody can make two names collide. A collision by
// chance refuses a good message once in 2^64 / (names squared).
var seed = maphash.MakeSeed()

// names holds the hashes of the member names of the objects that are open, innermost last.
type names struct {
	hashes []uint64
	starts [MaxDepth + 1]int // by depth; the start of that object's hashes
}

func (s *names) open(depth int) { s.starts[depth] = len(s.hashes) }

func (s *names) add(quoted jsontext.Value) error {
	name, err := unquote(quoted)
	if err != nil {
		return err
	}
	s.hashes = append(s.hashes, maphash.Bytes(seed, name))
	return nil
}

// close forgets the innermost object and reports whether a name was in it twice.
func (s *names) close(depth int) (duplicate bool) {
	own := s.hashes[s.starts[depth]:]
	s.hashes = s.hashes[:s.starts[depth]]
	slices.Sort(own)
	for i := 1; i < len(own); i++ {
		if own[i] == own[i-1] {
			return true
		}
	}
	return false
}
