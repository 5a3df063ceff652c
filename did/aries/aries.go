package aries

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hyperledger/aries-framework-go/pkg/common/log"
	ariesdid "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/parley-im/parley/did"
)

// maxReads bounds the reads of one Resolver that are under way, abandoned ones included.
const maxReads = 16

// Reader is the part of an aries VDR that is used here.
type Reader interface {
	Read(did string, opts ...vdr.DIDMethodOption) (*ariesdid.DocResolution, error)
}

// Resolver is an aries VDR as a did.Resolver. Make one with New or NewUniversal. It is safe for
// concurrent use when the VDR is.
type Resolver struct {
	reader Reader
	slots  chan struct{} // one token for each read under way
}

var _ did.Resolver = (*Resolver)(nil)

// New returns a Resolver that asks r. It resolves every DID that r does; which methods to send
// to it is for did.Methods to say.
func New(r Reader) *Resolver {
	quiet()
	return &Resolver{reader: r, slots: make(chan struct{}, maxReads)}
}

// quiet keeps aries off standard output.
var quiet = sync.OnceFunc(func() {
	level, err := log.ParseLevel("CRITICAL")
	if err == nil {
		log.SetLevel("", level)
	}
})

// Resolve reads the document of id. It returns an error that wraps did.ErrNotFound where the
// VDR says so, did.ErrInvalid for a document that package did refuses or that is not about id,
// the context's error when it ends first, and the VDR's error text, shortened, otherwise.
func (r *Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("aries: %w: no DID given", did.ErrInvalid)
	}
	doc, err := r.resolve(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("aries: resolving %s: %w", id.Short(), err)
	}
	return doc, nil
}

type result struct {
	doc *did.Document
	err error
}

func (r *Resolver) resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	answer := make(chan result, 1) // so that an abandoned read can end
	go func() {
		defer func() { <-r.slots }()
		doc, err := r.read(id)
		answer <- result{doc, err}
	}()
	select {
	case a := <-answer:
		return a.doc, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read asks the VDR and turns its panics into errors: aries indexes into what a document's
// author wrote without looking.
func (r *Resolver) read(id did.DID) (doc *did.Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fmt.Errorf("%w: aries panicked: %s", did.ErrInvalid, brief(fmt.Sprint(p)))
		}
	}()
	res, err := r.reader.Read(id.String())
	switch {
	case errors.Is(err, vdr.ErrNotFound):
		return nil, did.ErrNotFound
	case err != nil:
		return nil, errors.New(brief(err.Error()))
	case res == nil || res.DIDDocument == nil:
		return nil, did.ErrNotFound
	}
	text, err := res.DIDDocument.JSONBytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", did.ErrInvalid, brief(err.Error()))
	}
	if text, err = restore(text); err != nil {
		return nil, err
	}
	if doc, err = did.ParseDocument(text); err != nil {
		return nil, err
	}
	if doc.ID() != id {
		return nil, fmt.Errorf("%w: the document is about %s", did.ErrInvalid, doc.ID().Short())
	}
	return doc, nil
}

// brief makes one short line of an error of aries, which may quote a whole answer.
func brief(s string) string {
	return fmt.Sprintf("%.200s", strings.Join(strings.Fields(s), " "))
}
