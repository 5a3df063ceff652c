package didplc

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"
	"github.com/parley-im/parley/crypto"
)

const base32Chars = "abcdefghijklmnopqrstuvwxyz234567"

var base32Lower = base32.NewEncoding(base32Chars).WithPadding(base32.NoPadding)

// cidHead starts every CID of the method: version 1, dag-cbor, sha2-256, 32 bytes.
var cidHead = []byte{0x01, 0x71, 0x12, sha256.Size}

// dagCBOR writes the one encoding that DAG-CBOR has of strings, arrays and objects: definite lengths in the fewest
// bytes, and the members of an object by the length of their names first.
var dagCBOR = func() cbor.EncMode {
	mode, err := cbor.EncOptions{Sort: cbor.SortLengthFirst}.EncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return mode
}()

// hash fills in what is made from the members: the signed bytes, the hash and the CID.
func (op *operation) hash(all map[string]any) error {
	signed, err := dagCBOR.Marshal(all)
	if err != nil {
		return fmt.Errorf("encoding as DAG-CBOR: %w", err)
	}
	rest := maps.Clone(all)
	delete(rest, "sig")
	if op.unsigned, err = dagCBOR.Marshal(rest); err != nil {
		return fmt.Errorf("encoding as DAG-CBOR: %w", err)
	}
	op.sum = sha256.Sum256(signed)
	op.cid = "b" + base32Lower.EncodeToString(slices.Concat(cidHead, op.sum[:]))
	return nil
}

// id returns the DID that begins with this operation.
func (op *operation) id() string {
	return prefix + base32Lower.EncodeToString(op.sum[:])[:idChars]
}

// halfOrders are the halves of the orders of the curves, rounded down: the highest s of a signature.
var halfOrders = map[crypto.Curve][]byte{
	crypto.P256:      mustHex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"),
	crypto.Secp256k1: mustHex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"),
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// signedBy reports whether the signature is by the key, with s in the lower half.
func (op *operation) signedBy(key crypto.PublicKey) bool {
	return bytes.Compare(op.sig[sigSize/2:], halfOrders[key.Curve()]) <= 0 && key.Verify(op.unsigned, op.sig) == nil
}
