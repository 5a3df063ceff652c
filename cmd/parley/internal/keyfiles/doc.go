// Package keyfiles reads the files that parley pack and parley unpack are given in place of a wallet: secrets as
// JSON Web Keys, and DID documents; and it writes the secrets of a DID that parley did create makes. It reads what
// other DIDComm libraries write for their tests.
//
// It must never print a secret, overwrite a file, or write one that others can read.
package keyfiles
