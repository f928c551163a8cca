package main

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

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// The published example with a hundred heaters, each a process of its own: from
// 42 °C, desired 45, deltas 1.
const (
	heaters     = 100
	heaterEvery = 500 * time.Millisecond
	bandLow     = 44 - slack
	bandHigh    = 46 + slack
	slack       = 0.5 // K, what a room of this speed moves in two readings
	calm        = 20  // readings in a row that a room must be within its band to count as settled
)

// watcher listens to all rooms.
type watcher struct {
	mu      sync.Mutex
	inside  map[int32]int // readings in a row within the band
	outside map[int32]float64
	on      map[int32]bool // by the last command
	ons     map[int32]int
}

func (w *watcher) reading(_ paho.Client, m paho.Message) {
	var d pb.SensorData
	if proto.Unmarshal(m.Payload(), &d) != nil || d.Temperature == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id := d.GetSensorID()
	if t := d.GetTemperature(); t < bandLow || t > bandHigh {
		w.inside[id], w.outside[id] = 0, t
	} else {
		w.inside[id]++
	}
}

func (w *watcher) command(_ paho.Client, m paho.Message) {
	var c pb.HeaterControl
	if proto.Unmarshal(m.Payload(), &c) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id, on := c.GetSensorID(), c.GetCommand() == pb.HeaterCommand_On
	if on && !w.on[id] {
		w.ons[id]++
	}
	w.on[id] = on
}

// forget makes everybody show it again.
func (w *watcher) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.inside)
	clear(w.outside)
	clear(w.ons)
}

// settled says which rooms are not in their bands, and which have not been heated.
func (w *watcher) settled(cycles int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := int32(1); id <= heaters; id++ {
		if w.inside[id] < calm || w.ons[id] < cycles {
			return fmt.Errorf("room %d: %d readings in a row within its band, last outside %v, heated %d times", id, w.inside[id], w.outside[id], w.ons[id])
		}
	}
	return nil
}

// left says which rooms have left their bands since forget.
func (w *watcher) left() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.outside) > 0 {
		return fmt.Errorf("rooms have left their bands: %v", w.outside)
	}
	return nil
}

// listen reads the rooms, on a new connection whenever the broker was away.
func (w *watcher) listen(t *testing.T, m *mosquitto) {
	o := paho.NewClientOptions().AddBroker("tcp://127.0.0.1:" + m.port).SetClientID("watcher").SetProtocolVersion(4)
	o.SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).SetMaxReconnectInterval(time.Second)
	o.SetOnConnectHandler(func(c paho.Client) {
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
	text, err := os.ReadFile("../examples/original.yaml")
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
	write(t, file, b.String())
	return file
}

func startHeater(t *testing.T, m *mosquitto, id int) *process {
	return start(t, thermostat(t), "heater", "--broker", m.url(), "--sensor-id", fmt.Sprint(id),
		"--start", fmt.Sprint(42+float64(id%5)), "--up", "5s", "--down", "8s", "--every", heaterEvery.String())
}

// TestHundredHeaters: source, control stream, operator and sink in processes of
// their own. Every room is held in its band; operator, broker and a heater are
// killed and come back, and all heals by itself; without an operator every
// heater lets go.
func TestHundredHeaters(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred processes")
	}
	m := newMosquitto(t, persist)
	m.start()
	config := originalConfig(t, m)
	w := &watcher{inside: map[int32]int{}, outside: map[int32]float64{}, on: map[int32]bool{}, ons: map[int32]int{}}
	w.listen(t, m)
	operator := startAgent(t, config)
	var all []*process
	for id := 1; id <= heaters; id++ {
		all = append(all, startHeater(t, m, id))
	}
	settles := func(what string) {
		t.Helper()
		began := time.Now()
		w.forget()
		waitFor(t, 3*patience, func() error { return w.settled(1) })
		t.Logf("%s: settled after %v", what, time.Since(began).Round(time.Second))
	}
	settles("the start")
	w.forget()
	waitFor(t, 3*patience, func() error { return errors.Join(w.settled(2), w.left()) }) // two whole cycles
	if err := w.left(); err != nil {
		t.Error(err)
	}

	operator.kill()
	operator = startAgent(t, config)
	settles("the operator was killed")

	m.p.kill()
	m.start()
	settles("the broker was killed")

	all[6].kill()
	all[6] = startHeater(t, m, 7)
	settles("a heater was killed")

	operator.kill()
	waitFor(t, 2*patience, func() error { return allLetGo(all) })
}

// allLetGo says which heater's last word is not off.
func allLetGo(all []*process) error {
	for i, p := range all {
		out := p.output()
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
	eventually(t, func() error {
		var r controlloop.Report
		payload := m.retainedOn("thermostat/operator/room-3/state")
		if err := json.Unmarshal(payload, &r); err != nil || r.Source != "heater" || r.Desired == nil || *r.Desired < 40 || *r.Desired > 50 {
			return fmt.Errorf("state %s", payload)
		}
		return nil
	})
}
