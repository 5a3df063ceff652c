package peers

import (
	"fmt"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging/packing"
)

// Form is one combination of layers, keys and content encryption, from Alice to Bob.
type Form struct {
	// Name is what the table calls it.
	Name string `json:"name"`
	// From, SignBy and To are DID URLs of keys, or for To a DID: all of its keys of the first curve.
	From   string `json:"from,omitempty"`
	SignBy string `json:"sign_by,omitempty"`
	To     string `json:"to,omitempty"`
	// Enc is that of anoncrypt; authcrypt has A256CBC-HS512 alone.
	Enc string `json:"enc,omitempty"`
	// Protect wraps authcrypt into anoncrypt.
	Protect bool `json:"protect,omitempty"`

	// Curve is that of the agreement, or of a signature that stands alone; Layer the combination of layers.
	Curve string `json:"-"`
	Layer string `json:"-"`
}

// agreements are the keys for agreement, each with the one that signs within a form of its curve.
var agreements = []struct{ curve, name, signer string }{
	{"X25519", "#key-x25519", "#key-ed25519"}, {"P-256", "#key-p256", "#key-sign-p256"},
	{"P-384", "#key-p384", "#key-secp256k1"}, {"P-521", "#key-p521", "#key-ed25519"},
}

// Forms returns every combination of layers that DIDComm v2.1 allows, over every curve, and every content
// encryption where there is one to choose.
func Forms() (list []Form) {
	for _, k := range []struct{ curve, name string }{{"Ed25519", "#key-ed25519"}, {"P-256", "#key-sign-p256"}, {"secp256k1", "#key-secp256k1"}} {
		list = append(list, Form{Layer: "sign", Curve: k.curve, SignBy: Alice + k.name})
	}
	for _, k := range agreements {
		for _, enc := range []string{"A256CBC-HS512", "A256GCM", "XC20P"} {
			list = append(list, Form{Layer: "anoncrypt", Curve: k.curve, To: Bob + k.name, Enc: enc})
		}
	}
	for _, k := range agreements {
		list = append(list, Form{Layer: "authcrypt", Curve: k.curve, From: Alice + k.name, To: Bob + k.name})
	}
	list = append(list, Form{Layer: "authcrypt, 2 keys", Curve: "X25519", From: Alice + "#key-x25519", To: Bob})
	for _, k := range agreements {
		from, to, signer := Alice+k.name, Bob+k.name, Alice+k.signer
		list = append(list,
			Form{Layer: "anoncrypt(sign)", Curve: k.curve, To: to, SignBy: signer, Enc: "A256CBC-HS512"},
			Form{Layer: "authcrypt(sign)", Curve: k.curve, From: from, To: to, SignBy: signer},
			Form{Layer: "anoncrypt(authcrypt)", Curve: k.curve, From: from, To: to, Protect: true, Enc: "A256CBC-HS512"})
	}
	for i := range list {
		f := &list[i]
		f.Name = f.Layer + " " + f.Curve
		if f.Layer == "anoncrypt" {
			f.Name += " " + f.Enc
		}
	}
	return list
}

// Options returns the form as package packing is told it.
func (f Form) Options() (packing.Options, error) {
	o := packing.Options{ProtectSender: f.Protect, Enc: envelope.ContentEncryption(f.Enc)}
	for text, into := range map[string]*did.URL{f.From: &o.From, f.SignBy: &o.Signer} {
		if text == "" {
			continue
		}
		u, err := did.ParseURL(text)
		if err != nil {
			return o, fmt.Errorf("%s: %w", f.Name, err)
		}
		*into = u
	}
	if f.To != "" {
		u, err := did.ParseURL(f.To)
		if err != nil {
			return o, fmt.Errorf("%s: %w", f.Name, err)
		}
		o.To = []did.URL{u}
	}
	return o, nil
}
