package p2p

import (
	"log/slog"
	"testing"
)

// testLog writes to the test's own log.
func testLog(tb testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
