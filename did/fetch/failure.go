package fetch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/internal/foreign"
)

// explain turns the failure of a request into the error for its caller. ctx is the caller's context with the
// timeout.
func (c *Client) explain(caller, ctx context.Context, err error) error {
	switch {
	case errors.Is(err, did.ErrInvalid), errors.Is(err, did.ErrNotFound), errors.Is(err, did.ErrUnsafe):
		return err
	case caller.Err() != nil:
		return caller.Err()
	case late(caller):
		return context.DeadlineExceeded
	case ctx.Err() != nil, late(ctx):
		return fmt.Errorf("no whole answer within %v; try again later", c.timeout)
	default:
		return errors.New(clip(err.Error()))
	}
}

// late reports whether the deadline of ctx has passed: a socket may notice it before the context does.
func late(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// clip makes text of others fit for an error message.
func clip(s string) string { return foreign.Text(s, 256) }
