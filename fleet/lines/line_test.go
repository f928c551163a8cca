package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "thermostat/proto"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 123456789, time.UTC)

func TestAMessageIsALineOrNoneOrWrong(t *testing.T) {
	at := timestamppb.New(noon)
	number, seven := proto.Float64, proto.Int32(7)
	for name, c := range map[string]struct {
		subject string
		payload []byte
		want    string // "": none
		wrong   bool
	}{
		"a reading": {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{SensorID: seven, Temperature: number(20.5), ReadAt: at, Verdict: proto.String("ok")}),
			`{"time":"2026-01-31T12:00:00.123456789Z","sensor_id":7,"temperature":20.5}`, false},
		"one at 0 °C, without a verdict": {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{SensorID: seven, Temperature: number(0), ReadAt: at}),
			`{"time":"2026-01-31T12:00:00.123456789Z","sensor_id":7,"temperature":0}`, false},
		"a bad answer": {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{SensorID: seven, ReadAt: at, Verdict: proto.String("too_fast")}),
			`{"time":"2026-01-31T12:00:00.123456789Z","sensor_id":7,"verdict":"too_fast"}`, false},
		"one that carries a number all the same": {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{SensorID: seven, Temperature: number(85), ReadAt: at, Verdict: proto.String("power_on")}),
			`{"time":"2026-01-31T12:00:00.123456789Z","sensor_id":7,"verdict":"power_on"}`, false},
		"a bad answer without its time": {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{SensorID: seven, Verdict: proto.String("absent")}), "", true},
		"neither number nor verdict":    {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{SensorID: seven, ReadAt: at}), "", true},
		"nobody's reading":              {"thermostat.cabin.room.sensor", sensor(t, &pb.SensorData{Temperature: number(20), ReadAt: at}), "", true},
		"rubbish":                       {"thermostat.cabin.room.sensor", []byte("21.5"), "", true},

		"a setpoint": {"thermostat.cabin.room.ack", []byte(`{"applied":true,"id":"a","desired":21,"up_delta":0.5,"down_delta":0.25,"mode":"heat","reason":"","sensor_id":7,"time":"2026-01-31T13:00:00.5+01:00"}`),
			`{"time":"2026-01-31T12:00:00.5Z","sensor_id":7,"desired":21,"up_delta":0.5,"down_delta":0.25,"mode":"heat"}`, false},
		"off, without a temperature": {"thermostat.cabin.room.ack", []byte(`{"applied":true,"desired":null,"up_delta":0.5,"down_delta":0.5,"mode":"off","sensor_id":7,"time":"2026-01-31T12:00:00Z"}`),
			`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"up_delta":0.5,"down_delta":0.5,"mode":"off"}`, false},
		"a refusal":         {"thermostat.cabin.room.ack", []byte(`{"applied":false,"desired":21,"mode":"heat","reason":"too warm","sensor_id":7,"time":"2026-01-31T12:00:00Z"}`), "", false},
		"nothing new":       {"thermostat.cabin.room.ack", []byte(`{"applied":true,"desired":21,"mode":"heat","sensor_id":7,"time":null}`), "", false},
		"no JSON":           {"thermostat.cabin.room.ack", []byte(`x`), "", true},
		"nobody's setpoint": {"thermostat.cabin.room.ack", []byte(`{"applied":true,"desired":21,"mode":"heat","time":"2026-01-31T12:00:00Z"}`), "", true},

		"a target": {"thermostat.cabin.room.target", []byte(`{"time":"2026-01-31T13:00:00.123456789+01:00","sensor_id":7,"mode":"heat","desired":21,"up_delta":0.5,"down_delta":0.25,"bar":false,"target":"program","auto":true,"ahead":true,"next":{"at":"2026-01-31T22:00:00Z","desired":18,"preset":null}}`),
			`{"time":"2026-01-31T12:00:00.123456789Z","sensor_id":7,"target":"program","desired":21,"up_delta":0.5,"down_delta":0.25,"mode":"heat","auto":true,"ahead":true,"next":{"at":"2026-01-31T22:00:00Z","desired":18}}`, false},
		"an open window": {"thermostat.cabin.room.target", []byte(`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"mode":"heat","desired":21,"up_delta":0.5,"down_delta":0.25,"bar":true,"target":"window_open","next":null}`),
			`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"target":"window_open","desired":21,"up_delta":0.5,"down_delta":0.25,"mode":"heat","bar":true}`, false},
		"a program's off": {"thermostat.cabin.room.target", []byte(`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"mode":"off","desired":null,"up_delta":0.5,"down_delta":0.5,"bar":false,"target":"program","next":null}`),
			`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"target":"program","up_delta":0.5,"down_delta":0.5,"mode":"off"}`, false},
		"nothing to aim at": {"thermostat.cabin.room.target", []byte(`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"mode":null,"desired":null,"up_delta":null,"down_delta":null,"bar":false,"target":null,"next":null}`),
			`{"time":"2026-01-31T12:00:00Z","sensor_id":7,"target":""}`, false},
		"nobody's target":         {"thermostat.cabin.room.target", []byte(`{"time":"2026-01-31T12:00:00Z","mode":"off","target":"manual"}`), "", true},
		"a target without a time": {"thermostat.cabin.room.target", []byte(`{"sensor_id":7,"mode":"off","target":"manual"}`), "", true},
		"a target that is none":   {"thermostat.cabin.room.target", []byte(`[]`), "", true},
		"a program":               {"thermostat.cabin.room.program", []byte(`{"week":"06:00 21"}`), "", false},

		"a control": {"thermostat.cabin.room.control", []byte(`{"desired":21}`), "", false},
		"a heater":  {"thermostat.cabin.room.heater", []byte{8, 7}, "", false},
	} {
		l, ok, err := lineOf(c.subject, c.payload)
		var got string
		if ok {
			text, _ := json.Marshal(l)
			got = string(text)
		}
		if got != c.want || (err != nil) != c.wrong {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func sensor(t *testing.T, d *pb.SensorData) []byte {
	payload, err := proto.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// TestALateLineStandsWhereItBelongs: a line that reaches the log late stands where it belongs; at the
// same time the log's order counts; what comes too late is left out and counted.
func TestALateLineStandsWhereItBelongs(t *testing.T) {
	at := func(seconds int, seq uint64) line {
		return line{Time: noon.Add(time.Duration(seconds) * time.Second), SensorID: 7, seq: seq}
	}
	var o order
	for _, l := range []line{at(0, 1), at(5, 2), at(10, 3), at(5, 4), at(2, 5)} {
		o.add(l)
	}
	checkSeqs(t, o.take(noon.Add(6*time.Second)), 1, 5, 2, 4)
	o.add(at(4, 6))
	o.add(line{Time: noon, SensorID: 8, seq: 7}) // another sensor's past is no matter
	checkSeqs(t, o.take(endOfTime), 7, 3)
	if o.late != 1 {
		t.Errorf("%d late, want 1", o.late)
	}
}

// TestATargetThatIsSaidAgainIsNoLine: an agent says the one in force again on each
// connection. That is neither late nor a second line; a new one is.
func TestATargetThatIsSaidAgainIsNoLine(t *testing.T) {
	why := "program"
	at := func(seconds int, seq uint64) line {
		return line{Time: noon.Add(time.Duration(seconds) * time.Second), SensorID: 7, Target: &why, seq: seq}
	}
	var o order
	o.add(at(0, 1))
	o.add(at(0, 2))
	o.add(line{Time: noon.Add(5 * time.Second), SensorID: 7, seq: 3})
	checkSeqs(t, o.take(noon.Add(time.Minute)), 1, 3)
	o.add(at(0, 4))
	checkSeqs(t, o.take(endOfTime))
	o.add(at(70, 5))
	o.add(at(70, 6))
	o.add(at(4, 7)) // of before
	o.add(line{Time: noon, SensorID: 8, Target: &why, seq: 8})
	checkSeqs(t, o.take(endOfTime), 8, 5)
	if o.late != 1 {
		t.Errorf("%d late, want 1", o.late)
	}
}

// old is a message that came into the log some seconds after noon.
type old struct {
	jetstream.Msg
	seq     uint64
	seconds int
	kind    string
	payload []byte
}

func (o old) Subject() string { return "thermostat.cabin.room." + o.kind }

func (o old) Data() []byte { return o.payload }

func (o old) Metadata() (*jetstream.MsgMetadata, error) {
	at := noon.Add(time.Duration(o.seconds) * time.Second)
	return &jetstream.MsgMetadata{Sequence: jetstream.SequencePair{Stream: o.seq}, Timestamp: at, NumPending: 1000}, nil
}

// TestALineOfAnOldLogWaitsUntilTheLogIsAMinutePastIt: who reads an old log gives no line before the log is a minute
// past it, however much later it is here.
func TestALineOfAnOldLogWaitsUntilTheLogIsAMinutePastIt(t *testing.T) {
	reading := func(seconds int) []byte {
		at := timestamppb.New(noon.Add(time.Duration(seconds) * time.Second))
		return sensor(t, &pb.SensorData{SensorID: proto.Int32(7), Temperature: proto.Float64(20), ReadAt: at})
	}
	var p printer
	p.take(old{seq: 1, seconds: 0, kind: "sensor", payload: reading(0)})
	p.take(old{seq: 2, seconds: 10, kind: "sensor", payload: reading(10)})
	checkSeqs(t, p.due())
	p.take(old{seq: 3, seconds: 12, kind: "ack", payload: []byte(`{"applied":true,"sensor_id":7,"desired":21,"time":"2026-01-31T12:00:05Z"}`)})
	checkSeqs(t, p.due())
	p.take(old{seq: 4, seconds: 71, kind: "sensor", payload: reading(71)})
	checkSeqs(t, p.due(), 1, 3, 2)
	if p.order.late != 0 || p.unreadable != 0 {
		t.Errorf("%d late, %d unreadable (%v)", p.order.late, p.unreadable, p.why)
	}
}

func checkSeqs(t *testing.T, lines []line, want ...uint64) {
	t.Helper()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %v", len(lines), want)
	}
	for i, l := range lines {
		if l.seq != want[i] {
			t.Errorf("line %d is message %d, want %d", i, l.seq, want[i])
		}
	}
}
