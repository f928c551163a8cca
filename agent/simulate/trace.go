package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/replay"
	"thermostat/agent/simulate/records"
	"thermostat/controlloop"
	"thermostat/drivers/simulated"
	"thermostat/house"
	"thermostat/house/figures"
)

// traceRoom is the --room that --trace shows.
const traceRoom = "trace"

// longestTraceGap is how long a recording may be without a reading.
const longestTraceGap = time.Hour

// trace is what a first look at a recording finds of one sensor.
type trace struct {
	first, last time.Time // of readings
	readings    int
	heater      bool // each reading says what ran
	units       house.Units
}

// lookThrough checks a recording and finds the extent of each sensor in it.
func lookThrough(file string) (map[int32]*trace, error) {
	found := map[int32]*trace{}
	latest := map[int32]time.Time{}
	err := records.Each(file, func(line int, rec replay.Record) error {
		id := *rec.SensorID
		if rec.Time.Before(latest[id]) {
			return fmt.Errorf("time %s is before the one before it, %s", rec.Time.Format(time.RFC3339), latest[id].Format(time.RFC3339))
		}
		latest[id] = *rec.Time
		if rec.Temperature == nil {
			return nil
		}
		if found[id] == nil {
			found[id] = &trace{first: *rec.Time, last: *rec.Time, heater: true}
		}
		return found[id].add(line, rec)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range found {
		if err := t.units.Check(); err != nil {
			return nil, fmt.Errorf("trace: %s: %w", file, err)
		}
	}
	return found, nil
}

func (t *trace) add(line int, rec replay.Record) error {
	if gap := rec.Time.Sub(t.last); gap > longestTraceGap {
		return fmt.Errorf("%v without a reading before %s: at most %v may be missing, so cut the file there", gap, rec.Time.Format(time.RFC3339), longestTraceGap)
	}
	t.last = *rec.Time
	t.readings++
	t.heater = t.heater && (rec.Heater != nil || rec.Cooler != nil)
	t.units.Add(*rec.Temperature, line)
	return nil
}

// pick finds the sensor of a zone. A zone that stands in for no configuration
// takes the only sensor there is.
func (f *simulateFlags) pick(s *Simulation, found map[int32]*trace) (int32, *trace, error) {
	if t := found[s.Zone.SensorID]; t != nil {
		return s.Zone.SensorID, t, nil
	}
	if t := found[records.NoSensor]; t != nil && len(found) == 1 {
		if !s.alone {
			return 0, nil, fmt.Errorf("trace: %s names no sensor_id: whose it is say with --zone", f.tape)
		}
		return records.NoSensor, t, nil
	}
	var ids []int32
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(ids) == 1 && s.example {
		return ids[0], found[ids[0]], nil
	}
	return 0, nil, fmt.Errorf("trace: %s has no reading of sensor_id %d (zone %s), but of %v", f.tape, s.Zone.SensorID, s.Zone.Name, ids)
}

// runTrace lets each zone decide on its recording, and learns its room.
func (f *simulateFlags) runTrace(cmd *cobra.Command, plans []*Simulation) error {
	found, err := lookThrough(f.tape)
	if err != nil {
		return usage(err)
	}
	for _, s := range plans {
		if err := f.playBack(cmd.Context(), s, found); err != nil {
			return err
		}
		s.roomName = "recorded"
	}
	if err := f.draw(plans); err != nil {
		return cli.Failed(err)
	}
	if err := printFigures(cmd.OutOrStdout(), f, plans, nil); err != nil || f.asJSON {
		return cli.Failed(err)
	}
	for _, s := range plans {
		fmt.Fprint(cmd.OutOrStdout(), s.estimate.text())
	}
	return nil
}

// playBack runs one zone on its recording, and estimates.
func (f *simulateFlags) playBack(ctx context.Context, s *Simulation, found map[int32]*trace) error {
	id, t, err := f.pick(s, found)
	if err != nil {
		return usage(err)
	}
	s.Start, s.dated, s.Total = t.first, true, t.last.Sub(t.first)
	if s.Total < s.Zone.Params.Sample {
		return usage(fmt.Errorf("trace: %s has only %d readings of sensor_id %d", f.tape, t.readings, id))
	}
	p := playbackOf(s, t)
	err = records.Each(f.tape, func(_ int, rec replay.Record) error {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if *rec.SensorID != id {
			return nil
		}
		return p.take(rec)
	})
	if err != nil {
		return usage(err)
	}
	p.until(s.Total + 1)
	s.outcome.figures = p.tally.Figures()
	learnRoom(s, f, p, t)
	return nil
}

// playback is a zone that decides on a recording.
type playback struct {
	*Virtual
	record   house.Record
	replay   *replay.Zone // reads setpoints and targets
	told     bool         // the recording tells the targets: setpoints move nothing any more
	own      bool         // the recording says what ran
	ratio    float64      // of the cooler's power to that of the heater
	tape     tapeSensor
	next     time.Duration // of the next tick
	reached  time.Duration // up to where what ran is counted
	since    time.Duration // of the last reading
	ran      float64       // s, heating less cooling, since then
	driven   float64       // now: 1 heating, -1 cooling
	switched float64       // since then, by the law: how much driven changed
	celsius  float64
	outdoor  float64
	setpoint controlloop.Setpoint
}

// tapeSensor gives each recorded reading once.
type tapeSensor struct {
	reading controlloop.Reading
	unread  bool
}

// Read gives the recorded temperature.
func (t *tapeSensor) Read(context.Context) (controlloop.Reading, error) {
	if !t.unread {
		return controlloop.Reading{}, context.Canceled
	}
	t.unread = false
	return t.reading, nil
}

// freshSpacings is for how many of its own spacings a reading of a sparse
// recording is fresh: the recorder left out readings that the zone had.
const freshSpacings = 3

// spacing is the mean time between two readings.
func (t *trace) spacing() time.Duration {
	return t.last.Sub(t.first) / time.Duration(max(t.readings-1, 1))
}

// idleRelay switches nothing: what a recording holds cannot be changed.
type idleRelay struct{}

// Set switches nothing.
func (idleRelay) Set(bool) error { return nil }

// playbackOf is the zone of a simulation, which a recording drives.
func playbackOf(s *Simulation, t *trace) *playback {
	cfg := config.Config{Zones: []config.Zone{s.Zone}}
	p := &playback{
		Virtual: &Virtual{Simulation: s, Base: time.Now(), tally: figures.NewTally(s.comfort), there: true, settled: true},
		replay:  replay.New(cfg).Zones[s.Zone.SensorID], own: t.heater, outdoor: math.NaN(), celsius: math.NaN(),
		setpoint: s.Zone.Default, ratio: 1,
	}
	p.Now = p.Base
	z := &controlloop.Zone{Name: s.Zone.Name, Params: s.Zone.Params, Sensor: &p.tape}
	z.Params.Speed = 0
	z.Params.StaleAfter = max(z.Params.StaleAfter, freshSpacings*t.spacing())
	if z.Params.Heater {
		z.Heater = idleRelay{}
	}
	if z.Params.Cooler {
		z.Cooler = idleRelay{}
	}
	p.Stepper = controlloop.NewStepper(z, p.setpoint, p.Now)
	s.outcome = outcome{heater: s.Room.HeaterPower, cooler: s.Room.CoolerPower}
	if z.Params.Heater {
		p.ratio = s.Room.CoolerPower / s.Room.HeaterPower
	}
	if s.plot {
		s.outcome.strip = house.NewStrip(s.Total, house.Columns)
	}
	return p
}

// take goes on to a record's time, and takes it.
func (p *playback) take(rec replay.Record) error {
	at := rec.Time.Sub(p.Start)
	switch {
	case rec.Verdict != nil, rec.Program != nil, rec.Temperature == nil && (p.fixed || p.told && rec.Target == nil):
		return nil
	case rec.Temperature == nil:
		p.told = rec.Target != nil
		sp, err := p.replay.Read(rec)
		if err != nil {
			return err
		}
		if p.setpoint = sp; at < 0 { // said before the first reading
			at = 0
		}
		p.until(at)
		p.Now = p.Base.Add(at)
		p.Stepper.Set(sp, p.Now)
		return nil
	}
	p.until(at)
	p.count(at)
	p.tape = tapeSensor{controlloop.Temperature(*rec.Temperature, p.Base.Add(at)), true}
	p.celsius = *rec.Temperature
	if rec.Outdoor != nil {
		p.outdoor = *rec.Outdoor
	}
	p.learn(at, rec)
	return nil
}

// learn adds a reading to what the estimate is made from. A switch of which only
// the readings before and behind it are recorded came anywhere between them: in
// the middle, with the doubt of an even spread. Where the law stands in for what
// ran, it saw the reading that made it switch as much later.
func (p *playback) learn(at time.Duration, rec replay.Record) {
	span := (at - p.since).Seconds()
	doubt := p.switched * span / math.Sqrt(3)
	if p.own {
		was := p.driven
		p.driven = driveOf(rec.Heater != nil && *rec.Heater == "on", rec.Cooler != nil && *rec.Cooler == "on", p.ratio)
		if doubt = 0; !rec.AtSwitch {
			p.ran += (p.driven - was) / 2 * span
			doubt = math.Abs(p.driven-was) * span / math.Sqrt(12)
		}
	}
	p.record.Add(p.celsius, at-p.since, p.ran/max(span, 1e-9), p.outdoor, doubt)
	p.since, p.ran, p.switched = at, 0, 0
}

func driveOf(heating, cooling bool, ratio float64) float64 {
	switch {
	case heating:
		return 1
	case cooling:
		return -ratio
	}
	return 0
}

// until makes the ticks before that time.
func (p *playback) until(at time.Duration) {
	sample := p.Zone.Params.Sample
	for p.next < at && p.next <= p.Total {
		p.Now = p.Base.Add(p.next)
		p.Stepper.Tick(p.Now)
		state := p.Stepper.State()
		if !p.own {
			p.count(p.next)
			now := driveOf(state.Heater.On, state.Cooler.On, p.ratio)
			p.switched += math.Abs(now - p.driven)
			p.driven = now
		}
		p.outcome.held.saw(p.setpoint)
		p.present, p.moment.Comfort = p.setpoint, math.NaN()
		if p.isThere(p.next) && p.setpoint.Mode > controlloop.ModeOff {
			p.moment.Comfort = p.setpoint.Desired
		}
		p.see(simulated.Look{Held: p.celsius, Outdoor: p.outdoor, Heating: state.Heater.On, Cooling: state.Cooler.On},
			min(sample, p.next), p.outcome.faults.bits(p.Stepper))
		p.next += sample
	}
}

// count adds up what ran.
func (p *playback) count(at time.Duration) {
	if at > p.reached {
		p.ran += p.driven * (at - p.reached).Seconds()
		p.reached = at
	}
}
