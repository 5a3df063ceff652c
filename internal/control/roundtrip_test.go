package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// fill sets every field within v to something that is not zero and differs from its neighbours.
func fill(v reflect.Value, n *int) {
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2026, 11, 20, 9, 0, *n, 123456000, time.UTC)
		return
	case *time.Duration:
		*x = time.Duration(*n) * 1500 * time.Millisecond
		return
	case *json.RawMessage:
		*x = fmt.Appendf(nil, `{"n":%d}`, *n)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("<\"ünï & %d\u202e\x1b\n>", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) << 33)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(value, n)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Uint8:
		*n++
		v.SetUint(uint64(*n % 256))
	default:
		panic("fill: what is a " + v.Type().String() + " to be?")
	}
}

func filled(t reflect.Type, n int) any {
	v := reflect.New(t).Elem()
	fill(v, &n)
	return v.Interface()
}

// Every method of the interface, with every field of its request and result, over the socket.
func TestEveryMethodOverTheSocket(t *testing.T) {
	t.Parallel()
	api := reflect.TypeFor[control.Wallet]()
	for i := range api.NumMethod() {
		m := api.Method(i)
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			var want any
			if m.Type.NumOut() == 2 {
				want = filled(m.Type.Out(0), 50)
			}
			fake := &controltest.Wallet{Answer: func(context.Context, controltest.Call) (any, error) { return want, nil }}
			path, _ := serving(t, fake)
			var args []any
			in := []reflect.Value{reflect.ValueOf(context.Background())}
			for k := 1; k < m.Type.NumIn(); k++ {
				args = append(args, filled(m.Type.In(k), 100*k))
				in = append(in, reflect.ValueOf(args[k-1]))
			}
			out := reflect.ValueOf(client(t, path)).MethodByName(m.Name).Call(in)
			if err := out[len(out)-1]; !err.IsNil() {
				t.Fatalf("error over the socket: %v", err)
			}
			if s, ok := want.(control.Status); ok {
				s.Daemon, s.PID = true, os.Getpid()
				want = s
			}
			if want != nil {
				if diff := cmp.Diff(want, out[0].Interface()); diff != "" {
					t.Errorf("result (-sent +got):\n%s", diff)
				}
			}
			got := fake.Calls()
			if diff := cmp.Diff([]controltest.Call{{Method: m.Name, Args: args}}, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("call (-asked +got):\n%s", diff)
			}
		})
	}
}

// A zero request and an empty result stay what they are: an empty list is no null.
func TestZeroValuesOverTheSocket(t *testing.T) {
	t.Parallel()
	fake := &controltest.Wallet{}
	path, _ := serving(t, fake)
	c := client(t, path)
	list, err := c.Receive(t.Context(), control.ReceiveRequest{})
	if err != nil || list == nil || len(list) != 0 {
		t.Errorf("Receive = %v, %v, want an empty list", list, err)
	}
	if _, err := c.ChangeContact(t.Context(), "bob", control.ContactChange{}); err != nil {
		t.Error(err)
	}
	no := false
	if _, err := c.ChangeContact(t.Context(), "bob", control.ContactChange{Blocked: &no}); err != nil {
		t.Error(err)
	}
	want := []controltest.Call{
		{Method: "Receive", Args: []any{control.ReceiveRequest{}}},
		{Method: "ChangeContact", Args: []any{"bob", control.ContactChange{}}},
		{Method: "ChangeContact", Args: []any{"bob", control.ContactChange{Blocked: &no}}},
	}
	if diff := cmp.Diff(want, fake.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestErrorsOverTheSocket(t *testing.T) {
	t.Parallel()
	reached := control.Sent{V: 1, ID: "01JD", State: "queued", TS: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	for _, tc := range []struct {
		name string
		sent control.Sent
		err  error
		want *control.Error
	}{
		{"timeout with a result", reached, &control.Error{Code: control.CodeTimeout, Message: "not delivered within 1s", Hint: "it stays queued"}, nil},
		{"usage", control.Sent{}, &control.Error{Code: control.CodeUsage, Message: "empty"}, nil},
		{"network", control.Sent{}, &control.Error{Code: control.CodeNetwork, Message: "unreachable"}, nil},
		{"trust", control.Sent{}, &control.Error{Code: control.CodeTrust, Message: "keys changed", Hint: "compare"}, nil},
		{"quota", control.Sent{}, &control.Error{Code: control.CodeQuota, Message: "full"}, nil},
		{"unknown", control.Sent{}, &control.Error{Code: control.CodeUnknown, Message: "no such contact"}, nil},
		{"no daemon", control.Sent{}, &control.Error{Code: control.CodeNoDaemon, Message: "gone"}, nil},
		{"wrapped", control.Sent{}, fmt.Errorf("send: %w", &control.Error{Code: control.CodeUnknown, Message: "no such contact"}),
			&control.Error{Code: control.CodeUnknown, Message: "no such contact"}},
		{"foreign", control.Sent{}, errors.New("disk on fire"), &control.Error{Code: control.CodeUnexpected, Message: "disk on fire"}},
		{"of a later version", control.Sent{}, &control.Error{Code: "new_code", Message: "?"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path, _ := serving(t, &controltest.Wallet{Answer: func(context.Context, controltest.Call) (any, error) { return tc.sent, tc.err }})
			got, err := client(t, path).Send(t.Context(), control.SendRequest{To: "bob"})
			if diff := cmp.Diff(tc.sent, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			want := tc.want
			if want == nil {
				want = tc.err.(*control.Error)
			}
			var e *control.Error
			if !errors.As(err, &e) || *e != *want {
				t.Errorf("error = %#v, want %#v", err, want)
			}
		})
	}
}

// The client's cancellation reaches the wallet, and the client does not wait for it.
func TestCancelReachesTheWallet(t *testing.T) {
	t.Parallel()
	started, ended := make(chan string, 1), make(chan error, 1)
	path, _ := serving(t, waiting(started, ended))
	for name, poll := range map[string]func(ctx context.Context, c *control.Client) error{
		"Receive": func(ctx context.Context, c *control.Client) error {
			_, err := c.Receive(ctx, control.ReceiveRequest{Wait: time.Hour})
			return err
		},
		"Send": func(ctx context.Context, c *control.Client) error {
			_, err := c.Send(ctx, control.SendRequest{Wait: "delivered", Timeout: time.Hour})
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- poll(ctx, client(t, path)) }()
		if got := within(t, started, "call"); got != name {
			t.Fatalf("%s was called, want %s", got, name)
		}
		cancel()
		if err := within(t, result, "return of the client"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s of the client: %v, want its context's error", name, err)
		}
		if err := within(t, ended, "end of the wallet's call"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s of the wallet: %v, want context.Canceled", name, err)
		}
	}
}

// When the daemon stops, waiting calls end at once with an error that says so, and so does Serve.
func TestStopEndsWaitingCalls(t *testing.T) {
	t.Parallel()
	started, ended := make(chan string, 1), make(chan error, 1)
	path, stop := serving(t, waiting(started, ended))
	result := make(chan error, 1)
	go func() {
		_, err := client(t, path).Changes(t.Context(), control.ChangesRequest{After: 3, Wait: time.Hour})
		result <- err
	}()
	within(t, started, "call")
	if err := stop(); err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	var e *control.Error
	if err := within(t, result, "return of the client"); !errors.As(err, &e) || e.Code != control.CodeNoDaemon {
		t.Errorf("error = %v, want one with code no_daemon", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	_, err := client(t, path).Self(t.Context())
	if !errors.As(err, &e) || e.Code != control.CodeNoDaemon || e.Exit() != 7 {
		t.Errorf("error after the end = %v, want one with code no_daemon", err)
	}
}
