package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// raw asks the socket with plain HTTP, as curl would.
func raw(t *testing.T, path, method, url, body string) (int, string) {
	t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	defer tr.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://x"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	return resp.StatusCode, string(data)
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	fake := &controltest.Wallet{}
	path, _ := serving(t, fake)
	for _, tc := range []struct {
		name, method, url, body string
		status                  int
		message                 string
	}{
		{"unknown route", "GET", "/v1/nothing", "", 404, "no such route: GET /v1/nothing"},
		{"root", "GET", "/", "", 404, "no such route"},
		{"later version", "GET", "/v2/self", "", 404, "no such route"},
		{"wrong method", "POST", "/v1/self", "{}", 404, "no such route: POST /v1/self"},
		{"a read that changes", "GET", "/v1/messages/send", "", 404, "no such route"},
		{"unknown parameter", "GET", "/v1/messages/received?form=bob", "", 400, `unknown parameter "form"`},
		{"repeated parameter", "GET", "/v1/messages/received?from=a&from=b", "", 400, `"from" is given 2 times`},
		{"bad number", "GET", "/v1/messages/received?limit=x", "", 400, `"limit"`},
		{"bad boolean", "GET", "/v1/messages/received?all=perhaps", "", 400, `"all"`},
		{"bad duration", "GET", "/v1/messages/received?wait=10", "", 400, `"wait"`},
		{"no JSON", "POST", "/v1/messages/send", "hi", 400, "not what this route takes"},
		{"nothing", "POST", "/v1/messages/send", "", 400, "not what this route takes"},
		{"unknown member", "POST", "/v1/messages/send", `{"to":"bob","txt":"hi"}`, 400, "txt"},
		{"other case", "POST", "/v1/messages/send", `{"To":"bob"}`, 400, "To"},
		{"repeated member", "POST", "/v1/messages/send", `{"to":"bob","to":"eve"}`, 400, "duplicate"},
		{"trailing", "POST", "/v1/messages/send", `{"to":"bob"}{}`, 400, "not what this route takes"},
		{"duration as number", "POST", "/v1/messages/send", `{"timeout":5}`, 400, "1m30s"},
		{"too large", "POST", "/v1/messages/send", `{"text":"` + strings.Repeat("x", 1<<20) + `"}`, 400, "larger than 1024 KiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, body := raw(t, path, tc.method, tc.url, tc.body)
			var a struct {
				V     int
				Error control.Error
			}
			if err := json.Unmarshal([]byte(body), &a); err != nil {
				t.Fatalf("%v in %q", err, body)
			}
			if status != tc.status || a.V != 1 || a.Error.Code != control.CodeUsage || !strings.Contains(a.Error.Message, tc.message) {
				t.Errorf("%d %s\nwant %d, usage, %q", status, body, tc.status, tc.message)
			}
		})
	}
	t.Cleanup(func() {
		if calls := fake.Calls(); len(calls) != 0 {
			t.Errorf("bad requests reached the wallet: %v", calls)
		}
	})
}

// The forms of /v1 are fixed: somebody's script depends on them.
func TestForms(t *testing.T) {
	t.Parallel()
	fake := &controltest.Wallet{}
	path, _ := serving(t, fake)
	_, body := raw(t, path, "GET", "/v1/self", "")
	if want := `{"v":1,"result":{"v":0,"did":"","peer_id":""}}` + "\n"; body != want {
		t.Errorf("got  %swant %s", body, want)
	}
	_, body = raw(t, path, "GET", "/v1/contacts", "")
	if want := `{"v":1,"result":[]}` + "\n"; body != want {
		t.Errorf("got  %swant %s", body, want)
	}
	raw(t, path, "GET", "/v1/messages/received?from=bob&limit=3&wait=1m30s&all=true", "")
	raw(t, path, "POST", "/v1/messages/send", `{"to":"bob","text":"hi","timeout":"10s"}`)
	want := []controltest.Call{
		{Method: "Self"}, {Method: "Contacts"},
		{Method: "Receive", Args: []any{control.ReceiveRequest{From: "bob", Limit: 3, Wait: 90e9, All: true}}},
		{Method: "Send", Args: []any{control.SendRequest{To: "bob", Text: "hi", Timeout: 10e9}}},
	}
	if diff := cmp.Diff(want, fake.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Long polls fill their own route only, and one too many is told so.
func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	started := make(chan string, 100)
	fake := &controltest.Wallet{Answer: func(ctx context.Context, c controltest.Call) (any, error) {
		if c.Method == "Receive" {
			started <- c.Method
			<-ctx.Done()
		}
		return nil, ctx.Err()
	}}
	path, _ := serving(t, fake)
	c := client(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 100)
	for range 64 {
		go func() {
			_, err := c.Receive(ctx, control.ReceiveRequest{})
			ended <- err
		}()
	}
	for range 64 {
		within(t, started, "call")
	}
	_, err := c.Receive(t.Context(), control.ReceiveRequest{})
	if e := control.ErrorOf(err); e == nil || e.Code != control.CodeQuota {
		t.Errorf("call 65: %v, want code quota", err)
	}
	if _, err := c.Self(t.Context()); err != nil {
		t.Errorf("another route: %v", err)
	}
	cancel()
	for range 64 {
		within(t, ended, "end of a call")
	}
}

// A client that says nothing does not hold the end of Serve up.
func TestSilentClient(t *testing.T) {
	t.Parallel()
	path, stop := serving(t, &controltest.Wallet{})
	c, err := new(net.Dialer).DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "POST /v1/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// answering is a socket that answers every request with the same bytes.
func answering(t *testing.T, response string) string {
	t.Helper()
	path := socketPath(t)
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, response)
			}
			_ = c.Close()
		}
	}()
	return path
}

func TestOddDaemons(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
	for _, tc := range []struct{ name, response, code, message string }{
		{"silent", "", control.CodeNoDaemon, "went away"},
		{"cut short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"v\":1", control.CodeNoDaemon, "went away"},
		{"not HTTP", "220 mail.example ESMTP\r\n", control.CodeNoDaemon, "went away"},
		{"not JSON", head + "<html>", control.CodeUnexpected, "not understood"},
		{"later version", head + `{"v":2,"result":{}}`, control.CodeUnexpected, "not understood"},
		{"other type", head + `{"v":1,"result":[1]}`, control.CodeUnexpected, "not understood"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := client(t, answering(t, tc.response)).Self(t.Context())
			e := control.ErrorOf(err)
			if e == nil || e.Code != tc.code || !strings.Contains(e.Message, tc.message) {
				t.Errorf("error = %v, want %s and %q", err, tc.code, tc.message)
			}
		})
	}
	self, err := client(t, answering(t, head+`{"v":1,"result":{"v":1,"did":"did:x:y","of_tomorrow":true}}`)).Self(t.Context())
	if err != nil || self.DID != "did:x:y" {
		t.Errorf("a daemon with a new member: %v, %v", self, err)
	}
}
