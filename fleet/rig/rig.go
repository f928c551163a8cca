// Package rig is how this module's tests run the agent and other programs: as those of
// the agent's own module do. It watches that an agent's zones go on.
package rig

import (
	"os/exec"
	"testing"

	"thermostat/agent/clitest"
)

// Patience is how long a test waits for what must come; it measures nothing.
const Patience = clitest.Patience

// Process is a program under test, ended by its pid.
type Process = clitest.Process

// Thermostat gives the agent that is tested.
func Thermostat(t testing.TB) string { return clitest.Thermostat(t) }

// Need skips where a program is missing; CI installs it and must not skip.
func Need(t testing.TB, programs ...string) { t.Helper(); clitest.Need(t, programs...) }

// Start runs a program until the test ends.
func Start(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	return clitest.Start(t, name, args...)
}

// StartCommand runs a command until the test ends.
func StartCommand(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	return clitest.StartCommand(t, cmd)
}

// Eventually waits until something is so; it measures nothing.
func Eventually(t testing.TB, ok func() error) { t.Helper(); clitest.Eventually(t, ok) }

// Write writes a file, or fails the test.
func Write(t testing.TB, file, text string) { t.Helper(); clitest.WriteFile(t, file, text) }
