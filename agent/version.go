package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print version, commit, Go version and platform", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := cli.ThisBuild()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "thermostat %s\ncommit %s\n%s %s/%s\n", b.Version, b.Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return cli.Failed(err)
		},
	}
}
