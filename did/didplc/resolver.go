package didplc

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/parley-im/parley/did"
)

const (
	prefix = "did:plc:"
	// idChars are as many base32 characters of the hash as a DID has: 120 bits.
	idChars = 24
	// maxLog bounds the audit log in bytes.
	maxLog = 1 << 20
)

// Resolver resolves did:plc by the log that a directory keeps. It remembers nothing and is as safe for concurrent use
// as its fields are.
type Resolver struct {
	// Directory is the https address of the directory, such as "https://plc.directory", with or without a path.
	// There is no default: without one nothing resolves.
	Directory string
	// Fetch gets the logs. Without one nothing resolves.
	Fetch did.Fetcher
	// Seen, if set, says what the wallet has seen of a log before. See the package documentation.
	Seen did.Seen
}

var _ did.Resolver = Resolver{}

// Resolve implements did.Resolver: it fetches the log, verifies all of it and makes the document of the last operation,
// whose Version is the number and CID of that operation. Errors wrap did.ErrMethod for another method and for a
// Resolver that has no directory or Fetcher; did.ErrInvalid for a DID or directory address that is malformed and for a
// log that does not hold; did.ErrRewritten for a log without what was seen before; did.ErrDeactivated for a DID whose
// log ends in a tombstone; and otherwise what Fetch and Seen return, such as did.ErrNotFound.
func (r Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	address, err := r.address(id)
	if err != nil {
		return nil, fmt.Errorf("resolving did:plc: %w", err)
	}
	text, err := r.Fetch.Fetch(ctx, address, maxLog, "application/json")
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), err)
	}
	h, err := readLog(ctx, id, text)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), err)
	}
	if err := r.checkSeen(ctx, id, h); err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), err)
	}
	last := h.entries[len(h.entries)-1].op
	if last.state == nil {
		return nil, fmt.Errorf("resolving %s: %w: its log ends in a tombstone", id.Short(), did.ErrDeactivated)
	}
	doc, err := describe(id, last.state)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), err)
	}
	return doc.WithVersion(strconv.Itoa(len(h.entries)) + "-" + last.cid), nil
}

// address returns where the log of id is, after everything that can be checked without asking.
func (r Resolver) address(id did.DID) (string, error) {
	if id.Method() != "plc" {
		return "", fmt.Errorf("%w: %s", did.ErrMethod, id.Short())
	}
	if rest := strings.TrimPrefix(id.String(), prefix); len(rest) != idChars || strings.Trim(rest, base32Chars) != "" {
		return "", fmt.Errorf("%w: %q is not %q and %d characters of a–z and 2–7", did.ErrInvalid, id.Short(), prefix, idChars)
	}
	if r.Directory == "" || r.Fetch == nil {
		return "", fmt.Errorf("%w: no directory is set up; name one, such as https://plc.directory", did.ErrMethod)
	}
	u, err := url.Parse(r.Directory)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(r.Directory, "?#") {
		return "", fmt.Errorf("%w: the directory must be an https address without query, such as https://plc.directory", did.ErrInvalid)
	}
	return u.JoinPath(id.String(), "log", "audit").String(), nil
}

// checkSeen compares the log with what the wallet has seen of it.
func (r Resolver) checkSeen(ctx context.Context, id did.DID, h *history) error {
	if r.Seen == nil {
		return nil
	}
	version, err := r.Seen(ctx, id)
	if err != nil {
		return fmt.Errorf("asking what was seen of its log: %w", err)
	}
	if version == "" {
		return nil
	}
	number, cid, _ := strings.Cut(version, "-")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || cid == "" {
		return fmt.Errorf("the version seen before, %q, is none of did:plc", version)
	}
	if n > len(h.entries) {
		return fmt.Errorf("%w: %d operations were seen before, the directory shows %d", did.ErrRewritten, n, len(h.entries))
	}
	if have := h.entries[n-1].op.cid; have != cid {
		return fmt.Errorf("%w: operation %d was %s before and is %s", did.ErrRewritten, n, cid, have)
	}
	return nil
}
