package reportproblem

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
	"github.com/parley-im/parley/messaging/receipts"
)

// The protocol, as a pattern for Mux.Handle, and its message.
const (
	Protocol = "https://didcomm.org/report-problem/2.0/"
	Type     = Protocol + "problem-report"
)

// MaxText is the size in bytes of the longest text of a report: args stand in as many places as somebody likes.
const MaxText = 16 << 10

// ErrNotReport is wrapped by Parse's error for a message that has another type, no code or no parent thread.
var ErrNotReport = errors.New("not a problem report")

// Report is what a problem report says.
type Report struct {
	// Thread is the thread in which the problem came up: the report's pthid.
	Thread string
	// Code is a problem code, such as "e.m.msg", Comment explains it to a person.
	Code, Comment string
	// Args belong into the comment at {1}, {2} and so on; a null argument is "?".
	Args []string
	// EscalateTo is a URI where there is more help; empty for none.
	EscalateTo string
}

type reportBody struct {
	Code       string                    `json:"code"`
	Comment    string                    `json:"comment,omitzero"`
	Args       body.List[jsontext.Value] `json:"args,omitempty"`
	EscalateTo string                    `json:"escalate_to,omitzero"`
}

// New makes a report to somebody of a problem that came up in the thread pthid. The comment is always the same
// for a code; what is special about the case goes into the args. Bytes that are not UTF-8 become U+FFFD.
func New(to did.DID, pthid, code, comment string, args ...string) *messaging.Message {
	valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	b := reportBody{Code: valid(code), Comment: valid(comment)}
	for _, arg := range args {
		quoted, _ := jsontext.AppendQuote(nil, valid(arg)) // valid UTF-8 always has a JSON form
		b.Args = append(b.Args, quoted)
	}
	m := &messaging.Message{Type: Type, To: []did.DID{to}, ParentThreadID: pthid}
	_ = m.SetBody(b)
	return m
}

// Answer makes the report of a problem with a message to its sender, which acknowledges the message as well. It
// is nil where none may be made: about a message of nobody, and about reports, receipts and acknowledgements. It
// fits messaging.Node.Report.
func Answer(m *messaging.Received, p *messaging.Problem) *messaging.Message {
	silent := func(typ string) bool { return messaging.SameType(m.Type, typ) }
	if m.Sender.IsZero() || slices.ContainsFunc([]string{Type, receipts.Type, messaging.EmptyType}, silent) {
		return nil
	}
	report := New(m.Sender, m.Thread(), p.Code, p.Comment)
	report.Ack = []string{m.ID}
	return report
}

// Parse returns what a report says. The error wraps ErrNotReport, or messaging.ErrMessage for a body of another
// form. At most body.MaxList args are read; those that are no strings are taken as the JSON that they are.
func Parse(m *messaging.Message) (Report, error) {
	if !messaging.SameType(m.Type, Type) {
		return Report{}, fmt.Errorf("%w: its type is %q", ErrNotReport, m.Type)
	}
	var b reportBody
	if err := m.DecodeBody(&b); err != nil {
		return Report{}, err
	}
	if b.Code == "" || m.ParentThreadID == "" {
		return Report{}, fmt.Errorf("%w: it has no code or no pthid", ErrNotReport)
	}
	r := Report{Thread: m.ParentThreadID, Code: b.Code, Comment: b.Comment, EscalateTo: b.EscalateTo}
	for _, arg := range b.Args {
		text := string(arg)
		switch arg.Kind() {
		case 'n':
			text = "?"
		case '"':
			plain, err := jsontext.AppendUnquote(nil, arg)
			if err != nil {
				return Report{}, fmt.Errorf("%w: args: %w", ErrNotReport, err)
			}
			text = string(plain)
		}
		r.Args = append(r.Args, text)
	}
	return r, nil
}

// Text is the comment with the args in their places, or the code where there is no comment: "?" stands for an arg
// that is missing, and those that have no place follow after commas (DIDComm v2.1, Problem Reports). What is over
// MaxText is cut off.
func (r Report) Text() string {
	rest := r.Comment
	if rest == "" {
		rest = r.Code
	}
	used := make([]bool, len(r.Args))
	var b strings.Builder
	for rest != "" && b.Len() < MaxText {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			break
		}
		n, length := place(after)
		switch {
		case length == 0:
			b.WriteByte('{')
		case n <= len(r.Args):
			b.WriteString(r.Args[n-1])
			used[n-1] = true
		default:
			b.WriteByte('?')
		}
		rest = after[length:]
	}
	for i, arg := range r.Args {
		if !used[i] && b.Len() < MaxText {
			b.WriteString(", " + arg)
		}
	}
	text := b.String()
	return strings.ToValidUTF8(text[:min(len(text), MaxText)], "")
}

// place reads "N}" at the beginning of s: a number from 1 to 999, and how many bytes it takes; 0 if it is none.
func place(s string) (n, length int) {
	for i := range min(len(s), 4) {
		switch c := s[i]; {
		case c == '}' && n > 0:
			return n, i + 1
		case c < '0' || c > '9' || n == 0 && c == '0':
			return 0, 0
		default:
			n = n*10 + int(c-'0')
		}
	}
	return 0, 0
}

// Text is the text of a message that is a report; the error is that of Parse.
func Text(m *messaging.Message) (string, error) {
	r, err := Parse(m)
	return r.Text(), err
}

// Handler leaves every report to the user, and answers none.
var Handler = messaging.KeepHandler
