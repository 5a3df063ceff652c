package did

import (
	"errors"
	"fmt"
	"strings"
)

// maxURL bounds a DID URL: the DID and what follows it.
const maxURL = MaxLength + 1024

// pchar lists the characters beside letters, digits and percent-encodings that RFC 3986
// allows in a path segment.
const pchar = "-._~!$&'()*+,;=:@"

// URL is an absolute DID URL (W3C DID Core 3.2), such as the id of a verification method. Path
// is empty or starts with "/"; Query and Fragment stand without their "?" and "#" and are empty
// when absent. The texts are kept as they came, percent-encodings included.
type URL struct {
	DID      DID
	Path     string
	Query    string
	Fragment string
}

// ParseURL parses an absolute DID URL of at most MaxLength + 1024 bytes. A plain DID is one as
// well. An empty query or fragment after its mark is refused, so that String returns exactly
// what was parsed. Errors wrap ErrInvalid. Relative references such as "#key-1" mean something
// only inside a document, where ParseDocument makes them absolute.
func ParseURL(s string) (URL, error) {
	u, err := splitURL(s)
	if err != nil {
		return URL{}, fmt.Errorf("DID URL %q: %w: %w", clip(s), ErrInvalid, err)
	}
	return u, nil
}

func splitURL(s string) (URL, error) {
	if len(s) > maxURL {
		return URL{}, fmt.Errorf("longer than %d bytes", maxURL)
	}
	rest, fragment, hasFragment := strings.Cut(s, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if hasFragment && fragment == "" || hasQuery && query == "" {
		return URL{}, errors.New("query or fragment is empty")
	}
	id, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		id, path = rest[:i], rest[i:]
	}
	if err := checkDID(id); err != nil {
		return URL{}, err
	}
	if err := checkChars(path, pchar+"/"); err != nil {
		return URL{}, fmt.Errorf("path: %w", err)
	}
	if err := errors.Join(checkChars(query, pchar+"/?"), checkChars(fragment, pchar+"/?")); err != nil {
		return URL{}, fmt.Errorf("query or fragment: %w", err)
	}
	return URL{DID: DID{id}, Path: path, Query: query, Fragment: fragment}, nil
}

// String returns the URL as text, or "" for the zero value.
func (u URL) String() string {
	s := u.DID.s + u.Path
	if u.Query != "" {
		s += "?" + u.Query
	}
	if u.Fragment != "" {
		s += "#" + u.Fragment
	}
	return s
}

// IsZero reports whether u is the zero value.
func (u URL) IsZero() bool { return u == URL{} }

// Same reports whether u and other name the same thing, taking the two forms of a did:peer:4
// as one DID.
func (u URL) Same(other URL) bool {
	u.DID, other.DID = u.DID.Canonical(), other.DID.Canonical()
	return u == other
}
