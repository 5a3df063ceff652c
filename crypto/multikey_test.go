package crypto_test

import (
	"strings"
	"testing"

	"github.com/mr-tron/base58"
	"github.com/multiformats/go-multibase"
	"github.com/multiformats/go-varint"

	"github.com/parley-im/parley/crypto"
)

func TestParseMultikeyRefuses(t *testing.T) {
	t.Parallel()
	_, fixed := fixedKey(t, crypto.Ed25519)
	key := fixed.Public().Multikey()
	good, err := base58.Decode(key[1:])
	if err != nil {
		t.Fatal(err)
	}
	u, err := multibase.Encode(multibase.Base64url, good)
	if err != nil {
		t.Fatal(err)
	}
	p256 := mustGenerate(t, crypto.P256).Public()
	enc := func(codec uint64, raw []byte) string {
		return "z" + base58.Encode(append(varint.ToUvarint(codec), raw...))
	}
	tests := map[string]string{
		"empty":                        "",
		"only the prefix":              "z",
		"no prefix":                    key[1:],
		"base64url":                    u,
		"uppercase prefix":             "Z" + key[1:],
		"character outside base58":     key[:len(key)-1] + "0",
		"space":                        key + " ",
		"newline":                      key + "\n",
		"not ASCII":                    "zé" + key[3:],
		"leading zero byte":            "z1" + key[1:],
		"31 bytes":                     enc(0xed, good[2:33]),
		"33 bytes":                     enc(0xed, append(good[2:34:34], 0)),
		"unknown codec":                enc(0x1203, good[2:]),
		"private key codec":            enc(0x1300, good[2:]),
		"codec as one byte":            "z" + base58.Encode(append([]byte{0xed}, good[2:]...)),
		"varint not minimal":           "z" + base58.Encode(append([]byte{0xed, 0x81, 0x00}, good[2:]...)),
		"varint without end":           "z" + base58.Encode([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
		"only the codec":               "z" + base58.Encode(varint.ToUvarint(0xed)),
		"uncompressed point":           enc(0x1200, p256.Bytes()),
		"point under another codec":    enc(0xe7, append([]byte{2}, make([]byte, 32)...)),
		"point with a wrong tag":       enc(0x1200, append([]byte{4}, p256.Bytes()[1:33]...)),
		"x of no point":                enc(0x1200, append([]byte{2}, offCurveX()...)),
		"longer than any key":          "z" + strings.Repeat("2", 128),
		"a megabyte is refused unread": "z" + strings.Repeat("2", 1<<20),
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if k, err := crypto.ParseMultikey(s); err == nil || !k.IsZero() {
				t.Errorf("accepted as %v", k)
			}
		})
	}
}

// offCurveX returns an x coordinate to which P-256 has no point.
func offCurveX() []byte {
	x := make([]byte, 32)
	for {
		if _, err := crypto.NewPublicKey(crypto.P256, append([]byte{2}, x...)); err != nil {
			return x
		}
		x[31]++
	}
}

func FuzzParseMultikey(f *testing.F) {
	for _, c := range allCurves {
		f.Add(mustGenerate(f, c).Public().Multikey())
	}
	f.Add("")
	f.Add("z")
	f.Add("z1111111111111111")
	f.Add("z\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := crypto.ParseMultikey(s)
		if err != nil {
			if !k.IsZero() {
				t.Fatal("an error came with a key")
			}
			return
		}
		if k.Multikey() != s { // one key, one multikey
			t.Fatalf("%q is written back as %q", s, k.Multikey())
		}
	})
}
