package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/drivers/correction"
	"thermostat/drivers/simulated"
	"thermostat/house"
	"thermostat/house/climate"
	"thermostat/house/figures"
)

// outcome is what came of a run.
type outcome struct {
	figures        figures.Figures
	strip          *house.Strip // nil where no picture is asked for
	faults         faultLog
	heater, cooler float64 // W; NaN where not known
	given          float64 // kWh, by the water of a source
	held           held
	arrived        *figures.Punctuality // nil where the zone follows no program
	errors         figures.Errors       // of the peaks and troughs that the law foresaw
}

// energy is what heated and cooled the room, kWh; NaN where that is not known.
func (o *outcome) energy() float64 { return o.figures.Energy(o.heater, o.cooler) + o.given }

// held is what a recording, or the program, asked the zone to hold.
type held struct {
	last            controlloop.Setpoint // the newest with a mode that heats or cools
	lowest, highest float64              // °C
}

func (h *held) saw(sp controlloop.Setpoint) {
	if sp.Mode <= controlloop.ModeOff {
		return
	}
	if h.last.Mode == controlloop.ModeNone {
		h.lowest, h.highest = sp.Desired, sp.Desired
	}
	h.last, h.lowest, h.highest = sp, min(h.lowest, sp.Desired), max(h.highest, sp.Desired)
}

// asked is the setpoint that counted, the last of several, and its temperatures in words.
func (s *Simulation) asked() (sp controlloop.Setpoint, desired string) {
	h := s.outcome.held
	switch {
	case h.last.Mode == controlloop.ModeNone:
		return s.Zone.Default, fmt.Sprint(s.Zone.Default.Desired)
	case h.lowest < h.highest:
		return h.last, fmt.Sprintf("%v..%v", h.lowest, h.highest)
	}
	return h.last, fmt.Sprint(h.lowest)
}

// faultLog notes which faults stood, and for how long.
type faultLog struct {
	names  []string // by bit
	times  []int
	lasted []time.Duration
	last   uint64
}

// bits are the faults that stand now.
func (l *faultLog) bits(s *controlloop.Stepper) uint64 {
	var set uint64
	s.Faults(func(f controlloop.Fault) { set |= 1 << l.bit(string(f.Name)) })
	return set
}

func (l *faultLog) bit(name string) int {
	for i, n := range l.names {
		if n == name {
			return i
		}
	}
	l.names, l.times, l.lasted = append(l.names, name), append(l.times, 0), append(l.lasted, 0)
	return len(l.names) - 1
}

func (l *faultLog) add(set uint64, span time.Duration) {
	if set|l.last == 0 {
		return
	}
	for i := range l.names {
		stands, stood := set>>i&1 == 1, l.last>>i&1 == 1
		if stands && !stood {
			l.times[i]++
		}
		if stood {
			l.lasted[i] += span
		}
	}
	l.last = set
}

// lookAfter is after how many samples a run asks whether it shall go on.
const lookAfter = 4096

// Virtual is a run while it runs: the zone, its room and their time. The clock
// has a monotonic reading, as that of the agent; what is written down is the
// calendar's time.
type Virtual struct {
	*Simulation
	Base, Now time.Time
	room      *simulated.Room
	Stepper   *controlloop.Stepper
	present   controlloop.Setpoint // while somebody is there
	absent    controlloop.Setpoint // while nobody is
	target    controlloop.Setpoint // of the program, where the zone follows one
	aimed     controlloop.Target   // by program and holds, at the last step
	memory    comfort.Memory       // of the zone's comfort
	there     bool                 // somebody is
	broken    []simulatedFault     // what is still to come
	moment    house.Moment
	tally     *figures.Tally
	arrivals  *arrivals // at the transitions of a program; nil: the zone follows none
	season    *climate.Season
	changes   time.Duration          // when the season next does
	foresight *controlloop.Foresight // what the zone has learned
	turns     figures.Turns
	settled   bool    // the figures count
	before    float64 // J, that the water had given until then
}

// run lives through the whole time.
func (s *Simulation) run(ctx context.Context, bar *progress) error {
	v := s.Begin()
	sample := s.Zone.Params.Sample
	span := v.RoomTime(sample)
	samples := int(s.Total / span)
	for k := 0; k <= samples; k++ {
		if k%lookAfter == lookAfter-1 {
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			bar.add(lookAfter * span)
		}
		v.Now = v.Base.Add(time.Duration(k) * sample)
		v.Step(time.Duration(k)*span, min(time.Duration(k), 1)*span)
	}
	v.end()
	return nil
}

// end takes the figures.
func (v *Virtual) end() {
	v.outcome.figures, v.outcome.errors = v.tally.Figures(), v.turns.Errors
	if v.arrivals != nil {
		arrived := v.arrivals.Punctuality()
		v.outcome.arrived = &arrived
	}
}

// Begin makes zone and room as run and demo would, in the time of the run.
func (s *Simulation) Begin() *Virtual {
	v := s.virtual(time.Now())
	v.room = s.makeRoom(func() time.Time { return v.Now })
	v.begin(v.wire())
	return v
}

// virtual is the run of a zone that has no room yet, from then on.
func (s *Simulation) virtual(base time.Time) *Virtual {
	return &Virtual{Simulation: s, Base: base, Now: base, tally: figures.NewTally(s.comfort)}
}

// begin lets the zone, wired to its room, take its first step.
func (v *Virtual) begin(z *controlloop.Zone) {
	s := v.Simulation
	if s.weather != nil {
		v.room.Follow(s.weather)
	}
	v.present, v.absent = comfort.Begin(s.Zone.Default), comfort.Begin(s.Zone.Default)
	if !math.IsNaN(s.away) {
		v.absent.Desired = s.away
	}
	if s.climate != nil {
		v.season = climate.New(*s.climate, s.seed+s.nth)
	}
	v.broken, v.there, v.foresight = s.faults, s.isThere(0), z.Foresight()
	v.Stepper = controlloop.NewStepper(z, v.setpoint(), v.Now)
	s.outcome = outcome{}
	s.outcome.heater, s.outcome.cooler = v.room.Power()
	if s.plot {
		s.outcome.strip = house.NewStrip(s.Total, house.Columns)
	}
	if s.programmed() {
		v.arrivals = &arrivals{mode: s.Zone.Comfort.Mode}
	}
}

// seeded is the room with the noise of its run.
func (s *Simulation) seeded() simulated.Spec {
	room := s.Room
	room.Seed += s.nth
	return room
}

func (s *Simulation) makeRoom(clock func() time.Time) *simulated.Room {
	spec := s.seeded()
	room := simulated.NewRoomAt(spec, clock)
	if s.params != nil {
		room = simulated.NewRoomOf(house.NewPhysical(*s.params), spec, clock)
	}
	return room
}

// wire makes the zone of the configuration with the devices of its simulated room.
func (v *Virtual) wire() *controlloop.Zone {
	s, room := v.Simulation, v.room
	z := &controlloop.Zone{Name: s.Zone.Name, SensorID: s.Zone.SensorID, Params: s.Zone.Params}
	if s.programmed() || comfort.Protects(&s.Zone.Comfort) {
		z.Plan = v.plan
	}
	z.Sensor = s.correction().Sensor(room.Sensor())
	for i, spec := range s.Zone.Devices.Fallbacks {
		noise, seed, mends := s.Room.Noise, s.Room.Seed+uint64(i)+1, correction.Points(nil)
		if spec.IsSimulated() {
			noise, seed, mends = spec.Simulated.Noise, spec.Simulated.Seed, spec.Correction()
		}
		z.Fallbacks = append(z.Fallbacks, mends.Sensor(room.Spare(noise, seed+s.nth)))
	}
	if s.Zone.Params.Heater && (s.Source == nil || s.Zone.Devices.Valve() != simulated.NoValve) {
		z.Heater = room.Heater()
	}
	if s.Zone.Params.Cooler {
		z.Cooler = room.Cooler()
	}
	if s.Zone.Devices.Safety != nil {
		z.Safety = room.Safety()
	}
	return z
}

// plan makes what the zone aims at of what was said. Its clock is right.
func (v *Virtual) plan(said controlloop.Setpoint, look controlloop.Look) (t controlloop.Target) {
	plan, contact := &v.Zone.Comfort, controlloop.WindowUnknown
	if plan.Window.Contact {
		contact, _ = v.room.Contact().Position(look.Now)
	}
	dated := look
	dated.Now = v.calendar(look.Now)                                                 // by which the program goes
	protects := plan.Frost != (comfort.Frost{}) || plan.Window != (comfort.Window{}) // else the two steps for them cost time and change nothing
	if t = v.aim(said, dated.Now); protects {
		v.memory, t = comfort.Windows(plan, v.memory, t, look, contact)
	}
	v.memory, t = comfort.Preheat(plan, v.memory, t, dated)
	if protects {
		v.memory, t = comfort.Protect(plan, v.memory, t, look)
	}
	if !t.Next.At.IsZero() { // the law goes by the run's clock
		t.Next.At = look.Now.Add(v.clockTime(t.Next.At.Sub(dated.Now)))
	}
	return t
}

// aim is what program and holds make of what was said. Without a hold that is the same until the
// next transition, and most of a run is spent between transitions.
func (v *Virtual) aim(said controlloop.Setpoint, now time.Time) controlloop.Target {
	is := &v.aimed
	if is.Why != "" && is.Until.IsZero() && now.Before(is.Next.At) && is.Control.Preset == said.Preset && is.Control.SameTarget(said) && said.Hold == (controlloop.Hold{}) {
		return *is
	}
	*is = v.Zone.Comfort.Target(said, now, comfort.Clock{Trusted: true})
	return *is
}

// programmed reports whether the zone follows its program.
func (s *Simulation) programmed() bool { return s.Zone.Default.Mode == controlloop.ModeAuto }

// calendar is the calendar's time in the run.
func (v *Virtual) calendar(now time.Time) time.Time {
	return v.Start.Add(v.RoomTime(now.Sub(v.Base)))
}

// correction is that of a simulated sensor; a real one's mends what a simulated one has not.
func (s *Simulation) correction() correction.Points {
	if s.Zone.Devices.Sensor.IsSimulated() {
		return s.Zone.Devices.Sensor.Correction()
	}
	return nil
}

// RoomTime is how long a span of the clock is in the room.
func (v *Virtual) RoomTime(d time.Duration) time.Duration {
	if speed := v.Zone.Params.Speed; speed > 0 {
		return time.Duration(float64(d) * speed)
	}
	return d
}

// clockTime is how long a span of the room is on the clock.
func (v *Virtual) clockTime(d time.Duration) time.Duration {
	if speed := v.Zone.Params.Speed; speed > 0 {
		return time.Duration(float64(d) / speed)
	}
	return d
}

// Step is one sample, so long after the beginning in room time.
func (v *Virtual) Step(at, span time.Duration) {
	for len(v.broken) > 0 && v.broken[0].at <= at {
		v.broken[0].Break(v.room)
		v.broken = v.broken[1:]
	}
	if there := v.isThere(at); there != v.there {
		v.there = there
		v.Stepper.Set(v.setpoint(), v.Now)
	}
	for ; v.season != nil && v.changes <= at; v.changes += climate.Step {
		v.room.Expose(v.season.Next(v.changes, v.there))
	}
	v.Stepper.Tick(v.Now)
	look := v.room.Look()
	if !v.settled && at >= v.settle {
		v.settled, v.before = true, v.room.Given()
	}
	v.foresee(look.Sensed)
	v.see(look, span, v.outcome.faults.bits(v.Stepper))
	if v.arrivals != nil && v.settled {
		t := v.Stepper.Target()
		if !t.Next.At.IsZero() {
			t.Next.At = v.calendar(t.Next.At).Round(time.Second) // what is converted twice is not exact
		}
		v.arrivals.see(t, v.Start, at, &v.moment)
	}
}

// foresee holds what the law foresaw at a switch against what comes of it, whether or not it went by that.
func (v *Virtual) foresee(sensed float64) {
	p, state := &v.Zone.Params, v.Stepper.State()
	if p.Heater == p.Cooler || !v.settled {
		return
	}
	sign, on := 1.0, state.Call.On
	if p.Cooler {
		sign, on = -1, state.Cooler.On
	}
	if !v.turns.Add(sign*sensed, on) {
		return
	}
	switch model := v.foresight.Model(*p); {
	case model.Trusted && on:
		v.turns.Foresee(model.Lowest(sign * state.Reading.Celsius))
	case model.Trusted:
		v.turns.Foresee(model.Highest(sign * state.Reading.Celsius))
	}
}

func (v *Virtual) see(look simulated.Look, span time.Duration, faults uint64) {
	sp := &v.present
	if !v.there {
		sp = &v.absent
	}
	m, later := &v.moment, math.NaN() // °C, for which the room is warmed now
	if v.programmed() {
		sp = &v.target
		t := v.Stepper.Target()
		switch {
		case t.Preheat:
			later = t.Setpoint.Desired
		default:
			*sp = t.Setpoint
			if v.Stepper.State().Ahead {
				later = t.Next.Desired
			}
		}
		if v.there {
			m.Comfort = sp.Desired // NaN where the program is off
		}
		v.outcome.held.saw(*sp)
	}
	m.Span, m.Air, m.Outdoor, m.Heating, m.Cooling = span, look.Held, look.Outdoor, look.Heating, look.Cooling
	m.Desired, m.Low, m.High, m.FaultSet = sp.Desired, sp.Desired-sp.DownDelta, sp.Desired+sp.UpDelta, faults
	if m.Early = !math.IsNaN(later); m.Early { // what it overshoots is the band of then
		m.Low, m.High = min(m.Low, later-sp.DownDelta), max(m.High, later+sp.UpDelta)
	}
	v.outcome.faults.add(faults, span)
	if v.settled {
		v.tally.Add(m)
	}
	if v.outcome.strip != nil {
		v.outcome.strip.Add(m)
	}
}

// isThere reports whether somebody is there at that time.
func (s *Simulation) isThere(at time.Duration) bool {
	return s.times == nil || s.times.Covers(s.Start, at)
}

// setpoint is the one for who is there, and notes what is comfortable.
func (v *Virtual) setpoint() controlloop.Setpoint {
	if v.there {
		v.moment.Comfort = v.Centre
		return v.present
	}
	v.moment.Comfort = math.NaN()
	return v.absent
}

// inParallel calls for each number below n, as many at once as there are
// processors, and gives the first error.
func inParallel(n int, do func(i int) error) error {
	var next int
	var first error
	var mu sync.Mutex
	var wg sync.WaitGroup
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= n || first != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if err := do(i); err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return first
}
