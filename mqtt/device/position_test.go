package device

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// TestDevicesTellWhetherTheyAreOn: how devices tell whether they are on.
func TestDevicesTellWhetherTheyAreOn(t *testing.T) {
	plain := RelaySpec{SensorID: 7, On: `{"state":"ON"}`, Off: `{"state":"OFF"}`}
	for _, row := range []struct {
		name, field, payload string
		on                   bool
		fails                bool
	}{
		{"Zigbee2MQTT", "", `{"linkquality":90,"state":"ON"}`, true, false},
		{"Zigbee2MQTT off", "", `{"state":"OFF"}`, false, false},
		{"Tasmota", "", "ON", true, false},
		{"Shelly, first generation", "", "off", false, false},
		{"Shelly, second generation", "output", `{"id":0,"output":true,"apower":0}`, true, false},
		{"another message", "output", `{"temperature":20}`, false, true},
		{"overpower", "", "overpower", false, true},
		{"broken", "", `{"state":`, false, true},
		{"nothing", "", "", false, true},
	} {
		spec := plain
		spec.StateField = row.field
		on, err := decodePosition(spec, []byte(row.payload))
		if on != row.on || (err != nil) != row.fails {
			t.Errorf("%s: %v %v", row.name, on, err)
		}
	}
	on, err := decodePosition(RelaySpec{SensorID: 7}, wire.Marshal(&pb.HeaterControl{SensorID: proto.Int32(7)}))
	if !on || err != nil {
		t.Errorf("HeaterControl: %v %v", on, err)
	}
	if on, _ := decodePosition(RelaySpec{SensorID: 7}, nil); on {
		t.Error("nothing is on")
	}
}

// TestAPositionIsOnOffOrUnclear: how devices say where they are, and what is neither.
func TestAPositionIsOnOffOrUnclear(t *testing.T) {
	plain := RelaySpec{SensorID: 7, On: "ON", Off: "OFF"}
	power, shelly := plain, plain
	power.StateField, shelly.StateField = "POWER", "output"
	strange := RelaySpec{SensorID: 7, On: "Open ", Off: "closed"}
	inverted := RelaySpec{SensorID: 7, On: "0", Off: "1"}
	valve := RelaySpec{SensorID: 7, On: `{"system_mode":"heat"}`, Off: `{"system_mode":"off"}`, StateField: "system_mode"}
	closes := RelaySpec{SensorID: 7, On: `{"state":"OFF"}`, Off: `{"state":"ON"}`}
	numbers := RelaySpec{SensorID: 7, On: `{"id":3,"level":100}`, Off: `{"id":3,"level":0}`, StateField: "level"}
	same := RelaySpec{SensorID: 7, On: `{"id":1,"x":1}`, Off: `{"id":1,"x":0}`, StateField: "id"}
	for _, row := range []struct {
		spec          RelaySpec
		payload, want string
	}{
		{valve, `{"system_mode":"heat","running_state":"idle"}`, "on"}, {valve, `{"system_mode":"off"}`, "off"}, {valve, `{"system_mode":"auto"}`, "unclear"}, {valve, "heat", "on"},
		{closes, `{"state":"OFF"}`, "on"}, {closes, `{"state":"ON"}`, "off"}, {closes, `{"state":""}`, "unclear"},
		{numbers, `{"level":100}`, "on"}, {numbers, `{"level":0}`, "off"}, {numbers, `{"level":40}`, "unclear"}, {same, `{"id":1}`, "on"}, {same, `{"id":2}`, "unclear"},
		{plain, "on", "on"}, {plain, " Off\n", "off"}, {plain, "TRUE", "on"}, {plain, "1", "on"}, {plain, "0", "off"}, {plain, "1.0", "on"},
		{plain, `"ON"`, "on"}, {plain, "true", "on"}, {plain, "2", "unclear"}, {plain, `""`, "unclear"}, {plain, "[true]", "unclear"},
		{plain, `{"state":"ON","power":12}`, "on"}, {plain, `{"state":0}`, "off"}, {plain, `{"power":12}`, "other"}, {plain, "{}", "other"},
		{power, `{"POWER":"ON"}`, "on"}, {power, `{"POWER":"unavailable"}`, "unclear"}, {power, `{"power":"ON"}`, "other"},
		{shelly, `{"id":0,"output":true,"apower":0}`, "on"}, {shelly, `{"id":0,"output":null}`, "unclear"},
		{strange, "Open", "on"}, {strange, `{"state":"closed"}`, "off"}, {strange, "open", "unclear"}, {strange, "on", "on"},
		{inverted, "0", "on"}, {inverted, `{"state":"1"}`, "off"}, {inverted, "on", "on"},
		{RelaySpec{SensorID: 7}, "on", "on"}, {RelaySpec{SensorID: 7}, "overpower", "unclear"}, {RelaySpec{SensorID: 7}, "", "other"},
		{RelaySpec{SensorID: 7}, "\x08\x07\x10\x01", "off"}, {RelaySpec{SensorID: 7}, "\x08\x07\x10\x05", "unclear"}, {RelaySpec{SensorID: 7}, "\x08\x08", "other"},
	} {
		got := "other"
		if w, err := reportFrom(row.spec, time.Now(), []byte(row.payload), false); err == nil {
			got = map[position]string{posOn: "on", posOff: "off", posUnclear: "unclear"}[w.position]
		}
		if got != row.want {
			t.Errorf("%q is %s, want %s", row.payload, got, row.want)
		}
	}
}
