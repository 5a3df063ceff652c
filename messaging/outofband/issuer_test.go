package outofband_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/outofband"
)

var issuer = outofband.NewIssuer([32]byte{1, 2, 3})

func TestIssue(t *testing.T) {
	t.Parallel()
	for _, multi := range []bool{false, true} {
		in := full()
		in.Multi = multi
		got := issue(t, issuer, in)
		if len(got.ID) != 62 || got.ID == in.ID {
			t.Errorf("id %q, want a fresh one of 62 characters", got.ID)
		}
		in.ID = got.ID
		if diff := cmp.Diff(&in, got, sameDID); diff != "" {
			t.Errorf("changed (-asked +issued):\n%s", diff)
		}
		want := messaging.InvitationTerms{ID: got.ID, Multi: multi, Expires: expires}
		named, err := issuer.Named(got.ID, created)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := issuer.Shown(plaintext(t, got), created)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]messaging.InvitationTerms{want, want}, []messaging.InvitationTerms{named, shown}); diff != "" {
			t.Errorf("terms (-want +got):\n%s", diff)
		}
	}
}

func TestIssueFills(t *testing.T) {
	t.Parallel()
	addresses := []string{"/ip4/192.0.2.1/tcp/1"}
	got := issue(t, issuer, outofband.Invitation{
		From: did.MustParse("did:example:a"), Expires: time.Now().Add(time.Hour + time.Millisecond), Addresses: addresses,
	})
	addresses[0] = "changed"
	if got.Addresses[0] == "changed" {
		t.Error("the invitation changes with the caller's slice")
	}
	if since := time.Since(got.Created); since < 0 || since > time.Minute || got.Created.Nanosecond() != 0 {
		t.Errorf("created %v, want now in whole seconds", got.Created)
	}
	if got.Expires.Nanosecond() != 0 {
		t.Errorf("expires %v, want whole seconds", got.Expires)
	}
	if diff := cmp.Diff([]string{"didcomm/v2"}, got.Accept); diff != "" {
		t.Errorf("accept (-want +got):\n%s", diff)
	}
	if again := issue(t, issuer, *got); again.ID == got.ID {
		t.Error("two invitations with one id")
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*outofband.Invitation){
		"no from":         func(v *outofband.Invitation) { v.From = did.DID{} },
		"no end":          func(v *outofband.Invitation) { v.Expires = time.Time{} },
		"ends at once":    func(v *outofband.Invitation) { v.Expires = v.Created },
		"ends before":     func(v *outofband.Invitation) { v.Expires = v.Created.Add(-time.Second) },
		"ends after 9999": func(v *outofband.Invitation) { v.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"before 1970":     func(v *outofband.Invitation) { v.Created = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) },
		"label too long":  func(v *outofband.Invitation) { v.Label = strings.Repeat("x", 300) },
		"link too long": func(v *outofband.Invitation) {
			v.Addresses = strings.Split(strings.Repeat(strings.Repeat("a", 500)+" ", 15)+"a", " ")
			v.Accept = v.Addresses
		},
	} {
		in := full()
		change(&in)
		if v, err := issuer.Issue(in); !errors.Is(err, outofband.ErrInvalid) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, v, err)
		}
	}
}

func TestExpiryEdge(t *testing.T) {
	t.Parallel()
	inv := issue(t, issuer, full())
	for now, want := range map[time.Time]string{
		expires.Add(-time.Nanosecond):  "",
		expires:                        messaging.CodeInvitationExpired,
		expires.Add(100 * time.Hour):   messaging.CodeInvitationExpired,
		created.Add(-10 * time.Minute): "", // a clock that is behind keeps nobody out
	} {
		_, named := issuer.Named(inv.ID, now)
		_, shown := issuer.Shown(plaintext(t, inv), now)
		if code(named) != want || code(shown) != want {
			t.Errorf("at %v: %q and %q, want %q", now, code(named), code(shown), want)
		}
	}
}

// Each member of an invitation is under its id.
func TestShownAltered(t *testing.T) {
	t.Parallel()
	other := issue(t, issuer, full())
	for name, change := range map[string]func(*outofband.Invitation){
		"id of another":    func(v *outofband.Invitation) { v.ID = other.ID; v.Label = "Mallory" },
		"id of nobody":     func(v *outofband.Invitation) { v.ID = "x" },
		"from":             func(v *outofband.Invitation) { v.From = did.MustParse("did:example:mallory") },
		"label":            func(v *outofband.Invitation) { v.Label = "alice" },
		"label removed":    func(v *outofband.Invitation) { v.Label = "" },
		"goal code":        func(v *outofband.Invitation) { v.GoalCode = "pay" },
		"goal":             func(v *outofband.Invitation) { v.Goal += "!" },
		"accept":           func(v *outofband.Invitation) { v.Accept = append(v.Accept, "didcomm/aip1") },
		"addresses":        func(v *outofband.Invitation) { v.Addresses[0] = "/ip4/203.0.113.1/tcp/1" },
		"order":            func(v *outofband.Invitation) { v.Addresses[0], v.Addresses[1] = v.Addresses[1], v.Addresses[0] },
		"addresses gone":   func(v *outofband.Invitation) { v.Addresses = nil },
		"multi":            func(v *outofband.Invitation) { v.Multi = false },
		"created":          func(v *outofband.Invitation) { v.Created = v.Created.Add(time.Second) },
		"created removed":  func(v *outofband.Invitation) { v.Created = time.Time{} },
		"expires":          func(v *outofband.Invitation) { v.Expires = v.Expires.Add(time.Hour) },
		"expires removed":  func(v *outofband.Invitation) { v.Expires = time.Time{} },
		"goal to the code": func(v *outofband.Invitation) { v.GoalCode, v.Goal = v.Goal, v.GoalCode },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := issue(t, issuer, full())
			change(inv)
			if _, err := issuer.Shown(plaintext(t, inv), created); code(err) != messaging.CodeInvitationAltered {
				t.Errorf("got %v, want %s", err, messaging.CodeInvitationAltered)
			}
		})
	}
}

// What an invitation holds beyond what we understand was not put there by us.
func TestShownAdded(t *testing.T) {
	t.Parallel()
	raw := string(plaintext(t, issue(t, issuer, full())))
	for name, tc := range map[string]struct{ old, new, want string }{
		"as it was":     {`{"id"`, `{ "id"`, ""},
		"typ removed":   {`"typ":"application/didcomm-plain+json",`, ``, messaging.CodeInvitationAltered},
		"a header":      {`{"id"`, `{"x":1,"id"`, messaging.CodeInvitationAltered},
		"to":            {`{"id"`, `{"to":["did:example:b"],"id"`, messaging.CodeInvitationAltered},
		"a body member": {`"body":{`, `"body":{"x":1,`, messaging.CodeInvitationAltered},
		"an attachment": {`"body":{`, `"attachments":[{"data":{"hash":"x"}}],"body":{`, messaging.CodeInvitationAltered},
		"another type":  {`invitation"`, `invite"`, messaging.CodeInvitationAltered},
		"cut off":       {`}}`, `}`, messaging.CodeInvitationAltered},
	} {
		if !strings.Contains(raw, tc.old) {
			t.Fatalf("%s: nothing to replace in %s", name, raw)
		}
		_, err := issuer.Shown([]byte(strings.Replace(raw, tc.old, tc.new, 1)), created)
		if code(err) != tc.want {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// Every bit of an id counts, or one guest could make more ids out of a single-use one.
func TestIDAltered(t *testing.T) {
	t.Parallel()
	inv := issue(t, issuer, full())
	raw, err := base64.RawURLEncoding.DecodeString(inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		b := bytes.Clone(raw)
		b[i/8] ^= 1 << (i % 8)
		id := base64.RawURLEncoding.EncodeToString(b)
		if _, err := issuer.Named(id, created); code(err) != messaging.CodeInvitationAltered {
			t.Fatalf("bit %d flipped: %v, want %s", i, err, messaging.CodeInvitationAltered)
		}
		inv.ID = id
		if _, err := issuer.Shown(plaintext(t, inv), created); code(err) != messaging.CodeInvitationAltered {
			t.Fatalf("bit %d flipped, shown: %v, want %s", i, err, messaging.CodeInvitationAltered)
		}
	}
}

// An id has one spelling.
func TestIDSpelling(t *testing.T) {
	t.Parallel()
	id := issue(t, issuer, full()).ID
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", id[61])
	ids := map[string]string{
		"empty": "", "a word": "hello", "longer": id + "A", "padded": id + "==", "line break": id[:5] + "\n" + id[5:],
		"CR at the end": id + "\r", "white space": " " + id, "twice": id + id, "very long": strings.Repeat("A", 1<<20),
		"stray bits": id[:61] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last^1]),
	}
	for n := range id {
		ids[fmt.Sprintf("%d characters", n)] = id[:n]
	}
	for name, id := range ids {
		if _, err := issuer.Named(id, created); code(err) != messaging.CodeInvitationAltered {
			t.Errorf("%s: %v, want %s", name, err, messaging.CodeInvitationAltered)
		}
	}
}

// An invitation belongs to the key that made it, and any issuer with the key knows it.
func TestIssuerKey(t *testing.T) {
	t.Parallel()
	inv := issue(t, issuer, full())
	if _, err := outofband.NewIssuer([32]byte{1, 2, 3}).Shown(plaintext(t, inv), created); err != nil {
		t.Errorf("the same key: %v", err)
	}
	other := outofband.NewIssuer([32]byte{1, 2, 4})
	_, named := other.Named(inv.ID, created)
	_, shown := other.Shown(plaintext(t, inv), created)
	if code(named) != messaging.CodeInvitationAltered || code(shown) != messaging.CodeInvitationAltered {
		t.Errorf("another key: %v and %v, want %s", named, shown, messaging.CodeInvitationAltered)
	}
}

func TestShownGarbage(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "{}", "null", "\xff", `{"id":"1","type":"https://didcomm.org/out-of-band/2.0/invitation"}`} {
		if _, err := issuer.Shown([]byte(s), created); code(err) != messaging.CodeInvitationAltered {
			t.Errorf("%q: %v, want %s", s, err, messaging.CodeInvitationAltered)
		}
	}
}

// What was issued goes through a link to a guest, and comes back shown.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	inv := issue(t, issuer, outofband.Invitation{From: wallet(t), Label: "Zoë ☺", Expires: time.Now().Add(time.Hour)})
	link, err := inv.Link()
	if err != nil {
		t.Fatal(err)
	}
	got, err := outofband.ParseLink(link)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.Shown(plaintext(t, got), time.Now()); err != nil {
		t.Error(err)
	}
}
