package main

import (
	"fmt"
	"io"
	"iter"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/internal/interop/peers"
)

// summary writes what came of a library in a few lines, and returns how much failed that is not known to.
func (r report) summary(w io.Writer) (failed int) {
	if r.absent != "" {
		fmt.Fprintf(w, "  not there: %s\n", r.absent)
		return 0
	}
	for _, one := range r.results {
		for sign, o := range one.both() {
			if o.mark == fails {
				fmt.Fprintf(w, "  %s %s: %s\n", sign, one.form.Name, o.why)
			}
		}
	}
	count := r.count()
	fmt.Fprintf(w, "  %d exchanges work, %d fail, %d fail as is known, %d are not supported\n",
		count[works]+count[mostly], count[fails], count[known], count[lacked])
	return count[fails]
}

// count is how often each mark was given.
func (r report) count() map[mark]int {
	n := map[mark]int{}
	for _, one := range r.results {
		for _, o := range one.both() {
			n[o.mark]++
		}
	}
	return n
}

// circumstances are when and with what a table was made.
type circumstances struct {
	date  string
	tools []string
}

const intro = `# Envelopes of other libraries

Every form of envelope that DIDComm v2.1 allows, exchanged with other libraries in both directions: a row is a form,
a column a library. **→** is sealed by Parley and opened by the library, **←** is sealed by the library and opened by
Parley.

| | |
|---|---|
| ✓ | works: each of %d envelopes opens, and gives the same message; those that Parley opens prove their sender and signer |
| (✓) | works, but for few envelopes; the reason lies with the library and is told below |
| ✗ | fails |
| (✗) | fails; the reason lies with the library and is told below |
| – | the library has no such form |

`

// table is INTEROP.md.
func table(reports []report, c circumstances) string {
	var b strings.Builder
	fmt.Fprintf(&b, intro, rounds)
	present := slices.DeleteFunc(slices.Clone(reports), func(r report) bool { return r.absent != "" })
	writeSums(&b, reports)
	for _, g := range groups {
		writeGroup(&b, g.title, present, g.has)
	}
	writeWhy(&b, "What fails", present, fails)
	writeWhy(&b, "What is known to fail, and why", present, known, mostly)
	writeWhy(&b, "What libraries do not have", present, lacked)
	writeHow(&b, c)
	return b.String()
}

// groups are the tables, so that none is too long to be read at a glance.
var groups = []struct {
	title string
	has   func(f peers.Form) bool
}{
	{"Signed", func(f peers.Form) bool { return f.To == "" }},
	{"Encrypted, sender unknown (anoncrypt)", func(f peers.Form) bool { return f.Layer == "anoncrypt" }},
	{"Encrypted, sender proven (authcrypt)", func(f peers.Form) bool { return strings.HasPrefix(f.Layer, "authcrypt") && f.SignBy == "" }},
	{"Layers within layers", func(f peers.Form) bool { return strings.Contains(f.Layer, "(") }},
}

// writeSums lists the libraries, those too that were not there.
func writeSums(b *strings.Builder, reports []report) {
	b.WriteString("| library | from | what it is | work | known to fail | fail | not supported |\n|---|---|---|---|---|---|---|\n")
	for _, r := range reports {
		fmt.Fprintf(b, "| %s %s | %s | %s |", r.library.Name, r.library.Version, r.library.Registry, r.library.Title)
		if r.absent != "" {
			fmt.Fprintf(b, " was not there: %s | | | |\n", cell(r.absent))
			continue
		}
		n := r.count()
		fmt.Fprintf(b, " %d | %d | %d | %d |\n", n[works]+n[mostly], n[known], n[fails], n[lacked])
	}
	b.WriteByte('\n')
}

func writeGroup(b *strings.Builder, title string, present []report, has func(peers.Form) bool) {
	if len(present) == 0 {
		return
	}
	fmt.Fprintf(b, "## %s\n\n| |", title)
	for _, r := range present {
		fmt.Fprintf(b, " %s |", short(r.library))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(present)) + "\n")
	for i, one := range present[0].results {
		if has(one.form) {
			writeRow(b, present, i)
		}
	}
	b.WriteByte('\n')
}

func writeRow(b *strings.Builder, present []report, i int) {
	fmt.Fprintf(b, "| %s |", present[0].results[i].form.Name)
	for _, r := range present {
		one := r.results[i]
		if one.ours.mark == lacked && one.theirs.mark == lacked {
			b.WriteString(" – |")
			continue
		}
		fmt.Fprintf(b, " → %s ← %s |", one.ours.mark, one.theirs.mark)
	}
	b.WriteByte('\n')
}

// reason is why something is marked as it is, and for which forms in which directions.
type reason struct {
	why   string
	about map[string][]string // names of forms by the sign of a direction
}

// writeWhy tells every reason for the marks once.
func writeWhy(b *strings.Builder, title string, present []report, marks ...mark) {
	var lines []string
	for _, r := range present {
		for _, one := range r.reasons(marks) {
			line := fmt.Sprintf("- **%s**", short(r.library))
			if marks[0] != lacked { // that shows in the tables
				line += " (" + one.where() + ")"
			}
			lines = append(lines, line+": "+strings.TrimSuffix(cell(one.why), ".")+".\n")
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "## %s\n\n%s\n", title, strings.Join(lines, ""))
	}
}

func (r report) reasons(marks []mark) (list []reason) {
	for _, one := range r.results {
		for sign, o := range one.both() {
			if !slices.Contains(marks, o.mark) {
				continue
			}
			i := slices.IndexFunc(list, func(x reason) bool { return x.why == o.why })
			if i < 0 {
				i, list = len(list), append(list, reason{o.why, map[string][]string{}})
			}
			list[i].about[sign] = append(list[i].about[sign], one.form.Name)
		}
	}
	return list
}

// where names a few forms, and counts many.
func (r reason) where() string {
	var parts []string
	for _, sign := range []string{"→", "←"} {
		switch forms := r.about[sign]; {
		case len(forms) > 3:
			parts = append(parts, fmt.Sprintf("%s %d forms", sign, len(forms)))
		case len(forms) > 0:
			parts = append(parts, sign+" "+strings.Join(forms, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// both are the outcomes by the signs of their directions, ours first.
func (r result) both() iter.Seq2[string, outcome] {
	return func(yield func(string, outcome) bool) {
		_ = yield("→", r.ours) && yield("←", r.theirs)
	}
}

func writeHow(b *strings.Builder, c circumstances) {
	fmt.Fprintf(b, "## How to repeat it\n\n    go run ./internal/interop\n\nWritten by that command on %s with %s.\n\n"+
		"It needs node, and for the others Python and Rust. It installs the libraries from their registries into a cache\n"+
		"folder, makes fresh keys for two parties, lets each library play either of them, and writes this file.\n"+
		"`-only veramo` meets one library and prints its table; `-h` tells the rest. What fails now and worked before, or\n"+
		"fails in another way, makes the command exit with 1.\n", c.date, strings.Join(c.tools, ", "))
}

// short is a library's name where there is little room; two of them share one.
func short(l peers.Library) string {
	if l.Name == "didcomm" {
		return l.Name + " (" + l.Registry + ")"
	}
	return l.Name
}

// cell is text that does not break a table.
func cell(s string) string {
	return strings.NewReplacer("|", "¦", "\n", " ").Replace(s)
}

// now are today and the tools of this machine.
func now() circumstances {
	c := circumstances{date: time.Now().UTC().Format(time.DateOnly), tools: []string{runtime.Version()}}
	for _, tool := range []string{"node", "python3", "rustc"} {
		out, err := exec.Command(tool, "--version").Output()
		text := strings.TrimSpace(string(out))
		switch {
		case err != nil:
			text = "no " + tool
		case tool == "node":
			text = "node " + text
		}
		c.tools = append(c.tools, text)
	}
	return c
}
