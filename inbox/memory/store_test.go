package memory_test

import (
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/inboxtest"
	"github.com/parley-im/parley/inbox/memory"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	inboxtest.Run(t, func(*testing.T) inbox.Store { return memory.Open() })
}
