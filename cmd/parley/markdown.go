package main

import (
	"io"
	"strings"
	"time"

	"github.com/parley-im/parley/internal/control"
)

// markdown writes a conversation to read: a heading for each day, and what each message says as a quotation.
// It writes the title at once and returns what writes a message.
func (a *app) markdown(out io.Writer, with control.Contact) (func(said) error, error) {
	_, err := io.WriteString(out, "# Conversation with "+inlineText(with.Name)+"\n\n"+
		"`"+clean(with.DID)+"`, exported on "+a.print.now().UTC().Format("2006-01-02 15:04")+". Times are in UTC.\n")
	day := ""
	return func(s said) error {
		at := s.at.UTC()
		text := ""
		if now := at.Format("Monday, 2 January 2006"); now != day {
			day = now
			text = "\n## " + day + "\n"
		}
		_, err := io.WriteString(out, text+a.markdownMessage(s, at))
		return err
	}, err
}

func (a *app) markdownMessage(s said, at time.Time) string {
	who, state, content, files := "you", "", "", []control.File(nil)
	if m := s.received; m != nil {
		who, content, files = m.FromName, m.Content, m.Files
		if content == "" {
			content = other(*m)
		}
	} else {
		content, files = s.sent.Content, s.sent.Files
		if content == "" {
			content = other(control.Message{Type: s.sent.Type, Body: s.sent.Body})
		}
		state = " · " + inlineText(s.sent.State)
		if s.sent.Problem != "" {
			state += " (" + inlineText(s.sent.Problem) + ")"
		}
	}
	text := "\n**" + inlineText(who) + "** · " + at.Format("15:04:05") + state + "\n\n" + quotation(content)
	for i, f := range files {
		if i == 0 {
			text += "\n"
		}
		text += "- " + inlineText(safeName(f.Name)+", "+size(f.Size)) + "\n"
	}
	return text
}

// quotation is text as a Markdown quotation in which it stays text: line by line, nothing of it is markup.
func quotation(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\t", "    ").Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		body := strings.TrimLeft(l, " ")
		// Spaces at the beginning would make code of it, those at its end a line break of their own.
		l = strings.Repeat("\u00a0", len(l)-len(body)) + lineText(strings.TrimRight(body, " "))
		if l == "" {
			lines[i] = ">"
			continue
		}
		lines[i] = "> " + l
		if i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" {
			lines[i] += "\\" // a line break, also in what shows the text in one paragraph
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// lineText is inlineText for the beginning of a line, where more characters make a structure.
func lineText(s string) string {
	s = inlineText(s)
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	switch {
	case s == "":
	case strings.ContainsRune("#+-=:%", rune(s[0])):
		s = `\` + s
	case digits > 0 && digits < len(s) && (s[digits] == '.' || s[digits] == ')'):
		s = s[:digits] + `\` + s[digits:]
	}
	return s
}

// inlineText escapes what Markdown could take as markup (CommonMark 0.31.2, section 2.4, and the extensions for
// tables, strikethrough, footnotes, mathematics and bare links). References to characters stand for < > and &,
// which not every reader takes a backslash before.
func inlineText(s string) string {
	var b strings.Builder
	s = clean(s)
	for i, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_{}[]|~$^!@", r),
			r == ':' && strings.HasPrefix(s[i:], "://"),
			r == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
