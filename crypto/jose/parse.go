package jose

import (
	"bytes"

	"github.com/parley-im/parley/crypto/internal/strictjson"
)

// Document is what Parse has read: a JWE, a JWS, or, when both are nil, a JSON object that is
// neither, such as a DIDComm plaintext.
type Document struct {
	JWE *JWE
	JWS *JWS
}

// Parse reads a document of at most MaxSize bytes: one JSON object, or a compact JWE or JWS.
// The result refers to data, which must not change while it is used. Parse allocates at most
// 16 times the input and 64 KiB. Errors wrap ErrTooLarge, ErrMalformed or ErrUnsupported.
// It may be called concurrently.
func Parse(data []byte) (Document, error) {
	if len(data) > MaxSize {
		return Document{}, ErrTooLarge
	}
	doc, err := parse(data)
	if err != nil {
		return Document{}, err
	}
	return doc, nil
}

func parse(data []byte) (Document, error) {
	switch dots := bytes.Count(data, []byte(".")); {
	case len(data) == 0 || !isCompact(data[0]):
		return parseJSON(data)
	case dots == 4:
		j, err := parseCompactJWE(bytes.SplitN(data, []byte("."), 5))
		return Document{JWE: j}, err
	case dots == 2:
		j, err := parseCompactJWS(bytes.SplitN(data, []byte("."), 3))
		return Document{JWS: j}, err
	}
	return Document{}, malformed("neither JSON nor a compact serialization")
}

// isCompact reports whether c can begin a compact serialization: a header is an object, so its
// base64url encoding begins with 'e' (or with 'I' or 'C' after white space, which nobody emits).
func isCompact(c byte) bool { return c == 'e' }

// fields are the members of the outermost object that JWE and JWS define.
type fields struct {
	protected, unprotected, header []byte
	recipients, encryptedKey       []byte
	iv, ciphertext, tag, aad       []byte
	payload, signatures, signature []byte
}

func (f *fields) field(name []byte) *[]byte {
	switch string(name) {
	case "protected":
		return &f.protected
	case "unprotected":
		return &f.unprotected
	case "header":
		return &f.header
	case "recipients":
		return &f.recipients
	case "encrypted_key":
		return &f.encryptedKey
	case "iv":
		return &f.iv
	case "ciphertext":
		return &f.ciphertext
	case "tag":
		return &f.tag
	case "aad":
		return &f.aad
	case "payload":
		return &f.payload
	case "signatures":
		return &f.signatures
	case "signature":
		return &f.signature
	}
	return nil // RFC 7516 section 4, RFC 7515 section 4: others are ignored
}

func parseJSON(data []byte) (Document, error) {
	var f fields
	err := strictjson.Members(data, func(name, value []byte) error {
		if p := f.field(name); p != nil {
			*p = value
		}
		return nil
	})
	switch {
	case err != nil:
		return Document{}, at("JSON", err)
	case f.isJWE():
		j, err := f.jwe()
		return Document{JWE: j}, err
	case f.isJWS():
		j, err := f.jws()
		return Document{JWS: j}, err
	}
	return Document{}, nil
}

// isJWE goes by the members that RFC 7516 section 7.2 demands. A plaintext may have unknown
// members of its own, so a single suspicious one is not enough, except for the ciphertext.
func (f *fields) isJWE() bool {
	return f.ciphertext != nil || f.protected != nil && (f.recipients != nil || f.encryptedKey != nil)
}

func (f *fields) isJWS() bool {
	return f.payload != nil && (f.signatures != nil || f.signature != nil) ||
		f.protected != nil && f.signature != nil
}

// unprotectedHeader reads the kid of an unprotected header and refuses every parameter there
// that an attacker must not be able to choose. value may be nil.
func unprotectedHeader(value []byte) (kid string, err error) {
	if value == nil {
		return "", nil
	}
	err = strictjson.Members(value, func(name, v []byte) (err error) {
		switch string(name) {
		case "kid":
			kid, err = optional(v)
		case "alg", "enc", "epk", "apu", "apv", "skid", "typ", "zip", "crit", "b64":
			err = malformed("header %s must be protected", name)
		}
		return err
	})
	return kid, at("header", err)
}

// oneKID merges the kid of the protected and the unprotected header. RFC 7515 section 4 wants the
// two disjoint; an equal kid in both is let pass, because it leaves nothing to choose.
func oneKID(protected, unprotected string) (string, error) {
	switch {
	case protected == "":
		return unprotected, nil
	case unprotected == "" || unprotected == protected:
		return protected, nil
	}
	return "", malformed("two different kids in one header")
}
