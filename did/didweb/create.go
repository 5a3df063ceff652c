package didweb

import (
	"fmt"
	"strings"

	"github.com/parley-im/parley/did"
)

// Create returns the did:web of a host and a path on it: "example.com", or "example.com:8443" with "users" and
// "alice". The host becomes lower case; the elements of path are the plain names of folders, and what a DID cannot
// spell in them is percent-encoded. Errors wrap did.ErrInvalid: a host or path that URL would refuse, or that is too
// long.
func Create(host string, path ...string) (did.DID, error) {
	var b strings.Builder
	b.WriteString(prefix)
	b.WriteString(strings.Replace(strings.ToLower(host), ":", "%3A", 1))
	for _, segment := range path {
		b.WriteByte(':')
		for i := range len(segment) {
			if c := segment[i]; isPlain(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
	}
	id, err := did.Parse(b.String())
	if err != nil {
		return did.DID{}, fmt.Errorf("creating did:web: %w", err)
	}
	if _, err := URL(id); err != nil {
		return did.DID{}, fmt.Errorf("creating did:web: %w", err)
	}
	return id, nil
}
