package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// errProblems ends parley doctor when it has found problems: exit code 1, and nothing more to say.
var errProblems = errors.New("there are problems")

// Levels of findings.
const (
	fine    = "ok"
	caution = "warning"
	problem = "problem"
)

// finding is one thing that was looked into, and what mends it.
type finding struct {
	Name  string `json:"name"`
	Level string `json:"level"`
	Text  string `json:"text"`
	Mend  string `json:"mend,omitempty"`
}

// diagnosis is all that parley doctor has found.
type diagnosis struct {
	V        int       `json:"v"`
	Checks   []finding `json:"checks"`
	Problems int       `json:"problems"`
	Warnings int       `json:"warnings"`
}

// add adds a finding.
func (d *diagnosis) add(f finding) {
	d.Checks = append(d.Checks, f)
	switch f.Level {
	case problem:
		d.Problems++
	case caution:
		d.Warnings++
	}
}

func (d *diagnosis) ok(name, text string)            { d.add(finding{name, fine, text, ""}) }
func (d *diagnosis) warning(name, text, mend string) { d.add(finding{name, caution, text, mend}) }
func (d *diagnosis) problem(name, text, mend string) { d.add(finding{name, problem, text, mend}) }

func doctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong, and how to mend it",
		Long: "Looks into the wallet and this machine: every row of the database, the key store, the modes of the files, " +
			"the lock, the clock, the ports, UDP, the disk and the versions. It works with a daemon and without one, " +
			"and on a wallet that does not open. What is wrong is named with the next command to give; the exit code " +
			"is 1 then, and 0 where there are only warnings. Nothing is changed, and nothing is sent to anybody.",
		Example: `parley doctor
parley doctor --json`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			d := a.diagnose(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := a.showDiagnosis(d); err != nil {
				return err
			}
			if d.Problems > 0 {
				return errProblems
			}
			return nil
		}),
	}
}

// diagnose looks into everything. What cannot be looked into is said, and does not keep the rest from it.
func (a *app) diagnose(ctx context.Context) diagnosis {
	d := diagnosis{V: control.Version}
	a.checkVersions(&d)
	there := a.checkFolder(&d)
	a.checkDisk(&d)
	if there {
		if a.checkKeys(ctx, &d) {
			a.checkWallet(ctx, &d)
		} else {
			d.warning("database", "database: not looked into, nor are the ports: the keys do not open", "")
		}
		a.checkLeftovers(&d)
	}
	a.checkUDP(&d)
	return d
}

// checkWallet looks into the open wallet, or says why it does not open.
func (a *app) checkWallet(ctx context.Context, d *diagnosis) {
	err := a.checkOwner(ctx, d)
	if err == nil {
		err = a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
			s, err := w.Status(ctx)
			if err != nil {
				return err
			}
			a.checkDaemon(d, s)
			checkCopies(d, s)
			checkTrust(d, s)
			a.checkDatabase(ctx, d, w)
			a.checkClock(ctx, d, w, s)
			a.checkPorts(d, s)
			return nil
		})
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	e := control.ErrorOf(err)
	switch {
	case errors.Is(err, errOwned):
	case e.Code == control.CodeUsage && a.locked():
		d.warning("database", "database: not looked into, nor are the ports: "+e.Message, e.Hint)
	default:
		text := a.within(e.Message)
		if strings.Contains(text, "wallet.db") {
			d.problem("database", "database: "+text, restoreMend)
			return
		}
		d.problem("wallet", "wallet: it does not open: "+text, e.Hint)
	}
}

// checkTrust says whose keys have changed.
func checkTrust(d *diagnosis, s control.Status) {
	for _, who := range s.Changed {
		d.problem("trust", "trust: the keys of "+who+" have changed; nothing is sent to them, and what comes is held", "parley verify "+who)
	}
}

// checkCopies says that another copy of the wallet is in use, as its contacts have seen.
func checkCopies(d *diagnosis, s control.Status) {
	if len(s.Elsewhere) > 0 {
		d.warning("copy", "this wallet is also used elsewhere, as seen by "+few(s.Elsewhere),
			"use only one of the two: what is said to one of them is not in the other")
	}
}

// within leaves the wallet's folder out of the names of its files.
func (a *app) within(text string) string {
	return strings.ReplaceAll(text, a.home+string(filepath.Separator), "")
}

// restoreMend is the mend of a database that is damaged.
const restoreMend = "parley restore FILE --force, from a backup"

// checkDatabase reads every row.
func (a *app) checkDatabase(ctx context.Context, d *diagnosis, w control.Wallet) {
	busy := a.print.progress("reading every row of the database", 0)
	c, err := w.Check(ctx)
	busy.end()
	const mend = restoreMend + "; what is not damaged can still be read"
	switch {
	case err != nil:
		d.problem("database", "it cannot be read to its end: "+err.Error(), mend)
		return
	case len(c.Damaged) > 0:
		d.problem("database", fmt.Sprintf("%d of %d rows are damaged: %s", len(c.Damaged), c.Rows, few(c.Damaged)), mend)
	}
	if len(c.Problems) > 0 {
		d.problem("database", "SQLite finds the file damaged: "+few(c.Problems), mend)
	}
	if len(c.Damaged)+len(c.Problems) == 0 {
		d.ok("database", fmt.Sprintf("database ok: %s rows, %s", thousands(int64(c.Rows)), size(c.Bytes)))
	}
	d.ok("sqlite", "SQLite "+c.SQLite)
}

// few names the first three.
func few(list []string) string {
	if len(list) > 3 {
		return strings.Join(list[:3], ", ") + " and more"
	}
	return strings.Join(list, ", ")
}

// showDiagnosis shows what is fine side by side, then each problem and each warning with its mend, then the sum.
func (a *app) showDiagnosis(d diagnosis) error {
	if a.json {
		for i := range d.Checks {
			d.Checks[i].Mend = a.print.aimed(d.Checks[i].Mend)
		}
	}
	lines := a.fineLines(d)
	for _, level := range []string{problem, caution} {
		for _, f := range d.Checks {
			if f.Level == level {
				lines = append(lines, a.findingLines(f)...)
			}
		}
	}
	return a.print.show(d, append(lines, line{bold(sum(d))})...)
}

// fineLines puts what is fine on as few lines as hold it.
func (a *app) fineLines(d diagnosis) (lines []line) {
	used := 0
	for _, f := range d.Checks {
		if f.Level != fine {
			continue
		}
		mark := a.mark(f.Level)
		width := utf8.RuneCountInString(mark.text + " " + f.Text)
		if used == 0 || a.plain || used+3+width > a.width() {
			lines, used = append(lines, line{}), 0
		} else {
			lines[len(lines)-1] = append(lines[len(lines)-1], "   ")
			used += 3
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], mark, " ", f.Text)
		used += width
	}
	return lines
}

// findingLines is what is wrong and what mends it: on one line if that is wide enough.
func (a *app) findingLines(f finding) (lines []line) {
	mark, arrow := a.mark(f.Level), "→ "
	if a.plain {
		arrow = "mend: "
	}
	mend := a.print.aimed(f.Mend)
	texts := wrap(f.Text, a.width()-utf8.RuneCountInString(mark.text)-1)
	for i, text := range texts {
		if i > 0 {
			lines = append(lines, line{"  ", text})
			continue
		}
		lines = append(lines, line{mark, " ", text})
	}
	if mend == "" {
		return lines
	}
	if len(texts) == 1 && utf8.RuneCountInString(mark.text+texts[0]+arrow+mend)+2 <= a.width() {
		lines[0] = append(lines[0], " ", faint(arrow), bold(mend))
		return lines
	}
	for i, text := range wrap(mend, a.width()-4-utf8.RuneCountInString(arrow)) {
		if i > 0 {
			arrow = strings.Repeat(" ", utf8.RuneCountInString(arrow))
		}
		lines = append(lines, line{"    ", faint(arrow), bold(text)})
	}
	return lines
}

// mark is how a level is shown.
func (a *app) mark(level string) styled {
	if a.plain {
		return styled{"", level + ":"}
	}
	return map[string]styled{fine: good("✓"), caution: {"33", "!"}, problem: bad("✗")}[level]
}

// sum is the last line.
func sum(d diagnosis) string {
	switch {
	case d.Problems == 0 && d.Warnings == 0:
		return "all is well"
	case d.Warnings == 0:
		return counted(d.Problems, "problem")
	case d.Problems == 0:
		return counted(d.Warnings, "warning")
	}
	return counted(d.Problems, "problem") + ", " + counted(d.Warnings, "warning")
}

// counted is a number and a word for it, in the plural where that is right.
func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return thousands(int64(n)) + " " + word + "s"
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a number of bytes for people.
func size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1000, 0
	for ; f >= 999.5 && i < len(units)-1; i++ {
		f /= 1000
	}
	return fmt.Sprintf("%.3g %cB", f, units[i])
}

// brief writes a duration for people, to two digits or so.
func brief(t time.Duration) string {
	switch {
	case t < time.Millisecond:
		return fmt.Sprintf("%d µs", t.Microseconds())
	case t < time.Second:
		return fmt.Sprintf("%.2g ms", float64(t.Microseconds())/1000)
	case t < 2*time.Minute:
		return fmt.Sprintf("%.0f s", t.Seconds())
	case t < 2*time.Hour:
		return fmt.Sprintf("%.0f min", t.Minutes())
	case t < 48*time.Hour:
		return fmt.Sprintf("%.0f h", t.Hours())
	}
	return fmt.Sprintf("%.0f days", t.Hours()/24)
}
