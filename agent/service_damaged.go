package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// A start that only a person can mend is not tried again and again: systemd 252
// has no pause that grows, and would write some hundred thousand lines a day.
const (
	mendLook   = 2 * time.Second
	mendConfig = 5 * time.Minute  // something may have changed that the file does not show
	mendRelay  = 30 * time.Second // a chip or a right may come late at a boot
	mendExtend = 30 * time.Second // of the start's time limit, far more than one look takes
)

// mending is a start that only a person can make a good one.
type mending struct {
	file  string        // the configuration, which is to change
	seen  string        // its fingerprint before the start
	limit time.Duration // after which the start is tried all the same
}

// await says what is wrong and waits, if a service manager listens, until the
// file has changed; the manager then starts the agent anew. Every relay must be
// off. It gives what is left to be told.
func (m mending) await(cmd *cobra.Command, why error) error {
	var exit *exitError
	n, err := newNotifier(os.Getenv)
	if err != nil {
		slog.Warn("the service manager cannot be told", "error", err)
	}
	if n == nil || !errors.As(why, &exit) || exit.code != exitUsage {
		return why
	}
	report(cmd.ErrOrStderr(), why)
	if m.wait(cmd.Context(), cmp.Or(why.Error(), damageOf(m.file)), n.send) {
		return nil
	}
	return &exitError{exitUsage, nil}
}

// wait reports whether the agent was told to end.
func (m mending) wait(ctx context.Context, why string, send func(...string) error) (stopped bool) {
	end, tick := time.NewTimer(m.limit), time.NewTicker(mendLook)
	defer end.Stop()
	defer tick.Stop()
	status := "STATUS=every relay is off, until this is mended: " + inOneLine(errors.New(why))
	for fingerprint(m.file) == m.seen {
		// A manager that does not hear ends the wait by its own time limit.
		_ = send(status, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", mendExtend.Microseconds()))
		select {
		case <-ctx.Done():
			_ = send("STOPPING=1")
			return true
		case <-end.C:
			return false
		case <-tick.C:
		}
	}
	return false
}

// fingerprint changes with a file's text, and with what keeps it from being read.
func fingerprint(file string) string {
	text, err := readFile(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// damageOf is every error in a configuration, a line each.
func damageOf(file string) string {
	_, complaints, err := LoadConfig(file)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, c := range complaints {
		if !c.Warning {
			all = append(all, c.String())
		}
	}
	return strings.Join(all, "\n")
}
