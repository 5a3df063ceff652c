package packing_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// fixed resolves the documents that it holds.
type fixed map[did.DID]*did.Document

func (f fixed) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if d := f[id]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("%s: %w", id, did.ErrNotFound)
}

// person is somebody with keys and a document.
type person struct {
	id   did.DID
	ring *crypto.Keyring
}

// add makes a person with an agreement key on each curve and an Ed25519 key, whose endpoint has the routing keys.
func (f fixed) add(t *testing.T, name string, routingKeys string, curves ...crypto.Curve) person {
	t.Helper()
	p := person{did.MustParse("did:example:" + name), crypto.NewKeyring()}
	methods, agreement := "", ""
	key := func(fragment string, c crypto.Curve) string {
		k, err := crypto.GenerateKey(c)
		if err != nil {
			t.Fatal(err)
		}
		kid := p.id.String() + "#" + fragment
		p.ring.Add(kid, k)
		return fmt.Sprintf(`{"id":%q,"type":"Multikey","controller":%q,"publicKeyMultibase":%q}`, kid, p.id, k.Public().Multikey())
	}
	methods = key("sign", crypto.Ed25519)
	for i, c := range curves {
		methods += "," + key(fmt.Sprint("agree-", i), c)
		if i > 0 {
			agreement += ","
		}
		agreement += fmt.Sprintf(`"%s#agree-%d"`, p.id, i)
	}
	doc, err := did.ParseDocument([]byte(fmt.Sprintf(`{"id":%q,"verificationMethod":[%s],"authentication":["%s#sign"],"keyAgreement":[%s],
		"service":[{"id":"#didcomm","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://example.org/%s","routingKeys":[%s]}}]}`,
		p.id, methods, p.id, agreement, name, routingKeys)))
	if err != nil {
		t.Fatal(err)
	}
	f[p.id] = doc
	return p
}
