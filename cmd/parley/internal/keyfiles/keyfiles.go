package keyfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// Limits of a file.
const (
	maxFile  = 4 << 20
	maxItems = 10_000
)

// read reads a JSON array, or a single object in its place.
func read(path string) ([]jsontext.Value, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", path, maxFile>>20)
	}
	if v := jsontext.Value(data); v.Kind() == '{' {
		return []jsontext.Value{v}, nil
	}
	var list []jsontext.Value
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: not a JSON array: %w", path, err)
	}
	if len(list) > maxItems {
		return nil, fmt.Errorf("%s: %d items, at most %d", path, len(list), maxItems)
	}
	return list, nil
}

// secret is a JWK with its kid, or a secret in the form of SICPA's libraries.
type secret struct {
	KID string         `json:"kid"`
	ID  string         `json:"id"`
	JWK jsontext.Value `json:"privateKeyJwk"`
}

// Secrets reads private keys: an array of JWKs with "kid", or of objects with "id" and "privateKeyJwk". The kid
// is a DID URL. An error names the item and never its content.
func Secrets(path string) (*crypto.Keyring, error) {
	list, err := read(path)
	if err != nil {
		return nil, err
	}
	ring := crypto.NewKeyring()
	for i, raw := range list {
		kid, key, err := parseSecret(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: secret %d: %w", path, i+1, err)
		}
		ring.Add(kid, key)
	}
	return ring, nil
}

func parseSecret(raw jsontext.Value) (string, crypto.PrivateKey, error) {
	var s secret
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", crypto.PrivateKey{}, errors.New("not an object of the documented form")
	}
	kid, jwk := s.KID, raw
	if len(s.JWK) > 0 {
		kid, jwk = s.ID, s.JWK
	}
	if u, err := did.ParseURL(kid); err != nil || u.Fragment == "" {
		return "", crypto.PrivateKey{}, fmt.Errorf("its kid %.80q is no DID URL of a key", kid)
	}
	key, err := crypto.ParsePrivateJWK(jwk)
	return kid, key, err
}

// Documents resolves the DIDs whose documents it holds, and asks another resolver about the rest.
type Documents struct {
	known map[did.DID]*did.Document
	rest  did.Resolver
}

// ReadDocuments reads an array of DID documents; an empty path holds none. rest is asked about other DIDs.
func ReadDocuments(path string, rest did.Resolver) (*Documents, error) {
	d := &Documents{map[did.DID]*did.Document{}, rest}
	if path == "" {
		return d, nil
	}
	list, err := read(path)
	if err != nil {
		return nil, err
	}
	for i, raw := range list {
		doc, err := did.ParseDocument(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", path, i+1, err)
		}
		d.known[doc.ID()] = doc
	}
	return d, nil
}

// Resolve implements did.Resolver.
func (d *Documents) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if doc := d.known[id]; doc != nil {
		return doc, nil
	}
	return d.rest.Resolve(ctx, id)
}
