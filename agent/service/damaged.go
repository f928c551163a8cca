package service

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

	"thermostat/agent/cli"
	"thermostat/agent/config"
)

// A start that only a person can mend is not tried again and again: systemd 252
// has no pause that grows, and would write some hundred thousand lines a day.
const (
	mendLook   = 2 * time.Second
	MendConfig = 5 * time.Minute  // something may have changed that the file does not show
	MendRelay  = 30 * time.Second // a chip or a right may come late at a boot
	mendExtend = 30 * time.Second // of the start's time limit, far more than one look takes
)

// Mending is a start that only a person can make a good one.
type Mending struct {
	File  string        // the configuration, which is to change
	Seen  string        // its fingerprint before the start
	Limit time.Duration // after which the start is tried all the same
}

// Await says what is wrong and waits, if a service manager listens, until the
// file has changed; the manager then starts the agent anew. Every relay must be
// off. It gives what is left to be told.
func (m Mending) Await(cmd *cobra.Command, why error) error {
	var exit *cli.ExitError
	n, err := NewNotifier(os.Getenv)
	if err != nil {
		slog.Warn("the service manager cannot be told", "error", err)
	}
	if n == nil || !errors.As(why, &exit) || exit.Code != cli.ExitUsage {
		return why
	}
	cli.Report(cmd.ErrOrStderr(), why)
	if m.wait(cmd.Context(), cmp.Or(why.Error(), damageOf(m.File)), n.Send) {
		return nil
	}
	return cli.Exit(cli.ExitUsage, nil)
}

// wait reports whether the agent was told to end.
func (m Mending) wait(ctx context.Context, why string, send func(...string) error) (stopped bool) {
	end, tick := time.NewTimer(m.Limit), time.NewTicker(mendLook)
	defer end.Stop()
	defer tick.Stop()
	status := "STATUS=every relay is off, until this is mended: " + cli.InOneLine(errors.New(why))
	for Fingerprint(m.File) == m.Seen {
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

// Fingerprint changes with a file's text, and with what keeps it from being read.
func Fingerprint(file string) string {
	text, err := config.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// damageOf is every error in a configuration, a line each.
func damageOf(file string) string {
	_, complaints, err := config.Load(file)
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
