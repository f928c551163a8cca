package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
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

// utf16le is a text as another editor may write it.
func utf16le(text string) []byte {
	value := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		value = append(value, byte(unit), byte(unit>>8))
	}
	return value
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
		{"parameters in UTF-16", &kgo.Record{Topic: TopicZones, Key: Key(other), Value: utf16le(quickParameters)}, "UTF-8"},
		{"SensorData as JSON", &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: []byte(`{"temperature": 19}`)}, "JSON, and SensorData is taken as protobuf alone"},
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
	if by := taken(t, p); !p.zones[7].lives() || p.zones[8].lives() || p.zones[9].lives() || len(by[TopicDeadletter]) != 2 {
		t.Errorf("%d zones, %d dead letters", len(p.zones), len(by[TopicDeadletter]))
	}
}

// TestAZoneBeginsWithTheControlThatWasSaidLast: whether that came before the zone, while it was there, at its end or behind
// that; whether all of it is one tick or each record its own; and whether a worker saw all of it or each tick is another's.
func TestAZoneBeginsWithTheControlThatWasSaidLast(t *testing.T) {
	celsius := 19.5
	value := map[string][]byte{
		"zone": []byte(quickParameters), "end": nil, "nothing": nil,
		"off": []byte(`{"mode":"off"}`), "24": []byte(`{"mode":"heat","desired":24}`), "23": []byte(`{"mode":"heat","desired":23}`),
		"over": []byte(`{"mode":"heat","desired":22,"expires_at":"2020-01-01T00:00:00Z"}`), "read": wireOf(t, &pb.SensorData{Temperature: &celsius}),
	}
	topic := func(what string) string {
		switch what {
		case "zone", "end":
			return TopicZones
		case "read":
			return TopicSensor
		}
		return TopicTempset
	}
	const fallback = "heat 20"
	for _, row := range []struct{ happens, want string }{
		{"24 zone", "heat 24"},
		{"24 23 zone", "heat 23"},
		{"24 nothing zone", fallback},
		{"over zone", fallback},
		{"zone off end zone", "off 20"},
		{"zone 24 end off zone", "off 20"},
		{"zone off end nothing zone", fallback},
		{"off zone end zone", "off 20"},
		{"24 zone off end zone", "off 20"},
		{"24 zone off nothing end zone", fallback},
		{"zone read read read read 24 read end off zone read read", "off 20"},
		{"zone read read read read end zone 23", "heat 23"},
		{"24 end zone", "heat 24"},
		{"zone 24 end end zone zone", "heat 24"},
	} {
		for _, way := range []string{"one tick", "ticks", "ticks of other workers"} {
			t.Run(row.happens+" in "+way, func(t *testing.T) {
				p := newPartition(0, &catalogue{})
				var records []*kgo.Record
				kept := map[string]*kgo.Record{}
				var told pb.HeaterControl
				on := false
				take := func(at time.Time) {
					out, err := p.take(&Tick{Time: timestamppb.New(at)}, records)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range out {
						switch r.Topic {
						case TopicState:
							kept[string(r.Key)] = r
						case TopicCommand:
							if err := proto.Unmarshal(r.Value, &told); err != nil {
								t.Fatal(err)
							}
							on = on || told.GetCommand() == pb.HeaterCommand_On
						}
					}
					records = nil
				}
				for i, what := range strings.Fields(row.happens) {
					at := morning.Add(time.Duration(i+1) * 4 * time.Second)
					records = append(records, &kgo.Record{Topic: topic(what), Key: Key(7), Value: value[what], Timestamp: at})
					if way == "one tick" {
						continue
					}
					take(at)
					if way != "ticks" {
						p = newPartition(0, &catalogue{})
						for _, r := range kept {
							p.recall(r)
						}
					}
				}
				take(morning.Add(time.Minute))
				z := p.zones[7]
				if !z.lives() {
					t.Fatal("there is no zone")
				}
				if strings.Contains(row.happens, "read") && (!on || told.GetCommand() != pb.HeaterCommand_Off) {
					t.Errorf("its heater was on: %t; it was told last: %v", on, &told)
				}
				if got := fmt.Sprintf("%v %v", z.said.Mode, z.said.Desired); got != row.want {
					t.Errorf("it holds %s, want %s", got, row.want)
				}
			})
		}
	}
}

// TestAControlThatItsZoneDoesNotAllowIsADeadletterOnceTheZoneBegins; the zone begins all the same.
func TestAControlThatItsZoneDoesNotAllowIsADeadletterOnceTheZoneBegins(t *testing.T) {
	p := newPartition(0, &catalogue{})
	by := taken(t, p, &kgo.Record{Topic: TopicTempset, Key: Key(7), Value: []byte(`{"mode":"heat","desired":99}`)}, &kgo.Record{Topic: TopicZones, Key: Key(7), Value: []byte(quickParameters)})
	if dead := by[TopicDeadletter]; len(dead) != 1 || !strings.Contains(string(dead[0].Headers[0].Value), "without the control that waited for it: desired") || !p.zones[7].lives() {
		t.Errorf("%v, zone %v", dead, p.zones[7])
	}
}

// TestWhatCannotBeReadIsNotWrittenOver: another version may be able to. That its zone ends is written.
func TestWhatCannotBeReadIsNotWrittenOver(t *testing.T) {
	p := newPartition(0, &catalogue{})
	p.recall(&kgo.Record{Topic: TopicState, Key: Key(7), Value: []byte("\xff")})
	by := taken(t, p, &kgo.Record{Topic: TopicTempset, Key: Key(7), Value: []byte(`{"mode":"off"}`)})
	if len(by[TopicState]) != 1 || len(by[TopicDeadletter]) != 2 {
		t.Errorf("a control: %d records of states and the place, %d dead letters", len(by[TopicState]), len(by[TopicDeadletter]))
	}
	by = taken(t, p, &kgo.Record{Topic: TopicZones, Key: Key(7), Timestamp: morning.Add(10 * time.Second)})
	if states := by[TopicState]; len(states) != 2 || string(states[0].Key) != "7" || states[0].Value != nil {
		t.Errorf("its end: %v", states)
	}
}

// TestAWordThatIsNoVerdictIsAnError, as it is to an agent: what a stranger says does not name a fault. One that was kept
// before does not, either.
func TestAWordThatIsNoVerdictIsAnError(t *testing.T) {
	id, celsius := int32(7), 19.0
	for said, want := range map[string]controlloop.Verdict{"absent": controlloop.VerdictAbsent, "winter": controlloop.VerdictError, "Absent": controlloop.VerdictError, strings.Repeat("x", 1<<10): controlloop.VerdictError} {
		p := newPartition(0, &catalogue{})
		taken(t, p, &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(quickParameters)},
			&kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{Temperature: &celsius})},
			&kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{Verdict: &said})})
		k, err := p.zones[id].keep()
		if err != nil {
			t.Fatal(err)
		}
		k.Verdict = said
		other := newPartition(0, &catalogue{})
		other.recall(&kgo.Record{Topic: TopicState, Key: Key(id), Value: wireOf(t, k)})
		for name, p := range map[string]*partition{"heard": p, "kept": other} {
			counts := newCounts()
			counts.count(p, morning)
			if len(counts.Faults) != 1 || counts.Faults[string(want)] != 1 {
				t.Errorf("%s %.20q: faults %v, want %s", name, said, counts.Faults, want)
			}
		}
	}
}

// TestEveryVerdictOfTheLawIsKnown: the table of them has all that a sensor may say.
func TestEveryVerdictOfTheLawIsKnown(t *testing.T) {
	text, err := os.ReadFile("../../controlloop/verdicts.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`Verdict = "([a-z_]+)"`).FindAllStringSubmatch(string(text), -1)
	for _, one := range all {
		if got := verdictOf(one[1]); string(got) != one[1] {
			t.Errorf("%s is taken as %s", one[1], got)
		}
	}
	if len(all) != len(verdicts) || len(all) == 0 {
		t.Errorf("the table has %d, the law %d", len(verdicts), len(all))
	}
}

// TestControlsThatWaitForZonesAreBounded: what nobody defines grows no memory. One more goes to deadletter, and those that wait
// may change; once a zone begins there is room for another. A worker that takes over sees the same.
func TestControlsThatWaitForZonesAreBounded(t *testing.T) {
	for _, way := range []string{"one worker", "each tick another's"} {
		t.Run(way, func(t *testing.T) {
			p, kept := newPartition(0, &catalogue{}), map[string]*kgo.Record{}
			take := func(records ...*kgo.Record) (reasons string) {
				by := taken(t, p, records...)
				for _, r := range by[TopicState] {
					kept[string(r.Key)] = r
				}
				if way != "one worker" {
					p = newPartition(0, &catalogue{})
					for _, r := range kept {
						p.recall(r)
					}
				}
				for _, dead := range by[TopicDeadletter] {
					reasons += string(dead.Headers[0].Value) + "\n"
				}
				return reasons
			}
			set := func(id int32, text string) *kgo.Record {
				return &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: []byte(text), Timestamp: morning}
			}
			var records []*kgo.Record
			for id := range int32(maxWaiting) {
				records = append(records, set(id+1, `{"mode":"off"}`))
			}
			if reasons := take(records...); reasons != "" {
				t.Fatal(reasons)
			}
			const more = maxWaiting + 1
			if reasons := take(set(more, `{"mode":"off"}`), set(more+1, `{"mode":"off"}`)); strings.Count(reasons, "zones that nobody has defined") != 2 || len(p.zones) != maxWaiting {
				t.Errorf("%d wait, dead letters %s", len(p.zones), reasons)
			}
			if reasons := take(set(7, `{"mode":"heat","desired":21}`), set(8, "{\"mode\":\"off\"}"+strings.Repeat(" ", maxWaitingSize)), set(9, "")); strings.Count(reasons, "too long to wait") != 1 {
				t.Error(reasons)
			}
			if reasons := take(set(more, `{"mode":"off"}`), &kgo.Record{Topic: TopicZones, Key: Key(7), Value: []byte(quickParameters), Timestamp: morning}); reasons != "" {
				t.Error(reasons)
			}
			if reasons := take(set(more+1, `{"mode":"off"}`), set(more+2, `{"mode":"off"}`)); strings.Count(reasons, "zones that nobody has defined") != 1 {
				t.Error(reasons)
			}
			if z := p.zones[7]; !z.lives() || z.said.Desired != 21 || len(p.zones) != maxWaiting+1 {
				t.Errorf("%d zones, that of 7 holds %+v", len(p.zones), z)
			}
		})
	}
}

// TestAZonesParametersChangeAtTheirTime: wherever ticks end. What was decided before goes by those of before.
func TestAZonesParametersChangeAtTheirTime(t *testing.T) {
	id, celsius := int32(7), 19.0
	reading := wireOf(t, &pb.SensorData{Temperature: &celsius})
	colder := strings.ReplaceAll(strings.ReplaceAll(quickParameters, "desired: 20", "desired: 15"), "sample: 2s", "sample: 1s")
	at := morning.Add(23*time.Second + 500*time.Millisecond) // between two decisions
	told := map[string][]string{}
	for _, way := range []string{"one tick", "ticks"} {
		var records []*kgo.Record
		for n := range 16 {
			records = append(records, &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: reading, Timestamp: morning.Add(time.Duration(n) * time.Second)})
		}
		records = append(records, &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(quickParameters), Timestamp: morning},
			&kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(colder), Timestamp: at})
		slices.SortStableFunc(records, func(a, b *kgo.Record) int {
			return cmp.Or(a.Timestamp.Compare(b.Timestamp), -cmp.Compare(a.Topic, b.Topic))
		})
		p := newPartition(0, &catalogue{})
		take := func(at time.Time, records ...*kgo.Record) {
			out, err := p.take(&Tick{Time: timestamppb.New(at)}, records)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out {
				if r.Topic == TopicCommand && !slices.Contains(told[way], switchOf(t, r)) {
					told[way] = append(told[way], switchOf(t, r))
				}
			}
		}
		if way == "ticks" {
			for _, r := range records {
				take(r.Timestamp, r)
			}
			records = nil
		}
		take(morning.Add(24*time.Second), records...)
		if z := p.zones[id]; z.tick.After(at.Add(time.Second)) {
			t.Errorf("in %s: its next decision is at %v, more than a sample away", way, z.tick)
		}
	}
	want := []string{"7 Off " + morning.Format("15:04:05.000"), "7 On " + morning.Add(5*time.Second).Format("15:04:05.000"), "7 Off " + at.Format("15:04:05.000")}
	for way, got := range told {
		if !slices.Equal(got, want) {
			t.Errorf("in %s: %v, want %v", way, got, want)
		}
	}
}

// TestAControlThatItsZoneAllowsNoMoreIsToldAndCountsAnewOnceItIsAllowed, as an agent's does, whose broker has it still.
func TestAControlThatItsZoneAllowsNoMoreIsToldAndCountsAnewOnceItIsAllowed(t *testing.T) {
	p := newPartition(0, &catalogue{})
	zone := func(text string) *kgo.Record {
		return &kgo.Record{Topic: TopicZones, Key: Key(7), Value: []byte(text)}
	}
	narrow := strings.ReplaceAll(quickParameters, "max_rate: 60", "max_rate: 60, desired_max: 21")
	by := taken(t, p, zone(quickParameters), &kgo.Record{Topic: TopicTempset, Key: Key(7), Value: []byte(`{"mode":"heat","desired":24}`)}, zone(narrow))
	if dead := by[TopicDeadletter]; len(dead) != 1 || !strings.Contains(string(dead[0].Headers[0].Value), "without its control, which it allows no more: desired") || p.zones[7].said.Desired != 20 {
		t.Errorf("%v, it holds %v", dead, p.zones[7].said.Desired)
	}
	p.zones[7] = again(t, p.zones[7])
	if by = taken(t, p, zone(quickParameters)); p.zones[7].said.Desired != 24 || len(by[TopicDeadletter]) != 0 {
		t.Errorf("it holds %v, dead letters %v", p.zones[7].said.Desired, by[TopicDeadletter])
	}
}
