package homeassistant

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	"thermostat/controlloop/program"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

func testDiscovery() Discovery {
	return NewDiscovery(wire.NewTopics("thermostat", "cabin"), "cabin", "1.2.3", "http://cabin.local:8466/")
}

// offered is what a zone offers that nobody has spoken to.
func offered(z setpoint.Zone) Offer {
	program := z.Comfort.HasProgram()
	names := slices.Sorted(maps.Keys(z.Comfort.Presets))
	return Offer{Both: limits.ServesBoth(z.Params, 1, 1), Auto: program, Program: program, Presets: strings.Join(names, " ")}
}

// announcedZones are the kinds of zone that there are.
func announcedZones() []setpoint.Zone {
	week, err := program.Parse("06:30 comfort, 22:00 sleep")
	if err != nil {
		panic(err)
	}
	return []setpoint.Zone{
		{Name: "heater", Params: controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28}},
		{Name: "heat-cool", Title: "Küche & Flur", Params: controlloop.Params{Heater: true, Cooler: true, DesiredMin: 5, DesiredMax: 28}, Humidity: true},
		{Name: "fridge", Goods: true, Params: controlloop.Params{Cooler: true, DesiredMin: -30, DesiredMax: 12}},
		{Name: "program", Params: controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28}, Comfort: comfort.Plan{
			Calendar: program.Calendar{Week: week}, Presets: map[string]float64{"sleep": 17, "away": 12, "comfort": 21},
			Window: comfort.Window{Contact: true},
		}},
	}
}

// announcements are the messages of those, by the name of their golden file.
func announcements() map[string]announcedDevice {
	d := testDiscovery()
	all := map[string]announcedDevice{
		"agent":                 announcedAs("", d.Agent(true, true)),
		"agent-without-restart": announcedAs("", d.Agent(false, false)),
		"source":                announcedAs("boiler", d.Source(Source{Name: "boiler", Pump: true})),
		"source-without-pump":   announcedAs("gas-boiler", d.Source(Source{Name: "gas-boiler"})),
	}
	for _, z := range announcedZones() {
		all[z.Name] = announcedAs(z.Name, d.Zone(z, offered(z)))
	}
	return all
}

type announcedDevice struct {
	topic   string
	name    string // of the zone or the source
	payload []byte
}

func announcedAs(name string, d Device) announcedDevice {
	return announcedDevice{d.Config("homeassistant"), name, wire.JSON(d)}
}

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
			t.Errorf("%s (go test ./mqtt/homeassistant -update writes it anew):\n%s", file, got.Bytes())
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
		c.check(a.topic, a.name, a.payload)
		for _, bad := range c.bad {
			t.Errorf("%s: %s", name, bad)
		}
	}
	for _, gone := range []Announced{{}, {Zone: "gone"}, {Source: "gone"}} { // what is announced only to be removed
		c := &haChecker{base: "thermostat/cabin", ids: map[string]bool{}}
		for _, d := range []Device{testDiscovery().Whole(gone), testDiscovery().Removal(gone)} {
			a := announcedAs(gone.Zone+gone.Source, d)
			c.check(a.topic, a.name, a.payload)
		}
		for _, bad := range c.bad {
			t.Errorf("%+v, to be removed: %s", gone, bad)
		}
	}
}

// TestTheTableFindsMistakes: each of these would be refused, ignored or obeyed
// in the wrong way.
func TestTheTableFindsMistakes(t *testing.T) {
	all := announcements()
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
		{"a template that is more", `{{ value_json.mode }}`, `{{ value_json.mode | upper }}`, "shows nothing"},
		{"a template of a key that is not there", `{{ value_json.mode }}`, `{{ value_json.mod }}`, "shows nothing"},
		{"a template of a part that is not there", `value_json.next.at`, `value_json.next.when`, "shows nothing"},
		{"an answer to what is not there", `if value_json.faults else`, `if value_json.problems else`, "shows nothing"},
		{"a number of what is not there", `value_json.calling | length`, `value_json.rooms | length`, "shows nothing"},
		{"attributes of what is not there", `'rooms': value_json.calling`, `'rooms': value_json.zones`, "shows nothing"},
		{"attributes of a topic that nobody publishes", `"json_attributes_topic":"thermostat/cabin/boiler/source"`, `"json_attributes_topic":"thermostat/cabin/boiler/sauce"`, "nobody publishes"},
		{"a line that may be too long", `truncate(255,`, `truncate(300,`, "shows nothing"},
		{"a template of a condition on nothing", `if value_json.reason ==`, `if value_json.why ==`, "shows nothing"},
		{"presets without a command", `"preset_mode_command_topic"`, `"preset_mode_commands"`, "presets"},
		{"preset none", `"preset_modes":["away",`, `"preset_modes":["none",`, "presets"},
		{"a preset that is never shown", `in ['away', `, `in ['gone', `, "never shown"},
		{"a switch that shows what was asked for", `"state_topic":"thermostat/cabin/info","unique_id":"thermostat_-cabin_-AGENT_-away"`, `"unique_id":"x"`, "no state_topic"},
		{"a device class of another platform", `"device_class":"running"`, `"device_class":"motor"`, "is none of"},
		{"a unit of another class", `"unit_of_measurement":"°C"`, `"unit_of_measurement":"%"`, "with unit"},
		{"a state class that does not fit", `"state_class":"measurement","state_topic":"thermostat/cabin/heat-cool/state","suggested_display_precision":1`, `"state_class":"total","state_topic":"thermostat/cabin/heat-cool/state","suggested_display_precision":1`, "state class"},
		{"options without enum", `"device_class":"enum",`, ``, "options"},
		{"a category that is refused", `"entity_category":"diagnostic"`, `"entity_category":"config"`, "is none of"},
		{"availability by something else", `"availability_topic":"thermostat/cabin/status"`, `"availability_topic":"thermostat/cabin/heat-cool/state"`, "availability"},
		{"no availability", `"availability_topic":"thermostat/cabin/status",`, ``, "availability"},
		{"a retained command", `"command_topic":"thermostat/cabin/heat-cool/set/clear"`, `"retain":true,"command_topic":"thermostat/cabin/heat-cool/set/clear"`, "retained command"},
		{"a precision", `"precision":0.1`, `"precision":0.2`, "precision"},
		{"min above max", `"min_temp":4.999`, `"min_temp":50`, "50..28.001"},
		{"another unit", `"temperature_unit":"C"`, `"temperature_unit":"F"`, "unit F"},
		{"an address without a host", `"configuration_url":"http://cabin.local:8466/`, `"configuration_url":"http:///`, "configuration_url"},
		{"no name", `"name":"Problem",`, ``, "no name"},
	} {
		c := &haChecker{base: "thermostat/cabin", ids: map[string]bool{}}
		good, found := all["heat-cool"], false
		for _, name := range []string{"heat-cool", "program", "agent", "source"} {
			if bytes.Contains(all[name].payload, []byte(row.from)) {
				good, found = all[name], true
				break
			}
		}
		if !found {
			t.Errorf("%s: there is no %s", row.name, row.from)
		}
		c.check(good.topic, good.name, bytes.Replace(good.payload, []byte(row.from), []byte(row.to), 1))
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
		modes := zoneModes(z, offered(z))
		for m := controlloop.ModeNone; m <= controlloop.ModeHeatCool; m++ {
			sp := controlloop.Setpoint{Mode: m, Desired: 10, UpDelta: 1, DownDelta: 1}
			z.Params.HeatCutout, z.Params.CoolCutout = 35, -35
			obeyed := m == controlloop.ModeNone || limits.RefuseSetpoint(z.Params, sp) == nil
			if obeyed != slices.Contains(modes, m.String()) && m != controlloop.ModeNone {
				t.Errorf("zone %s: mode %v obeyed %v, announced %v", z.Name, m, obeyed, modes)
			}
		}
	}
}

// TestIDsAreUnique: no two agents, zones and sources of one broker have the same id,
// however odd their names are, and the same one has the same for ever.
func TestIDsAreUnique(t *testing.T) {
	owner := map[string]string{}
	for _, prefix := range []string{"thermostat", "a", "a/b", "a_b", "a__b", "a_", "_", "a_/b", "a/_b", "a_-b", "-", "b", "a/b/c"} {
		for _, device := range []string{"cabin", "a", "b", "a_b", "a-b", "_", "-", "__", "_-", "b_-c", "AGENT", "SOURCE", "agent", "a_", "_a", "c"} {
			d := NewDiscovery(wire.NewTopics(prefix, device), device, "", "")
			for _, name := range []string{"", "a", "b", "c", "b-c", "-", "--", "agent", "source", "living-room"} {
				for _, a := range slices.Compact([]Announced{{Zone: name}, {Source: name}}) {
					who := fmt.Sprintf("%s %s %+v", prefix, device, a)
					id := d.id(a)
					if other, taken := owner[id]; taken || !haName.MatchString(id) {
						t.Fatalf("%q is the id of %q and of %q", id, who, other)
					}
					owner[id] = who
				}
			}
		}
	}
	for want, a := range map[string]Announced{
		"thermostat_-cabin_-AGENT": {}, "thermostat_-cabin_-living-room": {Zone: "living-room"}, "thermostat_-cabin_-boiler_-SOURCE": {Source: "boiler"},
	} {
		if got := testDiscovery().id(a); got != want {
			t.Errorf("the id became %q: every device would be there twice", got)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAZoneIsInTheRoomThatItsNameSays: and what is no room is in none.
func TestAZoneIsInTheRoomThatItsNameSays(t *testing.T) {
	for _, row := range []struct {
		zone setpoint.Zone
		want string
	}{
		{setpoint.Zone{Name: "living-room"}, "Living room"},
		{setpoint.Zone{Name: "living-room", Title: "Wohnzimmer"}, "Wohnzimmer"},
		{setpoint.Zone{Name: "--"}, ""},
		{setpoint.Zone{Name: "2-og"}, "2 og"},
		{setpoint.Zone{Name: "beer", Title: "Bier", Goods: true}, ""},
	} {
		if got := testDiscovery().Zone(row.zone, Offer{}).Device.Area; got != row.want {
			t.Errorf("%q %q is in %q, want %q", row.zone.Name, row.zone.Title, got, row.want)
		}
	}
}
