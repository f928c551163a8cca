package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration: every complaint at once, then the effective zones",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	printOutranked(errs, c)
	return failed(printZones(out, c))
}

// printComplaints prints errors and, marked as such, warnings. It reports
// whether the configuration cannot be used.
func printComplaints(w io.Writer, complaints []Complaint) (unusable bool) {
	for _, c := range complaints {
		prefix := ""
		if c.Warning {
			prefix = "warning: "
		}
		unusable = unusable || !c.Warning
		fmt.Fprintln(w, prefix+c.String())
	}
	return unusable
}
