package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// completionTime is how long a completion may take: somebody waits for it with a finger on the tab key.
const completionTime = 800 * time.Millisecond

// shells are those for which there is a script.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
}

func completionCommand(a *app) *cobra.Command {
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write the completion script for a shell",
		Long: "Writes what makes the tab key complete commands, flags and the names of contacts. SHELL is bash, zsh, fish " +
			"or powershell. Names come from a running daemon, or from a wallet without a passphrase; nothing is ever asked.",
		Example: `source <(parley completion bash)
parley completion bash > ~/.local/share/bash-completion/completions/parley
parley completion zsh > "${fpath[1]}/_parley"
parley completion fish > ~/.config/fish/completions/parley.fish`,
		Args:      takes("SHELL"),
		ValidArgs: slices.Sorted(maps.Keys(shells)),
		RunE: a.do(func(_ context.Context, args []string) error {
			write, ok := shells[args[0]]
			if !ok {
				return badUsage("bash, zsh, fish or powershell", "there is no completion for %q", args[0])
			}
			return write(cmd.Root(), a.print.out)
		}),
	}
	return cmd
}

// completer returns what can stand at a place of the command line.
type completer func(ctx context.Context, w control.Wallet) ([]string, error)

// complete gives the tree its completions: of the arguments by the names that Use gives them, of flags by theirs.
func (a *app) complete(root *cobra.Command) {
	for c := range tree(root) {
		if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
			c.ValidArgsFunction = a.completeArgs(strings.Fields(c.Use)[1:])
		}
		c.Flags().VisitAll(func(f *pflag.Flag) { a.completeFlag(c, f) })
	}
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { a.completeFlag(root, f) })
}

// completeArgs completes the arguments of a command that has these in its Use.
func (a *app) completeArgs(names []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var find completer
		if len(args) < len(names) {
			find = argCompleters[names[len(args)]]
		}
		if len(args) < len(names) && names[len(args)] == "FILE" {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return a.completions(cmd, find), cobra.ShellCompDirectiveNoFileComp
	}
}

// argCompleters are by the name of the argument.
var argCompleters = map[string]completer{"NAME": contactNames, "OLD": contactNames, "REQUEST": requestNames}

// flagCompleters are by the name of the flag; a flag without one has values that only the user knows, or files.
var flagCompleters = map[string]completer{"to": contactNames, "from": contactNames, "with": contactNames}

// flagValues are the words that a flag takes.
var flagValues = map[string][]string{
	"wait": {"sent", "delivered", "read"}, "format": {"jsonl", "md"}, "ack": {"auto", "manual"},
	"protect": {"keyring", "passphrase", "none"}, "receipts": {"all", "received", "none"},
	"method": {"key", "jwk", "peer", "peer:0", "peer:2", "peer:3"}, "curve": {"Ed25519", "X25519", "P-256", "P-384", "P-521", "secp256k1"},
}

func (a *app) completeFlag(c *cobra.Command, f *pflag.Flag) {
	var do cobra.CompletionFunc
	switch {
	case f.Name == "profile":
		do = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			a.profile = "" // it is being typed
			base, _, err := a.walletHome()
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return profileNames(base), cobra.ShellCompDirectiveNoFileComp
		}
	case flagValues[f.Name] != nil:
		do = cobra.FixedCompletions(flagValues[f.Name], cobra.ShellCompDirectiveNoFileComp)
	case flagCompleters[f.Name] != nil && f.Value.Type() == "string":
		do = func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.completions(cmd, flagCompleters[f.Name]), cobra.ShellCompDirectiveNoFileComp
		}
	case f.Value.Type() == "duration" || f.Value.Type() == "int":
		do = cobra.NoFileCompletions
	default:
		return
	}
	// It fails for a flag that has a completion already, as persistent flags have when they are met again.
	_ = c.RegisterFlagCompletionFunc(f.Name, do)
}

// completions asks the wallet, if that takes neither a passphrase nor long. Errors complete to nothing.
func (a *app) completions(cmd *cobra.Command, find completer) []string {
	if find == nil {
		return nil
	}
	_, home, err := a.walletHome()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	type result []string
	c := make(chan result, 1)
	go func() {
		list, _ := glance(ctx, home, find)
		c <- list
	}()
	select {
	case list := <-c:
		return list
	case <-ctx.Done():
		return nil // the goroutine ends with the process
	}
}

// glance calls find with the daemon of the wallet, or with the wallet itself if nobody else has it and it needs
// no passphrase.
func glance(ctx context.Context, home string, find completer) ([]string, error) {
	daemon := control.NewClient(wallet.SocketPath(home))
	defer func() { _ = daemon.Close() }()
	list, err := find(ctx, daemon)
	var e *control.Error
	if err == nil || !errors.As(err, &e) || e.Code != control.CodeNoDaemon {
		return list, err
	}
	if kind, err := wallet.KeyStore(home); err != nil || kind != keyfile.None {
		return nil, err
	}
	w, err := wallet.Open(ctx, home, wallet.Options{Greet: -1})
	if err != nil {
		return nil, err
	}
	list, err = find(ctx, w)
	return list, errors.Join(err, w.Close())
}

func contactNames(ctx context.Context, w control.Wallet) (names []string, err error) {
	all, err := w.Contacts(ctx)
	for _, c := range all {
		names = append(names, cobra.CompletionWithDesc(clean(c.Name), clean(cut(c.DID, 24))))
	}
	return names, err
}

func requestNames(ctx context.Context, w control.Wallet) (names []string, err error) {
	all, err := w.Requests(ctx)
	for _, r := range all {
		names = append(names, cobra.CompletionWithDesc(clean(r.Short), excerpt(clean(r.DisplayName+": "+r.Content), 40)))
	}
	return names, err
}

// profileNames are the wallets below base.
func profileNames(base string) (names []string) {
	list, _ := os.ReadDir(filepath.Join(base, profilesFolder))
	for _, e := range list {
		if validProfile(e.Name()) && wallet.Exists(filepath.Join(base, profilesFolder, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

// cut shortens an identifier in its middle to about n characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-7] + "…" + s[len(s)-6:]
}
