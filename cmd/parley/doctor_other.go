//go:build !linux

package main

import "golang.org/x/sys/unix"

// kindOfDisk is a file system, and what speaks against it for a wallet.
type kindOfDisk struct{ name, warning string }

// fileSystem knows nothing of the file systems of this system.
func fileSystem(*unix.Statfs_t) kindOfDisk { return kindOfDisk{} }

// clockKept cannot be known on this system.
func clockKept() (kept, known bool) { return false, false }

// portOwner cannot be known on this system.
func portOwner(string, int) string { return "" }
