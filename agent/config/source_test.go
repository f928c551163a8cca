package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"thermostat/agent/config/sources"
	"thermostat/controlloop/source"
)

// boilerHouse is two rooms on one boiler: a bath with a valve, and a hall without one.
const boilerHouse = `device: den
http: {listen: ""}
sources:
  - {name: boiler, relay: {driver: gpio, line: GPIO22}, pump: {driver: gpio, line: GPIO23}}
zones:
  - {name: bath, calls: boiler, sensor: {driver: bme280}, heater: {driver: gpio, line: GPIO17}}
  - {name: hall, calls: boiler, sensor: {driver: bme280, address: 0x77}}
`

// hallHasNoValve is what check says of boilerHouse.
const hallHasNoValve = "warning: f:7:18: zones[1].calls: has no valve, so each zone that calls boiler heats it: only its cut-out keeps boiler off"

func TestASourceHasItsDefaults(t *testing.T) {
	c, complaints := Read("f", []byte(boilerHouse))
	if len(complaints) != 1 || len(c.Sources) != 1 {
		t.Fatalf("%v, %+v", complaints, c.Sources)
	}
	want := source.Params{Pump: true, ValveOpen: 210 * time.Second, PumpOverrun: 5 * time.Minute, MinOn: 5 * time.Minute, MinOff: 5 * time.Minute, Call: 1}
	if s := c.Sources[0]; s.Name != "boiler" || s.Law != want || s.Exercise != (sources.Exercise{}) {
		t.Errorf("%+v", s)
	}
	bath, hall := c.Zones[0].Params, c.Zones[1].Params
	if bath.MinOn != 30*time.Second || bath.MinOff != 30*time.Second || hall.MinOn != 0 || hall.MinOff != 0 || !hall.Heater || bath.Electric {
		t.Errorf("bath %v %v, hall %v %v, heats %v", bath.MinOn, bath.MinOff, hall.MinOn, hall.MinOff, hall.Heater)
	}
	var lines []string
	for _, r := range c.Relays() {
		lines = append(lines, r.Line)
	}
	if got := strings.Join(lines, " "); got != "GPIO22 GPIO23 GPIO17" {
		t.Errorf("relays go off in the order %s, want source, pump, valves", got)
	}
}

func TestEveryValueOfASourceArrives(t *testing.T) {
	c, _ := Read("f", []byte(strings.Replace(boilerHouse, "GPIO23}}",
		"GPIO23}, valve_open: 2m, pump_overrun: 7m, min_on: 3m, min_off: 4m, call: 2, bypass: true, exercise: {every: 200h, for: 4m}}", 1)))
	want := source.Params{Pump: true, ValveOpen: 2 * time.Minute, PumpOverrun: 7 * time.Minute, MinOn: 3 * time.Minute, MinOff: 4 * time.Minute, Call: 2, Bypass: true, Move: 4 * time.Minute}
	if s := c.Sources[0]; s.Law != want || !reflect.DeepEqual(s.Exercise, sources.Exercise{Every: 200 * time.Hour, For: 4 * time.Minute}) {
		t.Errorf("%+v", s)
	}
}

// Every complaint about sources and those who call them has one row: what is written in
// place of a part of boilerHouse, and what is said beside hallHasNoValve.
func TestEveryComplaintOfSourcesHasItsPlaceAndText(t *testing.T) {
	for _, row := range []struct{ part, in, want string }{
		{"name: boiler, relay", "relay", "f:4:5: sources[0].name: is missing"},
		{"relay: {driver: gpio, line: GPIO22}, ", "", "f:4:5: sources[0].relay: is missing"},
		{"name: boiler,", "name: bath,", "f:4:6: sources[0].name: \"bath\" is also the name of zones[0]: sources and zones share the names of topics\n" +
			"warning: f:4:6: sources[0].name: no zone calls it, so it stays off: write calls: bath in the zones that it heats\n" +
			"f:6:18: zones[0].calls: \"boiler\" is no source: there are bath\nf:7:18: zones[1].calls: \"boiler\" is no source: there are bath"},
		{"zones:", "  - {name: boiler, relay: {driver: gpio, line: GPIO5, active_low: true}}\nzones:", "f:5:6: sources[1].name: \"boiler\" is also the name of sources[0]"},
		{"GPIO23", "GPIO22", "f:4:78: sources[0].pump.line: GPIO22 is also the line of sources[0].relay: each needs one of its own"},
		{"GPIO23", "GPIO17", "f:6:82: zones[0].heater.line: GPIO17 is also the line of sources[0].pump: each needs one of its own"},
		{"GPIO23}", "GPIO23}, call: 3", "f:4:93: sources[0].call: 3 is more than the 2 zones that call it, so it would never go on: at most 2"},
		{"GPIO23}", "GPIO23}, call: 0", "f:4:93: sources[0].call: 0 is outside 1..1000"},
		{"GPIO23}", "GPIO23}, valve_open: 16m", "f:4:93: sources[0].valve_open: 16m0s is outside 0s..15m"},
		{"GPIO23}", "GPIO23}, pump_overrun: 61m", "f:4:93: sources[0].pump_overrun: 1h1m0s is outside 0s..1h"},
		{"GPIO23}", "GPIO23}, min_on: 3h", "f:4:93: sources[0].min_on: 3h0m0s is outside 0s..2h"},
		{"GPIO23}", "GPIO23}, min_off: -1s", "f:4:93: sources[0].min_off: -1s is outside 0s..2h"},
		{"GPIO23}", "GPIO23}, exercise: {every: 1h}", "warning: f:4:93: sources[0].exercise: a valve whose end switch calls the boiler by wire would fire it at each exercise: only the relay of boiler may call it\n" +
			"f:4:104: sources[0].exercise.every: 1h0m0s is outside 24h..720h"},
		{"pump: {driver: gpio, line: GPIO23}", "pump_overrun: 1m", "f:4:57: sources[0].pump_overrun: 1m needs a pump, and the source has none here: leave it out where the source has its own"},
		{"calls: boiler, sensor: {driver: bme280},", "calls: boilr, sensor: {driver: bme280},", "f:6:18: zones[0].calls: \"boilr\" is no source: there are boiler"},
		{"address: 0x77}", "address: 0x77}, normally_open: true", "f:7:74: zones[1].normally_open: is said of a valve, and the zone has none: heater is missing"},
		{"name: hall, calls: boiler,", "name: hall, normally_open: true, heater: {driver: gpio, line: GPIO27},", "f:7:18: zones[1].normally_open: belongs to the valve of a zone that calls a source: calls is missing"},
		{"GPIO22}", "GPIO5}", "warning: f:4:42: sources[0].relay.line: GPIO5 pulls up at reset, which holds an active-high relay on until the agent runs: GPIO9 to GPIO27 pull down"},
		{"heater: {driver: gpio", "normally_open: true, heater: {driver: gpio", ""},
		{"relay: {driver: gpio, line: GPIO22}, pump: {driver: gpio, line: GPIO23}", "relay: {driver: simulated}",
			"f:6:18: zones[0].calls: boiler heats simulated rooms, and this one is real: write driver: simulated in this sensor and heater, or a real relay in boiler\n" +
				"f:7:18: zones[1].calls: boiler heats simulated rooms, and this one is real: write driver: simulated in this sensor and heater, or a real relay in boiler"},
	} {
		text := strings.Replace(boilerHouse, row.part, row.in, 1)
		var got []string
		for _, c := range complaintsOf(text) {
			if !strings.HasSuffix(c, "only its cut-out keeps boiler off") {
				got = append(got, c)
			}
		}
		if said := strings.Join(got, "\n"); said != row.want {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", row.in, said, row.want)
		}
	}
	if got := strings.Join(complaintsOf(boilerHouse), "\n"); got != hallHasNoValve {
		t.Errorf("got %s, want %s", got, hallHasNoValve)
	}
}

// TestAValveThatStandsOpenWithoutPowerNeedsASourceThatDoesNot: on this board with a pull that
// keeps it off, or on the broker or a Modbus board with a short lease.
func TestAValveThatStandsOpenWithoutPowerNeedsASourceThatDoesNot(t *testing.T) {
	open := strings.Replace(boilerHouse, "heater: {driver: gpio", "normally_open: true, heater: {driver: gpio", 1)
	for relay, want := range map[string]string{
		"{driver: gpio, line: GPIO5}":                              "zones[0].normally_open: needs a source whose relay is off without the agent, because the valve stands open then: the pull of GPIO5 at reset would switch boiler on",
		"{driver: mqtt, topic: boiler/set}":                        "",
		"{driver: modbus, port: /dev/ttyUSB0, coil: 0}":            "",
		"{driver: modbus, port: /dev/ttyUSB0, coil: 0, lease: 2m}": "zones[0].normally_open: needs a source that lets go by itself within 1m0s, because the valve stands open without power: the lease of boiler is 2m0s",
		"{driver: modbus, port: /dev/ttyUSB0, coil: 0, lease: 0s}": "zones[0].normally_open: needs a source that lets go by itself within 1m0s, because the valve stands open without power: the lease of boiler is 0s",
		"{driver: mqtt, topic: boiler/set, lease: 2m}":             "zones[0].normally_open: needs a source that lets go by itself within 1m0s, because the valve stands open without power: the lease of boiler is 2m0s",
	} {
		text := "mqtt: {brokers: [mqtt://h]}\n" + strings.Replace(open, "{driver: gpio, line: GPIO22}", relay, 1)
		var got string
		for _, c := range complaintsOf(text) {
			if _, said, ok := strings.Cut(c, "zones[0].normally_open"); ok {
				got = "zones[0].normally_open" + said
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", relay, got, want)
		}
	}
}

// simulatedHouse is two simulated rooms on one boiler: a bath with a valve, and a hall without one.
const simulatedHouse = `device: den
http: {listen: ""}
sources:
  - {name: boiler, relay: {driver: simulated}, pump: {driver: simulated}}
zones:
  - {name: bath, calls: boiler, sensor: {driver: simulated, speed: 60}, heater: {driver: simulated}}
  - {name: hall, calls: boiler, sensor: {driver: simulated, speed: 60, model: massive}}
`

// TestASimulatedBoilerHeatsSimulatedRoomsAlone: what is written in place of a part of
// simulatedHouse, and the one thing that is said beside that the hall has no valve. A
// valve that stands open, and no pump, are as good.
func TestASimulatedBoilerHeatsSimulatedRoomsAlone(t *testing.T) {
	for _, row := range []struct{ part, in, want string }{
		{"device", "device", ""},
		{", pump: {driver: simulated}", "", ""},
		{"heater: {driver: simulated}", "heater: {driver: simulated}, normally_open: true", ""},
		{"pump: {driver: simulated}", "pump: {driver: gpio, line: GPIO5, active_low: true}",
			"f:4:48: sources[0].pump: is on another water than relay: both must be simulated, or none; write driver: simulated in both, or leave pump out where the boiler drives its own"},
		{"relay: {driver: simulated}, pump: {driver: simulated}", "relay: {driver: gpio, line: GPIO22}",
			"f:6:18: zones[0].calls: boiler heats real rooms, and this one is simulated: write driver: simulated in the relay of boiler (and its pump), or a real sensor here\n" +
				"f:7:18: zones[1].calls: boiler heats real rooms, and this one is simulated: write driver: simulated in the relay of boiler (and its pump), or a real sensor here"},
		{"sensor: {driver: simulated, speed: 60}, heater: {driver: simulated}", "sensor: {driver: bme280}, heater: {driver: gpio, line: GPIO17}",
			"f:6:18: zones[0].calls: boiler heats simulated rooms, and this one is real: write driver: simulated in this sensor and heater, or a real relay in boiler"},
		{"sensor: {driver: simulated, speed: 60}", "sensor: {driver: bme280}",
			"f:6:68: zones[0].heater.driver: a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is \"bme280\""},
		{"heater: {driver: simulated}", "heater: {driver: gpio, line: GPIO17}",
			"f:6:73: zones[0].heater: is no valve of a simulated water: write driver: simulated, or leave it out where there is no valve"},
		{"model: massive", "model: linear", "f:7:72: zones[1].sensor.model: linear is not heated by water: write one of room, timber, massive, panel, radiator"},
		{"speed: 60, model", "model", "f:7:5: zones[1].sensor.speed: 1 is not the 60 of bath: all rooms of boiler live in one time, so write the same speed in each"},
	} {
		text := strings.Replace(simulatedHouse, row.part, row.in, 1)
		var got []string
		for _, c := range complaintsOf(text) {
			if !strings.HasSuffix(c, "only its cut-out keeps boiler off") {
				got = append(got, c)
			}
		}
		if said := strings.Join(got, "\n"); said != row.want {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", row.in, said, row.want)
		}
	}
	c, _ := Read("f", []byte(simulatedHouse))
	if r := c.Sources[0].Relay.Simulated; r.Water != "boiler" || r.Pump || !c.Sources[0].Pump.Simulated.Pump || c.Zones[0].Devices.Water != "boiler" {
		t.Errorf("%+v, %+v: nothing names its water", c.Sources[0], c.Zones[0].Devices)
	}
}
