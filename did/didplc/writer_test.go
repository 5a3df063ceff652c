package didplc_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didplc"
)

// start is the time of the first operation of every log made here.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// key returns a key that is the same in every run.
func key(t testing.TB, c crypto.Curve, seed byte) crypto.PrivateKey {
	t.Helper()
	k, err := crypto.NewPrivateKey(c, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func didKey(k crypto.PrivateKey) string { return "did:key:" + k.Public().Multikey() }

// object is an operation or a line of the log.
type object = map[string]any

// encode writes DAG-CBOR, independently of the package under test.
func encode(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte{0xf6}
	case string:
		return append(head(3, len(v)), v...)
	case []any:
		out := head(4, len(v))
		for _, e := range v {
			out = append(out, encode(e)...)
		}
		return out
	case object:
		names := slices.SortedFunc(maps.Keys(v), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
		})
		out := head(5, len(names))
		for _, name := range names {
			out = append(append(out, encode(name)...), encode(v[name])...)
		}
		return out
	case float64: // what no operation holds; written as the integer it is
		return head(0, int(v))
	case bool:
		return []byte{0xf5}
	default:
		panic(fmt.Sprintf("%T is not part of an operation", v))
	}
}

func head(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	default:
		return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
	}
}

// cidOf uses the library that libp2p uses, as a check on the package's own few lines.
func cidOf(t testing.TB, op object) string {
	t.Helper()
	sum, err := multihash.Sum(encode(op), multihash.SHA2_256, -1)
	if err != nil {
		t.Fatal(err)
	}
	return cid.NewCidV1(cid.DagCBOR, sum).String()
}

func idOf(op object) string {
	sum := sha256.Sum256(encode(op))
	return "did:plc:" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:24]
}

// orders are the orders of the curves, from the standards.
var orders = map[crypto.Curve]string{
	crypto.P256:      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	crypto.Secp256k1: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
}

// signature signs in the lower half of s, or in the higher one.
func signature(t testing.TB, k crypto.PrivateKey, op object, high bool) []byte {
	t.Helper()
	sig, err := k.Sign(encode(op))
	if err != nil {
		t.Fatal(err)
	}
	order, ok := new(big.Int).SetString(orders[k.Public().Curve()], 16)
	if !ok {
		return sig // another curve has no halves here
	}
	s := new(big.Int).SetBytes(sig[32:])
	if (new(big.Int).Lsh(s, 1).Cmp(order) > 0) != high {
		s.Sub(order, s).FillBytes(sig[32:])
	}
	return sig
}

// sign returns the operation with a signature over everything but an older one.
func sign(t testing.TB, k crypto.PrivateKey, op object) object {
	t.Helper()
	return withSig(op, base64.RawURLEncoding.EncodeToString(signature(t, k, unsigned(op), false)))
}

func unsigned(op object) object {
	out := maps.Clone(op)
	delete(out, "sig")
	return out
}

func withSig(op object, sig string) object {
	out := maps.Clone(op)
	out["sig"] = sig
	return out
}

// update is an operation without prev and signature, controlled by the rotation keys.
func update(rotation ...crypto.PrivateKey) object {
	keys := []any{}
	for _, k := range rotation {
		keys = append(keys, didKey(k))
	}
	return object{
		"type": "plc_operation", "rotationKeys": keys, "verificationMethods": object{}, "alsoKnownAs": []any{},
		"services": object{}, "prev": nil,
	}
}

// change returns a copy of an operation with other members.
func change(op object, over object) object {
	out := maps.Clone(op)
	maps.Copy(out, over)
	return out
}

// audit is a log in the making.
type audit struct {
	t     testing.TB
	lines []object
}

// add appends a signed operation as the directory would, so many hours after the first.
func (a *audit) add(hours float64, op object) *audit {
	id := idOf(op)
	if len(a.lines) > 0 {
		id = a.lines[0]["did"].(string)
	}
	a.lines = append(a.lines, object{
		"did": id, "operation": op, "cid": cidOf(a.t, op), "nullified": false,
		"createdAt": start.Add(time.Duration(hours * float64(time.Hour))).Format("2006-01-02T15:04:05.000Z"),
	})
	return a
}

// next signs op as the continuation of line from and appends it.
func (a *audit) next(hours float64, from int, op object, k crypto.PrivateKey) *audit {
	return a.add(hours, sign(a.t, k, change(op, object{"prev": a.lines[from]["cid"]})))
}

// null marks lines as nullified.
func (a *audit) null(lines ...int) *audit {
	for _, i := range lines {
		a.lines[i]["nullified"] = true
	}
	return a
}

func (a *audit) id() did.DID { return did.MustParse(a.lines[0]["did"].(string)) }

func (a *audit) version(line int) string {
	return fmt.Sprintf("%d-%s", line+1, a.lines[line]["cid"])
}

func (a *audit) text() []byte {
	text, err := json.Marshal(a.lines)
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// fetched answers every question with one text and notes the question.
type fetched struct {
	text  []byte
	err   error
	url   string
	limit int
	types []string
}

func (f *fetched) Fetch(_ context.Context, url string, limit int, types ...string) ([]byte, error) {
	f.url, f.limit, f.types = url, limit, types
	return f.text, f.err
}

const directory = "https://plc.example"

func resolve(t testing.TB, id did.DID, text []byte) (*did.Document, error) {
	t.Helper()
	return didplc.Resolver{Directory: directory, Fetch: &fetched{text: text}}.Resolve(t.Context(), id)
}
