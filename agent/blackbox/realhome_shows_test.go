package blackbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// openHome is a household as it is set up: a broker, Home Assistant with it, and the agent.
func openHome(t *testing.T, units, more string, start ...string) (h *realHome, config string, agent *process) {
	t.Helper()
	m := newMosquitto(t, persist)
	m.start()
	h = newRealHome(t, m, units, more)
	h.start(start...)
	h.addBroker()
	denSensor(t, m)
	config = homeZones(t, m.url())
	return h, config, startAgent(t, config)
}

// TestARealHomeAssistantShowsEveryEntity: what a household sees is there, with its name,
// class, unit, section and device, and nothing else is. A boiler that a second agent has comes, is followed and goes.
func TestARealHomeAssistantShowsEveryEntity(t *testing.T) {
	t.Parallel()
	h, _, _ := openHome(t, "metric", "")
	want := homeEntities()
	h.hasExactly(want)
	h.isAvailable(want)
	devices := h.areEntities(want)
	h.isDevices(devices)
	for _, zone := range []string{"room", "den", "fridge"} {
		h.agrees(zone, false)
	}
	h.isClimate("climate.room", []any{"off", "heat"}, 5, 28)
	h.isClimate("climate.den", []any{"off", "heat", "cool", "heat_cool"}, 5, 28)
	h.isClimate("climate.fridge", []any{"off", "cool"}, -20, 12)
	h.shows("binary_sensor.cabin_connection", "", "on")
	h.shows("sensor.cabin_faults", "", "ok")
	h.announcesAreUnderstood(devices)
	h.followsABoiler()
	var repairs struct {
		Issues []struct {
			Domain string
			ID     string `json:"issue_id"`
		}
	}
	h.ask("repairs/list_issues", nil, &repairs)
	for _, issue := range repairs.Issues {
		if issue.ID != "deprecated_method" { // of its installation
			t.Errorf("Home Assistant asks for a repair: %+v", issue)
		}
	}
}

// areEntities holds entities that are there against the books. It gives the devices.
func (h *realHome) areEntities(want []shownEntity) map[string]homeDevice {
	h.t.Helper()
	all, err := h.registry()
	if err != nil {
		h.t.Fatal(err)
	}
	devices, err := h.devices()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, w := range want {
		i := slices.IndexFunc(all, func(e registered) bool { return e.ID == w.id })
		if i < 0 {
			h.t.Fatalf("there is no %s in %+v", w.id, all)
		}
		h.isEntity(w, all[i], devices)
	}
	return devices
}

// isEntity holds an entity against the books.
func (h *realHome) isEntity(w shownEntity, e registered, devices map[string]homeDevice) {
	h.t.Helper()
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	h.ask("config/entity_registry/get", map[string]any{"entity_id": w.id}, &e)
	if device := e.Unique[:strings.LastIndex(e.Unique, "_-")]; devices[device].ID != e.Device {
		h.t.Errorf("%s is on another device than %s", w.id, device)
	}
	if got := text(e.Class); got != w.class {
		h.t.Errorf("%s has class %q, want %q", w.id, got, w.class)
	}
	if got := text(e.Category); got != w.section {
		h.t.Errorf("%s is in section %q, want %q", w.id, got, w.section)
	}
	if disabled := e.Disabled != nil; disabled != w.disabled {
		h.t.Errorf("%s is disabled: %v", w.id, disabled)
	}
	if w.disabled {
		return
	}
	s, err := h.state(w.id)
	if err != nil {
		h.t.Fatal(err)
	}
	for key, want := range map[string]string{"friendly_name": w.name, "unit_of_measurement": w.unit, "state_class": w.state} {
		if got, _ := s.Attributes[key].(string); got != want {
			h.t.Errorf("%s has %s %q, want %q", w.id, key, got, want)
		}
	}
}

// isDevices holds the devices against the books: the zones come by the agent's.
func (h *realHome) isDevices(devices map[string]homeDevice) {
	h.t.Helper()
	agent := devices[cabinID]
	want := map[string]homeDevice{
		cabinID:                     {Name: "cabin", Model: "agent"},
		"thermostat_-cabin_-room":   {Name: "room", Model: "zone", Via: agent.ID},
		"thermostat_-cabin_-den":    {Name: "den", Model: "zone", Via: agent.ID},
		"thermostat_-cabin_-fridge": {Name: "fridge", Model: "zone", Via: agent.ID},
	}
	if got := slices.Sorted(maps.Keys(devices)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		h.t.Errorf("the devices are %q", got)
	}
	for id, w := range want {
		if d := devices[id]; d.Name != w.Name || d.Model != w.Model || d.Via != w.Via || d.Manufacturer != "thermostat" {
			h.t.Errorf("the device %s is %+v, want %+v", id, d, w)
		}
	}
}

// isClimate holds what a thermostat offers against the books.
func (h *realHome) isClimate(id string, modes []any, low, high float64) {
	h.t.Helper()
	s, err := h.state(id)
	if err != nil {
		h.t.Fatal(err)
	}
	a := s.Attributes
	got, _ := a["hvac_modes"].([]any)
	if !slices.Equal(got, modes) || a["min_temp"] != low || a["max_temp"] != high || a["target_temp_step"] != 0.5 {
		h.t.Errorf("%s offers %v, %v..%v in steps of %v", id, got, a["min_temp"], a["max_temp"], a["target_temp_step"])
	}
}

// announcesAreUnderstood asks Home Assistant for what it kept of each announcement: each
// entity must have been made from one, and none may have been refused.
func (h *realHome) announcesAreUnderstood(devices map[string]homeDevice) {
	h.t.Helper()
	for id, d := range devices {
		var debug struct {
			Entities []struct {
				Entity    string `json:"entity_id"`
				Discovery struct {
					Topic   string
					Payload map[string]any
				} `json:"discovery_data"`
			}
		}
		h.ask("mqtt/device/debug_info", map[string]any{"device_id": d.ID}, &debug)
		if len(debug.Entities) < 4 {
			h.t.Errorf("of %s it understood only %d announcements", id, len(debug.Entities))
		}
		for _, e := range debug.Entities {
			if want := "homeassistant/device/" + id + "/config"; e.Discovery.Topic != want {
				h.t.Errorf("%s comes from %q, want %q", e.Entity, e.Discovery.Topic, want)
			}
		}
	}
}

// commandStep is one action of a person, and what must be so after it.
type commandStep struct {
	action, entity string
	data           map[string]any
	refused        string // what Home Assistant itself says to it; empty: it passes the action on
	mode           string
	desired        float64
}

// TestARealHomeAssistantCommandsTheAgent: every action of a thermostat does what it says; one that is refused
// changes nothing, and Home Assistant shows what is true. Then the room is given a program, and lives by it.
func TestARealHomeAssistantCommandsTheAgent(t *testing.T) {
	t.Parallel()
	h, config, agent := openHome(t, "metric", "")
	h.known = refused
	h.isAvailable(homeEntities())
	type data = map[string]any
	for _, step := range []commandStep{
		{"climate.set_temperature", "den", data{"temperature": 21.5}, "", "heat", 21.5},
		{"climate.set_temperature", "den", data{"temperature": 19, "hvac_mode": "cool"}, "", "cool", 19},
		{"climate.set_hvac_mode", "den", data{"hvac_mode": "heat_cool"}, "", "heat_cool", 19},
		{"climate.set_temperature", "den", data{"temperature": 20.5, "hvac_mode": "heat_cool"}, "", "heat_cool", 20.5},
		{"climate.set_temperature", "den", data{"target_temp_low": 18, "target_temp_high": 23}, "does not support", "heat_cool", 20.5},
		{"climate.set_temperature", "den", data{"target_temp_low": 18, "target_temp_high": 23, "hvac_mode": "heat"}, "does not support", "heat_cool", 20.5},
		{"climate.turn_off", "den", nil, "", "off", 20.5},
		{"climate.set_temperature", "den", data{"temperature": 22}, "", "off", 22},
		{"climate.turn_on", "den", nil, "", "heat", 22}, // the configured mode
		{"climate.set_hvac_mode", "den", data{"hvac_mode": "cool"}, "", "cool", 22},
		{"climate.turn_on", "den", nil, "", "cool", 22}, // it is on already
		{"climate.set_hvac_mode", "den", data{"hvac_mode": "heat"}, "", "heat", 22},
		{"climate.set_hvac_mode", "den", data{"hvac_mode": "dry"}, "not valid", "heat", 22},
		{"climate.set_temperature", "den", data{"temperature": 28.5}, "Accepted range", "heat", 22},
		{"mqtt.publish", "", data{"topic": "thermostat/cabin/den/set/desired", "payload": "99"}, "", "heat", 22},
		{"mqtt.publish", "", data{"topic": "thermostat/cabin/den/set/mode", "payload": "dry"}, "", "heat", 22},
		{"climate.set_temperature", "den", data{"temperature": 23.1}, "", "heat", 23.1},

		{"climate.set_temperature", "room", data{"temperature": 20}, "", "heat", 20},
		{"climate.turn_off", "room", nil, "", "off", 20},
		{"climate.turn_on", "room", nil, "", "heat", 20},
		{"climate.toggle", "room", nil, "", "off", 20},
		{"climate.set_temperature", "room", data{"temperature": 21, "hvac_mode": "heat"}, "", "heat", 21},
		{"climate.set_temperature", "room", data{"temperature": 22, "hvac_mode": "cool"}, "", "heat", 22}, // the agent refuses the mode, and takes the temperature

		{"climate.set_temperature", "fridge", data{"temperature": -18.5, "hvac_mode": "cool"}, "", "cool", -18.5},
		{"climate.set_temperature", "fridge", data{"temperature": 4}, "", "cool", 4},
		{"climate.turn_off", "fridge", nil, "", "off", 4},
		{"climate.turn_on", "fridge", nil, "", "cool", 4},
	} {
		h.commands(step, false)
	}
	if err := h.service("button.press", "button.room_clear_faults", nil); err != nil {
		t.Error(err)
	}
	h.opensAWindow()
	h.livesByAProgram()
	h.startsWithAProgram(config, agent)
}

// commands gives a command and waits until both sides show what must be so.
func (h *realHome) commands(step commandStep, fahrenheit bool) {
	h.t.Helper()
	entity, zone := "climate."+step.entity, step.entity
	if zone == "" {
		entity, zone = "", "den"
	}
	err := h.service(step.action, entity, step.data)
	switch {
	case step.refused == "" && err != nil:
		h.t.Errorf("%s %s %v: %v", step.action, zone, step.data, err)
	case step.refused != "" && (err == nil || !strings.Contains(err.Error(), step.refused)):
		h.t.Errorf("%s %s %v: %v, want %q", step.action, zone, step.data, err, step.refused)
	}
	clitest.Eventually(h.t, func() error {
		var r report.State
		if err := json.Unmarshal(h.broker.retained(zone+"/state"), &r); err != nil || r.Mode != step.mode || r.Desired == nil || math.Abs(*r.Desired-step.desired) > 1e-4 {
			return fmt.Errorf("%s %v of %s: the agent has %s %v, want %s %v", step.action, step.data, zone, r.Mode, deref(r.Desired), step.mode, step.desired)
		}
		return nil
	})
	h.agrees(zone, fahrenheit)
}

func deref(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}

// TestARealHomeAssistantForgetsARemovedZone: its entities and its device are gone, whether Home Assistant
// was there when the agent started without it or came later.
func TestARealHomeAssistantForgetsARemovedZone(t *testing.T) {
	t.Parallel()
	h, config, agent := openHome(t, "metric", "")
	h.known = []*regexp.Regexp{echo}
	h.isAvailable(homeEntities())
	without := withoutZone(t, config, "fridge")
	rest := slices.Concat(agentEntities, zoneEntities("room", false, true, false), denEntities())

	agent.stop()
	clitest.WriteFile(t, config, without)
	agent = startAgent(t, config)
	h.hasExactly(rest)
	h.hasDevices(cabinID, roomID, "thermostat_-cabin_-den")
	agent.stop()
	agent = startAgent(t, config) // takes it back once more: Home Assistant may not have been there
	h.shows("binary_sensor.cabin_connection", "", "on")
	h.commands(commandStep{"climate.set_temperature", "room", map[string]any{"temperature": 19.5}, "", "heat", 19.5}, false)

	h.stop()
	agent.stop()
	clitest.WriteFile(t, config, withoutZone(t, config, "den"))
	agent = startAgent(t, config)
	agent.Says("broker connected")
	h.start()
	h.hasExactly(slices.Concat(agentEntities, zoneEntities("room", false, true, false)))
	h.hasDevices(cabinID, roomID)
	h.agrees("room", false)

	agent.stop()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, config, strings.Replace(string(text), "mqtt:\n", "mqtt:\n  discovery_prefix: \"\"\n", 1))
	startAgent(t, config)
	h.hasExactly(nil)
	h.hasDevices()

	h.stop()
	n := 0
	for _, text := range h.log {
		if echo.MatchString(text) {
			n++
		}
	}
	if want := 2 * 4; n != want { // the fridge was there twice, the other zones once
		t.Errorf("Home Assistant was told %d times to remove what it does not have, want %d: %q", n, want, h.log)
	}
}

// hasDevices waits until it has these devices of the MQTT integration, and no others.
func (h *realHome) hasDevices(ids ...string) {
	h.t.Helper()
	slices.Sort(ids)
	clitest.Eventually(h.t, func() error {
		devices, err := h.devices()
		if got := slices.Sorted(maps.Keys(devices)); err != nil || !slices.Equal(got, ids) {
			return fmt.Errorf("the devices are %q, want %q (%v)", got, ids, err)
		}
		return nil
	})
}

// TestARealHomeAssistantOfFahrenheitsIsUnderstood: what it shows and sends in °F is the agent's in °C.
func TestARealHomeAssistantOfFahrenheitsIsUnderstood(t *testing.T) {
	t.Parallel()
	h, _, _ := openHome(t, "us_customary", "")
	h.known = refused
	h.isAvailable(homeEntities())
	for _, zone := range []string{"room", "den", "fridge"} {
		h.agrees(zone, true)
	}
	h.shows("climate.room", "current_temperature", 64.4)
	h.shows("sensor.room_temperature", "unit_of_measurement", "°F")
	h.isClimate("climate.room", []any{"off", "heat"}, 41, 82.4)
	type data = map[string]any
	for _, step := range []commandStep{
		{"climate.set_temperature", "room", data{"temperature": 70}, "", "heat", 21.1111},
		{"climate.set_temperature", "room", data{"temperature": 68.5, "hvac_mode": "heat"}, "", "heat", 20.2778},
		{"climate.set_temperature", "room", data{"temperature": 41}, "", "heat", 5},
		{"climate.set_temperature", "room", data{"temperature": 82.4}, "", "heat", 28},
		{"climate.set_temperature", "room", data{"temperature": 83}, "Accepted range", "heat", 28},
		{"climate.set_temperature", "fridge", data{"temperature": -4, "hvac_mode": "cool"}, "", "cool", -20},
		{"climate.set_temperature", "fridge", data{"temperature": 53.6}, "", "cool", 12},
	} {
		h.commands(step, true)
	}
}

// echo is a complaint about an empty message that is Home Assistant's own: it sends one for each entity that was
// disabled on a device that is gone, and two are in each zone.
var echo = regexp.MustCompile(`No device components to cleanup for thermostat_-cabin_-(room|den|fridge), node_id 'None'`)

// refused are the complaints about commands that Home Assistant itself refuses.
var refused = []*regexp.Regexp{
	regexp.MustCompile(`websocket_api.*(but the entity does not support it|HVAC mode dry is not valid|Accepted range is)`),
}

// away are the complaints about a broker that is not there.
var away = []*regexp.Regexp{
	regexp.MustCompile(`Disconnected from MQTT server`),
	regexp.MustCompile(`Failed to connect to MQTT server`),
	regexp.MustCompile(`Error returned from MQTT server: The connection was lost`),
	regexp.MustCompile(`(?s)_publish_birth_message.*The client is not currently connected`), // it was just about to say it
}
