package outofband

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/messaging"
)

// Layout of an id, see the package documentation.
const (
	macSize   = 16
	nonceSize = 8
	tokenSize = 1 + 5 + nonceSize
	idSize    = tokenSize + 2*macSize
	flagForm  = 0x10
	flagMulti = 0x01
)

// Issuer makes invitations of ours and recognises them. It keeps no state and is safe for concurrent use.
type Issuer struct {
	idKey, contentKey []byte
}

var _ messaging.Invitations = (*Issuer)(nil)

// NewIssuer returns the issuer with a key that must be secret, of full entropy and for this use alone.
// Another issuer with the same key knows the same invitations.
func NewIssuer(key [32]byte) *Issuer {
	derive := func(label string) []byte {
		k, err := hkdf.Expand(sha256.New, key[:], label, sha256.Size)
		if err != nil {
			panic(err) // only for a length that HKDF cannot give
		}
		return k
	}
	return &Issuer{derive("parley invitation id v1"), derive("parley invitation content v1")}
}

// Issue returns a copy of the invitation with a fresh ID. Created becomes now where it is absent, Accept
// "didcomm/v2". From and a later Expires are required. Errors wrap ErrInvalid; too long a link is one.
func (s *Issuer) Issue(inv Invitation) (*Invitation, error) {
	if len(inv.Accept) == 0 {
		inv.Accept = []string{"didcomm/v2"}
	}
	if inv.Created.IsZero() {
		inv.Created = time.Now()
	}
	inv.Created = inv.Created.UTC().Truncate(time.Second)
	inv.Expires = inv.Expires.UTC().Truncate(time.Second)
	if !inv.Expires.After(inv.Created) {
		return nil, fmt.Errorf("%w: it must expire after it was created", ErrInvalid)
	}
	token := newToken(inv)
	mac, err := s.contentMAC(token, inv)
	if err != nil {
		return nil, err
	}
	id := append(token, mac...)
	id = append(id, mac16(s.idKey, id)...)
	inv.ID = base64.RawURLEncoding.EncodeToString(id)
	link, err := inv.Link()
	if err != nil {
		return nil, err
	}
	// What cannot be read again, such as a time after the year 9999, must not be handed out.
	return ParseLink(link)
}

// newToken returns the terms of an invitation and a nonce.
func newToken(inv Invitation) []byte {
	token := binary.BigEndian.AppendUint64(nil, uint64(inv.Expires.Unix()))[2:]
	token[0] = flagForm // instead of a byte of the time that is always zero
	if inv.Multi {
		token[0] |= flagMulti
	}
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails
	return append(token, nonce...)
}

// Named implements messaging.Invitations. It takes the id in the one spelling that Issue has given it.
func (s *Issuer) Named(id string, now time.Time) (messaging.InvitationTerms, error) {
	raw, err := s.verify(id)
	if err != nil {
		return messaging.InvitationTerms{}, &messaging.Refusal{Code: messaging.CodeInvitationAltered}
	}
	seconds := binary.BigEndian.Uint64(append(make([]byte, 3), raw[1:6]...))
	t := messaging.InvitationTerms{ID: id, Multi: raw[0]&flagMulti != 0, Expires: time.Unix(int64(seconds), 0).UTC()}
	if !now.Before(t.Expires) {
		return messaging.InvitationTerms{}, &messaging.Refusal{Code: messaging.CodeInvitationExpired}
	}
	return t, nil
}

// Shown implements messaging.Invitations. It refuses an invitation in which anything differs from what was
// issued, members that this version does not know included.
func (s *Issuer) Shown(plaintext []byte, now time.Time) (messaging.InvitationTerms, error) {
	altered := &messaging.Refusal{Code: messaging.CodeInvitationAltered}
	inv, err := Parse(plaintext)
	if err != nil {
		return messaging.InvitationTerms{}, altered
	}
	raw, err := s.verify(inv.ID)
	if err != nil || !unchanged(plaintext, inv) {
		return messaging.InvitationTerms{}, altered
	}
	mac, err := s.contentMAC(raw[:tokenSize], *inv)
	if err != nil || !hmac.Equal(mac, raw[tokenSize:tokenSize+macSize]) {
		return messaging.InvitationTerms{}, altered
	}
	return s.Named(inv.ID, now)
}

// verify decodes an id and checks its proof.
func (s *Issuer) verify(id string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	// Strict still skips line breaks: the length of the text tells.
	if err != nil || len(raw) != idSize || len(id) != base64.RawURLEncoding.EncodedLen(idSize) {
		return nil, errors.New("not an id of ours")
	}
	body, proof := raw[:idSize-macSize], raw[idSize-macSize:]
	if !hmac.Equal(proof, mac16(s.idKey, body)) || raw[0]&^flagMulti != flagForm {
		return nil, errors.New("not an id of ours")
	}
	return raw, nil
}

// contentMAC binds the content of an invitation to its token.
func (s *Issuer) contentMAC(token []byte, inv Invitation) ([]byte, error) {
	inv.ID = ""
	content, err := inv.Plaintext()
	if err != nil {
		return nil, err
	}
	canonical, err := canonicalize(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return mac16(s.contentKey, token, canonical), nil
}

// unchanged reports whether the plaintext says exactly what was understood of it.
func unchanged(plaintext []byte, inv *Invitation) bool {
	understood, err := inv.Plaintext()
	if err != nil {
		return false
	}
	a, err1 := canonicalize(plaintext)
	b, err2 := canonicalize(understood)
	return err1 == nil && err2 == nil && bytes.Equal(a, b)
}

// canonicalize writes JSON in the form of RFC 8785.
func canonicalize(plaintext []byte) (jsontext.Value, error) {
	v := jsontext.Value(bytes.Clone(plaintext))
	err := v.Canonicalize()
	return v, err
}

func mac16(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:macSize]
}
