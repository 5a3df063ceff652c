package messaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Store is what a Node needs of the wallet's memory.
type Store interface {
	inbox.Inbox
	inbox.Outbox
	inbox.Contacts
	// Settings remembers which messages of strangers were held. It, and Hold, which is as in inbox.Requests, are
	// called when Node.HoldRequests is set.
	inbox.Settings
	Hold(ctx context.Context, r inbox.Request) (inbox.HoldStatus, error)
	// Stats is as in inbox.Store.
	Stats(ctx context.Context) (inbox.Stats, error)
	// Watch is as in inbox.Store.
	Watch(ctx context.Context) <-chan struct{}
}

// Node is a wallet at work: it delivers what Send has queued, takes in what arrives, and calls the
// handler. Set the fields, then Run it; they must not change after that. Zero fields mean the
// documented defaults. Its methods are safe for concurrent use.
type Node struct {
	// Identities, Keys, Resolver and Store are required. A Resolver that is a did.Refresher is asked anew, at most
	// once a minute, when a document seems to have changed.
	Identities Identities
	Keys       crypto.KeyStore
	Resolver   did.Resolver
	Store      Store
	// Transports are tried in order for each endpoint. Without any, nothing is sent or received.
	Transports []Transport
	// Handler deals with what arrives; default: an empty Mux, which keeps everything for the user.
	Handler Handler
	// Invitations judges claims of ours; nil: strangers cannot get in.
	Invitations Invitations
	// HoldRequests keeps the first message of a stranger until the user has decided, see inbox.Requests;
	// without it strangers are refused. Its sender learns that it was written, and no more: it must have a
	// DID of an Offline method, the message at most inbox.MaxRequest bytes. Whoever was blocked instead of
	// let in is answered as before, so that it does not learn of that.
	HoldRequests bool
	// Receipt makes the receipt that tells the sender of a message, a contact that is not blocked, that it
	// was received; it is sent in one step with settling the message, and carries the acknowledgement that
	// the message asks for. It is called where the path could not tell, for what a handler has taken or
	// kept; not for pings, profiles and queries of features, which are acknowledged where they ask for it,
	// nor for receipts, acknowledgements, reports of problems and forwards. The node sets its ID, To and Ack.
	// Returning nil tells the sender nothing, not even an acknowledgement. A nil Receipt leaves it at
	// acknowledgements. It may be called by several goroutines at once, as may Report, Life and Lived.
	Receipt func(m *Received, from inbox.Contact) *Message
	// Report makes the report of a problem that tells a contact why its message was given up, see Problem.
	// It is called for what no sender answers in turn: not for reports of problems, receipts and
	// acknowledgements; and at most 16 times an hour for one contact. The node sets its ID and To, and the
	// message's thread as its parent. Nil, or a nil message: none.
	Report func(m *Received, p *Problem) *Message
	// Life returns how far this wallet has lived, which contacts are told in greetings. Lived is told, after
	// each greeting of a contact, the newest life of this wallet that it had seen before; not when it has
	// seen none. It must not block for long. Nil: neither is told.
	Life  func() inbox.Life
	Lived func(contact did.DID, saw inbox.Life)
	// Introduction returns the name that a stranger gives itself in the message with which it claims an
	// invitation, empty for none. Default: none.
	Introduction func(m *Message) string
	// MaxContacts is how many contacts there may be for strangers to become one more by an invitation; default
	// 10,000. The user can add more.
	MaxContacts int
	// Offline reports whether DIDs of a method resolve without the network; only those of strangers are
	// ever resolved. Default: OfflineMethod.
	Offline func(method string) bool
	// Retry says how long to wait after failures; default: DefaultRetry.
	Retry Retry
	// HandlerTries is how often a message is offered to a failing handler; default 30, which takes about
	// two hours.
	HandlerTries int
	// Greet is how many recent contacts Run greets when it starts, so that changed addresses and waiting
	// messages heal at once; default 32, negative for none.
	Greet int
	// Log takes what an operator may want to know; default: nothing is logged.
	Log *slog.Logger

	running  atomic.Bool
	refused  refusals
	reported reports
	left     left
	lookUps  lookUps
	doubts   doubts
	watch    watchlist
	metMu    sync.Mutex
	met      map[did.DID]Peer      // strangers that have proved themselves; guarded by metMu
	woken    map[did.DID]time.Time // contacts whose greeting makes parcels due, and when; guarded by metMu
	tries    sync.Map              // seq of a failing entry → *atomic.Int64; of the handler loop
}

// Limits of a Node's work at one time.
const (
	maxDestinations = 64               // delivered to at once; most of that is waiting for others
	maxBatch        = 256              // parcels in one batch
	maxBatchBytes   = 1 << 20          // of plaintexts in one batch, unless one alone has more
	maxOnTheWay     = 64               // parcels of a batch that are sent at once, while the next are sealed
	leaseTime       = 2 * time.Minute  // longer than attemptTime and settleTime
	attemptTime     = 90 * time.Second // for one batch, whatever its endpoints
	maxEndpoints    = 4                // tried in one attempt
	settleTime      = 10 * time.Second // to record outcomes when the node is stopping
	maxMet          = 256              // strangers remembered between greeting and first message
)

// ErrRunning means that Run was called on a Node that is or was running.
var ErrRunning = errors.New("the node was started before")

// Run serves all transports, delivers and handles until ctx ends; then it waits for its goroutines and
// returns nil. It returns early with the error of a part that failed for good.
func (n *Node) Run(ctx context.Context) error {
	if n.running.Swap(true) {
		return ErrRunning
	}
	if n.Identities == nil || n.Keys == nil || n.Resolver == nil || n.Store == nil {
		return errors.New("messaging: Node needs Identities, Keys, Resolver and Store")
	}
	g, inner := errgroup.WithContext(ctx)
	for _, t := range n.Transports {
		g.Go(func() error {
			if err := t.Serve(inner, n); err != nil {
				return fmt.Errorf("transport: %w", err)
			}
			return nil
		})
	}
	g.Go(func() error { return n.deliverLoop(inner) })
	g.Go(func() error { return n.handleLoop(inner) })
	g.Go(func() error { n.greetContacts(inner); return nil })
	if err := g.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

func (n *Node) log() *slog.Logger {
	if n.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return n.Log
}

func (n *Node) handler() Handler {
	if n.Handler == nil {
		return KeepHandler
	}
	return n.Handler
}

func (n *Node) offline(method string) bool {
	if n.Offline != nil {
		return n.Offline(method)
	}
	return OfflineMethod(method)
}

// OfflineMethod reports whether DIDs of a method carry their document, so that resolving one needs no network:
// key, peer and jwk. It is the default of Node and of the transports.
func OfflineMethod(method string) bool { return did.Offline(method) }

// transport returns the first transport that handles the endpoint.
func (n *Node) transport(e did.Endpoint) Transport {
	for _, t := range n.Transports {
		if t.Handles(e) {
			return t
		}
	}
	return nil
}

// storePause is how long a loop waits when the store is in trouble.
const storePause = time.Second

// rest waits for the hint or the time, or, after trouble with the store, a moment. The error ends the loop:
// ctx has ended, or the store was closed.
func (n *Node) rest(ctx context.Context, doing string, hint <-chan struct{}, until time.Time, trouble error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(trouble, inbox.ErrClosed):
		return fmt.Errorf("%s: %w", doing, trouble)
	case trouble != nil:
		n.log().Error(doing+" failed; trying again", "err", trouble)
		return wait(ctx, nil, time.Now().Add(storePause))
	}
	return wait(ctx, hint, until)
}

// wait blocks until the hint, the time (zero: none) or the end of ctx.
func wait(ctx context.Context, hint <-chan struct{}, until time.Time) error {
	var alarm <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-alarm:
	case <-hint:
	}
	return nil
}
