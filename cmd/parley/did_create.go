package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/cmd/parley/internal/keyfiles"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didjwk"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/internal/control"
)

// createFlags are those of parley did create.
type createFlags struct {
	method, curve, key, secrets string
	services                    []string
}

// created is the result of parley did create --json.
type created struct {
	V   int    `json:"v"`
	DID string `json:"did"`
	// Short is the short form of a did:peer:4, Of the did:peer:2 that a did:peer:3 is the short form of.
	Short    string          `json:"short,omitempty"`
	Of       string          `json:"of,omitempty"`
	Document json.RawMessage `json:"document"`
	// Secrets is the file that the keys were written to.
	Secrets string `json:"secrets,omitempty"`
}

func didCreateCommand(a *app) *cobra.Command {
	c := &createFlags{}
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a DID with keys of its own",
		Long: "Makes new keys, writes them to a new file that only you can read (--secrets), and writes the DID to stdout. " +
			"parley pack and parley unpack take the file. With --key the DID is that of a public key that you name, and " +
			"there is nothing to keep. METHOD is key, jwk, peer:0 (one key each), peer:2, peer:3 or peer (an Ed25519 key to " +
			"sign, one to agree, and services). A did:web is made from your wallet: parley did web-document.",
		Example: `parley did create --method key --secrets keys.json
parley did create --method peer --secrets keys.json \
  --service https://example.com/didcomm
parley did create --method jwk --curve P-256 --secrets keys.json
parley did create --method key \
  --key z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error { return a.create(ctx, c) }),
	}
	f := cmd.Flags()
	f.StringVar(&c.method, "method", "", "`METHOD`: key, jwk, peer:0, peer:2, peer:3 or peer (which is peer:4)")
	f.StringVar(&c.curve, "curve", "", "curve of the key, or of the one to agree with (Ed25519, X25519, P-256, P-384, P-521, secp256k1)")
	f.StringVar(&c.key, "key", "", "public key as `MULTIKEY`, in place of a new one")
	f.StringVar(&c.secrets, "secrets", "", "new `FILE` for the private keys")
	f.StringArrayVar(&c.services, "service", nil, "`URI` of a DIDComm endpoint; repeatable")
	return cmd
}

// makers make a DID of new or given keys.
var makers = map[string]func(*createFlags, *keyfiles.Writer) (did.DID, error){
	"key":    func(c *createFlags, w *keyfiles.Writer) (did.DID, error) { return c.single(w, didkey.Create) },
	"jwk":    func(c *createFlags, w *keyfiles.Writer) (did.DID, error) { return c.single(w, didjwk.Create) },
	"peer:0": func(c *createFlags, w *keyfiles.Writer) (did.DID, error) { return c.single(w, didpeer.Create0) },
	"peer:2": func(c *createFlags, w *keyfiles.Writer) (did.DID, error) { return c.pair(w, didpeer.Create2) },
	"peer:3": func(c *createFlags, w *keyfiles.Writer) (did.DID, error) { return c.pair(w, didpeer.Create2) },
	"peer:4": func(c *createFlags, w *keyfiles.Writer) (did.DID, error) { return c.pair(w, didpeer.Create4) },
}

func (a *app) create(ctx context.Context, c *createFlags) error {
	method := strings.TrimPrefix(c.method, "did:")
	if method == "peer" {
		method = "peer:4"
	}
	maker, ok := makers[method]
	switch {
	case method == "":
		return badUsage("--method key, jwk, peer:0, peer:2, peer:3 or peer", "say of which method the DID is to be")
	case method == "web":
		return badUsage("parley did web-document DID", "a did:web is a document on a host: your wallet writes it")
	case !ok:
		return badUsage("--method key, jwk, peer:0, peer:2, peer:3 or peer", "DIDs of the method %q are not created here", c.method)
	case c.key == "" && c.secrets == "":
		return badUsage("--secrets FILE, or --key MULTIKEY of a public key", "say where the private keys are to be kept")
	case c.secrets == "-":
		return badUsage("--secrets FILE", "private keys are written to a file only, not to stdout")
	case c.key != "" && c.secrets != "":
		return badUsage("leave one of them out", "--key makes no private keys that --secrets could keep")
	}
	w := &keyfiles.Writer{}
	defer w.Clear()
	id, err := maker(c, w)
	if err != nil {
		return badUsage("parley did create --help", "%v", err)
	}
	doc, err := carried.Resolve(ctx, id)
	if err != nil {
		return err
	}
	if c.secrets != "" {
		if err := w.Write(c.secrets, doc); err != nil {
			return badUsage("name a file that does not exist yet", "--secrets: %v", err)
		}
	}
	return a.showCreated(method, id, doc, c.secrets)
}

func (a *app) showCreated(method string, id did.DID, doc *did.Document, secrets string) error {
	v := created{V: control.Version, DID: id.String(), Document: doc.JSON(), Secrets: secrets}
	if id.IsLong() {
		v.Short = id.Canonical().String()
	}
	if method == "peer:3" {
		short, err := didpeer.Create3(id)
		if err != nil {
			return err
		}
		v.DID, v.Of = short.String(), id.String()
	}
	if err := a.print.show(v, line{v.DID}); err != nil {
		return err
	}
	switch {
	case v.Short != "":
		a.print.note(faint("its short form, once somebody has met the long one: " + v.Short))
	case v.Of != "":
		a.print.note(faint("it resolves for whoever has met " + v.Of))
	}
	if secrets != "" {
		a.print.note(faint("the private keys are in " + secrets + ": whoever reads it can speak for the DID"))
	}
	return nil
}

// single makes a DID that is one key.
func (c *createFlags) single(w *keyfiles.Writer, make func(crypto.PublicKey) (did.DID, error)) (did.DID, error) {
	if len(c.services) > 0 {
		return did.DID{}, fmt.Errorf("a did:%s has no services", c.method)
	}
	key, err := c.publicKey(w, crypto.Ed25519)
	if err != nil {
		return did.DID{}, err
	}
	return make(key)
}

// pair makes a DID with a key that signs and one that agrees.
func (c *createFlags) pair(w *keyfiles.Writer, make func(didpeer.Options) (did.DID, error)) (did.DID, error) {
	if c.key != "" {
		return did.DID{}, fmt.Errorf("a did:%s has several keys: --key cannot name them", c.method)
	}
	for _, uri := range c.services {
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() {
			return did.DID{}, fmt.Errorf("--service %q is no URI: it begins with a scheme, as https: does", uri)
		}
	}
	agree, err := c.publicKey(w, crypto.X25519)
	if err != nil {
		return did.DID{}, err
	}
	sign, err := w.Generate(crypto.Ed25519)
	if err != nil {
		return did.DID{}, err
	}
	o := didpeer.Options{Authentication: []crypto.PublicKey{sign}, KeyAgreement: []crypto.PublicKey{agree}}
	for _, uri := range c.services {
		o.Services = append(o.Services, did.Service{
			Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{{URI: uri, Accept: []string{"didcomm/v2"}}},
		})
	}
	return make(o)
}

// publicKey is the key that was named, or a new one.
func (c *createFlags) publicKey(w *keyfiles.Writer, curve crypto.Curve) (crypto.PublicKey, error) {
	if c.curve != "" {
		var err error
		if curve, err = crypto.ParseCurve(c.curve); err != nil {
			return crypto.PublicKey{}, err
		}
	}
	if c.key == "" {
		return w.Generate(curve)
	}
	key, err := crypto.ParseMultikey(c.key)
	if err == nil && c.curve != "" && key.Curve() != curve {
		err = fmt.Errorf("the key is of the curve %s", key.Curve())
	}
	return key, err
}
