package replay

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/agent/cli"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/foresee"
	"thermostat/controlloop/program"
	"thermostat/drivers/correction"
	"thermostat/mqtt/setpoint"
	pb "thermostat/proto"
)

// Zone is one zone of a log, as the operator remembers it.
type Zone struct {
	judge  setpoint.Zone     // has its constants and its plan, with the week that counts
	sensor correction.Points // what is in the readings
	memory
	step   step   // the last decision
	before memory // that decision
	heater bool   // as last told
	cooler bool
}

// memory is what a zone remembers from one record to the next.
type memory struct {
	setpoint controlloop.Setpoint // said last
	target   *controlloop.Target  // told last; nil: the log tells none, and the zone plans
	week     program.Week
	comfort  comfort.Memory
	foresees controlloop.Foresight
	barred   bool // neither output was allowed at the last decision
	state    controlloop.State
	last     time.Time // of the last record
	born     time.Time // the start: of the agent, or of the records; zero: not yet
	tick     time.Time // the next one between records
}

// news is a record with what it changes.
type news struct {
	Record
	setpoint *controlloop.Setpoint
	target   *controlloop.Target
	week     *program.Week
}

// step is what the records of one moment say of one decision: a target is of the
// step of the zone that another record tells, or of a tick, of which there is none.
type step struct{ event, target *news }

// read judges a record.
func (z *Zone) read(rec Record) (news, error) {
	n := news{Record: rec}
	if rec.Time.Before(z.last) {
		return n, fmt.Errorf("time %s is before the last record's %s", rec.Time.Format(time.RFC3339Nano), z.last.Format(time.RFC3339Nano))
	}
	switch {
	case rec.Program != nil:
		week, err := z.readWeek(*rec.Program)
		n.week = &week
		return n, err
	case rec.Temperature != nil || rec.Verdict != nil:
		return n, nil
	}
	sp, err := z.Read(rec)
	if sp.Accepted = *rec.Time; rec.Target != nil {
		n.target = &controlloop.Target{Setpoint: sp, Bar: rec.Bar, Frost: *rec.Target == comfort.Frosty, Preheat: *rec.Target == comfort.Preheating, Auto: rec.Auto, Ahead: rec.Ahead, Next: rec.Next.change()}
	} else {
		n.setpoint = &sp
	}
	return n, err
}

// Read gives the control of a record, judged as the agent judges it, or a target,
// which is what it says.
func (z *Zone) Read(rec Record) (controlloop.Setpoint, error) {
	if rec.Target != nil {
		return rec.aim()
	}
	c := &pb.TemperatureControl{Desired: rec.Desired, UpDelta: rec.UpDelta, DownDelta: rec.DownDelta, Source: proto.String("replay")}
	if rec.Mode != nil {
		m, err := controlloop.ParseMode(*rec.Mode)
		if err != nil {
			return controlloop.Setpoint{}, err
		}
		c.Mode = pb.Mode(m).Enum()
	}
	return z.judge.Setpoint(c, false)
}

// readWeek reads a program, with the zone's presets and held against its law.
func (z *Zone) readWeek(text string) (program.Week, error) {
	week, err := program.Parse(text)
	plan := z.judge.Comfort
	plan.Week = week
	if unknown := plan.Unknown(); err == nil && len(unknown) > 0 {
		err = plan.UnknownPreset(unknown[0])
	}
	if err == nil {
		err = plan.Refuse(z.judge.Params, z.setpoint.UpDelta, z.setpoint.DownDelta)
	}
	if err != nil {
		return week, fmt.Errorf("program: %w", err)
	}
	return week, nil
}

// take brings the zone to the record's time and decides, together with what another
// record has said of the same step.
func (z *Zone) take(n news) Decision {
	again := n.Time.Equal(z.last) && !z.last.IsZero()
	switch {
	case again && n.Target != nil:
		z.back()
		z.step.target = &n
	case again && z.step.event == nil:
		z.back()
		z.step.event = &n
	case n.Target != nil:
		z.before, z.step = z.memory, step{target: &n}
	default:
		z.before, z.step = z.memory, step{event: &n}
	}
	z.decide(*n.Time)
	return z.decision(*n.Time)
}

// back takes the last decision back, with all that came with it.
func (z *Zone) back() {
	z.memory = z.before
	z.judge.Comfort.Week = z.week
}

// decide makes the decision of a step.
func (z *Zone) decide(now time.Time) {
	event := z.step.event
	first := z.born.IsZero() // a log may begin after the agent's start: then its first record is one
	if starts := event != nil && event.Verdict != nil && *event.Verdict == string(controlloop.VerdictNoReading); first || starts {
		var known foresee.Known
		if starts && event.Learned != nil {
			_ = known.UnmarshalBinary(event.Learned) // it has been judged
		}
		z.begin(known, now)
	}
	z.stepUntil(now)
	z.last = now
	in := controlloop.Input{Now: now}
	if event != nil {
		z.follow(*event)
		if event.Temperature != nil {
			in.Reading = z.sensor.Told(controlloop.Temperature(*event.Temperature, now))
		}
	}
	if z.step.target != nil {
		z.follow(*z.step.target)
	}
	z.choose(&in)
}

// choose makes one decision, as the zone makes it.
func (z *Zone) choose(in *controlloop.Input) {
	p := z.judge.Params
	works := z.state.Heater.On || z.state.Cooler.On
	z.foresees.Learn(p, z.seen(in), in.Now, works, z.barred)
	target := z.aim(in)
	z.foresees.Look(p, &target, in)
	was := z.state
	z.state = controlloop.Decide(p, was, *in)
	z.foresees.Decided(p, &was, &z.state, in)
	z.barred = in.Bar
}

// follow changes what a record changes.
func (z *Zone) follow(n news) {
	if n.setpoint != nil {
		z.setpoint = *n.setpoint
	}
	if n.target != nil {
		z.target = n.target
	}
	if n.week != nil {
		z.week, z.judge.Comfort.Week = *n.week, *n.week
	}
}

// begin is a start of the agent: everything is off, what was before is known as
// the state folder would know it, and the ticks begin anew.
func (z *Zone) begin(known foresee.Known, now time.Time) {
	past := controlloop.Past{}
	if !z.last.IsZero() {
		past.Heater, past.Cooler = pastOf(z.state.Heater, now), pastOf(z.state.Cooler, now)
	}
	z.state, z.tick, z.born = past.Begin(z.judge.Params, now), now, now
	z.foresees, z.barred = controlloop.Recall(known), false
}

func pastOf(o controlloop.Output, now time.Time) controlloop.PastOutput {
	return controlloop.PastOutput{Known: true, On: o.On, Off: now.Sub(o.Since), Why: o.Why}
}

// aim gives a decision what the zone aims at: what it was told, else by its plan, for
// which the records' clock is right. No log tells what a room had learned, so the plan does
// not preheat.
func (z *Zone) aim(in *controlloop.Input) controlloop.Target {
	target := z.target
	if target == nil {
		look := controlloop.Look{Now: in.Now, Reading: z.seen(in), Heating: z.state.Heater.On, Cooling: z.state.Cooler.On}
		planned := z.judge.Comfort.Target(z.setpoint, in.Now, comfort.Clock{Trusted: true})
		planned.Ahead = comfort.Ahead(&z.judge.Comfort, &planned)
		z.comfort, planned = comfort.Windows(&z.judge.Comfort, z.comfort, planned, look, controlloop.WindowUnknown)
		z.comfort, planned = comfort.Protect(&z.judge.Comfort, z.comfort, planned, look)
		target = &planned
	}
	in.Setpoint, in.Bar, in.Frost, in.Preheat = target.Setpoint, target.Bar, target.Frost, target.Preheat
	return *target
}

// seen is the reading in force at a decision; a zero one where the last is too old.
func (z *Zone) seen(in *controlloop.Input) controlloop.Reading {
	r := in.Reading
	if r.At.IsZero() {
		r = z.state.Reading
	}
	if in.Now.Sub(r.At) > z.judge.Params.StaleAfter {
		return controlloop.Reading{}
	}
	return r
}

// stepUntil makes the decisions of the ticks before now. Without a reading, once
// the last one is stale and the duty that may follow is over, everything is off
// and stays so: a gap of years costs nothing.
func (z *Zone) stepUntil(now time.Time) {
	read := z.state.Reading.At
	if read.Before(z.born) {
		read = z.born
	}
	quiet := read.Add(z.judge.Params.StaleAfter + z.judge.Params.Loss.For + 2*z.judge.Params.Sample)
	for z.tick.Before(now) && !z.tick.After(quiet) {
		z.choose(&controlloop.Input{Now: z.tick})
		z.tick = z.tick.Add(z.judge.Params.Sample)
	}
	if z.tick.Before(now) { // modulo first: the sum of two durations may overflow
		z.tick = now.Add(-(now.Sub(z.tick) % z.judge.Params.Sample))
	}
	if !z.tick.After(now) { // the record's own decision is this tick
		z.tick = z.tick.Add(z.judge.Params.Sample)
	}
}

func (z *Zone) decision(now time.Time) Decision {
	heater, cooler := z.state.Heater.On, z.state.Cooler.On
	d := Decision{
		Time: now, SensorID: z.judge.SensorID, Heater: cli.OnOff(heater), Cooler: cli.OnOff(cooler),
		Action: z.state.Action.String(), Reason: z.state.Reason,
		Changed: heater != z.heater || cooler != z.cooler,
	}
	z.heater, z.cooler = heater, cooler
	return d
}
