package config

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config/machine"
	"thermostat/agent/config/yamltree"
)

// maxConfigSize is what a file may have, in bytes.
const maxConfigSize = yamltree.MaxSize

// LoadOrExit reads a configuration, prints every complaint, and fails with
// exit code 2 if one of them is an error.
func LoadOrExit(cmd *cobra.Command, file string) (Config, error) {
	cfg, complaints, err := Load(file)
	if err != nil {
		return cfg, cli.Exit(cli.ExitUsage, err)
	}
	if PrintComplaints(cmd.ErrOrStderr(), complaints) {
		return cfg, cli.Exit(cli.ExitUsage, nil)
	}
	return cfg, nil
}

// Read reads a configuration and gives every complaint at once, in the
// order of the file. The configuration can be used only if none is an error.
func Read(file string, text []byte) (Config, []Complaint) {
	return ReadOn(file, text, machine.This())
}

// Load is [ReadConfig] of a file; the error says that it cannot be had.
func Load(path string) (Config, []Complaint, error) {
	text, err := ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("configuration: %w (name another file with --config)", err)
	}
	c, complaints := Read(path, text)
	return c, complaints, nil
}

// ReadFile stops reading behind the greatest size, so that /dev/zero given by
// mistake does not eat the memory.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	return text, errors.Join(err, f.Close())
}

// PrintComplaints prints errors and, marked as such, warnings. It reports
// whether the configuration cannot be used.
func PrintComplaints(w io.Writer, complaints []Complaint) (unusable bool) {
	for _, c := range complaints {
		prefix := ""
		if c.Warning {
			prefix = "warning: "
		}
		unusable = unusable || !c.Warning
		fmt.Fprintln(w, prefix+cli.HarmlessText(c.String()))
	}
	return unusable
}
