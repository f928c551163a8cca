// Command thermostat is an edge agent for real thermostat hardware: it reads a
// sensor, obeys setpoints that a broker retains, and switches a relay.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"thermostat/mqtt"
)

// The exit codes; set and clear have two more.
const (
	exitFailed   = 1 // failed while running
	exitUsage    = 2 // wrong use or configuration
	exitRefused  = 3
	exitNoAnswer = 4
)

const defaultConfig = "/etc/thermostat/config.yaml"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	journal := toJournal(os.Stderr, os.Getenv)
	log := newLineWriter(os.Stderr)
	slog.SetDefault(newLogger(log, journal))
	mqtt.QuietPaho(slog.Default())
	root := rootCommand()
	root.SetErr(complaintsTo(os.Stderr, journal))
	root.SetArgs(signs(os.Args[1:]))
	err := root.ExecuteContext(ctx)
	log.flush()
	return report(root.ErrOrStderr(), err)
}

// report says what went wrong in one line and gives the exit code.
func report(errs io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := exitUsage // cobra's own errors are all about wrong use
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
		if exit.err == nil {
			return code
		}
	}
	fmt.Fprintln(errs, "thermostat:", withCure(err))
	return code
}

// saidErrors are told of many that came together; one cause has often thousands.
const saidErrors = 5

func inOneLine(err error) string {
	all := strings.Split(err.Error(), "\n")
	text := strings.Join(all[:min(len(all), saidErrors)], "; ")
	if more := len(all) - saidErrors; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return harmlessText(text)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "thermostat",
		Short:         "A thermostat for real hardware: retained MQTT setpoints, local control, and the heat off when in doubt",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		demoCommand(), runCommand(), checkCommand(),
		setCommand(), clearCommand(), watchCommand(),
		probeCommand(), offCommand(), heaterCommand(), replayCommand(), simulateCommand(), versionCommand(),
	)
	return root
}

// failed wraps what went wrong while running.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitFailed, err}
}
