package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-im/parley/internal/control"
)

const maxChoices = 3 // answers that are no contact before the question is given up

// choose finds whom to talk with: who is named, the only contact, or whom the user says.
func (a *app) choose(ctx context.Context, w control.Wallet, args []string) (control.Contact, error) {
	if len(args) > 0 {
		return lookUp(ctx, w, args[0])
	}
	all, err := w.Contacts(ctx)
	if err != nil {
		return control.Contact{}, err
	}
	all = slices.DeleteFunc(all, func(c control.Contact) bool { return c.Blocked })
	switch {
	case len(all) == 0:
		return control.Contact{}, &control.Error{Code: control.CodeUsage, Message: "there is nobody to talk with yet",
			Hint: "parley invite, or parley add LINK"}
	case len(all) == 1:
		return all[0], nil
	}
	if !a.atTerminal() {
		return control.Contact{}, badUsage("parley chat "+all[0].Name, "there are %d contacts: name one of them", len(all))
	}
	if err := a.listChoices(ctx, w, all); err != nil {
		return control.Contact{}, err
	}
	return a.askWhom(ctx, w, all)
}

// listChoices shows the contacts with the number of their unread messages.
func (a *app) listChoices(ctx context.Context, w control.Wallet, all []control.Contact) error {
	unread, err := w.Receive(ctx, control.ReceiveRequest{Newest: true, Limit: maxPage})
	if err != nil {
		return err
	}
	count := map[string]int{}
	for _, m := range unread {
		count[m.From]++
	}
	width := 0
	for _, c := range all {
		width = max(width, glyphsWidth(a.print.glyphs(line{c.Name})))
	}
	for i, c := range all {
		pad := strings.Repeat(" ", width-glyphsWidth(a.print.glyphs(line{c.Name})))
		l := line{fmt.Sprintf("%3d  ", i+1), name(c.Name), pad}
		if n := count[c.DID]; n > 0 && len(unread) == maxPage {
			l = append(l, "  ", good(fmt.Sprintf("%d unread or more", n)))
		} else if n > 0 {
			l = append(l, "  ", good(fmt.Sprintf("%d unread", n)))
		}
		if mark := marks(c); mark != "" {
			l = append(l, "  ", faint(mark))
		}
		if err := a.print.show(c, l); err != nil {
			return err
		}
	}
	return nil
}

// askWhom asks which of the contacts it shall be, by number, name or a unique beginning of one.
func (a *app) askWhom(ctx context.Context, w control.Wallet, all []control.Contact) (control.Contact, error) {
	var last error
	for range maxChoices {
		a.print.ask(a.out, "Talk with whom?")
		answer, err := a.answer(ctx)
		if err != nil {
			return control.Contact{}, err
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(all) {
			return all[n-1], nil
		}
		if answer == "" {
			return control.Contact{}, badUsage("parley chat "+all[0].Name, "nobody was named")
		}
		c, err := lookUp(ctx, w, answer)
		if err == nil {
			return c, nil
		}
		last = err
		a.print.note(control.ErrorOf(err).Message)
	}
	return control.Contact{}, last
}

// answer reads a line of the terminal, byte by byte: what is typed after it is not for us.
func (a *app) answer(ctx context.Context) (string, error) {
	type result struct {
		text string
		err  error
	}
	c := make(chan result, 1)
	go func() {
		var text []byte
		for b := make([]byte, 1); len(text) < maxSequence*8; {
			n, err := a.in.Read(b)
			if n > 0 && b[0] == '\n' {
				break
			}
			if n > 0 {
				text = append(text, b[0])
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				c <- result{err: err}
				return
			}
		}
		c <- result{text: strings.TrimSpace(string(text))}
	}()
	select {
	case <-ctx.Done(): // the goroutine ends with the process, which is about to
		a.print.endLine(a.out)
		return "", ctx.Err()
	case r := <-c:
		return r.text, r.err
	}
}
