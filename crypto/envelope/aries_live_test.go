package envelope_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	ariescrypto "github.com/hyperledger/aries-framework-go/pkg/crypto"
	"github.com/hyperledger/aries-framework-go/pkg/crypto/tinkcrypto"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/packer"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/packer/anoncrypt"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/packer/authcrypt"
	ariesdid "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	ariesjose "github.com/hyperledger/aries-framework-go/pkg/doc/jose"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/kms"
	"github.com/hyperledger/aries-framework-go/pkg/kms/localkms"
	"github.com/hyperledger/aries-framework-go/pkg/secretlock/noop"
	"github.com/hyperledger/aries-framework-go/spi/secretlock"
	"github.com/hyperledger/aries-framework-go/spi/storage"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// agent is a party that aries-framework-go plays, with its key management and nothing stored.
type agent struct {
	vdr.Registry // nil: Resolve below is all that is needed
	keys         *localkms.LocalKMS
	crypto       *tinkcrypto.Crypto
	documents    map[string]*ariesdid.Doc
	stored       map[string][]byte
}

func (a *agent) KMS() kms.KeyManager               { return a.keys }
func (a *agent) Crypto() ariescrypto.Crypto        { return a.crypto }
func (a *agent) VDRegistry() vdr.Registry          { return a }
func (a *agent) StorageProvider() storage.Provider { return nil }

func (a *agent) Resolve(id string, _ ...vdr.DIDMethodOption) (*ariesdid.DocResolution, error) {
	if doc := a.documents[id]; doc != nil {
		return &ariesdid.DocResolution{DIDDocument: doc}, nil
	}
	return nil, vdr.ErrNotFound
}

// ariesKeys is what localkms stores keys in.
type ariesKeys struct{ stored map[string][]byte }

func (k ariesKeys) StorageProvider() kms.Store            { return k }
func (k ariesKeys) SecretLock() secretlock.Service        { return &noop.NoLock{} }
func (k ariesKeys) Put(keysetID string, key []byte) error { k.stored[keysetID] = key; return nil }
func (k ariesKeys) Delete(keysetID string) error          { delete(k.stored, keysetID); return nil }
func (k ariesKeys) Get(keysetID string) (key []byte, err error) {
	if key = k.stored[keysetID]; key == nil {
		err = kms.ErrKeyNotFound
	}
	return key, err
}

func newAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{documents: map[string]*ariesdid.Doc{}, stored: map[string][]byte{}}
	var err error
	if a.keys, err = localkms.New("local-lock://test", ariesKeys{a.stored}); err != nil {
		t.Fatal(err)
	}
	if a.crypto, err = tinkcrypto.New(); err != nil {
		t.Fatal(err)
	}
	return a
}

// create makes a key of the agent's. Aries forgets leading zero bytes of coordinates, and then does not find the
// key any more: such keys are not taken.
func (a *agent) create(t *testing.T, c crypto.Curve) (id string, public ariescrypto.PublicKey, key crypto.PublicKey) {
	t.Helper()
	kind := map[crypto.Curve]kms.KeyType{crypto.P256: kms.NISTP256ECDHKWType, crypto.P384: kms.NISTP384ECDHKWType}[c]
	for {
		id, data, err := a.keys.CreateAndExportPubKeyBytes(kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &public); err != nil {
			t.Fatal(err)
		}
		raw := slices.Concat([]byte{4}, public.X, public.Y)
		if key, err = crypto.NewPublicKey(c, raw); err == nil && public.X[0] != 0 && public.Y[0] != 0 {
			return id, public, key
		}
	}
}

// knows gives the agent a document. Of several keys for agreement aries finds the last one alone.
func (a *agent) knows(t *testing.T, who string, keys ...envelope.Recipient) {
	t.Helper()
	var methods, names []string
	for _, k := range keys {
		methods = append(methods, fmt.Sprintf(`{"id":%q,"type":"JsonWebKey2020","controller":%q,"publicKeyJwk":%s}`, k.KID, who, k.Key.JWK()))
		names = append(names, fmt.Sprintf("%q", k.KID))
	}
	doc, err := ariesdid.ParseDocument([]byte(fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1"],"id":%q,"verificationMethod":[%s],"keyAgreement":[%s]}`,
		who, strings.Join(methods, ","), strings.Join(names, ","))))
	if err != nil {
		t.Fatal(err)
	}
	a.documents[who] = doc
}

func (a *agent) packer(t *testing.T, l envelope.Layer) packer.Packer {
	t.Helper()
	var p packer.Packer
	var err error
	if l == envelope.Authcrypt {
		p, err = authcrypt.New(a, ariesjose.A256CBCHS512)
	} else {
		p, err = anoncrypt.New(a, ariesjose.A256CBCHS512)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var ariesCurves = []crypto.Curve{crypto.P256, crypto.P384}

// TestAriesOpensOurs seals for two keys of an aries agent. It opens authcrypt. In anoncrypt for several recipients aries
// looks for epk and alg in the header of each recipient, where nothing protects them, and not in the protected header,
// where DIDComm v2.1 wants them: that takes ForAries, and what that makes we refuse ourselves.
func TestAriesOpensOurs(t *testing.T) {
	t.Parallel()
	for _, c := range ariesCurves {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			us, them := newPair(t, c, crypto.Ed25519), newAgent(t)
			_, _, first := them.create(t, c)
			_, _, second := them.create(t, c)
			to := []envelope.Recipient{{KID: bobKey, Key: first}, {KID: bobSecond, Key: second}}
			them.knows(t, alice, envelope.Recipient{KID: aliceKey, Key: us.docs[crypto.KeyAgreement][aliceKey]})
			for range 2 { // with the one key as the first, and with the other
				them.knows(t, bob, to[1], to[0])
				got, err := them.packer(t, envelope.Authcrypt).Unpack(us.seal(t, hello, envelope.Options{To: to, From: aliceKey}))
				if err != nil {
					t.Fatal(err)
				}
				if string(got.Message) != hello || !bytes.Contains(got.FromKey, []byte(aliceKey)) {
					t.Errorf("got %s from %s", got.Message, got.FromKey)
				}
				_, err = them.packer(t, envelope.Anoncrypt).Unpack(us.seal(t, hello, envelope.Options{To: to}))
				if err == nil || !strings.Contains(err.Error(), "unable to read JWK") {
					t.Errorf("anoncrypt for two: %v", err)
				}
				sealed := us.seal(t, hello, envelope.Options{To: to, ForAries: true})
				if got, err = them.packer(t, envelope.Anoncrypt).Unpack(sealed); err != nil || string(got.Message) != hello {
					t.Errorf("anoncrypt for two, for aries: %+v, %v", got, err)
				}
				if _, err := us.open(sealed); !errors.Is(err, envelope.ErrMalformed) {
					t.Errorf("what is made for aries opens here: %v, want ErrMalformed", err)
				}
				slices.Reverse(to)
			}
		})
	}
}

// TestWeOpenAries has an aries agent seal for one key of ours, which it does in the compact serialization.
func TestWeOpenAries(t *testing.T) {
	t.Parallel()
	for _, c := range ariesCurves {
		for _, l := range []envelope.Layer{envelope.Anoncrypt, envelope.Authcrypt} {
			t.Run(fmt.Sprint(c, " ", l), func(t *testing.T) {
				t.Parallel()
				us, them := newPair(t, c, crypto.Ed25519), newAgent(t)
				id, _, key := them.create(t, c)
				const skid = alice + "#aries"
				sender := ""
				if l == envelope.Authcrypt {
					sender = id + "." + skid
				}
				sealed := them.seal(t, l, sender, us.docs[crypto.KeyAgreement][bobKey])
				lookup := crypto.Keys{skid: key}
				got, err := envelope.Open(t.Context(), us.bob, lookup, sealed, envelope.OpenOptions{AcceptAries: true})
				if err != nil {
					t.Fatalf("%v: %s", err, sealed)
				}
				if string(got.Payload) != hello || got.RecipientKey != bobKey || (got.SenderKey == skid) != (l == envelope.Authcrypt) {
					t.Errorf("payload %s, proof %+v", got.Payload, got.Proof)
				}
				if _, err := envelope.Open(t.Context(), us.bob, lookup, sealed, envelope.OpenOptions{}); !errors.Is(err, envelope.ErrUnsupported) {
					t.Errorf("without AcceptAries: %v", err)
				}
			})
		}
	}
}

// seal packs hello for Bob's first key, anew until the ephemeral key has its full width: aries drops leading zero
// bytes, which RFC 7518 section 6.2.1.2 forbids and we refuse.
func (a *agent) seal(t *testing.T, l envelope.Layer, sender string, to crypto.PublicKey) []byte {
	t.Helper()
	raw := to.Bytes()[1:]
	recipient, err := json.Marshal(ariescrypto.PublicKey{KID: bobKey, X: raw[:len(raw)/2], Y: raw[len(raw)/2:], Curve: to.Curve().String(), Type: "EC"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		sealed, err := a.packer(t, l).Pack("application/didcomm-plain+json", []byte(hello), []byte(sender), [][]byte{recipient})
		if err != nil {
			t.Fatal(err)
		}
		protected, _, _ := strings.Cut(string(sealed), ".")
		header, err := base64.RawURLEncoding.DecodeString(protected)
		if err != nil {
			t.Fatalf("not compact: %s", sealed)
		}
		var h struct {
			EPK struct{ X, Y string } `json:"epk"`
		}
		if err := json.Unmarshal(header, &h); err != nil {
			t.Fatal(err)
		}
		if want := base64.RawURLEncoding.EncodedLen(len(raw) / 2); len(h.EPK.X) == want && len(h.EPK.Y) == want {
			return sealed
		}
	}
}
