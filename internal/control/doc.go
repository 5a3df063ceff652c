// Package control is the local API of a wallet, both ends: the interface [Wallet], its server on the
// daemon's Unix socket, and its client. It speaks HTTP with JSON under /v1.
//
// Whoever holds the wallet's lock serves the socket. The socket is a hint, the lock is the truth. The
// package must never open a wallet, and never listen on anything but a Unix socket of mode 0600.
package control
