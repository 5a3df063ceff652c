package envelope_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// update rewrites testdata/vectors.json. What was sealed once must open for ever, so this is for
// new vectors only: check the difference before it is committed.
var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

// golden is one entry of testdata/vectors.json. The keys are those of newPair on the curves named.
type golden struct {
	ID     string          `json:"id"`
	Agree  string          `json:"agree"`
	Sign   string          `json:"sign"`
	Result string          `json:"result"` // "opens", or the name of an error
	Sealed json.RawMessage `json:"sealed"`
	Proof  *envelope.Proof `json:"proof,omitempty"`
}

var goldenErrors = map[string]error{
	"ErrOpen": envelope.ErrOpen, "ErrMalformed": envelope.ErrMalformed,
	"ErrUnsupported": envelope.ErrUnsupported, "ErrNotForUs": envelope.ErrNotForUs, "signer": errSigner,
}

var goldenCurves = [][2]crypto.Curve{
	{crypto.X25519, crypto.Ed25519}, {crypto.P256, crypto.P256}, {crypto.P384, crypto.P384},
	{crypto.P521, crypto.P521}, {crypto.X25519, crypto.Secp256k1},
}

func goldenPair(t *testing.T, agree, sign string) *pair {
	t.Helper()
	for _, c := range goldenCurves {
		if c[0].String() == agree && c[1].String() == sign {
			return newPair(t, c[0], c[1])
		}
	}
	t.Fatalf("no pair for %s and %s", agree, sign)
	return nil
}

// TestGolden opens what earlier versions have sealed, and refuses what they have damaged.
func TestGolden(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "vectors.json")
	if *update {
		writeGolden(t, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Errorf("only %d vectors", len(all))
	}
	for _, v := range all {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			got, err := goldenPair(t, v.Agree, v.Sign).open(v.Sealed)
			if v.Result != "opens" {
				if want := goldenErrors[v.Result]; want == nil || !errors.Is(err, want) {
					t.Errorf("got %v, want %s", err, v.Result)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&envelope.Opened{Payload: []byte(hello), Proof: *v.Proof}, got); diff != "" {
				t.Errorf("opened (-want +got):\n%s", diff)
			}
		})
	}
}

func writeGolden(t *testing.T, path string) {
	t.Helper()
	var all []golden
	for _, c := range goldenCurves {
		p := newPair(t, c[0], c[1])
		for _, f := range p.forms() {
			v := golden{
				ID: fmt.Sprintf("%s-%v-%v", f.name, c[0], c[1]), Agree: c[0].String(), Sign: c[1].String(),
				Sealed: p.seal(t, hello, f.options),
			}
			all = append(all, goldenVerdict(p, v))
			if c == goldenCurves[0] {
				all = append(all, goldenNegatives(t, p, v, f)...)
			}
		}
	}
	out, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goldenVerdict records what Open says today.
func goldenVerdict(p *pair, v golden) golden {
	got, err := p.open(v.Sealed)
	if err == nil {
		v.Result, v.Proof = "opens", &got.Proof
		return v
	}
	for name, e := range goldenErrors {
		if errors.Is(err, e) {
			v.Result = name
		}
	}
	return v
}

// goldenNegatives damages a message in one way each.
func goldenNegatives(t *testing.T, p *pair, v golden, f form) (out []golden) {
	t.Helper()
	changes := map[string]func(object){
		"flip-tag": flip("tag"), "flip-iv": flip("iv"), "flip-ciphertext": flip("ciphertext"),
		"no-apv": inHeader(t, drop("apv")), "zip": inHeader(t, set("zip", "DEF")), "crit": inHeader(t, set("crit", []string{"x"})),
		"low-order-epk":     inHeader(t, set("epk", object{"kty": "OKP", "crv": "X25519", "x": zeros(32)})),
		"recipient-renamed": inRecipient(0, set("header", object{"kid": "did:example:mallory#1"})),
	}
	if slices.Equal(f.layers, []envelope.Layer{envelope.Sign}) {
		changes = map[string]func(object){
			"payload": set("payload", b64.EncodeToString(bytes.Replace([]byte(hello), []byte("bob"), []byte("eve"), 1))),
			"kid":     func(m object) { m["signatures"].([]any)[0].(object)["header"] = object{"kid": "did:example:mallory#1"} },
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		n := v
		n.ID, n.Sealed = v.ID+"/"+name, edit(t, v.Sealed, changes[name])
		out = append(out, goldenVerdict(p, n))
	}
	return out
}
