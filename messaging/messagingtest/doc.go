// Package messagingtest is a network in memory and wallets on it, for tests of handlers, of bots and of
// package messaging itself. It ships with the library so that whoever writes a protocol can test it with
// two wallets, without sockets and files.
//
// A [Network] connects any number of [Transport]s by name. It behaves as a real path does: a greeting
// proves the DIDs of both ends and tells of their lives, the receiver admits or refuses, a stranger learns no
// address, envelopes arrive in order, and answers come after the commit. And it fails as real paths do: nodes go offline, requests get lost, answers get
// lost after the commit, envelopes arrive several times, and some paths cannot answer at all.
//
// Everything works within a bubble of testing/synctest: it blocks on channels and timers only, holds no
// lock meanwhile, and leaves no goroutine behind when Serve has returned. Ten simulated minutes of an
// absent peer take no time. A [Party] is a whole wallet: keys, a did:peer:4, a store in memory, a node.
//
// The package must never be imported by production code. It proves nothing by cryptography: a transport
// says who it is, and that is believed.
package messagingtest
