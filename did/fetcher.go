package did

import "context"

// Fetcher gets the files in which methods keep their documents, such as https://example.com/.well-known/did.json.
// The URLs come from DIDs, which strangers write, so an implementation asks public hosts over https alone, follows
// no redirect, and bounds time and size; package did/fetch has one. Implementations are safe for concurrent use.
type Fetcher interface {
	// Fetch returns the body that is found at url, if it has at most limit bytes and one of the media types,
	// parameters apart; without types any will do. The error wraps ErrNotFound when the host answers that there
	// is none, ErrUnsafe for an address that must not be asked, and ErrInvalid for an answer that is too long or
	// of another type. Any other error may pass.
	Fetch(ctx context.Context, url string, limit int, types ...string) ([]byte, error)
}

// Seen returns the newest version of a DID's log that the wallet has seen, as by Document.Version; empty when
// none. A method with a log refuses one that does not contain it.
type Seen func(ctx context.Context, id DID) (version string, err error)
