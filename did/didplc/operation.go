package didplc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/crypto"
)

const (
	kindUpdate    = "plc_operation"
	kindTombstone = "plc_tombstone"
	kindLegacy    = "create"

	sigSize = 64
	// maxRotationKeys is what the reference directory takes; the specification allows five.
	maxRotationKeys = 10
)

// members lists what an operation consists of, by its type: no more and no less, since an operation is hashed whole.
var members = map[string][]string{
	kindUpdate:    {"alsoKnownAs", "prev", "rotationKeys", "services", "sig", "type", "verificationMethods"},
	kindTombstone: {"prev", "sig", "type"},
	kindLegacy:    {"handle", "prev", "recoveryKey", "service", "sig", "signingKey", "type"},
}

// operation is one signed step of a DID's life, parsed and hashed, but not verified.
type operation struct {
	prev     *string // CID of the operation before; nil for the first
	sig      []byte  // r‖s
	unsigned []byte  // DAG-CBOR without the signature, which is what is signed
	sum      [32]byte
	cid      string
	state    *state // nil for a tombstone
}

// state is what an operation says of the DID.
type state struct {
	rotation []crypto.PublicKey // highest authority first
	methods  map[string]string  // did:key by name
	aliases  []string
	services map[string]service
}

type service struct {
	Type     string `json:"type"`
	Endpoint string `json:"endpoint"`
}

// fields are the members of all three forms.
type fields struct {
	Type        string             `json:"type"`
	Prev        *string            `json:"prev"`
	Sig         string             `json:"sig"`
	Rotation    []string           `json:"rotationKeys"`
	Methods     map[string]string  `json:"verificationMethods"`
	Aliases     []string           `json:"alsoKnownAs"`
	Services    map[string]service `json:"services"`
	SigningKey  string             `json:"signingKey"`
	RecoveryKey string             `json:"recoveryKey"`
	Handle      string             `json:"handle"`
	Service     string             `json:"service"`
}

func parseOperation(raw jsontext.Value) (*operation, error) {
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return nil, errors.New("the operation is no JSON object")
	}
	if err := checkMembers(all); err != nil {
		return nil, err
	}
	var f fields
	if err := json.Unmarshal(raw, &f, json.RejectUnknownMembers(true)); err != nil {
		return nil, errors.New(clip(err.Error()))
	}
	op := &operation{prev: f.Prev}
	var err error
	if op.sig, err = parseSignature(f.Sig); err != nil {
		return nil, err
	}
	if op.state, err = f.state(); err != nil {
		return nil, err
	}
	return op, op.hash(all)
}

// checkMembers makes sure that the object has the members of its type, with nothing but strings, arrays and objects in
// them; only prev may be null.
func checkMembers(all map[string]any) error {
	kind, _ := all["type"].(string)
	want, ok := members[kind]
	if !ok {
		return fmt.Errorf("operations of type %q are not known", clip(kind))
	}
	for _, name := range want {
		value, ok := all[name]
		if !ok {
			return fmt.Errorf("a %s without %q", kind, name)
		}
		if (name != "prev" || value != nil) && !plain(value) {
			return fmt.Errorf("%q holds a number, a boolean or null", name)
		}
	}
	for name := range all {
		if !slices.Contains(want, name) {
			return fmt.Errorf("a %s with an unknown member %q", kind, clip(name))
		}
	}
	services, _ := all["services"].(map[string]any)
	for name, value := range services {
		if s, ok := value.(map[string]any); !ok || len(s) != 2 {
			return fmt.Errorf("the service %q is not a type and an endpoint", clip(name))
		}
	}
	return nil
}

func plain(value any) bool {
	switch v := value.(type) {
	case string:
		return true
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !plain(e) })
	case map[string]any:
		for _, e := range v {
			if !plain(e) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

func parseSignature(s string) ([]byte, error) {
	sig, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks, so the length of the text counts as well.
	if err != nil || len(sig) != sigSize || len(s) != base64.RawURLEncoding.EncodedLen(sigSize) {
		return nil, fmt.Errorf("sig is not base64url of %d bytes, without padding or stray bits", sigSize)
	}
	return sig, nil
}

// state returns what the operation says, or nil for a tombstone.
func (f *fields) state() (*state, error) {
	if (f.Prev != nil) != (f.Type == kindTombstone) && f.Type != kindUpdate {
		return nil, fmt.Errorf("prev of a %s is wrong: a tombstone always has one, a create never", f.Type)
	}
	s := &state{methods: f.Methods, aliases: f.Aliases, services: f.Services}
	keys := f.Rotation
	switch f.Type {
	case kindTombstone:
		return nil, nil
	case kindLegacy:
		s, keys = f.legacy(), []string{f.RecoveryKey, f.SigningKey}
	}
	if len(keys) > maxRotationKeys {
		return nil, fmt.Errorf("more than %d rotation keys", maxRotationKeys)
	}
	for i, text := range keys {
		multikey, ok := strings.CutPrefix(text, keyPrefix)
		key, err := crypto.ParseMultikey(multikey)
		if !ok || err != nil || key.Curve() != crypto.P256 && key.Curve() != crypto.Secp256k1 {
			return nil, fmt.Errorf("rotation key %d, %q, is no did:key on P-256 or secp256k1", i+1, clip(text))
		}
		s.rotation = append(s.rotation, key)
	}
	return s, nil
}

// legacy reads the form of a first operation that was in use until 2023, as the reference implementation does.
func (f *fields) legacy() *state {
	handle, endpoint := f.Handle, f.Service
	if !strings.HasPrefix(handle, "at://") {
		handle = "at://" + strings.TrimPrefix(strings.TrimPrefix(handle, "http://"), "https://")
	}
	if !strings.HasPrefix(endpoint, "http://") && !strings.HasPrefix(endpoint, "https://") {
		endpoint = "https://" + endpoint
	}
	return &state{
		methods:  map[string]string{"atproto": f.SigningKey},
		aliases:  []string{handle},
		services: map[string]service{"atproto_pds": {Type: "AtprotoPersonalDataServer", Endpoint: endpoint}},
	}
}
