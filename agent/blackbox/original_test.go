package blackbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
	pb "thermostat/proto"
)

// The published example with a hundred heaters, each a process of its own: from
// 42 °C, desired 45, deltas 1.
const (
	heaters       = 100
	heaterEvery   = 500 * time.Millisecond
	originalStale = 10 * time.Second // its stale_after
	bandLow       = 44
	bandHigh      = 46
)

// watcher listens to all rooms, and holds each switch against the readings that
// came before it. It asserts no time: how far a room gets while everybody is
// slow proves nothing.
type watcher struct {
	mu     sync.Mutex
	rooms  map[int32]*watchedRoom
	cycles map[int32]int // switches on and off, each for its reason, since forget
	wrong  error
}

// watchedRoom is what came of a room since its last switch.
type watchedRoom struct {
	on         bool      // by the last command
	cold, warm bool      // a reading below the band came, one above it
	missed     bool      // something may have been missed
	last       time.Time // of the readings, whatever was switched
	lastCold   bool      // that was below the band
}

func (w *watcher) room(id int32) *watchedRoom {
	if w.rooms[id] == nil {
		w.rooms[id] = &watchedRoom{missed: true}
	}
	return w.rooms[id]
}

func (w *watcher) reading(_ paho.Client, m paho.Message) {
	var d pb.SensorData
	if proto.Unmarshal(m.Payload(), &d) != nil || d.Temperature == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r, cold := w.room(d.GetSensorID()), d.GetTemperature() < bandLow
	r.last, r.lastCold, r.cold = time.Now(), cold, r.cold || cold
	r.warm = r.warm || d.GetTemperature() > bandHigh
}

// command judges a switch: heat begins for a reading below the band, and is a
// whole cycle where it ends for one above it.
func (w *watcher) command(_ paho.Client, m paho.Message) {
	var c pb.HeaterControl
	if proto.Unmarshal(m.Payload(), &c) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id, on := c.GetSensorID(), c.GetCommand() == pb.HeaterCommand_On
	r := w.room(id)
	if on == r.on {
		return
	}
	switch {
	case r.missed:
	case on && !r.cold:
		w.wrong = errors.Join(w.wrong, fmt.Errorf("room %d is heated, and no reading was below %d °C", id, bandLow))
	case !on && r.warm: // one that began, or hears nothing, goes off as well
		w.cycles[id]++
	}
	// A slow operator says Off for want of readings, and On for one that we have heard before that.
	crossed := !on && r.lastCold && time.Since(r.last) < originalStale
	*r = watchedRoom{on: on, last: r.last, lastCold: r.lastCold, cold: crossed}
}

// away notes that the watcher may have missed something.
func (w *watcher) away() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rooms {
		r.missed = true
	}
}

// forget makes everybody show it again.
func (w *watcher) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.cycles)
}

// settled says which room was not heated through its band so often.
func (w *watcher) settled(cycles int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := int32(1); id <= heaters; id++ {
		if w.cycles[id] < cycles {
			return fmt.Errorf("room %d was heated through its band %d times, want %d", id, w.cycles[id], cycles)
		}
	}
	return nil
}

// misled says which switches had no reason.
func (w *watcher) misled() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong
}

// listen reads the rooms, on a new connection whenever the broker was away.
func (w *watcher) listen(t *testing.T, m *mosquitto) {
	o := paho.NewClientOptions().AddBroker("tcp://127.0.0.1:" + m.port).SetClientID("watcher").SetProtocolVersion(4)
	o.SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).SetMaxReconnectInterval(time.Second)
	o.SetOnConnectHandler(func(c paho.Client) {
		w.away()
		c.Subscribe("thermostat/heaters/+/sensor", 0, w.reading)
		c.Subscribe("thermostat/heaters/+/heater", 0, w.command)
	})
	c := paho.NewClient(o)
	c.Connect()
	t.Cleanup(func() { c.Disconnect(100) })
}

// originalConfig is examples/original.yaml with a hundred zones.
func originalConfig(t *testing.T, m *mosquitto) string {
	t.Helper()
	text, err := os.ReadFile("../../examples/original.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head, zone, ok := strings.Cut(string(text), "zones:\n")
	if !ok {
		t.Fatal("no zones in the example")
	}
	head = strings.Replace(head, "mqtt://127.0.0.1:1883", m.url(), 1)
	var b strings.Builder
	fmt.Fprintf(&b, "%shttp: {listen: \"\"}\nstate_dir: %s\nzones:\n", head, t.TempDir())
	for id := 1; id <= heaters; id++ {
		one := strings.ReplaceAll(zone, "12345", fmt.Sprint(id))
		b.WriteString(strings.Replace(one, "name: boiler", fmt.Sprintf("name: room-%d", id), 1))
	}
	file := filepath.Join(t.TempDir(), "original.yaml")
	clitest.WriteFile(t, file, b.String())
	return file
}

func startHeater(t *testing.T, m *mosquitto, id int) *process {
	return start(t, thermostat(t), "heater", "--broker", m.url(), "--sensor-id", fmt.Sprint(id),
		"--start", fmt.Sprint(42+float64(id%5)), "--up", "5s", "--down", "8s", "--every", heaterEvery.String())
}

// TestAHundredRoomsHeatOnlyByTheirReadingsThroughKills: source, control stream, operator and sink in processes of
// their own. Every room is heated from below its band to above it, again and
// again, and never without a reading that asks for it; operator, broker and a
// heater are killed and come back, and all heals by itself; without an operator
// every heater lets go.
func TestAHundredRoomsHeatOnlyByTheirReadingsThroughKills(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred processes")
	}
	t.Parallel()
	m := newMosquitto(t, persist+"max_queued_messages 0\n") // it drops no reading of a watcher that is slow
	m.start()
	config := originalConfig(t, m)
	w := &watcher{rooms: map[int32]*watchedRoom{}, cycles: map[int32]int{}}
	w.listen(t, m)
	operator := startAgent(t, config)
	var all []*process
	for id := 1; id <= heaters; id++ {
		all = append(all, startHeater(t, m, id))
	}
	settles := func(what string, cycles int) {
		t.Helper()
		began := time.Now()
		w.forget()
		clitest.WaitFor(t, converge, func() error { return w.settled(cycles) })
		t.Logf("%s: settled after %v", what, time.Since(began).Round(time.Second))
	}
	settles("the start", 2)

	operator.Kill()
	operator = startAgent(t, config)
	settles("the operator was killed", 1)

	m.p.Kill()
	m.start()
	settles("the broker was killed", 1)

	all[6].Kill()
	all[6] = startHeater(t, m, 7)
	settles("a heater was killed", 1)

	operator.Kill()
	clitest.WaitFor(t, converge, func() error { return allLetGo(all) })
	if err := w.misled(); err != nil {
		t.Error(err)
	}
}

// allLetGo says which heater's last word is not off.
func allLetGo(all []*process) error {
	for i, p := range all {
		out := p.Output()
		if on, off := strings.LastIndex(out, "heater on"), strings.LastIndex(out, "heater off"); on > off {
			return fmt.Errorf("heater %d is on:\n%s", i+1, out)
		}
	}
	return nil
}

// TestHeaterPushesSetpoints: the example's control stream reaches the zone of
// the sensor, whatever its name and its agent's.
func TestHeaterPushesSetpoints(t *testing.T) {
	m := newMosquitto(t, open)
	m.start()
	config := originalConfig(t, m)
	startAgent(t, config)
	start(t, thermostat(t), "heater", "--broker", m.url(), "--sensor-id", "3", "--setpoints", "2s", "--every", "100ms")
	clitest.Eventually(t, func() error {
		var r report.State
		payload := m.retainedOn("thermostat/operator/room-3/state")
		if err := json.Unmarshal(payload, &r); err != nil || r.Source != "heater" || r.Desired == nil || *r.Desired < 40 || *r.Desired > 50 {
			return fmt.Errorf("state %s", payload)
		}
		return nil
	})
}
