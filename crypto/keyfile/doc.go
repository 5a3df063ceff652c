// Package keyfile is the crypto.KeyStore of a wallet: one random root of 32 bytes in one file,
// sealed under a passphrase or under a secret in the keyring of the operating system, from which
// every key of the wallet descends.
//
// It never writes a key anywhere but into that file, never writes the file in place, never
// prints secrets, and never opens a file that others could read. It asks nobody for a passphrase
// and reads no environment: that is the caller's business, as is saying out loud that a file is
// not protected, and holding the wallet's lock while the passphrase changes.
//
// # Format
//
// A key file is text of three lines, each ended by a line feed, and under 4 KiB:
//
//	{"parley":"key file","v":1,"kdf":"argon2id","time":3,"memory":65536,"threads":4,"salt":"…","nonce":"…"}
//	<sealed root>
//	<checksum>
//
// The first line, the header, is JSON in exactly this form, without spaces and with the members
// in this order. memory is in KiB; salt (16 bytes) and nonce (24 bytes) are base64url without
// padding. The second line is base64url of XChaCha20-Poly1305(key, nonce, root), 48 bytes, with
// the bytes of the first line, less its line feed, as associated data. The third is the
// hexadecimal SHA-256 of the first two lines with their line feeds.
//
// With kdf "argon2id" the key is argon2id(passphrase, salt, time, memory, threads), RFC 9106;
// new files take time 3, 64 MiB and 4 threads. With kdf "none" the three figures are 0 and the
// key is HKDF-SHA256 of nothing with that salt: everybody who can read the file can open it, and
// the sealing only proves that the file is whole.
//
// With kdf "keyring" the three figures are 0 and the header has one more member at its end,
// "ring", base64url of 16 random bytes: the account under which a [Ring] keeps a random secret of
// 32 bytes. The key is HKDF-SHA256 of that secret with the salt. The account names this very file
// and not its path, so the folder can be moved. Each sealing has an account and a secret of its
// own. Other files do not have the member.
//
// The checksum is no defence. It tells a damaged file from a wrong passphrase, since the two are
// alike to the seal: [ErrDamaged] against [ErrPassphrase] or [ErrEntry].
//
// # Derivation
//
// All derivation is HKDF-SHA256(root) without salt and with an info string that starts with the
// purpose and a zero byte, so that no label can lead from one purpose into another:
//
//	"parley subkey v1" 0 label                        32 bytes: Subkey
//	"parley transport v1" 0                           32 bytes: Ed25519 seed of Transport
//	"parley did key v1" 0 curve 0 BE32(index) try     scalar or seed of DIDKey
//
// curve is the JWK name; try is one byte, 0 unless the candidate scalar is outside the order of
// the curve, which for the curves at hand has a chance of at most 2^-32. A candidate for P-521
// loses the upper 7 of its 528 bits. Candidates are rejected and not reduced, so that scalars
// are uniform without arithmetic on secrets. These rules never change under v1: testdata holds
// the derived keys of a fixed root.
//
// # Design decisions
//
// Replacing the file is one rename of a synced temporary file in a synced folder, so a crash
// leaves the old file or the new one. Creating it is a hard link instead of a rename, because a
// link never replaces a wallet that is already there. Temporary files that a crash left behind
// hold a root too, perhaps under an old passphrase; the next successful write removes them.
//
// The figures of the KDF are read from the file and bounded before use (time 10, 1 GiB, 16
// threads), so that an altered file cannot exhaust the machine.
//
// A passphrase given for a file that has none is refused: else whoever can replace the file could
// slip in a wallet of their own, and its owner would type the passphrase and notice nothing.
//
// With a keyring the secret is written there, read back and compared before the file is made or
// replaced, and the old one is removed after: no crash leaves a file without its secret. A crash
// may leave a secret without a file, which opens nothing.
//
// DID keys are bound to key ids in memory only. Which DID uses which index is the wallet's
// knowledge, kept with its other records and bound again after each start.
//
// Close overwrites the root and forgets the keys. Go's garbage collector may have copied them
// before, and the operating system may have paged them out, so this shortens the exposure and
// promises no more.
package keyfile
