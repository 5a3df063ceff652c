package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
)

var (
	ours    = branch{1}
	origin  = branch{2}
	before  = branch{3} // what the origin was restored from
	unknown = branch{4}

	restoredTwice = biography{life: life{ours, 3}, Origins: []life{{origin, 5}, {before, 2}}}
)

func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		saw  life
		want verdict
	}{
		{"never met", life{}, lived},
		{"as we are", life{ours, 3}, lived},
		{"as we were", life{ours, 1}, lived},
		{"later than we are: our folder is an older copy", life{ours, 4}, wentOn},
		{"far later", life{ours, 1<<32 - 1}, wentOn},
		{"when the backup was made", life{origin, 5}, lived},
		{"before the backup was made", life{origin, 1}, lived},
		{"after the backup was made", life{origin, 6}, wentOn},
		{"the origin's origin, before its backup", life{before, 2}, lived},
		{"the origin's origin, after its backup", life{before, 3}, wentOn},
		{"a copy of us", life{unknown, 1}, copied},
		{"a count on no branch", life{branch{}, 1}, copied},
	}
	for _, test := range tests {
		if got := restoredTwice.judge(test.saw.inbox()); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	fresh := biography{life: life{ours, 1}}
	for saw, want := range map[life]verdict{{}: lived, {ours, 1}: lived, {ours, 2}: wentOn, {origin, 1}: copied} {
		if got := fresh.judge(saw.inbox()); got != want {
			t.Errorf("never restored, saw %v: %v, want %v", saw, got, want)
		}
	}
}

func TestRestoredBiography(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	got := restoredTwice.restored(at)
	if got.Branch == ours || got.Branch == (branch{}) || got.Count != 1 || !got.Restored.Equal(at) {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]life{{ours, 3}, {origin, 5}, {before, 2}}, got.Origins); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
	for range maxOrigins + 10 {
		got = got.restored(at)
	}
	if len(got.Origins) != maxOrigins {
		t.Errorf("%d origins are kept, want %d", len(got.Origins), maxOrigins)
	}
	if data, err := json.Marshal(got); err != nil || len(data) > inbox.MaxSetting/2 {
		t.Errorf("%d bytes of a setting, %v", len(data), err)
	}
}

// The life and what was seen survive the process; a wallet without a life begins one.
func TestLivesAreKept(t *testing.T) {
	t.Parallel()
	ctx, store := t.Context(), memory.Open()
	var first, again lives
	for _, l := range []*lives{&first, &again} {
		if err := l.load(ctx, store); err != nil {
			t.Fatal(err)
		}
	}
	if first.current() != again.current() || first.current().Count != 1 || first.current().Branch == [8]byte{} {
		t.Errorf("%v, then %v", first.current(), again.current())
	}
	left, err := first.depart(ctx, store)
	if err != nil || left.Count != 1 || first.current().Count != 2 {
		t.Errorf("left %v, now %v, %v", left.life, first.current(), err)
	}
	if err := again.load(ctx, store); err != nil || again.current() != first.current() {
		t.Errorf("%v instead of %v, %v", again.current(), first.current(), err)
	}
}

// When the settings cannot be written nothing has happened: no backup begins.
func TestDepartFails(t *testing.T) {
	t.Parallel()
	l := lives{biography: restoredTwice}
	if _, err := l.depart(t.Context(), brokenSettings{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if l.current() != restoredTwice.inbox() {
		t.Errorf("the life is %v", l.current())
	}
	l.biography.Count = 1<<32 - 1
	if _, err := l.depart(t.Context(), memory.Open()); err == nil {
		t.Error("the count went round")
	}
}

var errBroken = errors.New("broken")

type brokenSettings struct{}

func (brokenSettings) Setting(context.Context, string) ([]byte, error)  { return nil, errBroken }
func (brokenSettings) SetSetting(context.Context, string, []byte) error { return errBroken }

func someDID(t *testing.T, id string) did.DID {
	t.Helper()
	d, err := did.Parse("did:web:" + id + ".example")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Each contact tells of each copy once, and so is the user told.
func TestSightings(t *testing.T) {
	t.Parallel()
	ctx, store := t.Context(), memory.Open()
	l := &lives{biography: restoredTwice}
	bob, carol := someDID(t, "bob"), someDID(t, "carol")
	see := func(who did.DID, saw life, want verdict, news bool) {
		t.Helper()
		v, fresh, err := l.see(ctx, store, who, saw.inbox(), time.Unix(1, 0))
		if v != want || fresh != news || err != nil {
			t.Errorf("%v: %v, news %v, %v; want %v, %v", saw, v, fresh, err, want, news)
		}
	}
	told := func(want ...did.DID) {
		t.Helper()
		news, err := l.tell(ctx, store)
		if err != nil {
			t.Fatal(err)
		}
		var got []did.DID
		for _, n := range news {
			got = append(got, n.Contact)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b did.DID) bool { return a == b })); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}
	see(bob, life{origin, 5}, lived, false)
	told()
	see(bob, life{origin, 6}, wentOn, true)
	see(bob, life{origin, 7}, wentOn, false)
	see(carol, life{origin, 6}, wentOn, true)
	told(bob, carol)
	told()
	see(bob, life{origin, 8}, wentOn, false)
	told()
	see(bob, life{unknown, 1}, copied, true)
	// What was told and what not is kept.
	again := &lives{}
	if err := saveSetting(ctx, store, lifeSetting, l.biography); err != nil {
		t.Fatal(err)
	}
	if err := again.load(ctx, store); err != nil {
		t.Fatal(err)
	}
	l = again
	told(bob)
	if _, seen := l.known(); len(seen) != 2 {
		t.Errorf("%d sightings are known", len(seen))
	}
}

func TestSightingsAreBounded(t *testing.T) {
	t.Parallel()
	ctx, store := t.Context(), memory.Open()
	l := &lives{biography: restoredTwice}
	for i := range maxSightings + 10 {
		if _, _, err := l.see(ctx, store, someDID(t, "a"+string(rune('a'+i%26))+string(rune('a'+i/26))), life{unknown, 1}.inbox(), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if _, seen := l.known(); len(seen) != maxSightings {
		t.Errorf("%d are kept, want %d", len(seen), maxSightings)
	}
}

func TestBranchIsHex(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(life{branch{0xab, 7: 1}, 2})
	if want := `{"branch":"ab00000000000001","count":2}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	for _, bad := range []string{`"ab"`, `"zz00000000000001"`, `"ab0000000000000100"`, `1`} {
		var b branch
		if err := json.Unmarshal([]byte(bad), &b); err == nil {
			t.Errorf("%s is read as %x", bad, b)
		}
	}
}
