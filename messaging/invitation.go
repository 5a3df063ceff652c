package messaging

import "time"

// InvitationTerms are what an invitation of ours allows.
type InvitationTerms struct {
	// ID is the invitation's id. A Multi one may be claimed by many, else only by the first.
	ID    string
	Multi bool
	// Expires is when it ends.
	Expires time.Time
}

// Invitations judges claims of invitations of ours. The errors are *Refusal with the code
// CodeInvitationAltered or CodeInvitationExpired. Implementations are safe for concurrent use.
type Invitations interface {
	// Named judges an invitation by its id alone, which is what a message that answers it names as its
	// parent thread.
	Named(id string, now time.Time) (InvitationTerms, error)
	// Shown judges the whole plaintext of an invitation, so that one altered on its way is noticed.
	Shown(plaintext []byte, now time.Time) (InvitationTerms, error)
}
