// Command thermostat is an edge agent for real thermostat hardware: it reads a
// sensor, obeys setpoints that a broker retains, and switches a relay.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"thermostat/mqtt/broker"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	journal := toJournal(os.Stderr, os.Getenv)
	log := newLineWriter(os.Stderr)
	slog.SetDefault(newLogger(log, journal))
	broker.QuietPaho(slog.Default())
	root := rootCommand()
	root.SetErr(complaintsTo(os.Stderr, journal))
	root.SetArgs(signs(os.Args[1:]))
	err := root.ExecuteContext(ctx)
	log.flush()
	return report(root.ErrOrStderr(), err)
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
