package messaging_test

import (
	"testing"
	"time"

	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/outofband"
)

// The interface is one that the library's own invitations fulfil.
var _ messaging.Invitations = (*outofband.Issuer)(nil)

func TestInvitationTermsOfIssuer(t *testing.T) {
	t.Parallel()
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	issuer := outofband.NewIssuer([32]byte{1})
	inv, err := issuer.Issue(outofband.Invitation{From: codecAlice, Multi: true, Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	terms, err := issuer.Named(inv.ID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if terms.ID != inv.ID || !terms.Multi || !terms.Expires.Equal(expires) {
		t.Errorf("got %+v, want id %s, multi, until %v", terms, inv.ID, expires)
	}
}
