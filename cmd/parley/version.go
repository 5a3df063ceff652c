package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// release is set when a release is built: -ldflags "-X main.release=v1.2.3".
var release string

// version is the release, or what the build knows of itself.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version",
		Long:    "Shows the version of parley, of Go, of the system that it is for, and of its local API.",
		Example: `parley version --json`,
		Args:    takes(),
		RunE: a.do(func(context.Context, []string) error {
			v := struct {
				V       int    `json:"v"`
				Version string `json:"version"`
				Go      string `json:"go"`
				System  string `json:"system"`
				API     string `json:"api"`
			}{control.Version, version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, "v1"}
			return a.print.show(v, line{"parley ", v.Version, faint("  " + v.Go + " " + v.System + ", local API " + v.API)})
		}),
	}
}
