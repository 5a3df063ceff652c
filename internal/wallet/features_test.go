package wallet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
)

func TestFeatures(t *testing.T) {
	alice, _ := friends(t)
	ctx := t.Context()
	ask := func(typ, match string) []control.Feature {
		t.Helper()
		f, err := alice.Features(ctx, control.FeaturesRequest{To: "bob", Type: typ, Match: match, Timeout: patience})
		if err != nil || f.Name != "bob" || f.V != 1 {
			t.Fatalf("%s %s: %+v, %v", typ, match, f, err)
		}
		return f.Features
	}
	var protocols []string
	for _, f := range ask("", "") {
		if f.Type != "protocol" {
			t.Errorf("%+v was not asked for", f)
		}
		protocols = append(protocols, f.ID)
	}
	want := []string{
		"https://didcomm.org/basicmessage/2.0", "https://didcomm.org/discover-features/2.0", "https://didcomm.org/empty/1.0",
		"https://didcomm.org/out-of-band/2.0", "https://didcomm.org/questionanswer/1.0", "https://didcomm.org/receipts/1.0",
		"https://didcomm.org/report-problem/2.0", "https://didcomm.org/trust-ping/2.0", "https://didcomm.org/user-profile/1.0",
	}
	slices.Sort(protocols)
	same(t, "protocols", protocols, want)
	for name, tc := range map[string]struct {
		typ, match string
		want       []control.Feature
	}{
		"one": {"protocol", "https://didcomm.org/trust-ping/2.0", []control.Feature{
			{Type: "protocol", ID: "https://didcomm.org/trust-ping/2.0", Roles: []string{"receiver", "sender"}}}},
		"some":         {"header", "p*", []control.Feature{{Type: "header", ID: "please_ack"}, {Type: "header", ID: "pthid"}}},
		"version":      {"didcomm-version", "*", []control.Feature{{Type: "didcomm-version", ID: "https://github.com/decentralized-identity/didcomm-messaging"}}},
		"not ours":     {"protocol", "https://didcomm.org/issue-credential/*", []control.Feature{}},
		"none at all":  {"goal-code", "*", []control.Feature{}},
		"unknown type": {"colour", "*", []control.Feature{}},
	} {
		if diff := cmp.Diff(tc.want, ask(tc.typ, tc.match)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, err := alice.Features(ctx, control.FeaturesRequest{To: "eve"})
	same(t, "nobody", code(t, err), control.CodeUnknown)
}

// Only contacts are told, and who is away does not answer.
func TestFeaturesUnanswered(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	_, err := bob.ChangeContact(ctx, "alice", control.ContactChange{Blocked: new(true)})
	must(t, err)
	_, err = alice.Features(ctx, control.FeaturesRequest{To: "bob", Timeout: patience})
	same(t, "blocked by bob", code(t, err), control.CodeTrust)
	_, err = bob.Features(ctx, control.FeaturesRequest{To: "alice"})
	same(t, "blocked by us", code(t, err), control.CodeTrust)

	idle := open(t, folder(t, "idle")) // does not run
	inv, err := alice.Invite(ctx, control.InviteRequest{})
	must(t, err)
	c, err := idle.Add(ctx, control.AddRequest{Link: inv.Link, Timeout: time.Millisecond})
	must(t, err)
	_, err = idle.Features(ctx, control.FeaturesRequest{To: c.Name, Timeout: 10 * time.Millisecond})
	same(t, "no answer", code(t, err), control.CodeNetwork)
}

// What a program handles in a wallet is among its features.
func TestFeaturesOfAProgram(t *testing.T) {
	alice := run(t, folder(t, "alice"))
	var mux messaging.Mux
	mux.Handle("https://example.org/chess/1.2/move", messaging.KeepHandler)
	bob := runWith(t, folder(t, "bob"), wallet.Options{Mux: &mux})
	inv, err := alice.Invite(t.Context(), control.InviteRequest{})
	must(t, err)
	_, err = bob.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience})
	must(t, err)
	f, err := alice.Features(t.Context(), control.FeaturesRequest{To: "bob", Match: "https://example.org/*", Timeout: patience})
	must(t, err)
	same(t, "features", f.Features, []control.Feature{{Type: "protocol", ID: "https://example.org/chess/1.2"}})
}
