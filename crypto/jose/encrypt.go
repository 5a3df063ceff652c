package jose

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto"
)

// RecipientKey is whom to encrypt to.
type RecipientKey struct {
	KID string
	Key crypto.PublicKey
}

// EncryptOptions says how Encrypt encrypts.
type EncryptOptions struct {
	To     []RecipientKey // one to MaxRecipients, all on one curve
	Enc    Encryption     // the zero value is A256CBCHS512
	Sender Agree          // acts for the sender's key in ECDH1PU; nil chooses ECDHES
	SKID   string         // the sender's key id; left out if empty
	APU    []byte         // PartyUInfo; left out if nil
	APV    []byte         // PartyVInfo; left out if nil
	Typ    string         // media type; left out if empty

	// ForAries repeats alg, apv and epk, with ECDHES, in the unprotected header of each recipient, where
	// aries-framework-go looks for them when there are several. RFC 7516 section 7.2.1 forbids that, and Parse
	// refuses it.
	ForAries bool
}

// Encrypt encrypts plaintext to all recipients with a fresh content key, a fresh ephemeral key and
// a random nonce, and returns general JSON serialization. ECDH1PU demands A256CBCHS512. It returns
// ErrTooLarge when the result would exceed MaxSize, and errors of Sender wrapped. It may be called
// concurrently.
func Encrypt(plaintext []byte, o EncryptOptions) ([]byte, error) {
	if o.Enc == "" {
		o.Enc = A256CBCHS512
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	// base64url makes 4 bytes of 3; what is over is refused before any work is done.
	if len(plaintext) > MaxSize/4*3 {
		return nil, ErrTooLarge
	}
	eph, err := crypto.GenerateKey(o.To[0].Key.Curve())
	if err != nil {
		return nil, err
	}
	size, _ := o.Enc.sizes()
	secret := make([]byte, size.key+size.iv)
	rand.Read(secret)
	cek, iv := secret[:size.key], secret[size.key:]
	defer clear(cek)
	aead, err := o.Enc.aead(cek)
	if err != nil {
		return nil, err
	}
	protected := appendEncoded(nil, o.header(eph.Public()))
	sealed := aead.Seal(nil, iv, plaintext, protected)
	split := len(sealed) - size.tag
	keys, err := o.wrapFor(eph, cek, sealed[split:])
	if err != nil {
		return nil, err
	}
	out := o.serialize(protected, o.repeated(eph.Public()), keys, iv, sealed[:split], sealed[split:])
	if len(out) > MaxSize {
		return nil, ErrTooLarge
	}
	return out, nil
}

func (o *EncryptOptions) alg() string {
	if o.Sender != nil {
		return ECDH1PU
	}
	return ECDHES
}

func (o *EncryptOptions) check() error {
	if _, ok := o.Enc.sizes(); !ok {
		return unsupported("enc %.32q", string(o.Enc))
	}
	if o.Sender != nil && o.Enc != A256CBCHS512 {
		return unsupported("%s with %s", ECDH1PU, o.Enc)
	}
	if len(o.To) == 0 || len(o.To) > MaxRecipients {
		return fmt.Errorf("%d recipients, want 1 to %d", len(o.To), MaxRecipients)
	}
	for _, to := range o.To {
		if c := to.Key.Curve(); c != o.To[0].Key.Curve() || !c.CanAgree() {
			return errors.New("recipient keys must be on one curve for key agreement")
		}
	}
	return nil
}

// header builds the protected header. Its order is free; strings are quoted strictly.
func (o *EncryptOptions) header(epk crypto.PublicKey) []byte {
	jwk := epk.JWK()
	h := make([]byte, 0, 256+len(jwk)+len(o.SKID)+2*len(o.APU))
	h = append(h, '{')
	if o.Typ != "" {
		h = appendMember(h, "typ", o.Typ)
	}
	h = appendMember(h, "alg", o.alg())
	h = appendMember(h, "enc", string(o.Enc))
	if o.SKID != "" {
		h = appendMember(h, "skid", o.SKID)
	}
	if o.APU != nil {
		h = appendBinary(h, "apu", o.APU)
	}
	if o.APV != nil {
		h = appendBinary(h, "apv", o.APV)
	}
	h = append(appendName(h, "epk"), jwk...)
	return append(h, '}')
}

// wrapFor wraps cek for each recipient. tag is the content tag.
func (o *EncryptOptions) wrapFor(eph crypto.PrivateKey, cek, tag []byte) ([][]byte, error) {
	if o.Sender == nil {
		tag = nil
	}
	keys := make([][]byte, len(o.To))
	for i, to := range o.To {
		z, err := o.agree(eph, to.Key)
		if err != nil {
			return nil, fmt.Errorf("recipient %d: %w", i, err)
		}
		kek := derive(o.alg(), z, o.APU, o.APV, tag, kekSize)
		keys[i], err = wrap(kek, cek)
		clear(z)
		clear(kek)
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// agree returns Ze, or Ze‖Zs when there is a sender.
func (o *EncryptOptions) agree(eph crypto.PrivateKey, to crypto.PublicKey) ([]byte, error) {
	z, err := eph.Agree(to)
	if err != nil || o.Sender == nil {
		return z, err
	}
	zs, err := o.Sender(to)
	if err != nil {
		return nil, err
	}
	defer clear(z)
	defer clear(zs)
	return slices.Concat(z, zs), nil
}

// repeated is what stands in the unprotected headers of recipients besides the kid, which is nothing but for aries.
func (o *EncryptOptions) repeated(epk crypto.PublicKey) []byte {
	if !o.ForAries || o.Sender != nil {
		return nil
	}
	out := appendMember([]byte{','}, "alg", o.alg())
	if o.APV != nil {
		out = appendBinary(out, "apv", o.APV)
	}
	return append(appendName(out, "epk"), epk.JWK()...)
}

// serialize writes general JSON serialization (RFC 7516 section 7.2.1).
func (o *EncryptOptions) serialize(protected, repeated []byte, keys [][]byte, iv, ciphertext, tag []byte) []byte {
	size := 256 + len(protected) + encoding.EncodedLen(len(ciphertext))
	for _, to := range o.To {
		size += 160 + len(to.KID) + len(repeated)
	}
	out := make([]byte, 0, size)
	out = append(out, `{"protected":"`...)
	out = append(out, protected...)
	out = append(out, `","recipients":[`...)
	for i, to := range o.To {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"header":{`...)
		out = appendMember(out, "kid", to.KID)
		out = append(append(out, repeated...), `},`...)
		out = appendBinary(out, "encrypted_key", keys[i])
		out = append(out, '}')
	}
	out = append(out, ']')
	out = appendBinary(out, "iv", iv)
	out = appendBinary(out, "ciphertext", ciphertext)
	out = appendBinary(out, "tag", tag)
	return append(out, '}')
}

// appendName appends a member name, which needs no escapes, after a comma where one is due.
func appendName(dst []byte, name string) []byte {
	if c := dst[len(dst)-1]; c != '{' && c != ',' {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), name...), '"')
	return append(dst, ':')
}

// appendMember appends a string member. Bad UTF-8 in value is replaced.
func appendMember(dst []byte, name, value string) []byte {
	dst, _ = jsontext.AppendQuote(appendName(dst, name), value) // fails only by replacing
	return dst
}

// appendBinary appends a member that holds base64url.
func appendBinary(dst []byte, name string, value []byte) []byte {
	dst = appendEncoded(append(appendName(dst, name), '"'), value)
	return append(dst, '"')
}
