// Package demo shows that Parley works: two real wallets in a temporary folder, with real key files,
// SQLite databases and libp2p hosts on loopback, meet, talk, and lose nothing while one is away.
//
// It must never print a step that it did not do and check.
package demo
