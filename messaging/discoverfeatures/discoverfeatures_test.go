package discoverfeatures_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
	"github.com/parley-im/parley/messaging/discoverfeatures"
)

var bob = did.MustParse("did:example:bob")

// all are features as a wallet may have them.
var all = []discoverfeatures.Feature{
	{Type: "protocol", ID: "https://didcomm.org/tictactoe/1.0", Roles: []string{"player"}},
	{Type: "protocol", ID: "https://didcomm.org/tictactoe/1.1"},
	{Type: "protocol", ID: "https://didcomm.org/trust-ping/2.0"},
	{Type: "goal-code", ID: "org.didcomm.sell"},
	{Type: "header", ID: "star*"},
}

func TestQueries(t *testing.T) {
	t.Parallel()
	qs := []discoverfeatures.Query{{"protocol", "https://didcomm.org/tictactoe/1.*"}, {"goal-code", "x\xff*"}}
	m := discoverfeatures.Queries(bob, qs...)
	want := `{"queries":[{"feature-type":"protocol","match":"https://didcomm.org/tictactoe/1.*"},{"feature-type":"goal-code","match":"x` + "\uFFFD" + `*"}]}`
	if m.Type != discoverfeatures.QueriesType || len(m.To) != 1 || m.To[0] != bob || string(m.Body) != want {
		t.Errorf("made %+v with %s", m, m.Body)
	}
	if qs[1].Match != "x\xff*" {
		t.Error("the caller's queries were changed")
	}
	got, err := discoverfeatures.ParseQueries(m)
	if err != nil || len(got) != 2 || got[0] != qs[0] {
		t.Errorf("read back %v, %v", got, err)
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		queries []discoverfeatures.Query
		want    []int
	}{
		"exactly":             {[]discoverfeatures.Query{{"protocol", "https://didcomm.org/trust-ping/2.0"}}, []int{2}},
		"a prefix":            {[]discoverfeatures.Query{{"protocol", "https://didcomm.org/tictactoe/1.*"}}, []int{0, 1}},
		"the whole and more":  {[]discoverfeatures.Query{{"protocol", "https://didcomm.org/trust-ping/2.0*"}}, []int{2}},
		"everything of it":    {[]discoverfeatures.Query{{"protocol", "*"}}, []int{0, 1, 2}},
		"each once":           {[]discoverfeatures.Query{{"protocol", "*"}, {"goal-code", "*"}, {"protocol", "*"}}, []int{0, 1, 2, 3}},
		"a star as it is":     {[]discoverfeatures.Query{{"header", "star*"}}, []int{4}},
		"a star within":       {[]discoverfeatures.Query{{"protocol", "https://*/trust-ping/2.0"}}, nil},
		"a prefix without it": {[]discoverfeatures.Query{{"protocol", "https://didcomm.org/"}}, nil},
		"another type":        {[]discoverfeatures.Query{{"gov-fw", "*"}, {"made-up", "*"}, {"*", "*"}, {"", "*"}}, nil},
		"another case":        {[]discoverfeatures.Query{{"Protocol", "*"}, {"goal-code", "ORG.*"}}, nil},
		"nothing":             {[]discoverfeatures.Query{{"protocol", ""}}, nil},
		"no query":            {nil, nil},
	} {
		want := []discoverfeatures.Feature{}
		for _, i := range tc.want {
			want = append(want, all[i])
		}
		if diff := cmp.Diff(want, discoverfeatures.Select(all, tc.queries)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const queries, disclose = discoverfeatures.QueriesType, discoverfeatures.DiscloseType
	for name, tc := range map[string]struct {
		typ, body string
		want      error
	}{
		"queries":              {queries, `{"queries":[{"feature-type":"protocol","match":"*","new":1}],"x":1}`, nil},
		"no query":             {queries, `{"queries":[]}`, nil},
		"disclosures":          {disclose, `{"disclosures":[{"feature-type":"header","id":"a","roles":["b"]}]}`, nil},
		"nothing disclosed":    {disclose, `{"disclosures":[]}`, nil},
		"a minor version":      {"https://didcomm.org/DiscoverFeatures/2.1/disclose", `{"disclosures":[]}`, nil},
		"no queries":           {queries, `{}`, discoverfeatures.ErrType},
		"null":                 {disclose, `{"disclosures":null}`, discoverfeatures.ErrType},
		"another type":         {discoverfeatures.Protocol + "other", `{"queries":[],"disclosures":[]}`, discoverfeatures.ErrType},
		"version 1":            {"https://didcomm.org/discover-features/1.0/disclose", `{"disclosures":[]}`, discoverfeatures.ErrType},
		"queries an object":    {queries, `{"queries":{}}`, messaging.ErrMessage},
		"match a number":       {queries, `{"queries":[{"feature-type":"protocol","match":1}]}`, messaging.ErrMessage},
		"roles a string":       {disclose, `{"disclosures":[{"feature-type":"protocol","id":"a","roles":"b"}]}`, messaging.ErrMessage},
		"members of both kind": {queries, `{"queries":[],"queries":[]}`, messaging.ErrMessage},
	} {
		m := &messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body)}
		var err error
		if messaging.SameType(tc.typ, queries) {
			_, err = discoverfeatures.ParseQueries(m)
		} else {
			_, err = discoverfeatures.ParseDisclose(m)
		}
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// replier notes what a handler asks for.
type replier struct {
	kept    bool
	replies []*messaging.Message
	err     error
}

func (r *replier) Reply(m *messaging.Message) error {
	r.replies = append(r.replies, m)
	return r.err
}

func (r *replier) Keep() { r.kept = true }

func received(typ, body string, sender did.DID) *messaging.Received {
	m := &messaging.Message{ID: "1", Type: typ, Body: jsontext.Value(body)}
	return &messaging.Received{Message: m, Sender: sender}
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	h := discoverfeatures.Handler{Features: func(_ context.Context, from did.DID) []discoverfeatures.Feature {
		if from != bob {
			t.Errorf("features for %v", from)
		}
		return all
	}}
	for name, tc := range map[string]struct{ body, want string }{
		"one":             {`{"queries":[{"feature-type":"protocol","match":"*ping*"},{"feature-type":"goal-code","match":"org.*"}]}`, `{"disclosures":[{"feature-type":"goal-code","id":"org.didcomm.sell"}]}`},
		"with roles":      {`{"queries":[{"feature-type":"protocol","match":"https://didcomm.org/tictactoe/1.0"}]}`, `{"disclosures":[{"feature-type":"protocol","id":"https://didcomm.org/tictactoe/1.0","roles":["player"]}]}`},
		"unknown type":    {`{"queries":[{"feature-type":"colour","match":"*"}]}`, `{"disclosures":[]}`},
		"nothing asked":   {`{"queries":[]}`, `{"disclosures":[]}`},
		"beyond the 16th": {`{"queries":[` + strings.Repeat(`{"feature-type":"colour","match":"*"},`, 16) + `{"feature-type":"protocol","match":"*"}]}`, `{"disclosures":[]}`},
	} {
		re := &replier{}
		if err := h.HandleMessage(t.Context(), re, received(discoverfeatures.QueriesType, tc.body, bob)); err != nil || re.kept || len(re.replies) != 1 {
			t.Errorf("%s: %v, %+v; want one answer", name, err, re)
			continue
		}
		if m := re.replies[0]; m.Type != discoverfeatures.DiscloseType || m.ThreadID != "1" || m.To[0] != bob || string(m.Body) != tc.want {
			t.Errorf("%s: %+v with %s, want %s", name, m, m.Body, tc.want)
		}
	}
}

func TestHandlerDisclosesWithinLimits(t *testing.T) {
	t.Parallel()
	many := make([]discoverfeatures.Feature, 1000)
	for i := range many {
		many[i] = discoverfeatures.Feature{Type: "header", ID: "x"}
	}
	h := discoverfeatures.Handler{Features: func(context.Context, did.DID) []discoverfeatures.Feature { return many }}
	re := &replier{}
	m := received(discoverfeatures.QueriesType, `{"queries":[{"feature-type":"header","match":"*"}]}`, bob)
	if err := h.HandleMessage(t.Context(), re, m); err != nil {
		t.Fatal(err)
	}
	got, err := discoverfeatures.ParseDisclose(re.replies[0])
	if n := strings.Count(string(re.replies[0].Body), "header"); err != nil || len(got) != discoverfeatures.MaxDisclosures || n != len(got) {
		t.Errorf("%d sent, %d read, %v", n, len(got), err)
	}
}

func TestHandlerIsSilent(t *testing.T) {
	t.Parallel()
	const ask = `{"queries":[{"feature-type":"protocol","match":"*"}]}`
	for name, tc := range map[string]struct {
		m    *messaging.Received
		err  error
		kept bool
	}{
		"nobody":      {received(discoverfeatures.QueriesType, ask, did.DID{}), nil, false},
		"malformed":   {received(discoverfeatures.QueriesType, `{"queries":1}`, bob), body.Malformed, false},
		"a bad other": {received(discoverfeatures.DiscloseType, `{"disclosures":1}`, bob), body.Malformed, false},
		"disclosures": {received(discoverfeatures.DiscloseType, `{"disclosures":[]}`, bob), nil, false},
		"unknown":     {received(discoverfeatures.Protocol+"tell", ask, bob), nil, true},
	} {
		re := &replier{}
		err := discoverfeatures.Handler{}.HandleMessage(t.Context(), re, tc.m)
		if !errors.Is(err, tc.err) || re.kept != tc.kept || len(re.replies) > 0 {
			t.Errorf("%s: %v, %+v", name, err, re)
		}
	}
}

func TestHandlerReportsFailedReply(t *testing.T) {
	t.Parallel()
	broken := errors.New("the outbox is full")
	m := received(discoverfeatures.QueriesType, `{"queries":[]}`, bob)
	if err := (discoverfeatures.Handler{}).HandleMessage(t.Context(), &replier{err: broken}, m); !errors.Is(err, broken) {
		t.Errorf("got %v, want the replier's error, so that the queries are tried again", err)
	}
}

func TestHandlerTakesDisclosures(t *testing.T) {
	t.Parallel()
	var got []discoverfeatures.Feature
	in := received(discoverfeatures.DiscloseType, `{"disclosures":[{"feature-type":"protocol","id":"https://didcomm.org/tictactoe/1.0","roles":["player"]}]}`, bob)
	h := discoverfeatures.Handler{OnDisclose: func(m *messaging.Received, fs []discoverfeatures.Feature) {
		if m != in {
			t.Error("another message")
		}
		got = append(got, fs...)
	}}
	if err := h.HandleMessage(t.Context(), &replier{}, in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[:1], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"queries":[{"feature-type":"protocol","match":"*"}]}`, `{"disclosures":[{"feature-type":"a","id":"b","roles":["c"]}]}`,
		`{"queries":[null],"disclosures":[null]}`, `{"disclosures":[{"roles":[1]}]}`, `{}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		qs, err := discoverfeatures.ParseQueries(&messaging.Message{Type: discoverfeatures.QueriesType, Body: data})
		if len(qs) > discoverfeatures.MaxQueries || err != nil && len(qs) > 0 {
			t.Fatalf("%d queries, %v", len(qs), err)
		}
		fs, err := discoverfeatures.ParseDisclose(&messaging.Message{Type: discoverfeatures.DiscloseType, Body: data})
		if err != nil {
			return
		}
		m, err := discoverfeatures.Disclose(received(discoverfeatures.QueriesType, `{}`, bob), fs)
		if err != nil {
			t.Fatal(err)
		}
		again, err := discoverfeatures.ParseDisclose(m)
		if err != nil || len(again) != len(fs) {
			t.Fatalf("%d features, then %d, %v", len(fs), len(again), err)
		}
	})
}
