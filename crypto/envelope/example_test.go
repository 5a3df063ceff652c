package envelope_test

import (
	"context"
	"fmt"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// Alice seals a message that only Bob can open, and that proves to him that she sent it.
func Example() {
	aliceKey, _ := crypto.GenerateKey(crypto.X25519)
	bobKey, _ := crypto.GenerateKey(crypto.X25519)

	ours := crypto.NewKeyring()
	ours.Add("did:example:alice#key-2", aliceKey)
	ctx := context.Background()
	sealed, err := envelope.Seal(ctx, ours, []byte(`{"id":"1","body":{}}`), envelope.Options{
		To:   []envelope.Recipient{{KID: "did:example:bob#key-2", Key: bobKey.Public()}},
		From: "did:example:alice#key-2",
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	theirs := crypto.NewKeyring()
	theirs.Add("did:example:bob#key-2", bobKey)
	directory := crypto.Keys{"did:example:alice#key-2": aliceKey.Public()}
	opened, err := envelope.Open(ctx, theirs, directory, sealed, envelope.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(opened.Payload), opened.Layers, opened.SenderKey)
	// Output: {"id":"1","body":{}} [authcrypt] did:example:alice#key-2
}
