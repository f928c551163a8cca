package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration: every complaint at once, then the effective zones",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.Flags().Changed("config") && args[0] != file {
				return &exitError{exitUsage, fmt.Errorf("two files are named, %s and %s: name one", args[0], file)}
			}
			if len(args) > 0 {
				file = args[0]
			}
			return check(cmd.OutOrStdout(), cmd.ErrOrStderr(), file)
		},
	}
	cmd.Flags().StringVar(&file, "config", defaultConfig, "the configuration `FILE`")
	return cmd
}

func check(out, errs io.Writer, file string) error {
	c, complaints, err := LoadConfig(file)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if printComplaints(errs, complaints) {
		return &exitError{exitUsage, nil}
	}
	if own := thisMachine().stateDir(c.Device); file == defaultConfig && c.StateDir == own && exists(packagedState) {
		c.StateDir = packagedState // check typed by hand knows nothing of the service's folder
	}
	printTellings(errs, c)
	return failed(printZones(out, c))
}
