// Package didplc resolves did:plc, the method of the AT Protocol: a directory keeps the log of a DID's operations, and
// the log proves itself. The user names the directory; it is believed about nothing that can be checked.
//
// # What is verified
//
// The audit log (DIRECTORY/<did>/log/audit) lists every operation that the directory ever accepted for the DID, those
// that a recovery has undone included. From its first entry on:
//
//   - The DID is the hash of the first operation, so nobody can give it another beginning.
//   - Each operation is of one of the three forms (plc_operation, plc_tombstone, and create for a first one), with
//     exactly their members. Its CID is computed here from its DAG-CBOR and must be the one that the log claims.
//   - "prev" is the CID of an operation in force, and a rotation key listed by that operation has signed: ECDSA on
//     P-256 or secp256k1, 64 bytes in base64url without padding or stray bits, s in the lower half. Other spellings
//     of a signature would give the operation another CID.
//   - An operation that continues an earlier one than the last is a recovery. It undoes those after that one if its
//     signer ranks above the signer of the first undone, not more than 72 hours later. What the log claims to be
//     nullified must be what this rule nullifies.
//   - The times, which only the directory vouches for, ascend.
//
// # What is left to trust
//
// A directory can hide the newest operations, and it can choose between two valid forks by the times it writes down.
// Against the first, [Resolver.Seen] says how far the wallet has seen the log before: the operation of that number must
// still be there with its CID, or the result is did.ErrRewritten. It may have been nullified since by a valid recovery;
// that is what recoveries are for, since the thief's operation may be the very one that was seen. So whoever has
// a higher rotation key of then and the directory's help can undo more than 72 hours. Our own clock is asked about
// nothing: both times of the 72 hours come from the directory.
//
// # Which keys DIDComm uses
//
// The directory's own document lists the keys of the last operation as verificationMethod and gives them no
// relationship. In the AT Protocol they speak for the DID nevertheless: services accept tokens signed by #atproto. So here:
//
//   - Every key that can sign (P-256, secp256k1, Ed25519 and so on) is an authentication key.
//   - Every key that can agree (X25519, P-256 and so on) is a key agreement key, except those named atproto or
//     atproto_…: they are signing keys that a hosting service keeps for its users, and what was encrypted to
//     them the host could read and the owner could not. An owner who wants messages adds a key of another name.
//   - No X25519 key is derived from an Ed25519 key.
//   - Rotation keys are no part of the document.
//
// Keys and services come in the order of their names. An operation does not fix another order, so that the directory
// has no say in which of them is preferred. A service of type DIDCommMessaging has its endpoint as a string, without
// routing keys, as the method has no room for them.
//
// # What this package must never do
//
// It never chooses a directory, and never takes a document from one. It never makes a document from a log of which any
// part fails, nor from one with an unknown form of operation in it.
//
// # Design decisions
//
//   - Duplicate and missing rotation keys are accepted where the reference directory accepts them: a key stands at its
//     first place, and without keys the operation is the last. More than ten are refused.
//   - The log is at most 1 MiB and 1,000 operations, and finding out who signed them may take 2,000 signature checks. The
//     key that signed last is tried first, so that a log comes near that only if its signers take turns many hundred
//     times. The dearest log takes half a second. A usual log of four operations takes a millisecond.
//   - The version of a document is the number of the last operation in the audit log, a hyphen and its CID.
//
// Specification: did:plc Method v0.2.1 (October 2025); DAG-CBOR as of IPLD.
package didplc
