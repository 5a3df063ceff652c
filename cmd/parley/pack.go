package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/packing"
)

// packFlags are those of parley pack.
type packFlags struct {
	offline
	to                           []string
	from, signBy, enc            string
	anon, protectSender, forward bool
	forAries                     bool
}

func packCommand(a *app) *cobra.Command {
	p := &packFlags{}
	cmd := &cobra.Command{
		Use:   "pack --to DID...",
		Short: "Seal a DIDComm message, without a wallet",
		Long: "Reads a plaintext message from stdin and writes its envelopes to stdout, one line for each --to. With --from " +
			"it is authenticated (authcrypt), with --anon it is not (anoncrypt), with --sign-by it is signed, alone or within " +
			"the encryption. Keys come from --secrets, an array of JWKs with kid or of {id, type, privateKeyJwk}; documents " +
			"from --diddocs, or from the DIDs themselves (did:key, did:peer, did:jwk). The network is asked only with --network.",
		Example: `parley pack --to did:example:bob --from did:example:alice \
  --secrets alice.json --diddocs docs.json < message.json
parley pack --anon --enc XC20P < message.json \
  --to did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc
parley pack --sign-by did:example:alice \
  --secrets alice.json --diddocs docs.json < message.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && len(p.to) == 0 {
				return usage(cmd, "unexpected argument %q: recipients follow --to", args[0])
			}
			return nil
		},
		RunE: a.do(func(ctx context.Context, more []string) error {
			p.to = append(p.to, more...)
			return a.pack(ctx, p)
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&p.to, "to", nil, "recipient: a DID, or a DID URL of one key; more may follow")
	f.StringVar(&p.from, "from", "", "sender: our DID, or a DID URL of one key")
	f.StringVar(&p.signBy, "sign-by", "", "signer: our DID, or a DID URL of one key")
	f.BoolVar(&p.anon, "anon", false, "encrypt without a sender")
	f.StringVar(&p.enc, "enc", "", "content encryption of anoncrypt: A256CBC-HS512, A256GCM or XC20P")
	f.BoolVar(&p.protectSender, "protect-sender", false, "hide the sender from the network")
	f.BoolVar(&p.forward, "forward", false, "wrap for the mediators of the recipient's endpoint")
	f.BoolVar(&p.forAries, "for-aries", false, "anoncrypt for several keys as aries agents alone read it")
	p.flags(f)
	return cmd
}

func (a *app) pack(ctx context.Context, p *packFlags) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	packer, err := p.packer(a)
	if err != nil {
		return err
	}
	plaintext, err := readMessage(a.in)
	if err != nil {
		return err
	}
	m, err := messaging.ParseMessage(plaintext)
	if err != nil {
		return badUsage("it needs id and type; see parley pack --help", "stdin: %v", err)
	}
	packed, err := packer.Pack(ctx, m, o)
	if err != nil {
		return explainPack(err)
	}
	for _, e := range packed {
		if err := a.print.document(e.Envelope); err != nil {
			return err
		}
	}
	return nil
}

// options reads the flags that say how to pack.
func (p *packFlags) options() (o packing.Options, err error) {
	switch {
	case len(p.to) == 0 && p.signBy == "":
		return o, badUsage("parley pack --help", "nothing to do: say --to, --sign-by or both")
	case len(p.to) > 0 && p.from == "" && !p.anon && p.signBy == "":
		return o, badUsage("--from DID, or --anon", "say who sends, or that nobody is to know")
	case p.anon && p.from != "":
		return o, badUsage("--protect-sender hides the sender from the network only", "--anon and --from exclude each other")
	}
	o = packing.Options{ProtectSender: p.protectSender, Enc: envelope.ContentEncryption(p.enc), Forward: p.forward, ForAries: p.forAries}
	for _, s := range p.to {
		u, err := did.ParseURL(s)
		if err != nil {
			return o, badUsage("", "--to: %v", err)
		}
		o.To = append(o.To, u)
	}
	for _, one := range []struct {
		flag, text string
		into       *did.URL
	}{{"--from", p.from, &o.From}, {"--sign-by", p.signBy, &o.Signer}} {
		if one.text == "" {
			continue
		}
		if *one.into, err = did.ParseURL(one.text); err != nil {
			return o, badUsage("", "%s: %v", one.flag, err)
		}
	}
	return o, nil
}

// readMessage reads stdin up to the size of an envelope.
func readMessage(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, envelope.MaxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read stdin: %w", err)
	case len(data) > envelope.MaxSize:
		return nil, badUsage("", "stdin has more than %d MiB", envelope.MaxSize>>20)
	}
	return data, nil
}

// explainPack says what to do about a message that cannot be packed.
func explainPack(err error) error {
	switch {
	case errors.Is(err, did.ErrUnsafe):
		return &control.Error{Code: control.CodeTrust, Message: err.Error(), Hint: "hosts of private networks are asked with --allow-private-networks only"}
	case errors.Is(err, did.ErrNotFound), errors.Is(err, did.ErrMethod), errors.Is(err, did.ErrInvalid):
		return &control.Error{Code: control.CodeUnknown, Message: err.Error(), Hint: "give its document with --diddocs, or ask the network with --network"}
	case errors.Is(err, packing.ErrNoKey), errors.Is(err, crypto.ErrUnknownKey):
		return &control.Error{Code: control.CodeUsage, Message: err.Error(), Hint: "give our keys with --secrets"}
	}
	return &control.Error{Code: control.CodeUsage, Message: err.Error()}
}
