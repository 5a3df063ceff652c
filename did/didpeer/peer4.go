package didpeer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/did"
)

const (
	prefix4 = "did:peer:4"
	// jsonCodec is the multicodec of JSON, 0x0200, as an unsigned varint.
	jsonCodec = "\x80\x04"
	// sha256Code is the multihash prefix of a SHA-256: its code and its length.
	sha256Code = "\x12\x20"
)

// hash returns the multibase of the multihash of the SHA-256 of s. For a did:peer:4 it is taken
// over the encoded document, not over the bytes in it.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "z" + base58.Encode(append([]byte(sha256Code), sum[:]...))
}

// encode4 returns the long form of an input document.
func encode4(input []byte) string {
	encoded := "z" + base58.Encode(append([]byte(jsonCodec), input...))
	return prefix4 + hash(encoded) + ":" + encoded
}

// decode4 returns the input document of a long form after checking its hash. Since a hash has
// one spelling, comparing its text also refuses every other hash function and encoding.
func decode4(long did.DID) ([]byte, error) {
	body := strings.TrimPrefix(long.String(), prefix4)
	want, encoded, _ := strings.Cut(body, ":")
	if hash(encoded) != want {
		return nil, fmt.Errorf("%w: the document does not match its hash", did.ErrInvalid)
	}
	digits, ok := strings.CutPrefix(encoded, "z")
	if !ok {
		return nil, fmt.Errorf("%w: the document is not in base58btc", did.ErrInvalid)
	}
	raw, err := base58.Decode(digits)
	if err != nil {
		return nil, fmt.Errorf("%w: the document is not in base58btc", did.ErrInvalid)
	}
	input, ok := strings.CutPrefix(string(raw), jsonCodec)
	if !ok {
		return nil, fmt.Errorf("%w: the document is not marked as JSON", did.ErrInvalid)
	}
	return []byte(input), nil
}

// resolve4 makes the document of either form (Peer DID, method 4, Resolving a DID). The other
// form becomes its alias.
func (r Resolver) resolve4(ctx context.Context, id did.DID) (*did.Document, error) {
	long, other := id, id.Canonical()
	if !id.IsLong() {
		var err error
		if long, err = r.known(ctx, id); err != nil {
			return nil, err
		}
		other = long
	}
	input, err := decode4(long)
	if err != nil {
		return nil, err
	}
	text, err := contextualize(input, id, other)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return did.ParseDocument(text)
}

// known asks for the long form of a short one. A long form of another DID is refused here, one
// with a wrong hash by decode4.
func (r Resolver) known(ctx context.Context, short did.DID) (did.DID, error) {
	if r.Known == nil {
		return did.DID{}, fmt.Errorf(
			"%w: a short form resolves only after its long form was met; ask for the long form", did.ErrNotFound)
	}
	long, err := r.Known(ctx, short)
	if err != nil {
		return did.DID{}, fmt.Errorf("finding the long form: %w", err)
	}
	if !long.IsLong() || long.Canonical() != short {
		return did.DID{}, fmt.Errorf("%w: the long form on file belongs to another DID", did.ErrInvalid)
	}
	return long, nil
}
