package memory

import (
	"context"
	"errors"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var errRequests = errors.New("requests are not kept yet")

// Hold implements inbox.Requests.
func (s *Store) Hold(ctx context.Context, r inbox.Request) (inbox.HoldStatus, error) {
	return inbox.HoldFull, nil
}

// Requests implements inbox.Requests.
func (s *Store) Requests(ctx context.Context) ([]inbox.Request, error) { return nil, nil }

// AcceptRequest implements inbox.Requests.
func (s *Store) AcceptRequest(ctx context.Context, sender did.DID, c inbox.Contact, now time.Time) (inbox.Contact, error) {
	return c, errRequests
}

// DropRequest implements inbox.Requests.
func (s *Store) DropRequest(ctx context.Context, sender did.DID) error { return errRequests }
