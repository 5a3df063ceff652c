package main

import (
	"strings"
	"unicode/utf8"
)

// keyCode is what a key does; keyText inserts.
type keyCode int

const (
	keyNone keyCode = iota
	keyText
	keyEnter
	keyBreak // a line break within the message
	keyLeft
	keyRight
	keyUp
	keyDown
	keyWordLeft
	keyWordRight
	keyHome
	keyEnd
	keyErase
	keyDelete
	keyEraseWord
	keyDeleteWord
	keyKillBefore
	keyKillAfter
	keyYank
	keyTab
	keyClear
	keyEOF // Ctrl-D: delete, or the end where there is nothing
	keyInterrupt
	keySuspend
)

// key is one key that was pressed; text is what keyText inserts.
type key struct {
	code keyCode
	text string
}

// controls are the keys of the ASCII control characters, as in Emacs and every shell.
var controls = map[byte]keyCode{
	0x01: keyHome, 0x02: keyLeft, 0x03: keyInterrupt, 0x04: keyEOF, 0x05: keyEnd, 0x06: keyRight, 0x08: keyErase, 0x09: keyTab,
	0x0a: keyEnter, 0x0b: keyKillAfter, 0x0c: keyClear, 0x0d: keyEnter, 0x0e: keyDown, 0x10: keyUp, 0x15: keyKillBefore,
	0x17: keyEraseWord, 0x19: keyYank, 0x1a: keySuspend, 0x7f: keyErase,
}

// sequences are the keys that come as ESC [ and these bytes, of xterm, the Linux console and rxvt.
var sequences = map[string]keyCode{
	"A": keyUp, "B": keyDown, "C": keyRight, "D": keyLeft, "H": keyHome, "F": keyEnd,
	"1~": keyHome, "7~": keyHome, "4~": keyEnd, "8~": keyEnd, "3~": keyDelete,
	"1;5C": keyWordRight, "1;5D": keyWordLeft, "1;3C": keyWordRight, "1;3D": keyWordLeft, "3;5~": keyDeleteWord,
}

// meta are the keys that come as ESC and one byte.
var meta = map[byte]keyCode{
	'b': keyWordLeft, 'f': keyWordRight, 'd': keyDeleteWord, 0x7f: keyEraseWord, 0x08: keyEraseWord, '\r': keyBreak, '\n': keyBreak,
}

const (
	maxSequence = 32 // bytes of an escape sequence; a longer one is no key
	pasteBegin  = "\x1b[200~"
	pasteEnd    = "\x1b[201~"
)

// decoder makes keys of the bytes that a terminal sends. What is incomplete waits for the next bytes. The
// zero value is ready.
type decoder struct {
	rest    []byte
	pasting bool
	pasted  strings.Builder
}

// decode returns the keys that b completes.
func (d *decoder) decode(b []byte) []key {
	d.rest = append(d.rest, b...)
	var keys []key
	for len(d.rest) > 0 {
		k, n := d.next()
		if n == 0 {
			break
		}
		d.rest = d.rest[n:]
		if k.code != keyNone {
			keys = append(keys, k)
		}
	}
	return keys
}

// next reads one key and how many bytes it has; none when more have to come.
func (d *decoder) next() (key, int) {
	if d.pasting {
		return d.paste()
	}
	c := d.rest[0]
	switch {
	case c == 0x1b:
		return d.escape()
	case c < 0x20 || c == 0x7f:
		return key{code: controls[c]}, 1
	}
	if !utf8.FullRune(d.rest) {
		return key{}, 0
	}
	r, n := utf8.DecodeRune(d.rest)
	return key{keyText, string(r)}, n
}

// escape reads what begins with ESC.
func (d *decoder) escape() (key, int) {
	if len(d.rest) == 1 {
		return key{}, 0
	}
	switch c := d.rest[1]; c {
	case 0x1b:
		return key{}, 1
	case 'O': // the arrows and Home and End in application mode
		if len(d.rest) < 3 {
			return key{}, 0
		}
		return key{code: sequences[string(d.rest[2:3])]}, 3
	case '[':
	default:
		return key{code: meta[c]}, 2
	}
	for i := 2; i < len(d.rest); i++ {
		switch c := d.rest[i]; {
		case c >= 0x40 && c <= 0x7e:
			if string(d.rest[:i+1]) == pasteBegin {
				d.pasting = true
			}
			return key{code: sequences[string(d.rest[2:i+1])]}, i + 1
		case c < 0x20 || c > 0x7e || i == maxSequence:
			return key{}, i // cut short: what comes now is no part of it
		}
	}
	return key{}, 0
}

// paste reads on until the end of what is pasted.
func (d *decoder) paste() (key, int) {
	text, _, ended := strings.Cut(string(d.rest), pasteEnd)
	if !ended {
		// The end may have come in part.
		n := len(d.rest) - min(len(d.rest), len(pasteEnd)-1)
		if d.pasted.Len() < 2*maxText { // more can never be sent: the rest is not worth the memory
			d.pasted.Write(d.rest[:n])
		}
		return key{}, n
	}
	d.pasted.WriteString(text)
	all := plainText(d.pasted.String())
	d.pasted.Reset()
	d.pasting = false
	return key{keyText, all}, len(text) + len(pasteEnd)
}

// plainText is pasted text without what no keyboard types: line breaks are \n, and of the other control
// characters only tabs stay.
func plainText(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, string(utf8.RuneError)))
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
