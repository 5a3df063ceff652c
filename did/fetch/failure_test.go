package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/fetch"
)

// over is a context whose deadline has passed and which has not noticed yet.
type over struct{ context.Context }

func (over) Deadline() (time.Time, bool) { return time.Unix(0, 0), true }

func TestExplain(t *testing.T) {
	t.Parallel()
	live := t.Context()
	gone, cancel := context.WithCancel(live)
	cancel()
	timeout := errors.New("read tcp: i/o timeout")
	tests := map[string]struct {
		caller, ctx context.Context
		err, want   error // want is nil for an error of the package's own
		says        string
	}{
		"host":                      {live, live, timeout, nil, "i/o timeout"},
		"host, wrapped":             {live, live, fmt.Errorf("read: %w", context.DeadlineExceeded), nil, "deadline"},
		"caller left":               {gone, gone, timeout, context.Canceled, ""},
		"caller's deadline":         {over{live}, over{live}, timeout, context.DeadlineExceeded, ""},
		"time is over":              {live, gone, timeout, nil, "within 5s"},
		"time is over, not noticed": {live, over{live}, timeout, nil, "within 5s"},
		"refused, caller left":      {gone, gone, did.ErrUnsafe, did.ErrUnsafe, ""},
		"long":                      {live, live, errors.New(strings.Repeat("ü", 10_000)), nil, "…"},
		"not text":                  {live, live, errors.New("\x1b\xff\u202e" + strings.Repeat("a", 3)), nil, "???aaa"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fetch.New(fetch.Options{}).Explain(test.caller, test.ctx, test.err)
			if !strings.Contains(err.Error(), test.says) || len(err.Error()) > 300 {
				t.Errorf("%q does not say %q", err, test.says)
			}
			for _, other := range []error{context.Canceled, context.DeadlineExceeded, did.ErrUnsafe, io.EOF, timeout} {
				if errors.Is(err, other) != (other == test.want) {
					t.Errorf("%v wraps %v: %v", err, other, errors.Is(err, other))
				}
			}
		})
	}
}
