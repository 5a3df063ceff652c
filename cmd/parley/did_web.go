package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

func didWebDocumentCommand(a *app) *cobra.Command {
	var r control.WebDocumentRequest
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "web-document DID",
		Short: "Make the document of a did:web of your wallet",
		Long: "Gives your wallet a did:web, with keys of its own, and writes the document for the web server: from then on " +
			"the wallet answers to that DID as well. Put the document where the note says; whoever adds the DID finds your " +
			"wallet by it. Made again for the same DID, the document has the same keys and your present addresses.",
		Example: `parley did web-document did:web:alice.example --out did.json
parley did web-document did:web:example.com:people:alice \
  --addr /dns4/alice.example/udp/4001/quic-v1`,
		Args: takes("DID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			var err error
			if r.DID, err = a.link(args[0]); err != nil {
				return err
			}
			if err := checkOut(out, force); err != nil {
				return err
			}
			return a.with(ctx, access{online: true, lax: true}, func(ctx context.Context, w control.Wallet) error {
				d, err := w.WebDocument(ctx, r)
				if err != nil {
					return err
				}
				return a.showWebDocument(d, out, force)
			})
		}),
	}
	cmd.Flags().StringArrayVar(&r.Addrs, "addr", nil, "multiaddr where your wallet is reached (default: where it listens); repeatable")
	cmd.Flags().StringVar(&out, "out", "", "write the document to `FILE`, not to stdout")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file of --out")
	return cmd
}

// checkOut refuses a place for the document before the wallet takes the DID on.
func checkOut(out string, force bool) error {
	if out == "" {
		return nil
	}
	if _, err := os.Lstat(out); err == nil && !force {
		return badUsage("name another file, or --force", "--out: %s is there already; nothing was written", out)
	}
	if folder, err := os.Stat(filepath.Dir(out)); err != nil || !folder.IsDir() {
		return badUsage("make the folder first, or name another", "--out: there is no folder %s; nothing was written", filepath.Dir(out))
	}
	return nil
}

// writeOpen writes a file that everybody may read.
func writeOpen(path string, force bool, text []byte) error {
	_, err := wallet.WriteFile(path, force, func(f *os.File) error {
		_, err := f.Write(text)
		return errors.Join(err, f.Chmod(0o644))
	})
	return err
}

func (a *app) showWebDocument(d control.WebDocument, out string, force bool) error {
	if out != "" {
		var text bytes.Buffer
		if err := json.Indent(&text, d.Document, "", "  "); err != nil {
			return err
		}
		text.WriteByte('\n')
		switch err := writeOpen(out, force, text.Bytes()); {
		case errors.Is(err, fs.ErrExist):
			return badUsage("name another file, or --force", "--out: %s is there already; nothing was written", out)
		case err != nil:
			return badUsage("name another file", "--out: %v", err)
		}
	}
	switch {
	case a.json:
		if err := a.print.show(d); err != nil {
			return err
		}
	case out == "":
		if err := a.print.indented(d.Document); err != nil {
			return err
		}
	}
	a.print.note(faint("host it as " + d.File + ", so that it is found at " + d.URL + "; then look: parley did explain " + d.DID))
	if len(d.Addrs) == 0 {
		a.print.warn("the document says no address: name one where others reach you with --addr")
	}
	return nil
}
