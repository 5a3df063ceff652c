// Command parley is a messenger between wallets that know each other only by DID.
//
// It is the command line and the daemon, and the place where everything is wired together: package
// wallet below it chooses the drivers, this package talks to the user. Whatever a command wants of a
// wallet goes through [control.Wallet], which is the wallet itself or the client of a daemon that has it
// open; no command knows which, see session.go.
//
// All output goes through print.go, whose rules stand there. The package must never take a secret from
// a flag, never print anything that others wrote without escaping it, and never say that a message got
// further than it did.
package main
