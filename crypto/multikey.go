package crypto

import (
	"errors"
	"fmt"

	"github.com/mr-tron/base58"
	"github.com/multiformats/go-varint"
)

// maxMultikey bounds the work of base58, which is quadratic. The longest multikey, of P-521, has
// 96 characters.
const maxMultikey = 128

// Multikey returns the key as a multikey: "z", then base58btc of the multicodec prefix and the
// key, points compressed (W3C Controlled Identifiers section 2.2.2, did:key section 3). It is ""
// for the zero key.
func (k PublicKey) Multikey() string {
	if k.IsZero() {
		return ""
	}
	return "z" + base58.Encode(k.multikeyBytes())
}

func (k PublicKey) multikeyBytes() []byte {
	if k.IsZero() {
		return nil
	}
	return append(varint.ToUvarint(k.curve.params().codec), k.compressed()...)
}

// ParseMultikey reads what Multikey writes. It refuses every base but base58btc, unknown
// multicodecs, a prefix that is not a minimal varint, wrong lengths, uncompressed points, and
// keys that NewPublicKey refuses. A string longer than 128 bytes is refused unread.
func ParseMultikey(s string) (PublicKey, error) {
	k, err := parseMultikey(s)
	if err != nil {
		return PublicKey{}, fmt.Errorf("multikey: %w", err)
	}
	return k, nil
}

func parseMultikey(s string) (PublicKey, error) {
	if len(s) > maxMultikey {
		return PublicKey{}, fmt.Errorf("%d characters, at most %d", len(s), maxMultikey)
	}
	if len(s) < 2 || s[0] != 'z' {
		return PublicKey{}, errors.New("does not start with z, the mark of base58btc")
	}
	data, err := base58.Decode(s[1:])
	if err != nil {
		return PublicKey{}, errors.New("not base58btc")
	}
	codec, n, err := varint.FromUvarint(data)
	if err != nil {
		return PublicKey{}, fmt.Errorf("multicodec prefix: %w", err)
	}
	c, err := curveByCodec(codec)
	if err != nil {
		return PublicKey{}, err
	}
	raw := data[n:]
	if want := c.compressedSize(); len(raw) != want {
		return PublicKey{}, fmt.Errorf("%v key of %d bytes, want %d", c, len(raw), want)
	}
	return NewPublicKey(c, raw)
}

// compressedSize is the length of PublicKey.compressed.
func (c Curve) compressedSize() int {
	p := c.params()
	if p.kty == "OKP" {
		return p.size
	}
	return 1 + p.size
}
