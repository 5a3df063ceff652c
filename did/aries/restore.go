package aries

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/did"
)

// multikeySuites are the types whose key is a multikey and never a publicKeyBase58.
var multikeySuites = map[string]bool{
	"Multikey":                  true,
	"X25519KeyAgreementKey2020": true,
}

// restore puts the multikeys of a document that aries wrote back into their member. Both
// members hold base58btc of the same bytes; the multikey has its mark "z" in front.
func restore(text []byte) ([]byte, error) {
	if len(text) > did.MaxDocument {
		return nil, fmt.Errorf("%w: document longer than %d bytes", did.ErrInvalid, did.MaxDocument)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("%w: %s", did.ErrInvalid, brief(err.Error()))
	}
	for _, list := range members {
		methods, _ := list.([]any)
		for _, m := range methods {
			restoreMethod(m)
		}
	}
	return json.Marshal(members, json.Deterministic(true))
}

func restoreMethod(v any) {
	m, _ := v.(map[string]any)
	suite, _ := m["type"].(string)
	key, ok := m["publicKeyBase58"].(string)
	if !ok || !multikeySuites[suite] || m["publicKeyMultibase"] != nil {
		return
	}
	delete(m, "publicKeyBase58")
	m["publicKeyMultibase"] = "z" + key
}
