package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// verifyFlags are those of parley verify.
type verifyFlags struct {
	confirm, qr bool
	scanned     string
}

func verifyCommand(a *app) *cobra.Command {
	v := &verifyFlags{}
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "verify NAME",
		Short: "Compare keys with a contact, person to person",
		Long: "Shows a number and words that are the same on both screens if nobody stands between you: they are made of your " +
			"keys and theirs. Compare them face to face or on a call, then say so with --confirm. If the keys of a contact " +
			"change, nothing more is sent to them, and what comes is held, until you have compared again and confirmed (or " +
			"have accepted the new keys unseen: parley contacts accept-key NAME).",
		Example: `parley verify alice
parley verify alice --qr
parley verify alice --confirm
parley verify alice --scanned parley-verify:1:… --confirm`,
		Args: takes("NAME"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			scanned, err := a.link(v.scanned)
			if err != nil {
				return err
			}
			if scanned == "" && cmd.Flags().Changed("scanned") { // a scanner that failed must confirm nothing
				return badUsage("scan it once more, or compare by eye without --scanned", "--scanned is empty: there is no code to compare; nothing was changed")
			}
			r := control.VerifyRequest{Name: args[0], Confirm: v.confirm, Scanned: scanned}
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				got, err := w.Verify(ctx, r)
				if err != nil {
					return err
				}
				return a.showVerification(got, v)
			})
		}),
	}
	f := cmd.Flags()
	f.BoolVar(&v.confirm, "confirm", false, "they are the same: trust these keys, and let flow what was held")
	f.BoolVar(&v.qr, "qr", false, "also as a QR code, to scan from the other screen")
	f.StringVar(&v.scanned, "scanned", "", "`CODE` that was scanned from the other screen, to compare; - reads stdin")
	return cmd
}

func (a *app) showVerification(v control.Verification, flags *verifyFlags) error {
	if v.Offer != nil {
		a.print.warn(v.Offer.Since(v.Name, a.print.now()) + " The number below is of the new keys.")
		for _, l := range prints(v.Offer) {
			a.print.note("  ", l)
		}
	}
	if v.Unseen != "" {
		a.print.warn("their document could not be looked at just now, so the number is of the keys known before: " + v.Unseen)
	}
	var lines []line
	for row := range slices.Chunk(v.Number, 4) {
		lines = append(lines, line{"  ", bold(strings.Join(row, " "))})
	}
	lines = append(lines, line{})
	for row := range slices.Chunk(v.Words, 6) {
		lines = append(lines, line{"  ", strings.Join(row, " ")})
	}
	if err := a.print.show(v, lines...); err != nil {
		return err
	}
	if flags.qr && !a.json {
		if err := a.showQR(v.Code); err != nil {
			return err
		}
	}
	switch {
	case flags.confirm:
		a.print.note(good("verified"), ": ", name(v.Name), " has the keys that you compared.")
	case v.Matched:
		a.print.note("The code is the same. parley verify "+shellWord(v.Name)+" --confirm", " marks ", name(v.Name), " as verified.")
	case !v.Verified.IsZero():
		a.print.note(name(v.Name), " was verified ", v.Verified, ".")
	default:
		a.print.note(faint("Is all of it the same on " + v.Name + "'s screen? Ask face to face or on a call, not here. Then: parley verify " +
			shellWord(v.Name) + " --confirm"))
	}
	return nil
}

// What stands before the keys that are believed and those that are offered in their place, where both are shown.
const (
	pinnedLabel = "pinned  "
	nowLabel    = "now     "
)

// prints are both fingerprints of a change of keys, one above the other, where they can be compared.
func prints(o *control.KeyOffer) []string {
	if o == nil {
		return nil
	}
	return []string{pinnedLabel + fingerprint(o.Pinned), nowLabel + fingerprint(o.Offered)}
}

// fingerprint makes a hexadecimal fingerprint readable: its first 128 bits, in groups.
func fingerprint(hex string) string {
	var groups []string
	for len(hex) >= 4 && len(groups) < 8 {
		groups, hex = append(groups, hex[:4]), hex[4:]
	}
	return strings.Join(groups, " ")
}

// keysText says in one word how keys came to be.
var keysText = map[string]string{
	"invited": "learnt from their invitation", "claimed": "learnt as they claimed your invitation", "added": "learnt when you added the DID",
	"requested": "learnt from their first message", "first seen": "learnt when they were first seen",
	"offered": "changed, and blocked", "returned": "back to the pinned ones", "succeeded": "changed, announced with a pinned key",
	"logged": "changed, proven by the log of the DID", "accepted": "accepted by you", "verified": "compared and confirmed by you",
}

// historyLines are what happened to the keys of a contact.
func (p *printer) historyLines(events []control.KeyEvent) (lines []line) {
	width := 0
	for _, e := range events {
		width = max(width, len(p.time(e.At)))
	}
	for _, e := range events {
		lines = append(lines, line{faint("keys   "), column(p.time(e.At), width), "  ", excerpt(fingerprint(e.Keys), 15), "  ",
			cmp.Or(keysText[e.How], e.How)})
	}
	return lines
}
