package didpeer

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-im/parley/did"
)

// Resolver resolves did:peer. The zero value works for everything but short forms. It is safe
// for concurrent use when Known is.
type Resolver struct {
	// Known returns what the wallet has met under a short name: the long form of a did:peer:4
	// short form, the did:peer:2 of a did:peer:3, or an error that wraps did.ErrNotFound. What
	// it returns is checked against the hash in the short name. Nil knows none.
	Known func(ctx context.Context, short did.DID) (long did.DID, err error)

	// Legacy also accepts services encoded as one JSON list, which older did:peer:2 software
	// wrote and the specification forbids.
	Legacy bool
}

var _ did.Resolver = Resolver{}

// Resolve makes the document of id. It returns an error that wraps did.ErrMethod for another
// method or a numalgo that is not resolved here, did.ErrInvalid for a DID that breaks the
// method's rules, did.ErrNotFound for a short name whose long one is not known, and whatever
// else Known returns.
func (r Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	doc, err := r.resolve(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id.Short(), err)
	}
	return doc, nil
}

func (r Resolver) resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	rest, ok := strings.CutPrefix(id.String(), "did:peer:")
	if !ok {
		return nil, fmt.Errorf("%w: not a did:peer", did.ErrMethod)
	}
	switch numalgo, body := rest[:1], rest[1:]; numalgo {
	case "0":
		return resolve0(id, body)
	case "1":
		return nil, refuse1(body)
	case "2":
		return resolve2(id, r.Legacy)
	case "3":
		return r.resolve3(ctx, id)
	case "4":
		return r.resolve4(ctx, id)
	default:
		return nil, fmt.Errorf("%w: numalgo %q", did.ErrMethod, numalgo)
	}
}

// refuse1 says why a numalgo 1 DID is not resolved here. One that breaks the syntax is invalid
// for everybody (Peer DID, Method Specific Identifier); the alphabet of base58 is not insisted
// on, since the specification's own examples leave it.
func refuse1(body string) error {
	const shortest = len("z") + 46
	if len(body) < shortest || body[0] != 'z' || strings.ContainsAny(body, ".-_:%") {
		return fmt.Errorf("%w: after numalgo 1 there must be z and at least 46 letters and digits", did.ErrInvalid)
	}
	return fmt.Errorf("%w: numalgo 1 needs its genesis document; an aries VDR that stores it can be used instead",
		did.ErrMethod)
}

// known asks for what stands behind a short name.
func (r Resolver) known(ctx context.Context, short did.DID) (did.DID, error) {
	if r.Known == nil {
		return did.DID{}, fmt.Errorf(
			"%w: a short form resolves only after its long form was met; ask for the long form", did.ErrNotFound)
	}
	long, err := r.Known(ctx, short)
	if err != nil {
		return did.DID{}, fmt.Errorf("finding the long form: %w", err)
	}
	return long, nil
}

// errForeign answers a Known that returns something else than it was asked for.
func errForeign() error {
	return fmt.Errorf("%w: the long form on file belongs to another DID", did.ErrInvalid)
}
