package wallet

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Find returns where what first occurs in text, as byte offsets, without regard to case: two characters are
// taken as one where strings.EqualFold takes them so. It returns -1, -1 where what does not occur or is empty.
func Find(text, what string) (from, to int) {
	return newNeedle(what).find(text)
}

// needle is a text to look for.
type needle struct {
	runes []rune    // folded
	first [256]bool // the bytes with which an occurrence can begin
}

func newNeedle(what string) *needle {
	n := &needle{}
	for _, r := range what {
		n.runes = append(n.runes, fold(r))
	}
	if len(n.runes) == 0 {
		return n
	}
	for r := n.runes[0]; ; {
		n.first[utf8.AppendRune(nil, r)[0]] = true
		if r = unicode.SimpleFold(r); r == n.runes[0] {
			break
		}
	}
	if n.runes[0] == utf8.RuneError { // what is no UTF-8 is read as this character
		for b := utf8.RuneSelf; b < len(n.first); b++ {
			n.first[b] = true
		}
	}
	return n
}

// fold returns the least of the characters that differ from r in case only.
func fold(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

func (n *needle) find(text string) (from, to int) {
	for i := 0; len(n.runes) > 0 && i < len(text); i++ {
		if n.first[text[i]] {
			if size, ok := n.at(text[i:]); ok {
				return i, i + size
			}
		}
	}
	return -1, -1
}

// at returns the size of the occurrence with which text begins, if it does.
func (n *needle) at(text string) (size int, ok bool) {
	for _, want := range n.runes {
		r, width := rune(0), 1
		if size < len(text) {
			r = rune(text[size])
		}
		if r >= utf8.RuneSelf {
			r, width = utf8.DecodeRuneInString(text[size:])
		}
		if size >= len(text) || r != want && fold(r) != want {
			return 0, false
		}
		size += width
	}
	return size, true
}

// sieve says quickly of JSON whether a string in it may have a text in it. It never says no where the answer
// is yes, whatever was escaped.
type sieve struct {
	part *needle // the longest part of the text that only \u can escape
}

// escapable are the characters that JSON may write with one other after a backslash (RFC 8259, section 7).
const escapable = "\"\\/\b\f\n\r\t"

func newSieve(what string) sieve {
	longest := ""
	from := 0
	for i := 0; i <= len(what); i++ {
		if i < len(what) && bytes.IndexByte([]byte(escapable), what[i]) < 0 {
			continue
		}
		if part := what[from:i]; len(part) > len(longest) {
			longest = part
		}
		from = i + 1
	}
	return sieve{newNeedle(longest)}
}

// passes reports whether the text may be in the JSON.
func (s sieve) passes(data []byte) bool {
	if len(s.part.runes) == 0 || bytes.Contains(data, []byte(`\u`)) {
		return true
	}
	from, _ := s.part.find(string(data))
	return from >= 0
}
