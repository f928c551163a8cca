// Package clitest is what tests of the agent share: files, exit codes, fakes.
package clitest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"thermostat/agent/cli"
	"thermostat/controlloop"
)

// Patience is how long a test waits for what must come; it measures nothing.
const Patience = 90 * time.Second

// WriteFile writes a file, or fails the test.
func WriteFile(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Eventually waits until something is so; it measures nothing.
func Eventually(t testing.TB, ok func() error) {
	t.Helper()
	WaitFor(t, Patience, ok)
}

// WaitFor waits for something as long as the caller says, and fails with its last error.
func WaitFor(t testing.TB, limit time.Duration, ok func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// Need skips where a program is missing; CI installs it and must not skip.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("THERMOSTAT_CI") != "" {
				t.Fatalf("%s is missing, and CI must have it", p)
			}
			t.Skipf("%s is not installed: apt-get install mosquitto mosquitto-clients protobuf-compiler libprotobuf-dev openssl nginx-light haproxy rabbitmq-server nodejs npm openjdk-17-jre-headless", p)
		}
	}
}

// InCI gives the size of a campaign: all of it in CI, else some of it, so that
// `go test ./...` ends well within its 10 minutes.
func InCI(all, some int) int {
	if os.Getenv("THERMOSTAT_CI") != "" {
		return all
	}
	return some
}

// Written is a configuration in a folder of its own.
func Written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// CodeOf is the exit code that an error asks for: 0 without one, -1 if it asks for none.
func CodeOf(err error) int {
	var exit *cli.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.Code
	case err != nil:
		return -1
	}
	return 0
}

// TwoRelays is a configuration with a heater and a cooler, and no broker.
const TwoRelays = `device: den
zones:
  - name: a
    sensor: {driver: bme280}
    heater: {driver: gpio, line: GPIO17}
    cooler: {driver: gpio, line: GPIO5, active_low: true}
`

// Manager is a service manager that writes down what it is told.
type Manager struct {
	Mu   sync.Mutex
	Told []string
	At   []time.Time
}

// Send notes what the manager is told.
func (m *Manager) Send(lines ...string) error {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, l := range lines {
		m.Told, m.At = append(m.Told, l), append(m.At, time.Now())
	}
	return nil
}

// Count tells how often a line was said.
func (m *Manager) Count(prefix string) (n int) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, l := range m.Told {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// LastLine is the newest of that name.
func (m *Manager) LastLine(prefix string) string {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, l := range slices.Backward(m.Told) {
		if strings.HasPrefix(l, prefix) {
			return l
		}
	}
	return ""
}

// DamagedFile is a configuration that only a person can mend.
func DamagedFile(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "config.yaml")
	WriteFile(t, file, "device: den\nzones:\n  - nmae: hall\n")
	return file
}

// Room is one simulated zone.
const Room = `zones:
  - name: a
    sensor: {driver: simulated}
    heater: {driver: simulated}
`

// ReplayConfig has a zone of every kind that a log may hold.
const ReplayConfig = `device: cabin
zones:
  - name: hall
    sensor_id: 7
    plant: electric
    sensor: {driver: simulated}
    heater: {driver: simulated}
    cooler: {driver: simulated}
    timing: {min_on: 1m, min_off: 2m, changeover: 5m}
  - name: attic
    sensor_id: 8
    sensor: {driver: simulated}
    heater: {driver: simulated}
    timing: {min_on: 0s, min_off: 0s}
`

// LockedText takes what is logged while the test reads it.
type LockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes a line.
func (l *LockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was written.
func (l *LockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Steady is a sensor that measures always the same.
type Steady float64

// Read measures at once.
func (s Steady) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Temperature(float64(s), time.Time{}), nil
}

// Obedient is a relay that does as it is told.
type Obedient struct{}

// Set always succeeds.
func (Obedient) Set(bool) error { return nil }

// CheckLine fails if a line is too wide, has colours unasked, or what a terminal would obey.
func CheckLine(t *testing.T, line string, width int, colours bool) {
	t.Helper()
	bare := ownColours.ReplaceAllString(line, "")
	if !colours && bare != line {
		t.Errorf("colours in %q", line)
	}
	if n := utf8.RuneCountInString(bare); n > width {
		t.Errorf("%d columns in %d: %q", n, width, bare)
	}
	for _, r := range bare {
		if (r < ' ' || r > '~') && !strings.ContainsRune("°–…", r) {
			t.Errorf("%U in %q", r, bare)
		}
	}
}

var ownColours = regexp.MustCompile(`\x1b\[[0-9]*m`)

// Main runs a package's tests: neither what this user's agents remember nor
// what this shell is set up for is a test's. It gives the exit code.
func Main(m *testing.M) int {
	// Debian keeps mosquitto itself outside a user's PATH.
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
	home, err := os.MkdirTemp("", "thermostat-test")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	os.Setenv("XDG_STATE_HOME", home)
	for _, set := range os.Environ() {
		name, _, _ := strings.Cut(set, "=")
		ours := strings.HasPrefix(name, "THERMOSTAT_") && name != "THERMOSTAT_CI"
		if ours || slices.Contains([]string{"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}, name) {
			os.Unsetenv(name)
		}
	}
	return m.Run()
}
