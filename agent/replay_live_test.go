package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/replay"
	"thermostat/controlloop"
)

// arrivals is a stream of readings that a test sends.
type arrivals struct{ c chan float64 }

func (a arrivals) Streams() bool { return true }

func (a arrivals) Read(ctx context.Context) (controlloop.Reading, error) {
	select {
	case x := <-a.c:
		if x == broken {
			return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictError}
		}
		return controlloop.Temperature(x, time.Now()), nil
	case <-ctx.Done():
		return controlloop.Reading{}, ctx.Err()
	}
}

const broken = -99

type anyRelay struct{}

func (anyRelay) Set(bool) error { return nil }

// journalOf is what the broker's log holds of a zone, and what it decided.
type journalOf struct {
	id    int32
	lines []logLine
	last  controlloop.Snapshot
	final controlloop.State // at the last line
}

type logLine struct {
	at             time.Time
	record         string
	heater, cooler bool
	action, reason string
}

// saw writes down each answer, each setpoint and the start, with the decision on it.
func (j *journalOf) saw(s controlloop.Snapshot) {
	line := logLine{heater: s.State.Heater.On, cooler: s.State.Cooler.On, action: s.State.Action.String(), reason: string(s.State.Reason)}
	switch {
	case j.last.Time.IsZero():
		line.at, line.record = s.Began, `"verdict":"no_reading"`
	case s.Answers != j.last.Answers && s.Heard == controlloop.VerdictOK:
		line.at, line.record = s.State.Reading.At, fmt.Sprintf(`"temperature":%v`, s.State.Reading.Celsius)
	case s.Answers != j.last.Answers:
		line.at, line.record = s.Answered, fmt.Sprintf(`"verdict":%q`, s.Heard)
	case s.Setpoint.Serial != j.last.Setpoint.Serial:
		line.at, line.record = s.Setpoint.At, fmt.Sprintf(`"desired":%v,"up_delta":%v,"down_delta":%v,"mode":%q`,
			s.Setpoint.Desired, s.Setpoint.UpDelta, s.Setpoint.DownDelta, s.Setpoint.Mode)
	}
	j.last = s
	if line.record != "" {
		j.lines, j.final = append(j.lines, line), s.State
	}
}

const liveConfig = `device: d
mqtt: {brokers: ["mqtt://h"]}
zones:
  - name: a
    sensor_id: 7
    sensor: {driver: mqtt, topic: x}
    heater: {driver: mqtt, topic: y}
    cooler: {driver: mqtt, topic: z}
    default_setpoint: {mode: heat, desired: 20}
    limits: {max_rate: 1000}
    timing: {sample: 1s, stale_after: 9s, min_on: 7s, min_off: 11s, max_on: 60s, changeover: 13s}
    on_sensor_loss: {action: duty, percent: 30, period: 1m, for: 5m}
`

// TestReplayRepeatsALiveZone: what a live zone on a stream decided, replay
// decides again from the log alone: 10,000 readings at any times, also at the
// very instants of ticks, bad ones, gaps, changes of setpoint, three starts.
func TestReplayRepeatsALiveZone(t *testing.T) {
	cfg, complaints := config.Read("live", []byte(liveConfig))
	if len(complaints) > 0 {
		t.Fatal(complaints)
	}
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			j := &journalOf{id: 7}
			sp := cfg.Zones[0].Default
			for life := range 3 {
				sp = liveLife(t, cfg.Zones[0], random, j, sp, uint64(life))
			}
			compareReplay(t, cfg, j.lines)
		})
	}
}

// liveLife runs a zone for a third of the readings and gives its last setpoint.
func liveLife(t *testing.T, z config.Zone, random *rand.Rand, j *journalOf, sp controlloop.Setpoint, life uint64) controlloop.Setpoint {
	sensor := arrivals{make(chan float64)}
	busy := rand.New(rand.NewPCG(life, random.Uint64()))
	j.last = controlloop.Snapshot{}
	zone := &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params, Sensor: sensor, Heater: anyRelay{}, Cooler: anyRelay{},
		Setpoints: controlloop.NewLatest[controlloop.Setpoint](),
		Observe: func(s controlloop.Snapshot) {
			j.saw(s)
			time.Sleep(time.Duration(busy.Int64N(int64(45 * time.Millisecond)))) // a busy machine: what comes meanwhile waits, and ticks are late
		},
	}
	if life > 0 {
		past := func(o controlloop.Output) controlloop.PastOutput {
			return controlloop.PastOutput{Known: true, On: o.On, Off: time.Since(o.Since), Why: o.Why}
		}
		zone.Past.Heater, zone.Past.Cooler = past(j.final.Heater), past(j.final.Cooler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done, began := make(chan error), time.Now()
	go func() { done <- zone.Run(ctx, sp) }()
	celsius := 20.0
	for i := range 3334 {
		synctest.Wait()
		celsius = min(max(celsius+random.Float64()*1.2-0.6, 16), 24)
		untilTick := z.Params.Sample - time.Since(began)%z.Params.Sample
		pauses := []time.Duration{0, untilTick, 2 * time.Second, time.Duration(random.Int64N(int64(8 * time.Second))),
			max(0, untilTick-time.Duration(random.Int64N(int64(60*time.Millisecond))))}
		time.Sleep(pauses[random.IntN(len(pauses))])
		switch random.IntN(60) {
		case 0:
			sensor.c <- broken
			continue
		case 1:
			time.Sleep(time.Duration(random.Int64N(int64(2 * time.Minute))))
		case 2, 3:
			sp.Serial = life*10000 + uint64(i) + 1
			sp.Mode = []controlloop.Mode{controlloop.ModeHeat, controlloop.ModeCool, controlloop.ModeHeatCool, controlloop.ModeOff}[random.IntN(4)]
			sp.Desired = 18 + float64(random.IntN(8))/2
			zone.Setpoints.Put(sp)
			synctest.Wait()
		}
		sensor.c <- celsius
	}
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(random.Int64N(int64(20 * time.Second))))
	return sp
}

func compareReplay(t *testing.T, cfg config.Config, lines []logLine) {
	var in, out bytes.Buffer
	for _, l := range lines {
		fmt.Fprintf(&in, `{"time":%q,"sensor_id":7,%s}`+"\n", l.at.UTC().Format(time.RFC3339Nano), l.record)
	}
	if err := replay.New(cfg).Run(&in, &out); err != nil {
		t.Fatal(err)
	}
	differences, switches := 0, 0
	for i, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var d replay.Decision
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		l := lines[i]
		if d.Changed {
			switches++
		}
		if d.Heater != cli.OnOff(l.heater) || d.Cooler != cli.OnOff(l.cooler) || d.Action != l.action || string(d.Reason) != l.reason {
			differences++
			if differences < 5 {
				t.Errorf("record %d, %s at %v: live %s (%s), replayed %s", i, l.record, l.at, l.action, l.reason, text)
			}
		}
	}
	t.Logf("%d records, %d switches, %d differences", len(lines), switches, differences)
	if switches < 200 {
		t.Errorf("only %d switches: this shows nothing", switches)
	}
}
