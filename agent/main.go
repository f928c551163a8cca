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

	"thermostat/agent/calibrate"
	"thermostat/agent/cli"
	"thermostat/agent/config/reference"
	"thermostat/agent/explain"
	"thermostat/agent/probe"
	"thermostat/agent/replay"
	"thermostat/agent/set"
	"thermostat/agent/simulate"
	"thermostat/agent/watch"
	"thermostat/mqtt/broker"
)

func main() { os.Exit(run()) }

func run() int {
	ends := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // by nohup; else the terminal is gone, and a relay must not stay on for it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	journal := cli.ToJournal(os.Stderr, os.Getenv)
	log := cli.NewLineWriter(os.Stderr)
	slog.SetDefault(cli.NewLogger(log, journal))
	broker.QuietPaho(slog.Default())
	root := rootCommand()
	cli.Strict(root)
	root.SetErr(cli.ComplaintsTo(os.Stderr, journal))
	root.SetArgs(cli.Signs(os.Args[1:]))
	cmd, err := root.ExecuteContextC(ctx)
	log.Flush()
	return cli.Report(root.ErrOrStderr(), cli.WithUse(cmd, err))
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
		set.Command(), set.BoostCommand(), set.ResumeCommand(), set.AwayCommand(), set.ProgramCommand(), set.ClearCommand(), watch.Command(), explain.Command(),
		probe.Command(), calibrate.Command(), offCommand(), heaterCommand(), replay.Command(), simulate.Command(), reference.Command(), versionCommand(),
	)
	return root
}
