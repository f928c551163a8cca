package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes; set and clear have two more.
const (
	exitFailed   = 1 // failed while running
	exitUsage    = 2 // wrong use or configuration
	exitRefused  = 3
	exitNoAnswer = 4
)

const defaultConfig = "/etc/thermostat/config.yaml"

// exitError is an error that knows the exit code it asks for: 1 failed while
// running, 2 wrong use or configuration, and what a command adds to these.
type exitError struct {
	code int
	err  error // what to print; nil where all has been said
}

// Error gives what is left to print, nothing where all has been said.
func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *exitError) Unwrap() error { return e.err }

// failed wraps what went wrong while running.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitFailed, err}
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

// noFile refuses what is written behind a command that takes its file by a flag.
func noFile(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%q has no place behind %s: a configuration is named with --config %s", args[0], cmd.CommandPath(), args[0])
}
