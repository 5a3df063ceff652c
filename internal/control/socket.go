package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// errPeer means that the other end of the socket belongs to another user.
var errPeer = errors.New("the other end of the socket belongs to another user")

// Listen makes the socket at path with mode 0600, in a folder that must be the user's own with mode
// 0700. Only the holder of the wallet's lock may call it: a socket that stands there already is taken
// for a dead one and replaced. It refuses over anything else than a socket. Closing the listener
// removes the socket.
//
// Connections of other users are closed as soon as they are accepted, where the system tells who they
// are (Linux and macOS).
func Listen(path string) (net.Listener, error) {
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is in the way of the daemon's socket: move it", path)
	case err == nil:
		err = os.Remove(path)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("make the daemon's socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("make the daemon's socket: %w", err)
	}
	// The folder's mode guards the moment before this.
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("make the daemon's socket: %w", err)
	}
	return &listener{UnixListener: l}, nil
}

// checkFolder refuses a folder that somebody else could reach into.
func checkFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the daemon's socket: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("make the daemon's socket: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || ok && int(owner.Uid) != os.Geteuid() {
		return &Error{Code: CodeTrust, Message: fmt.Sprintf("the folder %s of the daemon's socket is open to others", dir),
			Hint: "chmod 700 " + dir}
	}
	return nil
}

// listener accepts connections of this user only.
type listener struct{ *net.UnixListener }

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if checkPeer(c) == nil {
			return c, nil
		}
		_ = c.Close()
	}
}

// dial connects to the socket, unless another user serves it.
func dial(ctx context.Context, path string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := checkPeer(c.(*net.UnixConn)); err != nil {
		_ = c.Close()
		return nil, &Error{Code: CodeTrust, Message: fmt.Sprintf("the daemon's socket %s: %v", path, err),
			Hint: "nothing was sent to it; see who made it"}
	}
	return c, nil
}

// checkPeer returns errPeer if another user is at the other end.
func checkPeer(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var uid uint32
	var failed error
	if err := raw.Control(func(fd uintptr) { uid, failed = peerUID(int(fd)) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if int(uid) != os.Geteuid() {
		return errPeer
	}
	return nil
}
