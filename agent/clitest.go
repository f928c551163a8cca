package main

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
	"thermostat/controlloop"
	"time"
	"unicode/utf8"
)

// patience is how long a test waits for what must come; it measures nothing.
const patience = 60 * time.Second

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, ok func() error) {
	t.Helper()
	waitFor(t, patience, ok)
}

func waitFor(t *testing.T, patience time.Duration, ok func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// need skips where a program is missing; CI installs it and must not skip.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("THERMOSTAT_CI") != "" {
				t.Fatalf("%s is missing, and CI must have it", p)
			}
			t.Skipf("%s is not installed: apt-get install mosquitto mosquitto-clients protobuf-compiler libprotobuf-dev openssl", p)
		}
	}
}

// inCI gives the size of a campaign: all of it in CI, else some of it, so that
// `go test ./...` ends well within its 10 minutes.
func inCI(all, some int) int {
	if os.Getenv("THERMOSTAT_CI") != "" {
		return all
	}
	return some
}

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func codeOf(err error) int {
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		return exit.code
	case err != nil:
		return -1
	}
	return 0
}

// twoRelays is a configuration with a heater and a cooler, and no broker.
const twoRelays = `device: den
zones:
  - name: a
    sensor: {driver: bme280}
    heater: {driver: gpio, line: GPIO17}
    cooler: {driver: gpio, line: GPIO5, active_low: true}
`

// manager is a service manager that writes down what it is told.
type manager struct {
	mu   sync.Mutex
	told []string
	at   []time.Time
}

func (m *manager) send(lines ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		m.told, m.at = append(m.told, l), append(m.at, time.Now())
	}
	return nil
}

// count tells how often a line was said.
func (m *manager) count(prefix string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.told {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// lastLine is the newest of that name.
func (m *manager) lastLine(prefix string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range slices.Backward(m.told) {
		if strings.HasPrefix(l, prefix) {
			return l
		}
	}
	return ""
}

func damagedFile(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "device: den\nzones:\n  - nmae: hall\n")
	return file
}

const room = `zones:
  - name: a
    sensor: {driver: simulated}
    heater: {driver: simulated}
`

const replayConfig = `device: cabin
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

// lockedText takes what is logged while the test reads it.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// steady is a sensor that measures always the same.
type steady float64

func (s steady) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Temperature(float64(s), time.Time{}), nil
}

// obedient is a relay that does as it is told.
type obedient struct{}

func (obedient) Set(bool) error { return nil }

func checkLine(t *testing.T, line string, width int, colours bool) {
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

// mainOf runs a package's tests: neither what this user's agents remember nor
// what this shell is set up for is a test's. It gives the exit code.
func mainOf(m *testing.M) int {
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
