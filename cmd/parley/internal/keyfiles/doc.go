// Package keyfiles reads the files that parley pack and parley unpack are given in place of a wallet: secrets as
// JSON Web Keys, and DID documents. It reads what other DIDComm libraries write for their tests.
//
// It must never write anything, nor print a secret.
package keyfiles
