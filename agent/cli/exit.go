package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes; set and clear have two more.
const (
	ExitFailed   = 1 // failed while running
	ExitUsage    = 2 // wrong use or configuration
	ExitRefused  = 3
	ExitNoAnswer = 4
)

// DefaultConfig is the configuration of an installed agent.
const DefaultConfig = "/etc/thermostat/config.yaml"

// ExitError is an error that knows the exit code it asks for: 1 failed while
// running, 2 wrong use or configuration, and what a command adds to these.
type ExitError struct {
	Code int
	Err  error // what to print; nil where all has been said
}

// Exit is an error that asks for an exit code; err is nil where all has been said.
func Exit(code int, err error) error { return &ExitError{code, err} }

// Error gives what is left to print, nothing where all has been said.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// Failed wraps what went wrong while running.
func Failed(err error) error {
	if err == nil {
		return nil
	}
	return Exit(ExitFailed, err)
}

// Report says what went wrong in one line and gives the exit code.
func Report(errs io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := ExitUsage // cobra's own errors are all about wrong use
	var exit *ExitError
	if errors.As(err, &exit) {
		code = exit.Code
		if exit.Err == nil {
			return code
		}
	}
	fmt.Fprintln(errs, "thermostat:", WithCure(err))
	return code
}

// WithUse adds to an error of the library's, all of which are about wrong use, what to
// type, and makes one line of it.
func WithUse(cmd *cobra.Command, err error) error {
	var ours *ExitError
	if err == nil || errors.As(err, &ours) {
		return err
	}
	says, near, _ := strings.Cut(err.Error(), "\n")
	if near != "" {
		says += "; " + strings.Join(strings.Fields(near), " ")
	}
	return fmt.Errorf("%s; type %s --help", says, cmd.CommandPath())
}

// saidErrors are told of many that came together; one cause has often thousands.
const saidErrors = 5

// InOneLine is an error's text without line breaks, without what a terminal would
// obey, and not longer than a few errors.
func InOneLine(err error) string {
	all := strings.Split(err.Error(), "\n")
	text := strings.Join(all[:min(len(all), saidErrors)], "; ")
	if more := len(all) - saidErrors; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return HarmlessText(text)
}

// NoFile refuses what is written behind a command that takes its file by a flag.
func NoFile(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return Exit(ExitUsage, fmt.Errorf("%q has no place behind %s: a configuration is named with --config %s", args[0], cmd.CommandPath(), args[0]))
}
