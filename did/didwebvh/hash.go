package didwebvh

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/gowebpki/jcs"
	"github.com/mr-tron/base58"
)

const (
	// sha256Code is the multihash prefix of a SHA-256: its code and its length.
	sha256Code = "\x12\x20"
	// hashLength is the length of the base58btc of such a multihash, which always starts with Qm.
	hashLength = 46
	// multikeyLength is the length of an Ed25519 multikey, which always starts with z6Mk.
	multikeyLength = 48

	base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

// multihash returns the base58btc of the multihash of the SHA-256 of data, without a multibase prefix (did:webvh
// 1.0, Generate Entry Hash). A hash has one spelling, so comparing text compares hashes.
func multihash(data []byte) string {
	sum := sha256.Sum256(data)
	return base58.Encode(append([]byte(sha256Code), sum[:]...))
}

// isHash reports whether s is spelled like a multihash of the only function that did:webvh:1.0 permits.
func isHash(s string) bool { return len(s) == hashLength && strings.HasPrefix(s, "Qm") && isBase58(s) }

// isMultikey reports whether s is spelled like an Ed25519 multikey, the only kind that eddsa-jcs-2022 can use. That
// it is a key is found out when it signs.
func isMultikey(s string) bool {
	return len(s) == multikeyLength && strings.HasPrefix(s, "z6Mk") && isBase58(s)
}

func isBase58(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(base58Digits, s[i]) < 0 {
			return false
		}
	}
	return true
}

// canonical returns the canonical form of a JSON object (RFC 8785). The text has passed checkShape.
func canonical(text []byte) ([]byte, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, errors.New("missing or not an object")
	}
	out, err := jcs.Transform(text)
	if err != nil {
		return nil, fmt.Errorf("no canonical form: %s", clip(err.Error()))
	}
	return out, nil
}
