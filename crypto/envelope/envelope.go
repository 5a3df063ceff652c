package envelope

import (
	"errors"
	"strings"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
)

// MaxSize is the largest sealed message in bytes, each layer included.
const MaxSize = jose.MaxSize

// MaxRecipients is the largest number of recipient keys of one message.
const MaxRecipients = jose.MaxRecipients

// ContentEncryption names how the content is encrypted. The zero value is A256CBCHS512.
type ContentEncryption = jose.Encryption

// The content encryption algorithms. Authcrypt always uses A256CBCHS512.
const (
	A256CBCHS512 = jose.A256CBCHS512
	A256GCM      = jose.A256GCM
	XC20P        = jose.XC20P
)

// Errors that callers may branch on. The first three come before any secret is used.
var (
	// ErrTooLarge says that a message exceeds MaxSize.
	ErrTooLarge = jose.ErrTooLarge
	// ErrMalformed says that a message breaks a rule of form.
	ErrMalformed = jose.ErrMalformed
	// ErrUnsupported says that an algorithm, an extension or a nesting is not allowed.
	ErrUnsupported = jose.ErrUnsupported
	// ErrPlaintext says that a message is not protected at all.
	ErrPlaintext = errors.New("envelope: message is neither encrypted nor signed")
	// ErrNotForUs says that the key store has none of the keys a message is encrypted to.
	ErrNotForUs = errors.New("envelope: message is not encrypted to a key of ours")
	// ErrOpen is the one answer to every decryption and every signature that fails.
	ErrOpen = errors.New("envelope: message cannot be opened")
)

// Layer is one layer of protection.
type Layer string

// The layers of DIDComm v2.1.
const (
	Anoncrypt Layer = "anoncrypt" // encrypted, sender unknown
	Authcrypt Layer = "authcrypt" // encrypted, sender proved to the recipient
	Sign      Layer = "sign"      // sender proved to everybody
)

// Media types, without the prefix "application/" that is emitted and need not be there.
const (
	typeEncrypted = "didcomm-encrypted+json"
	typeSigned    = "didcomm-signed+json"
	typeJWM       = "JWM" // accepted in signed messages
	typePrefix    = "application/"
)

// hasType reports whether typ is one of want. Media types ignore case, and a header need not
// have one (RFC 7515 section 4.1.9).
func hasType(typ string, want ...string) bool {
	if typ == "" {
		return true
	}
	if len(typ) > len(typePrefix) && strings.EqualFold(typ[:len(typePrefix)], typePrefix) {
		typ = typ[len(typePrefix):]
	}
	for _, w := range want {
		if strings.EqualFold(typ, w) {
			return true
		}
	}
	return false
}

// owner is the part of a kid before '#': equal owners mean one DID, written in one way.
func owner(kid string) string {
	did, _, _ := strings.Cut(kid, "#")
	return did
}

// Recipient is a key to encrypt to.
type Recipient struct {
	KID string           // absolute DID URL in the recipient's keyAgreement
	Key crypto.PublicKey // on a curve for key agreement
}
