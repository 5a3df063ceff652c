package messaging

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Attachment is content beside the body (DIDComm v2.1, Attachments).
type Attachment struct {
	ID          string         `json:"id,omitzero"`
	Description string         `json:"description,omitzero"`
	Filename    string         `json:"filename,omitzero"`
	MediaType   string         `json:"media_type,omitzero"`
	Format      string         `json:"format,omitzero"`
	LastModTime int64          `json:"lastmod_time,omitzero"`
	ByteCount   int64          `json:"byte_count,omitzero"`
	Data        AttachmentData `json:"data"`
}

// AttachmentData holds the content, or where it is: at least one member is set, and Links need Hash.
type AttachmentData struct {
	JWS    jsontext.Value `json:"jws,omitzero"`
	Hash   string         `json:"hash,omitzero"`
	Links  []string       `json:"links,omitempty"`
	Base64 string         `json:"base64,omitzero"`
	// JSON may be any JSON value; the empty object counts as content.
	JSON jsontext.Value `json:"json,omitzero"`
}

func (a *Attachment) check() error {
	d := &a.Data
	if len(d.Links) > 0 && d.Hash == "" {
		return errors.New("an attachment with links needs a hash")
	}
	if len(d.JWS) == 0 && d.Hash == "" && len(d.Links) == 0 && d.Base64 == "" && len(d.JSON) == 0 {
		return errors.New("an attachment without data")
	}
	return nil
}

// Content returns the inline content: the decoded base64url, read leniently as others write it, or the
// JSON text. It fails when the content is elsewhere.
func (a *Attachment) Content() ([]byte, error) {
	switch {
	case a.Data.Base64 != "":
		s := strings.TrimRight(a.Data.Base64, "=")
		s = strings.NewReplacer("+", "-", "/", "_").Replace(s)
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			return nil, fmt.Errorf("attachment %q: %w", a.ID, err)
		}
		return b, nil
	case len(a.Data.JSON) > 0:
		return a.Data.JSON, nil
	}
	return nil, fmt.Errorf("attachment %q has no inline content", a.ID)
}
