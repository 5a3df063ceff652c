package jose

import "github.com/parley-im/parley/crypto/internal/strictjson"

// optional is the string that a JSON value holds, and empty for null: some serializers write that for a member
// that is absent.
func optional(v []byte) (string, error) {
	if strictjson.IsNull(v) {
		return "", nil
	}
	return strictjson.Text(v)
}

// octets decodes a JSON string of base64url.
func octets(v []byte) ([]byte, error) {
	b, err := strictjson.Unquote(v)
	if err != nil {
		return nil, err
	}
	return decode(b, 0)
}
