package jose

import (
	stdcrypto "crypto"
	"crypto/aes"
	"crypto/rand"
	_ "crypto/sha256" // for stdcrypto.SHA256
	"encoding/binary"

	josecipher "github.com/go-jose/go-jose/v4/cipher"
)

// Key management algorithms.
const (
	ECDHES  = "ECDH-ES+A256KW"  // RFC 7518 section 4.6, anonymous
	ECDH1PU = "ECDH-1PU+A256KW" // draft-madden-jose-ecdh-1pu-04, authenticates the sender
)

const (
	kekSize  = 32 // of A256KW, on every curve
	wrapSize = 8  // what AES key wrap adds (RFC 3394)
)

// derive is the Concat KDF of RFC 7518 section 4.6.2 for a key of size bytes. tag is the content
// tag for ECDH-1PU with key wrapping (draft 4, section 2.3): it binds the wrapped key to the very
// ciphertext, so that a recipient who knows the content key cannot forge. It is nil for ECDH-ES.
func derive(alg string, z, apu, apv, tag []byte, size int) []byte {
	public := binary.BigEndian.AppendUint32(nil, uint32(size)*8)
	if tag != nil {
		public = appendSized(public, tag)
	}
	kdf := josecipher.NewConcatKDF(stdcrypto.SHA256, z, appendSized(nil, []byte(alg)),
		appendSized(nil, apu), appendSized(nil, apv), public, nil)
	key := make([]byte, size)
	kdf.Read(key) // never fails
	return key
}

func appendSized(dst, data []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(data)))
	return append(dst, data...)
}

// wrap wraps cek under kek, which has a valid AES size.
func wrap(kek, cek []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	return josecipher.KeyWrap(block, cek)
}

// unwrap returns a content key of size bytes: the one in wrapped, or a random one if it cannot be
// unwrapped (RFC 7516 section 11.5), so that the failure shows only where all failures show.
func unwrap(kek, wrapped []byte, size int) []byte {
	random := make([]byte, size)
	rand.Read(random)
	// The length is checked first: some would unwrap 8 bytes to an empty key.
	if len(wrapped) != size+wrapSize {
		return random
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		return random
	}
	cek, err := josecipher.KeyUnwrap(block, wrapped)
	if err != nil {
		return random
	}
	return cek
}
