package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/interop/peers"
)

// envelopes is one run of the measurements of envelopes.
type envelopes struct {
	ops   int
	peers bool
	cache string // where foreign libraries are installed; empty: where internal/interop installs them

	libraries []peers.Library // to measure with peers
	report    *envelopeReport
}

func envelopeCommand(out, errOut io.Writer, failed *error) *cobra.Command {
	e := &envelopes{libraries: peers.All()}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "envelope",
		Short: "Measure how fast envelopes are sealed and opened",
		Long: "Seals and opens messages of 1 KiB and 64 KiB in every form, on one core, beside the bare cryptographic primitives " +
			"that the form cannot do without, in turns: the ratio is our time over theirs. Agreements between the keys of the " +
			"two parties are remembered, as a wallet does; authcrypt-fresh does without. Messages that do not open are timed " +
			"beside one whose key is wrong: all take the same time. The cost of authcrypt is also given in t, " +
			"the time of one X25519 operation. With --peers the foreign libraries that \"go run ./internal/interop\" has " +
			"installed are measured on the same messages; they also read and write the message's members, which costs them a little.",
		Example: `parley-bench envelope
parley-bench envelope --json
parley-bench envelope --peers`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if e.ops < 1 {
				return errors.New("--ops must be at least 1")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			e.report = &envelopeReport{out: out, notes: errOut, json: asJSON}
			*failed = e.run(cmd.Context())
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON object per line")
	f.IntVar(&e.ops, "ops", 3000, "operations of each kind on 1 KiB; an eighth of them on 64 KiB")
	f.BoolVar(&e.peers, "peers", false, "measure foreign libraries too")
	f.StringVar(&e.cache, "cache", "", "`folder` that foreign libraries are installed in; default: parley-interop in the user's cache")
	return cmd
}

// sizes of messages.
var sizes = []struct {
	name  string
	bytes int
	share int // of the operations: one in so many
}{
	{"1KiB", 1 << 10, 1}, {"64KiB", 64 << 10, 8},
}

// run measures everything.
func (e *envelopes) run(ctx context.Context) error {
	w, err := peers.NewWorld()
	if err != nil {
		return err
	}
	if err := e.ours(ctx, w); err != nil || !e.peers {
		return err
	}
	return e.foreign(ctx, w)
}

// ours measures Parley, on one core, so that no other one does a part of the work unseen.
func (e *envelopes) ours(ctx context.Context, w *peers.World) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	p, err := newParties(ctx, w)
	if err != nil {
		return err
	}
	e.report.head()
	for _, s := range sizes {
		for _, f := range envelopeForms {
			if err := ctx.Err(); err != nil {
				return err
			}
			k, err := f.kinds(ctx, p, messageOf(s.bytes))
			if err != nil {
				return fmt.Errorf("%s of %s: %w", f.name, s.name, err)
			}
			for _, op := range k {
				name := f.name + "/" + op.name + "/" + s.name
				if err := e.one(name, f.goals(op.name, s.name), op, max(1, e.ops/s.share)); err != nil {
					return err
				}
			}
		}
	}
	return e.failures(ctx, p)
}

// one measures one operation on one size: the whole, its primitives, and t.
func (e *envelopes) one(name string, g goals, k kind, ops int) error {
	agreeing, err := agreement()
	if err != nil {
		return err
	}
	times, err := inTurns(ops, k.whole, k.primitives.run, agreeing)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	whole, primitives, t := times[0], times[1], times[2]
	if err := e.report.compare(name, whole, primitives, g.ratio); err != nil || !g.inT {
		return err
	}
	return errors.Join(
		e.report.value(name+"/t", whole/t, "t", g.t),
		e.report.value(name+"/x25519", t*1e6, "µs", ""),
	)
}
