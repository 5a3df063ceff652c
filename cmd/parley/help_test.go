package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command explains itself, and its examples are for it.
func TestEveryCommandIsDocumented(t *testing.T) {
	t.Parallel()
	root := newRoot(&app{})
	n := 0
	for c := range tree(root) {
		n++
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short is %q", c.CommandPath(), c.Short)
		}
		if c.RunE == nil || c.Args == nil {
			t.Errorf("%s: action and arguments must be there", c.CommandPath())
		}
		if c.Parent() == root && (c.GroupID == "" || c.Long == "") {
			t.Errorf("%s: in the group %q, Long is %q", c.CommandPath(), c.GroupID, c.Long)
		}
		if c != root && !strings.Contains(c.Example, c.CommandPath()) && !strings.Contains(c.Example, "parley --") {
			t.Errorf("%s: the example is %q", c.CommandPath(), c.Example)
		}
		if c != root && !ours.MatchString(c.CommandPath()) && c.Name() != "help" && c.Name() != "man" && c.Name() != "version" {
			t.Errorf("%s is not found in hints: see ours", c.CommandPath())
		}
	}
	if n < 30 {
		t.Errorf("only %d commands", n)
	}
}

// The command lines of every example parse with the real flags and arguments.
func TestExamplesParse(t *testing.T) {
	t.Parallel()
	for c := range tree(newRoot(&app{})) {
		calls := 0
		for example := range strings.Lines(strings.ReplaceAll(c.Example, "\\\n", " ")) {
			for _, args := range parleyCalls(strings.TrimSpace(example)) {
				calls++
				if err := parses(args); err != nil {
					t.Errorf("%s: parley %q: %v", c.CommandPath(), args, err)
				}
			}
		}
		if calls == 0 {
			t.Errorf("%s has no example", c.CommandPath())
		}
	}
	for _, bad := range []string{"send alice", "send alice hi --nope", "nope", "contacts rename a"} {
		if parses(strings.Fields(bad)) == nil {
			t.Errorf("parley %s parses", bad)
		}
	}
}

// parses reports what is wrong with the arguments of a call.
func parses(args []string) error {
	cmd, rest, err := newRoot(&app{}).Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// parleyCalls finds the calls of parley in a line for the shell, and returns the arguments of each.
func parleyCalls(example string) (calls [][]string) {
	var words []string
	end := func() {
		if len(words) > 0 && words[0] == "parley" {
			calls = append(calls, words[1:])
		}
		words = nil
	}
	word, quote, open := "", rune(0), false
	put := func() {
		if open {
			words = append(words, word)
		}
		word, open = "", false
	}
	if strings.HasPrefix(example, "#") {
		return nil
	}
	for _, r := range example {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ':
			put()
		case strings.ContainsRune("|>()<&;", r):
			put()
			end()
		default:
			word, open = word+string(r), true
		}
	}
	put()
	end()
	return calls
}

func TestParleyCalls(t *testing.T) {
	t.Parallel()
	got := parleyCalls(`echo "a b" | parley send 'al ice' - > out; source <(parley completion bash)`)
	if len(got) != 2 || strings.Join(got[0], "|") != "send|al ice|-" || strings.Join(got[1], "|") != "completion|bash" {
		t.Errorf("%q", got)
	}
}

// Help is read on terminals of 80 columns, and of 40.
func TestHelpFitsATerminal(t *testing.T) {
	t.Parallel()
	for c := range tree(newRoot(&app{})) {
		c.InheritedFlags() // merges the persistent ones
		for _, width := range []int{80, leastWidth} {
			p, _, _ := testPrinter(false)
			for _, l := range helpLines(c, width) {
				text := p.render(l, false)
				fits := utf8.RuneCountInString(text) <= width
				if !fits && (width == helpWidth || strings.Contains(strings.TrimSpace(text), "  ")) {
					t.Errorf("%s: %d columns: %q", c.CommandPath(), utf8.RuneCountInString(text), text)
				}
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s: --%s is described by %q", c.CommandPath(), f.Name, f.Usage)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 7, "one two|three"}, {"one two three", 80, "one two three"}, {"", 10, ""}, {"a\n\nb", 10, "a||b"},
		{"a-word-that-is-too-long for it", 10, "a-word-that-is-too-long|for it"}, {"ünï cödé", 8, "ünï cödé"},
	} {
		if got := strings.Join(wrap(tc.text, tc.width), "|"); got != tc.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tc.text, tc.width, got, tc.want)
		}
	}
}

// However one asks for help, it is the same, on stdout and without the wallet.
func TestWaysToHelp(t *testing.T) {
	t.Setenv("PARLEY_HOME", filepath.Join(t.TempDir(), "none"))
	for what, ways := range map[string][]string{
		"parley [flags]":                 nil,
		"parley COMMAND [flags]":         {"", "--help", "-h", "help", "--help --json", "--quiet help"},
		"parley send NAME TEXT [flags]":  {"send --help", "help send", "send -h", "send x --help --plain"},
		"parley contacts rename OLD NEW": {"contacts rename --help", "help contacts rename"},
	} {
		for _, way := range ways {
			var out, errOut bytes.Buffer
			code := run(t.Context(), strings.Fields(way), strings.NewReader(""), &out, &errOut)
			if code != 0 || !strings.Contains(out.String(), what) || errOut.Len() > 0 || strings.Contains(out.String(), "\x1b") {
				t.Errorf("parley %s: exit %d, stderr %q, stdout %q, want %q", way, code, errOut.String(), out.String(), what)
			}
		}
	}
	for _, args := range []string{"help nonsense", "help contacts nonsense", "man nonsense"} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), strings.NewReader(""), &out, &errOut); code != 2 || out.Len() > 0 {
			t.Errorf("parley %s: exit %d, stdout %q, stderr %q", args, code, out.String(), errOut.String())
		}
	}
}

// Every page of the manual has its sections, and man renders it without a complaint.
func TestManPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, out, _ := testPrinter(false)
	root := newRoot(&app{})
	if err := (&app{print: p}).writeManual(root, dir); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 30 || !strings.Contains(out.String(), "pages to") {
		t.Fatalf("%d pages, %v, %q", len(pages), err, out)
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Logf("the pages are not rendered: %v", err)
	}
	for _, page := range pages {
		source, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXAMPLES", `\-\-home DIR`, `\fBparley`} {
			if !bytes.Contains(source, []byte(want)) && (want != ".SH EXAMPLES" || filepath.Base(page) != "parley.1") {
				t.Errorf("%s lacks %s", filepath.Base(page), want)
			}
		}
		if man == "" {
			continue
		}
		var complaint bytes.Buffer
		cmd := exec.Command(man, "--warnings=w", "-l", page)
		cmd.Env, cmd.Stderr = append(os.Environ(), "MANPAGER=cat", "MANWIDTH=80", "LC_ALL=C.UTF-8"), &complaint
		text, err := cmd.Output()
		if err != nil || complaint.Len() > 0 || !bytes.Contains(text, []byte("NAME")) {
			t.Errorf("man -l %s: %v\n%s", filepath.Base(page), err, complaint.String())
		}
	}
}

func TestRoff(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "--flag": `\-\-flag`, ".request": `\&.request`, "'quoted": `\&'quoted`, `a\b`: `a\eb`,
		"a\n\nb": "a\n.sp\nb", "a\n.b": "a\n\\&.b",
	} {
		if got := roff(in); got != want {
			t.Errorf("roff(%q) = %q, want %q", in, got, want)
		}
	}
}

// The name of a flag's value stands beside it, and what holds without it behind.
func TestFlagsInHelp(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{Use: "x"}
	f := cmd.Flags()
	f.StringP("output", "o", "", "write to `FILE`")
	f.Duration("timeout", 1, "how long")
	f.Int("limit", 7, "how many")
	f.Bool("all", false, "everything")
	f.String("secret", "", "hidden")
	if err := f.MarkHidden("secret"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range flagEntries(f, nil) {
		got = append(got, e.key+"|"+e.text)
	}
	want := "    --all|everything\n    --limit N|how many (7)\n-o, --output FILE|write to FILE\n    --timeout TIME|how long (1ns)"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
