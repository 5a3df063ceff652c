// Envelope seals a DIDComm message from one did:key to another and opens it again: no network, no wallet,
// just keys. Run it with
//
//	go run ./examples/envelope
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// person is a did:key with its private key in memory. A did:key of an X25519 key can be encrypted to.
func person(ctx context.Context) (*crypto.Keyring, *did.Document, error) {
	key, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		return nil, nil, err
	}
	id, err := didkey.Create(key.Public())
	if err != nil {
		return nil, nil, err
	}
	doc, err := didkey.Resolver{}.Resolve(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	ring := crypto.NewKeyring()
	ring.Add(doc.KeyAgreement()[0].ID.String(), key)
	return ring, doc, nil
}

func run(ctx context.Context) error {
	aliceKeys, alice, err := person(ctx)
	if err != nil {
		return err
	}
	bobKeys, bob, err := person(ctx)
	if err != nil {
		return err
	}
	from, to := alice.KeyAgreement()[0], bob.KeyAgreement()[0]
	sealed, err := envelope.Seal(ctx, aliceKeys, []byte(`{"id":"1","type":"https://example.org/hello/1.0/hi","body":{}}`),
		envelope.Options{From: from.ID.String(), To: []envelope.Recipient{{KID: to.ID.String(), Key: to.Key}}})
	if err != nil {
		return err
	}
	directory := did.Directory(did.Methods{"key": didkey.Resolver{}})
	opened, err := envelope.Open(ctx, bobKeys, directory, sealed, envelope.OpenOptions{})
	if err != nil {
		return err
	}
	fmt.Println("opened:", string(opened.Payload))
	fmt.Println("layers:", opened.Layers)
	fmt.Println("proved to be from Alice:", opened.SenderKey == from.ID.String())
	return nil
}
