package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
)

// hammerVar names the database that a child process writes to until it is killed.
const hammerVar = "PARLEY_TEST_HAMMER"

// hammer is the child: several goroutines write and print the id of what was acknowledged.
func hammer() {
	path, prefix, ok := strings.Cut(os.Getenv(hammerVar), "|")
	if !ok {
		return
	}
	s, err := sqlite.Open(context.Background(), path, sqlite.Options{Subkey: subkey})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	work := write
	if strings.HasPrefix(prefix, releasing) {
		work = writeReleased
	}
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", prefix, w, i)
				if err := work(s, id, i); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				_, _ = os.Stdout.WriteString("acked " + id + "\n")
			}
		}()
	}
	select {}
}

// write puts a message, settles it with a reply, and now and then deletes it.
func write(s *sqlite.Store, id string, i int) error {
	ctx := context.Background()
	a := arrival(0)
	a.MessageID = id
	results, err := s.Put(ctx, a)
	if err != nil {
		return err
	}
	p := parcel(bob, 0)
	p.MessageID = id
	if err := s.Handled(ctx, alice, results[0].Seq, inbox.Kept, p); err != nil {
		return err
	}
	if i%5 == 4 {
		return s.Delete(ctx, alice, results[0].Seq)
	}
	return nil
}

// TestKill kills a process that writes, at random points. What it acknowledged must be there, once
// and whole.
func TestKill(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 7))
	total := 0
	for round := range 5 {
		acked := killed(t, path, fmt.Sprint(round), 1+random.IntN(60))
		total += len(acked)
		s := open(t, path)
		for _, id := range acked {
			verify(t, s, id)
		}
		report, err := s.Check(t.Context())
		noErr(t, errors.Join(err, report.Err()))
		noErr(t, s.Close())
	}
	t.Logf("%d acknowledged, none lost", total)
}

// killed starts a child, kills it after so many lines, and returns what it acknowledged.
func killed(t *testing.T, path, prefix string, lines int) (acked []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), hammerVar+"="+path+"|"+prefix)
	out, err := child.StdoutPipe()
	noErr(t, err)
	noErr(t, child.Start())
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		id, ok := strings.CutPrefix(scanner.Text(), "acked ")
		if !ok {
			t.Errorf("the child says: %s", scanner.Text())
			break
		}
		if acked = append(acked, id); len(acked) == lines {
			noErr(t, child.Process.Kill())
		}
	}
	_ = child.Process.Kill()
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return acked
}

func verify(t *testing.T, s inbox.Store, id string) {
	t.Helper()
	es, err := s.List(t.Context(), inbox.Query{MessageID: id})
	noErr(t, err)
	ps, err := s.Sent(t.Context(), inbox.SentQuery{MessageID: id})
	noErr(t, err)
	want := 1
	if deleted := strings.HasSuffix(id, "4") || strings.HasSuffix(id, "9"); deleted {
		want = 0
	}
	if len(es) != want || len(ps) != 1 || want == 1 && es[0].Disposition != inbox.Kept {
		t.Errorf("%s: %d entries, want %d; %d parcels, want 1", id, len(es), want, len(ps))
	}
	again := arrival(0)
	again.MessageID = id
	results, err := s.Put(t.Context(), again)
	noErr(t, err)
	if results[0].Status != inbox.Duplicate {
		t.Errorf("%s is %v after the crash, want a duplicate", id, results[0].Status)
	}
}
