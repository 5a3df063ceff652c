//go:build !darwin && !windows

package oskeyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// runtimeDir is where a session bus has its socket if nobody says otherwise, of the user with this id.
const runtimeDir = "/run/user/%d"

// reachable finds out whether there is a session bus, in the places where the D-Bus library looks before it starts
// one.
func reachable() error {
	if addr := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); addr != "" && addr != "autolaunch:" {
		return nil
	}
	dir := fmt.Sprintf(runtimeDir, os.Getuid())
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return errors.New("there is no session bus")
}
