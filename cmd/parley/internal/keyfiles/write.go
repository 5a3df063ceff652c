package keyfiles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// Writer makes keys and writes them to a file, in the form that Secrets reads. The zero value is ready; it is for one
// goroutine. Clear it when it is done with.
type Writer struct{ secrets []generated }

// generated is a new key and its private JWK.
type generated struct {
	public  crypto.PublicKey
	jwk     []byte
	derived bool // a did:key has it beside the key that it is derived from; other DIDs do not
}

// Generate makes a key and keeps it to be written.
func (w *Writer) Generate(c crypto.Curve) (crypto.PublicKey, error) {
	key, jwk, err := crypto.GenerateJWK(c)
	if err != nil {
		return crypto.PublicKey{}, err
	}
	w.secrets = append(w.secrets, generated{public: key.Public(), jwk: jwk})
	if c == crypto.Ed25519 {
		agree, derived, err := crypto.AgreementJWK(jwk)
		if err != nil {
			return crypto.PublicKey{}, err
		}
		w.secrets = append(w.secrets, generated{agree.Public(), derived, true})
	}
	return key.Public(), nil
}

// Write writes the keys to a new file of mode 0600, durably, under the ids that the document gives them; the X25519
// key that did:key derives from Ed25519 among them. ErrExist if there is a file already.
func (w *Writer) Write(path string, doc *did.Document) (err error) {
	text, err := w.encode(doc)
	if err != nil {
		return err
	}
	defer clear(text)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; nothing was written: %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// encode makes an array of JWKs with their kids.
func (w *Writer) encode(doc *did.Document) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('[')
	count, missing := 0, 0
	for _, s := range w.secrets {
		named := false
		for _, m := range doc.Methods() {
			if !s.public.Equal(m.Key) {
				continue
			}
			if count++; count > 1 {
				out.WriteByte(',')
			}
			fmt.Fprintf(&out, "\n  {\"kid\":%q,%s", m.ID.String(), s.jwk[1:])
			named = true
		}
		if !named && !s.derived {
			missing++
		}
	}
	if missing > 0 {
		return nil, errors.New("the document does not name the new keys")
	}
	out.WriteString("\n]\n")
	return out.Bytes(), nil
}

// Clear overwrites the secrets that it holds.
func (w *Writer) Clear() {
	for _, s := range w.secrets {
		clear(s.jwk)
	}
	w.secrets = nil
}
