package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// configOrExit reads a configuration, prints every complaint, and fails with
// exit code 2 if one of them is an error.
func configOrExit(cmd *cobra.Command, file string) (Config, error) {
	cfg, complaints, err := LoadConfig(file)
	if err != nil {
		return cfg, &exitError{exitUsage, err}
	}
	if printComplaints(cmd.ErrOrStderr(), complaints) {
		return cfg, &exitError{exitUsage, nil}
	}
	return cfg, nil
}

// ReadConfig reads a configuration and gives every complaint at once, in the
// order of the file. The configuration can be used only if none is an error.
func ReadConfig(file string, text []byte) (Config, []Complaint) {
	return readConfig(file, text, thisMachine())
}

// LoadConfig is [ReadConfig] of a file; the error says that it cannot be had.
func LoadConfig(path string) (Config, []Complaint, error) {
	text, err := readFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("configuration: %w (name another file with --config)", err)
	}
	c, complaints := ReadConfig(path, text)
	return c, complaints, nil
}

// readFile stops reading behind the greatest size, so that /dev/zero given by
// mistake does not eat the memory.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	return text, errors.Join(err, f.Close())
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
		fmt.Fprintln(w, prefix+harmlessText(c.String()))
	}
	return unusable
}
