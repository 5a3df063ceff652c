package aries_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hyperledger/aries-framework-go/pkg/common/log"
	ariesdid "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/peer"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/aries"
)

const aliceContext = `"@context":["https://www.w3.org/ns/did/v1"],"id":"did:example:alice"`

func TestResolve(t *testing.T) {
	t.Parallel()
	sign, agree := public(t, crypto.Ed25519, 1), public(t, crypto.X25519, 2)
	embedded, old := public(t, crypto.P384, 3), public(t, crypto.Ed25519, 4)
	r := aries.New(parsed(fmt.Sprintf(`{%s,
		"verificationMethod":[
			{"id":"#a","type":"JsonWebKey2020","controller":"did:example:alice","publicKeyJwk":%s},
			{"id":"#b","type":"X25519KeyAgreementKey2020","controller":"did:example:alice","publicKeyMultibase":%q},
			{"id":"#d","type":"Ed25519VerificationKey2020","controller":"did:example:alice","publicKeyMultibase":%q}],
		"authentication":["#a","#d"],
		"keyAgreement":["#b",{"id":"#c","type":"Multikey","controller":"did:example:alice","publicKeyMultibase":%q}],
		"service":[
			{"id":"#one","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://u","accept":["didcomm/v2"],"routingKeys":["did:x:y#k"]}},
			{"id":"#two","type":"DIDCommMessaging","serviceEndpoint":[{"uri":"https://v","accept":["didcomm/v2"]},{"uri":"https://w"}]},
			{"id":"#three","type":"DIDCommMessaging","serviceEndpoint":"https://x"}]}`,
		aliceContext, sign.JWK(), agree, old, embedded)))
	doc, err := r.Resolve(t.Context(), did.MustParse("did:example:alice"))
	if err != nil {
		t.Fatal(err)
	}
	const p = "did:example:alice#"
	if diff := cmp.Diff(map[string]string{p + "a": sign.Multikey(), p + "d": old.Multikey()}, byID(doc.Authentication())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{p + "b": agree.Multikey(), p + "c": embedded.Multikey()}, byID(doc.KeyAgreement())); diff != "" {
		t.Error(diff)
	}
	// Of an array aries keeps the first endpoint only.
	want := []did.Endpoint{
		{URI: "https://u", Accept: []string{"didcomm/v2"}, RoutingKeys: []string{"did:x:y#k"}},
		{URI: "https://v", Accept: []string{"didcomm/v2"}},
		{URI: "https://x"},
	}
	if diff := cmp.Diff(want, doc.DIDComm()); diff != "" {
		t.Error(diff)
	}
}

func TestResolveFails(t *testing.T) {
	t.Parallel()
	alice := did.MustParse("did:example:alice")
	broken := strings.Repeat("broken ", 10_000)
	tests := []struct {
		name string
		r    reader
		want error
	}{
		{"not found", func(string) (*ariesdid.DocResolution, error) { return nil, fmt.Errorf("x: %w", vdr.ErrNotFound) }, did.ErrNotFound},
		{"no resolution", func(string) (*ariesdid.DocResolution, error) { return nil, nil }, did.ErrNotFound},
		{"no document", func(string) (*ariesdid.DocResolution, error) { return &ariesdid.DocResolution{}, nil }, did.ErrNotFound},
		{"another DID", parsed(`{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:example:mallory"}`), did.ErrInvalid},
		{"panic", func(string) (*ariesdid.DocResolution, error) { panic("index out of range") }, did.ErrInvalid},
		{"panic of the runtime", func(id string) (*ariesdid.DocResolution, error) {
			return nil, errors.New(id[len(id)+1:])
		}, did.ErrInvalid},
		{"a document on which aries panics", parsed(`{` + aliceContext +
			`,"service":[{"id":"#s","type":"LinkedDomains","serviceEndpoint":{"origins":[]}}]}`), did.ErrInvalid},
		{"a document over the limit", parsed(`{` + aliceContext + `,"service":[{"id":"#s","type":"x","serviceEndpoint":"https://` +
			strings.Repeat("x", did.MaxDocument) + `"}]}`), did.ErrInvalid},
		{"another error", func(string) (*ariesdid.DocResolution, error) { return nil, errors.New(broken) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := aries.New(tt.r).Resolve(t.Context(), alice)
			if err == nil || doc != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("got %v, %v; want %v", doc, err, tt.want)
			}
			if len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\n\t") {
				t.Errorf("the error is not brief: %v", err)
			}
		})
	}
	if _, err := aries.New(parsed(`{}`)).Resolve(t.Context(), did.DID{}); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("the zero DID: %v", err)
	}
}

// A VDR that hangs costs its callers only their patience, and never more than a fixed number of
// goroutines.
func TestResolveCallersLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var under, most int
		release := make(chan struct{})
		count := make(chan int)
		r := aries.New(reader(func(string) (*ariesdid.DocResolution, error) {
			count <- 1
			<-release
			count <- -1
			return nil, vdr.ErrNotFound
		}))
		go func() {
			for n := range count {
				under += n
				most = max(most, under)
			}
		}()
		for range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := r.Resolve(ctx, did.MustParse("did:example:alice")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		close(release)
		synctest.Wait()
		// Once the VDR answers again, so does the resolver.
		if _, err := r.Resolve(t.Context(), did.MustParse("did:example:alice")); !errors.Is(err, did.ErrNotFound) {
			t.Errorf("after the VDR recovered: %v", err)
		}
		close(count)
		synctest.Wait()
		if most != 16 {
			t.Errorf("up to %d reads were under way", most)
		}
	})
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	aries.New(parsed(`{}`))
	for _, level := range []string{"ERROR", "WARNING", "INFO"} {
		l, err := log.ParseLevel(level)
		if err != nil {
			t.Fatal(err)
		}
		if log.IsEnabledFor("aries-framework/vdr/httpbinding", l) {
			t.Errorf("aries logs %s to standard output", level)
		}
	}
}

// did:peer numalgo 1 is resolved by aries from what its wallet has stored.
func TestPeer1(t *testing.T) {
	t.Parallel()
	v, err := peer.New(&memory{data: make(map[string][]byte)})
	if err != nil {
		t.Fatal(err)
	}
	key := public(t, crypto.Ed25519, 1)
	made, err := v.Create(&ariesdid.Doc{VerificationMethod: []ariesdid.VerificationMethod{{
		ID: "#key-1", Type: "Ed25519VerificationKey2018", Value: key.Bytes(),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	id := did.MustParse(made.DIDDocument.ID)
	if !strings.HasPrefix(id.String(), "did:peer:1zQm") {
		t.Fatalf("aries made %s", id)
	}
	r := aries.New(v)
	doc, err := r.Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if ms := doc.Authentication(); doc.ID() != id || len(ms) != 1 || !ms[0].Key.Equal(key) {
		t.Errorf("resolved %s to %s", id, doc.JSON())
	}
	other := did.MustParse("did:peer:1zQmZMygzYqNwU6Uhmewx5Xepf2VLp5S4HLSwwgf2aiKZuwa")
	if _, err := r.Resolve(t.Context(), other); !errors.Is(err, did.ErrNotFound) {
		t.Errorf("a DID that was never stored: %v", err)
	}
}
