package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
)

// What parley status shows, word for word, in a pipe.
func TestStatusIsShown(t *testing.T) {
	t.Parallel()
	const quiet = "contacts  0\nunread    0\nrequests  0\nwaiting   0\nfailed    0\n"
	for _, tc := range []struct {
		name, aim string
		status    control.Status
		want      string
	}{
		{"a wallet at rest", "", control.Status{Name: "alice", DID: "did:x:a", Home: "/h", PID: 7, Since: noon},
			"name      alice\ndid       did:x:a  whole: parley id\nhome      /h\nkeys      not protected\n" +
				"daemon    not running  parley daemon\n" + quiet + "backup    none known  parley backup FILE\n"},
		{"all there is to say", "--home w", control.Status{
			Name: "alice", DID: "did:peer:4zQmXHPDGfoSqFAf6rvY2k62mjyr8sznrqaQMFcpcgqUqWMw", Home: "/h", Daemon: true, PID: 7, Since: noon,
			KeyStore: "keyring", Receipts: "received", Addrs: []string{"/ip4/1.2.3.4/tcp/5"},
			Contacts: 1, Unread: 2, Requests: 3, Waiting: 4, Failed: 5,
			Longest:    &control.Sent{ToName: "bob", Created: noon.Add(-time.Hour), Problem: "no route"},
			Identities: []string{"did:peer:4zQmXHPDGfoSqFAf6rvY2k62mjyr8sznrqaQMFcpcgqUqWMw", "did:web:a.example"}, Changed: []string{"bob", "e v"}, Withheld: 1,
			Refused: map[string]int64{"unknown": 1, "full": 1234}, Broken: 6, Backup: noon, Restored: noon, Elsewhere: []string{"bob", "eve"},
		}, "name      alice\ndid       did:peer:4zQmXHPDGfoSqFAf6r…qUqWMw  whole: parley --home w id\nalso      did:web:a.example\nhome      /h\n" +
			"keys      under the keyring of this computer\ndaemon    running, process 7, since 2026-11-20T12:00:00Z\n" +
			"listens   /ip4/1.2.3.4/tcp/5\nreceipts  received: senders learn that a message has come, not that it was read\n" +
			"contacts  1\nunread    2  parley --home w recv\nrequests  3  parley --home w requests\n" +
			"waiting   4, the longest for bob since 2026-11-20T11:00:00Z  parley --home w outbox\n          no route\n" +
			"changed   the keys of bob  parley --home w verify bob\nchanged   the keys of e v  parley --home w verify 'e v'\nheld      1 message under changed keys\n" +
			"failed    5  parley --home w outbox --all\nrefused   full 1,234 times\nrefused   unknown once\nbroken    6 connections of others ended early\n" +
			"backup    2026-11-20T12:00:00Z\nrestored  2026-11-20T12:00:00Z\n" +
			"copy      this wallet is also used elsewhere: bob, eve saw it; use only one\n"},
		{"a passphrase, and a level of tomorrow", "", control.Status{Protected: true, Receipts: "some", Longest: &control.Sent{ToName: "bob", Created: noon}, Waiting: 1},
			"name      \ndid         whole: parley id\nhome      \nkeys      under a passphrase\ndaemon    not running  parley daemon\nreceipts  some\n" +
				"contacts  0\nunread    0\nrequests  0\nwaiting   1, the longest for bob since 2026-11-20T12:00:00Z  parley outbox\nfailed    0\n" +
				"backup    none known  parley backup FILE\n"},
	} {
		p, out, _ := testPrinter(false)
		p.aim = tc.aim
		if err := (&app{print: p}).showStatus(tc.status); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// Without a daemon the process and the time are those of the command itself: they are not told.
func TestStatusAsJSON(t *testing.T) {
	t.Parallel()
	p, out, _ := testPrinter(false)
	p.json = true
	if err := (&app{print: p}).showStatus(control.Status{V: 1, PID: 7, Since: noon, Unread: 3}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, `"pid"`) || strings.Contains(got, `"since"`) || !strings.Contains(got, `"unread":3`) {
		t.Errorf("%s", got)
	}
}
