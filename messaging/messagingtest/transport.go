package messagingtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// scheme starts the URI of every endpoint of a Network.
const scheme = "mem:"

// Errors of a path that failed; they are temporary.
var (
	errUnreachable = errors.New("the peer cannot be reached")
	errBroken      = errors.New("the path broke")
	errStopped     = errors.New("the transport has stopped")
)

// Transport is one node of a Network. It implements messaging.Transport.
type Transport struct {
	// Identity is the DID that the transport proves in greetings. Set it before Serve.
	Identity messaging.Identity
	// Resolver finds the documents of those who greet: one who is not proved by the keys of its document is refused.
	// Nil: whoever greets is believed.
	Resolver did.Resolver

	network *Network
	name    string
	serving chan struct{} // closed when Serve has begun
	ended   chan struct{} // closed when Serve's context has ended

	mu       sync.Mutex // guards the following
	ctx      context.Context
	receiver messaging.Receiver
	work     sync.WaitGroup // added to under mu while ctx is set
}

var _ messaging.Transport = (*Transport)(nil)

// Handles reports whether the endpoint is one of this kind of network.
func (t *Transport) Handles(e did.Endpoint) bool { return strings.HasPrefix(e.URI, scheme) }

// URI returns the endpoint URI of the transport.
func (t *Transport) URI() string { return scheme + t.name }

// Serve takes the transport's name and receives until ctx ends; then it waits for what is being received
// and returns nil. It fails if another transport has the name, or if it is called again.
func (t *Transport) Serve(ctx context.Context, r messaging.Receiver) error {
	if err := t.begin(ctx, r); err != nil {
		return err
	}
	<-ctx.Done()
	t.network.leave(t)
	t.mu.Lock()
	t.ctx = nil
	t.mu.Unlock()
	close(t.ended)
	t.work.Wait()
	return nil
}

func (t *Transport) begin(ctx context.Context, r messaging.Receiver) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.receiver != nil {
		return fmt.Errorf("messagingtest: %s was served before: make a new transport", t.URI())
	}
	if !t.network.join(t) {
		return fmt.Errorf("messagingtest: %s is being served already", t.URI())
	}
	t.ctx, t.receiver = ctx, r
	close(t.serving)
	return nil
}

// do runs f in a goroutine that belongs to the transport's Serve, and reports whether it has ended before
// ctx did. It is false as well when Serve has ended.
func (t *Transport) do(ctx context.Context, f func(context.Context, messaging.Receiver)) bool {
	t.mu.Lock()
	served, r := t.ctx, t.receiver
	if served != nil {
		t.work.Add(1)
	}
	t.mu.Unlock()
	if served == nil {
		return false
	}
	done := make(chan struct{})
	go func() {
		defer t.work.Done()
		defer close(done)
		f(served, r)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// Send implements messaging.Transport.
func (t *Transport) Send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	select {
	case <-t.serving:
	case <-ctx.Done():
		return nil, t.fail(d, ctx.Err())
	}
	s := &sending{transport: t, delivery: d, name: strings.TrimPrefix(d.Endpoint.URI, scheme)}
	results, err := s.run(ctx)
	if err != nil {
		return results, t.fail(d, err)
	}
	return results, nil
}

// fail makes an error a *messaging.DeliveryError. Refusals of a proved sender, and of its claim, are for good.
func (t *Transport) fail(d messaging.Delivery, err error) error {
	var r *messaging.Refusal
	return &messaging.DeliveryError{
		Endpoint: d.Endpoint.URI, Err: err,
		Permanent: errors.As(err, &r) && strings.HasPrefix(r.Code, messaging.CodeTrust+"."),
	}
}

// pass waits for a time, or the end of ctx or of the transport.
func (t *Transport) pass(ctx context.Context, d time.Duration) error {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-t.ended:
		}
	}
	select {
	case <-t.ended:
		return errStopped
	default:
		return ctx.Err()
	}
}

// peer is what a greeting tells the other about the transport: its document is the one that the other finds, and has
// to be by the keys of the transport's own, which stand for a proof here.
func (t *Transport) peer(ctx context.Context, other *Transport) (messaging.Peer, error) {
	p := messaging.Peer{
		DID: t.Identity.DID, Document: t.Identity.Document,
		Addresses: []string{t.URI()}, Record: []byte("record of " + t.name),
	}
	if other.Resolver == nil {
		return p, nil
	}
	doc, err := other.Resolver.Resolve(ctx, p.DID)
	if err == nil && !slices.Equal(doc.Pins(), p.Document.Pins()) {
		err = &messaging.Refusal{Code: messaging.CodeTrust}
	}
	p.Document = doc
	return p, err
}
