package main

import (
	"cmp"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func manCommand(a *app) *cobra.Command {
	var dir string
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "man [COMMAND]",
		Short: "Show the manual, or write its pages",
		Long: "Shows the manual page of parley or of one of its commands. In a pipe it writes the page's source; with " +
			"--dir it writes the pages of all commands into a folder, for man to find or for a package.",
		Example: `parley man
parley man send
parley man --dir ~/.local/share/man/man1`,
		Args: cobra.ArbitraryArgs,
		RunE: a.do(func(ctx context.Context, args []string) error {
			if dir != "" && len(args) > 0 {
				return badUsage("parley man --dir DIR", "--dir writes the pages of all commands")
			}
			if dir != "" {
				return a.writeManual(cmd.Root(), dir)
			}
			page, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return subcommandOnly(cmp.Or(page, cmd.Root()), rest)
			}
			return a.showManual(ctx, manPage(page))
		}),
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write all pages into this `DIR`")
	return cmd
}

// showManual shows a page by man on a terminal, and writes its source elsewhere.
func (a *app) showManual(ctx context.Context, source string) error {
	man, err := exec.LookPath("man")
	if err != nil || !a.print.outTerminal || a.noInput {
		return a.print.raw(source)
	}
	c := exec.CommandContext(ctx, man, "-l", "-")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(source), a.out, a.err
	return c.Run()
}

// writeManual writes one page for each command into dir.
func (a *app) writeManual(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return badUsage("", "write the manual: %v", err)
	}
	n := 0
	for c := range tree(root) {
		path := filepath.Join(dir, manName(c)+".1")
		if err := os.WriteFile(path, []byte(manPage(c)), 0o644); err != nil {
			return badUsage("", "write the manual: %v", err)
		}
		n++
	}
	return a.print.show(struct {
		V     int    `json:"v"`
		Dir   string `json:"dir"`
		Pages int    `json:"pages"`
	}{control.Version, dir, n}, line{"wrote ", n, " pages to ", dir})
}

// tree walks through a command and all below it that are not hidden.
func tree(root *cobra.Command) func(yield func(*cobra.Command) bool) {
	var walk func(c *cobra.Command, yield func(*cobra.Command) bool) bool
	walk = func(c *cobra.Command, yield func(*cobra.Command) bool) bool {
		if !yield(c) {
			return false
		}
		for _, sub := range c.Commands() {
			if !sub.Hidden && !walk(sub, yield) {
				return false
			}
		}
		return true
	}
	return func(yield func(*cobra.Command) bool) { walk(root, yield) }
}

// manName is the name of the command's page, such as parley-contacts-rename.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is the command's page in the language of man (man(7)).
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	put := func(parts ...string) { _, _ = io.WriteString(&b, strings.Join(parts, "")+"\n") }
	put(".TH ", strings.ToUpper(roff(manName(cmd))), ` 1 "" "parley" "Parley Manual"`)
	put(".SH NAME\n", roff(manName(cmd)), ` \- `, roff(lowerFirst(cmd.Short)))
	put(".SH SYNOPSIS")
	for _, use := range uses(cmd) {
		put(".B ", roff(use), "\n.br")
	}
	put(".SH DESCRIPTION\n", roff(cmp.Or(cmd.Long, cmd.Short+".")))
	for _, s := range sections(cmd) {
		put(".SH ", strings.ToUpper(roff(s.title)))
		for _, e := range s.entries {
			put(".TP\n.B ", roff(strings.TrimSpace(e.key)), "\n", roff(e.text))
		}
	}
	if cmd.Example != "" {
		put(".SH EXAMPLES\n.nf\n", roff(cmd.Example), "\n.fi")
	}
	if !cmd.HasParent() {
		for _, s := range manSections {
			put(".SH ", s.title)
			for _, e := range s.entries {
				put(".TP\n.B ", roff(e.key), "\n", roff(e.text))
			}
		}
	}
	var also []string
	if cmd.HasParent() {
		also = append(also, `\fB`+roff(manName(cmd.Parent()))+`\fP(1)`)
	}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			also = append(also, `\fB`+roff(manName(sub))+`\fP(1)`)
		}
	}
	if len(also) > 0 {
		put(".SH SEE ALSO\n", strings.Join(also, ",\n"))
	}
	return b.String()
}

// manSections are what the page of parley itself has beyond its help.
var manSections = []section{
	{"EXIT STATUS", []entry{
		{"0", "done"}, {"1", "unexpected; for parley doctor: there are problems"}, {"2", "how it was called"},
		{"3", "network or relay: trying again helps"}, {"4", "trust: refused, or a key changed"}, {"5", "a quota"},
		{"6", "unknown contact, DID or message"}, {"7", "a daemon is needed and down, or the wallet is busy"},
		{"8", "a wait timed out; the message stays queued"},
	}},
	{"ENVIRONMENT", []entry{
		{"PARLEY_HOME", "the folder of the wallet, unless --home names one"},
		{"PARLEY_PASSPHRASE", "the passphrase, unless --passphrase-file names a file with it"},
		{"PARLEY_KEYRING", "off: never ask the keyring of the system"},
		{"PARLEY_RESOLVER", "a Universal Resolver for DIDs other than did:key and did:peer"},
		{"NO_COLOR", "not empty: no colours"},
	}},
	{"FILES", []entry{
		{"~/.local/share/parley", "the folder of the default wallet"},
		{"~/.local/share/parley/profiles/NAME", "the folder of the wallet of --profile NAME"},
		{"keys", "in such a folder: the key file. Keep a copy: without it nothing can be read"},
		{"wallet.db", "in such a folder: contacts and messages, sealed"},
	}},
}

// roff escapes text for man: backslashes, hyphens as they are typed, and dots and quotes that would begin a
// request.
func roff(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		l = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(l)
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			l = `\&` + l
		}
		if l == "" && i+1 < len(lines) {
			l = ".sp"
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n")
}

// lowerFirst makes the first letter small, as the names of manual pages have it.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
