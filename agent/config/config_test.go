package config

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config/machine"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/correction"
	"thermostat/drivers/modbus"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/device"
)

// cabin is a machine without surprises.
func cabin() machine.Machine {
	return machine.Machine{Hostname: "cabin.lan", Getenv: func(string) string { return "" }}
}

func complaintsOf(text string) []string {
	_, complaints := ReadOn("f", []byte(text), cabin())
	var lines []string
	for _, c := range complaints {
		prefix := ""
		if c.Warning {
			prefix = "warning: "
		}
		lines = append(lines, prefix+c.String())
	}
	return lines
}

// room is a zone without fault; more is appended to it, in line 5 and on.

// wired is room with a relay that any sensor may have.
const wired = `zones:
  - name: a
    sensor: {driver: simulated}
    heater: {driver: gpio, line: GPIO17}
`

// both is a zone that heats and cools; more goes to line 3 and on.
const both = `zones:
  - {name: a, sensor: {driver: simulated}, heater: {driver: simulated}, cooler: {driver: simulated}, `

func mustBeClean(t *testing.T, text string) Config {
	t.Helper()
	c, complaints := ReadOn("f", []byte(text), cabin())
	if len(complaints) > 0 {
		t.Fatalf("complaints: %v", complaints)
	}
	return c
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	c := mustBeClean(t, "units: C\n")
	want := MQTT{DiscoveryPrefix: "homeassistant", StateEvery: time.Minute}
	want.Prefix = "thermostat"
	if fmt.Sprint(c.MQTT) != fmt.Sprint(want) || c.HTTP.Listen != "127.0.0.1:8466" || c.Device != "cabin" || c.Units != "C" || c.StateDir != "/var/lib/thermostat" {
		t.Errorf("%+v", c)
	}
	if len(c.Zones) != 0 || len(mustBeClean(t, "zones: []\n").Zones) != 0 {
		t.Error("zones out of nothing")
	}
	z := mustBeClean(t, clitest.Room).Zones[0]
	d := z.Default
	if z.Configured || d.Mode != controlloop.ModeNone || !math.IsNaN(d.Desired) || d.UpDelta != 0.5 || d.DownDelta != 0.5 || d.Source != "config" {
		t.Errorf("%+v", z)
	}
	if z.Devices.Sensor.Simulated != simulated.Default() || z.Plant != "boiler" || z.Devices.Cooler != nil || !z.Params.Heater {
		t.Errorf("%+v", z)
	}
}

func TestEveryValueArrives(t *testing.T) {
	c := mustBeClean(t, `
device: den
state_dir: /var/lib/x
units: F
timezone: Europe/Berlin
clock: trust
presets: {comfort: 20.5, eco: 18}
mqtt:
  brokers: [mqtt://h, "mqtts://h", "ws://h/mqtt", "wss://[::1]:9/x?y=1", "mqtts://[::1]"]
  username: 007
  password_file: /p
  tls: {ca_file: /ca, cert_file: /c, key_file: /k}
  prefix: home/heat
  discovery_prefix: ""
  birth_topic: hass/birth
  sensor_every: 10s
  state_every: 5m
http: {listen: "0.0.0.0:80", hosts: [den.example], password_file: /h, proxies: [127.0.0.1, "::1", 172.30.33.9/23, "::ffff:10.0.0.1"]}
zones:
  - name: a
    title: Küche, 1. Stock
    sensor_id: 7
    plant: floor
    sensor: {driver: simulated, model: linear, speed: 2, start: 3, up: 4s, down: 5s, outdoor: 6, outdoor_swing: 7, sun: 250, place: window,
      heater_power: 8, cooler_power: 9, noise: 0.1, seed: 18446744073709551615, offset: -1.5K}
    heater: {driver: simulated}
    cooler: {driver: "simulated"}
    safety_relay: {driver: simulated}
    fallback_sensors: [{driver: simulated, noise: 0.2, offset: 1}, {driver: simulated, seed: 5}]
    max_disagreement: 1.5K
    on_sensor_loss: {action: duty, percent: 12.5, period: 30m, for: 48h}
    presets: {eco: 17.5, bath: 23}
    program_mode: heat_cool
    program_unsynced: default
    hold_max: 3h
    law: hysteresis
    starts_per_day: 12.5
    frost: {below: 6.5, rise: 1.5K, in_off: true}
    window: {contact: {driver: simulated}, delay: 20s, close_delay: 40s, slope: 4.5, max: 1h}
    default_setpoint: {mode: heat_cool, desired: 20.5, up_delta: 0.6, down_delta: 0.7K}
    limits: {desired_min: 6, desired_max: 27, heat_cutout: 34, cool_cutout: 4, plausible_min: -29, plausible_max: 69, max_rate: 4}
    timing: {sample: 6s, stale_after: 59s, min_on: 1m, min_off: 2m, max_on: 1h, changeover: 11m, frozen_after: 5h}
`)
	got, _ := json.Marshal(c)
	const setpoint = `{"Mode":4,"Desired":20.5,"Preset":"","UpDelta":0.6,"DownDelta":0.7,"Source":"config","ID":"","Serial":0,"At":"0001-01-01T00:00:00Z","Accepted":"0001-01-01T00:00:00Z","Until":"0001-01-01T00:00:00Z","For":0,"Then":null}`
	want := `{"Device":"den","StateDir":"/var/lib/x","Units":"F","Timezone":"Europe/Berlin","Clock":"trust","Presets":{"comfort":20.5,"eco":18},"MQTT":{"Brokers":["mqtt://h","mqtts://h","ws://h/mqtt","wss://[::1]:9/x?y=1","mqtts://[::1]"],` +
		`"Username":"007","PasswordFile":"/p","CAFile":"/ca","CertFile":"/c","KeyFile":"/k","Prefix":"home/heat","DiscoveryPrefix":"","BirthTopic":"hass/birth","SensorEvery":10000000000,"StateEvery":300000000000},` +
		`"HTTP":{"Listen":"0.0.0.0:80","Hosts":["den.example"],"PasswordFile":"/h","Proxies":["127.0.0.1/32","::1/128","172.30.32.0/23","10.0.0.1/32"]},` +
		`"Sources":null,"Zones":[{"Name":"a","Title":"Küche, 1. Stock","SensorID":7,"Plant":"floor","Params":{"Heater":true,"Cooler":true,"Electric":false,"DesiredMin":6,"DesiredMax":27,"HeatCutout":34,"CoolCutout":4,"PlausibleMin":-29,"PlausibleMax":69,"MaxRate":4,"MaxDisagreement":1.5,` +
		`"Sample":6000000000,"StaleAfter":59000000000,"MinOn":60000000000,"MinOff":120000000000,"MaxOn":3600000000000,"Changeover":660000000000,"Speed":2,"FrozenAfter":18000000000000,"Loss":{"Percent":12.5,"Period":1800000000000,"For":172800000000000},"Law":"hysteresis","StartsPerDay":12.5},` +
		`"Calls":"","Devices":{"Sensor":{"Driver":"simulated","DS18B20":{"ID":"","Bus":"","I2CBus":0,"Resolution":0},"BME280":{"Bus":0,"Address":0},"BMP280":{"Bus":0,"Address":0},"SHT3x":{"Bus":0,"Address":0},"Kernel":null,"Simulated":{"Model":"linear","Speed":2,"Start":3,"Up":4000000000,"Down":5000000000,"Outdoor":6,"OutdoorSwing":7,"Place":"window","Sun":250,"HeaterPower":8,"CoolerPower":9,"Noise":0.1,"Seed":18446744073709551615},"Broker":{"SensorID":0,"StaleAfter":0,"Topic":"","Format":"","Field":"","HumidityField":"","Unit":"","Where":null},"Offset":-1.5,"Calibrate":null},"Fallbacks":[` +
		`{"Driver":"simulated","DS18B20":{"ID":"","Bus":"","I2CBus":0,"Resolution":0},"BME280":{"Bus":0,"Address":0},"BMP280":{"Bus":0,"Address":0},"SHT3x":{"Bus":0,"Address":0},"Kernel":null,"Simulated":{"Model":"room","Speed":1,"Start":17,"Up":600000000000,"Down":900000000000,"Outdoor":3,"OutdoorSwing":4,"Place":"","Sun":0,"HeaterPower":1500,"CoolerPower":1000,"Noise":0.2,"Seed":2},"Broker":{"SensorID":0,"StaleAfter":0,"Topic":"","Format":"","Field":"","HumidityField":"","Unit":"","Where":null},"Offset":1,"Calibrate":null},` +
		`{"Driver":"simulated","DS18B20":{"ID":"","Bus":"","I2CBus":0,"Resolution":0},"BME280":{"Bus":0,"Address":0},"BMP280":{"Bus":0,"Address":0},"SHT3x":{"Bus":0,"Address":0},"Kernel":null,"Simulated":{"Model":"room","Speed":1,"Start":17,"Up":600000000000,"Down":900000000000,"Outdoor":3,"OutdoorSwing":4,"Place":"","Sun":0,"HeaterPower":1500,"CoolerPower":1000,"Noise":0.03,"Seed":5},"Broker":{"SensorID":0,"StaleAfter":0,"Topic":"","Format":"","Field":"","HumidityField":"","Unit":"","Where":null},"Offset":0,"Calibrate":null}],` +
		`"Heater":{"Driver":"simulated","GPIO":{"line":"","active_low":false},"Modbus":null,"Simulated":{"Water":"","Pump":false},"Broker":{"SensorID":0,"Sample":0,"MinOff":0,"Safety":false,"Topic":"","On":"","Off":"","StateTopic":"","StateField":"","Lease":0,"Retain":false}},"Cooler":{"Driver":"simulated","GPIO":{"line":"","active_low":false},"Modbus":null,"Simulated":{"Water":"","Pump":false},"Broker":{"SensorID":0,"Sample":0,"MinOff":0,"Safety":false,"Topic":"","On":"","Off":"","StateTopic":"","StateField":"","Lease":0,"Retain":false}},"Safety":{"Driver":"simulated","GPIO":{"line":"","active_low":false},"Modbus":null,"Simulated":{"Water":"","Pump":false},"Broker":{"SensorID":0,"Sample":0,"MinOff":0,"Safety":false,"Topic":"","On":"","Off":"","StateTopic":"","StateField":"","Lease":0,"Retain":false}},"Contact":{"Driver":"simulated","GPIO":{"line":"","active_low":false,"Bias":"pull_up","Open":"high","Debounce":1000000000},"Broker":{"Topic":"","Field":"contact","Open":"","StaleAfter":86400000000000}},"NormallyOpen":false,"Water":""},"Default":` + setpoint + `,"Configured":true,"Comfort":{"Week":{},"Away":null,"Place":{},"Presets":{"bath":23,"comfort":20.5,"eco":17.5},"Mode":4,"HoldMax":10800000000000,"Unsynced":"default","Default":` + setpoint + `,"Frost":{"Below":6.5,"Rise":1.5,"InOff":true},"Warming":{"rate":0.5,"dead":0},"Window":{"Contact":true,"BySlope":true,"Slope":{"Threshold":4.5,"Max":3600000000000,"Speed":2},"Delay":20000000000,"CloseDelay":40000000000,"Max":3600000000000}}}],"SHA256":"` + c.SHA256 + `"}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAZoneWithAProgramBeginsInAuto: unless its default_setpoint says another mode, of
// which check warns.
func TestAZoneWithAProgramBeginsInAuto(t *testing.T) {
	program := "timezone: Europe/Berlin\npresets: {comfort: 20.5, eco: 18}\n" + clitest.Room + "    program: 'mon 06:30 comfort, 08:00 19; sun 08:00 off'\n"
	z := mustBeClean(t, program).Zones[0]
	if z.Default.Mode != controlloop.ModeAuto || z.Comfort.Default.Mode != controlloop.ModeAuto || z.Configured {
		t.Errorf("%+v", z.Default)
	}
	if c := z.Comfort; c.Week.String() != "mon 06:30 comfort, 08:00 19; sun 08:00 off" || c.Place.String() != "Europe/Berlin" || c.Mode != controlloop.ModeHeat || c.HoldMax != 12*time.Hour {
		t.Errorf("%+v", c)
	}
	for text, want := range map[string]string{
		"    default_setpoint: {mode: auto}\n":              "",
		"    default_setpoint: {mode: auto, desired: 17}\n": "",
		"    default_setpoint: {up_delta: 0.4}\n":           "",
		"    default_setpoint: {mode: off}\n":               "warning: f:8:5: zones[0].default_setpoint: the program is not in force: mode off; leave mode and desired out, or write mode: auto",
		"    presets: {eco: 20.5}\n":                        "",
		"    presets: {eco: 21}\n":                          "warning: f:8:15: zones[0].presets.eco: preset eco, 21 °C, is warmer than comfort, 20.5 °C: are the two mixed up?",
		"    presets: {comfort: 17}\n":                      "warning: f:8:15: zones[0].presets.comfort: preset eco, 18 °C, is warmer than comfort, 17 °C: are the two mixed up?",
		"    presets: {comfort: 29}\n":                      "f:8:15: zones[0].presets.comfort: preset comfort: desired: 29 is outside 5..28 °C",
		"    presets: {Comfort: 20}\n":                      `f:8:15: zones[0].presets.Comfort: "Comfort" is no name of a preset: write a letter, then at most 19 letters, digits and -, all lower case`,
		"    presets: {off: 20}\n":                          `f:8:15: zones[0].presets.off: "off" means something else, so it cannot be the name of a preset`,
		"    presets: [a]\n":                                "f:8:5: zones[0].presets: is a list, but a mapping such as {comfort: 20.5, eco: 18} is wanted",
		"    presets: {a: warm}\n":                          `f:8:15: zones[0].presets.a: "warm" is not a decimal number`,
		"    program_mode: cool\n":                          "f:8:5: zones[0].program_mode: mode: cool needs a cooler, and the zone has none",
		"    program_mode: heat_cool\n":                     "f:8:5: zones[0].program_mode: mode: heat_cool needs a cooler, and the zone has none",
		"    program_mode: off\n":                           `f:8:5: zones[0].program_mode: "off" is none of heat, cool, heat_cool`,
		"    hold_max: 5m\n":                                "f:8:5: zones[0].hold_max: 5m0s is outside 10m..168h",
		"    program_unsynced: never\n":                     `f:8:5: zones[0].program_unsynced: "never" is none of last, default, follow`,
	} {
		if got := strings.Join(complaintsOf(program+text), "\n"); got != want {
			t.Errorf("%sgot  %s\nwant %s", text, got, want)
		}
	}
	if z := mustBeClean(t, program+"    default_setpoint: {down_delta: 1}\n").Zones[0]; z.Default.Mode != controlloop.ModeAuto || z.Default.DownDelta != 1 {
		t.Errorf("with deltas of its own: %+v", z.Default)
	}
	fridge := "presets: {comfort: 20.5}\n" + clitest.Room + "  - {name: cold, plant: fridge, sensor: {driver: simulated}, cooler: {driver: simulated}}\n"
	if z := mustBeClean(t, fridge).Zones[1]; len(z.Comfort.Presets) != 0 {
		t.Errorf("a fridge has %v", z.Comfort.Presets)
	}
	for text, want := range map[string]string{
		"timezone: Mars/Olympus\n": `f:1:1: timezone: "Mars/Olympus" is no time zone of this system's: write a place such as Europe/Berlin; where there is none, install tzdata`,
		"presets: {comfort: 24, eco: 22}\n" + strings.Replace(clitest.Room, "heater:", "cooler:", 1): "warning: f:3:5: zones[0]: preset eco, 22 °C, is colder than comfort, 24 °C: are the two mixed up?",
		"presets: {comfort: 22, eco: 24}\n" + strings.Replace(clitest.Room, "heater:", "cooler:", 1): "",
		"clock: maybe\n": `f:1:1: clock: "maybe" is none of auto, trust`,
		clitest.Room + "    program: mon 06:00 comfort\n": "f:5:5: zones[0].program: preset \"comfort\" is unknown: this zone has none",
		clitest.Room + "    program: mon 06:00 29\n":      "f:5:5: zones[0].program: desired: 29 is outside 5..28 °C",
		clitest.Room + "    program: mon 6:00 20\n":       `f:5:5: zones[0].program: "mon 6:00 20": "6:00" is no time of day: write HH:MM, from 00:00 to 23:59`,
		clitest.Room + "    program: ''\n":                `f:5:5: zones[0].program: "" is empty`,
	} {
		if got := strings.Join(complaintsOf(text), "\n"); got != want {
			t.Errorf("%sgot  %s\nwant %s", text, got, want)
		}
	}
}

// TestAProgramInAPlaceThatHasNoNameIsWarnedOf: it runs on the clocks that the system has, or on UTC.
func TestAProgramInAPlaceThatHasNoNameIsWarnedOf(t *testing.T) {
	posix := cabin()
	posix.Getenv = func(name string) string { return map[string]string{"TZ": "CET-1CEST"}[name] }
	program := clitest.Room + "    program: 06:00 20\n"
	for text, warns := range map[string]bool{clitest.Room: false, program: true, "timezone: Europe/Berlin\n" + program: false} {
		_, complaints := ReadOn("f", []byte("device: den\n"+text), posix)
		if got := len(complaints) == 1 && complaints[0].Warning && strings.Contains(complaints[0].String(), "write timezone: Europe/Berlin"); got != warns || len(complaints) > 1 {
			t.Errorf("%s%v", text, complaints)
		}
	}
}

// TestAPresetThatNoZoneCanHoldIsWarnedOf: one that some zone can hold is for that zone.
func TestAPresetThatNoZoneCanHoldIsWarnedOf(t *testing.T) {
	warmer := strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "name: ", "name: warm-", 1) + "    limits: {desired_max: 30}\n"
	for text, want := range map[string]string{
		clitest.Room:          "warning: f:2:11: presets.comfort: no zone may hold 29.5 °C, so none has it: zone a holds 5..28 °C",
		clitest.Room + warmer: "",
	} {
		if got := strings.Join(complaintsOf("device: den\npresets: {comfort: 29.5}\n"+text), "\n"); got != want {
			t.Errorf("%sgot  %s\nwant %s", text, got, want)
		}
	}
}

// TestAPasswordOfAnEmptyUserIsWarnedOf: it is not sent; 1.0.0 took such a file.
func TestAPasswordOfAnEmptyUserIsWarnedOf(t *testing.T) {
	_, complaints := ReadOn("f", []byte("device: den\nmqtt: {username: '', password_file: /p}\n"+clitest.Room), cabin())
	if len(complaints) != 1 || !complaints[0].Warning || !strings.Contains(complaints[0].String(), "mqtt.username: is empty, so the password is not sent") {
		t.Errorf("%v", complaints)
	}
}

func TestADefaultSetpointWithoutAModeFollowsTheOutputs(t *testing.T) {
	cooler := strings.Replace(clitest.Room, "heater", "cooler", 1)
	for _, row := range []struct {
		text string
		want controlloop.Mode
	}{
		{clitest.Room + "    default_setpoint: {desired: 20}\n", controlloop.ModeHeat},
		{cooler + "    default_setpoint: {desired: 20}\n", controlloop.ModeCool},
		{both + "default_setpoint: {desired: 20}}\n", controlloop.ModeHeat},
		{clitest.Room + "    default_setpoint: {mode: off}\n", controlloop.ModeOff},
		{clitest.Room + "    default_setpoint: {mode: 'off'}\n", controlloop.ModeOff},
		{clitest.Room + "    default_setpoint: {mode: off, desired: 20}\n", controlloop.ModeOff},
	} {
		z := mustBeClean(t, row.text).Zones[0]
		if z.Default.Mode != row.want || !z.Configured || z.Default.Source != "config" {
			t.Errorf("%s: %+v", row.text, z.Default)
		}
	}
}

// The numbers that docs/configuration.md promises.
func TestEachPlantHasItsDocumentedDefaults(t *testing.T) {
	for _, row := range []struct {
		plant                                                                  string
		desiredMin, desiredMax, heatCutout, coolCutout, plausibleMin, plausMax float64
		minOn, minOff                                                          time.Duration
		starts                                                                 float64
	}{
		{"electric", 5, 28, 35, 3, -30, 70, 30 * time.Second, 30 * time.Second, 30},
		{"boiler", 5, 28, 35, 3, -30, 70, 4 * time.Minute, 4 * time.Minute, 16},
		{"heat_pump", 5, 28, 35, 3, -30, 70, 10 * time.Minute, 10 * time.Minute, 4.5},
		{"floor", 5, 28, 35, 3, -30, 70, 10 * time.Minute, 10 * time.Minute, 4.5},
		{"fridge", -30, 12, 15, -35, -30, 70, 3 * time.Minute, 5 * time.Minute, 40},
		{"fermenter", 0, 40, 45, -2, -30, 70, 2 * time.Minute, 5 * time.Minute, 30},
	} {
		want := controlloop.Params{
			Heater: true, DesiredMin: row.desiredMin, DesiredMax: row.desiredMax, HeatCutout: row.heatCutout, CoolCutout: row.coolCutout,
			PlausibleMin: row.plausibleMin, PlausibleMax: row.plausMax, MaxRate: 5, Sample: 5 * time.Second, StaleAfter: time.Minute,
			Electric: row.plant == "electric", Speed: 1, // of the simulated room
			MinOn: row.minOn, MinOff: row.minOff, Changeover: 10 * time.Minute, FrozenAfter: 3 * time.Hour,
			Law: controlloop.LawAuto, StartsPerDay: row.starts,
		}
		if got := mustBeClean(t, clitest.Room+"    plant: "+row.plant+"\n").Zones[0].Params; got != want {
			t.Errorf("%s: got %+v want %+v", row.plant, got, want)
		}
	}
}

// Computed elsewhere, by FNV-1a written out; changing them would orphan every
// stored series. The last one's hash is 0x80000000: 0 without the sign.
func TestTheDefaultSensorIDNeverChanges(t *testing.T) {
	for _, row := range []struct {
		device, zone string
		want         int32
	}{
		{"cabin", "living-room", 1929898254},
		{"cabin", "workshop", 1661762542},
		{"cabin", "z-1585036905", 1},
	} {
		if got := machine.SensorID(row.device, row.zone); got != row.want {
			t.Errorf("%s/%s: %d, want %d", row.device, row.zone, got, row.want)
		}
	}
}

func TestAHostNameOfItsOwnStandsInForTheDevice(t *testing.T) {
	for _, row := range []struct{ host, device, complaint string }{
		{"den", "den", ""},
		{"den.example.org", "den", ""},
		{"raspberrypi", "", `f:1:1: device: is missing, and the host name "raspberrypi" cannot stand in for it`},
		{"RaspberryPi.local", "", `f:1:1: device: is missing, and the host name "RaspberryPi" cannot stand in for it`},
		{"localhost.localdomain", "", `f:1:1: device: is missing, and the host name "localhost" cannot stand in for it`},
		{"debian", "", `f:1:1: device: is missing, and the host name "debian" cannot stand in for it`},
		{"heaters", "", `f:1:1: device: is missing, and the host name "heaters" cannot stand in for it`},
		{"", "", `f:1:1: device: is missing, and the host name "" cannot stand in for it`},
	} {
		m := cabin()
		m.Hostname = row.host
		c, complaints := ReadOn("f", []byte("zones: []\n"), m)
		said := ""
		for _, x := range complaints {
			said += x.String()
		}
		if c.Device != row.device || said != row.complaint {
			t.Errorf("%s: %q %q", row.host, c.Device, said)
		}
	}
}

func TestTheStateFolderComesFromTheEnvironment(t *testing.T) {
	env := map[string]string{"STATE_DIRECTORY": "/a:/b", "XDG_STATE_HOME": "/x", "HOME": "/h"}
	m := machine.Machine{Hostname: "cabin", Getenv: func(k string) string { return env[k] }}
	for _, row := range []struct{ want, without string }{
		{"/a", "STATE_DIRECTORY"}, {"/x/thermostat/cabin", "XDG_STATE_HOME"},
		{"/h/.local/state/thermostat/cabin", "HOME"}, {"/var/lib/thermostat", ""},
	} {
		if got := m.StateDir("cabin"); got != row.want {
			t.Errorf("got %s want %s", got, row.want)
		}
		delete(env, row.without)
	}
}

func TestAByteOrderMarkAndCarriageReturnsDoNoHarm(t *testing.T) {
	if c := mustBeClean(t, "\ufeffdevice: den\r\nunits: F\r\n"); c.Device != "den" || c.Units != "F" {
		t.Errorf("%+v", c)
	}
}

func TestLoadNamesTheFileInEachComplaint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if _, _, err := Load(file); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("device: den\nunits: K\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, complaints, err := Load(file)
	if err != nil || c.Device != "den" || len(complaints) != 1 || complaints[0].String() != file+`:2:1: units: "K" is none of C, F` {
		t.Errorf("%+v %v %v", c, complaints, err)
	}
	if c.SHA256 != "c8bfbf56f548046a078da14453e0297b811c28b793c9824dea0aab730066d228" {
		t.Errorf("sha256 %s", c.SHA256)
	}
}

// Every key of the devices arrives in its place.
func TestEveryDeviceArrives(t *testing.T) {
	for text, want := range map[string]devices.Zone{
		"sensor: {driver: ds18b20, id: 28-0316a2795bff}, heater: {driver: gpio, line: GPIO17}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "ds18b20", DS18B20: drivers.DS18B20{ID: "28-0316a2795bff", Bus: "kernel", I2CBus: 1}}},
			Heater: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "gpio", GPIO: drivers.GPIO{Line: "GPIO17"}}},
		},
		"sensor: {driver: ds18b20, id: 28-0316a2795bff, bus: ds2482, i2c_bus: 3, resolution: 9, offset: 0.5}, heater: {driver: gpio, line: 5, chip: pinctrl-rp1, active_low: true}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "ds18b20", DS18B20: drivers.DS18B20{ID: "28-0316a2795bff", Bus: "ds2482", I2CBus: 3, Resolution: 9}}, Offset: 0.5},
			Heater: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "gpio", GPIO: drivers.GPIO{Line: "5", Chip: "pinctrl-rp1", ActiveLow: true}}},
		},
		"sensor: {driver: bme280}, cooler: {driver: gpio, line: GPIO17, active_low: false}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "bme280", BME280: drivers.I2CPlace{Bus: 1, Address: 0x76}}},
			Cooler: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "gpio", GPIO: drivers.GPIO{Line: "GPIO17"}}},
		},
		"sensor: {driver: bme280, bus: 0, address: 0x77, offset: -1K}, heater: {driver: gpio, line: GPIO17}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "bme280", BME280: drivers.I2CPlace{Bus: 0, Address: 0x77}}, Offset: -1},
			Heater: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "gpio", GPIO: drivers.GPIO{Line: "GPIO17"}}},
		},
		"sensor: {driver: bme280, calibrate: [[0.4, 0], [25.1, 25]]}, heater: {driver: gpio, line: GPIO17}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "bme280", BME280: drivers.I2CPlace{Bus: 1, Address: 0x76}}, Calibrate: correction.Points{{Raw: 0.4, True: 0}, {Raw: 25.1, True: 25}}},
			Heater: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "gpio", GPIO: drivers.GPIO{Line: "GPIO17"}}},
		},
		"sensor: {driver: bme280}, timing: {sample: 4s, min_off: 90s}, cooler: {driver: modbus, port: /dev/ttyUSB0, baud: 115200, unit: 17, coil: 3, lease: 12.5s}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "bme280", BME280: drivers.I2CPlace{Bus: 1, Address: 0x76}}},
			Cooler: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "modbus", Modbus: &modbus.Spec{
				Address: modbus.Address{Port: "/dev/ttyUSB0", Baud: 115200, Unit: 17, Coil: 3}, Lease: 12500 * time.Millisecond, Sample: 4 * time.Second, MinOff: 90 * time.Second}}},
		},
		"sensor_id: 7, timing: {stale_after: 60s}, sensor: {driver: mqtt, topic: t/a, offset: 1}, heater: {driver: mqtt, topic: t/b}": {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "mqtt"}, Offset: 1, Broker: device.SensorSpec{SensorID: 7, StaleAfter: time.Minute, Topic: "t/a", Format: "auto"}},
			Heater: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "mqtt"}, Broker: device.RelaySpec{SensorID: 7, Sample: 5 * time.Second, MinOff: 4 * time.Minute, Topic: "t/b", Lease: 30 * time.Second}},
		},
		`sensor_id: 7, timing: {stale_after: 60s}, sensor: {driver: mqtt, topic: t/a b, format: json, field: x.0.y, humidity_field: h}, cooler: {driver: mqtt, topic: t/b, on: '{"s":1}', off: "OFF", state_topic: t/s, state_field: o, lease: 90s}`: {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "mqtt"}, Broker: device.SensorSpec{SensorID: 7, StaleAfter: time.Minute, Topic: "t/a b", Format: "json", Field: "x.0.y", HumidityField: "h"}},
			Cooler: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "mqtt"}, Broker: device.RelaySpec{SensorID: 7, Sample: 5 * time.Second, MinOff: 4 * time.Minute, Topic: "t/b", On: `{"s":1}`, Off: "OFF", StateTopic: "t/s", StateField: "o", Lease: 90 * time.Second}},
		},
		`sensor_id: 7, timing: {stale_after: 60s}, sensor: {driver: mqtt, topic: t, unit: F, where: {Id: 0000A1B2C3D4, serial: 00001234, code: 12E3, x.y: 0x10, channel: 1, "n": "2"}}, heater: {driver: mqtt, topic: t/b}`: {
			Sensor: devices.Sensor{SensorSpec: drivers.SensorSpec{Driver: "mqtt"}, Broker: device.SensorSpec{SensorID: 7, StaleAfter: time.Minute, Topic: "t", Format: "auto", Unit: "F",
				Where: map[string]string{"Id": "0000A1B2C3D4", "serial": "00001234", "code": "12E3", "x.y": "0x10", "channel": "1", "n": "2"}}},
			Heater: &devices.Relay{RelaySpec: drivers.RelaySpec{Driver: "mqtt"}, Broker: device.RelaySpec{SensorID: 7, Sample: 5 * time.Second, MinOff: 4 * time.Minute, Topic: "t/b", Lease: 30 * time.Second}},
		},
	} {
		c, complaints := ReadOn("f", []byte("device: den\nmqtt: {brokers: [mqtt://h]}\nzones: [{name: a, "+text+"}]\n"), cabin())
		if len(complaints) > 0 || len(c.Zones) != 1 || !reflect.DeepEqual(c.Zones[0].Devices, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, c.Zones, complaints, want)
		}
	}
}
