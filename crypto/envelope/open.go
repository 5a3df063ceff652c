package envelope

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
)

// Proof is what opening a message has proved. Kids are as the message writes them; empty ones
// were not there.
type Proof struct {
	// RecipientKey is the kid of the key of ours that opened the innermost encryption.
	RecipientKey string
	// SenderKey is the kid of the key that authcrypt proves, to us only.
	SenderKey string
	// SignerKey is the kid of the key that signed, provable to everybody.
	SignerKey string
	// Layers are the layers that were opened, the outermost first.
	Layers []Layer
	// RecipientKIDs are all the kids that the outermost encryption names, ours among them.
	RecipientKIDs []string
}

// Opened is an opened message.
type Opened struct {
	// Payload is a JSON object with unique member names and no envelope. It is not shared.
	Payload []byte
	Proof
}

// OpenOptions says what Open accepts beyond its rules. The zero value is the strictest.
type OpenOptions struct {
	// CheckSigner is called for a signed message before the key kid is looked up, with the payload
	// whose signature is still unverified. It must return an error unless the payload itself
	// claims to be from the owner of kid. Without it, a kid that the signature does not cover is
	// accepted only inside authcrypt, which binds it to the sender.
	CheckSigner func(kid string, payload []byte) error
	// AcceptAries also opens compact JWE, which aries-framework-go makes for a single recipient, in anoncrypt
	// without apv. DIDComm v2.1 knows JSON serialization only.
	AcceptAries bool
	// AcceptForeignNesting also opens anoncrypt(authcrypt(sign)), which DIDComm v2.1 forbids and
	// shows in an example.
	AcceptForeignNesting bool
	// Trace, if not nil, is told in words what each layer is and what became of it, for a person who looks for a
	// fault. It says more than an error may: nothing of it must reach the one who sent the message.
	Trace func(event string)
}

// Open undoes all layers of sealed with our keys in k, and checks the sender's and the signer's
// with those in d. Errors are as the package documentation describes; when one is returned,
// nothing that the message says has been proved. It may be called concurrently.
func Open(ctx context.Context, k crypto.KeyStore, d crypto.Directory, sealed []byte, o OpenOptions) (*Opened, error) {
	op := opener{keys: k, directory: d, options: o}
	data := sealed
	for {
		doc, err := jose.Parse(data)
		switch {
		case err != nil:
			return nil, fmt.Errorf("open: %w", err)
		case doc.JWE != nil:
			data, err = op.decrypt(ctx, doc.JWE)
		case doc.JWS != nil:
			data, err = op.verify(ctx, doc.JWS)
		case len(op.proof.Layers) == 0:
			return nil, ErrPlaintext
		default:
			return &Opened{Payload: data, Proof: op.proof}, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Recipients returns the kids that the outermost encryption of sealed names, without opening it:
// enough to see whether it is for us. A message that is only signed has none. Errors are
// ErrTooLarge, ErrMalformed, ErrUnsupported and ErrPlaintext.
func Recipients(sealed []byte) ([]string, error) {
	doc, err := jose.Parse(sealed)
	switch {
	case err != nil:
		return nil, fmt.Errorf("recipients: %w", err)
	case doc.JWE != nil:
		return kids(doc.JWE), nil
	case doc.JWS != nil:
		return nil, nil
	}
	return nil, ErrPlaintext
}

func kids(j *jose.JWE) []string {
	out := make([]string, len(j.Recipients))
	for i, r := range j.Recipients {
		out[i] = r.KID
	}
	return out
}

// opener opens one message. It belongs to one goroutine.
type opener struct {
	keys      crypto.KeyStore
	directory crypto.Directory
	options   OpenOptions
	proof     Proof
}

// nestings are the combinations of DIDComm v2.1, "IANA Media Types". What is within a listed one
// is listed too, so checking after each layer is enough.
var nestings = [][]Layer{
	{Sign}, {Anoncrypt}, {Authcrypt}, {Anoncrypt, Sign}, {Authcrypt, Sign}, {Anoncrypt, Authcrypt},
}

var foreignNesting = []Layer{Anoncrypt, Authcrypt, Sign}

// enter checks that layer l may come next. It runs before anything of the layer is opened.
func (op *opener) enter(l Layer) error {
	op.proof.Layers = append(op.proof.Layers, l)
	layers := op.proof.Layers
	for _, n := range nestings {
		if slices.Equal(n, layers) {
			return nil
		}
	}
	if op.options.AcceptForeignNesting && slices.Equal(foreignNesting, layers) {
		return nil
	}
	op.trace("the layers %v may not stand in each other", layers)
	return fmt.Errorf("open: %w: layers %v", ErrUnsupported, layers)
}

// tracing reports whether trace goes anywhere. What is traced of every message asks first, because the arguments
// cost memory.
func (op *opener) tracing() bool { return op.options.Trace != nil }

func (op *opener) trace(format string, args ...any) {
	if op.tracing() {
		op.options.Trace(fmt.Sprintf(format, args...))
	}
}

// lookup finds a key of the other side. The error is that of the directory, wrapped.
func (op *opener) lookup(ctx context.Context, kid string, p crypto.Purpose) (crypto.PublicKey, error) {
	if op.directory == nil {
		return crypto.PublicKey{}, errors.New("open: a directory is needed to prove the sender")
	}
	key, err := op.directory.Lookup(ctx, kid, p)
	if err != nil {
		op.trace("%q: no such key in %v of its DID: %v", kid, p, err)
		return crypto.PublicKey{}, fmt.Errorf("open: look up the %v key of the sender: %w", p, err)
	}
	if op.tracing() {
		op.trace("%q: found in %v of its DID, on %v", kid, p, key.Curve())
	}
	return key, nil
}
