package messaging_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/messaging"
)

func TestAttachmentContent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		data    messaging.AttachmentData
		want    string
		wantErr string
	}{
		"base64url":             {messaging.AttachmentData{Base64: "_-8"}, "\xff\xef", ""},
		"standard alphabet":     {messaging.AttachmentData{Base64: "/+8="}, "\xff\xef", ""},
		"padded":                {messaging.AttachmentData{Base64: "aGFsbA=="}, "hall", ""},
		"stray bits":            {messaging.AttachmentData{Base64: "qwerty"}, "\xab\x07\xab\xb7", ""},
		"JSON":                  {messaging.AttachmentData{JSON: jsontext.Value(`{"a":1}`)}, `{"a":1}`, ""},
		"base64 goes before":    {messaging.AttachmentData{Base64: "YQ", JSON: jsontext.Value(`{}`)}, "a", ""},
		"impossible length":     {messaging.AttachmentData{Base64: "a"}, "", "illegal base64"},
		"foreign character":     {messaging.AttachmentData{Base64: "a*b="}, "", "illegal base64"},
		"elsewhere":             {messaging.AttachmentData{Links: []string{"x"}, Hash: "y"}, "", "no inline content"},
		"padding in the middle": {messaging.AttachmentData{Base64: "YQ==YQ=="}, "", "illegal base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := messaging.Attachment{ID: "7", Data: tc.data}
			got, err := a.Content()
			if tc.wantErr == "" && (err != nil || string(got) != tc.want) {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
			if tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr) || !strings.Contains(err.Error(), `"7"`)) {
				t.Errorf("got %q, %v; want an error about %q that names the attachment", got, err, tc.wantErr)
			}
		})
	}
}

// At least one member of data must be present, and links need a hash.
func TestAttachmentDataPresence(t *testing.T) {
	t.Parallel()
	for data, ok := range map[string]bool{
		`{}`:                         false,
		`{"base64":""}`:              false,
		`{"links":[]}`:               false,
		`{"unknown":1}`:              false,
		`{"json":{}}`:                true,
		`{"json":null}`:              true,
		`{"jws":{}}`:                 true,
		`{"hash":"x"}`:               true,
		`{"base64":"YQ"}`:            true,
		`{"links":["a"]}`:            false,
		`{"links":"a"}`:              false,
		`{"links":["a"],"hash":"x"}`: true,
	} {
		_, err := messaging.ParseMessage([]byte(codecPlain(`"attachments":[{"data":` + data + `}]`)))
		if (err == nil) != ok {
			t.Errorf("%s: %v, want accepted: %v", data, err, ok)
		}
	}
}
