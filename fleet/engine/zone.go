package engine

import (
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	pb "thermostat/proto"
)

// RenewEvery is how often a heater that is on is told so again: heat is a lease, and
// whoever obeys lets go 30 s after the last On.
const RenewEvery = 10 * time.Second

// zone is a zone's operator: what it decides follows from the records that it was given and
// from their times. It knows no clock and no network.
type zone struct {
	sensorID   int32
	parameters *parameters            // nil: it is not defined, and only its control is known
	control    *pb.TemperatureControl // said last; nil: none
	accepted   time.Time              // when it was
	said       controlloop.Setpoint   // what that means

	judge   controlloop.Judge
	verdict controlloop.Verdict // of the last reading; nothing is decided by it
	raw     controlloop.Reading // the last answer, good or not
	heard   time.Time           // when it came
	state   controlloop.State
	born    time.Time // of the first record
	tick    time.Time // the next decision without a record
	decided time.Time // the last decision

	told    bool // a command was said
	toldOn  bool
	renewed time.Time // when On was said last; not kept: whoever takes the zone over says it again
	changed bool      // something happened that is not kept yet
	over    bool      // the topic zones has it no more
	unread  bool      // what was kept of it could not be read

	commands []command // not taken yet
}

// command is what a heater is told, and when that was decided.
type command struct {
	*pb.HeaterControl
	at time.Time
}

// newZone is a zone that nothing has been heard of yet.
func newZone(id int32, p *parameters) *zone {
	z := &zone{sensorID: id}
	_ = z.follow(p) // without a control there is nothing to forget
	return z
}

// lives reports whether it decides.
func (z *zone) lives() bool { return z != nil && z.parameters != nil && !z.over }

// follow takes other parameters. A control that they do not allow does not count, and the error says why. Others may
// allow it again: an agent's broker would have it still, too.
func (z *zone) follow(p *parameters) error {
	z.parameters, z.changed = p, true
	z.said = comfort.Begin(p.zone.Default)
	if z.control == nil {
		return nil
	}
	sp, err := p.zone.Setpoint(z.control, false)
	if err != nil {
		return err
	}
	sp.Accepted = z.accepted
	z.said = sp
	return nil
}

// obey takes a control that was said at a time, and decides. Its sensorID has been looked at.
func (z *zone) obey(c *pb.TemperatureControl, at time.Time) error {
	c.SensorID = nil // many zones have the same parameters
	sp, err := z.parameters.zone.Setpoint(c, false)
	if err == nil {
		err = expired(c, at)
	}
	if err != nil {
		return err
	}
	at = z.reach(at)
	sp.Accepted = at
	z.control, z.accepted, z.said = c, at, sp
	z.decide(at)
	return nil
}

func expired(c *pb.TemperatureControl, at time.Time) error {
	if c.ExpiresAt != nil && !c.ExpiresAt.AsTime().After(at) {
		return errors.New("expires_at: is over")
	}
	return nil
}

// hear takes a reading that came at a time, and decides.
func (z *zone) hear(r controlloop.Reading, at time.Time) {
	at = z.reach(at)
	z.raw, z.heard = r, at
	z.verdict = z.judge.Weigh(z.parameters.zone.Params, r, at, z.state.Heater.On)
	z.decide(at)
}

// reach makes the decisions between the last record and this one. It gives the time of the record's own:
// one that comes late is of now.
func (z *zone) reach(at time.Time) time.Time {
	z.changed = true
	if z.born.IsZero() {
		z.born, z.tick = at, at
		z.state = controlloop.Past{}.Begin(z.parameters.zone.Params, at)
	}
	if at.Before(z.decided) {
		at = z.decided
	}
	z.advance(at)
	return at
}

// advance makes the decisions that no record makes, a sample apart from the first record on, as far
// as before a time. Once the reading is stale and all is off, nothing comes of more of them.
func (z *zone) advance(to time.Time) {
	p := &z.parameters.zone.Params
	read := z.state.Reading.At
	if read.Before(z.born) {
		read = z.born
	}
	quiet := read.Add(p.StaleAfter + p.Loss.For + 2*p.Sample)
	for z.tick.Before(to) && !z.tick.After(quiet) {
		z.decide(z.tick)
	}
	if late := to.Sub(z.tick); late > 0 { // modulo first: the sum of two durations may overflow
		z.tick = to.Add((p.Sample - late%p.Sample) % p.Sample)
	}
}

// decide is one decision: the very one of an agent's zone with this one sensor.
func (z *zone) decide(at time.Time) {
	p := &z.parameters.zone.Params
	in := controlloop.Input{Now: at, Setpoint: z.parameters.zone.Comfort.Target(z.said, at, comfort.Clock{Trusted: true}).Setpoint}
	if !z.raw.At.IsZero() && at.Sub(z.heard) <= p.StaleAfter {
		in.Unverified = append(in.Unverified, z.raw)
	}
	if !z.silent(at) {
		in.Reading = z.judge.Last
		in.Unverified = append(in.Unverified, z.judge.Last)
	}
	z.state, z.decided = controlloop.Decide(*p, z.state, in), at
	if on := z.state.Heater.On; !z.told || z.toldOn != on {
		z.told, z.toldOn, z.changed = true, on, true
		z.say(at)
	}
	if z.tick.Equal(at) { // this was it
		z.tick = z.tick.Add(p.Sample)
	}
}

// say tells the heater what is ordered of it.
func (z *zone) say(now time.Time) {
	order := pb.HeaterCommand_Off
	if z.state.Heater.On {
		order = pb.HeaterCommand_On
	}
	z.renewed = now
	z.commands = append(z.commands, command{&pb.HeaterControl{
		SensorID: proto.Int32(z.sensorID), Command: order.Enum(),
		SwitchedAt: timestamppb.New(z.state.Heater.Since), Reason: proto.String(string(z.state.Reason)),
	}, now})
}

// renew says an On once more that was said long ago.
func (z *zone) renew(now time.Time) {
	if z.state.Heater.On && now.Sub(z.renewed) >= RenewEvery {
		z.say(now)
	}
}

// take gives the commands of the decisions since it was last called.
func (z *zone) take() []command {
	commands := z.commands
	z.commands = nil
	return commands
}

// silent reports whether there is no good reading that may be acted on.
func (z *zone) silent(now time.Time) bool {
	age := now.Sub(z.judge.Last.At)
	return z.judge.Last.At.IsZero() || age < 0 || age > z.parameters.zone.Params.StaleAfter
}
