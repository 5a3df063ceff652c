package didwebvh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
)

// Limits of what a host can make us read. A log or witness file beyond one of them is refused.
const (
	// MaxLog is the longest log, in bytes.
	MaxLog = 1 << 20
	// MaxEntries bounds the entries of a log.
	MaxEntries = 1000
	// MaxEntry is the longest entry, in bytes.
	MaxEntry = 128 << 10
	// MaxProofs bounds the proofs of one entry.
	MaxProofs = 8
	// MaxKeys bounds each list of the parameters: update keys, hashes of next keys, witnesses, watchers. It also
	// bounds the proofs of one version in the witness file.
	MaxKeys = 64
	// MaxWitnessFile is the longest witness file, in bytes.
	MaxWitnessFile = 1 << 20
	// MaxWitnessProofs bounds the proofs of a witness file, all versions together.
	MaxWitnessProofs = 4096
)

// maxSkew is how far an entry may lie in the future before it is refused: clocks differ.
const maxSkew = 5 * time.Minute

// Resolver resolves did:webvh. It is safe for concurrent use when its fields are, and must not be changed once in
// use. A resolution makes one request, or two when witnesses are active, and checks every signature of the log and
// the needed ones of the witness file: some thousands at the size limits, which take about half a second.
type Resolver struct {
	// Fetch gets the log and the witness file. Without it every resolution fails.
	Fetch did.Fetcher
	// Seen gives the newest version that the wallet has seen of a DID, which the log must contain. Nil: none was
	// ever seen, and a log that was cut short or replaced goes unnoticed.
	Seen did.Seen
	// Now gives the time against which the entries' times are checked. Nil: time.Now.
	Now func() time.Time
}

var _ did.Resolver = Resolver{}

// Resolve fetches and verifies the log of id and returns the document of its last entry, whose Version is that
// entry's versionId. The error wraps did.ErrMethod for another method or a log of another version of the method,
// did.ErrInvalid for a DID or a log that breaks the method's rules, did.ErrRewritten for a log without the version
// that was seen before, did.ErrDeactivated for a DID that its owner has given up, and whatever Fetch and Seen
// return. An entry dated in the future wraps none of them: it may become valid.
func (r Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	doc, err := r.resolve(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id.Short(), err)
	}
	return doc, nil
}

func (r Resolver) resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	at, err := locate(id)
	if err != nil {
		return nil, err
	}
	if r.Fetch == nil {
		return nil, errors.New("there is nothing to fetch logs with: set Resolver.Fetch")
	}
	text, err := r.Fetch.Fetch(ctx, at.log(), MaxLog)
	if err != nil {
		return nil, fmt.Errorf("fetching the log: %w", err)
	}
	v := newVerifier(r.now())
	h, err := v.log(ctx, at.scid, text)
	if err != nil {
		return nil, err
	}
	if h.witnessed() {
		if text, err = r.Fetch.Fetch(ctx, at.witness(), MaxWitnessFile); err != nil {
			return nil, fmt.Errorf("fetching the witnesses' proofs: %w", err)
		}
		if err := v.witnesses(ctx, h, text); err != nil {
			return nil, err
		}
	}
	return r.answer(ctx, id, h)
}

// answer makes the document of a verified log. What was seen comes first: a log that somebody wrote anew with keys
// of old must not be able to deactivate or move the DID.
func (r Resolver) answer(ctx context.Context, id did.DID, h *history) (*did.Document, error) {
	if err := r.goesOn(ctx, id, h); err != nil {
		return nil, err
	}
	if h.active.deactivated {
		return nil, did.ErrDeactivated
	}
	if h.id != id.String() {
		return nil, fmt.Errorf("%w: the log is now about %s: ask for that DID", did.ErrInvalid, clip(h.id))
	}
	doc, err := did.ParseDocument(h.state)
	if err != nil {
		return nil, err
	}
	return doc.WithVersion(h.last()), nil
}

// goesOn makes sure that the log contains the version that was seen before. A versionId holds its own number, so
// one that stands in the log stands in its place.
func (r Resolver) goesOn(ctx context.Context, id did.DID, h *history) error {
	if r.Seen == nil {
		return nil
	}
	seen, err := r.Seen(ctx, id)
	if err != nil {
		return fmt.Errorf("asking which version was seen last: %w", err)
	}
	if seen == "" || slices.ContainsFunc(h.versions, func(v version) bool { return v.id == seen }) {
		return nil
	}
	return fmt.Errorf("%w: version %s was seen before and is not among its %d entries",
		did.ErrRewritten, clip(seen), len(h.versions))
}

func (r Resolver) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
