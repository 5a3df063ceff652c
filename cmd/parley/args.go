package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// usage is an error in how cmd was called.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: cmd.CommandPath() + " --help"}
}

// badUsage is an error in how a command was called that shows only when it runs.
func badUsage(hint, format string, args ...any) error {
	return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// takes accepts exactly the named arguments.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage(cmd, "missing %s", strings.Join(names[len(args):], " and "))
		}
		if len(args) > len(names) {
			hint := ""
			if len(names) > 0 && len(args) > 1 {
				hint = ": put a text of several words in quotes"
			}
			return usage(cmd, "unexpected argument %q%s", args[len(names)], hint)
		}
		return nil
	}
}

// takesSome accepts one or more arguments of one kind.
func takesSome(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(cmd, "missing %s", name)
		}
		return nil
	}
}

// subcommandOnly accepts no argument: what stands there is a command that does not exist.
func subcommandOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+args[0]),
		Hint: cmd.CommandPath() + " --help"}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err.Hint = "did you mean: " + cmd.CommandPath() + " " + near[0]
	}
	return err
}
