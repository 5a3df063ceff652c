package fetch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/parley-im/parley/did"
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

// clip makes foreign text fit for an error message: at most a line or two, and nothing that steers a terminal.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		s = s[:most-8] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
