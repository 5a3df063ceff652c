package main

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	helpWidth  = 80 // columns, unless the terminal has fewer
	leastWidth = 40
	keyWidth   = 26 // of commands and flags; what is longer has a line of its own
)

// ownHelp makes the help of the whole tree ours. fang sets its own on the root as it begins, which asks the
// terminal for its colours and breaks lines within words; the flag --help sets ours again.
func (a *app) ownHelp(root *cobra.Command) {
	show := func(cmd *cobra.Command, _ []string) { a.failed = a.help(cmd) }
	root.SetHelpFunc(show)
	f := root.PersistentFlags()
	help := f.VarPF(&asked{do: func() { root.SetHelpFunc(show) }}, "help", "h", "explain the command")
	help.NoOptDefVal = "true"
	explain := a.helpCommand(root)
	root.SetHelpCommand(explain)
	root.AddCommand(explain) // now, so that it is in the tree like the others
}

// asked is a boolean flag that does something when it is set.
type asked struct {
	on bool
	do func()
}

// String implements pflag.Value.
func (a *asked) String() string {
	if a.on {
		return "true"
	}
	return "false"
}

// Set implements pflag.Value.
func (a *asked) Set(s string) error {
	if a.on = s == "true"; a.on {
		a.do()
	}
	return nil
}

// Type implements pflag.Value.
func (a *asked) Type() string { return "bool" }

// IsBoolFlag says that the flag needs no value.
func (a *asked) IsBoolFlag() bool { return true }

func (a *app) helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		Long:  "Explains a command: what it does, its flags, and examples. Every command also takes --help.",
		Example: `parley help send
parley help contacts rename`,
		GroupID: groupRun,
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				a.failed = subcommandOnly(cmp.Or(cmd, root), rest)
				return nil
			}
			a.failed = a.help(cmd)
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range cmd.Commands() {
				if !c.Hidden {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// help shows the help of a command.
func (a *app) help(cmd *cobra.Command) error {
	p := a.newPrinter() // the flags may have been read since
	return p.page(helpLines(cmd, a.width())...)
}

// width is how many columns the help may have.
func (a *app) width() int {
	if n := columns(a.out); n > 0 {
		return max(leastWidth, min(n, helpWidth))
	}
	return helpWidth
}

// helpLines is the help of a command, in lines of at most width columns where words allow it.
func helpLines(cmd *cobra.Command, width int) (lines []line) {
	for _, text := range wrap(cmp.Or(cmd.Long, cmd.Short), width) {
		lines = append(lines, line{text})
	}
	title := func(s string) { lines = append(lines, line{}, line{bold(s)}) }
	title("Usage")
	for _, use := range uses(cmd) {
		lines = append(lines, line{"  ", use})
	}
	if cmd.Example != "" {
		title("Examples")
		for example := range strings.Lines(cmd.Example) {
			lines = append(lines, exampleLine(strings.TrimRight(example, "\n")))
		}
	}
	all := sections(cmd)
	keys := 0
	for _, s := range all {
		for _, e := range s.entries {
			if n := utf8.RuneCountInString(e.key); n <= keyWidth {
				keys = max(keys, n)
			}
		}
	}
	for _, s := range all {
		title(s.title)
		lines = append(lines, entries(s.entries, keys, width)...)
	}
	if cmd.HasAvailableSubCommands() {
		lines = append(lines, line{})
		for _, text := range wrap("Explain one: "+cmd.CommandPath()+" COMMAND --help", width) {
			lines = append(lines, line{faint(text)})
		}
	}
	return lines
}

// exampleLine makes comments faint, so that commands stand out.
func exampleLine(s string) line {
	if strings.HasPrefix(s, "#") {
		return line{"  ", faint(s)}
	}
	return line{"  ", s}
}

// uses are the forms in which the command is called.
func uses(cmd *cobra.Command) (forms []string) {
	use := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	if cmd.Runnable() && cmd.HasParent() {
		forms = append(forms, use+" [flags]")
	}
	if cmd.HasAvailableSubCommands() {
		forms = append(forms, cmd.CommandPath()+" COMMAND [flags]")
	}
	return forms
}

// entry is a command or a flag, and what it does.
type entry struct{ key, text string }

// section is a list of entries under a title.
type section struct {
	title   string
	entries []entry
}

// sections are the subcommands by group, the command's own flags, and those of every command.
func sections(cmd *cobra.Command) (all []section) {
	groups := append([]*cobra.Group{{Title: "Commands"}}, cmd.Groups()...)
	for _, g := range groups {
		s := section{title: g.Title}
		for _, c := range cmd.Commands() {
			if c.GroupID == g.ID && !c.Hidden {
				s.entries = append(s.entries, entry{c.Use, c.Short})
			}
		}
		all = append(all, s)
	}
	all = append(all, section{"Flags", flagEntries(cmd.NonInheritedFlags(), cmd.Root().PersistentFlags())},
		section{"Flags of every command", flagEntries(cmd.Root().PersistentFlags(), nil)})
	return slices.DeleteFunc(all, func(s section) bool { return len(s.entries) == 0 })
}

// flagEntries lists flags, those in without left out.
func flagEntries(flags, without *pflag.FlagSet) (list []entry) {
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && (without == nil || without.Lookup(f.Name) == nil) {
			list = append(list, entry{flagKey(f), flagText(f)})
		}
	})
	return list
}

// flagKey is a flag as it is written, with a name for its value.
func flagKey(f *pflag.Flag) string {
	key := "    --" + f.Name
	if f.Shorthand != "" {
		key = "-" + f.Shorthand + ", --" + f.Name
	}
	value, _ := pflag.UnquoteUsage(f)
	if kind, ok := map[string]string{
		"string": "TEXT", "strings": "TEXT", "stringArray": "TEXT", "int": "N", "duration": "TIME",
	}[value]; ok {
		value = kind
	}
	if value != "" {
		key += " " + value
	}
	return key
}

// flagText is what a flag does, with what holds without it.
func flagText(f *pflag.Flag) string {
	_, text := pflag.UnquoteUsage(f)
	switch f.DefValue {
	case "", "0", "0s", "false", "[]":
		return text
	}
	return text + " (" + f.DefValue + ")"
}

// entries are lines of keys and texts in two columns.
func entries(list []entry, keys, width int) (lines []line) {
	indent := keys + 4
	for _, e := range list {
		key := styled{"36", column(e.key, keys)}
		for i, text := range wrap(e.text, width-indent) {
			switch {
			case i == 0 && utf8.RuneCountInString(e.key) > keys:
				lines = append(lines, line{"  ", key}, line{strings.Repeat(" ", indent), text})
			case i == 0:
				lines = append(lines, line{"  ", key, "  ", text})
			default:
				lines = append(lines, line{strings.Repeat(" ", indent), text})
			}
		}
	}
	return lines
}

// wrap breaks text into lines of at most width characters, between words; empty lines stay.
func wrap(text string, width int) (lines []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		l := ""
		for word := range strings.FieldsSeq(paragraph) {
			if l != "" && utf8.RuneCountInString(l)+1+utf8.RuneCountInString(word) > width {
				lines, l = append(lines, l), ""
			}
			if l != "" {
				l += " "
			}
			l += word
		}
		lines = append(lines, l)
	}
	return lines
}
