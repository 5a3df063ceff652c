package main

import (
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mdp/qrterminal/v3"
	"golang.org/x/term"
)

// maxQR is how many bytes the largest QR code holds at the lowest redundancy (ISO/IEC 18004, version 40).
const maxQR = 2953

// showQR shows text as a QR code, dark on light, with half blocks.
func (a *app) showQR(text string) error {
	if len(text) > maxQR {
		a.print.note("too long for a QR code")
		return nil
	}
	var b strings.Builder
	qrterminal.GenerateHalfBlock(text, qrterminal.L, &b)
	var lines []line
	width := 0
	for l := range strings.Lines(b.String()) {
		l = strings.TrimSuffix(l, "\n")
		lines = append(lines, line{l})
		width = max(width, utf8.RuneCountInString(l))
	}
	if f, ok := a.out.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns < width {
			a.print.note("the QR code needs a terminal of ", width, " columns, this one has ", columns)
			return nil
		}
	}
	return a.print.show(nil, lines...)
}
