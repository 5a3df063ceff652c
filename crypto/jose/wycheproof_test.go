package jose

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/parley-im/parley/crypto"
)

// hexBytes is hexadecimal in JSON.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type wycheproofGroup struct {
	KeySize, IVSize, TagSize int
	Public                   json.RawMessage
	Comment                  string
	Tests                    []wycheproofCase
}

// UnmarshalJSON reads sizes that some files give as strings and others as numbers.
func (g *wycheproofGroup) UnmarshalJSON(b []byte) error {
	var raw struct {
		KeySize, IVSize, TagSize json.Number
		Public                   json.RawMessage
		Comment                  string
		Tests                    []wycheproofCase
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	number := func(n json.Number) int {
		v, _ := n.Int64()
		return int(v)
	}
	*g = wycheproofGroup{number(raw.KeySize), number(raw.IVSize), number(raw.TagSize), raw.Public, raw.Comment, raw.Tests}
	return nil
}

type wycheproofCase struct {
	TcID                       int
	Comment, Result            string
	JWS                        json.RawMessage
	Key, IV, AAD, Msg, Ct, Tag hexBytes
}

func loadWycheproof(t *testing.T, name string) []wycheproofGroup {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ TestGroups []wycheproofGroup }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.TestGroups
}

func TestWycheproofContentEncryption(t *testing.T) {
	t.Parallel()
	for enc, name := range map[Encryption]string{
		A256CBCHS512: "a256cbc_hs512_test.json",
		A256GCM:      "aes_gcm_test.json",
		XC20P:        "xchacha20_poly1305_test.json",
	} {
		t.Run(string(enc), func(t *testing.T) {
			t.Parallel()
			want, _ := enc.sizes()
			ran := 0
			for _, g := range loadWycheproof(t, name) {
				for _, c := range g.Tests {
					// newJWE refuses other sizes before a cipher sees them.
					if len(c.Key) == want.key && len(c.IV) == want.iv && len(c.Tag) == want.tag {
						checkAEAD(t, enc, c)
						ran++
					}
				}
			}
			if ran < 50 {
				t.Errorf("only %d vectors fit", ran)
			}
		})
	}
}

func checkAEAD(t *testing.T, enc Encryption, c wycheproofCase) {
	t.Helper()
	j := JWE{Header: Header{Enc: enc}, aad: c.AAD, iv: c.IV, sealed: append(bytes.Clone(c.Ct), c.Tag...)}
	got, err := j.open(c.Key)
	switch {
	case c.Result == "valid" && (err != nil || !bytes.Equal(got, c.Msg)):
		t.Errorf("tcId %d: %v, or another plaintext", c.TcID, err)
	case c.Result != "valid" && err != ErrDecrypt:
		t.Errorf("tcId %d (%s): got %v, want ErrDecrypt itself", c.TcID, c.Comment, err)
	}
}

func TestWycheproofKeyWrap(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, g := range loadWycheproof(t, "aes_wrap_test.json") {
		for _, c := range g.Tests {
			if len(c.Key) != kekSize {
				continue
			}
			// Only the sizes of our content keys are ever asked for.
			for _, size := range []int{32, 64} {
				got := unwrap(c.Key, c.Ct, size)
				opens := c.Result == "valid" && len(c.Msg) == size
				if bytes.Equal(got, c.Msg) != opens || len(got) != size {
					t.Errorf("tcId %d (%s) as %d bytes: got %x", c.TcID, c.Comment, size, got)
				}
				ran++
			}
			if c.Result == "valid" {
				if got, err := wrap(c.Key, c.Msg); err != nil || !bytes.Equal(got, c.Ct) {
					t.Errorf("tcId %d: wrap gives %x, %v", c.TcID, got, err)
				}
			}
		}
	}
	if ran < 50 {
		t.Errorf("only %d vectors fit", ran)
	}
}

// jwkRules are the vectors that turn on the JWK members use and key_ops. ParseJWK ignores them: what
// a key is for, a DID document says.
var jwkRules = map[int]bool{354: true, 356: true}

// TestWycheproofSignature runs the vectors for keys that package crypto knows.
func TestWycheproofSignature(t *testing.T) {
	t.Parallel()
	verified := 0
	for _, g := range loadWycheproof(t, "json_web_signature_test.json") {
		key, err := crypto.ParseJWK(g.Public)
		if g.Public == nil || err != nil {
			continue // symmetric and RSA keys
		}
		for _, c := range g.Tests {
			ok := verifies(key, c.JWS)
			if ok {
				verified++
			}
			if want := c.Result == "valid" || jwkRules[c.TcID]; ok != want {
				t.Errorf("%s, tcId %d (%s): verified %v, want %v: %s", g.Comment, c.TcID, c.Comment, ok, want, c.JWS)
			}
		}
	}
	if verified == 0 {
		t.Error("no vector verified")
	}
}

func verifies(key crypto.PublicKey, jws json.RawMessage) bool {
	var compact string
	if json.Unmarshal(jws, &compact) != nil {
		compact = string(jws) // a JSON serialization
	}
	doc, err := Parse([]byte(compact))
	return err == nil && doc.JWS != nil && doc.JWS.Signatures[0].Verify(key) == nil
}
