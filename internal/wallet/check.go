package wallet

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/parley-im/parley/internal/control"
)

// Check reads everything that is stored and says what is damaged.
func (w *Wallet) Check(ctx context.Context) (control.Check, error) {
	report, err := w.db.Check(ctx)
	if err != nil {
		return control.Check{}, explainStore(w.home, err)
	}
	out := control.Check{V: control.Version, Rows: report.Rows, Problems: report.Problems, SQLite: report.SQLite, Schema: report.Schema,
		Bytes: report.Bytes}
	for _, d := range report.Damaged {
		out.Damaged = append(out.Damaged, d.String())
	}
	return out, nil
}

// Held reports whether another process holds the wallet's lock at this moment, and which, where the system says
// so; pid is 0 else. To find out it takes the lock for an instant if nobody has it.
func Held(home string) (pid int, held bool) {
	f, err := os.OpenFile(lockPath(home), os.O_RDWR, 0)
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, false
	}
	return lockOwner(f), true
}

// lockOwner finds who holds the flock of a file in Linux's list of locks; 0 if it is not there.
func lockOwner(f *os.File) int {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	list, err := os.ReadFile("/proc/locks")
	if !ok || err != nil {
		return 0
	}
	for l := range strings.Lines(string(list)) {
		// "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", proc_locks(5)
		fields := strings.Fields(l)
		if len(fields) < 6 || fields[1] != "FLOCK" || !strings.HasSuffix(fields[5], ":"+strconv.FormatUint(s.Ino, 10)) {
			continue
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}
