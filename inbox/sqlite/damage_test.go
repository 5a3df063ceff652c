package sqlite_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/inbox/sqlite"
)

// spoil is the SQL that damages one blob.
const spoil = " SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE "

// TestListPassesDamage damages more entries in a row than a page has.
func TestListPassesDamage(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s, log := openLogged(t, path)
	for i := range 9 {
		_, err := s.Put(t.Context(), arrival(i))
		noErr(t, err)
		enqueue(t, s, parcel(bob, i))
	}
	db := raw(t, path)
	run(t, db, "UPDATE bodies"+spoil+"seq BETWEEN 2 AND 4")
	run(t, db, "UPDATE entries"+spoil+"seq BETWEEN 5 AND 7")
	run(t, db, "DELETE FROM bodies WHERE seq = 8")
	run(t, db, "UPDATE parcels"+spoil+"seq BETWEEN 2 AND 5")
	run(t, db, "UPDATE messages"+spoil+"id BETWEEN 6 AND 8")
	for _, newest := range []bool{false, true} {
		for _, bySeq := range []bool{false, true} {
			var got []int64
			q := inbox.Query{Limit: 1, BySeq: bySeq, Newest: newest}
			es, err := s.List(t.Context(), q)
			noErr(t, err)
			got = append(got, es[0].Seq)
			q.AfterRev, q.AfterSeq = es[0].Rev, es[0].Seq
			es, err = s.List(t.Context(), q)
			noErr(t, err)
			if newest != (len(es) == 0) {
				t.Fatalf("newest %v: %d entries behind the first", newest, len(es))
			}
			for _, e := range es {
				got = append(got, e.Seq)
			}
			if want := []int64{1, 9}; !newest && !slices.Equal(got, want) || newest && got[0] != 9 {
				t.Errorf("newest %v: entries %v, want %v", newest, got, want)
			}
		}
	}
	ps, err := s.Sent(t.Context(), inbox.SentQuery{})
	noErr(t, err)
	if len(ps) != 2 || ps[0].Seq != 1 || ps[1].Seq != 9 {
		t.Errorf("%d parcels", len(ps))
	}
	for _, row := range []string{"table=bodies seq=2", "table=entries seq=5", "table=bodies seq=8", "table=parcels seq=2", "table=messages seq=6"} {
		if !log.contains(row) {
			t.Errorf("the log does not name %s", row)
		}
	}
}

// TestClaimPutsDamageAside delivers what is whole, and does not find the rest due for ever.
func TestClaimPutsDamageAside(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	for i := range 4 {
		enqueue(t, s, parcel(bob, i))
	}
	enqueue(t, s, parcel(carol, 9))
	db := raw(t, path)
	run(t, db, "UPDATE parcels"+spoil+"seq IN (1, 5)") // 5 is all that carol would get
	run(t, db, "UPDATE messages"+spoil+"id = 2")
	bs, err := s.Claim(t.Context(), now, now.Add(hour), inbox.Limit{})
	noErr(t, err)
	if len(bs) != 1 || len(bs[0].Parcels) != 2 || bs[0].Parcels[0].MessageID != "canary-parcel-2" {
		t.Fatalf("batches: %v", bs)
	}
	delivered := slices.Repeat([]inbox.Outcome{{State: inbox.Delivered}}, 2)
	noErr(t, s.Settle(t.Context(), bs[0], delivered, now, bs[0].Parcels[0].Expires))
	if at, ok, err := s.Due(t.Context()); ok || err != nil {
		t.Errorf("still due at %v, err %v", at, err)
	}
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	if stats.Failed != 1 {
		t.Errorf("%d failed, want 1: the one whose message is damaged", stats.Failed)
	}
	enqueue(t, s, parcel(carol, 10))
	if bs, err = s.Claim(t.Context(), now, now.Add(hour), inbox.Limit{}); err != nil || len(bs) != 1 {
		t.Errorf("%d batches, err %v: the contact with a damaged parcel is cut off", len(bs), err)
	}
}

// TestDamagedDestinationIsMadeAnew goes through every call that needs the destination.
func TestDamagedDestinationIsMadeAnew(t *testing.T) {
	t.Parallel()
	claim := func(s *sqlite.Store) (int, error) {
		bs, err := s.Claim(t.Context(), now, now.Add(hour), inbox.Limit{})
		return len(bs), err
	}
	for name, call := range map[string]func(s *sqlite.Store) (int, error){
		"claim": claim,
		"enqueue": func(s *sqlite.Store) (int, error) {
			_, err := s.Enqueue(t.Context(), parcel(bob, 2))
			return 1, err
		},
		"advance": func(s *sqlite.Store) (int, error) {
			return s.Advance(t.Context(), alice, bob, []string{"canary-parcel-1"}, inbox.Read, now)
		},
		"cancel": func(s *sqlite.Store) (int, error) { return s.Cancel(t.Context(), alice, "canary-parcel-1", now) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tempPath(t)
			s := open(t, path)
			enqueue(t, s, parcel(bob, 0), parcel(bob, 1))
			run(t, raw(t, path), "UPDATE destinations SET unsettled = 77, recipient = x'00'")
			if n, err := call(s); n != 1 || err != nil {
				t.Fatalf("%d, err %v", n, err)
			}
			report, err := s.Check(t.Context())
			noErr(t, errors.Join(err, report.Err()))
			stats, err := s.Stats(t.Context())
			noErr(t, err)
			if want := map[string]int{"claim": 2, "enqueue": 3, "advance": 1, "cancel": 1}[name]; stats.Waiting != want {
				t.Errorf("%d waiting, want %d", stats.Waiting, want)
			}
		})
	}
}

// TestDamagedFacts: each call that needs a damaged row says so, or does the safe thing.
func TestDamagedFacts(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	db := raw(t, path)
	for _, table := range []string{"arrivals", "contacts", "claims", "longs", "settings", "requests"} {
		run(t, db, "UPDATE "+table+spoil+"true")
	}
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"contact":   func() error { _, err := s.Contact(ctx, bob); return err },
		"update":    func() error { return s.UpdateContact(ctx, bob, func(*inbox.Contact) error { return nil }) },
		"claimed":   func() error { _, err := s.Claimed(ctx, "canary-invitation-bob"); return err },
		"long form": func() error { _, err := s.LongForm(ctx, dora); return err },
		"setting":   func() error { _, err := s.Setting(ctx, "canary-did"); return err },
		"accept":    func() error { _, err := s.AcceptRequest(ctx, carol, inbox.Contact{}, now); return err },
	} {
		if err := call(); !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("%s: err = %v, want ErrDamaged", name, err)
		}
	}
	another := arrival(77)
	another.From, another.Claim = carol, &inbox.Claim{Invitation: "canary-invitation-bob"}
	results, err := s.Put(ctx, arrival(1), another)
	noErr(t, err)
	if results[0].Status != inbox.Duplicate || results[1].Status != inbox.InvitationUsed {
		t.Errorf("a known message is %v, a damaged invitation %v", results[0].Status, results[1].Status)
	}
	noErr(t, s.SetSetting(ctx, "canary-did", []byte("anew")))
	noErr(t, s.Learn(ctx, doraL))
	noErr(t, s.RemoveContact(ctx, bob))
	status, err := s.Hold(ctx, request(carol, 7))
	noErr(t, err)
	noErr(t, s.DropRequest(ctx, did.MustParse("did:peer:4zQmCanaryOther")))
	if rs, err := s.Requests(ctx); len(rs) != 1 || err != nil || status != inbox.Held {
		t.Errorf("%d requests, err %v, status %v", len(rs), err, status)
	}
	value, err := s.Setting(ctx, "canary-did")
	noErr(t, err)
	long, err := s.LongForm(ctx, dora)
	noErr(t, err)
	if string(value) != "anew" || long != doraL {
		t.Errorf("setting %q, long form %v", value, long)
	}
}

// TestCountersAreMadeAnew loses the counters; revisions go on behind all that somebody may have seen.
func TestCountersAreMadeAnew(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	before := holds(t, s)
	noErr(t, s.Close())
	run(t, raw(t, path), "UPDATE counters SET rev = 1")
	s, log := openLogged(t, path)
	after := holds(t, s)
	if after.Stats.Rev <= before.Stats.Rev || !log.contains("table=counters seq=1") {
		t.Errorf("rev %d after %d", after.Stats.Rev, before.Stats.Rev)
	}
	after.Stats.Rev = before.Stats.Rev
	if d := diff(before, after); d != "" {
		t.Errorf("contents (-before +after):\n%s", d)
	}
	_, err := s.Put(t.Context(), arrival(99))
	noErr(t, err)
}

// TestModel makes sure that fill does the same to both drivers, for TestGolden.
func TestModel(t *testing.T) {
	t.Parallel()
	s, model := open(t, tempPath(t)), memory.Open()
	fill(t, s)
	fill(t, model)
	if d := diff(holds(t, model), holds(t, s)); d != "" {
		t.Errorf("contents (-model +got):\n%s", d)
	}
}

// TestFileOfAnother damages the file as a whole.
func TestFileOfAnother(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	noErr(t, os.WriteFile(path, []byte("this is a letter to my aunt, and not a database at all, my dear"), 0o600))
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Subkey: subkey}); !errors.Is(err, inbox.ErrDamaged) {
		t.Errorf("err = %v, want ErrDamaged", err)
	}
	path = tempPath(t)
	noErr(t, os.WriteFile(path, nil, 0o600))
	run(t, raw(t, path), "CREATE TABLE recipes (x)")
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Subkey: subkey}); err == nil {
		t.Error("the database of another program was opened")
	}
}

// TestForeignObjects: a database to which somebody has added what acts by itself does not open.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	for _, object := range []string{
		"CREATE TRIGGER t AFTER UPDATE ON settings BEGIN DELETE FROM contacts; END", "CREATE VIEW v AS SELECT * FROM entries",
	} {
		path := tempPath(t)
		noErr(t, open(t, path).Close())
		run(t, raw(t, path), object)
		if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Subkey: subkey}); !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("%s: err = %v, want ErrDamaged", object, err)
		}
	}
}
