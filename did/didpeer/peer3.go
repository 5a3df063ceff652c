package didpeer

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-im/parley/did"
)

const prefix3 = "did:peer:3"

// Create3 returns the did:peer:3 that is the short name of a did:peer:2. It is no other form of
// the same DID: to messages and comparisons the two are different DIDs, each the alias of the
// other. The error wraps did.ErrInvalid when two is no did:peer:2 that resolves, with services
// as one JSON list allowed (Peer DID, method 3).
func Create3(two did.DID) (did.DID, error) {
	body, ok := strings.CutPrefix(two.String(), prefix2)
	if !ok {
		return did.DID{}, fmt.Errorf("creating did:peer:3: %w: %s is no did:peer:2", did.ErrInvalid, two.Short())
	}
	if _, err := resolve2(two, true); err != nil {
		return did.DID{}, fmt.Errorf("creating did:peer:3: %w", err)
	}
	return did.Parse(prefix3 + hash(body))
}

// resolve3 makes the document of a numalgo 3 DID from the did:peer:2 that was met for it, whose
// hash it is (Peer DID, method 3).
func (r Resolver) resolve3(ctx context.Context, id did.DID) (*did.Document, error) {
	two, err := r.known(ctx, id)
	if err != nil {
		return nil, err
	}
	body, ok := strings.CutPrefix(two.String(), prefix2)
	if !ok || prefix3+hash(body) != id.String() {
		return nil, errForeign()
	}
	return describe2(id, two, body, r.Legacy)
}
