package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/internal/control"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func testPrinter(terminal bool) (*printer, *bytes.Buffer, *bytes.Buffer) {
	var out, errOut bytes.Buffer
	return &printer{
		out: &out, err: &errOut, outTerminal: terminal, outColour: terminal, errColour: terminal,
		now: func() time.Time { return noon },
	}, &out, &errOut
}

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"text", "hello, wörld – 你好　世界 👩‍👩‍👧 ☎️", "hello, wörld – 你好　世界 👩‍👩‍👧 ☎️"},
		{"escape sequence", "\x1b[31mred\x1b]0;title\x07", `\x1b[31mred\x1b]0;title\a`},
		{"8-bit control", "\u009b31m", `\u009b31m`},
		{"delete", "a\x7fb", `a\x7fb`},
		{"line breaks", "a\nb\r\u2028\u2029\u0085", `a\nb\r\u2028\u2029\u0085`},
		{"backspace and null", "a\bb\x00", `a\bb\x00`},
		{"turned direction", "a\u202eb\u2066c\u200f\u061c", `a\u202eb\u2066c\u200f\u061c`},
		{"invisible", "a\u200bb\ufeff\u00ad\U000e0041", `a\u200bb\ufeff\u00ad\U000e0041`},
		{"not UTF-8", "a\xffb\xc0\x80", `a\xffb\xc0\x80`},
		{"the replacement itself", "\ufffd", "\ufffd"},
		{"no character", "\ue000\uffff", `\ue000\uffff`},
	} {
		if got := clean(tc.in); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Whatever is printed, no control character gets through but our own styles and line ends.
func FuzzClean(f *testing.F) {
	f.Add("hi")
	f.Add("\x1b[2J\u202e\xff\n\u009b")
	f.Fuzz(func(t *testing.T, s string) {
		if got := clean(s); strings.IndexFunc(got, func(r rune) bool { return !shown(r) }) >= 0 {
			t.Errorf("clean(%q) = %q", s, got)
		}
		data, err := control.Marshal(control.Message{Content: s})
		if err != nil {
			t.Fatal(err)
		}
		safe := escapeJSON(data)
		if strings.IndexFunc(safe, func(r rune) bool { return !shown(r) }) >= 0 {
			t.Errorf("escapeJSON leaves a control character in %q", safe)
		}
		var was, is control.Message
		if json.Unmarshal(data, &was) != nil || json.Unmarshal([]byte(safe), &is) != nil || was.Content != is.Content {
			t.Errorf("escapeJSON changes %q to %q", was.Content, is.Content)
		}
	})
}

func TestRender(t *testing.T) {
	t.Parallel()
	evening := time.Date(2026, 11, 20, 19, 30, 0, 0, time.UTC)
	local := evening.Local().Format("15:04")
	if evening.Local().YearDay() != noon.Local().YearDay() {
		local = evening.Local().Format("2006-01-02 15:04")
	}
	for _, tc := range []struct {
		name           string
		parts          line
		piped, atHuman string
	}{
		{"text", line{"a", 1, " ", true}, "a1 true", "a1 true"},
		{"styles", line{good("✓"), name("")}, "✓", "\x1b[32m✓\x1b[0m"},
		{"styles are no way in", line{bold("\x1b[0m")}, `\x1b[0m`, "\x1b[1m\\x1b[0m\x1b[0m"},
		{"a text of two lines", line{body("a\r\nb\tc\x1b")}, `a\nb    c\x1b`, "a\n      │ b    c\\x1b"},
		{"a time", line{evening}, "2026-11-20T19:30:00Z", local},
		{"a time long ago", line{noon.AddDate(-1, 0, 0)}, "2025-11-20T12:00:00Z", noon.AddDate(-1, 0, 0).Local().Format("2006-01-02 15:04")},
	} {
		pipe, _, _ := testPrinter(false)
		if got := pipe.render(tc.parts, pipe.outColour); got != tc.piped {
			t.Errorf("%s in a pipe: %q, want %q", tc.name, got, tc.piped)
		}
		terminal, _, _ := testPrinter(true)
		if got := terminal.render(tc.parts, terminal.outColour); got != tc.atHuman {
			t.Errorf("%s at a terminal: %q, want %q", tc.name, got, tc.atHuman)
		}
	}
}

func TestPlainBody(t *testing.T) {
	t.Parallel()
	p, _, _ := testPrinter(true)
	p.plain = true
	if got := p.render(line{body("a\nb")}, false); got != "a\n      | b" {
		t.Errorf("%q", got)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	symbols := map[string]string{
		"queued": "⧖ queued", "sent": "→ sent", "relayed": "↑ relayed", "delivered": "✓ delivered", "read": "✓✓ read",
		"failed": "✗ failed", "expired": "✗ expired", "of tomorrow": "of tomorrow",
	}
	p, _, _ := testPrinter(false)
	for state, want := range symbols {
		if got := p.render(p.state(state), false); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
	p.plain = true
	for state := range symbols {
		if got := p.render(p.state(state), false); got != state {
			t.Errorf("%s with --plain: %q", state, got)
		}
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	e := &control.Error{Code: control.CodeTrust, Message: "alice's keys changed", Hint: "Compare: parley verify alice"}
	for _, tc := range []struct {
		name        string
		set         func(p *printer)
		out, errOut string
	}{
		{"text", func(*printer) {}, "result\n",
			"note\nwarning: careful\nerror: alice's keys changed\n  Compare: parley verify alice\n"},
		{"quiet", func(p *printer) { p.quiet = true }, "result\n",
			"warning: careful\nerror: alice's keys changed\n  Compare: parley verify alice\n"},
		{"json", func(p *printer) { p.json = true }, `{"v":1,"did":"did:x:y","peer_id":"p"}` + "\n",
			`{"v":1,"warning":"careful"}` + "\n" +
				`{"v":1,"error":{"code":"trust","message":"alice's keys changed","hint":"Compare: parley verify alice"}}` + "\n"},
	} {
		p, out, errOut := testPrinter(false)
		tc.set(p)
		if err := p.show(control.Self{V: 1, DID: "did:x:y", PeerID: "p"}, line{"result"}); err != nil {
			t.Error(err)
		}
		p.note("note")
		p.warn("careful")
		p.fail(e)
		if out.String() != tc.out || errOut.String() != tc.errOut {
			t.Errorf("%s:\nstdout %q\n  want %q\nstderr %q\n  want %q", tc.name, out, tc.out, errOut, tc.errOut)
		}
	}
}

// The fingerprints of changed keys stand one above the other; JSON has them whole.
func TestFingerprintsOfAnError(t *testing.T) {
	t.Parallel()
	e := &control.Error{Code: control.CodeTrust, Message: "a's keys changed. Nothing was sent.",
		Offer: &control.KeyOffer{Pinned: strings.Repeat("5f1c", 16), Offered: strings.Repeat("c07d", 16)}}
	p, _, errOut := testPrinter(false)
	p.fail(e)
	want := "error: a's keys changed. Nothing was sent.\n  pinned  " + strings.Repeat("5f1c ", 7) + "5f1c\n  now     " + strings.Repeat("c07d ", 7) + "c07d\n"
	if errOut.String() != want {
		t.Errorf("got\n%swant\n%s", errOut, want)
	}
	errOut.Reset()
	p.json = true
	p.fail(e)
	if !strings.Contains(errOut.String(), `"pinned":"`+e.Offer.Pinned+`"`) {
		t.Errorf("%s", errOut)
	}
}

// What does not fit a terminal goes on below itself; a line break of others makes no row.
func TestHung(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		0:  "trust   one two\\nthree four\n",
		18: "trust   one\n        two\\nthree\n        four\n",
	} {
		p, out, _ := testPrinter(false)
		p.outWidth = width
		if err := p.show(nil, p.hung(faint("trust   "), "one two\nthree four")...); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%d columns:\n%swant\n%s", width, out, want)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteErrorsAreReturned(t *testing.T) {
	t.Parallel()
	for _, js := range []bool{false, true} {
		p := &printer{out: brokenWriter{}, json: js, now: time.Now}
		if err := p.show(control.Self{}, line{"x"}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("json %t: %v, want the writer's error", js, err)
		}
	}
}

func TestExcerptAndColumn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"short", "short"}, {" two\nlines", "two…"}, {"exactly ten", "exactly t…"}, {"exactly10.", "exactly10."},
		{"你好你好你好你好你好你", "你好你好你好你好你…"}, {"much too long\nand more", "much too …"}, {"", ""},
	} {
		if got := excerpt(tc.in, 10); got != tc.want {
			t.Errorf("excerpt(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
	if got := column("ünï", 5) + "|" + column("too long", 3); got != "ünï  |too long" {
		t.Errorf("columns: %q", got)
	}
}

func TestMessageThatIsNoText(t *testing.T) {
	t.Parallel()
	p, out, _ := testPrinter(false)
	m := control.Message{FromName: "bob", Type: "https://x/y/1.0/z", Body: []byte("{\"a\":\"\u202e\"}"), Received: noon}
	if err := p.message(m, false); err != nil {
		t.Error(err)
	}
	m.Body = []byte("{}")
	if err := p.message(m, true); err != nil {
		t.Error(err)
	}
	want := `2026-11-20T12:00:00Z bob: [https://x/y/1.0/z] {"a":"\u202e"}` + "\n" + "2026-11-20T12:00:00Z  bob: [https://x/y/1.0/z]\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out, want)
	}
}
