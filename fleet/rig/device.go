package rig

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Device is one agent with a room that is told what to hold, and one that
// switches at about every sample, whose ticks are watched.
type Device struct {
	*Process
	Name string

	mu      sync.Mutex
	ticks   int
	last    time.Time
	longest time.Duration // between two ticks
}

// StartDevice runs an agent; mqtt is its configuration's part of that name.
func StartDevice(t *testing.T, name, mqtt string) *Device {
	t.Helper()
	config, page := filepath.Join(t.TempDir(), name+".yaml"), FreeAddress(t)
	Write(t, config, fmt.Sprintf(`device: %s
http: {listen: %q}
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
`, name, page, t.TempDir(), mqtt))
	d := &Device{Process: Start(t, Thermostat(t), "run", "--config", config), Name: name}
	d.Says("first decision")
	d.watch(t, page)
	return d
}

// FreeAddress gives an address of loopback that nobody listens on.
func FreeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// watch notes the ticks of the zone that switches, as the agent's page shows
// them: each state has the time of its tick, so what the page costs does not count.
func (d *Device) watch(t *testing.T, page string) {
	t.Helper()
	var events *http.Response
	Eventually(t, func() (err error) {
		events, err = http.Get("http://" + page + "/api/events")
		return err
	})
	t.Cleanup(func() { events.Body.Close() })
	go func() {
		lines := bufio.NewScanner(events.Body)
		for lines.Buffer(nil, 1<<20); lines.Scan(); {
			var state struct {
				Zone string
				Time time.Time
			}
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if ok && json.Unmarshal([]byte(data), &state) == nil && state.Zone == "swing" {
				d.ticked(state.Time)
			}
		}
	}()
}

func (d *Device) ticked(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ticks++; d.ticks > 1 {
		d.longest = max(d.longest, at.Sub(d.last))
	}
	d.last = at
}

// Brokers is the part of a configuration that names them in order.
func Brokers(urls []string) string {
	return `brokers: ["` + strings.Join(urls, `", "`) + `"]`
}

// Line is one line of an agent's log.
type Line struct {
	At   time.Time
	Text string
}

// LogAfter gives the lines that hold a text and are not older than a time.
func (d *Device) LogAfter(t *testing.T, since time.Time, text string) (found []Line) {
	for _, l := range d.Log() {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(l, "time="), " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err == nil && !at.Before(since.Truncate(time.Millisecond)) && strings.Contains(l, text) {
			found = append(found, Line{at, l})
		}
	}
	return found
}

// CheckPauses: of a zone with a sample of 1 s, no tick came later than two samples
// after the last, and the page has shown it to the end.
func (d *Device) CheckPauses(t *testing.T) time.Duration {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	longest := max(d.longest, time.Since(d.last))
	if d.ticks < 10 || longest > 2*time.Second {
		t.Errorf("%s: %d ticks, the longest pause %v: more than two samples", d.Name, d.ticks, longest)
	}
	return longest
}
