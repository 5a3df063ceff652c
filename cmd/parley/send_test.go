package main

import (
	"strings"
	"testing"

	"github.com/parley-im/parley/internal/control"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, arg, stdin, want, code string
	}{
		{"argument", "hi\n", "", "hi\n", ""},
		{"stdin, less its line feed", "-", "hi\n", "hi", ""},
		{"stdin of another system", "-", "hi\r\n", "hi", ""},
		{"only one line feed", "-", "a\n\n", "a\n", ""},
		{"nothing", "", "", "", control.CodeUsage},
		{"nothing in stdin", "-", "\n", "", control.CodeUsage},
		{"not UTF-8", "-", "\xff", "", control.CodeUsage},
		{"the largest", "-", strings.Repeat("x", maxText), strings.Repeat("x", maxText), ""},
		{"too large", "-", strings.Repeat("x", maxText+1), "", control.CodeQuota},
	} {
		got, err := (&app{in: strings.NewReader(tc.stdin)}).text(tc.arg)
		code := ""
		if e := control.ErrorOf(err); e != nil {
			code = e.Code
		}
		if got != tc.want || code != tc.code {
			t.Errorf("%s: %d bytes, %q, want %d, %q", tc.name, len(got), code, len(tc.want), tc.code)
		}
	}
}

func TestShowSent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		s           control.Sent
		out, errOut string
		exit        int
	}{
		{"delivered", control.Sent{State: "delivered", ToName: "bob"}, "✓ delivered to bob\n", "", 0},
		{"read", control.Sent{State: "read", ToName: "bob"}, "✓✓ read by bob\n", "", 0},
		{"sent", control.Sent{State: "sent", ToName: "bob"}, "→ sent to bob\n",
			"They have not confirmed it. If they do not know you yet, it waits until they accept you.\n", 0},
		{"queued", control.Sent{ID: "ID1", State: "queued", ToName: "bob"}, "⧖ queued for bob\n",
			"It is kept, and goes out when both are online: parley daemon. To take it back: parley cancel ID1\n", 0},
		{"queued with a reason", control.Sent{ID: "ID1", State: "queued", To: "did:x:y", Problem: "no \x1broute"}, "⧖ queued for did:x:y\n",
			"Not delivered yet: no \\x1broute\nIt is kept", 0},
		{"refused", control.Sent{State: "failed", ToName: "bob", Problem: "refused (e.p.trust.stranger): x"}, "✗ failed to bob\n", "", 4},
		{"malformed", control.Sent{State: "failed", ToName: "bob", Problem: "refused (e.p.msg): x"}, "✗ failed to bob\n", "", 1},
		{"cancelled meanwhile", control.Sent{State: "failed", ToName: "bob", Problem: "cancelled"}, "✗ failed to bob\n", "", 1},
		{"expired", control.Sent{State: "expired", ToName: "bob"}, "✗ expired to bob\n", "", 3},
	} {
		p, out, errOut := testPrinter(false)
		if err := (&app{print: p}).showSent(tc.s); err != nil {
			t.Error(err)
		}
		if out.String() != tc.out || !strings.HasPrefix(errOut.String(), tc.errOut) || tc.errOut == "" && errOut.Len() > 0 {
			t.Errorf("%s: stdout %q, stderr %q, want %q, %q", tc.name, out, errOut, tc.out, tc.errOut)
		}
		exit := 0
		if e := control.ErrorOf(undone(tc.s)); e != nil {
			exit = e.Exit()
		}
		if exit != tc.exit {
			t.Errorf("%s: exit code %d, want %d", tc.name, exit, tc.exit)
		}
	}
}

func TestPassphraseFile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, content, want string }{
		{"one line", "secret\n", "secret"},
		{"without an end", "secret", "secret"},
		{"of another system", "secret\r\n", "secret"},
		{"more lines", "secret\nnotes\n", "secret"},
		{"spaces are part of it", " a b \n", " a b "},
		{"empty", "", ""},
		{"empty line", "\nsecret", ""},
		{"the longest", strings.Repeat("x", maxPassphrase) + "\n", strings.Repeat("x", maxPassphrase)},
		{"too long", strings.Repeat("x", maxPassphrase+1) + "\n", ""},
	} {
		path := t.TempDir() + "/p"
		writeFile(t, path, tc.content)
		got, err := readPassphrase(path)
		if string(got) != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%s: %q, %v, want %q", tc.name, got, err, tc.want)
		}
	}
	if _, err := readPassphrase(t.TempDir() + "/none"); control.ErrorOf(err).Code != control.CodeUsage {
		t.Errorf("no file: %v", err)
	}
}
