package main

import (
	stdcrypto "crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"

	josecipher "github.com/go-jose/go-jose/v4/cipher"

	"github.com/parley-im/parley/crypto/envelope"
)

// primitive is one cryptographic operation on keys that are ready to use, with nothing encoded or parsed.
type primitive struct {
	name string
	run  func() error
}

// primitives are done one after the other.
type primitives []primitive

func (ps primitives) run() error {
	for _, p := range ps {
		if err := p.run(); err != nil {
			return err
		}
	}
	return nil
}

// layer is a layer of an envelope: what it is, and how often X25519 agrees in it.
type layer struct {
	kind     envelope.Layer
	agreeing int
}

var (
	signed           = layer{envelope.Sign, 0}
	anoncrypted      = layer{envelope.Anoncrypt, 1}
	authcrypted      = layer{envelope.Authcrypt, 1} // the agreement of the two parties is remembered
	authcryptedFresh = layer{envelope.Authcrypt, 2}
)

// primitives are what sealing and opening content in the layer cannot do without.
func (l layer) primitives(content []byte) (seal, open primitives, err error) {
	if l.kind == envelope.Sign {
		return signing(content)
	}
	return l.encrypting(content)
}

// signing is Ed25519 over the base64url of header and payload (RFC 7515 section 5.1).
func signing(content []byte) (seal, open primitives, err error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	input := make([]byte, 80+base64.RawURLEncoding.EncodedLen(len(content)))
	signature := ed25519.Sign(private, input)
	seal = primitives{{"Ed25519 sign", func() error {
		signature = ed25519.Sign(private, input)
		return nil
	}}}
	open = primitives{{"Ed25519 verify", func() error {
		if !ed25519.Verify(public, input, signature) {
			return errors.New("a signature does not verify")
		}
		return nil
	}}}
	return seal, open, nil
}

// bare is what the primitives of an encrypted layer work on.
type bare struct {
	own, peer *ecdh.PrivateKey
	content   []byte
	secret    []byte // of the agreements
	kek       cipher.Block
	cek, iv   []byte
	wrapped   []byte
	sealed    []byte
	aad       []byte
}

// encrypting is ECDH-ES or ECDH-1PU over X25519 with A256KW and A256CBC-HS512, for one recipient.
func (l layer) encrypting(content []byte) (seal, open primitives, err error) {
	x := &bare{content: content, aad: make([]byte, 400), cek: make([]byte, 64), iv: make([]byte, 16)}
	if x.own, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, nil, err
	}
	if x.peer, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, nil, err
	}
	seal = primitives{{"X25519 key generation", x.generate}, {"content key and nonce", x.random}, {"A256CBC-HS512 encrypt", x.encrypt}}
	for range l.agreeing {
		seal, open = append(seal, primitive{"X25519 agreement", x.agree}), append(open, primitive{"X25519 agreement", x.agree})
	}
	seal = append(seal, primitive{"Concat KDF", x.derive}, primitive{"A256KW wrap", x.wrap})
	open = append(open, primitive{"Concat KDF", x.derive}, primitive{"A256KW unwrap", x.unwrap}, primitive{"A256CBC-HS512 decrypt", x.decrypt})
	return seal, open, seal.run()
}

func (x *bare) generate() error {
	_, err := ecdh.X25519().GenerateKey(rand.Reader)
	return err
}

func (x *bare) random() error {
	_, _ = rand.Read(x.cek)
	_, _ = rand.Read(x.iv)
	return nil
}

func (x *bare) encrypt() error {
	aead, err := josecipher.NewCBCHMAC(x.cek, aes.NewCipher)
	if err == nil {
		x.sealed = aead.Seal(nil, x.iv, x.content, x.aad)
	}
	return err
}

func (x *bare) agree() (err error) {
	x.secret, err = x.own.ECDH(x.peer.PublicKey())
	return err
}

// derive has inputs of the usual sizes.
func (x *bare) derive() (err error) {
	part := append(binary.BigEndian.AppendUint32(nil, 32), x.aad[:32]...)
	kdf := josecipher.NewConcatKDF(stdcrypto.SHA256, x.secret, part, part, part, part, nil)
	key := make([]byte, 32)
	if _, err = kdf.Read(key); err == nil {
		x.kek, err = aes.NewCipher(key)
	}
	return err
}

func (x *bare) wrap() (err error) {
	x.wrapped, err = josecipher.KeyWrap(x.kek, x.cek)
	return err
}

func (x *bare) unwrap() (err error) {
	x.cek, err = josecipher.KeyUnwrap(x.kek, x.wrapped)
	return err
}

func (x *bare) decrypt() error {
	aead, err := josecipher.NewCBCHMAC(x.cek, aes.NewCipher)
	if err == nil {
		_, err = aead.Open(nil, x.iv, x.sealed, x.aad)
	}
	return err
}

// agreement is one X25519 operation: the measure t.
func agreement() (func() error, error) {
	x := &bare{}
	var err error
	if x.own, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, err
	}
	if x.peer, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, err
	}
	return x.agree, nil
}
