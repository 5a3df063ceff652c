// Package envelope seals and opens DIDComm v2.1 envelopes over keys: which layers exist, how they
// nest, and what each binds.
//
// It is given keys and key ids and nothing else. It never resolves a DID, never reads what a
// plaintext says, and never decides whether a sender is welcome: [Proof] states what has been
// proved, and package messaging compares that with the message. It never tells an attacker why a
// message could not be opened.
//
// # Layers
//
// Seal makes the six combinations of DIDComm v2.1, "IANA Media Types", and Open accepts no other:
//
//	sign                   Signer
//	anoncrypt              To
//	authcrypt              To, From
//	anoncrypt(sign)        To, Signer
//	authcrypt(sign)        To, From, Signer
//	anoncrypt(authcrypt)   To, From, ProtectSender
//
// The last example of the specification's appendix C.3, anoncrypt(authcrypt(sign)), has a shape that
// the text forbids. It opens only with OpenOptions.AcceptForeignNesting. Options.ForAries and
// OpenOptions.AcceptAries are what aries-framework-go needs beyond the specification.
//
// # What is bound to what
//
//   - apv must be the hash of the sorted recipient kids, so nobody can add or rename a recipient.
//     A compact JWE, if OpenOptions.AcceptAries admits any, may go without, because its only kid is
//     in the protected header.
//   - apu must be the skid, and it enters the key derivation, so the claimed sender key is the one
//     that agreed.
//   - The content tag enters the key derivation of authcrypt, so a recipient cannot replace the
//     content and keep the sender's proof.
//   - In authcrypt(sign), the signer's kid and the sender's kid must have the same DID. Kids are
//     opaque here: what is compared is the part before '#'.
//   - Both layers of anoncrypt(authcrypt) must be for the same DID of ours. Otherwise whoever
//     has a message for one of our DIDs could wrap it to another, and learn from our answer that
//     both are ours.
//   - The kid of a signature is usually unprotected. Nothing is looked up by it before
//     OpenOptions.CheckSigner has bound it to the signed payload.
//
// # Failures
//
// The form of a layer comes first, and needs no secret: ErrTooLarge, ErrMalformed, ErrUnsupported.
// Then every cryptographic failure is ErrOpen, the very same value. ErrNotForUs says only
// that no recipient kid is known. Errors of the KeyStore, the Directory, CheckSigner and the context are passed on
// wrapped, because there a retry may help; a point that no key could agree with is told apart
// from a key store that failed.
//
// # Design decisions
//
// Recipients are tried in order until one opens: encrypted_key is not authenticated per recipient,
// so a key damaged for one of our keys does not lose the message. One recipient kid occurs once,
// so an attacker cannot make us try a key twice. A sealed payload must be a JSON object and no
// envelope itself, which keeps Seal from building nestings that Open refuses.
package envelope
