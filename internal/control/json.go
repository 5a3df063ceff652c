package control

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// forms are how the API and the command write JSON: durations as "1m30s", times in UTC.
var forms = json.JoinOptions(
	// What others sent was checked when it arrived. Refusing to show it would help nobody.
	jsontext.AllowInvalidUTF8(true),
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, d time.Duration) error {
			return enc.WriteToken(jsontext.String(d.String()))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, t time.Time) error {
			return enc.WriteToken(jsontext.String(t.UTC().Format(time.RFC3339Nano)))
		}),
	)),
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, d *time.Duration) error {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if tok.Kind() != '"' {
			return fmt.Errorf(`a duration is a string such as "1m30s"`)
		}
		*d, err = time.ParseDuration(tok.String())
		return err
	})),
)

// Marshal writes v as the API and the command do: one line without a line feed at its end, times in
// RFC 3339 and UTC, durations as strings such as "1m30s", [] for an empty list.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, forms) }

// Unmarshal reads what Marshal wrote. Names are case-sensitive and may occur once; unknown ones are
// passed over, so that a client understands a newer daemon.
func Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v, forms) }

// unmarshalStrict also refuses unknown names: a misspelt member of a request must not be passed over.
func unmarshalStrict(data []byte, v any) error {
	return json.Unmarshal(data, v, forms, json.RejectUnknownMembers(true))
}
