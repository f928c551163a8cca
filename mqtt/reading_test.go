package mqtt

import (
	"errors"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "thermostat/proto"
)

// data is a SensorData on the wire.
func data(id int32, celsius float64, more ...func(*pb.SensorData)) string {
	d := &pb.SensorData{SensorID: &id, Temperature: &celsius}
	for _, m := range more {
		m(d)
	}
	return string(marshal(d))
}

// TestReadings: what devices say, as they say it.
func TestReadings(t *testing.T) {
	const zigbee = `{"battery":97,"humidity":48.61,"linkquality":112,"pressure":1004,"temperature":20.94,"voltage":3000}`
	const tasmota = `{"Time":"2026-01-31T12:00:00","DS18B20-1":{"Id":"01191ED4A0B2","Temperature":19.6},"DS18B20-2":{"Id":"0119","Temperature":null},"TempUnit":"C"}`
	const shelly = `{"id":100,"tC":21.4,"tF":70.5}`
	for _, row := range []struct {
		name, format, field, payload string
		celsius                      float64 // NaN: an error
		says                         string
	}{
		{"Zigbee2MQTT", "auto", "", zigbee, 20.94, ""},
		{"Tasmota", "json", "DS18B20-1.Temperature", tasmota, 19.6, ""},
		{"Tasmota without a reading", "json", "DS18B20-2.Temperature", tasmota, math.NaN(), `field DS18B20-2.Temperature: "null" is not a number`},
		{"Shelly, second generation", "auto", "tC", shelly, 21.4, ""},
		{"Shelly, first generation", "auto", "", "21.25", 21.25, ""},
		{"a number with blanks", "number", "", " -3.5\n", -3.5, ""},
		{"a number as text", "json", "t", `{"t":"21.5"}`, 21.5, ""},
		{"a list", "json", "sensors.1.t", `{"sensors":[{"t":1},{"t":2.5}]}`, 2.5, ""},
		{"a name with a dot", "json", "a.b", `{"a.b":7}`, 7, ""},
		{"SensorData", "auto", "", data(7, 21.5), 21.5, ""},
		{"SensorData without an id", "protobuf", "", data(7, 21.5, func(d *pb.SensorData) { d.SensorID = nil }), 21.5, ""},
		{"another sensor's", "auto", "", data(8, 21.5), math.NaN(), "about something else"},
		{"not ok", "auto", "", data(7, 21.5, func(d *pb.SensorData) { d.Verdict = proto.String("crc") }), math.NaN(), `the sensor itself says "crc"`},
		{"no temperature", "auto", "", data(7, 0, func(d *pb.SensorData) { d.Temperature = nil }), math.NaN(), "without temperature"},
		{"empty", "auto", "", "", math.NaN(), "0 bytes"},
		{"too long", "json", "", strings.Repeat(" ", maxControl+1), math.NaN(), "65537 bytes"},
		{"NaN", "auto", "", "NaN", math.NaN(), "NaN is no temperature"},
		{"NaN on the wire", "auto", "", data(7, math.NaN()), math.NaN(), "NaN is no temperature"},
		{"infinite", "number", "", "+Inf", math.NaN(), "+Inf is no temperature"},
		{"colder than possible", "number", "", "-300", math.NaN(), "-300 is no temperature"},
		{"a word", "number", "", "warm", math.NaN(), `"warm" is not a number`},
		{"broken JSON", "auto", "", `{"temperature":`, math.NaN(), "not JSON"},
		{"JSON without the field", "auto", "", `{"battery":97}`, math.NaN(), "it has no field temperature"},
		{"true", "json", "t", `{"t":true}`, math.NaN(), `"true" is not a number`},
		{"garbage", "auto", "", "\xff\xfe", math.NaN(), "neither a protobuf SensorData"},
		{"JSON where a number is wanted", "number", "", zigbee, math.NaN(), "is not a number"},
	} {
		r, err := decodeReading(SensorSpec{SensorID: 7, Format: row.format, Field: row.field}, []byte(row.payload))
		switch {
		case math.IsNaN(row.celsius) && (err == nil || !strings.Contains(err.Error(), row.says)):
			t.Errorf("%s: %v, %v; want an error with %q", row.name, r.Celsius, err, row.says)
		case !math.IsNaN(row.celsius) && (err != nil || r.Celsius != row.celsius):
			t.Errorf("%s: %v, %v; want %v", row.name, r.Celsius, err, row.celsius)
		}
	}
}

func TestReadingsWithHumidity(t *testing.T) {
	r, err := decodeReading(SensorSpec{HumidityField: "h.rel"}, []byte(`{"temperature":20,"h":{"rel":48.5}}`))
	if err != nil || r.Humidity != 48.5 {
		t.Errorf("%+v %v", r, err)
	}
	r, err = decodeReading(SensorSpec{HumidityField: "h"}, []byte(`{"temperature":20,"h":101}`))
	if err != nil || !math.IsNaN(r.Humidity) {
		t.Errorf("101 %% was taken: %+v %v", r, err)
	}
	r, err = decodeReading(SensorSpec{SensorID: 7}, []byte(data(7, 20, func(d *pb.SensorData) {
		d.Humidity, d.Pressure = proto.Float64(40), proto.Float64(99000)
	})))
	if err != nil || r.Humidity != 40 || r.Pascal != 99000 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestHeaterControls: On is 0 on the wire, so an empty message must not heat.
func TestHeaterControls(t *testing.T) {
	command := func(c pb.HeaterCommand) *pb.HeaterCommand { return &c }
	for _, row := range []struct {
		name    string
		message *pb.HeaterControl
		on      bool
		err     string
	}{
		{"on", &pb.HeaterControl{SensorID: proto.Int32(7), Command: command(pb.HeaterCommand_On)}, true, ""},
		{"off", &pb.HeaterControl{SensorID: proto.Int32(7), Command: command(pb.HeaterCommand_Off)}, false, ""},
		{"the example's On", &pb.HeaterControl{SensorID: proto.Int32(7)}, true, ""},
		{"nothing", &pb.HeaterControl{}, false, "something else"},
		{"on for nobody", &pb.HeaterControl{Command: command(pb.HeaterCommand_On)}, false, "something else"},
		{"on for another", &pb.HeaterControl{SensorID: proto.Int32(8), Command: command(pb.HeaterCommand_On)}, false, "something else"},
		{"unknown", &pb.HeaterControl{SensorID: proto.Int32(7), Command: command(2)}, false, "command 2 is unknown"},
	} {
		on, err := decodeHeaterControl(7, marshal(row.message))
		if on != row.on || (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
			t.Errorf("%s: %v %v", row.name, on, err)
		}
	}
	if on, err := decodeHeaterControl(7, []byte("ON")); on || err == nil {
		t.Error("text is no HeaterControl")
	}
}

// TestPositions: how devices tell whether they are on.
func TestPositions(t *testing.T) {
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
	on, err := decodePosition(RelaySpec{SensorID: 7}, marshal(&pb.HeaterControl{SensorID: proto.Int32(7)}))
	if !on || err != nil {
		t.Errorf("HeaterControl: %v %v", on, err)
	}
	if on, _ := decodePosition(RelaySpec{SensorID: 7}, nil); on {
		t.Error("nothing is on")
	}
}

func FuzzReading(f *testing.F) {
	for _, seed := range []string{`{"temperature":21,"humidity":40}`, "21.5", data(7, 21.5), data(8, 1), "", "{", "[1]", `{"a":{"b":[{"t":1e400}]}}`, "\x18\x01"} {
		for _, format := range SensorFormats {
			f.Add([]byte(seed), format, "a.b.0.t", "ON", "state")
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, format, field, on, stateField string) {
		r, err := decodeReading(SensorSpec{SensorID: 7, Format: format, Field: field, HumidityField: field}, payload)
		if err == nil && !(r.Celsius >= absoluteZero && r.Celsius <= math.MaxFloat32) {
			t.Errorf("%q is %v °C", payload, r.Celsius)
		}
		if err == nil && !math.IsNaN(r.Humidity) && !inPercent(r.Humidity) {
			t.Errorf("%q is %v %%", payload, r.Humidity)
		}
		if err == nil && !r.At.IsZero() {
			t.Errorf("%q has a time of its own", payload)
		}
		if on, err := decodeHeaterControl(7, payload); on && (err != nil || len(payload) == 0) {
			t.Errorf("%q is on", payload)
		}
		if is, err := decodePosition(RelaySpec{SensorID: 7, On: on, Off: on + "x", StateField: stateField}, payload); is && err != nil {
			t.Errorf("%q is on and an error", payload)
		}
		if errors.Is(err, errOther) && len(payload) == 0 {
			t.Error("nothing is about something else")
		}
	})
}
