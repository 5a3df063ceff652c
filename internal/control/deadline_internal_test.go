package control

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"
)

// noted notes the deadlines that are set around what is written.
type noted struct {
	*httptest.ResponseRecorder
	events []string
}

func (n *noted) SetWriteDeadline(t time.Time) error {
	what := "deadline"
	if t.IsZero() {
		what = "none"
	}
	n.events = append(n.events, what)
	return nil
}

func (n *noted) Write(b []byte) (int, error) {
	n.events = append(n.events, "write")
	return n.ResponseRecorder.Write(b)
}

// TestAnswersHaveADeadline: a client that asks and does not read must not keep its place among the calls. The
// deadline is for the answer alone: the call before it may have waited for an hour.
func TestAnswersHaveADeadline(t *testing.T) {
	t.Parallel()
	n := &noted{ResponseRecorder: httptest.NewRecorder()}
	reply(&server{log: slog.New(slog.DiscardHandler)}, n, 200, answer[none]{V: Version})
	if len(n.events) != 3 || n.events[0] != "deadline" || n.events[1] != "write" || n.events[2] != "none" {
		t.Errorf("%v", n.events)
	}
}
