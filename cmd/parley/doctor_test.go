package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
)

// What is fine stands side by side, then problems and warnings with their mends, then the sum.
func TestDiagnosisIsShown(t *testing.T) {
	t.Parallel()
	var d diagnosis
	d.ok("a", "database ok")
	d.warning("b", "UDP blocked; using TCP and relay", "")
	d.ok("c", "key store: passphrase file")
	d.problem("d", "clock is 94s fast", "sudo timedatectl set-ntp true")
	d.ok("e", strings.Repeat("x", 40))
	d.problem("f", "there is no wallet", "parley init")
	d.problem("g", strings.Repeat("word ", 20)+"end", strings.Repeat("mend ", 20)+"end")
	for _, tc := range []struct {
		plain bool
		want  string
	}{
		{false, "✓ database ok   ✓ key store: passphrase file\n✓ " + strings.Repeat("x", 40) + "\n" +
			"✗ clock is 94s fast → sudo timedatectl set-ntp true\n" +
			"✗ there is no wallet → parley --home w init\n" +
			"✗ word word word word word word word word word word word word word word word\n  word word word word word end\n" +
			"    → mend mend mend mend mend mend mend mend mend mend mend mend mend mend mend\n      mend mend mend mend mend end\n" +
			"! UDP blocked; using TCP and relay\n3 problems, 1 warning\n"},
		{true, "ok: database ok\nok: key store: passphrase file\nok: " + strings.Repeat("x", 40) + "\n" +
			"problem: clock is 94s fast mend: sudo timedatectl set-ntp true\n" +
			"problem: there is no wallet mend: parley --home w init\n" +
			"problem: word word word word word word word word word word word word word word\n  word word word word word word end\n" +
			"    mend: mend mend mend mend mend mend mend mend mend mend mend mend mend mend\n          mend mend mend mend mend mend end\n" +
			"warning: UDP blocked; using TCP and relay\n3 problems, 1 warning\n"},
	} {
		p, out, _ := testPrinter(false)
		p.plain, p.aim = tc.plain, "--home w"
		if err := (&app{print: p, plain: tc.plain}).showDiagnosis(d); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, out.String()); diff != "" {
			t.Errorf("plain %t (-want +got):\n%s", tc.plain, diff)
		}
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]diagnosis{
		"all is well": {}, "1 problem": {Problems: 1}, "2 warnings": {Warnings: 2}, "2 problems, 1 warning": {Problems: 2, Warnings: 1},
		"1,234 problems": {Problems: 1234},
	} {
		if got := sum(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What can be known of a clock without asking anybody.
func TestJudgeClock(t *testing.T) {
	t.Parallel()
	ago := func(seconds int) time.Time { return noon.Add(-time.Duration(seconds) * time.Second) }
	said := func(from string, writtenAgo, arrivedAgo int) claim {
		return claim{from, ago(writtenAgo), ago(arrivedAgo)}
	}
	for _, tc := range []struct {
		name      string
		witnesses []witness
		claims    []claim
		unkept    bool
		level     string
		text      string
	}{
		{"nothing is known", nil, nil, false, fine, "clock ok"},
		{"all in the past", []witness{{ago(1), "x"}}, []claim{said("bob", 61, 60)}, false, fine, "clock ok"},
		{"nobody keeps it", nil, nil, true, caution, "no NTP"},
		{"it went back", []witness{{ago(5), "x"}, {ago(-94), "a message received"}}, nil, false, problem, "94 s slow, or it was fast before: a message received is from 2026-11-20T12:01:34Z"},
		{"within the slack", []witness{{ago(-4), "x"}}, nil, false, fine, "clock ok"},
		{"one contact is ahead", nil, []claim{said("bob", 0, 40), said("bob", 10, 20)}, false, caution, "at least 40 s slow, or that of bob is fast"},
		{"two contacts are ahead", nil, []claim{said("bob", 0, 40), said("eve", 0, 30)}, false, problem, "at least 30 s slow: messages of bob, eve"},
		{"ahead, but long ago", nil, []claim{said("bob", 90000, 90040), said("eve", 90000, 90040)}, false, fine, "clock ok"},
		{"a message without a time", nil, []claim{{"bob", time.Time{}, noon}}, false, fine, "clock ok"},
		{"all were long on their way", nil, []claim{said("b", 200, 100), said("b", 200, 100), said("b", 200, 100),
			said("c", 300, 100), said("c", 300, 100), said("c", 300, 100)}, false, caution, "at least 100 s old"},
		{"one of them was not", nil, []claim{said("b", 200, 100), said("b", 200, 100), said("b", 101, 100),
			said("c", 300, 100), said("c", 300, 100), said("c", 300, 100)}, false, fine, "clock ok"},
		{"too few of them", nil, []claim{said("b", 200, 100), said("c", 300, 100), said("c", 300, 100), said("c", 300, 100)}, false, fine, "clock ok"},
	} {
		var d diagnosis
		judgeClock(&d, noon, tc.witnesses, tc.claims, !tc.unkept)
		if len(d.Checks) != 1 || d.Checks[0].Level != tc.level || !strings.Contains(d.Checks[0].Text, tc.text) || (d.Checks[0].Mend == "") != (tc.level == fine) {
			t.Errorf("%s: %+v", tc.name, d.Checks)
		}
	}
}

func TestParsePorts(t *testing.T) {
	t.Parallel()
	got := parsePorts([]string{"/ip4/0.0.0.0/udp/4001/quic-v1", "/ip6/::/tcp/4002", "/dns4/x/tcp/1", "/ip4/1.2.3/tcp/1", "/ip4/1.2.3.4/tcp/x",
		"/ip4/1.2.3.4", "", "/ip4/1.2.3.4/tcp/70000"})
	want := []port{{"udp", netip.MustParseAddrPort("0.0.0.0:4001")}, {"tcp", netip.MustParseAddrPort("[::]:4002")}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if a, b := want[0].elsewhere(), want[1].elsewhere(); a != "/ip4/0.0.0.0/udp/0/quic-v1" || b != "/ip6/::/tcp/0" {
		t.Errorf("elsewhere: %s, %s", a, b)
	}
}

// A port that somebody has is a problem, and the mend names who; a free one is fine, and stays free.
func TestCheckPorts(t *testing.T) {
	t.Parallel()
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	addr := "/ip4/127.0.0.1/udp/" + fmt.Sprint(udp.LocalAddr().(*net.UDPAddr).Port) + "/quic-v1"
	a := &app{}
	var d diagnosis
	a.checkPorts(&d, control.Status{Listen: []string{addr}})
	if d.Problems != 1 || !strings.Contains(d.Checks[0].Text, "is in use by") {
		t.Errorf("in use: %+v", d)
	}
	if _, known := clockKept(); known && !strings.Contains(d.Checks[0].Text, fmt.Sprintf("process %d ", os.Getpid())) {
		t.Errorf("on Linux its owner is found: %+v", d)
	}
	if err := udp.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d = diagnosis{}
		a.checkPorts(&d, control.Status{Listen: []string{addr, "/ip4/127.0.0.1/tcp/0"}})
		if d.Problems+d.Warnings > 0 || len(d.Checks) != 1 || !strings.Contains(d.Checks[0].Text, "TCP any free") {
			t.Errorf("free: %+v", d)
		}
	}
	for _, tc := range []struct {
		name  string
		have  []string
		level string
	}{
		{"all", []string{"/ip4/10.0.0.1" + strings.TrimPrefix(addr, "/ip4/127.0.0.1")}, fine},
		{"others", []string{"/ip4/127.0.0.1/udp/1/quic-v1"}, caution},
		{"none", nil, problem},
	} {
		d = diagnosis{}
		a.checkPorts(&d, control.Status{Daemon: true, Listen: []string{addr}, Addrs: tc.have})
		if len(d.Checks) != 1 || d.Checks[0].Level != tc.level {
			t.Errorf("the daemon listens on %s: %+v", tc.name, d)
		}
	}
}

func TestCheckUDP(t *testing.T) {
	t.Parallel()
	var d diagnosis
	(&app{}).checkUDP(&d)
	if len(d.Checks) != 1 || d.Problems > 0 {
		t.Errorf("%+v", d)
	}
	if err := echo(netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Error("an address that is not ours echoes")
	}
}

// Modes, owners and missing files of a wallet's folder, each with the command that mends it.
func TestCheckFolder(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "it's")
	p, _, _ := testPrinter(false)
	a := &app{home: home, print: p}
	var d diagnosis
	if a.checkFolder(&d) || d.Problems != 1 || d.Checks[0].Mend != "parley init" {
		t.Errorf("no wallet: %+v", d)
	}
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"keys", "wallet.db"} {
		if err := os.WriteFile(filepath.Join(home, n), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d = diagnosis{}
	if !a.checkFolder(&d) || d.Problems != 0 {
		t.Errorf("private: %+v", d)
	}
	if err := os.Chmod(filepath.Join(home, "keys"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(home, "wallet.db")); err != nil {
		t.Fatal(err)
	}
	d = diagnosis{}
	a.checkFolder(&d)
	var mends []string
	for _, f := range d.Checks {
		mends = append(mends, f.Mend)
	}
	quoted := strings.ReplaceAll(home, "'", `'\''`)
	want := []string{"chmod 700 '" + quoted + "'", "chmod 600 '" + quoted + "/keys'"}
	if d.Problems != 2 || !slices.Equal(mends, want) {
		t.Errorf("mends %q, want %q", mends, want)
	}
}

// Old temporary files are found, those of somebody who is at work are left alone.
func TestCheckLeftovers(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	for _, n := range []string{".keys.tmp-123", ".keys.tmp-456", "wallet.db", "notes"} {
		if err := os.WriteFile(filepath.Join(home, n), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(home, ".keys.tmp-123"), noon, noon.Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	p, _, _ := testPrinter(false)
	var d diagnosis
	(&app{home: home, print: p}).checkLeftovers(&d)
	if d.Warnings != 1 || !strings.HasSuffix(d.Checks[0].Mend, ".keys.tmp-123") {
		t.Errorf("%+v", d)
	}
}

func TestCheckDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, _, _ := testPrinter(false)
	var d diagnosis
	(&app{home: filepath.Join(dir, "not", "there", "yet"), print: p}).checkDisk(&d)
	if d.Problems > 0 || len(d.Checks) == 0 {
		t.Errorf("%+v", d)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("left over: %v, %v", list, err)
	}
	if _, err := flushTime(filepath.Join(dir, "none")); err == nil {
		t.Error("flushed into a folder that is not there")
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1234: "1.23 kB", 999_999: "1 MB", 76_800_000_000: "76.8 GB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		315 * time.Microsecond: "315 µs", 2200 * time.Microsecond: "2.2 ms", 94 * time.Second: "94 s", 10 * time.Minute: "10 min",
		5 * time.Hour: "5 h", 100 * time.Hour: "4 days",
	} {
		if got := brief(d); got != want {
			t.Errorf("brief(%s) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}
