package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// profilesFolder is where the wallets of --profile are, below the folder of the default one.
const profilesFolder = "profiles"

// walletHome returns the absolute path of the wallet's folder, and that of the folder below which profiles are.
func (a *app) walletHome() (base, home string, err error) {
	base = a.home
	if base == "" {
		base = os.Getenv("PARLEY_HOME")
	}
	if base == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", "", fmt.Errorf("no home directory: %w; set --home", err)
		}
		base = filepath.Join(user, ".local", "share", "parley")
	}
	if base, err = filepath.Abs(base); err != nil || a.profile == "" {
		return base, base, err
	}
	if !validProfile(a.profile) {
		return "", "", fmt.Errorf("%q cannot be the name of a profile", a.profile)
	}
	return base, filepath.Join(base, profilesFolder, a.profile), nil
}

// validProfile reports whether name can be that of a profile: a file name that leads nowhere else.
func validProfile(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\\\x00")
}

// aim returns the flags that name the wallet as a shell takes them; empty if none were given.
func aim(home, profile string) string {
	var flags []string
	if home != "" {
		flags = append(flags, "--home", shellWord(home))
	}
	if profile != "" {
		flags = append(flags, "--profile", shellWord(profile))
	}
	return strings.Join(flags, " ")
}

// shellWord quotes a word for a POSIX shell, if it has to be.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r) || r > 0x7f
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
