// Package controltest has a wallet that is none, for tests of what stands before a control.Wallet: the
// server and its client, and the commands. It must never be imported by anything but tests.
package controltest
