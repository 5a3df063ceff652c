package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/cmd/parley/internal/explain"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// resolveTime bounds what parley did asks the network for.
const resolveTime = 20 * time.Second

func didCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "did",
		Short: "Resolve, create and explain DIDs",
		Long: "Works without a wallet, but for web-document. did:key, did:peer and did:jwk carry their documents; did:web and " +
			"did:webvh are fetched from the host that they name, by https and from public addresses only (see " +
			"--allow-private-networks); did:plc from the directory that PARLEY_PLC_DIRECTORY names; other methods from the " +
			"Universal Resolver that PARLEY_RESOLVER names. Logs of did:webvh and did:plc are verified here, whoever has them.",
		Example: `parley did explain did:web:example.com
parley did resolve did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK
parley did create --method peer --secrets keys.json
parley did web-document did:web:alice.example --out did.json`,
		SuggestionsMinimumDistance: 2,
		Args:                       subcommandOnly,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return a.help(cmd) },
	}
	cmd.AddCommand(didResolveCommand(a), didCreateCommand(a), didExplainCommand(a), didWebDocumentCommand(a))
	return cmd
}

// networkResolver resolves every DID that can be resolved without a wallet.
func (a *app) networkResolver() (did.Resolver, error) {
	return wallet.NewResolver(a.resolverOptions())
}

// resolverOptions are what the environment and the flags say of resolving.
func (a *app) resolverOptions() wallet.ResolverOptions {
	return wallet.ResolverOptions{
		Universal: os.Getenv("PARLEY_RESOLVER"), PLCDirectory: os.Getenv("PARLEY_PLC_DIRECTORY"), AllowPrivate: a.allowPrivate,
	}
}

// resolved is the result of parley did resolve --json.
type resolved struct {
	V   int    `json:"v"`
	DID string `json:"did"`
	// LogVersion is the place of the document in the log of its method.
	LogVersion string `json:"log_version,omitempty"`
	// Keys is the fingerprint of its set of keys: what contacts are pinned to.
	Keys     string          `json:"keys,omitempty"`
	Document json.RawMessage `json:"document"`
}

func didResolveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "resolve DID",
		Short: "Find and verify the document of a DID",
		Long: "Writes the DID document. With --json it comes with its place in the log of its method, and with the fingerprint " +
			"of its set of keys. What cannot be resolved ends with exit code 6, or 3 where trying again may help.",
		Example: `parley did resolve did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK
parley did resolve did:web:example.com --json`,
		Args: takes("DID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			text, err := a.link(args[0])
			if err != nil {
				return err
			}
			return a.resolve(ctx, strings.TrimSpace(text))
		}),
	}
}

func (a *app) resolve(ctx context.Context, text string) error {
	id, err := did.Parse(text)
	if err != nil {
		return badUsage("parley did explain DID says more", "%v", err)
	}
	r, err := a.networkResolver()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	doc, err := r.Resolve(ctx, id)
	if err != nil {
		return explainUnresolved(id, err)
	}
	v := resolved{V: control.Version, DID: id.String(), LogVersion: doc.Version(), Keys: explain.KeySet(doc), Document: doc.JSON()}
	if a.json {
		return a.print.show(v)
	}
	return a.print.indented(doc.JSON())
}

// explainUnresolved says what to do about a DID that cannot be resolved.
func explainUnresolved(id did.DID, err error) error {
	e := &control.Error{Code: control.CodeNetwork, Message: wallet.CannotResolve(id, err), Hint: "parley did explain DID says more"}
	switch {
	case errors.Is(err, did.ErrUnsafe):
		e.Code, e.Hint = control.CodeTrust, "hosts of private networks are asked with --allow-private-networks only"
	case errors.Is(err, did.ErrRewritten):
		e.Code = control.CodeTrust
	case errors.Is(err, did.ErrMethod), errors.Is(err, did.ErrNotFound), errors.Is(err, did.ErrInvalid), errors.Is(err, did.ErrDeactivated):
		e.Code = control.CodeUnknown
	}
	return e
}

func didExplainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain DID",
		Short: "Say what a DID means and what is wrong with it",
		Long: "Says what each part of a DID means, what its document rests on, which of its keys DIDComm uses for what, where " +
			"it is reached, and what is wrong with it. Ends with exit code 1 if something keeps us from writing to it.",
		Example: `parley did explain did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK
parley id --json | jq -r .long_did | parley did explain -`,
		Args: takes("DID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			text, err := a.link(args[0])
			if err != nil {
				return err
			}
			r, err := a.networkResolver()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(ctx, resolveTime)
			defer cancel()
			return a.showReport(explain.DID(ctx, r, strings.TrimSpace(text)))
		}),
	}
}

// showReport shows what there is to say of a DID.
func (a *app) showReport(r explain.Report) error {
	lines := []line{}
	width := 0
	for _, p := range r.Parts {
		width = max(width, len([]rune(p.Text)))
	}
	width = min(width, 24)
	for _, p := range r.Parts {
		label := p.Text
		if len([]rune(label)) > width {
			if columns := a.print.outWidth; columns > width {
				label = cut(label, columns)
			}
			lines, label = append(lines, line{name(label)}), ""
		}
		lines = append(lines, a.print.hung(name(column(label, width+2)), p.Means)...)
	}
	for _, fact := range []struct{ label, text string }{
		{"trust   ", r.Trust}, {"from    ", r.Location}, {"log     ", r.LogVersion}, {"pinned  ", pinsText(r.KeySet)},
	} {
		if fact.text != "" {
			lines = append(lines, a.print.hung(faint(fact.label), fact.text)...)
		}
	}
	if r.OtherForm != "" {
		lines = append(lines, a.print.hung(faint("form    "), r.OtherForm+" (the same DID)")...)
	}
	for _, other := range r.AlsoKnownAs {
		lines = append(lines, a.print.hung(faint("alias   "), other+" (its own claim)")...)
	}
	lines = append(lines, keyLines(r.Keys)...)
	lines = append(lines, serviceLines(r.Services)...)
	for _, p := range r.Problems {
		mark := styled{"33", "note    "}
		if p.Grave {
			mark = bad("wrong   ")
		}
		lines = append(lines, a.print.hung(mark, p.Text)...)
	}
	if err := a.print.show(r, lines...); err != nil {
		return err
	}
	if r.Grave() {
		return errProblems
	}
	return nil
}

// pinsText is what contacts would be pinned to: the fingerprint that an error of changed keys shows, too.
func pinsText(set string) string {
	if set == "" {
		return ""
	}
	return fingerprint(set) + " (all its keys)"
}

func keyLines(keys []explain.Key) (lines []line) {
	for _, k := range keys {
		l := line{faint("key     "), excerpt(k.ID, 40)}
		if k.Curve != "" {
			l = append(l, "  ", k.Curve)
		}
		lines = append(lines, l, line{"        ", k.DIDComm})
	}
	return lines
}

func serviceLines(services []explain.Service) (lines []line) {
	for _, s := range services {
		lines = append(lines, line{faint("service "), excerpt(s.ID, 40), "  ", s.Type})
		if s.URI != "" {
			lines = append(lines, line{"        ", s.URI})
		}
		for _, addr := range s.MultiAddrs {
			lines = append(lines, line{"        ", addr})
		}
		lines = append(lines, line{"        ", s.Reach})
	}
	return lines
}
