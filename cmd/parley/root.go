package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// app is one run of the command: its global flags and its streams.
type app struct {
	home, profile, passphraseFile string
	json, plain, quiet, noInput   bool
	allowPrivate                  bool
	// base is the folder that holds the default wallet and the profiles; aim are --home and --profile as the
	// user gave them, for the commands that hints name.
	base, aim string

	in       io.Reader
	out, err io.Writer

	print   *printer
	started bool  // a command has begun: errors before that are errors of usage
	failed  error // what the command returned
}

// run runs the command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut, json: asksJSON(args)}
	a.print = a.newPrinter()
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	// Errors are printed below. fang's own way would ask the terminal for its colours first.
	silent := fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {})
	if err := fang.Execute(ctx, root, silent, fang.WithVersion(version()), fang.WithoutManpage()); err != nil {
		a.failed = err
	}
	return a.finish(ctx)
}

// finish reports how the command ended and returns the exit code.
func (a *app) finish(ctx context.Context) int {
	err := a.failed
	var known *control.Error
	switch {
	case err == nil:
		return 0
	case errors.Is(err, syscall.EPIPE):
		return 1 // whoever read our output has left and needs no explanation
	case errors.Is(err, errProblems):
		return 1 // they were shown
	case errors.As(err, &known):
	case !a.started:
		known = &control.Error{Code: control.CodeUsage, Message: err.Error(), Hint: "parley --help"}
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		known = &control.Error{Code: control.CodeUnexpected, Message: "interrupted; nothing that was queued is lost", Hint: "parley outbox"}
	default:
		known = control.ErrorOf(err)
	}
	a.print.fail(known)
	return known.Exit()
}

// asksJSON finds --json before the flags are parsed: errors of parsing have to be JSON too.
func asksJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--":
			return false
		case "--json", "--json=true":
			return true
		}
	}
	return false
}

const (
	groupStart = "start"
	groupTalk  = "talk"
	groupKnow  = "know"
	groupRun   = "run"
)

func init() {
	cobra.EnableCommandSorting = false // the help lists commands in the order in which one needs them
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "parley",
		Short: "Talk between wallets that know each other only by DID",
		Long: "Parley is a messenger without accounts and without servers. Wallets know each other by DID, " +
			"find each other over libp2p, and seal every message end to end. What is said while somebody is away " +
			"is kept and arrives later, once and in order.\n\n" +
			"Exit codes: 0 done, 1 unexpected, 2 usage, 3 network (retrying helps), 4 trust, 5 quota, 6 unknown " +
			"contact, DID or message, 7 daemon needed and down, 8 --wait timed out (the message stays queued). " +
			"PARLEY_RESOLVER names a Universal Resolver for methods that are not built in, PARLEY_PLC_DIRECTORY a directory for did:plc.",
		Example: `# the first minute
parley init
parley invite
parley add LINK --as alice
parley send alice "hi there"

# see it work
parley demo`,
		SuggestionsMinimumDistance: 2,
		Args:                       subcommandOnly,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return a.help(cmd) },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.begin(cmd)
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(cmd, "%v", err)
	})
	a.globalFlags(root)
	root.AddGroup(
		&cobra.Group{ID: groupStart, Title: "First steps"}, &cobra.Group{ID: groupTalk, Title: "Talk"},
		&cobra.Group{ID: groupKnow, Title: "Contacts and state"}, &cobra.Group{ID: groupRun, Title: "Run"},
	)
	root.CompletionOptions.DisableDefaultCmd = true // completionCommand is ours
	for group, commands := range map[string][]*cobra.Command{
		groupStart: {demoCommand(a), initCommand(a), inviteCommand(a), addCommand(a)},
		groupTalk: {sendCommand(a), recvCommand(a), chatCommand(a), outboxCommand(a), cancelCommand(a), ackCommand(a), saveCommand(a),
			searchCommand(a), askCommand(a), answerCommand(a), pingCommand(a), messageCommand(a)},
		groupKnow: {contactsCommand(a), verifyCommand(a), requestsCommand(a), receiptsCommand(a), idCommand(a), profileCommand(a), featuresCommand(a), profilesCommand(a),
			statusCommand(a), doctorCommand(a), passphraseCommand(a), exportCommand(a),
			backupCommand(a), restoreCommand(a)},
		groupRun: {daemonCommand(a), didCommand(a), packCommand(a), unpackCommand(a), completionCommand(a), manCommand(a), versionCommand(a)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	a.ownHelp(root)
	a.complete(root)
	return root
}

func (a *app) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.SortFlags = false
	f.StringVar(&a.home, "home", "", "wallet folder `DIR` (PARLEY_HOME, ~/.local/share/parley)")
	f.StringVar(&a.profile, "profile", "", "the wallet of this `NAME`, one of several below it")
	f.StringVar(&a.passphraseFile, "passphrase-file", "", "`FILE` with the passphrase (or PARLEY_PASSPHRASE)")
	f.BoolVar(&a.json, "json", false, "one JSON object per line")
	f.BoolVar(&a.plain, "plain", false, "words instead of symbols, no colours")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "results and errors only")
	f.BoolVar(&a.noInput, "no-input", false, "never ask, fail instead")
	f.BoolVar(&a.allowPrivate, "allow-private-networks", false, "let DIDs name hosts of private networks too (PARLEY_ALLOW_PRIVATE_NETWORKS=1)")
}

// begin settles the global flags before any command.
func (a *app) begin(cmd *cobra.Command) error {
	a.aim = aim(a.home, a.profile)
	if !cmd.Flags().Changed("allow-private-networks") {
		a.allowPrivate, _ = strconv.ParseBool(os.Getenv("PARLEY_ALLOW_PRIVATE_NETWORKS")) // whatever is no yes is a no
	} else if a.allowPrivate {
		a.aim = strings.TrimSpace(a.aim + " --allow-private-networks")
	}
	a.print = a.newPrinter()
	base, home, err := a.walletHome()
	if err != nil {
		a.print.aim = "" // it names no wallet
		return usage(cmd, "%v", err)
	}
	a.base, a.home = base, home
	a.started = true
	return nil
}

// action is what a command does once its arguments have been counted.
type action func(ctx context.Context, args []string) error

// do keeps what the action returned for finish. Cobra and fang must not see it: they would take it for
// an error of usage.
func (a *app) do(act action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.failed = act(cmd.Context(), args)
		return nil
	}
}
