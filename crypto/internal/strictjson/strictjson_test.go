package strictjson_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto/internal/strictjson"
)

// read collects the members of an object.
func read(data string) (members []string, err error) {
	err = strictjson.Members([]byte(data), func(name, value []byte) error {
		members = append(members, string(name)+"="+string(value))
		return nil
	})
	return members, err
}

func TestMembers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"empty", " { } ", nil},
		{"kinds", `{"a":"x","b":[1,{"c":null}],"d":{},"e":-1.5e+3,"f":true,"g":false,"h":null}`,
			[]string{`a="x"`, `b=[1,{"c":null}]`, "d={}", "e=-1.5e+3", "f=true", "g=false", "h=null"}},
		{"white space", "\t{\r\n \"a\" :\n1 , \"b\" : [ ] }\n", []string{"a=1", "b=[ ]"}},
		{"escaped name", `{"\u0061\n":"\u00e9"}`, []string{"a\n=" + `"\u00e9"`}},
		{"beyond ASCII", `{"käse":"🧀"}`, []string{`käse="🧀"`}},
		{"same name at two levels", `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}`, []string{`a={"a":{"a":1}}`, `b=[{"a":1},{"a":2}]`}},
		{"names that differ in case", `{"a":1,"A":2}`, []string{"a=1", "A=2"}},
		{"surrogate pair", `{"a":"\ud83e\uddc0"}`, []string{`a="\ud83e\uddc0"`}},
	} {
		if got, err := read(c.data); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	if _, err := read(deep(strictjson.MaxDepth)); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
	for name, data := range map[string]string{
		"nothing":                  "",
		"white space":              "  ",
		"array":                    "[]",
		"string":                   `"x"`,
		"null":                     "null",
		"word":                     "nul",
		"too deep":                 deep(strictjson.MaxDepth + 1),
		"too deep in arrays":       `{"a":` + strings.Repeat("[", strictjson.MaxDepth) + strings.Repeat("]", strictjson.MaxDepth) + "}",
		"no end":                   `{"a":1`,
		"no end of a string":       `{"a":"1`,
		"no value":                 `{"a":}`,
		"no colon":                 `{"a" 1}`,
		"no comma":                 `{"a":1 "b":2}`,
		"a comma too many":         `{"a":1,}`,
		"a comma too many, array":  `{"a":[1,]}`,
		"name without quotes":      `{a:1}`,
		"trailing brace":           `{"a":1}}`,
		"two values":               `{} {}`,
		"trailing zero byte":       "{}\x00",
		"byte order mark":          "\ufeff{}",
		"duplicate":                `{"a":1,"a":2}`,
		"duplicate, escaped":       `{"a":1,"\u0061":2}`,
		"duplicate, not adjacent":  `{"a":1,"b":2,"c":3,"a":4}`,
		"duplicate within":         `{"x":[{"y":{"a":1,"a":1}}]}`,
		"empty names twice":        `{"":1,"":2}`,
		"control character":        "{\"a\":\"\n\"}",
		"control, later":           "{\"a\":\"0123456789abcdef\x1f\"}",
		"bad escape":               `{"a":"\x"}`,
		"short escape":             `{"a":"\u12"}`,
		"bad digit":                `{"a":"\u12g4"}`,
		"escape at the end":        `{"a":"\`,
		"high surrogate alone":     `{"a":"\ud83e"}`,
		"high surrogate, another":  `{"a":"\ud83e\u0041"}`,
		"low surrogate alone":      `{"a":"\udc00"}`,
		"not UTF-8":                "{\"a\":\"\xff\"}",
		"not UTF-8, later":         "{\"a\":\"0123456789abcdef\xc3\"}",
		"not UTF-8, overlong":      "{\"a\":\"\xc0\x80\"}",
		"UTF-8 surrogate":          "{\"a\":\"\xed\xa0\x80\"}",
		"not UTF-8 in a name":      "{\"\xff\":1}",
		"UTF-8 cut by an escape":   "{\"a\":\"\xc3\\n\xa4\"}",
		"leading zero":             `{"a":01}`,
		"plus":                     `{"a":+1}`,
		"no digit":                 `{"a":-}`,
		"no digit after the point": `{"a":1.}`,
		"no digit in the exponent": `{"a":1e}`,
		"point first":              `{"a":.5}`,
		"NaN":                      `{"a":NaN}`,
		"True":                     `{"a":True}`,
		"comment":                  `{"a":1/**/}`,
	} {
		if got, err := read(data); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		} else if strings.Contains(err.Error(), "a\"") {
			t.Errorf("%s: the error quotes the input: %v", name, err)
		}
	}
}

func TestVisitEnds(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	n := 0
	err := strictjson.Members([]byte(`{"a":1,"b":2,"c":3}`), func(_, _ []byte) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if err != stop || n != 2 {
		t.Errorf("%v after %d members", err, n)
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		data  string
		limit int
		want  string
		ok    bool
	}{
		{"[]", 0, "", true},
		{` [ 1 , "b" ] `, 2, `1;"b";`, true},
		{"[1,2,3]", 2, "1;2;", false},
		{"[1,2", 5, "1;2;", false},
		{"[1]x", 5, "1;", false},
		{"{}", 5, "", false},
		{`[{"a":1,"a":2}]`, 5, "", false},
	} {
		var got strings.Builder
		err := strictjson.Elements([]byte(c.data), c.limit, func(value []byte) error {
			got.Write(append(value[:len(value):len(value)], ';'))
			return nil
		})
		if (err == nil) != c.ok || got.String() != c.want {
			t.Errorf("%s: %q, %v", c.data, got.String(), err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{`"x"`: "x", `""`: "", `"\"\u00e9\\"`: `"é\`} {
		if got, err := strictjson.Text([]byte(value)); err != nil || got != want {
			t.Errorf("%s: %q, %v", value, got, err)
		}
	}
	for _, value := range []string{"1", "null", "{}", "", `"`} {
		if _, err := strictjson.Text([]byte(value)); err == nil {
			t.Errorf("%s is no string", value)
		}
	}
	if !strictjson.IsNull([]byte("null")) || strictjson.IsNull([]byte(`"null"`)) {
		t.Error("null is not told from others")
	}
}

// reference reads data by another strict reader, which has no such limit of depth.
func reference(data []byte) (members []string, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if d.PeekKind() != '{' {
		return nil, false
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		text := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		members = append(members, text+"="+string(value))
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	_, err := d.ReadToken()
	return members, err == io.EOF
}

// depth is how deep brackets nest outside of strings.
func depth(data []byte) (deepest int) {
	now, inside, escaped := 0, false, false
	for _, c := range data {
		switch {
		case inside:
			inside, escaped = c != '"' || escaped, c == '\\' && !escaped
		case c == '"':
			inside = true
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// FuzzMembers holds the reader to another one: the same is accepted, and read as the same.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[true,false,null,{"c":"\ud83e\uddc0"}]}`, `{"a":1,"\u0061":2}`, `{"a":-0.0e-0,"b":"é\\\"\/\b\f\n\r\t"}`,
		`{"a":"` + strings.Repeat("x", 20) + "\x7f" + `"}`, "{\"a\":\"01234\x80\"}", `{"":{"":{"":[]}}} `, "{\"\\\"\":\"\xf0\x9f\xa7\x80\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := read(string(data))
		want, ok := reference(data)
		if ok && depth(data) > strictjson.MaxDepth {
			ok = false
		}
		if (err == nil) != ok {
			t.Fatalf("%q: %v, and the other says %v", data, err, ok)
		}
		if ok && !slices.Equal(got, want) {
			t.Fatalf("%q: %q, and the other reads %q", data, got, want)
		}
	})
}
