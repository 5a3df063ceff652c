package messaging_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/messaging"
)

func TestDeliveryError(t *testing.T) {
	t.Parallel()
	refusal := &messaging.Refusal{Code: messaging.CodeStranger}
	err := error(&messaging.DeliveryError{Endpoint: "mem:bob", Permanent: true, After: time.Second, Err: refusal})
	if want := "deliver to mem:bob: refused (e.p.trust.stranger): we are not among their contacts"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	var got *messaging.Refusal
	if !errors.As(err, &got) || got != refusal {
		t.Errorf("the refusal cannot be found in %v", err)
	}
	if err := (&messaging.DeliveryError{Endpoint: "mem:bob"}); !strings.Contains(err.Error(), "mem:bob") || err.Unwrap() != nil {
		t.Errorf("without a reason: %v", err)
	}
}

// Every code of the package tells the refused end something of its own; a foreign one is shown as it is.
func TestRefusalTexts(t *testing.T) {
	t.Parallel()
	codes := []string{
		messaging.CodeTrust, messaging.CodeStranger, messaging.CodeBlocked, messaging.CodeCrypto,
		messaging.CodeInvitationUsed, messaging.CodeInvitationExpired, messaging.CodeInvitationAltered,
		messaging.CodeRecipient, messaging.CodeMessage, messaging.CodeConflict, messaging.CodeSize,
		messaging.CodeExpired, messaging.CodeBusy, messaging.CodeProtocol,
	}
	foreign := (&messaging.Refusal{Code: "e.p.legal"}).Error()
	if !strings.Contains(foreign, "e.p.legal") {
		t.Errorf("a foreign code is not shown: %q", foreign)
	}
	_, fallback, _ := strings.Cut(foreign, ": ")
	seen := map[string]string{fallback: "the fallback"}
	for _, code := range codes {
		text := (&messaging.Refusal{Code: code}).Error()
		if !strings.Contains(text, code) {
			t.Errorf("%q does not name its code %s", text, code)
		}
		_, text, _ = strings.Cut(text, ": ")
		if other := seen[text]; other != "" {
			t.Errorf("%s has the text of %s: %q", code, other, text)
		}
		seen[text] = code
	}
}

// Zero values mean nothing was decided, so that a forgotten field is no success.
func TestZeroIsNoSuccess(t *testing.T) {
	t.Parallel()
	if messaging.Written == 0 || messaging.Accepted == 0 {
		t.Error("a zero Reach or VerdictKind means success")
	}
	if !(messaging.Written < messaging.Relayed && messaging.Relayed < messaging.Delivered) {
		t.Error("Reach is not in order")
	}
}
