package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/packing"
)

// unpackFlags are those of parley unpack.
type unpackFlags struct {
	offline
	explain, aries, foreign bool
}

func unpackCommand(a *app) *cobra.Command {
	u := &unpackFlags{}
	cmd := &cobra.Command{
		Use:   "unpack",
		Short: "Open a DIDComm envelope, without a wallet",
		Long: "Reads an envelope from stdin and writes the plaintext to stdout; with --json also what the envelope proves. " +
			"--explain tells on stderr what each layer is, and why something was refused: for your eyes, not for the " +
			"sender's. An envelope that does not open, or whose message contradicts what it proves, ends with exit code 4.",
		Example: `parley unpack --secrets bob.json --diddocs docs.json < envelope.json
parley unpack --secrets bob.json --diddocs docs.json --json < envelope.json
parley unpack --secrets bob.json --diddocs docs.json --explain < envelope.json`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error { return a.unpack(ctx, u) }),
	}
	f := cmd.Flags()
	f.BoolVar(&u.explain, "explain", false, "tell what each layer is and why something was refused")
	f.BoolVar(&u.aries, "accept-aries", false, "also open the compact form of aries agents")
	f.BoolVar(&u.foreign, "accept-foreign-nesting", false, "also open anoncrypt(authcrypt(sign))")
	u.flags(f)
	return cmd
}

// unpacked is the result of parley unpack --json.
type unpacked struct {
	V        int             `json:"v"`
	Message  json.RawMessage `json:"message"`
	Metadata metadata        `json:"metadata"`
	Explain  []string        `json:"explain,omitempty"`
}

// metadata is what an envelope proves.
type metadata struct {
	Encrypted       bool             `json:"encrypted"`
	Authenticated   bool             `json:"authenticated"`
	AnonymousSender bool             `json:"anonymous_sender"`
	NonRepudiation  bool             `json:"non_repudiation"`
	SenderKID       string           `json:"sender_kid"`
	RecipientKID    string           `json:"recipient_kid"`
	SignerKID       string           `json:"signer_kid"`
	RecipientKIDs   []string         `json:"recipient_kids,omitempty"`
	Layers          []envelope.Layer `json:"layers"`
	Misaddressed    bool             `json:"misaddressed,omitzero"`
	Forwards        int              `json:"forwards,omitzero"`
	FromPrior       *prior           `json:"from_prior,omitempty"`
}

// prior is what a from_prior proves.
type prior struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub,omitempty"`
	KID     string `json:"kid"`
}

func (a *app) unpack(ctx context.Context, u *unpackFlags) error {
	packer, err := u.packer(a)
	if err != nil {
		return err
	}
	sealed, err := readMessage(a.in)
	if err != nil {
		return err
	}
	o := packing.UnpackOptions{AcceptAries: u.aries, AcceptForeignNesting: u.foreign}
	var events []string
	if u.explain {
		o.Trace = func(event string) {
			events = append(events, event)
			a.print.note(event)
		}
	}
	got, err := packer.Unpack(ctx, sealed, o)
	if err != nil {
		return a.explainUnpack(u, err, events)
	}
	if !a.json {
		return a.print.document(got.Payload)
	}
	return a.print.show(unpacked{V: control.Version, Message: got.Payload, Metadata: metadataOf(got), Explain: events})
}

func metadataOf(u *packing.Unpacked) metadata {
	m := metadata{
		Encrypted: u.RecipientKey != "", Authenticated: u.SenderKey != "" || u.SignerKey != "", NonRepudiation: u.SignerKey != "",
		SenderKID: u.SenderKey, RecipientKID: u.RecipientKey, SignerKID: u.SignerKey, RecipientKIDs: u.RecipientKIDs,
		Layers: u.Layers, Misaddressed: u.Misaddressed, Forwards: u.Forwards,
	}
	m.AnonymousSender = len(u.Layers) > 0 && u.Layers[0] == envelope.Anoncrypt
	if u.Prior != nil {
		m.FromPrior = &prior{Issuer: u.Prior.Issuer.String(), KID: u.Prior.KeyID}
		if !u.Prior.Subject.IsZero() {
			m.FromPrior.Subject = u.Prior.Subject.String()
		}
	}
	return m
}

// explainUnpack says what to do about an envelope that was refused. Everything that the envelope is to blame for
// is a matter of trust. With --json the hint holds the events that notes would have told.
func (a *app) explainUnpack(u *unpackFlags, err error, events []string) error {
	e := &control.Error{Code: control.CodeTrust, Message: err.Error(), Hint: "--explain tells more"}
	switch {
	case u.explain && (a.json || a.quiet):
		e.Hint = strings.Join(events, "; ")
	case errors.Is(err, envelope.ErrNotForUs):
		e.Hint = "give the keys that it is for with --secrets"
	case errors.Is(err, envelope.ErrPlaintext):
		e.Hint = "there is nothing to open: it proves nothing"
	case errors.Is(err, did.ErrNotFound), errors.Is(err, did.ErrMethod):
		e.Hint = "give the sender's document with --diddocs, or ask the network with --network"
	case u.explain:
		e.Hint = "" // it was explained
	}
	return e
}
