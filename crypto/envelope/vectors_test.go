package envelope_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/vectors"
)

// vector is one entry of the shared files.
type vector struct {
	ID        string          `json:"id"`
	Result    string          `json:"result"`
	Message   json.RawMessage `json:"message"` // a string, or the object itself
	Plaintext json.RawMessage `json:"expected_plaintext"`
	Metadata  struct {
		Layers        []string `json:"layers"`
		DecryptedWith []string `json:"decrypted_with"`
		EncryptedTo   []string `json:"encrypted_to"`
		EncryptedFrom string   `json:"encrypted_from"`
		SignFrom      string   `json:"sign_from"`
		EncAlgAnon    *algs    `json:"enc_alg_anon"`
	} `json:"metadata"`
}

type algs struct {
	Enc envelope.ContentEncryption `json:"enc"`
}

func (v *vector) bytes(t *testing.T) []byte {
	t.Helper()
	if v.Message[0] != '"' {
		return v.Message
	}
	var s string
	if err := json.Unmarshal(v.Message, &s); err != nil {
		t.Fatal(err)
	}
	return []byte(s)
}

// suite is one shared file and what this package leaves to others.
type suite struct {
	name      string
	file      string
	secrets   []string
	documents []string

	// plaintextRules are the vectors that are invalid by a rule about plaintexts, which package
	// messaging holds. Each is either no envelope at all or opens here.
	plaintextRules map[string]string
	// acceptable says what this package does with the vectors that leave it to policy.
	acceptable map[string]verdict
	// unprotected are invalid vectors that have lost what makes them an envelope.
	unprotected []string
	// foreign are the vectors that need AcceptForeignNesting.
	foreign []string
}

type verdict struct {
	want   error // nil: opens
	why    string
	signer string // of a signed message whose vector does not say what it opens to
}

const (
	sicpaPlain = "plaintext, not an envelope: package messaging refuses it"
	noBody     = "plaintext; body is optional in v2.1: package messaging accepts it"
)

var suites = []suite{
	{
		name:      "spec",
		file:      "didcomm-spec-v2.1/vectors.json",
		secrets:   []string{"didcomm-spec-v2.1/secrets-alice.json", "didcomm-spec-v2.1/secrets-bob.json"},
		documents: []string{"didcomm-spec-v2.1/diddoc-alice.json", "didcomm-spec-v2.1/diddoc-bob.json"},
		acceptable: map[string]verdict{
			"C.3-anoncrypt-authcrypt-sign-p521": {why: "opens with AcceptForeignNesting only"},
		},
		foreign: []string{"C.3-anoncrypt-authcrypt-sign-p521"},
	},
	{
		name:      "generated",
		file:      "generated/vectors.json",
		secrets:   []string{"generated/secrets.json"},
		documents: []string{"generated/diddocs.json"},
		plaintextRules: map[string]string{
			"neg-sign-encrypt-without-to":         "to is required in a signed and encrypted plaintext",
			"neg-plain-from-fragment":             "plaintext header rule",
			"neg-plain-to-string":                 "plaintext header rule",
			"neg-plain-to-fragment":               "plaintext header rule",
			"neg-plain-body-array":                "plaintext header rule",
			"neg-plain-created-time-string":       "plaintext header rule",
			"neg-plain-created-time-float":        "plaintext header rule",
			"neg-plain-typ-wrong":                 "plaintext header rule",
			"neg-from_prior-sub-ne-from":          "from_prior",
			"neg-from_prior-iss-eq-sub":           "from_prior",
			"neg-from_prior-kid-did-ne-iss":       "from_prior",
			"neg-from_prior-kid-missing":          "from_prior",
			"neg-from_prior-kid-not-in-prior-did": "from_prior",
			"neg-from_prior-alg-none":             "from_prior",
		},
		acceptable: map[string]verdict{
			"to-without-recipient":               {why: "messaging flags it: not signed"},
			"from-did-url-query":                 {why: "messaging compares the DID"},
			"neg-from_prior-in-signed-plaintext": {why: "messaging wants from_prior encrypted"},
			"signed-kid-in-both-headers":         {why: "equal kids leave no choice; others emit it", signer: "did:example:alice#key-1"},
			"signed-alg-Ed25519":                 {why: "RFC 9864 name, verify only", signer: "did:example:alice#key-1"},
			"from_prior-expired":                 {why: "messaging decides"},
		},
	},
	{
		name:      "didcomm-python",
		file:      "sicpa/didcomm-python.json",
		secrets:   []string{"sicpa/secrets.json"},
		documents: []string{"sicpa/diddocs.json"},
		plaintextRules: map[string]string{
			"didcomm-python/plaintext_0":                                 sicpaPlain,
			"didcomm-python/plaintext_2":                                 sicpaPlain,
			"didcomm-python/plaintext_3":                                 sicpaPlain,
			"didcomm-python/plaintext_5":                                 sicpaPlain,
			"didcomm-python/plaintext_6":                                 sicpaPlain,
			"didcomm-python/plaintext_7":                                 sicpaPlain,
			"didcomm-python/plaintext_8":                                 sicpaPlain,
			"didcomm-python/plaintext_9":                                 sicpaPlain,
			"didcomm-python/plaintext_10":                                sicpaPlain,
			"didcomm-python/plaintext_11":                                sicpaPlain,
			"didcomm-python/plaintext_12":                                sicpaPlain,
			"didcomm-python/plaintext_13":                                sicpaPlain,
			"didcomm-python/plaintext_14":                                sicpaPlain,
			"didcomm-python/plaintext_15":                                sicpaPlain,
			"didcomm-python/PACKED_MESSAGE_INVALID_FROM_PRIOR":           "from_prior",
			"didcomm-python/PACKED_MESSAGE_INVALID_FROM_PRIOR_SIGNATURE": "from_prior",
		},
		acceptable: map[string]verdict{
			"didcomm-python/plaintext_4": {want: envelope.ErrPlaintext, why: noBody},
		},
		foreign: []string{"didcomm-python/TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_P521"},
	},
	{
		name:      "didcomm-rust",
		file:      "sicpa/didcomm-rust.json",
		secrets:   []string{"sicpa/secrets.json"},
		documents: []string{"sicpa/diddocs.json"},
		plaintextRules: map[string]string{
			"didcomm-rust/PLAINTEXT_INVALID_FROM_PRIOR":                    "from_prior",
			"didcomm-rust/PLAINTEXT_FROM_PRIOR_INVALID_SIGNATURE":          "from_prior",
			"didcomm-rust/INVALID_PLAINTEXT_MSG_EMPTY":                     sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_NO_ID":                     sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_NO_TYPE":                   sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_WRONG_TYP":                 sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_EMPTY_ATTACHMENTS":         sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_NO_DATA":       sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_EMPTY_DATA":    sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_LINKS_NO_HASH": sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_AS_STRING":     sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_AS_INT_ARRAY":  sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_WRONG_DATA":    sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_WRONG_ID":      sicpaPlain,
			"didcomm-rust/INVALID_PLAINTEXT_MSG_ATTACHMENTS_NULL_DATA":     sicpaPlain,
		},
		acceptable: map[string]verdict{
			"didcomm-rust/INVALID_PLAINTEXT_MSG_NO_BODY": {want: envelope.ErrPlaintext, why: noBody},
		},
		unprotected: []string{
			"didcomm-rust/unpack/SIGNED_MSG_ALICE_KEY_1/-payload",
			"didcomm-rust/unpack/SIGNED_MSG_ALICE_KEY_1/-signatures",
		},
	},
}

func (s *suite) load(t *testing.T) (*world, []vector) {
	t.Helper()
	var file struct {
		Vectors, Positive, Negative []vector
	}
	vectors.Load(t, s.file, &file)
	return loadWorld(t, s.secrets, s.documents), slices.Concat(file.Vectors, file.Positive, file.Negative)
}

// TestSharedVectors holds every vector of every file to its result. The lists of exceptions must
// match exactly: an id in them that no longer needs them fails too.
func TestSharedVectors(t *testing.T) {
	t.Parallel()
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w, all := s.load(t)
			seen := map[string]bool{}
			for _, v := range all {
				seen[v.ID] = true
				t.Run(v.ID, func(t *testing.T) { s.run(t, w, &v) })
			}
			for _, ids := range [][]string{keysOf(s.plaintextRules), keysOf(s.acceptable), s.unprotected, s.foreign} {
				for _, id := range ids {
					if !seen[id] {
						t.Errorf("%s is listed and is not in the file", id)
					}
				}
			}
			if len(all) == 0 {
				t.Error("no vectors")
			}
			s.count(t, all)
		})
	}
}

// count logs one line of the table of what each set holds.
func (s *suite) count(t *testing.T, all []vector) {
	t.Helper()
	n := map[string]int{}
	for _, v := range all {
		n[v.Result]++
	}
	t.Logf("%-16s %3d valid  %3d invalid  %3d acceptable  (of the invalid, %d by a rule about plaintexts)",
		s.name, n["valid"], n["invalid"], n["acceptable"], len(s.plaintextRules))
}

func keysOf[V any](m map[string]V) (ids []string) {
	for id := range m {
		ids = append(ids, id)
	}
	return ids
}

func (s *suite) run(t *testing.T, w *world, v *vector) {
	o := envelope.OpenOptions{CheckSigner: checkSigner, AcceptForeignNesting: slices.Contains(s.foreign, v.ID)}
	message := v.bytes(t)
	got, err := envelope.Open(context.Background(), w.ring(), w.docs, message, o)
	_, elsewhere := s.plaintextRules[v.ID]
	elsewhere = elsewhere || slices.Contains(s.unprotected, v.ID)
	switch v.Result {
	case "valid":
		v.check(t, w, message, got, err, o)
	case "acceptable":
		ruling, ok := s.acceptable[v.ID]
		if !ok {
			t.Fatalf("no ruling for an acceptable vector; Open gives %v", err)
		}
		if ruling.signer != "" {
			v.Metadata.Layers, v.Metadata.SignFrom = []string{"signed"}, ruling.signer
			v.Plaintext = payloadOf(t, message)
		}
		if ruling.want == nil {
			v.check(t, w, message, got, err, o)
		} else if !errors.Is(err, ruling.want) {
			t.Errorf("got %v, want %v (%s)", err, ruling.want, ruling.why)
		}
	case "invalid":
		opened := err == nil || errors.Is(err, envelope.ErrPlaintext)
		if opened != elsewhere {
			t.Errorf("got %v; listed as not ours to refuse: %v", err, elsewhere)
		}
		if err != nil && !refused(err) {
			t.Errorf("unexpected kind of error: %v", err)
		}
		if !elsewhere {
			refusedByEach(t, w, message, o)
		}
	default:
		t.Fatalf("unknown result %q", v.Result)
	}
	if o.AcceptForeignNesting {
		_, err := envelope.Open(context.Background(), w.ring(), w.docs, message, envelope.OpenOptions{CheckSigner: checkSigner})
		if !errors.Is(err, envelope.ErrUnsupported) {
			t.Errorf("without AcceptForeignNesting: got %v, want ErrUnsupported", err)
		}
	}
}

// refusedByEach opens an invalid message with each of our keys alone: none may let it pass.
func refusedByEach(t *testing.T, w *world, message []byte, o envelope.OpenOptions) {
	t.Helper()
	kids, _ := envelope.Recipients(message)
	for _, kid := range kids {
		if _, ours := w.keys[kid]; !ours {
			continue
		}
		if _, err := envelope.Open(context.Background(), w.ring(kid), w.docs, message, o); err == nil {
			t.Errorf("opened by %s alone", kid)
		}
	}
}

// payloadOf decodes the payload of a JWS.
func payloadOf(t *testing.T, message []byte) []byte {
	t.Helper()
	var m struct {
		Payload string `json:"payload"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(m.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// layers gives the layers of the metadata our names.
func (v *vector) layers() []envelope.Layer {
	var out []envelope.Layer
	for _, l := range v.Metadata.Layers {
		if l == "signed" {
			l = "sign"
		}
		out = append(out, envelope.Layer(l))
	}
	return out
}

// check holds an opened vector to all that its metadata says, opens it once more for each
// recipient alone, and seals what it says again in the same layers.
func (v *vector) check(t *testing.T, w *world, message []byte, got *envelope.Opened, err error, o envelope.OpenOptions) {
	t.Helper()
	layers := v.layers()
	if len(layers) == 0 {
		if !errors.Is(err, envelope.ErrPlaintext) {
			t.Errorf("plaintext: got %v, want ErrPlaintext", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m := v.Metadata
	want := envelope.Proof{
		RecipientKey: got.RecipientKey, SenderKey: m.EncryptedFrom, SignerKey: m.SignFrom,
		Layers: layers, RecipientKIDs: got.RecipientKIDs,
	}
	if diff := cmp.Diff(want, got.Proof); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
	samePlaintext(t, got.Payload, v.Plaintext)
	v.checkRecipients(t, w, message, got, o)
	if !o.AcceptForeignNesting {
		v.sealAgain(t, w, got)
	}
}

func samePlaintext(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("plaintext (-want +got):\n%s", diff)
	}
}

func (v *vector) checkRecipients(t *testing.T, w *world, message []byte, got *envelope.Opened, o envelope.OpenOptions) {
	t.Helper()
	kids, err := envelope.Recipients(message)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(kids, got.RecipientKIDs) {
		t.Errorf("Recipients gives %v, Open %v", kids, got.RecipientKIDs)
	}
	if v.Metadata.EncryptedTo == nil {
		if got.RecipientKey != "" || kids != nil {
			t.Errorf("not encrypted, but RecipientKey is %q", got.RecipientKey)
		}
		return
	}
	sorted := slices.Sorted(slices.Values(kids))
	if diff := cmp.Diff(slices.Sorted(slices.Values(v.Metadata.EncryptedTo)), sorted); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	for _, kid := range kids {
		if _, ours := w.keys[kid]; !ours {
			continue
		}
		alone, err := envelope.Open(context.Background(), w.ring(kid), w.docs, message, o)
		if err != nil {
			t.Errorf("for %s alone: %v", kid, err)
			continue
		}
		if alone.RecipientKey != kid || string(alone.Payload) != string(got.Payload) {
			t.Errorf("for %s alone: opened by %s, or another payload", kid, alone.RecipientKey)
		}
	}
	_, err = envelope.Open(context.Background(), w.ring("did:example:nobody#1"), w.docs, message, o)
	if !errors.Is(err, envelope.ErrNotForUs) {
		t.Errorf("without keys: got %v, want ErrNotForUs", err)
	}
}

// sealAgain seals the payload in the same layers for the same keys, and opens that.
func (v *vector) sealAgain(t *testing.T, w *world, got *envelope.Opened) {
	t.Helper()
	o := envelope.Options{From: got.SenderKey, Signer: got.SignerKey}
	for _, kid := range got.RecipientKIDs {
		o.To = append(o.To, envelope.Recipient{KID: kid, Key: w.keys[kid].Public()})
	}
	if a := v.Metadata.EncAlgAnon; a != nil {
		o.Enc = a.Enc
	}
	ctx := context.Background()
	sealed, err := envelope.Seal(ctx, w.ring(), got.Payload, o)
	if err != nil {
		t.Fatalf("seal again: %v", err)
	}
	again, err := envelope.Open(ctx, w.ring(), w.docs, sealed, envelope.OpenOptions{CheckSigner: checkSigner})
	if err != nil {
		t.Fatalf("open what was sealed again: %v", err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("sealed again (-want +got):\n%s", diff)
	}
}
