package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// exchanged is a wallet with so many messages in each direction, which gives pages of three.
func exchanged(received, sent []time.Time) *controltest.Wallet {
	const page = 3
	return &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		switch c.Method {
		case "ChangeContact":
			return control.Contact{V: 1, Name: "bob", DID: "did:x:bob"}, nil
		case "Receive":
			var list []control.Message
			r := c.Args[0].(control.ReceiveRequest)
			for i := int(r.After); i < len(received) && len(list) < page; i++ {
				list = append(list, control.Message{V: 1, ID: "r", FromName: "bob", Content: "their " + string(rune('a'+i)), Received: received[i], Seq: int64(i + 1)})
			}
			return list, nil
		case "Sent":
			var list []control.Sent
			r := c.Args[0].(control.SentRequest)
			for i := int(r.After); i < len(sent) && len(list) < page; i++ {
				list = append(list, control.Sent{V: 1, ID: "s", ToName: "bob", State: "delivered", Content: "our " + string(rune('a'+i)), Created: sent[i], Seq: int64(i + 1)})
			}
			return list, nil
		case "Check":
			return control.Check{Rows: 9}, nil
		}
		return nil, errors.New("unexpected " + c.Method)
	}}
}

// What cannot be read is not in an export, which says so.
func TestExportOfADamagedWallet(t *testing.T) {
	t.Parallel()
	for _, output := range []string{"", filepath.Join(t.TempDir(), "bob.jsonl")} {
		p, _, errOut := testPrinter(false)
		w := exchanged(minutes(1), nil)
		whole := w.Answer
		w.Answer = func(ctx context.Context, c controltest.Call) (any, error) {
			if c.Method == "Check" {
				return control.Check{Rows: 9, Damaged: []string{"bodies row 1", "bodies row 2"}}, nil
			}
			return whole(ctx, c)
		}
		if err := (&app{print: p}).export(t.Context(), w, "bob", exporter{format: "jsonl", output: output}); err != nil {
			t.Fatal(err)
		}
		want := "warning: 2 rows of the database cannot be read, so messages may be missing: parley doctor\n"
		if diff := cmp.Diff(want, errOut.String()); diff != "" {
			t.Errorf("to %q (-want +got):\n%s", output, diff)
		}
	}
}

func minutes(list ...int) (times []time.Time) {
	for _, m := range list {
		times = append(times, noon.Add(time.Duration(m)*time.Minute))
	}
	return times
}

// Both directions come in one order, page by page, and each keeps its own though the clock went back.
func TestConversation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		received, sent []time.Time
		want           string
	}{
		{"nothing", nil, nil, ""},
		{"one direction", minutes(1, 2, 3, 4, 5, 6, 7), nil, "their a,their b,their c,their d,their e,their f,their g"},
		{"the other", nil, minutes(1, 2, 3, 4), "our a,our b,our c,our d"},
		{"in turns", minutes(1, 3, 5, 7), minutes(2, 4, 6, 8), "their a,our a,their b,our b,their c,our c,their d,our d"},
		{"at one time", minutes(1), minutes(1), "their a,our a"},
		{"the clock went back", minutes(10, 1, 11), minutes(5, 12), "our a,their a,their b,their c,our b"},
	} {
		var got []string
		err := conversation(t.Context(), exchanged(tc.received, tc.sent), control.Contact{DID: "did:x:bob"}, func(s said) error {
			if s.received != nil {
				got = append(got, s.received.Content)
			} else {
				got = append(got, s.sent.Content)
			}
			return nil
		})
		if err != nil || strings.Join(got, ",") != tc.want {
			t.Errorf("%s: %v, %v, want %s", tc.name, got, err, tc.want)
		}
	}
}

// A wallet that passes over After must not make an endless file.
func TestConversationThatRepeats(t *testing.T) {
	t.Parallel()
	w := &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		if c.Method == "Sent" {
			return []control.Sent{{Seq: 1, Created: noon}}, nil
		}
		return []control.Message(nil), nil
	}}
	n := 0
	err := conversation(t.Context(), w, control.Contact{}, func(said) error { n++; return nil })
	if !errors.Is(err, errStuck) || n != 1 {
		t.Errorf("%d messages, then %v", n, err)
	}
}

func TestExportForms(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"jsonl": `{"direction":"received","v":1,"id":"r","from":"","from_name":"bob","type":"","content":"their a","thid":"","received":"2026-11-20T12:01:00Z","seq":1}
{"direction":"sent","v":1,"id":"s","to":"","to_name":"bob","state":"delivered","content":"our a","created":"2026-11-20T12:02:00Z","ts":"0001-01-01T00:00:00Z","seq":1}
{"direction":"sent","v":1,"id":"s","to":"","to_name":"bob","state":"delivered","content":"our b","created":"2026-11-21T12:02:00Z","ts":"0001-01-01T00:00:00Z","seq":2}
`,
		"md": "# Conversation with bob\n\n`did:x:bob`, exported on 2026-11-20 12:00. Times are in UTC.\n" +
			"\n## Friday, 20 November 2026\n\n**bob** · 12:01:00\n\n> their a\n\n**you** · 12:02:00 · delivered\n\n> our a\n" +
			"\n## Saturday, 21 November 2026\n\n**you** · 12:02:00 · delivered\n\n> our b\n",
	} {
		p, out, errOut := testPrinter(false)
		w := exchanged(minutes(1), minutes(2, 2+24*60))
		if err := (&app{print: p}).export(t.Context(), w, "bob", exporter{format: format}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" || errOut.Len() > 0 {
			t.Errorf("%s (-want +got):\n%s%s", format, diff, errOut)
		}
	}
}

// A file is written whole or not at all, for its owner alone, and never over another one unless it is told to.
func TestWriteWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	put := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error { _, _ = io.WriteString(w, text); return err }
	}
	broken := errors.New("broken")
	if err := writeWhole(path, false, put("half", broken)); !errors.Is(err, broken) {
		t.Errorf("half a file: %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("half a file is there: %v", err)
	}
	if err := writeWhole(path, false, put("one", nil)); err != nil {
		t.Fatal(err)
	}
	var e *control.Error
	if err := writeWhole(path, false, put("two", nil)); !errors.As(err, &e) || e.Code != control.CodeUsage {
		t.Errorf("over a file: %v", err)
	}
	if err := writeWhole(path, true, put("three", broken)); !errors.Is(err, broken) {
		t.Errorf("replacing, half: %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "one" {
		t.Errorf("the file has %q, %v", data, err)
	}
	if err := writeWhole(path, true, put("three", nil)); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 5 {
		t.Errorf("%v, %v", info, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("left over: %v, %v", list, err)
	}
	if err := writeWhole(filepath.Join(dir, "no", "folder"), false, put("", nil)); err == nil {
		t.Error("written into a folder that is not there")
	}
}

// Whatever a message has in it stays text: no line of it begins a structure, and nothing in it is markup.
func TestMarkdownIsText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"text", "hi there", "> hi there\n"},
		{"two lines", "a\nb", "> a\\\n> b\n"},
		{"an empty line", "a\n\nb", "> a\n>\n> b\n"},
		{"a heading", "# x", "> \\# x\n"},
		{"an underlined heading", "x\n===\n---", "> x\\\n> \\===\\\n> \\---\n"},
		{"a list", "- a\n+ b\n* c\n1. d\n2) e", "> \\- a\\\n> \\+ b\\\n> \\* c\\\n> 1\\. d\\\n> 2\\) e\n"},
		{"a quotation", "> fake\n**bob** · 12:00", "> &gt; fake\\\n> \\*\\*bob\\*\\* · 12:00\n"},
		{"code", "```\nx\n```", "> \\`\\`\\`\\\n> x\\\n> \\`\\`\\`\n"},
		{"indented code", "    x\n\ty", "> \u00a0\u00a0\u00a0\u00a0x\\\n> \u00a0\u00a0\u00a0\u00a0y\n"},
		{"HTML", "<!-- <script>&amp;", "> &lt;\\!-- &lt;script&gt;&amp;amp;\n"},
		{"a link", "[a](http://x) ![b](c) <http://y>", "> \\[a\\](http\\://x) \\!\\[b\\](c) &lt;http\\://y&gt;\n"},
		{"bare links", "https://x.org www.x.org a@x.org", "> https\\://x.org www\\.x.org a\\@x.org\n"},
		{"a reference", "[a]: http://x", "> \\[a\\]: http\\://x\n"},
		{"a table", "|a|\n|-|", "> \\|a\\|\\\n> \\|-\\|\n"},
		{"other marks", "~~a~~ $x$ ^b^ {c} _d_", "> \\~\\~a\\~\\~ \\$x\\$ \\^b\\^ \\{c\\} \\_d\\_\n"},
		{"backslashes", `a\*b`, "> a\\\\\\*b\n"},
		{"what a terminal obeys", "\x1b[2J\u202egnp", "> \\\\x1b\\[2J\\\\u202egnp\n"},
		{"a carriage return", "a\rb\r\nc", "> a\\\\rb\\\n> c\n"},
		{"spaces at the end", "a  \nb", "> a\\\n> b\n"},
		{"nothing", "", ">\n"},
	} {
		if got := quotation(tc.in); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Every line of a quotation is within it, and the marks of Markdown stand in it escaped alone.
func FuzzQuotation(f *testing.F) {
	f.Add("# a\n\n```\n<b>[x](y)\n1. z")
	f.Add("\\\n    \\")
	f.Fuzz(func(t *testing.T, text string) {
		got := quotation(text)
		for l := range strings.Lines(got) {
			rest, ok := strings.CutPrefix(strings.TrimSuffix(l, "\n"), ">")
			if !ok {
				t.Fatalf("%q leaves the quotation: %q", text, l)
			}
			if rest = strings.TrimPrefix(rest, " "); strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "#") || strings.HasPrefix(rest, "-") {
				t.Fatalf("%q begins a structure: %q", text, l)
			}
			for i, r := range rest {
				if strings.ContainsRune("`*_[]<>|~", r) {
					before := len(rest[:i]) - len(strings.TrimRight(rest[:i], `\`))
					if before%2 == 0 {
						t.Fatalf("%q has markup: %q", text, l)
					}
				}
			}
		}
	})
}

func TestExportToAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.md")
	p, out, _ := testPrinter(false)
	if err := (&app{print: p}).export(t.Context(), exchanged(minutes(1, 2), minutes(3)), "bob", exporter{format: "md", output: path}); err != nil {
		t.Fatal(err)
	}
	if want := "wrote 3 messages to " + path + "\n"; out.String() != want {
		t.Errorf("%q, want %q", out, want)
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(data, []byte("# Conversation with bob\n")) || !bytes.HasSuffix(data, []byte("> our a\n")) {
		t.Errorf("%q, %v", data, err)
	}
}
