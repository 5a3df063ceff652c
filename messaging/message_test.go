package messaging_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/vectors"
	"github.com/parley-im/parley/messaging"
)

const codecType = "https://example.com/protocols/lets_do_lunch/1.0/proposal"

var (
	codecAlice = did.MustParse("did:example:alice")
	codecBob   = did.MustParse("did:example:bob")
	codecDIDs  = cmp.Comparer(func(a, b did.DID) bool { return a == b })
)

// codecFull is a message with every field set.
func codecFull() *messaging.Message {
	return &messaging.Message{
		ID: "m1", Type: codecType, From: codecAlice, To: []did.DID{codecBob, codecAlice},
		ThreadID: "t1", ParentThreadID: "p1",
		Created: time.Unix(1516269022, 0).UTC(), Expires: time.Unix(1516385931, 0).UTC(),
		Body:        jsontext.Value(`{"a":[1,null,"é"]}`),
		Attachments: []messaging.Attachment{codecAttachment()},
		PleaseAck:   []string{"", "m0"}, Ack: []string{"x", "y"},
		Extra: map[string]jsontext.Value{"lang": jsontext.Value(`"en"`), "my_none": jsontext.Value(`null`)},
	}
}

func codecAttachment() messaging.Attachment {
	return messaging.Attachment{
		ID: "1", Description: "d", Filename: "f.txt", MediaType: "text/plain", Format: "f",
		LastModTime: 5, ByteCount: 6,
		Data: messaging.AttachmentData{
			JWS: jsontext.Value(`{"signatures":[]}`), Hash: "zQm", Links: []string{"https://example.com/f"},
			Base64: "aGFsbG8", JSON: jsontext.Value(`{}`),
		},
	}
}

func TestMarshalWritesEveryHeader(t *testing.T) {
	t.Parallel()
	got, err := codecFull().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"m1","typ":"application/didcomm-plain+json","type":"` + codecType + `",` +
		`"from":"did:example:alice","to":["did:example:bob","did:example:alice"],"thid":"t1","pthid":"p1",` +
		`"created_time":1516269022,"expires_time":1516385931,"please_ack":["","m0"],"ack":["x","y"],` +
		`"body":{"a":[1,null,"é"]},"attachments":[{"id":"1","description":"d","filename":"f.txt",` +
		`"media_type":"text/plain","format":"f","lastmod_time":5,"byte_count":6,"data":{` +
		`"jws":{"signatures":[]},"hash":"zQm","links":["https://example.com/f"],"base64":"aGFsbG8","json":{}}}],` +
		`"lang":"en","my_none":null}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("plaintext (-want +got):\n%s", diff)
	}
	back, err := messaging.ParseMessage(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(codecFull(), back, codecDIDs); diff != "" {
		t.Errorf("parsed again (-want +got):\n%s", diff)
	}
}

// The body is sent even when it is empty: some implementations still want the v2.0 rule.
func TestMarshalMinimalHasBody(t *testing.T) {
	t.Parallel()
	got, err := (&messaging.Message{ID: "1", Type: codecType}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"1","typ":"application/didcomm-plain+json","type":"` + codecType + `","body":{}}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMarshalAttachmentMembers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		data messaging.AttachmentData
		want string
	}{
		"empty object": {messaging.AttachmentData{JSON: jsontext.Value(`{}`)}, `{"data":{"json":{}}}`},
		"null":         {messaging.AttachmentData{JSON: jsontext.Value(`null`)}, `{"data":{"json":null}}`},
		"base64":       {messaging.AttachmentData{Base64: "qwerty"}, `{"data":{"base64":"qwerty"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := messaging.Message{ID: "1", Type: codecType, Attachments: []messaging.Attachment{{Data: tc.data}}}
			b, err := m.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if want := `"attachments":[` + tc.want + `]}`; !strings.HasSuffix(string(b), want) {
				t.Errorf("got %s, want it to end in %s", b, want)
			}
			if _, err := messaging.ParseMessage(b); err != nil {
				t.Errorf("what was written does not parse: %v", err)
			}
		})
	}
}

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*messaging.Message{
		"known header as extra": {ID: "1", Type: codecType, Extra: map[string]jsontext.Value{"id": jsontext.Value(`"2"`)}},
		"broken body":           {ID: "1", Type: codecType, Body: jsontext.Value(`{"a":`)},
		"duplicate in body":     {ID: "1", Type: codecType, Body: jsontext.Value(`{"a":1,"a":2}`)},
		"id is not UTF-8":       {ID: "\xff", Type: codecType},
	} {
		if b, err := m.Marshal(); err == nil {
			t.Errorf("%s: made %s", name, b)
		}
	}
}

// codecPlain is a plaintext with one member replaced or added.
func codecPlain(member string) string {
	return `{"id":"1","type":"` + codecType + `",` + member + `}`
}

func TestParseMessageRefuses(t *testing.T) {
	t.Parallel()
	many := func(n int, element string) string { return "[" + strings.Repeat(element+",", n-1) + element + "]" }
	for name, plaintext := range map[string]string{
		"nothing":              ``,
		"not JSON":             `aaaa`,
		"null":                 `null`,
		"an array":             `[]`,
		"trailing data":        codecPlain(`"body":{}`) + `{}`,
		"no id":                `{"type":"` + codecType + `"}`,
		"empty id":             `{"id":"","type":"` + codecType + `"}`,
		"long id":              `{"id":"` + strings.Repeat("i", 257) + `","type":"` + codecType + `"}`,
		"id a number":          `{"id":1,"type":"` + codecType + `"}`,
		"no type":              `{"id":"1"}`,
		"type in other case":   `{"id":"1","Type":"` + codecType + `"}`,
		"long type":            `{"id":"1","type":"https://` + strings.Repeat("t", 1024) + `"}`,
		"duplicate id":         codecPlain(`"id":"2"`),
		"duplicate extra":      codecPlain(`"x":1,"x":1`),
		"duplicate in body":    codecPlain(`"body":{"a":1,"a":2}`),
		"encrypted typ":        codecPlain(`"typ":"application/didcomm-encrypted+json"`),
		"from empty fragment":  codecPlain(`"from":"did:example:alice#"`),
		"from a key":           codecPlain(`"from":"did:example:alice#key-1"`),
		"from no DID":          codecPlain(`"from":"alice"`),
		"from an array":        codecPlain(`"from":["did:example:alice"]`),
		"from a bad URL":       codecPlain(`"from":"did:example:alice?"`),
		"to a string":          codecPlain(`"to":"did:example:bob"`),
		"to a key":             codecPlain(`"to":["did:example:bob#key-1"]`),
		"to holds null":        codecPlain(`"to":[null]`),
		"to unfinished":        `{"id":"1","type":"` + codecType + `","to":["did:example:bob"`,
		"65 recipients":        codecPlain(`"to":` + many(65, `"did:example:bob"`)),
		"long thid":            codecPlain(`"thid":"` + strings.Repeat("t", 257) + `"`),
		"long pthid":           codecPlain(`"pthid":"` + strings.Repeat("t", 257) + `"`),
		"created a string":     codecPlain(`"created_time":"1"`),
		"created a fraction":   codecPlain(`"created_time":1.5`),
		"created before 1970":  codecPlain(`"created_time":-1`),
		"expires after 9999":   codecPlain(`"expires_time":253402300800`),
		"expires over 64 bits": codecPlain(`"expires_time":9223372036854775808`),
		"257 acks":             codecPlain(`"ack":` + many(257, `"x"`)),
		"257 please_acks":      codecPlain(`"please_ack":` + many(257, `"x"`)),
		"acks are numbers":     codecPlain(`"ack":[1]`),
		"body an array":        codecPlain(`"body":[]`),
		"body null":            codecPlain(`"body":null`),
		"65 attachments":       codecPlain(`"attachments":` + many(65, `{"data":{"hash":"x"}}`)),
		"attachment no data":   codecPlain(`"attachments":[{"id":"1"}]`),
		"links without hash":   codecPlain(`"attachments":[{"data":{"links":["1"]}}]`),
		"size a string":        codecPlain(`"attachments":[{"byte_count":"5","data":{"hash":"x"}}]`),
		"65 other headers":     codecPlain(codecHeaders(65)),
		"not UTF-8":            codecPlain("\"x\":\"\xff\""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := messaging.ParseMessage([]byte(plaintext))
			if !errors.Is(err, messaging.ErrMessage) {
				t.Errorf("got %+v, %v; want ErrMessage", m, err)
			}
		})
	}
}

func TestParseMessageAccepts(t *testing.T) {
	t.Parallel()
	minimal := func(change func(*messaging.Message)) *messaging.Message {
		m := &messaging.Message{ID: "1", Type: codecType}
		change(m)
		return m
	}
	for name, tc := range map[string]struct {
		member string
		want   *messaging.Message
	}{
		"typ without prefix": {`"typ":"didcomm-plain+json"`, minimal(func(*messaging.Message) {})},
		"typ with prefix":    {`"typ":"application/didcomm-plain+json"`, minimal(func(*messaging.Message) {})},
		"from a DID URL": {`"from":"did:example:alice?service=x"`,
			minimal(func(m *messaging.Message) { m.From = codecAlice })},
		"to a DID URL with a path": {`"to":["did:example:bob/a/b"]`,
			minimal(func(m *messaging.Message) { m.To = []did.DID{codecBob} })},
		"to empty": {`"to":[]`, minimal(func(*messaging.Message) {})},
		"to null":  {`"to":null`, minimal(func(*messaging.Message) {})},
		"the edges of time": {`"created_time":0,"expires_time":253402300799`, minimal(func(m *messaging.Message) {
			m.Created, m.Expires = time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
		})},
		"id in other case is another header": {`"ID":"2"`, minimal(func(m *messaging.Message) {
			m.Extra = map[string]jsontext.Value{"ID": jsontext.Value(`"2"`)}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := messaging.ParseMessage([]byte(codecPlain(tc.member)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, codecDIDs, codecNilSlices); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// codecHeaders makes n unknown headers.
func codecHeaders(n int) string {
	var hs []string
	for i := range n {
		hs = append(hs, fmt.Sprintf(`"h%d":%d`, i, i))
	}
	return strings.Join(hs, ",")
}

func TestParseMessageManyHeaders(t *testing.T) {
	t.Parallel()
	m, err := messaging.ParseMessage([]byte(codecPlain(codecHeaders(64))))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Extra) != 64 || string(m.Extra["h63"]) != "63" {
		t.Errorf("%d headers, the last is %s; want 64", len(m.Extra), m.Extra["h63"])
	}
}

// codecNilSlices takes nil and empty lists as equal.
var codecNilSlices = cmp.FilterValues(
	func(a, b []did.DID) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())

// A message owns what it holds: the bytes that it was read from may be overwritten.
func TestParseMessageCopies(t *testing.T) {
	t.Parallel()
	b, err := codecFull().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	m, err := messaging.ParseMessage(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 'X'
	}
	if diff := cmp.Diff(codecFull(), m, codecDIDs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a stranger sends must not become a large multiple of itself in memory. The bound is over all
// that is allocated on the way: the names that the JSON decoder keeps to find duplicates are most of it.
func TestParseMessageMemory(t *testing.T) {
	const size = 1 << 20
	fill := func(before, element, after string) string {
		return before + strings.Repeat(element, (size-len(before)-len(after))/len(element)) + after
	}
	var extra strings.Builder
	for i := 0; extra.Len() < size-20; i++ {
		fmt.Fprintf(&extra, `"%x":0,`, i)
	}
	for name, plaintext := range map[string]string{
		"attachments":     codecPlain(fill(`"attachments":[`, `{},`, `{}]`)),
		"recipients":      codecPlain(fill(`"to":[`, `"",`, `""]`)),
		"acks":            codecPlain(fill(`"ack":[`, `"",`, `""]`)),
		"links":           codecPlain(fill(`"attachments":[{"data":{"links":[`, `"",`, `""]}}]`)),
		"extra headers":   codecPlain(extra.String() + `"body":{}`),
		"members of body": codecPlain(`"body":{` + extra.String() + `"body":{}}`),
		"deep body":       codecPlain(`"body":{"a":` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2) + `}`),
		"plain text":      codecPlain(fill(`"body":{"content":"`, `x`, `"}`)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = messaging.ParseMessage([]byte(plaintext))
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d bytes allocated for %d", name, used, len(plaintext))
		if limit := 32*uint64(len(plaintext)) + 64<<10; used > limit {
			t.Errorf("%s: %d bytes allocated, want at most %d", name, used, limit)
		}
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	a, b := messaging.NewID(), messaging.NewID()
	if len(a) != 26 || len(b) != 26 || a == b {
		t.Errorf("got %q and %q, want two different ids of 26 characters", a, b)
	}
}

func TestThread(t *testing.T) {
	t.Parallel()
	if got := (&messaging.Message{ID: "a", ThreadID: "b"}).Thread(); got != "b" {
		t.Errorf("with thid: %q", got)
	}
	if got := (&messaging.Message{ID: "a"}).Thread(); got != "a" {
		t.Errorf("without thid: %q", got)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	var m messaging.Message
	if err := m.SetBody(map[string]any{"b": 1, "a": "x"}); err != nil {
		t.Fatal(err)
	}
	if got := string(m.Body); got != `{"a":"x","b":1}` {
		t.Errorf("body %s", got)
	}
	var got struct {
		A string `json:"a"`
	}
	if err := m.DecodeBody(&got); err != nil || got.A != "x" {
		t.Errorf("decoded %+v, %v", got, err)
	}
	for name, v := range map[string]any{"array": []int{1}, "nil": nil, "text": "x"} {
		if err := m.SetBody(v); !errors.Is(err, messaging.ErrMessage) {
			t.Errorf("SetBody(%s): %v, want ErrMessage", name, err)
		}
	}
	if err := m.SetBody(make(chan int)); err == nil {
		t.Error("a channel became a body")
	}
	if string(m.Body) != `{"a":"x","b":1}` {
		t.Errorf("a failed SetBody changed the body to %s", m.Body)
	}
}

func TestDecodeBodyRefuses(t *testing.T) {
	t.Parallel()
	var v struct {
		A string `json:"a"`
	}
	if err := (&messaging.Message{}).DecodeBody(&v); err != nil || v.A != "" {
		t.Errorf("an absent body: %v, %+v", err, v)
	}
	for _, body := range []string{`{"a":1}`, `{"a":"x","a":"y"}`, `[]`} {
		m := messaging.Message{Body: jsontext.Value(body)}
		if err := m.DecodeBody(&v); !errors.Is(err, messaging.ErrMessage) {
			t.Errorf("%s: %v, want ErrMessage", body, err)
		}
	}
}

// FuzzMessage: what is read is written, and read again as the same.
func FuzzMessage(f *testing.F) {
	full, err := codecFull().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	for _, member := range []string{
		`"body":{}`, `"from":"did:example:alice?a=b"`, `"attachments":[{"data":{"json":{}}}]`,
		`"to":null`, `"created_time":-1`, `"x":{"y":[]}`, `"ack":[""]`, `"id":"2"`, `"attachments":[{"data":{"json":null}}]`,
	} {
		f.Add([]byte(codecPlain(member)))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"id":"1","type":"t","to":[`))
	vectors.Seeds(f, func(seed []byte) { f.Add(seed) })
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		m, err := messaging.ParseMessage(plaintext)
		if err != nil {
			if !errors.Is(err, messaging.ErrMessage) {
				t.Fatalf("error does not wrap ErrMessage: %v", err)
			}
			return
		}
		b, err := m.Marshal()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := messaging.ParseMessage(b)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, b)
		}
		c, err := again.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != string(c) {
			t.Fatalf("not stable:\n%s\n%s", b, c)
		}
	})
}
