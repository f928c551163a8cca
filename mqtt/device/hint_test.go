package device

import (
	"strings"
	"testing"
)

// TestARefusalNamesTheFieldsThatMayBeMeant: measured temperatures, and positions; no setpoint,
// no calibration, no limit, and no words about something else.
func TestARefusalNamesTheFieldsThatMayBeMeant(t *testing.T) {
	for payload, want := range map[string]string{
		`{"local_temperature":20.9,"local_temperature_calibration":-1.5,"occupied_heating_setpoint":21,"max_temperature":30,"external_temperature_input":23}`: `; write as field the right one of "local_temperature"`,
		`{"DS18B20-1":{"Temperature":"20.5"},"DS18B20-2":{"Temperature":null},"TempUnit":"C"}`:                                                                `; write as field the right one of "DS18B20-1.Temperature"`,
		`{"sensors":[{"temp":1},{"temp":2},{"temp":3},{"temp":4},{"temp":5}]}`:                                                                                `; write as field the right one of "sensors.0.temp", "sensors.1.temp", "sensors.2.temp", "sensors.3.temp", …`,
		`{"id":0,"tC":21.5,"tF":70.7,"value":3}`:                                                                                                              `; write as field the right one of "tC", "tF", "value"`,
		`{"battery":97,"state":"ON"}`:                                                                                                                         "",
		strings.Repeat(`{"a":`, 8) + `{"temp":1}` + strings.Repeat("}", 8):                                                                                    "", // nobody writes such a path
		`21.5`: "", `[`: "", `{}`: "",
	} {
		if got := hint("field", temperatureFields([]byte(payload))); got != want {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
	for payload, want := range map[string]string{
		`{"state_l1":"ON","state_l2":"OFF","power":12,"occupancy":true,"child_lock":false}`: `; write as state_field the right one of "state_l1", "state_l2"`,
		`{"id":0,"output":true,"apower":0.0}`:                                               `; write as state_field the right one of "output"`,
		`{"POWER1":"ON","Time":"12"}`:                                                       `; write as state_field the right one of "POWER1"`,
		`{"running_state":"idle"}`:                                                          "", `ON`: "", `{}`: "",
	} {
		if got := hint("state_field", positionFields([]byte(payload))); got != want {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
}
