package messaging

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
)

// by is a letter of the numbered stranger.
func by(stranger int, payload string) *letter {
	return &letter{arrival: inbox.Arrival{Entry: inbox.Entry{
		From: did.MustParse(fmt.Sprint("did:example:", stranger)), Payload: []byte(payload),
	}}}
}

// What the last 512 strangers have left is known, the newest message of each, also by the next node.
func TestLeftMessages(t *testing.T) {
	t.Parallel()
	store := memory.Open()
	var first, second left
	note := func(l *letter) {
		t.Helper()
		if err := first.note(t.Context(), store, l); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 600 {
		note(by(i, "a"))
	}
	note(by(100, "b"))
	note(by(300, "a"))
	note(by(301, "b"))
	for name, f := range map[string]*left{"the same": &first, "the next": &second} {
		for _, tc := range []struct {
			l    *letter
			want bool
		}{
			{by(599, "a"), true}, {by(599, "b"), false}, {by(300, "a"), true}, {by(301, "a"), false}, {by(301, "b"), true},
			{by(100, "b"), true}, {by(88, "a"), true}, {by(87, "a"), false}, {by(0, "a"), false}, {by(700, "a"), false},
		} {
			got, err := f.has(t.Context(), store, tc.l)
			if got != tc.want || err != nil {
				t.Errorf("%s node, %s %s: %v, %v", name, tc.l.arrival.From, tc.l.arrival.Payload, got, err)
			}
		}
	}
	if list, err := store.Setting(t.Context(), leftSetting); err != nil || len(list) != maxLeft*2*leftSize {
		t.Errorf("%d bytes are kept, %v", len(list), err)
	}
}

// unset is a store whose settings fail.
type unset struct{ Store }

func (unset) Setting(context.Context, string) ([]byte, error) { return nil, errors.New("disk full") }

// Trouble with the list is said, and goes by.
func TestLeftMessagesWithTrouble(t *testing.T) {
	t.Parallel()
	store := memory.Open()
	var f left
	if _, err := f.has(t.Context(), unset{store}, by(1, "a")); err == nil {
		t.Error("trouble was taken for an answer")
	}
	if err := f.note(t.Context(), unset{store}, by(1, "a")); err == nil {
		t.Error("trouble was taken for success")
	}
	if err := f.note(t.Context(), store, by(1, "a")); err != nil {
		t.Error(err)
	}
	if has, err := f.has(t.Context(), unset{store}, by(1, "a")); !has || err != nil {
		t.Errorf("%v, %v", has, err)
	}
}
