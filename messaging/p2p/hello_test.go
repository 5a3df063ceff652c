package p2p

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

func TestHelloProvesBothSides(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	m := newMeeting(a, b)
	m.claim = []byte(`{"claim":1}`)
	m.i.record, m.r.record = recordOf(t, a, "/ip4/192.0.2.1/tcp/1"), recordOf(t, b, "/ip4/192.0.2.2/udp/2/quic-v1")
	var claimed string
	m.door.admit = letIn(func(_ context.Context, id did.DID, claim []byte) error {
		claimed = id.String() + " " + string(claim)
		return nil
	})
	m.run()
	if m.iErr != nil || m.rErr != nil {
		t.Fatalf("errors %v, %v", m.iErr, m.rErr)
	}
	if m.iPeer.DID != b.own.DID || m.rPeer.DID != a.own.DID {
		t.Errorf("proved %v and %v, want the long forms of both", m.iPeer.DID, m.rPeer.DID)
	}
	if m.iPeer.Document.ID() != b.own.DID || m.rPeer.Document.ID() != a.own.DID {
		t.Error("the documents are not those of the DIDs")
	}
	if want := a.own.DID.String() + ` {"claim":1}`; claimed != want {
		t.Errorf("Admit was asked about %q, want %q", claimed, want)
	}
	if diff := cmp.Diff([]string{"/ip4/192.0.2.2/udp/2/quic-v1"}, m.iPeer.Addresses); diff != "" {
		t.Errorf("the initiator learned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/ip4/192.0.2.1/tcp/1"}, m.rPeer.Addresses); diff != "" {
		t.Errorf("the responder learned (-want +got):\n%s", diff)
	}
	if !bytes.Equal(m.iPeer.Record, m.r.record) || !bytes.Equal(m.rPeer.Record, m.i.record) {
		t.Error("the records did not arrive as they were")
	}
}

func TestHelloTellsNoAddressBeforeTheProof(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	m := newMeeting(a, b)
	m.i.record, m.r.record = recordOf(t, a, "/ip4/192.0.2.1/tcp/1"), recordOf(t, b, "/ip4/192.0.2.2/tcp/2")
	m.run()
	if bytes.Contains(m.said.said(false, 0), m.r.record) || !bytes.Contains(m.said.said(false, 1), m.r.record) {
		t.Error("the responder's record must travel in M4 and not in M2")
	}
	m1 := m.said.said(true, 0)
	if bytes.Contains(m1, []byte(a.own.DID.Canonical().String())) || bytes.Contains(m1, m.i.record) {
		t.Error("M1 must not say who greets")
	}
}

func TestHelloRefusals(t *testing.T) {
	t.Parallel()
	refuse := func(code string) func(context.Context, did.DID, []byte) error {
		return func(context.Context, did.DID, []byte) error { return &messaging.Refusal{Code: code} }
	}
	cases := map[string]struct {
		admit func(context.Context, did.DID, []byte) error
		code  string
		final bool
	}{
		"stranger":                   {refuse(messaging.CodeStranger), messaging.CodeStranger, true},
		"blocked":                    {refuse(messaging.CodeBlocked), messaging.CodeBlocked, true},
		"invitation used":            {refuse(messaging.CodeInvitationUsed), messaging.CodeInvitationUsed, true},
		"invitation expired":         {refuse(messaging.CodeInvitationExpired), messaging.CodeInvitationExpired, true},
		"invitation altered":         {refuse(messaging.CodeInvitationAltered), messaging.CodeInvitationAltered, true},
		"trust":                      {refuse(messaging.CodeTrust), messaging.CodeTrust, false},
		"a code that cannot be sent": {refuse("not a code!"), messaging.CodeBusy, false},
		"database broken": {
			func(context.Context, did.DID, []byte) error { return errors.New("disk I/O error") },
			messaging.CodeBusy, false,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMeeting(alice(t), bob(t))
			m.door.admit = letIn(c.admit)
			m.run()
			if codeOf(m.iErr) != c.code {
				t.Errorf("the initiator was told %q (%v), want %q", codeOf(m.iErr), m.iErr, c.code)
			}
			var failure *messaging.DeliveryError
			if !errors.As(failed(messaging.Delivery{}, m.iErr), &failure) || failure.Permanent != c.final {
				t.Errorf("Permanent = %v, want %v", failure.Permanent, c.final)
			}
			if m.rErr == nil {
				t.Error("the responder let it in")
			}
		})
	}
}

func TestHelloRefusalBeforeTheProofIsNotFinal(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	r := refusal{Refusal: messaging.Refusal{Code: messaging.CodeStranger}}
	err := playTo(m, frame(frameRefused, r.encode()))
	var failure *messaging.DeliveryError
	if !errors.As(failed(messaging.Delivery{}, err), &failure) || failure.Permanent {
		t.Errorf("%v is taken as final, though the responder has proved nothing", err)
	}
	if codeOf(failure) != messaging.CodeStranger {
		t.Errorf("code %q is lost", codeOf(failure))
	}
}

func TestHelloOfAnotherVersion(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	said, err := play(m.r, m.door, frame(frameHello, []byte{2, 'n', 'e', 'w'}))
	want := frame(frameRefused, (&refusal{Refusal: messaging.Refusal{Code: messaging.CodeProtocol}}).encode())
	if !bytes.Equal(said, want) || codeOf(err) != messaging.CodeProtocol {
		t.Errorf("answered %x (%v), want %x", said, err, want)
	}
}

// A stranger must not make us ask the network about a DID.
func TestHelloAsksBeforeItResolvesOverTheNetwork(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"over the network": "web", "without it": "peer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := alice(t), bob(t)
			var order []string
			m := newMeeting(a, b)
			m.door.offline = func(name string) bool { return method == "peer" }
			m.door.admit = letIn(func(context.Context, did.DID, []byte) error {
				order = append(order, "admit")
				return &messaging.Refusal{Code: messaging.CodeStranger}
			})
			m.r.resolver = did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
				order = append(order, "resolve")
				return resolver.Resolve(ctx, id)
			})
			m.run()
			want := []string{"admit"}
			if method == "peer" {
				want = []string{"resolve", "admit"}
			}
			if diff := cmp.Diff(want, order); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			if codeOf(m.iErr) != messaging.CodeStranger {
				t.Errorf("told %v", m.iErr)
			}
		})
	}
}

func TestHelloWhenTheResolverIsDown(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	m.r.resolver = did.ResolverFunc(func(context.Context, did.DID) (*did.Document, error) {
		return nil, errors.New("no route to host")
	})
	m.run()
	if codeOf(m.iErr) != messaging.CodeBusy {
		t.Errorf("told %v, want %s: it may be good later", m.iErr, messaging.CodeBusy)
	}
}

func TestSignedInputIsAsWritten(t *testing.T) {
	t.Parallel()
	got := signed(roleResponder, "II", "RRR", bytes.Repeat([]byte{0xee}, 32))
	want := []byte("parley hello v1 responder\x00")
	want = append(binary.BigEndian.AppendUint16(want, 2), "II"...)
	want = append(binary.BigEndian.AppendUint16(want, 3), "RRR"...)
	want = append(want, bytes.Repeat([]byte{0xee}, 32)...)
	if !bytes.Equal(got, want) {
		t.Errorf("signed %q, want %q", got, want)
	}
}
