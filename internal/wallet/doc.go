// Package wallet puts a Parley wallet together: a folder with a key file, a SQLite database and a lock,
// and a messaging node over libp2p on top of them. It is the place that chooses drivers, for the command and for package messaging/wallet.
//
// A wallet folder (mode 0700) holds:
//
//	keys         the root of all keys, sealed under a passphrase (crypto/keyfile)
//	wallet.db    what the wallet remembers, sealed row by row (inbox/sqlite)
//	lock         whoever holds the flock on it owns the wallet
//	parley.sock  where the owner serves the local API, if it does (internal/control)
//
// The wallet's DID is a did:peer:4 of an Ed25519 and an X25519 key and of a service that names its libp2p
// peer; it is made together with the wallet and kept in the database. A wallet may go by several DIDs: each did:web
// whose document the user hosts is one more, of keys of its own, and answers to whoever knows it (identities.go, web.go).
// Our own documents are never asked of the network: what is hosted may not be ours any more.
//
// DIDs are resolved by one Resolver (resolver.go), which is exported for what the command does without a wallet. It
// chooses the methods, and asks nobody of a private network unless it is told to.
//
// Whose keys are believed is decided in package messaging; here the user decides what follows (trust.go). A decision
// counts for the keys that the user was shown: these are remembered, and when they are others by now it is refused.
// Nothing that the user asks to be sent is queued for a contact whose keys have changed; what was queued before waits,
// and whoever waits for it is told (changed.go).
//
// What wallets say among themselves (receipts, acknowledgements, pings, profiles and the like) is the wallet's
// housekeeping: it travels in the same outbox, and no list and no count shows it as something that the user
// has sent. The one place that tells the two apart is housekeeping.go.
//
// The package must never print, and never keep a passphrase.
package wallet
