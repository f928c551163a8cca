package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"thermostat/agent/cli"

	"github.com/spf13/cobra"
)

// build is what the binary knows of its own making.
type build struct {
	version, commit string
	at              time.Time // of the commit; zero where it is not known
}

func thisBuild() build {
	b := build{version: "devel", commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			b.at, _ = time.Parse(time.RFC3339, s.Value)
		case "vcs.modified":
			if s.Value == "true" {
				b.commit += "+modified"
			}
		}
	}
	return b
}

// notBefore is the earliest time that a working clock can show.
func (b build) notBefore() time.Time {
	if b.at.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // the year this code was written
	}
	return b.at
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print version, commit, Go version and platform", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := thisBuild()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "thermostat %s\ncommit %s\n%s %s/%s\n", b.version, b.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return cli.Failed(err)
		},
	}
}
