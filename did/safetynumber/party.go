package safetynumber

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

const (
	version = 1
	rounds  = 5200
	// maxKeys is as many keys as a document may have; it bounds the work to some 11 MiB of hashing.
	maxKeys = did.MaxMethods
)

// Party is one of the two who compare: who they are and which keys they are known by. Keys and Pins are taken
// together, in any order, repetitions counted once; at least one key is needed and at most did.MaxMethods.
type Party struct {
	// DID is the party's DID; of a did:peer:4 either form will do.
	DID did.DID
	// Keys are the authentication and key agreement keys, as by did.Document.
	Keys []crypto.PublicKey
	// Pins are the fingerprints of keys, as by did.Document.Pins: what a wallet remembers of a contact.
	Pins [][32]byte
}

// prints returns the fingerprints of all keys, sorted and each once.
func (p Party) prints() ([][32]byte, error) {
	prints := slices.Clone(p.Pins)
	for _, k := range p.Keys {
		if k.IsZero() {
			return nil, fmt.Errorf("%w: a key of %s is empty", did.ErrInvalid, p.DID.Short())
		}
		prints = append(prints, k.Fingerprint())
	}
	slices.SortFunc(prints, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	prints = slices.Compact(prints)
	switch n := len(prints); {
	case n == 0:
		return nil, fmt.Errorf("%w: no keys of %s are known; resolve it first", did.ErrInvalid, p.DID.Short())
	case n > maxKeys:
		return nil, fmt.Errorf("%w: %s has %d keys, at most %d can be compared", did.ErrInvalid, p.DID.Short(), n, maxKeys)
	}
	return prints, nil
}

// half derives the party's half of a number, as doc.go says.
func (p Party) half() ([32]byte, error) {
	if p.DID.IsZero() {
		return [32]byte{}, fmt.Errorf("%w: a party has no DID", did.ErrInvalid)
	}
	prints, err := p.prints()
	if err != nil {
		return [32]byte{}, err
	}
	var keys []byte
	for _, f := range prints {
		keys = append(keys, f[:]...)
	}
	first := binary.BigEndian.AppendUint16(nil, version)
	first = binary.BigEndian.AppendUint16(first, uint16(len(prints)))
	first = append(first, keys...)
	first = append(first, p.DID.Canonical().String()...)
	state := sha512.Sum512(append(first, keys...))
	// From here on the input has one size: a state and the keys.
	input := append(make([]byte, sha512.Size), keys...)
	for range rounds - 1 {
		copy(input, state[:])
		state = sha512.Sum512(input)
	}
	return [32]byte(state[:32]), nil
}
