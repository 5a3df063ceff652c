package control_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parley-im/parley/internal/control"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		control.CodeUnexpected: 1, control.CodeUsage: 2, control.CodeNetwork: 3, control.CodeTrust: 4,
		control.CodeQuota: 5, control.CodeUnknown: 6, control.CodeNoDaemon: 7, control.CodeTimeout: 8, "": 1, "new": 1,
	} {
		if got := (&control.Error{Code: code}).Exit(); got != want {
			t.Errorf("exit of %q = %d, want %d", code, got, want)
		}
	}
}

func TestErrorOf(t *testing.T) {
	t.Parallel()
	known := &control.Error{Code: control.CodeTrust, Message: "m", Hint: "h"}
	for _, tc := range []struct {
		name string
		err  error
		want *control.Error
	}{
		{"nil", nil, nil},
		{"known", known, known},
		{"wrapped", fmt.Errorf("a: %w", known), known},
		{"joined", errors.Join(errors.New("x"), known), known},
		{"deadline", fmt.Errorf("ask: %w", context.DeadlineExceeded),
			&control.Error{Code: control.CodeTimeout, Message: "it took too long: ask: context deadline exceeded"}},
		{"foreign", errors.New("x"), &control.Error{Code: control.CodeUnexpected, Message: "x"}},
	} {
		got := control.ErrorOf(tc.err)
		if (got == nil) != (tc.want == nil) || got != nil && *got != *tc.want {
			t.Errorf("%s: %#v, want %#v", tc.name, got, tc.want)
		}
	}
}

func TestMarshal(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 7200)
	for _, tc := range []struct {
		name string
		v    any
		want string
	}{
		{"times are UTC", control.Invite{V: 1, Link: "parley:x", Expires: time.Date(2026, 11, 20, 11, 0, 0, 0, zone)},
			`{"v":1,"link":"parley:x","expires":"2026-11-20T09:00:00Z"}`},
		{"durations are words", control.PingRequest{To: "bob", Timeout: 90 * time.Second}, `{"to":"bob","timeout":"1m30s"}`},
		{"zero fields vanish", control.Contact{V: 1, Name: "bob", DID: "did:x:y"}, `{"v":1,"name":"bob","did":"did:x:y"}`},
		{"no HTML escapes", control.Error{Code: "x", Message: "<&>"}, `{"code":"x","message":"<&>"}`},
		{"broken UTF-8 is mended", control.Error{Code: "x", Message: "a\xffb"}, `{"code":"x","message":"a` + "\ufffd" + `b"}`},
		{"control characters", control.Error{Code: "x", Message: "\x1b[2J\n"}, `{"code":"x","message":"\u001b[2J\n"}`},
	} {
		got, err := control.Marshal(tc.v)
		if err != nil || string(got) != tc.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", tc.name, got, err, tc.want)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":"x","from":"did:x:y","from_name":"bob","type":"t","content":"hi","thid":"x","received":"2026-11-20T09:00:00Z","body":{"a":1}}`))
	f.Add([]byte(`{"v":1,"v":1}`))
	f.Add([]byte(`{"received":"yesterday"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m control.Message
		if control.Unmarshal(data, &m) != nil {
			return
		}
		again, err := control.Marshal(m)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		var n control.Message
		if err := control.Unmarshal(again, &n); err != nil {
			t.Fatalf("%s cannot be read again: %v", again, err)
		}
	})
}
