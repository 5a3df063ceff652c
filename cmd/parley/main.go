package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	os.Exit(command())
}

// command is the whole of the process, less its exit.
func command() int {
	// A core dump would hold keys.
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	// quic-go would tell the user about buffers of the kernel.
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	// The heap is small, so that collecting it half as often costs a few megabytes and saves a tenth of the work.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	// A reader that leaves is an error of writing, not our death: see recv, which then stops acking.
	signal.Ignore(syscall.SIGPIPE)
	if slices.Contains(os.Args[1:], "--plain") {
		_ = os.Setenv("NO_COLOR", "1") // for the help, which looks there
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
