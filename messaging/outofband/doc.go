// Package outofband is the out-of-band 2.0 protocol (https://didcomm.org/out-of-band/2.0): invitations
// that travel by another way than DIDComm, as a link or a QR code, and let a stranger in.
//
// # Invitations
//
// An [Invitation] is a DIDComm plaintext whose "from" is the inviter's DID in its long form, so that
// nobody has to be asked for the document. Three members of its body are ours: label (the name that the
// inviter gives itself), addresses (multiaddrs where it can be reached, as they change and the DID does
// not) and multi. Others ignore them.
//
// A [Invitation.Link] has the scheme didcomm. An https link would hand the invitation, which is a secret,
// to whoever serves the host. [ParseLink] reads links of any scheme, with "_oob=" in the query or the
// fragment.
//
// # Ids that prove themselves
//
// An [Issuer] keeps no record of what it has issued: the id is its own proof.
//
//	token   = flags (1 byte: 0x10, plus 1 if multi) ‖ expiry (5 bytes, Unix seconds, big-endian) ‖ nonce (8)
//	content = HMAC-SHA256(k2, token ‖ canonical content), the first 16 bytes
//	proof   = HMAC-SHA256(k1, token ‖ content), the first 16 bytes
//	id      = base64url(token ‖ content ‖ proof), 62 characters
//
// The canonical content is the invitation's plaintext without the id, as RFC 8785 writes JSON; k1 and k2
// descend from the issuer's key by HKDF-SHA256.
//
// The id alone, which is all that a message in answer names (as its pthid), thus proves that it is ours,
// until when it holds and how often it may be used: [Issuer.Named]. Every byte of it is under the proof,
// and only one spelling of it is accepted, or a guest could make more ids out of a single-use one. With
// the whole invitation, which a Parley wallet shows when it greets, it is proved that nothing in it was
// altered on its way: [Issuer.Shown]. Who has used up a single-use invitation is the store's to know.
//
// # What this package must never do
//
// It never decides whom to trust, never stores, and never logs an invitation: whoever knows the id can use
// it. It takes nothing on trust from a link: sizes, DIDs and types are checked.
package outofband
