package messaging

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Delivery is a batch of envelopes from one DID of ours to one endpoint of one recipient, to arrive
// in this order.
type Delivery struct {
	// From is our DID, in its long form where it has one; To is the recipient, in canonical form.
	From, To did.DID
	// Endpoint is one that the recipient's document lists and that the transport Handles.
	Endpoint did.Endpoint
	// Addresses and Record are where To was last reached: multiaddrs and its signed peer record. Hints.
	Addresses []string
	Record    []byte
	// Life is that of our wallet, Saw the newest of the recipient's that we have seen; zero for what it is
	// not told, which is both unless it is a contact.
	Life, Saw inbox.Life
	// Keys is the fingerprint of the recipient's keys that are trusted, as by inbox.KeySet of its document's pins. A
	// peer that proves the DID by a document with others is told nothing and given nothing. Zero: any will do.
	Keys [32]byte
	// Claim is the plaintext of the invitation to claim when greeting a peer that does not know us;
	// empty else.
	Claim []byte
	// Envelopes are sealed messages of at most envelope.MaxSize bytes. None at all means to greet only:
	// to prove who we are, to say where we are, and to learn where the peer is.
	Envelopes [][]byte
}

// Reach says how far an envelope has demonstrably come.
type Reach int

const (
	// Written means that all of it was written to a path that cannot answer.
	Written Reach = iota + 1
	// Relayed means that a relay has committed it.
	Relayed
	// Delivered means that the recipient, proved by its DID, has committed it.
	Delivered
)

// Result is what became of one envelope: Reach if Err is nil, else a *DeliveryError.
type Result struct {
	Reach Reach
	Err   error
}

// Transport carries envelopes. It judges none of them: that is the Receiver's work on the other side.
type Transport interface {
	// Handles reports whether the transport can send to the endpoint, going by its URI alone.
	Handles(e did.Endpoint) bool
	// Send delivers the envelopes in order and returns one result for each from the first on. It
	// returns fewer together with a *DeliveryError when the path broke: of the rest nothing is known.
	// It waits for Serve to have begun. Concurrent calls for one recipient are not ordered.
	Send(ctx context.Context, d Delivery) ([]Result, error)
	// Serve receives until ctx ends, then ends every stream and returns nil. It is called once.
	Serve(ctx context.Context, r Receiver) error
}

// Receiver is what a transport asks of the node that it serves. All methods are safe for concurrent
// use; *Node implements it.
type Receiver interface {
	// Admit says whether a peer that names itself by this DID may come in, be it by an invitation of
	// ours that it claims (empty: none). The error is a *Refusal or temporary. Where resolving the DID
	// needs the network a transport asks before it resolves; else after the DID was proved.
	Admit(ctx context.Context, id did.DID, claim []byte) (Admission, error)
	// Met records what a greeting, begun by either side, has proved of a peer.
	Met(ctx context.Context, p Peer)
	// Accept takes envelopes in the order of their arrival from the peer that the path has proved
	// (zero: it proves none, and cannot answer). It returns one verdict for each once all that is
	// accepted has been committed durably.
	Accept(ctx context.Context, from did.DID, sealed [][]byte) []Verdict
}

// Peer is somebody who has proved to be the DID on the path by which it is reached.
type Peer struct {
	// DID is in the long form where there is one; Document is its document.
	DID      did.DID
	Document *did.Document
	// Addresses are its multiaddrs, at most 16; Record is the signed peer record that lists them.
	Addresses []string
	Record    []byte
	// Life is that of its wallet, Saw the newest of ours that it had seen before; zero where it tells none.
	Life, Saw inbox.Life
	// Came is set when it began the greeting: it can be reached now, whatever we found before.
	Came bool
}

// Admission is what a peer that may come in is told, and how it is received.
type Admission struct {
	// Life is that of our wallet, Saw the newest life of the peer's that we had seen; zero for one who is a guest or
	// doubtful.
	Life, Saw inbox.Life
	// Guest is set for somebody who is no contact: it gets little room. One that makes no claim either
	// may only leave a request, and learns nothing of us that it does not know.
	Guest bool
	// Doubtful is set for a contact that names itself by a document whose keys are not trusted: it may leave messages,
	// and learns no more of us than a stranger does.
	Doubtful bool
}

// VerdictKind is what was decided about one envelope.
type VerdictKind int

const (
	// Accepted means that it has been committed.
	Accepted VerdictKind = iota + 1
	// Duplicate means that it had been committed before: for its sender the same as Accepted.
	Duplicate
	// Refused means that it is not kept, and that sending it again will not help.
	Refused
	// Busy means that it is not kept now.
	Busy
	// Held means that it was written down for our user to decide whether the sender may come in, or whether the new
	// keys of a contact are its own. Its sender learns no more than that it was written: Reach Written.
	Held
)

// Verdict is the answer to one envelope.
type Verdict struct {
	Kind VerdictKind
	// Code says why it was refused: one of the codes of this package.
	Code string
	// After is how long a sender should wait when Busy; zero leaves it to the sender.
	After time.Duration
}

// Codes of refusals, in the form of DIDComm problem codes (DIDComm v2.1, Problem Codes).
const (
	CodeTrust             = "e.p.trust"                    // the DID was not proved, or is not known here
	CodeStranger          = "e.p.trust.stranger"           // the sender is no contact and claims no invitation
	CodeBlocked           = "e.p.trust.blocked"            // the sender is proved, and not welcome
	CodeCrypto            = "e.p.trust.crypto"             // the envelope does not open or proves another sender
	CodeInvitationUsed    = "e.p.trust.invitation.used"    // somebody else has claimed it
	CodeInvitationExpired = "e.p.trust.invitation.expired" // its time has run out
	CodeInvitationAltered = "e.p.trust.invitation.altered" // it is not as it was made, or not ours
	CodeRecipient         = "e.p.did.recipient"            // the envelope or message is not for us
	CodeMessage           = "e.p.msg"                      // not a well-formed message
	CodeConflict          = "e.p.msg.conflict"             // its id was used for another message
	CodeSize              = "e.p.msg.size"                 // over the size limit
	CodeExpired           = "e.p.req.time"                 // its expires_time has passed
	CodeBusy              = "e.p.me.res"                   // overloaded, out of storage, or enough from a stranger
	CodeProtocol          = "e.p.xfer"                     // the path's own rules were broken
)

// Refusal is an error with a code: the other side's answer, or ours to it.
type Refusal struct{ Code string }

// Error names the code and what it means.
func (r *Refusal) Error() string { return fmt.Sprintf("refused (%s): %s", r.Code, codeText(r.Code)) }

// codeText explains a code to a person at the refused end.
func codeText(code string) string {
	switch code {
	case CodeStranger:
		return "we are not among their contacts"
	case CodeBlocked:
		return "they do not take messages from us"
	case CodeCrypto:
		return "they could not open or verify the envelope"
	case CodeInvitationUsed:
		return "the invitation was already used by somebody else"
	case CodeInvitationExpired:
		return "the invitation has expired"
	case CodeInvitationAltered:
		return "the invitation was altered or is not theirs"
	case CodeRecipient:
		return "the message is not for them"
	case CodeConflict:
		return "the message id was used before for another message"
	case CodeSize:
		return "the message is too large"
	case CodeExpired:
		return "the message had expired"
	case CodeBusy:
		return "they take nothing more for now"
	case CodeTrust:
		return "the DID is not known there or was not proved"
	case CodeMessage:
		return "the message is malformed"
	case CodeProtocol:
		return "the path's rules were broken: are both sides up to date?"
	}
	return "no further explanation"
}

// DeliveryError is why a delivery did not get through.
type DeliveryError struct {
	// Endpoint names where it was tried.
	Endpoint string
	// Permanent says that retrying does not help.
	Permanent bool
	// After is how long to wait before retrying, if the other side said so.
	After time.Duration
	// Err is the reason; a *Refusal where the other side gave one.
	Err error
}

// Error names the endpoint and the reason.
func (e *DeliveryError) Error() string {
	return fmt.Sprintf("deliver to %s: %v", e.Endpoint, e.Err)
}

// Unwrap returns the reason.
func (e *DeliveryError) Unwrap() error { return e.Err }
