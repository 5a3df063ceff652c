package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
	"github.com/parley-im/parley/messaging/outofband"
)

// newStrangers are alice, who has bob as a contact by his DID alone, and bob, who holds requests and tells by
// receipts.
func newStrangers() (*pair, error) {
	p := &pair{net: &messagingtest.Network{}}
	var err1, err2 error
	p.alice, err1 = p.net.NewParty("alice")
	p.bob, err2 = p.net.NewParty("bob")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	ready(p)
	ctx := context.Background()
	return p, errors.Join(p.alice.Store.Learn(ctx, p.bob.Identity.DID),
		p.alice.Store.AddContact(ctx, inbox.Contact{DID: p.bob.DID(), Name: "bob"}))
}

// ready gives both their nodes' hooks, also after a restart.
func ready(p *pair) {
	p.bob.Node.HoldRequests, p.bob.Node.Receipt = true, receipt
	p.alice.Mux.Handle(receiptType, messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error { return nil }))
}

func strangers(t *testing.T) *pair {
	t.Helper()
	p, err := newStrangers()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// asking is a line that asks for an acknowledgement, as what wallets send does.
func asking(to did.DID, id string) *messaging.Message {
	m := line(to, id)
	m.PleaseAck = []string{""}
	return m
}

// requests returns the ids of the messages that a party holds.
func requests(t *testing.T, p *messagingtest.Party) (ids []string) {
	t.Helper()
	rs, err := p.Store.Requests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		ids = append(ids, r.MessageID)
	}
	return ids
}

// decide accepts or blocks alice at bob, as the user does.
func decide(t *testing.T, p *pair, block bool) {
	t.Helper()
	if _, err := p.bob.Store.AcceptRequest(t.Context(), p.alice.DID(), inbox.Contact{Name: "alice", Blocked: block}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// Somebody whom we have forgotten, or who was moved to a new wallet of ours, still writes under the short form of its
// DID: the long one of its greeting lets the message wait as any other, and come in when it is accepted.
func TestRequestUnderTheShortForm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		err := p.alice.Store.UpdateContact(t.Context(), p.bob.DID(), func(c *inbox.Contact) error {
			c.Confirmed = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, p.alice)
		start(t, p.bob)
		synctest.Wait()
		send(t, p.alice, line(p.bob.DID(), "hi"))
		time.Sleep(time.Minute)
		rs, err := p.bob.Store.Requests(t.Context())
		if err != nil || len(rs) != 1 {
			t.Fatal(rs, err)
		}
		if m, err := messaging.ParseMessage(rs[0].Payload); err != nil || m.From.IsLong() {
			t.Fatalf("it names itself %v, %v: nothing was tested", m.From, err)
		}
		same(t, "long form", rs[0].Long.String(), p.alice.Identity.DID.String())
		same(t, "pins", rs[0].Pins, p.alice.Identity.Document.Pins())
		decide(t, p, false)
		send(t, p.alice, line(p.bob.DID(), "again"))
		time.Sleep(2 * time.Hour)
		es, err := p.bob.Store.List(t.Context(), inbox.Query{BySeq: true})
		if err != nil || len(es) != 2 {
			t.Errorf("%d messages, %v", len(es), err)
		}
	})
}

// A stranger's first message waits with all that is needed to answer it; its sender learns no more than that
// it was written, repeats it as on a path that cannot answer, and then leaves it alone.
func TestRequestWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		start(t, p.alice)
		start(t, p.bob)
		synctest.Wait() // both are there
		send(t, p.alice, asking(p.bob.DID(), "hi"))
		time.Sleep(48 * time.Hour)
		rs, err := p.bob.Store.Requests(t.Context())
		if err != nil || len(rs) != 1 {
			t.Fatal(rs, err)
		}
		r := rs[0]
		same(t, "request", []string{r.MessageID, r.Type, r.From.String(), r.Long.String(), r.Owner.String()},
			[]string{"hi", lineType, p.alice.DID().String(), p.alice.Identity.DID.String(), p.bob.DID().String()})
		same(t, "pins", r.Pins, p.alice.Identity.Document.Pins())
		same(t, "addresses", r.Addresses, []string{"mem:alice"})
		same(t, "record", string(r.PeerRecord), "record of alice")
		if r.Answered || len(contactsOf(t, p.bob)) > 0 || len(told(t, p.bob)) > 0 {
			t.Error("more has come of it than that it waits")
		}
		ps, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 {
			t.Fatal(ps, err)
		}
		if ps[0].State != inbox.Sent || ps[0].Attempts != 8 || ps[0].Problem != "" {
			t.Errorf("state %s after %d attempts, problem %q", ps[0].State, ps[0].Attempts, ps[0].Problem)
		}
		if due, ok, err := p.alice.Store.Due(t.Context()); err != nil || ok {
			t.Errorf("still due at %v, %v", due, err)
		}
		c, err := p.alice.Store.Contact(t.Context(), p.bob.DID())
		if err != nil || c.Confirmed || len(c.Addresses) > 0 {
			t.Errorf("alice's contact: confirmed %v, addresses %v, %v", c.Confirmed, c.Addresses, err)
		}
	})
}

// Once bob has accepted, the first message arrives, its sender learns that by itself, and those that were put
// off follow at once and in order.
func TestRequestAccepted(t *testing.T) {
	t.Parallel()
	for _, simplex := range []bool{false, true} {
		t.Run(fmt.Sprint("simplex ", simplex), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := strangers(t)
				if simplex {
					p.net.Simplex("bob")
				}
				start(t, p.alice)
				start(t, p.bob)
				synctest.Wait()
				for i := range 3 {
					send(t, p.alice, asking(p.bob.DID(), fmt.Sprint(i)))
				}
				time.Sleep(10 * time.Hour)
				same(t, "held", requests(t, p.bob), []string{"0"})
				waiting := map[string]string{"0": "sent", "1": "queued", "2": "queued"}
				if simplex {
					waiting = map[string]string{"0": "sent", "1": "sent", "2": "sent"} // nobody told alice
				}
				same(t, "before", states(t, p.alice), waiting)
				decide(t, p, false)
				time.Sleep(time.Minute)
				want, wantStates := []string{"0", "1", "2"}, map[string]string{"0": "delivered", "1": "delivered", "2": "delivered"}
				if simplex {
					want, wantStates = []string{"0"}, map[string]string{"0": "delivered", "1": "sent", "2": "sent"}
				}
				same(t, "received", received(t, p.bob, inbox.Kept), want)
				same(t, "after", states(t, p.alice), wantStates)
				same(t, "held", requests(t, p.bob), []string(nil))
			})
		})
	}
}

// Whoever is blocked instead of let in sees what it saw before, also when the node of the other side begins
// anew, and however often it tries.
func TestRequestBlocked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		start(t, p.alice)
		stop := p.bob.Start(t.Context())
		send(t, p.alice, asking(p.bob.DID(), "0"))
		send(t, p.alice, asking(p.bob.DID(), "1"))
		time.Sleep(time.Minute)
		want := map[string]string{"0": "sent", "1": "queued"}
		same(t, "before", states(t, p.alice), want)
		decide(t, p, true)
		again := func(what string) {
			t.Helper()
			if err := p.alice.Store.Wake(t.Context(), did.DID{}, time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Hour)
			same(t, what, states(t, p.alice), want)
			same(t, "verdicts on old and new, "+what, []messaging.VerdictKind{
				accept(t, p.bob, p.alice.DID(), forge{from: p.alice, to: p.bob}.seal(t, payloadOf(t, p.alice, "0")))[0].Kind,
				accept(t, p.bob, p.alice.DID(), forge{from: p.alice, to: p.bob}.seal(t, payloadOf(t, p.alice, "1")))[0].Kind,
			}, []messaging.VerdictKind{messaging.Held, messaging.Busy})
		}
		again("after the block")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		p.bob.Restart()
		p.bob.Node.HoldRequests = true
		start(t, p.bob)
		again("after a restart")
		same(t, "held", requests(t, p.bob), []string(nil))
		same(t, "arrived", received(t, p.bob, inbox.Kept), []string(nil))
		if c, err := p.bob.Store.Contact(t.Context(), p.alice.DID()); err != nil || !c.Seen.IsZero() || len(c.Addresses) > 1 {
			t.Errorf("the blocked contact was kept up to date: %+v, %v", c, err)
		}
	})
}

// payloadOf returns a plaintext that a party has queued.
func payloadOf(t *testing.T, p *messagingtest.Party, id string) string {
	t.Helper()
	ps, err := p.Store.Sent(t.Context(), inbox.SentQuery{MessageID: id})
	if err != nil || len(ps) != 1 {
		t.Fatal(ps, err)
	}
	return string(ps[0].Payload)
}

// Somebody blocked who had been let in once is told that it is a stranger, and its message has failed.
func TestFormerFriendIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		start(t, p.alice)
		start(t, p.bob)
		send(t, p.alice, asking(p.bob.DID(), "0"))
		time.Sleep(time.Minute)
		decide(t, p, false)
		time.Sleep(time.Minute)
		if err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), func(c *inbox.Contact) error { c.Blocked = true; return nil }); err != nil {
			t.Fatal(err)
		}
		send(t, p.alice, asking(p.bob.DID(), "1"))
		time.Sleep(time.Minute)
		same(t, "states", states(t, p.alice), map[string]string{"0": "delivered", "1": "failed"})
	})
}

// What of strangers is held, and what they are told.
func TestVerdictsOnStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, verdictsOnStrangers)
}

func verdictsOnStrangers(t *testing.T) {
	p := strangers(t)
	h, invite := host(t, p.net)
	h.Node.HoldRequests = true
	busy := messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy, After: time.Hour}
	held := messaging.Verdict{Kind: messaging.Held}
	past := fmt.Sprintf(`,"expires_time":%d`, time.Now().Add(-time.Second).Unix())
	big := fmt.Sprintf(`,"x":%q`, strings.Repeat("x", inbox.MaxRequest))
	used, over := invite(false, time.Hour), invite(false, time.Second)
	time.Sleep(time.Minute)
	g := guests(t, p.net, "ann", "ben", "cy", "dan", "eve", "fay", "gil", "hal")
	accept(t, h, did.DID{}, forge{from: g[7], to: h}.seal(t, plain("0", fromTo(g[7], h)+fmt.Sprintf(`,"pthid":%q`, used.ID))))
	for _, tc := range []struct {
		name string
		by   *messagingtest.Party
		f    forge
		id   string
		more string
		want messaging.Verdict
	}{
		{"a first message", g[0], forge{from: g[0]}, "1", "", held},
		{"the same again", g[0], forge{from: g[0]}, "1", "", held},
		{"another", g[0], forge{from: g[0]}, "2", "", busy},
		{"the same id for another", g[0], forge{from: g[0]}, "1", `,"lang":"en"`, busy},
		{"and the first again", g[0], forge{from: g[0]}, "1", "", held},
		{"signed alone", g[1], forge{signer: g[1]}, "1", "", held},
		{"too large", g[2], forge{from: g[2]}, "1", big, refused(messaging.CodeSize)},
		{"expired", g[2], forge{from: g[2]}, "1", past, refused(messaging.CodeExpired)},
		{"anonymous", g[2], forge{}, "1", "", refused(messaging.CodeStranger)},
		{"by another than from", g[2], forge{from: g[0]}, "1", "", refused(messaging.CodeCrypto)},
		{"in a thread that is none of ours", g[2], forge{from: g[2]}, "1", `,"pthid":"talk"`, held},
		{"to an invitation that is used", g[3], forge{from: g[3]}, "1", fmt.Sprintf(`,"pthid":%q`, used.ID), refused(messaging.CodeInvitationUsed)},
		{"to one that has expired", g[3], forge{from: g[3]}, "1", fmt.Sprintf(`,"pthid":%q`, over.ID), refused(messaging.CodeInvitationExpired)},
		{"to a good one", g[3], forge{from: g[3]}, "1", fmt.Sprintf(`,"pthid":%q`, invite(false, time.Hour).ID), accepted()},
		{"and then", g[3], forge{from: g[3]}, "2", "", accepted()},
		{"by a contact, in a thread that is none of ours", g[3], forge{from: g[3]}, "3", `,"pthid":"talk"`, accepted()},
	} {
		tc.f.to = h
		v := accept(t, h, did.DID{}, tc.f.seal(t, plain(tc.id, fromTo(tc.by, h)+tc.more)))[0]
		same(t, tc.name, v, tc.want)
	}
	same(t, "held", len(requests(t, h)), 3)
	h.Node.HoldRequests = false
	same(t, "switched off", accept(t, h, did.DID{}, forge{from: g[4], to: h}.seal(t, plain("1", fromTo(g[4], h))))[0], refused(messaging.CodeStranger))
}

// Somebody who was blocked instead of let in is told just what somebody is told whose request still waits,
// whatever it tries.
func TestBlockIsNotSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		h, invite := host(t, p.net)
		h.Node.HoldRequests = true
		over, used := invite(false, time.Second), invite(false, time.Hour)
		time.Sleep(time.Minute)
		good := invite(true, time.Hour)
		waits, blocked, other := p.alice, p.bob, guests(t, p.net, "ann")[0]
		try := func(x *messagingtest.Party, id, more string) messaging.Verdict {
			h.Node.Met(t.Context(), messaging.Peer{DID: x.Identity.DID, Document: x.Identity.Document, Record: make([]byte, 4<<10), Came: true})
			return accept(t, h, did.DID{}, forge{from: x, to: h}.seal(t, plain(id, fromTo(x, h)+more)))[0]
		}
		same(t, "the one who uses an invitation", try(other, "0", fmt.Sprintf(`,"pthid":%q`, used.ID)), accepted())
		for _, x := range []*messagingtest.Party{waits, blocked} {
			same(t, "a request", try(x, "1", ""), messaging.Verdict{Kind: messaging.Held})
		}
		if _, err := h.Store.AcceptRequest(t.Context(), blocked.DID(), inbox.Contact{Name: "x", Blocked: true}, time.Now()); err != nil {
			t.Fatal(err)
		}
		for name, more := range map[string]string{
			"another message":        "",
			"all but too large":      fmt.Sprintf(`,"thid":%q`, strings.Repeat("x", inbox.MaxRequest-3<<10)),
			"too large":              fmt.Sprintf(`,"x":%q`, strings.Repeat("x", inbox.MaxRequest)),
			"of a thread of nobody":  `,"pthid":"talk"`,
			"to an old invitation":   fmt.Sprintf(`,"pthid":%q`, over.ID),
			"to a used invitation":   fmt.Sprintf(`,"pthid":%q`, used.ID),
			"too late":               fmt.Sprintf(`,"expires_time":%d`, time.Now().Add(-time.Second).Unix()),
			"too late, and answered": fmt.Sprintf(`,"pthid":%q,"expires_time":%d`, used.ID, time.Now().Add(-time.Second).Unix()),
		} {
			same(t, name, try(blocked, "2", more), try(waits, "2", more))
		}
		claims := map[string][]byte{"nothing": nil, "no invitation": []byte("{}")}
		for name, inv := range map[string]*outofband.Invitation{"an old one": over, "a used one": used, "a good one": good} {
			plaintext, err := inv.Plaintext()
			if err != nil {
				t.Fatal(err)
			}
			claims[name] = plaintext
		}
		for name, claim := range claims {
			a, err := h.Node.Admit(t.Context(), blocked.DID(), claim)
			b, want := h.Node.Admit(t.Context(), waits.DID(), claim)
			if a != b || fmt.Sprint(err) != fmt.Sprint(want) {
				t.Errorf("showing %s: %+v, %v; want %+v, %v", name, a, err, b, want)
			}
		}
	})
}

// In one batch what comes behind a message that is put off is put off, for as long; what is held does not
// stop what comes behind it.
func TestRequestsInOneBatch(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	p.bob.Node.HoldRequests = true
	ann := guests(t, p.net, "ann")[0]
	sealed := func(x *messagingtest.Party, id string) []byte {
		return forge{from: x, to: p.bob}.seal(t, plain(id, fromTo(x, p.bob)))
	}
	busy := messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy, After: time.Hour}
	same(t, "verdicts", accept(t, p.bob, did.DID{}, sealed(p.alice, "1"), sealed(ann, "1"), sealed(p.alice, "2"), sealed(ann, "2"), sealed(p.alice, "3")),
		[]messaging.Verdict{accepted(), {Kind: messaging.Held}, accepted(), busy, busy})
	same(t, "kept", received(t, p.bob, inbox.Pending), []string{"1", "2"})
}

// Who may come in, as what, and what it is told of lives.
func TestAdmission(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	mine, theirs := inbox.Life{Branch: [8]byte{1}, Count: 2}, inbox.Life{Branch: [8]byte{3}, Count: 4}
	p.bob.Node.Life = func() inbox.Life { return mine }
	change := func(f func(c *inbox.Contact)) {
		if err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), func(c *inbox.Contact) error { f(c); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(c *inbox.Contact) { c.Life = theirs })
	stranger := guests(t, p.net, "ann")[0].DID()
	web := did.MustParse("did:web:example.org")
	for _, tc := range []struct {
		name string
		id   did.DID
		hold bool
		want messaging.Admission
		code string
	}{
		{"a contact", p.alice.DID(), true, messaging.Admission{Life: mine, Saw: theirs}, ""},
		{"a stranger", stranger, true, messaging.Admission{Guest: true}, ""},
		{"a stranger of the network", web, true, messaging.Admission{Guest: true}, messaging.CodeStranger},
		{"a stranger, without requests", stranger, false, messaging.Admission{Guest: true}, messaging.CodeStranger},
	} {
		p.bob.Node.HoldRequests = tc.hold
		a, err := p.bob.Node.Admit(t.Context(), tc.id, nil)
		same(t, tc.name, a, tc.want)
		var r *messaging.Refusal
		if errors.As(err, &r) != (tc.code != "") || r != nil && r.Code != tc.code {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.code)
		}
	}
	p.bob.Node.HoldRequests = true
	change(func(c *inbox.Contact) { c.Blocked = true })
	var r *messaging.Refusal
	if _, err := p.bob.Node.Admit(t.Context(), p.alice.DID(), nil); !errors.As(err, &r) || r.Code != messaging.CodeStranger {
		t.Errorf("a blocked friend: %v", err)
	}
	change(func(c *inbox.Contact) { c.Confirmed = false })
	if a, err := p.bob.Node.Admit(t.Context(), p.alice.DID(), nil); err != nil || a != (messaging.Admission{Guest: true}) {
		t.Errorf("blocked, and never let in: %+v, %v", a, err)
	}
	if v := accept(t, p.bob, did.DID{}, forge{from: p.alice, to: p.bob}.seal(t, plain("1", fromTo(p.alice, p.bob)+`,"pthid":"x"`)))[0]; v.Kind != messaging.Busy || v.After != time.Hour {
		t.Errorf("its message, which never waited: %+v", v)
	}
	if v := accept(t, p.bob, did.DID{}, forge{from: p.alice, to: p.bob}.seal(t, plain("2", fromTo(p.alice, p.bob)+fmt.Sprintf(`,"x":%q`, strings.Repeat("x", inbox.MaxRequest)))))[0]; v != refused(messaging.CodeSize) {
		t.Errorf("its large message: %+v", v)
	}
}

// A sender that is put off comes again once an hour, not faster: its destination does not get hot.
func TestStrangerIsPatient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		verdicts := &watching{Transport: p.alice.Transport}
		p.alice.Node.Transports, p.alice.Node.Greet = []messaging.Transport{verdicts}, -1
		start(t, p.alice)
		start(t, p.bob)
		for i := range 5 {
			send(t, p.alice, asking(p.bob.DID(), fmt.Sprint(i)))
		}
		time.Sleep(24 * time.Hour)
		same(t, "held", requests(t, p.bob), []string{"0"})
		if n := verdicts.sends.Load(); n < 20 || n > 26 {
			t.Errorf("tried %d times in a day, want about once an hour", n)
		}
	})
}

// watching counts deliveries.
type watching struct {
	*messagingtest.Transport
	sends atomic.Int64
}

func (w *watching) Send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	w.sends.Add(1)
	return w.Transport.Send(ctx, d)
}

// Whatever is lost, doubled or cut on the way, and whenever it is decided, what a stranger writes arrives once
// and in order after it was accepted, and never if it was blocked; and it never learns of a block.
func TestNothingOfARequestIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		synctest.Test(t, func(t *testing.T) {
			if err := badRequest(t, seed, float64(seed)/50, 1+int(seed%5), seed%2 == 0); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
}

func badRequest(t *testing.T, seed uint64, loss float64, messages int, block bool) error {
	p, err := newStrangers()
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	p.net.Loss(loss, seed)
	p.net.Duplicate(1 + rng.IntN(3))
	p.net.Latency(time.Duration(rng.Int64N(int64(400 * time.Millisecond))))
	stops := []func() error{p.alice.Start(t.Context()), p.bob.Start(t.Context())}
	var want []string
	for i := range messages {
		want = append(want, fmt.Sprint(i))
		err = errors.Join(err, p.alice.Node.Send(t.Context(), asking(p.bob.DID(), fmt.Sprint(i))))
		time.Sleep(time.Duration(rng.Int64N(int64(time.Hour))))
	}
	time.Sleep(time.Duration(rng.Int64N(int64(24 * time.Hour))))
	_, e := p.bob.Store.AcceptRequest(t.Context(), p.alice.DID(), inbox.Contact{Name: "alice", Blocked: block}, time.Now())
	err = errors.Join(err, e)
	time.Sleep(24 * time.Hour)
	for _, stop := range stops {
		err = errors.Join(err, stop())
	}
	if !block {
		return errors.Join(err, complete(t, p.alice, nil), arrived(t, p, want))
	}
	for id, state := range states(t, p.alice) {
		if id == "0" && state != "sent" || id != "0" && state != "queued" {
			err = errors.Join(err, fmt.Errorf("message %s is %s", id, state))
		}
	}
	return errors.Join(err, arrived(t, p, nil))
}

func arrived(t *testing.T, p *pair, want []string) error {
	if got := received(t, p.bob, inbox.Kept); fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("bob received %v, want %v", got, want)
	}
	return nil
}
