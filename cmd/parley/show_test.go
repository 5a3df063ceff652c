package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// What people see, word for word, in a pipe.
func TestWhatIsShown(t *testing.T) {
	t.Parallel()
	bob := control.Contact{V: 1, Name: "bob", DID: "did:x:bob"}
	bertram := control.Contact{V: 1, Name: "Bertrâm", DID: "did:x:b", Blocked: true}
	carol := control.Contact{V: 1, Name: "carol", DID: "did:x:c", Pending: true, Added: noon, Seen: noon.Add(time.Hour),
		Keys: []string{"ab", "cd"}, Addrs: []string{"/ip4/1.2.3.4/tcp/5"}}
	dave := control.Contact{Name: "dave x", DID: "did:web:d", Offer: &control.KeyOffer{Pinned: "0123456789abcdef", Offered: "fedcba9876543210", At: noon, Withheld: 1},
		History: []control.KeyEvent{{At: noon, How: "added", Keys: "0123456789abcdef"}, {At: noon, How: "of tomorrow", Keys: "fedcba98"}}}
	for _, tc := range []struct {
		name        string
		show        func(a *app) error
		out, errOut string
	}{
		{"id", func(a *app) error { return a.showSelf(control.Self{Name: "alice", DID: "did:x:a", PeerID: "12D3"}) },
			"name  alice\ndid   did:x:a\npeer  12D3\n", ""},
		{"contacts", func(a *app) error { return a.showContacts([]control.Contact{bertram, bob, carol}) },
			"Bertrâm  did:x:b  blocked\nbob      did:x:bob\ncarol    did:x:c  pending\n", ""},
		{"no contacts", func(a *app) error { return a.showContacts(nil) }, "", "Nobody yet: parley invite, or parley add LINK\n"},
		{"a contact", func(a *app) error { return a.showContact(carol) },
			"name   carol\ndid    did:x:c\nstate  pending\ntold   what everybody is: parley receipts\nadded  2026-11-20T12:00:00Z\nseen   2026-11-20T13:00:00Z\n" +
				"key    ab\nkey    cd\naddr   /ip4/1.2.3.4/tcp/5\n", ""},
		{"a contact whose keys changed", func(a *app) error { return a.showContact(dave) },
			"name   dave x\ndid    did:web:d\nstate  keys changed\ntold   what everybody is: parley receipts\n" +
				"pinned 0123 4567 89ab cdef\nnow    fedc ba98 7654 3210  since 2026-11-20T12:00:00Z\nheld   1 message\n" +
				"next   parley verify 'dave x', or parley contacts accept-key 'dave x'\n" +
				"keys   2026-11-20T12:00:00Z  0123 4567 89ab…  learnt when you added the DID\nkeys   2026-11-20T12:00:00Z  fedc ba98  of tomorrow\n", ""},
		{"a contact with what nobody accepted", func(a *app) error {
			return a.showContact(control.Contact{Name: "eve", DID: "did:web:e", Withheld: 2})
		}, "name   eve\ndid    did:web:e\ntold   what everybody is: parley receipts\nheld   2 messages under keys that you have not accepted\n", ""},
		{"added", func(a *app) error { return a.showAdded(bob) }, "added bob  did:x:bob\n", "Say hello: parley send bob hi\n"},
		{"added without an answer", func(a *app) error { return a.showAdded(carol) }, "added carol  did:x:c\n",
			"They have not answered yet. It is claimed once you are both online, if you keep running: parley daemon\n"},
		{"invitation", func(a *app) error {
			return a.showInvite(control.Invite{Link: "didcomm://x", Expires: noon}, false, false)
		}, "didcomm://x\n", "Can be used once until " + noon.Local().Format("2006-01-02 15:04") +
			", while you are online. Your friend: parley add LINK\n"},
		{"outbox", func(a *app) error {
			return a.showOutbox([]control.Sent{
				{ID: "I1", State: "queued", ToName: "bob", Content: "hi\nthere", Created: noon, Problem: "no route"},
				{ID: "I2", State: "delivered", ToName: "bob", Type: "ping", Body: []byte("{}"), Created: noon},
			})
		}, "2026-11-20T12:00:00Z I1  ⧖ queued  bob: hi…  (no route)\n2026-11-20T12:00:00Z I2  ✓ delivered  bob: [ping]\n", ""},
		{"empty outbox", func(a *app) error { return a.showOutbox(nil) }, "", "Nothing is waiting.\n"},
		{"too long for a code", func(a *app) error { return a.showQR(strings.Repeat("x", maxQR+1)) }, "", "too long for a QR code\n"},
	} {
		p, out, errOut := testPrinter(false)
		if err := tc.show(&app{print: p, out: out}); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.out, out.String()); diff != "" {
			t.Errorf("%s: stdout (-want +got):\n%s", tc.name, diff)
		}
		if diff := cmp.Diff(tc.errOut, errOut.String()); diff != "" {
			t.Errorf("%s: stderr (-want +got):\n%s", tc.name, diff)
		}
	}
}

// At a terminal the times of a history are as wide as each other, and a line fits into 80 columns.
func TestHistoryFitsATerminal(t *testing.T) {
	t.Parallel()
	p, out, _ := testPrinter(true)
	p.outColour = false
	var events []control.KeyEvent
	for how := range keysText {
		events = append(events, control.KeyEvent{At: noon.AddDate(0, 0, -1), How: how, Keys: strings.Repeat("ab", 32)})
	}
	events = append(events, control.KeyEvent{At: noon, How: "logged", Keys: strings.Repeat("ab", 32)})
	if err := p.show(nil, p.historyLines(events)...); err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(out.String()) {
		if l = strings.TrimSuffix(l, "\n"); len([]rune(l)) > 80 || strings.Index(l, "abab") != len("keys   2026-11-20 12:00  ") {
			t.Errorf("%q", l)
		}
	}
}

// A code is square, and the longest text that fits one is drawn.
func TestQR(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 500, maxQR} {
		p, out, _ := testPrinter(false)
		if err := (&app{print: p, out: out}).showQR(strings.Repeat("x", n)); err != nil {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		width := len([]rune(lines[0]))
		if diff := width - 2*len(lines); width < 25 || diff < -2 || diff > 2 {
			t.Errorf("%d bytes: %d columns and %d lines", n, width, len(lines))
		}
		for _, l := range lines {
			if strings.Trim(l, "█▀▄ ") != "" || len([]rune(l)) != width {
				t.Errorf("%d bytes: odd line %q", n, l)
				break
			}
		}
	}
}

// The daemon says that it is ready, stays until it is told to end, and ends when it cannot say so.
func TestStay(t *testing.T) {
	t.Parallel()
	w := &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		if c.Method != "Self" {
			return nil, nil
		}
		return control.Self{Name: "alice", DID: "did:x:a", Addrs: []string{"/ip4/1.2.3.4/tcp/5"}}, nil
	}}
	p, out, _ := testPrinter(false)
	p.json = true
	wrote := make(chan struct{})
	p.out = writerFunc(func(b []byte) (int, error) { defer close(wrote); return out.Write(b) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&app{print: p}).stay(ctx, w) }()
	<-wrote
	if want := `{"v":1,"event":"ready","did":"did:x:a","addrs":["/ip4/1.2.3.4/tcp/5"]}` + "\n"; out.String() != want {
		t.Errorf("ready event %s, want %s", out, want)
	}
	select {
	case err := <-ended:
		t.Errorf("it did not stay: %v", err)
	default:
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	p.out = brokenWriter{}
	if err := (&app{print: p}).stay(t.Context(), w); err != io.ErrClosedPipe {
		t.Errorf("with a broken stdout: %v", err)
	}
}

// A link may be pasted with white space around it, or come from stdin.
func TestLink(t *testing.T) {
	t.Parallel()
	a := &app{in: strings.NewReader("  didcomm://y\n\n")}
	for arg, want := range map[string]string{" didcomm://x\n": "didcomm://x", "-": "didcomm://y"} {
		if got, err := a.link(arg); got != want || err != nil {
			t.Errorf("link(%q) = %q, %v, want %q", arg, got, err, want)
		}
	}
}

// At a terminal a list of contacts fits into 80 columns; a program gets whole DIDs.
func TestContactsFitATerminal(t *testing.T) {
	t.Parallel()
	c := control.Contact{Name: "blocked-761b2d", DID: "did:peer:4zQmeu7WkoZQb9J4FcNoaLsytEgPXYRG16PPupBDs3BtDReg", Blocked: true}
	for terminal, want := range map[bool]string{
		true:  "blocked-761b2d  did:peer:4zQmeu7WkoZQb9J4Fc…BtDReg  blocked\n",
		false: "blocked-761b2d  " + c.DID + "  blocked\n",
	} {
		p, out, _ := testPrinter(terminal)
		p.outColour = false
		if err := (&app{print: p}).showContacts([]control.Contact{c}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("terminal %v (-want +got):\n%s", terminal, diff)
		}
	}
}
