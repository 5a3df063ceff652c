package control

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	want := ReceiveRequest{From: "a&b=c ü", After: -1 << 62, All: true, Limit: 7, Wait: 90 * time.Second}
	q := encodeQuery(want)
	if got := q.Encode(); got != "after=-4611686018427387904&all=true&from=a%26b%3Dc+%C3%BC&limit=7&wait=1m30s" {
		t.Errorf("query %s", got)
	}
	var got ReceiveRequest
	if err := decodeQuery(q, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-sent +got):\n%s", diff)
	}
	if q := encodeQuery(none{}); len(q) != 0 {
		t.Errorf("nothing is %v", q)
	}
	var lists struct {
		IDs []string `json:"ids"`
	}
	if err := decodeQuery(url.Values{"ids": {"x"}}, &lists); err == nil {
		t.Error("a list was read from a query")
	}
}

func FuzzDecodeQuery(f *testing.F) {
	f.Add("from=bob&limit=3&wait=1m30s&all=true")
	f.Add("after=99999999999999999999")
	f.Add("from=a&from=b")
	f.Fuzz(func(t *testing.T, s string) {
		values, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		var r, again ReceiveRequest
		if decodeQuery(values, &r) != nil {
			return
		}
		if err := decodeQuery(encodeQuery(r), &again); err != nil || r != again {
			t.Errorf("%+v comes back as %+v, %v", r, again, err)
		}
	})
}
