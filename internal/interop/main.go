package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/parley-im/parley/internal/interop/peers"
)

func main() {
	cache := flag.String("cache", "", "`folder` that libraries are installed into (default: parley-interop in the user's cache)")
	only := flag.String("only", "", "meet only the libraries with `text` in their names or those of their folders below peers; "+
		"the table goes to stdout")
	out := flag.String("out", "crypto/envelope/INTEROP.md", "`file` to write, from the root of the tree; - for stdout")
	flag.Usage = usage
	flag.Parse()
	if flag.NArg() > 0 {
		usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *cache, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprint(flag.CommandLine.Output(), `Exchange envelopes with other DIDComm v2 libraries, and write a table of what came of it.

  go run ./internal/interop [-only text] [-out file] [-cache folder]

Needs node, and for the others Python and Rust; what is missing is shown as such. The first run installs the
libraries from their registries, which takes minutes. Exits 1 if an exchange fails that is not known to.

`)
	flag.PrintDefaults()
}

// run meets the libraries one after the other and writes the table. The error says that something failed that
// should work.
func run(ctx context.Context, cache, only, out string) (err error) {
	if cache == "" {
		if cache, err = peers.DefaultCache(); err != nil {
			return err
		}
	}
	w, err := peers.NewWorld()
	if err != nil {
		return err
	}
	var reports []report
	failed := 0
	for _, l := range peers.All() {
		if !strings.Contains(l.Folder, only) && !strings.Contains(l.Name, only) {
			continue
		}
		fmt.Fprintln(os.Stderr, l.Label())
		r := meet(ctx, l, cache, w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed += r.summary(os.Stderr)
		reports = append(reports, r)
	}
	if len(reports) == 0 {
		return fmt.Errorf("no library has %q in its name", only)
	}
	table := table(reports, now())
	if out == "-" || only != "" {
		_, err = os.Stdout.WriteString(table)
	} else {
		err = os.WriteFile(out, []byte(table), 0o644)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d exchanges failed that should not have", failed)
	}
	return err
}
