package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/replay"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/foresee"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/program"
	"thermostat/controlloop/report"
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

// is reports whether a line tells this.
func (l logLine) is(what string) bool { return strings.HasPrefix(l.record, `"`+what+`"`) }

// saw writes down each answer, each setpoint, each target and the start, with the decision on it.
func (j *journalOf) saw(s controlloop.Snapshot) {
	line := logLine{heater: s.State.Heater.On, cooler: s.State.Cooler.On, action: s.State.Action.String(), reason: string(s.State.Reason)}
	switch {
	case j.last.Time.IsZero():
		line.at, line.record = s.Began, `"verdict":"no_reading"`
		if recalled := controlloop.Recall(*s.Recalled); recalled.Kept() != nil {
			line.record += fmt.Sprintf(`,"learned":%q`, base64.StdEncoding.EncodeToString(recalled.Kept()))
		}
	case s.Answers != j.last.Answers && s.Heard == controlloop.VerdictOK:
		line.at, line.record = s.State.Reading.At, fmt.Sprintf(`"temperature":%v`, s.State.Reading.Celsius)
	case s.Answers != j.last.Answers:
		line.at, line.record = s.Answered, fmt.Sprintf(`"verdict":%q`, s.Heard)
	case s.Setpoint.Serial != j.last.Setpoint.Serial:
		line.at, line.record = s.Setpoint.At, setpointRecord(s.Target.Control)
	}
	began := j.last.Time.IsZero()
	news := began || report.NewTarget(j.last.Target, s.Target)
	j.last = s
	if line.record != "" {
		j.lines, j.final = append(j.lines, line), s.State
	}
	if news {
		line.at, line.record = s.Time, targetRecord(report.TargetOf(s))
		j.lines, j.final = append(j.lines, line), s.State
	}
}

// setpointRecord is what the answer to a control makes of it.
func setpointRecord(sp controlloop.Setpoint) string {
	record := fmt.Sprintf(`"mode":%q,"up_delta":%v,"down_delta":%v`, sp.Mode, sp.UpDelta, sp.DownDelta)
	if !math.IsNaN(sp.Desired) {
		record += fmt.Sprintf(`,"desired":%v`, sp.Desired)
	}
	return record
}

// targetRecord is what the log's reader makes of a target.
func targetRecord(t report.Target) string {
	record := fmt.Sprintf(`"target":%q,"mode":%q,"up_delta":%v,"down_delta":%v`, *t.Target, *t.Mode, *t.UpDelta, *t.DownDelta)
	if t.Desired != nil {
		record += fmt.Sprintf(`,"desired":%v`, *t.Desired)
	}
	if t.Bar {
		record += `,"bar":true`
	}
	if t.Next != nil && t.Next.Desired != nil {
		record += fmt.Sprintf(`,"auto":%v,"ahead":%v,"next":{"at":%q,"desired":%v}`, t.Auto, t.Ahead, t.Next.At.Format(time.RFC3339Nano), *t.Next.Desired)
	}
	return record
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
// very instants of ticks, bad ones, gaps, changes of setpoint, six starts.
func TestReplayRepeatsALiveZone(t *testing.T) {
	cfg := readLive(t, liveConfig)
	for seed := range uint64(4) {
		j := liveZone(t, cfg, seed)
		compareReplay(t, replay.New(cfg), j.lines)
		compareReplay(t, replay.New(cfg), without(j.lines, "target"))
	}
}

// TestReplayRepeatsAZoneThatFollowsAProgram: by the targets in its log, with the answers
// to controls and without; and with --plan by its configuration. The week changes the
// target every few minutes, mostly between two readings, and holds end by it.
func TestReplayRepeatsAZoneThatFollowsAProgram(t *testing.T) {
	cfg := readLive(t, strings.Replace(liveConfig, "default_setpoint: {mode: heat, desired: 20}", "preheat: off\n    program: "+busyWeek(), 1))
	none := cfg
	none.Zones = slices.Clone(cfg.Zones)
	none.Zones[0].Comfort.Week, none.Zones[0].Default = program.Week{}, controlloop.Setpoint{}
	for seed := range uint64(2) {
		j := liveZone(t, cfg, seed)
		compareReplay(t, replay.New(cfg), j.lines)
		compareReplay(t, replay.New(none), without(j.lines, "mode")) // no controls and no configured program
		plan := replay.New(cfg)
		plan.Plan = true
		compareReplay(t, plan, j.lines)
		compareReplay(t, replay.New(cfg), without(j.lines, "target"))

		if between := j.turnRound(); between < 10 {
			t.Errorf("the target changed only %d times between two records: this shows nothing", between)
		}
		compareReplay(t, replay.New(cfg), j.lines)
	}
}

// turnRound puts each target that came with a record before it, as a log may have them. It
// tells how many came between two.
func (j *journalOf) turnRound() (between int) {
	for i := 1; i < len(j.lines); i++ {
		switch l, before := j.lines[i], j.lines[i-1]; {
		case !l.is("target"):
		case l.at.Equal(before.at):
			j.lines[i], j.lines[i-1] = before, l
		default:
			between++
		}
	}
	return between
}

// TestReplayRepeatsAZoneThatLooksAfterItself: its targets come from preheating, frost
// protection and a window that a contact tells of, too. By the targets in its log alone
// each decision is the same, be frost, window and program configured where it is replayed
// or not.
func TestReplayRepeatsAZoneThatLooksAfterItself(t *testing.T) {
	cfg := readLive(t, strings.Replace(liveConfig, "default_setpoint: {mode: heat, desired: 20}", `frost: {below: 12, rise: 1, in_off: true}
    window: {delay: 3s, close_delay: 5s, contact: {driver: mqtt, topic: w, open: "false"}}
    program: `+busyWeek(), 1))
	none := cfg
	none.Zones = slices.Clone(cfg.Zones)
	none.Zones[0].Comfort, none.Zones[0].Default = comfort.Plan{}, controlloop.Setpoint{}
	for seed := range uint64(2) {
		j := liveZone(t, cfg, seed)
		compareReplay(t, replay.New(cfg), j.lines)
		compareReplay(t, replay.New(cfg), without(j.lines, "mode"))
		compareReplay(t, replay.New(none), without(j.lines, "mode"))
		j.turnRound()
		compareReplay(t, replay.New(none), without(j.lines, "mode"))
		for _, why := range []string{comfort.Preheating, comfort.Frosty, comfort.WindowOpen} {
			n := 0
			for _, l := range j.lines {
				if strings.Contains(l.record, `"target":"`+why+`"`) {
					n++
				}
			}
			if t.Logf("%d targets by %s", n, why); n < 10 {
				t.Errorf("only %d targets by %s: this shows nothing", n, why)
			}
		}
	}
}

func without(lines []logLine, what string) []logLine {
	return slices.DeleteFunc(slices.Clone(lines), func(l logLine) bool { return l.is(what) })
}

// busyWeek has ten transitions a day, of every kind, in the hours of the day in which a
// live zone runs.
func busyWeek() string {
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprintf("%02d:%02d %s", i*17/60, i*17%60, []string{"20", "18.5", "off", "21.25", "19"}[i%5]))
	}
	return strings.Join(all, ", ")
}

func readLive(t *testing.T, text string) config.Config {
	t.Helper()
	cfg, complaints := config.Read("live", []byte(text))
	if len(complaints) > 0 {
		t.Fatal(complaints)
	}
	return cfg
}

// liveZone is the log of a zone over six lives, two of them a day where it has a program.
func liveZone(t *testing.T, cfg config.Config, seed uint64) *journalOf {
	j := &journalOf{id: 7}
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 7))
		sp := comfort.Begin(cfg.Zones[0].Default)
		for life := range 6 {
			sp = liveLife(t, cfg.Zones[0], random, j, sp, uint64(life))
			if cfg.Zones[0].Comfort.HasProgram() && life%2 == 1 {
				day := 24 * time.Hour
				time.Sleep(day - time.Since(time.Now().Truncate(day)))
			}
			time.Sleep(time.Duration(random.Int64N(int64(20 * time.Second))))
		}
	})
	return j
}

// liveLife runs a zone for a sixth of the readings and gives the last setpoint that it obeyed.
func liveLife(t *testing.T, z config.Zone, random *rand.Rand, j *journalOf, sp controlloop.Setpoint, life uint64) controlloop.Setpoint {
	sensor := arrivals{make(chan float64)}
	var contact atomic.Uint32 // of its windows
	var memory comfort.Memory
	busy := rand.New(rand.NewPCG(life, random.Uint64()))
	j.last = controlloop.Snapshot{}
	zone := &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params, Sensor: sensor, Heater: anyRelay{}, Cooler: anyRelay{},
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Plan: func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
			target := z.Comfort.Target(said, look.Now, comfort.Clock{Trusted: true})
			memory, target = comfort.Windows(&z.Comfort, memory, target, look, controlloop.Position(contact.Load()))
			memory, target = comfort.Preheat(&z.Comfort, memory, target, look)
			memory, target = comfort.Protect(&z.Comfort, memory, target, look)
			return target
		},
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
	for i := range 1667 {
		synctest.Wait()
		celsius = min(max(celsius+random.Float64()*1.2-0.6, 16), 24)
		if comfort.Protects(&z.Comfort) {
			celsius = throughTheHouse(random, celsius, &contact)
		}
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
			sp.Accepted = time.Time{}
			sp.Mode = []controlloop.Mode{controlloop.ModeHeat, controlloop.ModeCool, controlloop.ModeHeatCool, controlloop.ModeOff}[random.IntN(4)]
			sp.Desired = 18 + float64(random.IntN(8))/2
			if z.Comfort.HasProgram() && random.IntN(4) > 0 { // most of the time the program chooses, or a hold
				sp.Mode = controlloop.ModeAuto
				if random.IntN(2) == 0 {
					sp.Desired = math.NaN()
				}
			}
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
	obeyed := j.last.Target.Control // the last word may have come too late
	if obeyed.Accepted.IsZero() {
		obeyed.Accepted = obeyed.At
	}
	return obeyed
}

// TestReplayRepeatsAZoneThatLooksAhead: a room that warms and cools, a program, and two starts, of which the
// second knows what the first has learned. Most switches are the model's own.
func TestReplayRepeatsAZoneThatLooksAhead(t *testing.T) {
	cfg := readLive(t, strings.NewReplacer(
		"default_setpoint: {mode: heat, desired: 20}", "starts_per_day: 200\n    program: "+busyWeek(),
		"    cooler: {driver: mqtt, topic: z}\n", "", "max_on: 60s, ", "", "    on_sensor_loss: {action: duty, percent: 30, period: 1m, for: 5m}\n", "",
	).Replace(liveConfig))
	none := cfg
	none.Zones = slices.Clone(cfg.Zones)
	none.Zones[0].Comfort, none.Zones[0].Default = comfort.Plan{}, controlloop.Setpoint{}
	j := &journalOf{id: 7}
	synctest.Test(t, func(t *testing.T) {
		known := liveInARoom(t, cfg.Zones[0], j, foresee.Known{}, 16_000)
		if !known.Trusted {
			t.Errorf("after the first life the room is not known: %+v", known)
		}
		time.Sleep(5 * time.Second)
		liveInARoom(t, cfg.Zones[0], j, known, 6_000)
	})
	own := 0
	for _, l := range j.lines {
		switch controlloop.Reason(l.reason) {
		case controlloop.ReasonTooColdSoon, controlloop.ReasonWarmEnough, controlloop.ReasonSetbackSoon:
			own++
		}
	}
	if own < 100 {
		t.Errorf("only %d decisions are the model's", own)
	}
	compareReplay(t, replay.New(none), j.lines)
	j.turnRound()
	compareReplay(t, replay.New(none), j.lines)
	for i, l := range j.lines { // without what was known the second life is another one
		j.lines[i].record, _, _ = strings.Cut(l.record, `,"learned"`)
	}
	if differ, _ := differences(t, replay.New(none), j.lines); len(differ) == 0 {
		t.Error("what was learned makes no difference: this shows nothing")
	}
}

// liveInARoom runs a zone in a room of its own for so many readings, and gives what it has learned.
func liveInARoom(t *testing.T, z config.Zone, j *journalOf, known foresee.Known, readings int) foresee.Known {
	sensor := arrivals{make(chan float64)}
	var memory comfort.Memory
	var on atomic.Bool
	j.last = controlloop.Snapshot{}
	zone := &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params, Sensor: sensor, Heater: anyRelay{},
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Plan: func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
			target := z.Comfort.Target(said, look.Now, comfort.Clock{Trusted: true})
			memory, target = comfort.Windows(&z.Comfort, memory, target, look, controlloop.WindowUnknown)
			memory, target = comfort.Preheat(&z.Comfort, memory, target, look)
			return target
		},
		Observe: func(s controlloop.Snapshot) { j.saw(s); on.Store(s.State.Heater.On) },
		Past:    controlloop.Past{Room: known},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- zone.Run(ctx, comfort.Begin(z.Default)) }()
	random := rand.New(rand.NewPCG(3, uint64(readings)))
	celsius, emits := 19.0, 0.0
	for range readings {
		synctest.Wait()
		pause := time.Duration(random.Int64N(int64(3 * time.Second)))
		time.Sleep(pause)
		synctest.Wait()
		u := 0.0
		if on.Load() {
			u = 1
		}
		emits += (u - emits) * pause.Minutes() / 2
		celsius += (120*emits - 4*(celsius-5)) * pause.Hours()
		sensor.c <- math.Round(celsius*64) / 64
	}
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return zone.Foresight().Known()
}

// throughTheHouse turns the contact of the windows now and then, and gives a reading that may
// be one of the frost.
func throughTheHouse(random *rand.Rand, celsius float64, contact *atomic.Uint32) float64 {
	switch random.IntN(40) {
	case 0:
		contact.Store(uint32(controlloop.WindowOpen))
	case 1, 2, 3, 4:
		contact.Store(uint32(controlloop.WindowClosed))
	case 5:
		contact.Store(uint32(controlloop.WindowUnknown))
	case 6, 7:
		return 11 + 3*random.Float64()
	}
	return celsius
}

// compareReplay replays a log, and complains of what differs.
func compareReplay(t *testing.T, operator *replay.Operator, lines []logLine) {
	t.Helper()
	differences, switches := differences(t, operator, lines)
	for _, d := range differences[:min(5, len(differences))] {
		t.Error(d)
	}
	t.Logf("%d records, %d switches, %d differences", len(lines), switches, len(differences))
	if switches < 200 {
		t.Errorf("only %d switches: this shows nothing", switches)
	}
}

// differences replays a log. Of the lines of one moment the last has the whole decision.
func differences(t *testing.T, operator *replay.Operator, lines []logLine) (all []string, switches int) {
	t.Helper()
	var in, out bytes.Buffer
	for _, l := range lines {
		fmt.Fprintf(&in, `{"time":%q,"sensor_id":7,%s}`+"\n", l.at.UTC().Format(time.RFC3339Nano), l.record)
	}
	if err := operator.Run(&in, &out); err != nil {
		t.Fatal(err)
	}
	for i, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var d replay.Decision
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		l := lines[i]
		if d.Changed {
			switches++
		}
		if i+1 < len(lines) && lines[i+1].at.Equal(l.at) {
			continue
		}
		if d.Heater != cli.OnOff(l.heater) || d.Cooler != cli.OnOff(l.cooler) || d.Action != l.action || string(d.Reason) != l.reason {
			all = append(all, fmt.Sprintf("record %d, %s at %v: live %s (%s), replayed %s", i, l.record, l.at, l.action, l.reason, text))
		}
	}
	return all, switches
}
