package device

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// data is a SensorData on the wire.
func data(id int32, celsius float64, more ...func(*pb.SensorData)) string {
	d := &pb.SensorData{SensorID: &id, Temperature: &celsius}
	for _, m := range more {
		m(d)
	}
	return string(wire.Marshal(d))
}

// TestReadingsAreReadAsDevicesSendThem: what devices say, as they say it.
func TestReadingsAreReadAsDevicesSendThem(t *testing.T) {
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
		{"too long", "json", "", strings.Repeat(" ", setpoint.MaxControl+1), math.NaN(), "65537 bytes"},
		{"NaN", "auto", "", "NaN", math.NaN(), `"NaN" is not a number`},
		{"NaN on the wire", "auto", "", data(7, math.NaN()), math.NaN(), "NaN is no temperature"},
		{"infinite", "number", "", "+Inf", math.NaN(), `"+Inf" is not a number`},
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

func TestHumidityIsTakenWhereItIsPossible(t *testing.T) {
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

// TestAReadingIsANumberAsPeopleWriteIt: what only Go's parser takes for a number is none.
func TestAReadingIsANumberAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]float64{"21.5": 21.5, "-.5": -.5, "5.": 5, "021.5": 21.5, "2e1": 20, "2.5E-1": .25, "  21.5\r\n": 21.5} {
		for _, payload := range []string{text, `{"temperature":"` + strings.Trim(text, "\r\n") + `"}`} {
			r, err := decodeReading(SensorSpec{}, []byte(payload))
			if err != nil || r.Celsius != want {
				t.Errorf("%q: %v, %v; want %v", payload, r.Celsius, err, want)
			}
		}
	}
	for _, text := range []string{"2_1", "1_9.5", "0x1.8p4", "0X15", "+1", "Inf", "-inf", "infinity", "NaN", "nan", "1e400", "-1e400", "1e", "--1", "1.2.3", "20,5", "0b1", "0o17",
		"\u00a021", "21\u2009", "21 C", "٢١", "1e5_0", ".", "-", "e1"} {
		for _, s := range []SensorSpec{{}, {Format: "number"}} {
			if r, err := decodeReading(s, []byte(text)); err == nil {
				t.Errorf("%q is %v", text, r.Celsius)
			}
		}
		if r, err := decodeReading(SensorSpec{}, []byte(`{"temperature":"`+text+`"}`)); err == nil {
			t.Errorf("%q in JSON is %v", text, r.Celsius)
		}
	}
	if r, err := decodeReading(SensorSpec{}, []byte(`{"temperature":20,"uptime":1e400}`)); err != nil || r.Celsius != 20 {
		t.Errorf("a number beside it that nobody can hold: %v, %v", r.Celsius, err)
	}
}

// TestAReadingIsInTheUnitThatItSays: what says its unit is in that unit, or is refused.
func TestAReadingIsInTheUnitThatItSays(t *testing.T) {
	const no = -999.0 // an error that holds the word says
	for _, row := range []struct {
		name, field, unit, payload string
		want                       float64
		says                       string
	}{
		{"Tasmota", "DS18B20.Temperature", "", `{"Time":"2026-01-31T12:00:00","DS18B20":{"Id":"0000A1B2C3D4","Temperature":77.5},"TempUnit":"F"}`, 25.28, ""},
		{"Tasmota in °C", "DS18B20.Temperature", "", `{"DS18B20":{"Temperature":20.5},"TempUnit":"C"}`, 20.5, ""},
		{"Tasmota as configured", "DS18B20.Temperature", "F", `{"DS18B20":{"Temperature":77.5},"TempUnit":"F"}`, 25.28, ""},
		{"Tasmota set to °C again", "DS18B20.Temperature", "F", `{"DS18B20":{"Temperature":21},"TempUnit":"C"}`, no, `"TempUnit" "C", but the sensor's unit is configured as F`},
		{"Tasmota set to °F", "DS18B20.Temperature", "C", `{"DS18B20":{"Temperature":77.5},"TempUnit":"F"}`, no, `"TempUnit" "F", but the sensor's unit is configured as C`},
		{"rtl_433", "temperature_F", "", `{"model":"X","id":37,"temperature_F":68.0}`, 20, ""},
		{"rtl_433, both", "temperature_C", "", `{"temperature_C":20.0,"temperature_F":68.0}`, 20, ""},
		{"rtl_433, both, the other", "temperature_F", "", `{"temperature_C":20.0,"temperature_F":68.0}`, 20, ""},
		{"rtl_433, second probe", "temperature_2_F", "", `{"temperature_2_F":68.0}`, 20, ""},
		{"a name, and a person knows better", "temperature_F", "C", `{"temperature_F":20}`, 20, ""},
		{"kelvin by name", "temperature_K", "", `{"temperature_K":293.15}`, no, "neither in °C nor in °F"},
		{"Home Assistant", "state", "", `{"state":"68","attributes":{"unit_of_measurement":"°F"}}`, 20, ""},
		{"unit_of_measurement", "value", "", `{"value":68,"unit_of_measurement":"°F"}`, 20, ""},
		{"Shelly, first generation", "tmp.value", "", `{"tmp":{"value":68,"units":"F","tC":20,"tF":68,"is_valid":true}}`, 20, ""},
		{"Shelly, first generation, tC", "tmp.tC", "", `{"tmp":{"value":68,"units":"F","tC":20,"tF":68}}`, 20, ""},
		{"Shelly, second generation", "tF", "", `{"id":100,"tC":20,"tF":68}`, 20, ""},
		{"OpenMQTTGateway", "tempf", "", `{"id":"AA","tempc":20,"tempf":68}`, 20, ""},
		{"temp_f", "temp_f", "", `{"temp_f":68}`, 20, ""},
		{"tempF", "in.tempF", "", `{"in":{"tempF":68}}`, 20, ""},
		{"a pair", "tf", "", `{"tc":20,"tf":68}`, 20, ""},
		{"fahrenheit", "fahrenheit", "", `{"fahrenheit":68}`, 20, ""},
		{"temperatureFahrenheit", "temperatureFahrenheit", "", `{"temperatureFahrenheit":68}`, 20, ""},
		{"Ecowitt", "tempinf", "", `{"tempinf":"68.0"}`, 20, ""},
		{"units by name", "temperature_2m", "", `{"current_units":{"temperature_2m":"°F"},"temperature_2m":68}`, 20, ""},
		{"℉", "t", "", `{"t":68,"unit":"℉"}`, 20, ""},
		{"degrees F", "t", "", `{"t":68,"unit":"degrees F"}`, 20, ""},
		{"a display", "temperature", "", `{"temperature":21,"temperature_unit":"fahrenheit"}`, no, "write unit: F or unit: C"},
		{"a display, and a person knows", "temperature", "C", `{"temperature":21,"temperature_unit":"fahrenheit"}`, 21, ""},
		{"a display that is the unit", "temperature", "F", `{"temperature":68,"temperature_unit":"fahrenheit"}`, 20, ""},
		{"a display in °C", "temperature", "", `{"temperature":21,"temperature_unit":"celsius"}`, 21, ""},
		{"a display that contradicts", "temperature", "F", `{"temperature":21,"temperature_unit":"celsius"}`, no, "configured as F"},
		{"kelvin", "temperature", "", `{"temperature":293.15,"unit":"K"}`, no, "only °C and °F"},
		{"kelvin though configured", "temperature", "C", `{"temperature":293.15,"unit":"K"}`, no, "configured as C"},
		{"an unknown word", "temperature", "", `{"temperature":21,"TempUnit":"X"}`, no, "only °C and °F"},
		{"°R", "temperature", "", `{"temperature":21,"units":"°R"}`, no, "only °C and °F"},
		{"imperial", "temperature", "", `{"temperature":68,"units":"imperial"}`, no, "only °C and °F"},
		{"two words", "temperature", "", `{"temperature":68,"unit":"C","units":"F"}`, no, "only °C and °F"},
		{"the unit of something else", "temperature", "", `{"temperature":21,"unit":"hPa","pressure":1000}`, 21, ""},
		{"no unit but a number", "temperature", "", `{"temperature":21,"unit":3}`, 21, ""},
		{"six sensors", "temp_f", "", `{"temp_a":20,"temp_b":20,"temp_c":20,"temp_d":20,"temp_e":20,"temp_f":21}`, 21, ""},
		{"a sensor called F", "sensors.F", "", `{"sensors":{"A":20,"F":21}}`, 21, ""},
		{"a word that ends so", "tempref", "", `{"tempref":21}`, 21, ""},
		{"shelf", "shelf", "", `{"shelf":21}`, 21, ""},
		{"configured", "temperature", "F", `{"temperature":68}`, 20, ""},
		{"configured, a plain number", "", "F", "68", 20, ""},
		{"SensorData is in °C", "", "F", data(7, 20), 20, ""},
		{"colder than possible", "", "F", "-460", no, "no temperature"},
	} {
		r, err := decodeReading(SensorSpec{SensorID: 7, Field: row.field, Unit: row.unit}, []byte(row.payload))
		switch {
		case row.want == no && (err == nil || errors.Is(err, wire.ErrOther) || !strings.Contains(err.Error(), row.says)):
			t.Errorf("%s: %v, %v; want an error with %q", row.name, r.Celsius, err, row.says)
		case row.want != no && (err != nil || math.Abs(r.Celsius-row.want) > 0.005):
			t.Errorf("%s: %v, %v; want %v", row.name, r.Celsius, err, row.want)
		}
	}
	for topic, sound := range map[string]bool{"shellies/x/ext_temperature_f/0": false, "shellies/x/ext_temperature/0": true, "x/temperature_F": false, "x/temp_c": true, "f": true, "1/2": true} {
		for _, payload := range []string{"68", `{"temperature":68}`} {
			r, err := decodeReading(SensorSpec{Topic: topic}, []byte(payload))
			if (err == nil) != sound || err == nil && r.Celsius != 68 {
				t.Errorf("%s on %s: %v, %v", payload, topic, r.Celsius, err)
			}
			if r, err := decodeReading(SensorSpec{Topic: topic, Unit: "F"}, []byte(payload)); err != nil || math.Abs(r.Celsius-20) > 1e-9 {
				t.Errorf("%s on %s in °F: %v, %v", payload, topic, r.Celsius, err)
			}
		}
	}
}

// TestOfASharedTopicOnlyTheNamedSensorCounts: of a topic that several sensors share, only the one counts that
// where names, under whatever name it stands.
func TestOfASharedTopicOnlyTheNamedSensorCounts(t *testing.T) {
	const no = -999.0
	tasmota := func(words string) map[string]string { return map[string]string{"Id": words} }
	for _, row := range []struct {
		name, field string
		where       map[string]string
		payload     string
		want        float64
		says        string
		other       bool // not about this sensor
	}{
		{"Tasmota, two", "DS18B20-1.Temperature", tasmota("AAAA"), `{"DS18B20-1":{"Id":"AAAA","Temperature":15.0},"DS18B20-2":{"Id":"BBBB","Temperature":19.0}}`, 15, "", false},
		{"Tasmota, one left, ours", "DS18B20-2.Temperature", tasmota("BBBB"), `{"DS18B20":{"Id":"BBBB","Temperature":19.0}}`, 19, "", false},
		{"Tasmota, one left, not ours", "DS18B20-1.Temperature", tasmota("AAAA"), `{"DS18B20":{"Id":"BBBB","Temperature":19.0}}`, no, "no field DS18B20-1.Temperature of Id \"AAAA\"", true},
		{"Tasmota, renumbered", "DS18B20-1.Temperature", tasmota("AAAA"), `{"DS18B20-1":{"Id":"BBBB","Temperature":19.0}}`, no, `it is of Id "BBBB", not Id "AAAA"`, true},
		{"Tasmota, a new one before it", "DS18B20.Temperature", tasmota("AAAA"), `{"DS18B20-1":{"Id":"0000","Temperature":1},"DS18B20-2":{"Id":"AAAA","Temperature":15.5}}`, 15.5, "", false},
		{"Tasmota, by a path from the top", "DS18B20.Temperature", map[string]string{"DS18B20.Id": "AAAA"}, `{"DS18B20":{"Id":"AAAA","Temperature":15.5}}`, 15.5, "", false},
		{"twice", "DS18B20.Temperature", tasmota("AAAA"), `{"a":{"Id":"AAAA","Temperature":1},"b":{"Id":"AAAA","Temperature":2}}`, no, "2 values are beside", false},
		{"rtl_433", "temperature_C", map[string]string{"id": "37"}, `{"model":"X","id":37,"temperature_C":20.1}`, 20.1, "", false},
		{"rtl_433, another", "temperature_C", map[string]string{"id": "37"}, `{"model":"X","id":173,"temperature_C":4.0}`, no, `it is of id "173", not id "37"`, true},
		{"rtl_433, another channel", "temperature_C", map[string]string{"id": "37", "channel": "1"}, `{"id":37,"channel":2,"temperature_C":4.0}`, no, `channel "2"`, true},
		{"no such word", "temperature_C", map[string]string{"id": "37"}, `{"temperature_C":4.0}`, no, "it is of no id", true},
		{"a number as text", "t", map[string]string{"id": "37"}, `{"id":"37","t":4}`, 4, "", false},
		{"a number of another form", "t", map[string]string{"id": "37"}, `{"id":37.0,"t":4}`, 4, "", false},
		{"a text of another form", "t", map[string]string{"id": "37"}, `{"id":"37.0","t":4}`, no, "", true},
		{"an id that looks like a power", "t", map[string]string{"id": "12e3"}, `{"id":12000,"t":4}`, no, "", true},
		{"a long id", "t", map[string]string{"id": "9007199254740993"}, `{"id":9007199254740992,"t":4}`, no, "", true},
		{"the same long id", "t", map[string]string{"id": "9007199254740993"}, `{"id":9007199254740993,"t":4}`, 4, "", false},
		{"capitals count", "t", map[string]string{"id": "aaaa"}, `{"id":"AAAA","t":4}`, no, "", true},
		{"true", "t", map[string]string{"valid": "true"}, `{"valid":true,"t":4}`, 4, "", false},
		{"an object", "t", map[string]string{"id": "37"}, `{"id":{"x":37},"t":4}`, no, "no word", true},
		{"a list that was sorted anew", "devices.0.t", map[string]string{"mac": "B"}, `{"devices":[{"mac":"A","t":1},{"mac":"B","t":2}]}`, 2, "", false},
		{"two names move", "DS18B20-1.temp.value", tasmota("AAAA"), `{"DS18B20-2":{"Id":"AAAA","temp":{"value":7}}}`, 7, "", false},
		{"dotted names", "28.FF01.temperature", map[string]string{"28.FF01.a.b": "1"}, `{"28.FF01":{"temperature":20.5,"a.b":1}}`, 20.5, "", false},
		{"Tasmota in °F, renumbered", "DS18B20.Temperature", tasmota("AAAA"), `{"DS18B20-1":{"Id":"0000","Temperature":1},"DS18B20-2":{"Id":"AAAA","Temperature":68},"TempUnit":"F"}`, 20, "", false},
		{"a word at the top is not of it alone", "a.t", map[string]string{"id": "37"}, `{"id":37,"b":{"t":4}}`, no, "", true},
		{"one word beside it, one at the top", "a.t", map[string]string{"id": "37", "hub": "h"}, `{"hub":"h","b":{"id":37,"t":4}}`, 4, "", false},
		{"one word beside it, another at the top", "a.t", map[string]string{"id": "37", "hub": "h"}, `{"hub":"g","b":{"id":37,"t":4}}`, no, "", true},
		{"everything", "t", map[string]string{}, `{"id":1,"t":4}`, 4, "", false},
	} {
		r, err := decodeReading(SensorSpec{Field: row.field, Where: row.where}, []byte(row.payload))
		switch {
		case row.want == no && (err == nil || !strings.Contains(err.Error(), row.says) || errors.Is(err, wire.ErrOther) != row.other):
			t.Errorf("%s: %v, %v; want an error with %q", row.name, r.Celsius, err, row.says)
		case row.want != no && (err != nil || r.Celsius != row.want):
			t.Errorf("%s: %v, %v; want %v", row.name, r.Celsius, err, row.want)
		}
	}
	moved := SensorSpec{Field: "DS18B20.Temperature", Where: tasmota("AAAA")}
	if r, err := decodeReading(moved, []byte(`{"Time":"2026-01-31T12:00:05","DS18B20-2":{"Id":"AAAA","Temperature":20}}`)); err != nil || r.measuredAt.IsZero() {
		t.Errorf("found under another name it has lost its time: %+v %v", r, err)
	}
	s := SensorSpec{Field: "SI7021-1.Temperature", HumidityField: "SI7021-1.Humidity", Where: map[string]string{"Id": "B"}}
	r, err := decodeReading(s, []byte(`{"SI7021-1":{"Id":"A","Temperature":1,"Humidity":11},"SI7021-2":{"Id":"B","Temperature":2,"Humidity":22}}`))
	if err != nil || r.Celsius != 2 || r.Humidity != 22 {
		t.Errorf("the humidity is of another sensor: %+v %v", r, err)
	}
}

// TestADeepDocumentCostsLittle: no device nests so, and each level would cost room for all those around it.
func TestADeepDocumentCostsLittle(t *testing.T) {
	s := SensorSpec{Topic: "t", Field: "DS18B20-1.Temperature", Where: map[string]string{"Id": "AAAA"}}
	level := `{"Id":"B","Temperature":1,"a":`
	for name, payload := range map[string]string{
		"objects": strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000),
		"lists":   strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"values":  strings.Repeat(level, 2000) + "1" + strings.Repeat("}", 2000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decodeReading(s, []byte(payload))
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; err == nil || taken > 8<<20 {
			t.Errorf("%s: %d KB took %d MB (%v)", name, len(payload)>>10, taken>>20, err)
		}
	}
	if r, err := decodeReading(SensorSpec{Field: "a.a.a.a.a.a.a.a"}, []byte(strings.Repeat(`{"a":`, 8)+"20.5"+strings.Repeat("}", 8))); err != nil || r.Celsius != 20.5 {
		t.Errorf("%v %v", r.Celsius, err)
	}
	if r, err := decodeReading(SensorSpec{}, []byte(`{"name":"`+strings.Repeat(`[{\"`, 100)+`","temperature":20.5}`)); err != nil || r.Celsius != 20.5 {
		t.Errorf("brackets in a text are none: %v %v", r.Celsius, err)
	}
}

// TestANameMayHoldDots: a name may hold dots, wherever it stands.
func TestANameMayHoldDots(t *testing.T) {
	for _, row := range []struct{ path, document string }{
		{"28.FF01.temperature", `{"28.FF01":{"temperature":20.5}}`},
		{"owfs.28.FF01.temperature", `{"owfs":{"28.FF01":{"temperature":20.5}}}`},
		{"a.b.c.d", `{"a.b":{"c.d":20.5}}`},
		{"a.b.c.d", `{"a":{"b.c":{"d":20.5}},"a.b":{"c":1}}`},
		{"a.b", `{"a":{"b":1},"a.b":20.5}`},
		{"a.0.b.c", `{"a":[{"b.c":20.5}]}`},
		{"a.", `{"a":{"":20.5}}`},
		{".a", `{"":{"a":20.5}}`},
	} {
		r, err := decodeReading(SensorSpec{Field: row.path, HumidityField: row.path}, []byte(row.document))
		if err != nil || r.Celsius != 20.5 || r.Humidity != 20.5 {
			t.Errorf("%s in %s: %v, %v", row.path, row.document, r.Celsius, err)
		}
		on, err := decodePosition(RelaySpec{On: "x", Off: "y", StateField: row.path}, []byte(strings.Replace(row.document, "20.5", `"ON"`, 1)))
		if err != nil || !on {
			t.Errorf("state %s in %s: %v, %v", row.path, row.document, on, err)
		}
	}
	for _, path := range []string{"a.+0.t", "a.00.t", "a.1.t", "a.-1.t", "a.t"} {
		if _, err := decodeReading(SensorSpec{Field: path}, []byte(`{"a":[{"t":1}]}`)); !errors.Is(err, wire.ErrOther) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestTheTimeOfAReadingIsFound: which words of a document are the time of its reading.
func TestTheTimeOfAReadingIsFound(t *testing.T) {
	noon := time.Date(2026, 1, 31, 12, 0, 5, 0, time.UTC)
	for document, want := range map[string]time.Time{
		`{"Time":"2026-01-31T12:00:05","DS18B20":{"temperature":1}}`:                noon,
		`{"DS18B20":{"temperature":1,"time":"2026-01-31 12:00:05"},"time":17}`:      noon,
		`{"temperature":1,"last_seen":"2026-01-31T13:00:05+01:00"}`:                 noon,
		`{"temperature":1,"last_seen":"2026-01-31T13:00:05+0100"}`:                  noon,
		`{"temperature":1,"timestamp":1769860805}`:                                  noon,
		`{"temperature":1,"ts":"1769860805"}`:                                       noon,
		`{"temperature":1,"ts":1769860805000}`:                                      noon,
		`{"temperature":1,"ts":1769860805000000}`:                                   noon,
		`{"temperature":1,"ts":1769860805000000000}`:                                noon,
		`{"temperature":1,"ts":1769860805.0}`:                                       noon,
		`{"temperature":1,"time":"2026-01-31T12:00:05.250Z"}`:                       noon.Add(250 * time.Millisecond),
		`{"temperature":1,"time":"1970-01-01T00:00:05"}`:                            {}, // does not know it
		`{"temperature":1,"time":"12:00:05","ts":12345,"date":"2026-01-31"}`:        {},
		`{"temperature":1,"time":"2026-01-31T12:00"}`:                               {}, // a minute is many readings
		`{"temperature":1,"uptime":1769860805,"last_update":"2026-01-31T12:00:05"}`: {},
		`{"temperature":1}`: {},
	} {
		r, err := decodeReading(SensorSpec{Field: "temperature"}, []byte(document))
		if err != nil {
			r, err = decodeReading(SensorSpec{Field: "DS18B20.temperature"}, []byte(document))
		}
		if err != nil || !r.measuredAt.Equal(want) {
			t.Errorf("%s: %v, %v; want %v", document, r.measuredAt, err, want)
		}
	}
	at := func(seconds int64) string {
		return data(7, 20, func(d *pb.SensorData) { d.ReadAt = &timestamppb.Timestamp{Seconds: seconds} })
	}
	if r, err := decodeReading(SensorSpec{SensorID: 7}, []byte(at(noon.Unix()))); err != nil || !r.measuredAt.Equal(noon) {
		t.Errorf("SensorData: %v, %v", r.measuredAt, err)
	}
	if r, err := decodeReading(SensorSpec{SensorID: 7}, []byte(at(5))); err != nil || !r.measuredAt.IsZero() {
		t.Errorf("SensorData of 1970: %v, %v", r.measuredAt, err)
	}
}

// TestOneSensorIsToldFromAnother: which words tell one sensor from another.
func TestOneSensorIsToldFromAnother(t *testing.T) {
	for document, want := range map[string]string{
		`{"model":"X","id":37,"channel":1,"temperature":1}`:                          `channel "1", id "37", model "X"`,
		`{"x":{"Id":"AAAA","temperature":1},"id":5}`:                                 `Id "AAAA"`,
		`{"x":{"temperature":1},"deviceId":5,"MAC":"aa:bb"}`:                         `MAC "aa:bb", deviceId "5"`,
		`{"temperature":1,"channel":6,"address":"192.0.2.7","linkquality":3}`:        "", // of a radio network, and lent
		`{"a":{"id":1,"b":{"temperature":1}}}`:                                       "", // neither beside it nor at the top
		`{"temperature":1,"id":{"x":1},"mac":null,"serial":"","name":"living-room"}`: "",
	} {
		r, err := decodeReading(SensorSpec{Field: "temperature"}, []byte(document))
		for _, field := range []string{"x.temperature", "a.b.temperature"} {
			if err != nil {
				r, err = decodeReading(SensorSpec{Field: field}, []byte(document))
			}
		}
		if err != nil || r.identity != want {
			t.Errorf("%s: %q, %v; want %q", document, r.identity, err, want)
		}
	}
}

// mayHold reports whether JSON may hold a word: it may write it otherwise.
func mayHold(document, word string) bool {
	return strings.Contains(document, word) || plainNumber.MatchString(word) || strings.Contains(document, `\`) || !utf8.ValidString(document)
}

func FuzzReading(f *testing.F) {
	for _, seed := range []string{`{"temperature":21,"humidity":40}`, "21.5", data(7, 21.5), data(8, 1), "", "{", "[1]", `{"a":{"b":[{"t":1e400}]}}`, "\x18\x01",
		`{"Time":"2026-01-31T12:00:00","DS18B20-1":{"Id":"AAAA","Temperature":77.5},"DS18B20-2":{"Id":"BBBB","Temperature":null},"TempUnit":"F"}`,
		`{"model":"X","id":37,"channel":1,"temperature_F":68,"temperature_C":20,"time":1769860805}`, `{"28.FF01":{"t":20.5,"units":{"t":"°F"}}}`} {
		for _, format := range SensorFormats {
			f.Add([]byte(seed), format, "a.b.0.t", "ON", "state", "F", "id", "37")
			f.Add([]byte(seed), format, "DS18B20-1.Temperature", "ON", "state", "", "Id", "BBBB")
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, format, field, on, stateField, unit, path, word string) {
		s := SensorSpec{SensorID: 7, Format: format, Field: field, HumidityField: field, Unit: unit}
		r, err := decodeReading(s, payload)
		_, _ = hint("field", temperatureFields(payload)), hint("state_field", positionFields(payload))
		s.Where = map[string]string{path: word}
		if found, err := decodeReading(s, payload); err == nil && s.formatOf(payload) == "json" && !mayHold(string(payload), word) {
			t.Errorf("%q is %v of %s %q, which it does not hold", payload, found.Celsius, path, word)
		}
		if err == nil && !(r.Celsius >= absoluteZero && r.Celsius <= math.MaxFloat32) {
			t.Errorf("%q is %v °C", payload, r.Celsius)
		}
		if err == nil && !math.IsNaN(r.Humidity) && !inPercent(r.Humidity) {
			t.Errorf("%q is %v %%", payload, r.Humidity)
		}
		if err == nil && !r.At.IsZero() {
			t.Errorf("%q has a time of its own", payload)
		}
		if on, err := wire.DecodeCommand(7, payload); on && (err != nil || len(payload) == 0) {
			t.Errorf("%q is on", payload)
		}
		if is, err := decodePosition(RelaySpec{SensorID: 7, On: on, Off: on + "x", StateField: stateField}, payload); is && err != nil {
			t.Errorf("%q is on and an error", payload)
		}
		if errors.Is(err, wire.ErrOther) && len(payload) == 0 {
			t.Error("nothing is about something else")
		}
	})
}
