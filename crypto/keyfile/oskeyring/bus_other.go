//go:build darwin || windows

package oskeyring

// reachable has nothing to find out: the keyring is part of the system.
func reachable() error { return nil }
