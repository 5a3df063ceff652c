// Package safetynumber makes the number, the words and the code that two people compare to be sure that each
// holds the true keys of the other. Both screens show the same; if they differ, somebody stands between.
//
// # Derivation
//
// A party is a DID and the fingerprints of its keys. A fingerprint is crypto.PublicKey.Fingerprint: SHA-256 of the
// multicodec prefix and the key, points compressed.
//
//	K    = the party's fingerprints, 32 bytes each, sorted as byte strings, each once
//	S(0) = 00 01 ‖ number of fingerprints (2 bytes, big-endian) ‖ K ‖ canonical DID (UTF-8)
//	S(i) = SHA-512( S(i-1) ‖ K ), for i = 1 … 5200
//	F    = the first 32 bytes of S(5200)
//
// 00 01 is the version of this derivation. A Number is the F of both parties, the smaller (as a byte string)
// first; everything shown is made from it, half by half:
//
//   - Digits: bytes 0–29 of F are six groups of five bytes. Each, read as a big-endian number, modulo 100,000, is
//     printed with five digits. Twelve groups in all.
//   - Words: the first 99 bits of F, most significant first, are nine numbers of 11 bits, each the index of a word
//     in the English list of BIP-39 (2,048 words, "abandon" is 0). Eighteen words in all.
//   - Code: "parley-verify:1:" and base64url without padding of both F, 64 bytes. It is what a QR code carries.
//
// # Strength
//
// It is the numeric fingerprint of Signal (version, keys and identifier hashed first, then 5,200 times the state
// with the keys) with three changes: a party has several keys, they enter as fingerprints, and their number is
// hashed too so that keys and DID cannot be taken for one another.
//
// Somebody who stands between must find keys of their own that give the same half as another's: a second preimage,
// for both halves. Six groups tell 10^30 ≈ 2^99.7 halves apart and nine words 2^99, and each trial costs 5,200 ≈ 2^12.3
// SHA-512, so about 2^111 hashes for one half, the usual 112-bit level. Without the rounds it would be 2^99, hence
// 5,200 of them: they buy 12 bits for the price of some milliseconds, once per comparison, and no digit more to read
// aloud. Collisions (2^62) are within reach of a rich attacker, but they only give somebody two sets of keys of their
// own that show one number; the pins of the contact still notice the change. The code carries all 256 bits of each
// half.
//
// # What this package must never do
//
// It never takes a name, a time or anything else that differs between the two screens. It never shortens the number.
//
// # Design decisions
//
//   - The long and the short form of a did:peer:4 are one DID and give one number.
//   - Order does not matter, neither of the parties nor of keys. So a code matches on the screen that made it, too: it
//     must be scanned from the other's screen, and proves nothing when it came by the channel that it is to verify.
//   - A party without keys is refused: its half would say nothing about what messages are encrypted to.
package safetynumber
