package main

import (
	"context"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// profile is a wallet as parley profiles lists it. What cannot be known without a passphrase is left out.
type profile struct {
	V       int    `json:"v"`
	Profile string `json:"profile,omitempty"`
	Home    string `json:"home"`
	Name    string `json:"name,omitempty"`
	DID     string `json:"did,omitempty"`
	// State is "daemon", "locked" (its keys are protected), "busy" (another process has it), "open" or "broken".
	State string `json:"state"`
	// Current is the one that is used without --profile, or with the one that was given.
	Current bool `json:"current,omitzero"`
}

func profilesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "profiles",
		Short: "List the wallets of this user",
		Long: "Lists the default wallet and those of --profile NAME, with what can be seen of each without its " +
			"passphrase. A new one is made by parley init --profile NAME.",
		Example: `parley profiles
parley --profile work status`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error { return a.showProfiles(a.profiles(ctx)) }),
	}
}

// profiles returns the default wallet, if there is one, and then the others by name.
func (a *app) profiles(ctx context.Context) (all []profile) {
	for _, n := range append([]string{""}, profileNames(a.base)...) {
		home := a.base
		if n != "" {
			home = filepath.Join(a.base, profilesFolder, n)
		}
		if !wallet.Exists(home) {
			continue
		}
		p := profile{V: control.Version, Profile: n, Home: home, State: "broken", Current: home == a.home}
		p.look(ctx)
		all = append(all, p)
	}
	return all
}

// look fills in what can be seen from outside, or inside of a wallet without a passphrase.
func (p *profile) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	daemon := control.NewClient(wallet.SocketPath(p.Home))
	defer func() { _ = daemon.Close() }()
	if self, err := daemon.Self(ctx); err == nil {
		p.State, p.Name, p.DID = "daemon", self.Name, self.DID
		return
	}
	kind, err := wallet.KeyStore(p.Home)
	switch {
	case err != nil:
		return
	case kind != keyfile.None:
		p.State = "locked"
		return
	}
	w, err := wallet.Open(ctx, p.Home, wallet.Options{Greet: -1})
	if err != nil {
		if isLocked(err) {
			p.State = "busy"
		}
		return
	}
	defer func() { _ = w.Close() }()
	if self, err := w.Self(ctx); err == nil {
		p.State, p.Name, p.DID = "open", self.Name, self.DID
	}
}

func (a *app) showProfiles(all []profile) error {
	if len(all) == 0 {
		a.print.note("No wallet in ", shortPath(a.base), " yet: parley init")
	}
	labels, width, names := make([]string, len(all)), 0, 0
	for i, p := range all {
		labels[i] = p.Profile
		if p.Profile == "" {
			labels[i] = "(default)"
		}
		width, names = max(width, utf8.RuneCountInString(labels[i])), max(names, utf8.RuneCountInString(p.Name))
	}
	for i, p := range all {
		mark := " "
		if p.Current {
			mark = "*"
		}
		state := styled{"", column(p.State, len("daemon"))}
		if p.State == "broken" {
			state = bad(state.text)
		}
		l := line{mark, " ", bold(column(labels[i], width)), "  ", state}
		if p.DID != "" { // else it is locked, and nothing more is known
			l = append(l, "  ", name(column(p.Name, names)), "  ", faint(cut(p.DID, 28)))
		}
		if err := a.print.show(p, l); err != nil {
			return err
		}
	}
	return nil
}

// shortPath writes the user's own folder as ~.
func shortPath(path string) string {
	if user, err := os.UserHomeDir(); err == nil {
		if rel, err := filepath.Rel(user, path); err == nil && filepath.IsLocal(rel) {
			return filepath.Join("~", rel)
		}
	}
	return path
}
