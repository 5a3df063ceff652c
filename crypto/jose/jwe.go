package jose

import (
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/internal/strictjson"
)

// Header is the protected header of a JWE. Strings are empty and byte slices nil where a
// parameter is absent.
type Header struct {
	Typ  string           // media type of the whole, not checked here
	Alg  string           // ECDHES or ECDH1PU
	Enc  Encryption       // A256CBCHS512 with ECDH1PU, any with ECDHES
	EPK  crypto.PublicKey // checked point
	APU  []byte           // PartyUInfo, decoded
	APV  []byte           // PartyVInfo, decoded
	SKID string           // the sender's key id
	KID  string           // the recipient's, where the form has only one
}

// Recipient is one recipient of a JWE.
type Recipient struct {
	KID string // never empty, and unique in its JWE
	key []byte // encrypted_key in base64url, decoded when used: it may be garbage for others
}

// JWE is a parsed JWE. It is immutable and refers to the bytes it was parsed from.
type JWE struct {
	Header     Header
	Recipients []Recipient // one to MaxRecipients, in the order of the document
	Compact    bool        // read from the compact serialization

	aad    []byte // the protected header as it was transmitted
	iv     []byte
	sealed []byte // ciphertext‖tag
	tag    []byte // the end of sealed
}

// jwe reads general and flattened JSON serialization (RFC 7516 section 7.2).
func (f *fields) jwe() (*JWE, error) {
	if f.aad != nil {
		return nil, unsupported("aad")
	}
	if f.protected == nil || f.iv == nil || f.ciphertext == nil || f.tag == nil {
		return nil, malformed("JWE: protected, iv, ciphertext and tag are required")
	}
	var raw [4][]byte
	for i, v := range [][]byte{f.protected, f.iv, f.ciphertext, f.tag} {
		var err error
		if raw[i], err = strictjson.Unquote(v); err != nil {
			return nil, at("JWE", err)
		}
	}
	j, err := newJWE(raw[0], raw[1], raw[2], raw[3])
	if err != nil {
		return nil, err
	}
	if kid, err := unprotectedHeader(f.unprotected); err != nil || kid != "" {
		return nil, at("unprotected", orMalformed(err, "kid in the shared header"))
	}
	if f.recipients == nil {
		return j, j.addRecipient(f.header, f.encryptedKey)
	}
	if f.header != nil || f.encryptedKey != nil {
		return nil, malformed("JWE: both general and flattened")
	}
	return j, j.addRecipients(f.recipients)
}

// parseCompactJWE reads the five parts of RFC 7516 section 7.1.
func parseCompactJWE(parts [][]byte) (*JWE, error) {
	j, err := newJWE(parts[0], parts[2], parts[3], parts[4])
	if err != nil {
		return nil, err
	}
	if j.Header.KID == "" {
		return nil, malformed("compact JWE: no kid")
	}
	j.Compact = true
	j.Recipients = []Recipient{{KID: j.Header.KID, key: parts[1]}}
	return j, nil
}

// newJWE reads what every form has, in base64url.
func newJWE(protected, iv, ciphertext, tag []byte) (*JWE, error) {
	h, err := parseHeader(protected)
	if err != nil {
		return nil, err
	}
	j := &JWE{Header: h, aad: protected}
	want, _ := h.Enc.sizes()
	if j.iv, err = decode(iv, 0); err != nil || len(j.iv) != want.iv {
		return nil, at("iv", orMalformed(err, "iv has %d bytes, want %d", len(j.iv), want.iv))
	}
	if j.tag, err = decode(tag, 0); err != nil || len(j.tag) != want.tag {
		return nil, at("tag", orMalformed(err, "tag has %d bytes, want %d", len(j.tag), want.tag))
	}
	if j.sealed, err = decode(ciphertext, want.tag); err != nil {
		return nil, at("ciphertext", err)
	}
	j.sealed = append(j.sealed, j.tag...)
	return j, nil
}

// orMalformed returns err, or an error with the text given if err is nil.
func orMalformed(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return malformed(format, args...)
}

func parseHeader(protected []byte) (Header, error) {
	raw, err := decode(protected, 0)
	var h Header
	if err == nil {
		err = strictjson.Members(raw, h.set)
	}
	if err == nil {
		err = h.check()
	}
	return h, at("protected header", err)
}

func (h *Header) set(name, v []byte) (err error) {
	switch string(name) {
	case "alg":
		h.Alg, err = strictjson.Text(v)
	case "enc":
		var enc string
		enc, err = strictjson.Text(v)
		h.Enc = Encryption(enc)
	case "epk":
		h.EPK, err = crypto.ParseJWK(v)
	case "apu":
		if !strictjson.IsNull(v) { // didcomm-rust writes null in anoncrypt
			h.APU, err = octets(v)
		}
	case "apv":
		h.APV, err = octets(v)
	case "skid":
		h.SKID, err = optional(v)
	case "kid":
		h.KID, err = optional(v)
	case "typ":
		h.Typ, err = optional(v)
	case "zip", "crit", "b64":
		err = unsupported("header %s", name)
	}
	return at(string(name), err)
}

// check holds the allow-list of algorithms.
func (h *Header) check() error {
	if h.Alg != ECDHES && h.Alg != ECDH1PU {
		return unsupported("alg %.32q", h.Alg)
	}
	if _, ok := h.Enc.sizes(); !ok {
		return unsupported("enc %.32q", string(h.Enc))
	}
	// ECDH-1PU draft 4, section 2.1: only a compactly committing AEAD.
	if h.Alg == ECDH1PU && h.Enc != A256CBCHS512 {
		return unsupported("%s with %s", h.Alg, h.Enc)
	}
	if h.EPK.IsZero() {
		return malformed("no epk")
	}
	if !h.EPK.Curve().CanAgree() {
		return unsupported("epk on %v", h.EPK.Curve())
	}
	return nil
}

func (j *JWE) addRecipients(list []byte) error {
	err := strictjson.Elements(list, MaxRecipients, func(v []byte) error {
		var header, key []byte
		err := strictjson.Members(v, func(name, v []byte) error {
			switch string(name) {
			case "header":
				header = v
			case "encrypted_key":
				key = v
			}
			return nil
		})
		if err != nil {
			return err
		}
		return j.addRecipient(header, key)
	})
	if err == nil && len(j.Recipients) == 0 {
		err = malformed("no recipients")
	}
	if err == nil && j.Header.KID != "" && len(j.Recipients) != 1 {
		err = malformed("kid in the protected header of several recipients")
	}
	return at("recipients", err)
}

func (j *JWE) addRecipient(header, encryptedKey []byte) error {
	kid, err := unprotectedHeader(header)
	if err != nil {
		return err
	}
	if kid, err = oneKID(j.Header.KID, kid); err != nil {
		return err
	}
	if kid == "" {
		return malformed("a recipient without kid")
	}
	for _, r := range j.Recipients {
		if r.KID == kid {
			return malformed("two recipients with one kid")
		}
	}
	if encryptedKey == nil {
		return malformed("a recipient without encrypted_key")
	}
	key, err := strictjson.Unquote(encryptedKey)
	if err != nil {
		return at("encrypted_key", err)
	}
	j.Recipients = append(j.Recipients, Recipient{KID: kid, key: key})
	return nil
}
