package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kindOfDisk is a file system, and what speaks against it for a wallet.
type kindOfDisk struct{ name, warning string }

const shared = "locks and the database's log may fail there (SQLite does not support it)"

// fileSystem tells of file systems that forget, or that others share.
func fileSystem(s *unix.Statfs_t) kindOfDisk {
	return map[int64]kindOfDisk{
		unix.TMPFS_MAGIC:     {"tmpfs", "the wallet is in memory and gone after a restart"},
		unix.RAMFS_MAGIC:     {"ramfs", "the wallet is in memory and gone after a restart"},
		unix.NFS_SUPER_MAGIC: {"NFS", shared}, unix.SMB_SUPER_MAGIC: {"SMB", shared}, unix.SMB2_SUPER_MAGIC: {"SMB", shared},
		unix.CIFS_SUPER_MAGIC: {"SMB", shared}, unix.V9FS_MAGIC: {"9P", shared}, unix.AFS_SUPER_MAGIC: {"AFS", shared},
	}[int64(s.Type)]
}

// clockKept reports whether something keeps the clock in time, as the kernel sees it (adjtimex(2)).
func clockKept() (kept, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	const unsynchronised = 0x40 // STA_UNSYNC
	return state != unix.TIME_ERROR && t.Status&unsynchronised == 0, err == nil
}

// portOwner names the process that has a port, as far as the user may see that; empty else. Network is "udp" or
// "tcp".
func portOwner(network string, port int) string {
	inodes := map[string]bool{}
	for _, file := range []string{network, network + "6"} {
		list, _ := os.ReadFile("/proc/net/" + file)
		for l := range strings.Lines(string(list)) {
			// sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode, proc_net(5)
			f := strings.Fields(l)
			if len(f) < 10 || network == "tcp" && f[3] != "0A" { // 0A: it listens
				continue
			}
			_, hex, _ := strings.Cut(f[1], ":")
			if n, err := strconv.ParseUint(hex, 16, 16); err == nil && int(n) == port {
				inodes["socket:["+f[9]+"]"] = true
			}
		}
	}
	if len(inodes) == 0 {
		return ""
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/[0-9]*")
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && inodes[target] {
			pid := strings.Split(fd, "/")[2]
			comm, _ := os.ReadFile("/proc/" + pid + "/comm")
			return "process " + pid + " (" + strings.TrimSpace(string(comm)) + ")"
		}
	}
	return ""
}
