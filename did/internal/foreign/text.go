package foreign

import (
	"strings"
	"unicode"
)

// Text returns s as valid UTF-8 of at most about so many bytes, more than 8, with a question mark in place of each
// character that cannot be printed: control characters, what changes the direction of writing or is invisible.
func Text(s string, most int) string {
	if len(s) > most {
		s = s[:most-8] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
