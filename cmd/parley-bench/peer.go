package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

const (
	peerName = "peer" // of the hidden command
	patience = time.Minute
)

// peerCommand is the other process: it does with a wallet what "parley daemon --json" does.
func peerCommand(out io.Writer, failed *error) *cobra.Command {
	return &cobra.Command{
		Use:    peerName + " HOME",
		Short:  "Be the recipient of a measurement",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			*failed = servePeer(cmd.Context(), args[0], out)
			return nil
		},
	}
}

// servePeer keeps a wallet at work until ctx ends.
func servePeer(ctx context.Context, home string, out io.Writer) (err error) {
	w, err := openAtWork(ctx, home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	socket, err := control.Listen(wallet.SocketPath(home))
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.Go(func() error { return control.Serve(ctx, socket, w, nil) })
	if _, err := fmt.Fprintln(out, `{"v":1,"event":"ready"}`); err != nil {
		return err
	}
	<-ctx.Done()
	return g.Wait()
}

// atWork is a wallet that is open and delivers.
type atWork struct {
	*wallet.Wallet
	stop context.CancelFunc
	done chan error
}

func openAtWork(ctx context.Context, home string) (*atWork, error) {
	w, err := wallet.Open(ctx, home, wallet.Options{})
	if err != nil {
		return nil, err
	}
	if err := w.Listen(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &atWork{Wallet: w, stop: cancel, done: make(chan error, 1)}
	go func() { a.done <- w.Run(ctx) }()
	return a, nil
}

func (a *atWork) close() error {
	a.stop()
	return errors.Join(<-a.done, a.Close())
}

// process is a running peer. Its wallet answers through client, as that of a daemon does.
type process struct {
	cmd    *exec.Cmd
	client *control.Client
}

// launch starts a process for a wallet and returns when it is ready: it has said so, and its socket answers.
func (d *delivery) launch(ctx context.Context, home string) (*process, error) {
	command, args := d.parley, []string{"daemon", "--json", "--home", home}
	if command == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command, args = self, []string{peerName, home}
	}
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the other process: %w", err)
	}
	p := &process{cmd: cmd, client: control.NewClient(wallet.SocketPath(home))}
	if err := p.ready(ctx, stdout); err != nil {
		return nil, errors.Join(fmt.Errorf("the other process: %w", err), p.end())
	}
	return p, nil
}

func (p *process) ready(ctx context.Context, stdout io.Reader) error {
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("it ended before it was ready: %w", err)
	}
	var said struct {
		Event string `json:"event"`
	}
	if err := json.Unmarshal(line, &said); err != nil || said.Event != "ready" {
		return fmt.Errorf("it said %q instead of being ready", line)
	}
	_, err = p.client.Self(ctx)
	return err
}

// end has the process end in good order.
func (p *process) end() error {
	_ = p.client.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() {
		return nil // by the signal, before it was listened for
	}
	return err
}
