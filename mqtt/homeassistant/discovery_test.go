package homeassistant

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

func testDiscovery() Discovery {
	return NewDiscovery(wire.NewTopics("thermostat", "cabin"), "cabin", "1.2.3")
}

// announcedZones are the kinds of zone that there are.
func announcedZones() []setpoint.Zone {
	return []setpoint.Zone{
		{Name: "heater", Params: controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28}},
		{Name: "heat-cool", Params: controlloop.Params{Heater: true, Cooler: true, DesiredMin: 5, DesiredMax: 28}, Humidity: true},
		{Name: "fridge", Params: controlloop.Params{Cooler: true, DesiredMin: -30, DesiredMax: 12}},
	}
}

// announcements are the messages of those, by the name of their golden file.
func announcements() map[string]announcedDevice {
	d := testDiscovery()
	all := map[string]announcedDevice{
		"agent":                 {"", wire.JSON(d.Agent(true))},
		"agent-without-restart": {"", wire.JSON(d.Agent(false))},
	}
	for _, z := range announcedZones() {
		all[z.Name] = announcedDevice{z.Name, wire.JSON(d.Zone(z, z.Params.ServesBoth(1, 1)))}
	}
	return all
}

type announcedDevice struct {
	zone    string
	payload []byte
}

func (a announcedDevice) topic() string { return testDiscovery().Config("homeassistant", a.zone) }

func TestDocumentsAreTheGoldenFiles(t *testing.T) {
	for name, a := range announcements() {
		var got bytes.Buffer
		must(t, json.Indent(&got, a.payload, "", "  "))
		got.WriteByte('\n')
		file := filepath.Join("testdata", name+".json")
		if *update {
			must(t, os.WriteFile(file, got.Bytes(), 0o644))
			continue
		}
		want, err := os.ReadFile(file)
		must(t, err)
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s (go test ./mqtt -update writes it anew):\n%s", file, got.Bytes())
		}
	}
}

// TestHomeAssistantTakesIt holds every payload against the table of its rules.
func TestHomeAssistantTakesIt(t *testing.T) {
	all := map[string]bool{}
	for name, a := range announcements() {
		ids := all
		if name == "agent-without-restart" {
			ids = map[string]bool{} // the same device once more
		}
		c := &haChecker{base: "thermostat/cabin", ids: ids}
		c.check(a.topic(), a.zone, a.payload)
		for _, bad := range c.bad {
			t.Errorf("%s: %s", name, bad)
		}
	}
	for _, zone := range []string{"", "gone"} { // what is announced only to be removed
		c := &haChecker{base: "thermostat/cabin", ids: map[string]bool{}}
		d := testDiscovery()
		c.check(d.Config("homeassistant", zone), zone, wire.JSON(d.Whole(zone)))
		for _, bad := range c.bad {
			t.Errorf("%q, to be removed: %s", zone, bad)
		}
	}
}

// TestTheTableFindsMistakes: each of these would be refused, ignored or obeyed
// in the wrong way.
func TestTheTableFindsMistakes(t *testing.T) {
	good := announcements()["heat-cool"]
	for _, row := range []struct{ name, from, to, complaint string }{
		{"a key too many", `"qos":1`, `"qos":1,"retain":true`, "retain is not known"},
		{"no device", `"device":`, `"dvice":`, "no device"},
		{"no origin's name", `"origin":{"name":`, `"origin":{"nme":`, "no name"},
		{"other identifiers", `"identifiers":["`, `"identifiers":["x`, "not the topic's"},
		{"an unknown platform", `"platform":"climate"`, `"platform":"thermostat"`, "none of ours"},
		{"no unique_id", `"unique_id":"thermostat_-cabin_-heat-cool_-climate"`, `"x":1`, "no unique_id"},
		{"a unique_id twice", `_-problem"`, `_-heat_call"`, "there twice"},
		{"an odd unique_id", `_-problem"`, `_-pröblem"`, "odd"},
		{"an unknown mode", `"modes":["off"`, `"modes":["off","warm"`, "mode warm"},
		{"no mode off", `"modes":["off",`, `"modes":[`, "modes"},
		{"a topic that nobody publishes", `"action_topic":"thermostat/cabin/heat-cool/state"`, `"action_topic":"thermostat/cabin/heat-cool/sate"`, "nobody publishes"},
		{"another zone's topic", `"action_topic":"thermostat/cabin/heat-cool/state"`, `"action_topic":"thermostat/cabin/hall/state"`, "nobody publishes"},
		{"a command that nobody obeys", `set/clear`, `set/clean`, "nobody obeys"},
		{"a template that is more", `{{ value_json.action }}`, `{{ value_json.action | upper }}`, "shows nothing"},
		{"a template of a key that is not there", `{{ value_json.action }}`, `{{ value_json.act }}`, "shows nothing"},
		{"a device class of another platform", `"device_class":"running"`, `"device_class":"motor"`, "is none of"},
		{"a unit of another class", `"unit_of_measurement":"°C"`, `"unit_of_measurement":"%"`, "with unit"},
		{"a state class that does not fit", `"state_class":"measurement","state_topic":"thermostat/cabin/heat-cool/state","suggested_display_precision":1`, `"state_class":"total","state_topic":"thermostat/cabin/heat-cool/state","suggested_display_precision":1`, "state class"},
		{"options without enum", `"device_class":"enum",`, ``, "options"},
		{"a category that is refused", `"entity_category":"diagnostic"`, `"entity_category":"config"`, "is none of"},
		{"availability by something else", `"availability_topic":"thermostat/cabin/status"`, `"availability_topic":"thermostat/cabin/heat-cool/state"`, "availability"},
		{"no availability", `"availability_topic":"thermostat/cabin/status",`, ``, "availability"},
		{"a retained command", `"command_topic":"thermostat/cabin/heat-cool/set/clear"`, `"retain":true,"command_topic":"thermostat/cabin/heat-cool/set/clear"`, "retained command"},
		{"a precision", `"precision":0.1`, `"precision":0.2`, "precision"},
		{"min above max", `"min_temp":5`, `"min_temp":50`, "50..28"},
		{"another unit", `"temperature_unit":"C"`, `"temperature_unit":"F"`, "unit F"},
		{"no name", `"name":"Problem",`, ``, "no name"},
	} {
		c := &haChecker{base: "thermostat/cabin", ids: map[string]bool{}}
		if !bytes.Contains(good.payload, []byte(row.from)) {
			t.Errorf("%s: there is no %s", row.name, row.from)
		}
		c.check(good.topic(), good.zone, bytes.Replace(good.payload, []byte(row.from), []byte(row.to), 1))
		if !slices.ContainsFunc(c.bad, func(text string) bool { return strings.Contains(text, row.complaint) }) {
			t.Errorf("%s: complaints %q", row.name, c.bad)
		}
	}
}

// TestStatesAreOfHomeAssistantsLists: what the state says of mode, action and reason is
// in the lists that Home Assistant holds it against.
func TestStatesAreOfHomeAssistantsLists(t *testing.T) {
	for a := controlloop.ActionOff; a <= controlloop.ActionCooling; a++ {
		if !slices.Contains(haActions, a.String()) {
			t.Errorf("action %v", a)
		}
	}
	for _, z := range announcedZones() {
		modes := zoneModes(z.Params, z.Params.ServesBoth(1, 1))
		for m := controlloop.ModeNone; m <= controlloop.ModeHeatCool; m++ {
			sp := controlloop.Setpoint{Mode: m, Desired: 10, UpDelta: 1, DownDelta: 1}
			z.Params.HeatCutout, z.Params.CoolCutout = 35, -35
			obeyed := m == controlloop.ModeNone || z.Params.RefuseSetpoint(sp) == nil
			if obeyed != slices.Contains(modes, m.String()) && m != controlloop.ModeNone {
				t.Errorf("zone %s: mode %v obeyed %v, announced %v", z.Name, m, obeyed, modes)
			}
		}
	}
}

// TestIDsAreUnique: no two agents and zones of one broker have the same id,
// however odd their names are, and the same one has the same for ever.
func TestIDsAreUnique(t *testing.T) {
	owner := map[string]string{}
	for _, prefix := range []string{"thermostat", "a", "a/b", "a_b", "a__b", "a_", "_", "a_/b", "a/_b", "a_-b", "-", "b", "a/b/c"} {
		for _, device := range []string{"cabin", "a", "b", "a_b", "a-b", "_", "-", "__", "_-", "b_-c", "AGENT", "agent", "a_", "_a", "c"} {
			d := NewDiscovery(wire.NewTopics(prefix, device), device, "")
			for _, zone := range []string{"", "a", "b", "c", "b-c", "-", "--", "agent", "living-room"} {
				who := fmt.Sprintf("%s %s %s", prefix, device, zone)
				id := d.id(zone)
				if other, taken := owner[id]; taken || !haName.MatchString(id) {
					t.Fatalf("%q is the id of %q and of %q", id, who, other)
				}
				owner[id] = who
			}
		}
	}
	if got := testDiscovery().id("living-room"); got != "thermostat_-cabin_-living-room" {
		t.Errorf("the id became %q: every device would be there twice", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
