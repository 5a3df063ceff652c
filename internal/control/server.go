package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
)

const (
	maxBody       = 1 << 20 // bytes of a request
	maxCalls      = 64      // at one time to one route, so that long polls cannot starve the others
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second // for one answer
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 3 * time.Second // for answers under way when Serve ends
)

// server is the handler of the API.
type server struct {
	mux      *http.ServeMux
	stopping func() bool // tells the end of Serve from a client that left
	log      *slog.Logger
}

// Serve answers requests for the wallet on l until ctx ends. Then calls that wait are cut short with
// CodeNoDaemon, l is closed, and Serve returns nil once the last answer is out, after 3 s at most. The
// caller holds the wallet's lock until then. A nil log discards.
func Serve(ctx context.Context, l net.Listener, w Wallet, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	hs := &http.Server{
		Handler:           newHandler(ctx, daemonWallet{w}, log),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if hs.Shutdown(last) != nil {
			_ = hs.Close()
		}
	})
	err := hs.Serve(l)
	if stop() {
		_ = hs.Close()
		return fmt.Errorf("serve the local API: %w", err)
	}
	<-stopped
	return nil
}

// daemonWallet says of itself that it is a daemon: whoever reads its status came through the socket.
type daemonWallet struct{ Wallet }

func (w daemonWallet) Status(ctx context.Context) (Status, error) {
	s, err := w.Wallet.Status(ctx)
	s.Daemon, s.PID = true, os.Getpid()
	return s, err
}

func newHandler(ctx context.Context, w Wallet, log *slog.Logger) http.Handler {
	s := &server{mux: http.NewServeMux(), stopping: func() bool { return ctx.Err() != nil }, log: log}
	mount(s, w)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		e := &Error{Code: CodeUsage, Message: fmt.Sprintf("no such route: %s %s", r.Method, r.URL.Path)}
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			e.Hint = "this wallet is served under /v1"
		}
		reply(s, w, http.StatusNotFound, answer[none]{V: Version, Error: e})
	})
	return s.mux
}

// handle mounts call at the endpoint.
func handle[Q, A any](s *server, e endpoint[Q, A], call func(context.Context, Q) (A, error)) {
	slots := make(chan struct{}, maxCalls)
	s.mux.HandleFunc(e.verb+" "+e.path, func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			refuse(s, w, &Error{Code: CodeQuota, Message: fmt.Sprintf("%d such calls are under way", maxCalls),
				Hint: "try again in a moment"})
			return
		}
		q, bad := readRequest[Q](w, r)
		if bad != nil {
			refuse(s, w, bad)
			return
		}
		result, err := call(r.Context(), q)
		s.answer(w, r, &result, err)
	})
}

// readRequest reads the request from the query of a GET or from the body.
func readRequest[Q any](w http.ResponseWriter, r *http.Request) (q Q, _ *Error) {
	if r.Method == http.MethodGet {
		if err := decodeQuery(r.URL.Query(), &q); err != nil {
			return q, &Error{Code: CodeUsage, Message: err.Error()}
		}
		return q, nil
	}
	// The deadline must not outlast the body: a call may wait for long after that.
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = rc.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return q, &Error{Code: CodeUsage, Message: fmt.Sprintf("the request is larger than %d KiB", maxBody>>10)}
	case err != nil:
		return q, &Error{Code: CodeUsage, Message: "the request is incomplete: " + err.Error()}
	}
	if err := unmarshalStrict(body, &q); err != nil {
		return q, &Error{Code: CodeUsage, Message: "the request is not what this route takes: " + err.Error()}
	}
	return q, nil
}

// answer sends the result, a pointer, or err, or both.
func (s *server) answer(w http.ResponseWriter, r *http.Request, result any, err error) {
	a := answer[any]{V: Version, Error: ErrorOf(err)}
	if err == nil || !reflect.ValueOf(result).Elem().IsZero() {
		a.Result = &result // what a wait that timed out has reached
	}
	if err == nil {
		reply(s, w, http.StatusOK, a)
		return
	}
	if r.Context().Err() != nil && !s.stopping() {
		return // the client has left
	}
	var known *Error
	switch {
	case errors.As(err, &known):
	case s.stopping():
		a.Error = &Error{Code: CodeNoDaemon, Message: "the daemon is stopping", Hint: "what was queued stays queued"}
	default:
		s.log.Warn("a call failed", "route", r.Pattern, "err", err)
	}
	reply(s, w, a.Error.status(), a)
}

func refuse(s *server, w http.ResponseWriter, e *Error) {
	reply(s, w, e.status(), answer[none]{V: Version, Error: e})
}

func reply[A any](s *server, w http.ResponseWriter, status int, a answer[A]) {
	data, err := Marshal(a)
	if err != nil {
		s.log.Error("an answer could not be written", "err", err)
		status, data = http.StatusInternalServerError,
			[]byte(`{"v":1,"error":{"code":"unexpected","message":"the answer could not be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// A client that does not read must not hold the answer, and its place among the calls, for ever.
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // a client that has left needs no answer
}
