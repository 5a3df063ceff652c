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
// peer; it is made together with the wallet and kept in the database.
//
// What wallets say among themselves (receipts, acknowledgements, pings, profiles and the like) is the wallet's
// housekeeping: it travels in the same outbox, and no list and no count shows it as something that the user
// has sent. The one place that tells the two apart is housekeeping.go.
//
// The package must never print, and never keep a passphrase.
package wallet
