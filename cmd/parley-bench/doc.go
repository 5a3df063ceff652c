// Command parley-bench measures Parley on the machine that it runs on.
//
// "parley-bench delivery" is two wallets in two processes, with all that is real between them: key files,
// SQLite that flushes every commit, libp2p on loopback. Nothing that a wallet does in production is left out
// or switched off, so that the figures hold for users. The disk's own flush is measured in the same run and
// stands beside them: figures of different machines, or of a machine that others use too, compare by their
// ratio to it.
//
// The command must never touch a wallet of the user's: it makes its own in a temporary folder, on addresses
// of loopback, and removes them. It measures and never judges: goals are shown, and missing one is no error.
package main
