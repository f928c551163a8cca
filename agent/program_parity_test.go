package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/replay"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/report"
)

// weekConfig is a room that follows a week, and one that is cooled as well.
const weekConfig = `device: a
timezone: Europe/Berlin
presets: {comfort: 21, eco: 18, sleep: 17, away: 14, boost: 23}
zones:
  - name: living
    sensor_id: 7
    sensor: {driver: simulated, model: panel, outdoor: 2, outdoor_swing: 8, seed: 4}
    heater: {driver: simulated}
    program: "mon-fri 06:00 comfort, 08:30 eco, 16:30 comfort, 22:30 sleep; sat 08:00 comfort, 23:00 off; sun 09:00 20.5, 23:00 sleep"
    timing: {sample: 30s, stale_after: 5m}
  - name: office
    sensor_id: 8
    sensor: {driver: simulated, model: panel, outdoor: 22, outdoor_swing: 12, sun: 400, seed: 9}
    heater: {driver: simulated}
    cooler: {driver: simulated}
    program_mode: heat_cool
    default_setpoint: {mode: auto, desired: 21, up_delta: 0.6, down_delta: 0.6}
    program: "mon-fri 07:11 comfort, 12:00 22.5, 13:00 comfort, 18:00 off; sat,sun 10:00 eco"
    timing: {sample: 30s, stale_after: 5m, min_off: 2m, changeover: 10m}
`

// handsOfTheWeek are a hold until the next transition, a boost over it and one over the
// program, away for a day and a half, a temperature for ever, and auto again.
func handsOfTheWeek(t *testing.T, law controlloop.Params) []act {
	clock := comfort.Clock{Trusted: true}
	must := func(sp controlloop.Setpoint, err error) controlloop.Setpoint {
		if err != nil {
			t.Error(err)
		}
		return sp
	}
	desire := func(celsius float64) func(*comfort.Plan, controlloop.Setpoint, time.Time) controlloop.Setpoint {
		return func(p *comfort.Plan, said controlloop.Setpoint, now time.Time) controlloop.Setpoint {
			return p.Desire(said, celsius, now, clock)
		}
	}
	boost := func(p *comfort.Plan, said controlloop.Setpoint, now time.Time) controlloop.Setpoint {
		return must(p.Boost(said, 45*time.Minute, now, clock, law))
	}
	choose := func(mode controlloop.Mode) func(*comfort.Plan, controlloop.Setpoint, time.Time) controlloop.Setpoint {
		return func(p *comfort.Plan, said controlloop.Setpoint, now time.Time) controlloop.Setpoint {
			return p.Choose(said, mode, now, clock)
		}
	}
	const day = 24 * time.Hour
	return []act{
		{9*time.Hour + 10*time.Minute, desire(22)},
		{10 * time.Hour, boost},
		{2*day + 11*time.Hour, boost},
		{3*day + 12*time.Hour + 30*time.Second, func(p *comfort.Plan, said controlloop.Setpoint, now time.Time) controlloop.Setpoint {
			away := must(p.Prefer(said, comfort.Away, now, clock))
			away.Until, away.For = now.Add(36*time.Hour).Round(0), 0
			return away
		}},
		{5*day + 11*time.Hour, choose(controlloop.ModeHeat)},
		{5*day + 12*time.Hour, desire(19.5)},
		{5*day + 14*time.Hour, choose(controlloop.ModeAuto)},
	}
}

// weekLog is what a log of the week holds: readings, and what was aimed at from a tick on.
type weekLog struct {
	lines []logLine
	last  controlloop.Snapshot
	whys  map[string]int
}

func (l *weekLog) saw(s controlloop.Snapshot) {
	put := func(at time.Time, record string) {
		l.lines = append(l.lines, logLine{at, record, s.State.Heater.On, s.State.Cooler.On, s.State.Action.String(), string(s.State.Reason)})
	}
	first := l.last.Time.IsZero()
	if first {
		put(s.Began, `"verdict":"no_reading"`)
	}
	if sp := s.Setpoint; first || !report.SameTarget(s.Target, l.last.Target) {
		desired := fmt.Sprintf(`"desired":%v,`, sp.Desired)
		if math.IsNaN(sp.Desired) {
			desired = ""
		}
		put(s.Time, fmt.Sprintf(`%s"up_delta":%v,"down_delta":%v,"mode":%q`, desired, sp.UpDelta, sp.DownDelta, sp.Mode))
	}
	switch {
	case s.Answers == l.last.Answers:
	case s.Heard == controlloop.VerdictOK:
		put(s.Answered, fmt.Sprintf(`"temperature":%v`, s.State.Reading.Celsius))
	default:
		put(s.Answered, fmt.Sprintf(`"verdict":%q`, s.Heard))
	}
	l.whys[s.Target.Why]++
	l.last = s
}

// TestAWeekIsDecidedAlikeLiveSimulatedAndReplayed: a program in auto, with holds, boosts
// and a manual temperature in it. Live with goroutines and tickers, stepped as simulate
// does, and decided again from the log of the live one.
func TestAWeekIsDecidedAlikeLiveSimulatedAndReplayed(t *testing.T) {
	cfg, complaints := config.Read("week", []byte(weekConfig))
	if len(complaints) > 0 {
		t.Fatal(complaints)
	}
	const week = 7 * 24 * time.Hour
	for _, z := range cfg.Zones {
		t.Run(z.Name, func(t *testing.T) {
			acts := handsOfTheWeek(t, z.Params)
			preheated := &weekLog{whys: map[string]int{}}
			compareDecisions(t, z.Name, live(t, z, week, acts, preheated.saw), stepped(z, week, acts))
			if preheated.whys[comfort.Preheating] == 0 {
				t.Error("the week never preheats")
			}
			z.Comfort.Warming, z.Params.Law = comfort.Warming{}, controlloop.LawHysteresis // of which no answer to a control tells
			l := &weekLog{whys: map[string]int{}}
			was := live(t, z, week, acts, l.saw)
			compareDecisions(t, z.Name, was, stepped(z, week, acts))
			plain := cfg
			plain.Zones = []config.Zone{z}
			replayWeek(t, plain, z.SensorID, l.lines)
			t.Log(l.whys)
			for _, why := range []string{comfort.Program, comfort.Held, comfort.Boost, comfort.Away, comfort.Manual} {
				if l.whys[why] == 0 {
					t.Errorf("nothing was aimed at by %s: the week shows too little", why)
				}
			}
		})
	}
}

// replayWeek holds what replay decides on each reading against what was decided live.
func replayWeek(t *testing.T, cfg config.Config, id int32, lines []logLine) {
	var in, out bytes.Buffer
	for _, l := range lines {
		fmt.Fprintf(&in, `{"time":%q,"sensor_id":%d,%s}`+"\n", l.at.UTC().Format(time.RFC3339Nano), id, l.record)
	}
	if err := replay.New(cfg).Run(&in, &out); err != nil {
		bad, _, _ := strings.Cut(out.String()[max(0, strings.Index(out.String(), `{"error"`)):], "\n")
		t.Fatal(err, bad)
	}
	differ := 0
	for i, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var d replay.Decision
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		l := lines[i]
		if i+1 < len(lines) && lines[i+1].at.Equal(l.at) { // what follows at the same time belongs to the same decision
			continue
		}
		if d.Heater != cli.OnOff(l.heater) || d.Cooler != cli.OnOff(l.cooler) || d.Action != l.action || string(d.Reason) != l.reason {
			if differ++; differ < 5 {
				t.Errorf("record %d, %s at %v: live %s (%s), replayed %s", i, l.record, l.at, l.action, l.reason, text)
			}
		}
	}
	t.Logf("%d records, %d decided otherwise", len(lines), differ)
}
