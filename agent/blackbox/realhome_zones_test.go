package blackbox

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// homeZones are a zone of each kind: a heater, a heater and a cooler with a sensor
// of humidity, a cooler; the last has no setpoint until somebody gives it one.
func homeZones(t *testing.T, brokerURL string) string {
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
timezone: %s
clock: trust
mqtt:
  brokers: [%q]
  state_every: 5s
zones:
  - name: room
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.3, down_delta: 0.3}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
  - name: den
    sensor: {driver: mqtt, topic: den/sensor, field: t, humidity_field: h}
    heater: {driver: mqtt, topic: den/heater, on: "ON", off: "OFF"}
    cooler: {driver: mqtt, topic: den/cooler, on: "ON", off: "OFF"}
    window: {contact: {driver: mqtt, topic: den/window, open: "open"}, delay: 0s, close_delay: 0s}
    default_setpoint: {mode: heat, desired: 20, up_delta: 1, down_delta: 1}
    timing: {sample: 1s, stale_after: 1m, min_on: 0s, min_off: 0s, changeover: 0s}
  - name: fridge
    sensor: {driver: simulated, model: linear, start: 6, up: 24h, down: 24h, noise: 0}
    cooler: {driver: simulated}
    limits: {desired_min: -20, desired_max: 12, cool_cutout: -30}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, t.TempDir(), clitest.Forenoon(), brokerURL))
	return file
}

// denSensor is the sensor of the den, which says the same every second.
func denSensor(t *testing.T, m *mosquitto) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://127.0.0.1:" + m.port).SetClientID("den").
		SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).SetMaxReconnectInterval(time.Second))
	c.Connect()
	tick, ended := time.NewTicker(time.Second), make(chan struct{})
	t.Cleanup(func() {
		close(ended)
		tick.Stop()
		c.Disconnect(100)
	})
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				if c.IsConnectionOpen() {
					c.Publish("den/sensor", 0, false, `{"t":19.5,"h":45}`)
				}
			}
		}
	}()
}

// shownEntity is what a person sees of an entity; units are those of a metric home.
type shownEntity struct {
	id                                string
	name, class, unit, state, section string // state is its state class
	disabled                          bool
}

// agentEntities and the others are the books of this test: they are not made from what
// the agent announces.
var agentEntities = []shownEntity{
	{id: "binary_sensor.cabin_connection", name: "cabin Connection", class: "connectivity", section: "diagnostic"},
	{id: "binary_sensor.cabin_problem", name: "cabin Problem", class: "problem", section: "diagnostic"},
	{id: "sensor.cabin_faults", name: "cabin Faults", section: "diagnostic"},
	{id: "sensor.cabin_last_start", name: "cabin Last start", class: "timestamp", section: "diagnostic"},
}

func zoneEntities(zone string, humidity, heater, cooler bool) []shownEntity {
	all := []shownEntity{
		{id: "climate." + zone, name: zone},
		{id: "sensor." + zone + "_temperature", name: zone + " Temperature", class: "temperature", unit: "°C", state: "measurement"},
		{id: "binary_sensor." + zone + "_problem", name: zone + " Problem", class: "problem", section: "diagnostic"},
		{id: "sensor." + zone + "_faults", name: zone + " Faults", section: "diagnostic"},
		{id: "sensor." + zone + "_reason", class: "enum", section: "diagnostic", disabled: true},
		{id: "sensor." + zone + "_sensor_age", class: "duration", unit: "s", section: "diagnostic", disabled: true},
		{id: "button." + zone + "_clear_faults", name: zone + " Clear faults", section: "config"},
		{id: "sensor." + zone + "_target", name: zone + " Target", class: "enum"},
		{id: "button." + zone + "_boost", name: zone + " Boost"},
		{id: "button." + zone + "_resume", name: zone + " Resume"},
	}
	if humidity {
		all = append(all, shownEntity{id: "sensor." + zone + "_humidity", name: zone + " Humidity", class: "humidity", unit: "%", state: "measurement"})
	}
	output := func(has bool, call, name, title string) {
		if has {
			all = append(all,
				shownEntity{id: "binary_sensor." + zone + "_" + call + "_call", name: zone + " " + map[string]string{"heat": "Heat", "cool": "Cool"}[call] + " call", class: "running"},
				shownEntity{id: "sensor." + zone + "_" + name + "_runtime", name: zone + " " + title + " runtime", class: "duration", unit: "h", state: "total_increasing", section: "diagnostic"},
				shownEntity{id: "sensor." + zone + "_" + name + "_cycles", name: zone + " " + title + " cycles", state: "total_increasing", section: "diagnostic"})
		}
	}
	output(heater, "heat", "heater", "Heater")
	output(cooler, "cool", "cooler", "Cooler")
	return all
}

// homeEntities are those of homeZones.
func homeEntities() []shownEntity {
	return slices.Concat(agentEntities, zoneEntities("room", false, true, false),
		denEntities(), zoneEntities("fridge", false, false, true))
}

// denEntities has a window's contact, too.
func denEntities() []shownEntity {
	return append(zoneEntities("den", true, true, true), shownEntity{id: "binary_sensor.den_window", name: "den Window", class: "window"})
}

// registered is an entity in Home Assistant's registry.
type registered struct {
	ID       string  `json:"entity_id"`
	Platform string  `json:"platform"`
	Unique   string  `json:"unique_id"`
	Device   string  `json:"device_id"`
	Disabled *string `json:"disabled_by"`
	Category *string `json:"entity_category"`
	Class    *string `json:"original_device_class"` // of an extended entry
}

// registry gives the entities of the MQTT integration.
func (h *realHome) registry() (all []registered, err error) {
	err = h.tryAsk("config/entity_registry/list", nil, &all)
	return slices.DeleteFunc(all, func(e registered) bool { return e.Platform != "mqtt" }), err
}

// homeDevice is a device in Home Assistant's registry.
type homeDevice struct {
	ID           string
	Identifiers  [][]string
	Name         string
	Manufacturer string
	Model        string
	Via          string `json:"via_device_id"`
	Version      string `json:"sw_version"`
}

// devices gives those of the MQTT integration, by what identifies them there.
func (h *realHome) devices() (map[string]homeDevice, error) {
	var all []homeDevice
	err := h.tryAsk("config/device_registry/list", nil, &all)
	ours := map[string]homeDevice{}
	for _, d := range all {
		for _, pair := range d.Identifiers {
			if pair[0] == "mqtt" {
				ours[pair[1]] = d
			}
		}
	}
	return ours, err
}

// hasExactly waits until it has these entities of the MQTT integration, and no others.
func (h *realHome) hasExactly(want []shownEntity) {
	h.t.Helper()
	var ids []string
	for _, e := range want {
		ids = append(ids, e.id)
	}
	slices.Sort(ids)
	clitest.Eventually(h.t, func() error {
		all, err := h.registry()
		if err != nil {
			return err
		}
		var has []string
		for _, e := range all {
			has = append(has, e.ID)
		}
		slices.Sort(has)
		if !slices.Equal(has, ids) {
			return fmt.Errorf("Home Assistant has %q,\nwant %q", has, ids)
		}
		return nil
	})
}

// isAvailable waits until each entity is there and tells something.
func (h *realHome) isAvailable(all []shownEntity) {
	h.t.Helper()
	for _, e := range all {
		if e.disabled {
			continue
		}
		clitest.Eventually(h.t, func() error {
			s, err := h.state(e.id)
			if err == nil && s.State == "unavailable" {
				err = fmt.Errorf("%s is unavailable", e.id)
			}
			return err
		})
	}
}

// shows waits until an entity has a state, or with an attribute's name that attribute.
func (h *realHome) shows(entity, attribute string, want any) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		s, err := h.state(entity)
		if err != nil {
			return err
		}
		var got any = s.State
		if attribute != "" {
			got = s.Attributes[attribute]
		}
		if got != want {
			return fmt.Errorf("%s shows %s %v, want %v", entity, attribute, got, want)
		}
		return nil
	})
}

// agrees waits until Home Assistant shows of a zone what the agent publishes of it;
// in a home of °F, the same in °F. It gives what the agent published.
func (h *realHome) agrees(zone string, fahrenheit bool) (r report.State) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		r = report.State{}
		if err := json.Unmarshal(h.broker.retained(zone+"/state"), &r); err != nil {
			return err
		}
		climate, err := h.state("climate." + zone)
		if err != nil {
			return err
		}
		for _, row := range []struct {
			what      string
			got, want any
		}{
			{"mode", climate.State, r.Mode},
			{"action", climate.Attributes["hvac_action"], r.Action},
			{"temperature", climate.Attributes["current_temperature"], tenths(r.Temperature, fahrenheit)},
			{"desired temperature", climate.Attributes["temperature"], tenths(r.Desired, fahrenheit)},
			{"humidity", climate.Attributes["current_humidity"], number(r.Humidity)},
		} {
			if row.got != row.want {
				return fmt.Errorf("Home Assistant shows %s of %s as %v, and the agent publishes %v", row.what, zone, row.got, row.want)
			}
		}
		return h.sensorsAgree(zone, r, fahrenheit)
	})
	return r
}

func (h *realHome) sensorsAgree(zone string, r report.State, fahrenheit bool) error {
	texts := map[string]*string{"binary_sensor.%s_heat_call": r.Heater, "binary_sensor.%s_cool_call": r.Cooler, "binary_sensor.%s_problem": &r.Problem, "sensor.%s_faults": &r.ProblemText, "sensor.%s_target": r.Target}
	for form, want := range texts {
		if want == nil {
			continue
		}
		if s, err := h.state(fmt.Sprintf(form, zone)); err != nil || s.State != *want {
			return fmt.Errorf(form+" is %q, and the agent publishes %q (%v)", zone, s.State, *want, err)
		}
	}
	if err := h.nextAgrees(zone, r); err != nil {
		return err
	}
	temperature := r.Temperature
	if temperature != nil && fahrenheit {
		f := *temperature*9/5 + 32
		temperature = &f
	}
	numbers := map[string]*float64{
		"sensor.%s_temperature": temperature, "sensor.%s_humidity": r.Humidity, "sensor.%s_heater_runtime": r.HeaterRuntimeH, "sensor.%s_cooler_runtime": r.CoolerRuntimeH,
		"sensor.%s_heater_cycles": count(r.HeaterCycles), "sensor.%s_cooler_cycles": count(r.CoolerCycles),
	}
	for form, want := range numbers {
		if want == nil {
			continue
		}
		s, err := h.state(fmt.Sprintf(form, zone))
		var got float64
		if _, scan := fmt.Sscan(s.State, &got); err != nil || scan != nil || math.Abs(got-*want) > 0.0005 {
			return fmt.Errorf(form+" is %q, and the agent publishes %v (%v)", zone, s.State, *want, err)
		}
	}
	return nil
}

func count(n *uint64) *float64 {
	if n == nil {
		return nil
	}
	x := float64(*n)
	return &x
}

// tenths is a temperature as a thermostat shows it, nil where it is not known.
func tenths(celsius *float64, fahrenheit bool) any {
	if celsius == nil {
		return nil
	}
	x := *celsius
	if fahrenheit {
		x = x*9/5 + 32
	}
	return math.Round(x*10) / 10
}

func number(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}
