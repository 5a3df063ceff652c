package jose

import (
	"bytes"
	"encoding/base64"
	"errors"
)

// encoding is base64url without padding (RFC 7515 section 2) that refuses stray bits.
var encoding = base64.RawURLEncoding.Strict()

var errBase64 = errors.New("not strict base64url")

// decode decodes strict base64url into a new slice with room for extra more bytes.
func decode(src []byte, extra int) ([]byte, error) {
	// The standard decoder skips line breaks even when strict.
	if bytes.IndexByte(src, '\n') >= 0 || bytes.IndexByte(src, '\r') >= 0 {
		return nil, errBase64
	}
	dst := make([]byte, encoding.DecodedLen(len(src)), encoding.DecodedLen(len(src))+extra)
	n, err := encoding.Decode(dst, src)
	if err != nil {
		return nil, errBase64
	}
	return dst[:n], nil
}

// appendEncoded appends the base64url encoding of src to dst.
func appendEncoded(dst, src []byte) []byte { return encoding.AppendEncode(dst, src) }
