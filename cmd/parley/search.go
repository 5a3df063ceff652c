package main

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// What is shown around a hit, in characters.
const (
	beforeHit = 40
	aroundHit = 200
)

func searchCommand(a *app) *cobra.Command {
	var r control.SearchRequest
	cmd := &cobra.Command{
		Use:   "search TEXT",
		Short: "Find messages by what they say",
		Long: "Shows the newest messages, received and sent, that have TEXT in them, without regard to case. The newest " +
			"comes last. Names and other details of a message are not searched, only what it says.",
		Example: `parley search invoice
parley search "see you" --with alice
parley search 50€ --limit 5 --json`,
		Args: takes("TEXT"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			if r.Limit < 0 {
				return badUsage("", "--limit must not be negative")
			}
			r.Text = args[0]
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				busy := a.print.progress("searching", 0)
				list, err := w.Search(ctx, r)
				busy.end()
				if err != nil {
					return err
				}
				return a.showFound(r, list)
			})
		}),
	}
	f := cmd.Flags()
	f.StringVar(&r.With, "with", "", "only what was said with this `NAME`")
	f.IntVar(&r.Limit, "limit", 50, "at most `N` messages, the newest")
	return cmd
}

func (a *app) showFound(r control.SearchRequest, list []control.Found) error {
	if len(list) == 0 {
		a.print.note("Nothing has ", body(r.Text), " in it.")
	}
	for _, f := range list {
		if err := a.print.show(f, a.foundLine(f, r.Text)); err != nil {
			return err
		}
	}
	if limit := r.Limit; len(list) > 0 && len(list) == limit {
		a.print.note(faint("These are the newest; for more: --limit " + strconv.Itoa(2*limit)))
	}
	return nil
}

// foundLine is one message that was found: when, who to whom, and the text around the hit.
func (a *app) foundLine(f control.Found, what string) line {
	if m := f.Received; m != nil {
		return append(line{m.Received, " ", name(m.FromName), ": "}, a.hit(m.Content, func() string { return other(*m) }, what)...)
	}
	s := f.Sent
	return append(line{s.Created, " ", faint("you to "), name(s.ToName), ": "},
		a.hit(s.Content, func() string { return other(control.Message{Type: s.Type, Body: s.Body}) }, what)...)
}

// hit is the text around the first hit, which stands out. Of a message that is no text it is what describes it.
func (a *app) hit(text string, described func() string, what string) line {
	if text == "" {
		text = described()
	}
	from, to := wallet.Find(text, what)
	if from < 0 {
		return line{excerpt(text, aroundHit)}
	}
	before, after := tail(text[:from], beforeHit), head(text[to:], aroundHit)
	return line{oneLine(before), found(oneLine(text[from:to])), oneLine(after)}
}

// found is the style of a hit: turned round, which every colour scheme shows.
func found(s string) styled { return styled{"7", s} }

// head returns at most n characters from the beginning of s, tail from its end; "…" stands for what is left out.
func head(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

func tail(s string, n int) string {
	i := len(s)
	for ; i > 0 && n > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	if i == 0 {
		return s
	}
	return "…" + s[i:]
}

// oneLine puts a text of several lines on one.
func oneLine(s string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s)
}
