package engine

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "thermostat/proto"
)

func wireOf(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// taken gives what a partition writes of records that came a second apart.
func taken(t *testing.T, p *partition, records ...*kgo.Record) map[string][]*kgo.Record {
	t.Helper()
	for i, r := range records {
		if r.Timestamp.IsZero() {
			r.Timestamp = morning.Add(time.Duration(i) * time.Second)
		}
		r.Offset = int64(i)
	}
	out, err := p.take(&Tick{Time: timestamppb.New(morning.Add(time.Duration(len(records)) * time.Second))}, records)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string][]*kgo.Record{}
	for _, o := range out {
		by[o.Topic] = append(by[o.Topic], o)
	}
	return by
}

// TestWhatCannotBeReadGoesToDeadletterWithTheReason: and what stands beside it is obeyed.
func TestWhatCannotBeReadGoesToDeadletterWithTheReason(t *testing.T) {
	id, other, celsius := int32(7), int32(8), 19.0
	good := func() *kgo.Record {
		return &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{SensorID: &id, Temperature: &celsius})}
	}
	for _, row := range []struct {
		name   string
		record *kgo.Record
		reason string
	}{
		{"garbage", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: []byte("\xff\xfe garbage")}, "no SensorData"},
		{"NaN", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{Temperature: proto.Float64(math.NaN())})}, "no number"},
		{"nothing in it", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: nil}, "neither temperature nor verdict"},
		{"a key that is no number", &kgo.Record{Topic: TopicSensor, Key: []byte("hall"), Value: good().Value}, "no sensorID"},
		{"no key", &kgo.Record{Topic: TopicSensor, Value: good().Value}, "no sensorID"},
		{"another's key", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{SensorID: &other, Temperature: &celsius})}, "sensorID 8 is not the key's 7"},
		{"a zone that nobody defined", &kgo.Record{Topic: TopicSensor, Key: Key(other), Value: wireOf(t, &pb.SensorData{Temperature: &celsius})}, "no zone of this sensorID"},
		{"a megabyte", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: bytes.Repeat([]byte("x"), 1<<20)}, "too long"},
		{"a control of another language", &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: []byte("{\"desired\":")}, "JSON"},
		{"a control out of bounds", &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: []byte(`{"mode":"heat","desired":99}`)}, "desired"},
		{"a control that is over", &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: []byte(`{"mode":"heat","desired":20,"expires_at":"2020-01-01T00:00:00Z"}`)}, "expires_at"},
		{"a mode of a later version", &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: wireOf(t, &pb.TemperatureControl{Mode: pb.Mode(77).Enum(), Desired: proto.Float64(20)})}, "mode"},
		{"parameters with a misspelt key", &kgo.Record{Topic: TopicZones, Key: Key(other), Value: []byte("plnat: electric\ntiming: {stale_after: 1m}")}, "did you mean plant"},
		{"parameters out of bounds", &kgo.Record{Topic: TopicZones, Key: Key(other), Value: []byte("timing: {sample: 25h, stale_after: 1m}")}, "timing."},
		{"parameters that name a board's things", &kgo.Record{Topic: TopicZones, Key: Key(other), Value: []byte("heater: {driver: gpio, line: GPIO17}")}, "not for the engine"},
		{"a time far ahead", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: good().Value, Timestamp: morning.Add(time.Hour)}, "LogAppendTime"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPartition(0, &catalogue{})
			define := &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(quickParameters)}
			by := taken(t, p, define, good(), row.record, good())
			if len(by[TopicDeadletter]) != 1 {
				t.Fatalf("%d dead letters", len(by[TopicDeadletter]))
			}
			dead := by[TopicDeadletter][0]
			if reason := string(dead.Headers[0].Value); !strings.Contains(reason, row.reason) {
				t.Errorf("the reason is %q, want %q in it", reason, row.reason)
			}
			if from := string(dead.Headers[1].Value); from != row.record.Topic+"/0/2" {
				t.Errorf("from %q", from)
			}
			if len(by[TopicCommand]) == 0 || p.zones[id].judge.Last.Celsius != celsius {
				t.Errorf("the zone beside it was not served: %v", by)
			}
		})
	}
}

// TestAZoneThatIsTakenBackGoesOffAndIsForgotten: its heater was on.
func TestAZoneThatIsTakenBackGoesOffAndIsForgotten(t *testing.T) {
	id, celsius := int32(7), 19.0
	var records []*kgo.Record
	records = append(records, &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(quickParameters)})
	for range 20 {
		records = append(records, &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{Temperature: &celsius})})
	}
	p := newPartition(0, &catalogue{})
	taken(t, p, records...)
	if !p.zones[id].state.Heater.On {
		t.Fatal("the heater is off already")
	}
	by := taken(t, p, &kgo.Record{Topic: TopicZones, Key: Key(id), Timestamp: morning.Add(20 * time.Second)})
	var c pb.HeaterControl
	if err := proto.Unmarshal(by[TopicCommand][0].Value, &c); err != nil || c.GetCommand() != pb.HeaterCommand_Off {
		t.Errorf("command %v, %v", &c, err)
	}
	if at := by[TopicCommand][0].Timestamp; !at.Equal(morning.Add(20 * time.Second)) {
		t.Errorf("the command's record is of %v, not of when it was decided: whoever carries it drops an On that is too old", at)
	}
	if states := by[TopicState]; len(p.zones) != 0 || string(states[0].Key) != "7" || states[0].Value != nil {
		t.Errorf("%d zones, %v", len(p.zones), states)
	}
}

// TestWhatWasKeptAndCannotBeReadDoesNotStopTheOthers: of a later version, or of parameters that are no more allowed.
func TestWhatWasKeptAndCannotBeReadDoesNotStopTheOthers(t *testing.T) {
	p := newPartition(0, &catalogue{})
	z := newZone(7, readAll(t, quickParameters))
	k, err := z.keep()
	if err != nil {
		t.Fatal(err)
	}
	p.recall(&kgo.Record{Topic: TopicState, Key: Key(7), Value: wireOf(t, k)})
	k.Parameters = "plant: windmill"
	p.recall(&kgo.Record{Topic: TopicState, Key: Key(8), Value: wireOf(t, k)})
	p.recall(&kgo.Record{Topic: TopicState, Key: Key(9), Value: []byte("\xff")})
	if by := taken(t, p); len(p.zones) != 1 || len(by[TopicDeadletter]) != 2 {
		t.Errorf("%d zones, %d dead letters", len(p.zones), len(by[TopicDeadletter]))
	}
}

// TestAControlThatCameBeforeItsZoneIsObeyedOnceTheZoneIsThere: also by a worker that took the partition over in between.
func TestAControlThatCameBeforeItsZoneIsObeyedOnceTheZoneIsThere(t *testing.T) {
	control := func(text string) *kgo.Record {
		return &kgo.Record{Topic: TopicTempset, Key: Key(7), Value: []byte(text)}
	}
	zone := func(at time.Time) *kgo.Record {
		return &kgo.Record{Topic: TopicZones, Key: Key(7), Value: []byte(quickParameters), Timestamp: at}
	}
	const warm, warmer = `{"mode":"heat","desired":22}`, `{"mode":"heat","desired":23}`
	for _, row := range []struct {
		name     string
		controls []*kgo.Record
		desired  float64
	}{
		{"one", []*kgo.Record{control(warm)}, 22},
		{"the last one of two", []*kgo.Record{control(warm), control(warmer)}, 23},
		{"one that was taken back", []*kgo.Record{control(warm), control("")}, 20},
	} {
		t.Run(row.name, func(t *testing.T) {
			first := newPartition(0, &catalogue{})
			by := taken(t, first, row.controls[0])
			second := newPartition(0, &catalogue{})
			for _, r := range by[TopicState] {
				second.recall(r)
			}
			later := morning.Add(10 * time.Second)
			for i, r := range row.controls[1:] {
				r.Timestamp = later.Add(time.Duration(i) * time.Second)
			}
			by = taken(t, second, append(row.controls[1:], zone(later.Add(10*time.Second)))...)
			if len(by[TopicDeadletter]) != 0 || len(second.early) != 0 {
				t.Errorf("%d dead letters, %d controls wait still", len(by[TopicDeadletter]), len(second.early))
			}
			if got := second.zones[7].said.Desired; got != row.desired {
				t.Errorf("it holds %v °C, want %v", got, row.desired)
			}
			third := newPartition(0, &catalogue{})
			for _, r := range by[TopicState] {
				third.recall(r)
			}
			if z := third.zones[7]; z == nil || z.said.Desired != row.desired || len(third.early) != 0 {
				t.Errorf("what was kept of it is %v, and %d controls wait", z, len(third.early))
			}
		})
	}
	p := newPartition(0, &catalogue{})
	by := taken(t, p, control(`{"mode":"heat","desired":99}`), zone(time.Time{}))
	if len(by[TopicDeadletter]) != 1 || !strings.Contains(string(by[TopicDeadletter][0].Headers[0].Value), "without the control that waited for it: desired") || p.zones[7] == nil {
		t.Errorf("a control that its zone does not allow: %v, zone %v", by[TopicDeadletter], p.zones[7])
	}
	taken(t, p, &kgo.Record{Topic: TopicTempset, Key: Key(8), Value: []byte(warm), Timestamp: morning.Add(10 * time.Second)})
	if by = taken(t, p, &kgo.Record{Topic: TopicTempset, Key: Key(8), Timestamp: morning.Add(20 * time.Second)}); len(p.early) != 0 || len(by[TopicState]) != 2 || by[TopicState][0].Value != nil {
		t.Errorf("one that was taken back before its zone came: %v", by[TopicState])
	}
}
