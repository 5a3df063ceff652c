package wallet

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// Kinds of errors that callers branch on; an *Error wraps one of them.
var (
	ErrMissing = errors.New("no such wallet")
	ErrInUse   = errors.New("the wallet is in use")
	ErrUnknown = errors.New("no such contact or message")
	ErrTrust   = errors.New("not trusted")
	ErrUsage   = errors.New("not possible like this")
	ErrQuota   = errors.New("a limit is reached")
	ErrNetwork = errors.New("network trouble: trying again may help")
	ErrTimeout = errors.New("not in time: what was asked for goes on")
)

// Error is an error about which something can be done.
type Error struct {
	// Kind is one of the kinds above.
	Kind error
	// Text says what failed, Hint what to do next; Hint may be empty.
	Text, Hint string
}

// Error returns the text and the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Text
	}
	return e.Text + " (" + e.Hint + ")"
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// kinds are the kinds of the wallet's own codes.
var kinds = map[string]error{
	control.CodeUsage: ErrUsage, control.CodeNetwork: ErrNetwork, control.CodeTrust: ErrTrust,
	control.CodeQuota: ErrQuota, control.CodeUnknown: ErrUnknown, control.CodeTimeout: ErrTimeout,
}

// public makes an error of the wallet one that programs can take apart.
func public(err error) error {
	if errors.Is(err, wallet.ErrLocked) {
		return &Error{Kind: ErrInUse, Text: err.Error(), Hint: "end the other process, or choose another folder"}
	}
	var known *control.Error
	if errors.As(err, &known) && kinds[known.Code] != nil {
		return &Error{Kind: kinds[known.Code], Text: known.Message, Hint: known.Hint}
	}
	return err
}

func absolute(dir string) (string, error) {
	if dir == "" {
		return "", &Error{Kind: ErrUsage, Text: "no folder for the wallet was named"}
	}
	home, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("the wallet's folder: %w", err)
	}
	return home, nil
}
