package didpeer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
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
	input, ok := bytes.CutPrefix(raw, []byte(jsonCodec))
	if !ok {
		return nil, fmt.Errorf("%w: the document is not marked as JSON", did.ErrInvalid)
	}
	return input, nil
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
		if !long.IsLong() || long.Canonical() != id {
			return nil, errForeign()
		}
		other = long
	}
	input, err := decode4(long)
	if err != nil {
		return nil, err
	}
	if doc, ok := describe4(input, id, other); ok {
		return doc, nil
	}
	text, err := contextualize(input, id, other)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return did.ParseDocument(text)
}

// describe4 makes the same document as parsing the contextualized text would, in half the time:
// an id is all that the input lacks to be parsed, and the rest is written when somebody asks for
// the text. It leaves to the long way what it would take for something else, what might be too
// long once it is written, and every error.
func describe4(input []byte, id, other did.DID) (*did.Document, bool) {
	if large4(input, id, other) || bytes.Contains(input, []byte("alsoKnownAs")) || bytes.IndexByte(input, '\\') >= 0 {
		return nil, false
	}
	text, ok := withID(input, id)
	if !ok {
		return nil, false
	}
	parsed, err := did.ParseDocument(text)
	if err != nil {
		return nil, false
	}
	methods := parsed.Methods()
	doc, err := did.NewDocument(did.Draft{
		ID:             id,
		AlsoKnownAs:    []did.DID{other},
		Methods:        methods,
		Authentication: places(methods, parsed.Authentication()),
		KeyAgreement:   places(methods, parsed.KeyAgreement()),
		Services:       parsed.Services(),
		Text: func() []byte {
			// What has been parsed can be contextualized.
			text, _ := contextualize(input, id, other)
			return text
		},
	})
	return doc, err == nil
}

// large4 reports whether the contextualized text might be longer than did.MaxDocument: every object
// in it could get a controller. More than did.MaxValues values do not fit into a DID.
func large4(input []byte, id, other did.DID) bool {
	const frame, controller = 256, len(`"controller":"",`)
	size := frame + len(input) + len(id.String()) + len(other.String())
	return size+bytes.Count(input, []byte("{"))*(controller+len(id.String())) > did.MaxDocument
}

// withID puts an id in front of the members of a JSON object. It reports false for what is none.
func withID(input []byte, id did.DID) ([]byte, bool) {
	const space = " \t\r\n"
	members, ok := bytes.CutPrefix(bytes.TrimLeft(input, space), []byte("{"))
	if !ok {
		return nil, false
	}
	text := slices.Concat([]byte(`{"id":"`), []byte(id.String()), []byte(`"`))
	if rest := bytes.TrimLeft(members, space); len(rest) > 0 && rest[0] != '}' {
		text = append(text, ',')
	}
	return append(text, members...), true
}

// places finds the keys of a relationship among the methods.
func places(methods, chosen []did.VerificationMethod) []int {
	out := make([]int, 0, len(chosen))
	for _, c := range chosen {
		out = append(out, slices.IndexFunc(methods, func(m did.VerificationMethod) bool {
			return m.ID.Fragment == c.ID.Fragment
		}))
	}
	return out
}
