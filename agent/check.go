package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/config/effective"
	"thermostat/agent/config/machine"
	"thermostat/agent/service"
)

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration: every complaint at once, then the effective zones",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.Flags().Changed("config") && args[0] != file {
				return cli.Exit(cli.ExitUsage, fmt.Errorf("two files are named, %s and %s: name one", args[0], file))
			}
			if len(args) > 0 {
				file = args[0]
			}
			return check(cmd.OutOrStdout(), cmd.ErrOrStderr(), file)
		},
	}
	cmd.Flags().StringVar(&file, "config", cli.DefaultConfig, "the configuration `FILE`")
	return cmd
}

func check(out, errs io.Writer, file string) error {
	c, complaints, err := config.Load(file)
	if err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	if config.PrintComplaints(errs, complaints) {
		return cli.Exit(cli.ExitUsage, nil)
	}
	if own := machine.This().StateDir(c.Device); file == cli.DefaultConfig && c.StateDir == own && machine.Exists(machine.PackagedState) {
		c.StateDir = machine.PackagedState // check typed by hand knows nothing of the service's folder
	}
	service.PrintTellings(errs, c)
	return cli.Failed(effective.Print(out, c))
}
