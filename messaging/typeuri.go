package messaging

import (
	"strconv"
	"strings"
)

// typeURI is a message type URI taken apart: doc-uri with its delimiter, protocol, version and message
// name (DIDComm v2.1, Message Type URI). Names are normalised, so that comparing ignores case and
// punctuation; the doc-uri is compared as it is.
type typeURI struct {
	doc, protocol string
	major, minor  int
	message       string
}

// parseTypeURI takes s apart; false if it does not have the form. A protocol identifier ending in "/"
// has an empty message name.
func parseTypeURI(s string) (typeURI, bool) {
	rest, message, ok := cutLast(s, "/")
	if !ok {
		return typeURI{}, false
	}
	rest, version, ok := cutLast(rest, "/")
	if !ok {
		return typeURI{}, false
	}
	i := strings.LastIndexAny(rest, "?/&:;=") + 1
	doc, protocol := rest[:i], plainName(rest[i:])
	if i == 0 || protocol == "" {
		return typeURI{}, false
	}
	majorText, minorText, ok := strings.Cut(version, ".")
	major, err1 := strconv.ParseUint(majorText, 10, 31)
	minorText, _, _ = strings.Cut(minorText, ".")
	minor, err2 := strconv.ParseUint(minorText, 10, 31)
	if !ok || err1 != nil || err2 != nil {
		return typeURI{}, false
	}
	return typeURI{doc, protocol, int(major), int(minor), plainName(message)}, true
}

// sameProtocol reports whether both are of one protocol and major version: minor versions are
// compatible (DIDComm v2.1, Semver Rules).
func (t typeURI) sameProtocol(o typeURI) bool {
	return t.doc == o.doc && t.protocol == o.protocol && t.major == o.major
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// plainName drops punctuation and case.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '-' || r == '_' || r == '.':
			return -1
		}
		return r
	}, s)
}

// SameType reports whether two message type URIs mean the same message, ignoring case and punctuation
// in names, and the minor version.
func SameType(a, b string) bool {
	if a == b {
		return true
	}
	x, ok1 := parseTypeURI(a)
	y, ok2 := parseTypeURI(b)
	return ok1 && ok2 && x.sameProtocol(y) && x.message == y.message
}
