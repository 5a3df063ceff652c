package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	josecipher "github.com/go-jose/go-jose/v4/cipher"
	"golang.org/x/crypto/chacha20poly1305"
)

// Encryption names a content encryption algorithm, as "enc" does.
type Encryption string

// The content encryption algorithms of DIDComm v2.1.
const (
	A256CBCHS512 Encryption = "A256CBC-HS512" // RFC 7518 section 5.2.5
	A256GCM      Encryption = "A256GCM"       // RFC 7518 section 5.3
	XC20P        Encryption = "XC20P"         // draft-irtf-cfrg-xchacha-03
)

// sizes are in bytes.
type sizes struct{ key, iv, tag int }

// sizes returns what e needs, and false if e is none of the constants.
func (e Encryption) sizes() (sizes, bool) {
	switch e {
	case A256CBCHS512:
		return sizes{key: 64, iv: 16, tag: 32}, true
	case A256GCM:
		return sizes{key: 32, iv: 12, tag: 16}, true
	case XC20P:
		return sizes{key: 32, iv: chacha20poly1305.NonceSizeX, tag: 16}, true
	}
	return sizes{}, false
}

// aead returns the cipher under key, which has the size of e.
func (e Encryption) aead(key []byte) (cipher.AEAD, error) {
	switch e {
	case A256CBCHS512:
		return josecipher.NewCBCHMAC(key, aes.NewCipher)
	case A256GCM:
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	case XC20P:
		return chacha20poly1305.NewX(key)
	}
	return nil, fmt.Errorf("%w: enc %q", ErrUnsupported, string(e))
}
