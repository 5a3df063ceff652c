package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	fullDisk    = 16 << 20  // bytes that are too few
	tightDisk   = 256 << 20 // bytes that soon will be
	slowFlush   = 50 * time.Millisecond
	flushRounds = 15
)

// checkVersions names what the program is made of.
func (a *app) checkVersions(d *diagnosis) {
	d.ok("version", "parley "+version())
	made := runtime.Version()
	if v := moduleVersion("github.com/libp2p/go-libp2p"); v != "" {
		made += ", libp2p " + v
	}
	d.ok("build", made)
}

// moduleVersion is the version of a module in this program, empty if that is not known.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == path })
	if i < 0 {
		return ""
	}
	return info.Deps[i].Version
}

// checkDisk looks into the disk that the wallet is on, or would be: room, writing, and how long a flush takes.
func (a *app) checkDisk(d *diagnosis) {
	dir := a.home
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		d.problem("disk", "disk: "+err.Error(), "is it there, and mounted? df "+shellWord(dir))
		return
	}
	free := int64(s.Bavail) * int64(s.Bsize)
	p50, err := flushTime(dir)
	if err != nil {
		d.problem("disk", "disk: nothing can be written: "+err.Error(), diskMend(dir, err))
		return
	}
	switch {
	case free < fullDisk:
		d.problem("disk", "disk: only "+size(free)+" free", "make room: df -h "+shellWord(dir))
	case free < tightDisk:
		d.warning("disk", "disk: only "+size(free)+" free", "make room: df -h "+shellWord(dir))
	case p50 > slowFlush:
		d.warning("disk", fmt.Sprintf("disk: a flush takes %s, and every message waits for one", brief(p50)), "move the wallet to a faster disk: --home DIR")
	default:
		d.ok("disk", fmt.Sprintf("disk: %s free, flush %s", size(free), brief(p50)))
	}
	if kind := fileSystem(&s); kind.warning != "" {
		d.warning("file system", kind.name+": "+kind.warning, "move the wallet to a disk of this machine: --home DIR")
	}
}

// flushTime measures how long it takes in the middle to write 4 KiB and flush them (fsync).
func flushTime(dir string) (p50 time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor.tmp-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block, times := make([]byte, 4<<10), make([]time.Duration, flushRounds)
	for i := range times {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// diskMend is what to do about an error of writing.
func diskMend(dir string, err error) string {
	switch {
	case errors.Is(err, unix.EROFS):
		return "it is mounted read-only: sudo mount -o remount,rw " + shellWord(dir)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return "make room: df -h " + shellWord(dir)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return "chmod 700 " + shellWord(dir)
	}
	return "see what the system says of the disk: dmesg"
}
