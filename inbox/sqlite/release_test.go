package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/inbox/sqlite"
)

// releasing begins the prefix of a hammer that accepts new keys again and again.
const releasing = "releasing"

// batch is how many messages are withheld each time.
const batch = 4

// worker returns the contact of one goroutine of the hammer, and the set of keys that it has in turn i.
func worker(id string, i int) (from did.DID, pins [][32]byte) {
	prefix := id[:strings.LastIndex(id, "-")]
	return did.MustParse("did:example:" + prefix), [][32]byte{{1, byte(i), byte(i >> 8)}}
}

// writeReleased is a turn of the hammer: messages are withheld under keys, which are accepted then. The contact's
// version says which turn was the last.
func writeReleased(s *sqlite.Store, id string, i int) error {
	ctx := context.Background()
	from, pins := worker(id, i)
	if i == 0 {
		if err := s.AddContact(ctx, inbox.Contact{DID: from, Name: from.String()[len("did:example:"):], Version: "-1"}); err != nil {
			return err
		}
	}
	for j := range batch {
		a := arrival(0)
		a.From, a.MessageID, a.Withhold = from, fmt.Sprintf("%s-%d", id, j), inbox.KeySet(pins)
		if results, err := s.Put(ctx, a); err != nil || results[0].Status != inbox.KeptBack {
			return fmt.Errorf("put: %v, %w", results, err)
		}
	}
	n, err := s.ReleaseContact(ctx, from, inbox.KeySet(pins), func(c *inbox.Contact) error {
		c.Pins, c.Version = pins, strconv.Itoa(i)
		return nil
	})
	if err == nil && n != batch {
		err = fmt.Errorf("%d released", n)
	}
	return err
}

// TestKillRelease kills a process that accepts keys, at random points: for each set of keys, either it is pinned and
// everything under it is released, or neither.
func TestKillRelease(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 8))
	released, kept := 0, 0
	for round := range 5 {
		acked := killed(t, path, releasing+strconv.Itoa(round), 1+random.IntN(40))
		s := open(t, path)
		cs, err := s.Contacts(t.Context())
		noErr(t, err)
		for _, c := range cs {
			r, k := wantAtomic(t, s, c)
			released, kept = released+r, kept+k
		}
		for _, id := range acked {
			from, _ := worker(id, 0)
			c, err := s.Contact(t.Context(), from)
			noErr(t, err)
			if turn, last := id[strings.LastIndex(id, "-")+1:], c.Version; atoi(t, turn) > atoi(t, last) {
				t.Errorf("turn %s was acknowledged, the contact is at %s", turn, last)
			}
		}
		report, err := s.Check(t.Context())
		noErr(t, errors.Join(err, report.Err()))
		noErr(t, s.Close())
	}
	t.Logf("%d released, %d still withheld", released, kept)
	if released == 0 {
		t.Error("nothing was released: the test does not test")
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	noErr(t, err)
	return n
}

// wantAtomic counts what of the contact is pending and withheld, and fails the test unless its version tells them apart.
func wantAtomic(t *testing.T, s inbox.Store, c inbox.Contact) (released, kept int) {
	t.Helper()
	last := atoi(t, c.Version)
	es, err := s.List(t.Context(), inbox.Query{From: c.DID, BySeq: true, Newest: true, Dispositions: []inbox.Disposition{inbox.Pending, inbox.Withheld}})
	noErr(t, err)
	of := map[int]int{}
	for _, e := range es {
		parts := strings.Split(e.MessageID, "-")
		turn := atoi(t, parts[len(parts)-2])
		of[turn]++
		if (e.Disposition == inbox.Pending) != (turn <= last) {
			t.Errorf("%s is %v, the keys of turn %d were accepted last", e.MessageID, e.Disposition, last)
		}
		if e.Disposition == inbox.Pending {
			released++
		} else {
			kept++
		}
	}
	if last >= 0 && of[last] != batch {
		t.Errorf("%d of %d messages of turn %d", of[last], batch, last)
	}
	return released, kept
}

// TestWithheldIsBound has somebody who can write to the disk try to have shown what was withheld.
func TestWithheldIsBound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql     string
		damaged []int64 // entries
	}{
		"another disposition":   {"UPDATE entries SET disposition = 1 WHERE seq = 1", []int64{1}},
		"another sender":        {"UPDATE entries SET sender = (SELECT sender FROM entries WHERE seq = 4) WHERE seq = 1", []int64{1}},
		"swapped with its like": {"UPDATE entries SET sealed = o.sealed FROM entries o WHERE o.seq = 3 - entries.seq AND entries.seq < 3", []int64{1, 2}},
		"the seal of another":   {"UPDATE entries SET sealed = (SELECT sealed FROM entries WHERE seq = 2) WHERE seq = 1", []int64{1}},
		"the rest of another":   {"UPDATE entries SET rev = -rev WHERE seq = 1", []int64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tempPath(t)
			s := open(t, path)
			noErr(t, s.AddContact(t.Context(), inbox.Contact{DID: bob, Name: "bob", Keys: keys(1)}))
			noErr(t, s.AddContact(t.Context(), inbox.Contact{DID: carol, Name: "carol", Keys: keys(1)}))
			results, err := s.Put(t.Context(), withheld(bob, 1, 2), withheld(bob, 2, 3), withheld(bob, 3, 3), withheld(carol, 4, 3))
			noErr(t, err)
			if results[0].Seq != 1 || results[3].Seq != 4 {
				t.Fatalf("results %v", results)
			}
			run(t, raw(t, path), c.sql)
			n, err := s.ReleaseContact(t.Context(), bob, keySet(3), accept(3))
			noErr(t, err)
			want := []int64{2, 3}
			want = slices.DeleteFunc(want, func(seq int64) bool { return slices.Contains(c.damaged, seq) })
			es, err := s.List(t.Context(), inbox.Query{BySeq: true})
			noErr(t, err)
			var got []int64
			for _, e := range es {
				got = append(got, e.Seq)
			}
			if !slices.Equal(got, want) || n != len(want) {
				t.Errorf("entries %v, %d released; want %v", got, n, want)
			}
			var damage []sqlite.Damage
			for _, seq := range c.damaged {
				damage = append(damage, sqlite.Damage{Table: "entries", Seq: seq})
			}
			wantDamage(t, s, damage)
		})
	}
}

// TestWithheldDamaged: what no longer opens counts, does not keep others from being withheld or released, and is made
// whole by the message itself when it comes with trusted keys.
func TestWithheldDamaged(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	noErr(t, s.AddContact(t.Context(), inbox.Contact{DID: bob, Name: "bob", Keys: keys(1)}))
	_, err := s.Put(t.Context(), withheld(bob, 1, 2), withheld(bob, 2, 2), withheld(bob, 3, 2))
	noErr(t, err)
	db := raw(t, path)
	run(t, db, "UPDATE entries"+spoil+"seq = 1")
	run(t, db, "UPDATE bodies"+spoil+"seq = 1")
	run(t, db, "UPDATE arrivals"+spoil+"seq = 2")
	results, err := s.Put(t.Context(), withheld(bob, 4, 2), withheld(bob, 2, 2), arrival(1), withheld(bob, 3, 2))
	noErr(t, err)
	want := []inbox.PutResult{{Status: inbox.KeptBack, Seq: 4}, {Status: inbox.KeptBack}, {Status: inbox.Added, Seq: 1, Proven: true}, {Status: inbox.KeptBack, Seq: 3}}
	if d := diff(want, results); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	run(t, db, "UPDATE contacts"+spoil+"true")
	results, err = s.Put(t.Context(), withheld(bob, 5, 2))
	noErr(t, err)
	if results[0].Status != inbox.KeptBack {
		t.Errorf("of a damaged contact: %v", results)
	}
	if _, err := s.ReleaseContact(t.Context(), bob, keySet(2), accept(2)); !errors.Is(err, inbox.ErrDamaged) {
		t.Errorf("err = %v, want ErrDamaged", err)
	}
	wantDamage(t, s, []sqlite.Damage{{Table: "arrivals", Seq: 2}, {Table: "contacts", Seq: 1}})
	es, err := s.List(t.Context(), inbox.Query{})
	noErr(t, err)
	if len(es) != 1 || es[0].Seq != 1 || string(es[0].Payload) != "canary body 1" {
		t.Errorf("entries %v", es)
	}
	noErr(t, s.RemoveContact(t.Context(), bob))
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	if stats.Withheld != 0 {
		t.Errorf("%d are withheld of a contact that is gone", stats.Withheld)
	}
}

// TestMigrateSecond goes on with a database of schema version 2: what it knows of its contacts is what it knew, and
// the rest can be learnt.
func TestMigrateSecond(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	unpack(t, "testdata/v2.db.gz", path)
	s := open(t, path)
	c, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	if len(c.Pins) != 2 || c.Keys != nil || c.Offer != nil || c.History != nil || !c.Verified.IsZero() || !c.Ours.IsZero() || c.Version != "" {
		t.Fatalf("contact %+v", c)
	}
	model := memory.Open()
	fillSecond(t, model)
	forgetTrust(t, model)
	for _, s := range []inbox.Store{s, model} {
		noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
			c.Offer = &inbox.Offer{Keys: keys(2), At: now}
			c.History = append(c.History, inbox.KeyEvent{At: now, How: inbox.KeysOffered, Keys: keySet(2)})
			return nil
		}))
		_, err := s.Put(t.Context(), withheld(bob, 80, 2), withheld(bob, 81, 2))
		noErr(t, err)
	}
	noErr(t, s.Close())
	s = open(t, path)
	if d := diff(holds(t, model), holds(t, s)); d != "" {
		t.Errorf("contents (-want +got):\n%s", d)
	}
	if n, err := s.ReleaseContact(t.Context(), bob, keySet(2), accept(2)); n != 2 || err != nil {
		t.Errorf("%d released, %v", n, err)
	}
}

// BenchmarkWithhold puts messages that are withheld: the last that there is room for, and one too many.
func BenchmarkWithhold(b *testing.B) {
	for name, full := range map[string]int{"last": inbox.MaxWithheld - 1, "too many": inbox.MaxWithheld} {
		b.Run(name, func(b *testing.B) {
			s, _ := benchStore(b)
			noErr(b, s.AddContact(b.Context(), inbox.Contact{DID: bob, Name: "bob", Keys: keys(1)}))
			for i := range full {
				_, err := s.Put(b.Context(), withheld(bob, i, 2))
				noErr(b, err)
			}
			for i := full; b.Loop(); i++ {
				results, err := s.Put(b.Context(), withheld(bob, i, 2))
				noErr(b, err)
				if results[0].Status == inbox.KeptBack {
					noErr(b, s.Delete(b.Context(), alice, results[0].Seq))
				}
			}
		})
	}
}
