package wallet

import (
	"bytes"
	"encoding/base64"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

// attach puts a file into a message (DIDComm v2.1, Attachments). Whether it is too large the node says.
func attach(m *messaging.Message, f *control.File) {
	m.Attachments = append(m.Attachments, messaging.Attachment{
		ID: "1", Filename: f.Name, MediaType: f.MediaType, ByteCount: int64(len(f.Data)),
		Data: messaging.AttachmentData{Base64: base64.RawURLEncoding.EncodeToString(f.Data)},
	})
}

// files are the files in a plaintext, whose content is left out unless it is asked for. Of one that is elsewhere,
// or that cannot be read, there is no content.
func files(payload []byte, whole bool) (list []control.File) {
	if !bytes.Contains(payload, []byte(`"attachments"`)) && !bytes.Contains(payload, []byte(`\u`)) {
		return nil // as nearly all are, and reading takes time
	}
	m, err := messaging.ParseMessage(payload)
	if err != nil {
		return nil
	}
	for _, a := range m.Attachments {
		f := control.File{Name: a.Filename, MediaType: a.MediaType, Size: a.ByteCount}
		if data, err := a.Content(); err == nil {
			f.Size = int64(len(data))
			if whole {
				f.Data = data
			}
		}
		list = append(list, f)
	}
	return list
}
