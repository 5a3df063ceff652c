package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
)

func main() { os.Exit(command()) }

// command is the whole of the process, less its exit.
func command() int {
	// quic-go would tell the user about buffers of the kernel.
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	collectLess()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// collectLess has the garbage collector run half as often, as in the parley command: both processes are measured
// as they are in use.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// run runs the command line and returns the exit code: 0 done, 1 a measurement failed, 2 usage.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var failed error // by a command, not by its usage
	root := newRoot(out, errOut, &failed)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	silent := fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {}) // errors are printed below
	err := fang.Execute(ctx, root, silent, fang.WithVersion(version()))
	switch {
	case err != nil:
		_, _ = fmt.Fprintf(errOut, "error: %v\n  try: parley-bench --help\n", err)
		return 2
	case failed != nil:
		_, _ = fmt.Fprintf(errOut, "error: %v\n", failed)
		return 1
	}
	return 0
}

func newRoot(out, errOut io.Writer, failed *error) *cobra.Command {
	root := &cobra.Command{
		Use:   "parley-bench",
		Short: "Measure Parley on this machine",
		Long: "Measures Parley on this machine, with wallets of its own in a temporary folder. Results go to stdout, " +
			"everything else to stderr.",
		Example: "parley-bench delivery",
	}
	root.AddCommand(deliveryCommand(out, errOut, failed), envelopeCommand(out, errOut, failed), peerCommand(out, failed))
	return root
}

// version is that of the module, as the go command has recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
