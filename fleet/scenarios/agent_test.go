package scenarios

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

// device is one agent with a room that is told what to hold, and one that
// switches at about every sample, whose ticks are watched.
type device struct {
	*process
	name string

	mu      sync.Mutex
	ticks   int
	last    time.Time
	longest time.Duration // between two ticks
}

// startDevice runs an agent; mqtt is its configuration's part of that name.
func startDevice(t *testing.T, name, mqtt string) *device {
	t.Helper()
	config, page := filepath.Join(t.TempDir(), name+".yaml"), freeAddress(t)
	write(t, config, fmt.Sprintf(`device: %s
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
	d := &device{process: start(t, thermostat(t), "run", "--config", config), name: name}
	d.says("first decision", 0)
	d.watch(t, page)
	return d
}

func freeAddress(t *testing.T) string {
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
func (d *device) watch(t *testing.T, page string) {
	t.Helper()
	var events *http.Response
	eventually(t, func() (err error) {
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

func (d *device) ticked(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ticks++; d.ticks > 1 {
		d.longest = max(d.longest, at.Sub(d.last))
	}
	d.last = at
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

// checkPauses: of a zone with a sample of 1 s, no tick came later than two samples
// after the last, and the page has shown it to the end.
func (d *device) checkPauses(t *testing.T) time.Duration {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	longest := max(d.longest, time.Since(d.last))
	if d.ticks < 10 || longest > 2*time.Second {
		t.Errorf("%s: %d ticks, the longest pause %v: more than two samples", d.name, d.ticks, longest)
	}
	return longest
}
