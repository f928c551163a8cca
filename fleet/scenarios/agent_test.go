package scenarios

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// device is one agent with a room that is told what to hold, and one that
// switches at every sample, so that a pause would show.
type device struct {
	*process
	name string
}

// startDevice runs an agent; mqtt is its configuration's part of that name.
func startDevice(t *testing.T, name, mqtt string) *device {
	t.Helper()
	config := filepath.Join(t.TempDir(), name+".yaml")
	write(t, config, fmt.Sprintf(`device: %s
http: {listen: ""}
state_dir: %s
mqtt: {discovery_prefix: "", %s}
zones:
  - name: room
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.3, down_delta: 0.3}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
  - name: swing
    sensor: {driver: simulated, model: linear, start: 18, up: 1s, down: 1s, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17.5, up_delta: 0.05, down_delta: 0.05}
    limits: {max_rate: 1000}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, name, t.TempDir(), mqtt))
	d := &device{start(t, thermostat(t), "run", "--config", config), name}
	d.says("first decision", 0)
	return d
}

// brokers is the part of a configuration that names them in order.
func brokers(urls []string) string {
	return `brokers: ["` + strings.Join(urls, `", "`) + `"]`
}

// line is one line of an agent's log.
type line struct {
	at   time.Time
	text string
}

// logAfter gives the lines that hold a text and are not older than a time.
func (d *device) logAfter(t *testing.T, since time.Time, text string) (found []line) {
	for _, l := range d.log() {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(l, "time="), " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err == nil && !at.Before(since.Truncate(time.Millisecond)) && strings.Contains(l, text) {
			found = append(found, line{at, l})
		}
	}
	return found
}

// checkPauses: a zone that switches at every sample of 1 s must not have let
// two of them pass.
func (d *device) checkPauses(t *testing.T) (longest time.Duration) {
	t.Helper()
	var last time.Time
	switches := 0
	for _, l := range d.logAfter(t, time.Time{}, `msg="heater o`) {
		if !strings.Contains(l.text, "zone=swing ") {
			continue
		}
		if switches++; switches > 1 {
			longest = max(longest, l.at.Sub(last))
		}
		last = l.at
	}
	if switches < 10 || longest > 2*time.Second {
		t.Errorf("%s: %d switches, the longest pause %v: more than two samples", d.name, switches, longest)
	}
	return longest
}
