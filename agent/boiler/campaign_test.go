package boiler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"thermostat/agent/config/sources"
	"thermostat/agent/state"
	"thermostat/controlloop"
	physics "thermostat/house"
	"thermostat/house/water"
)

// tick is the time of every zone of the campaign, and of its judge.
const tick = 5 * time.Second

// site is a house of four rooms with a boiler, in virtual time, and
// the judge of its wires.
type site struct {
	climate
	rng   *rand.Rand
	now   time.Time
	loop  *water.Loop
	walls []*physics.Physical
	b     *Boiler
	zones []*place
	kept  state.KeptSource

	boiler, pump line
	offSince     time.Time // of the boiler's contact; zero: it has not been on
	onSince      time.Time
	called       time.Time // when a zone that ticks last called
	starts       int
	seen         map[string]int
}

// place is one room: its zone, what it is told, and what is wrong with it.
type place struct {
	*controlloop.Stepper
	zone     *controlloop.Zone
	valve    line
	room     *physics.Physical
	desired  float64
	delta    float64
	off      bool
	window   bool
	lost     bool
	lies     bool // the sensor says that it is on fire
	hangs    bool
	read     time.Time // the last good reading
	lastTick time.Time
	now      *time.Time
}

// line is a wire and what is wrong with its relay.
type line struct {
	on   bool
	deaf bool // it does not move, and says so
}

func (l *line) Set(on bool) error {
	if l.deaf && on != l.on {
		return errors.New("it does not move")
	}
	l.on = on
	return nil
}

func (p *place) Read(context.Context) (controlloop.Reading, error) {
	switch {
	case p.lost:
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictError, Err: errors.New("lost")}
	case p.lies:
		return controlloop.Temperature(40, *p.now), nil
	}
	p.read = *p.now
	return controlloop.Temperature(p.room.Sensed(), *p.now), nil
}

func (p *place) setpoint() controlloop.Setpoint {
	if p.off {
		return controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: 20, UpDelta: p.delta, DownDelta: p.delta}
	}
	return controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: p.desired, UpDelta: p.delta, DownDelta: p.delta}
}

// climate is what the house lives in, and how closely it is held.
type climate struct {
	cold, mild float64 // °C outdoors, of which each house has one
	delta      float64 // K, of every room
}

// newSite makes the house, each room a bit different.
func newSite(seed uint64, c climate, change func(*sources.Source)) *site {
	s := &site{climate: c, rng: rand.New(rand.NewPCG(seed, 25)), now: time.Now(), seen: map[string]int{}}
	for i := range 4 {
		p, _ := physics.Preset("radiator")
		p.MassCapacity *= 0.6 + 0.3*float64(i)
		p.AirToOutdoor *= 0.8 + 0.15*float64(i)
		p.Outdoor, p.Start = c.cold+s.rng.Float64()*(c.mild-c.cold), 19.5
		s.walls = append(s.walls, physics.NewPhysical(p))
	}
	s.loop = water.New(water.Default(), s.walls...)
	s.begin(change)
	return s
}

// begin starts the agent: relays off, and what was kept is known.
func (s *site) begin(change func(*sources.Source)) {
	src := sources.Usual()
	src.Name, src.Exercise, src.Law.Pump = "boiler", sources.Exercise{}, true
	if change != nil {
		change(&src)
	}
	boot := state.ThisBoot()
	s.b = &Boiler{
		Source: src, Switch: &s.boiler, Pump: &s.pump, Log: slog.New(slog.DiscardHandler),
		Boot: boot, Past: s.kept.Copy(), Keep: func(k state.KeptSource) { s.kept = k },
	}
	before := s.zones
	s.zones = nil
	for i := range 4 {
		p := &place{room: s.walls[i], now: &s.now, read: s.now, desired: 19 + float64(i)*0.7, delta: s.delta, lastTick: s.now}
		if before != nil {
			p.valve, p.off, p.window, p.lost, p.desired = before[i].valve, before[i].off, before[i].window, before[i].lost, before[i].desired
		}
		law := law()
		law.MaxRate = 1e5
		p.zone = &controlloop.Zone{
			Name: fmt.Sprint("room", i), Params: law, Sensor: p, Heater: &p.valve, Alarms: controlloop.NewAlarms(),
			Plan: func(controlloop.Setpoint, controlloop.Look) controlloop.Target {
				return controlloop.Target{Setpoint: p.setpoint(), Control: p.setpoint(), Bar: p.window}
			},
		}
		c := s.b.Add(p.zone, false)
		p.zone.Observe = c.Saw
		s.zones = append(s.zones, p)
	}
	s.b.Begin(s.now)
	for _, p := range s.zones {
		p.Stepper = controlloop.NewStepper(p.zone, p.setpoint(), s.now)
	}
}

// live lets one sample pass: the house, the zones that do not hang, the source.
func (s *site) live() string {
	s.now = s.now.Add(tick)
	s.loop.Call(s.boiler.on)
	s.loop.Pump(s.pump.on)
	for i, p := range s.zones {
		s.loop.Valve(i, p.valve.on)
	}
	s.loop.Advance(tick)
	s.b.Step(s.now)
	for _, p := range s.zones {
		if !p.hangs {
			p.lastTick = s.now
			p.Tick(s.now)
			s.b.Step(s.now)
		}
	}
	return s.judge()
}

// judge holds the wires against the promises.
func (s *site) judge() string {
	s.seen[string(s.b.state.Reason)]++
	if s.boiler.on && s.onSince.IsZero() {
		gap := s.now.Sub(s.offSince)
		if s.onSince = s.now; !s.offSince.IsZero() && gap < s.b.Law.MinOff {
			return fmt.Sprintf("on again after %v", gap)
		}
		s.starts++
	}
	if !s.boiler.on && !s.onSince.IsZero() {
		s.offSince, s.onSince = s.now, time.Time{}
	}
	ways, calls := 0, 0
	for i, p := range s.zones {
		st := p.State()
		if p.valve.on {
			ways++
		}
		if !p.hangs && st.Call.On && p.valve.on && !p.window {
			calls++
		}
		switch promise := p.zone.Params.StaleAfter + 2*tick; {
		case p.valve.deaf:
		case !p.hangs && p.valve.on && s.now.Sub(p.read) > promise:
			return fmt.Sprintf("room %d: its valve is open %v after the last reading", i, s.now.Sub(p.read))
		case !p.hangs && p.valve.on && (p.off || p.lies):
			return fmt.Sprintf("room %d: its valve is open in mode off or past its cut-out", i)
		case p.hangs && s.boiler.on && !s.boiler.deaf && s.now.Sub(p.lastTick) > promise+tick:
			return fmt.Sprintf("the boiler is on though room %d hangs for %v", i, s.now.Sub(p.lastTick))
		}
	}
	if calls > 0 {
		s.called = s.now
	}
	switch {
	case s.boiler.deaf || s.pump.deaf:
	case s.boiler.on && ways == 0:
		return "boiler against shut valves"
	case s.pump.on && ways == 0:
		return "pump against shut valves"
	case s.boiler.on && !s.pump.on:
		return "boiler without its pump"
	case s.boiler.on && s.now.Sub(s.called) > s.b.Law.MinOn+5*tick:
		return fmt.Sprintf("boiler on %v after the last call", s.now.Sub(s.called))
	}
	return ""
}

// faults are what can go wrong, each for a time, and what mends it.
var faults = map[string]func(s *site, p *place, on bool){
	"sensor lost":      func(_ *site, p *place, on bool) { p.lost = on },
	"sensor lies":      func(_ *site, p *place, on bool) { p.lies = on },
	"zone hangs":       func(_ *site, p *place, on bool) { p.hangs = on },
	"window":           func(_ *site, p *place, on bool) { p.window = on },
	"mode off":         func(_ *site, p *place, on bool) { p.off = on },
	"valve is deaf":    func(_ *site, p *place, on bool) { p.valve.deaf = on },
	"boiler is deaf":   func(s *site, _ *place, on bool) { s.boiler.deaf = on },
	"pump is deaf":     func(s *site, _ *place, on bool) { s.pump.deaf = on },
	"agent is killed":  func(s *site, _ *place, on bool) { s.kill(on) },
	"restart in order": func(s *site, _ *place, on bool) { s.restart(on) },
}

// kill ends the agent as SIGKILL does: the kernel lets go of every line, and it begins anew.
func (s *site) kill(on bool) {
	if !on || s.boiler.deaf || s.pump.deaf || slices.ContainsFunc(s.zones, func(p *place) bool { return p.valve.deaf }) {
		return
	}
	if s.boiler.on {
		s.offSince, s.onSince = s.now, time.Time{}
	}
	s.boiler.on, s.pump.on = false, false
	for _, p := range s.zones {
		p.valve.on = false
	}
	s.begin(nil)
}

// restart ends it in order.
func (s *site) restart(on bool) {
	if !on || s.boiler.deaf || s.pump.deaf {
		return
	}
	if s.boiler.on {
		s.offSince, s.onSince = s.now, time.Time{}
	}
	_ = s.b.stop(s.now)
	s.kill(true)
}

// TestNoPairOfFaultsHeatsLongerThanPromised: random pairs of faults in the four-room house, each
// for up to six hours of a day; the wires' judge looks every 5 s.
func TestNoPairOfFaultsHeatsLongerThanPromised(t *testing.T) {
	days := 20
	switch {
	case os.Getenv("THERMOSTAT_CI") != "":
		days = 100
	case testing.Short():
		days = 5
	}
	if asked, err := strconv.Atoi(os.Getenv("DAYS")); err == nil {
		days = asked // 2,000 take 11 minutes
	}
	names := make([]string, 0, len(faults))
	for name := range faults {
		names = append(names, name)
	}
	slices.Sort(names)
	seen, starts := map[string]int{}, 0
	for seed := range uint64(days) {
		s := newSite(seed, climate{-7, 13, 0.3}, nil)
		type plan struct {
			name       string
			room       int
			from, upto int
		}
		var pair []plan
		for range 2 {
			from := s.rng.IntN(14000)
			pair = append(pair, plan{names[s.rng.IntN(len(names))], s.rng.IntN(4), from, from + 1 + s.rng.IntN(4320)})
		}
		for k := range 17280 {
			for _, f := range pair {
				if k == f.from || k == f.upto {
					faults[f.name](s, s.zones[f.room], k == f.from)
				}
			}
			if complaint := s.live(); complaint != "" {
				t.Fatalf("day %d, %v after midnight, %+v: %s\n%+v", seed, time.Duration(k)*tick, pair, complaint, s.b.state)
			}
		}
		starts += s.starts
		for reason, n := range s.seen {
			seen[reason] += n
		}
	}
	t.Logf("%d days, %d starts: %v", days, starts, seen)
	if seen["demand"] == 0 || seen["overrun"] == 0 || starts < days {
		t.Errorf("the days show little: %v", seen)
	}
}
