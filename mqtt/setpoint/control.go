package setpoint

import (
	"fmt"
	"maps"
	"math"
	"time"
	"unicode/utf8"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	pb "thermostat/proto"
)

// ControlArbiter decides which of a zone's controls is active, and makes controls of
// what is changed here.
type ControlArbiter struct {
	Arbiter
	zone      Zone
	notBefore time.Time // our clock is not trusted before this
	active    controlloop.Setpoint
	author    string               // of the active control
	said      controlloop.Setpoint // what it says, with the holds that are over
	unsaved   bool                 // that holds are over
	program   *Arbiter             // of the zone's program; nil: there is none
}

// NewControl starts from the zone's memory. Controls that the configuration no longer
// allows are forgotten, so that they are judged anew if the broker has them.
func NewControl(z Zone, instance string, notBefore time.Time) *ControlArbiter {
	a := &ControlArbiter{zone: z, notBefore: notBefore, active: comfort.Begin(z.Default)}
	a.Arbiter = newArbiter(a, "control", instance, z.Memory)
	sp, author, ok := z.Remembered(instance)
	if !ok {
		a.forget()
		return a
	}
	a.setCur(z.Memory.Cur, sp.ID)
	a.author, a.said = author, sp
	if a.active = z.Comfort.Without(sp, a.mem.Over); z.Memory.AnotherBoot {
		var holds int
		a.active, holds = z.Comfort.AfterBoot(a.active, time.Now(), z.clock())
		a.mem.Over += holds
		if a.unsaved = holds > 0; !a.unsaved {
			a.mem.Accepted = a.active.Accepted // it may count anew
		}
	}
	return a
}

// untold reports whether a setpoint is a hold that does not tell its end.
func untold(sp controlloop.Setpoint) bool {
	return sp.Mode == controlloop.ModeAuto && sp.Until.IsZero() && sp.For == 0 && (sp.Preset != "" || !math.IsNaN(sp.Desired))
}

// Active is the setpoint that the zone is to obey.
func (a *ControlArbiter) Active() controlloop.Setpoint { return a.active }

// Hand makes a local change that begins with what is obeyed. Only local changes do.
func (a *ControlArbiter) Hand(now time.Time, source string, does func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error)) Actions {
	sp, err := does(&a.zone.Comfort, a.active, a.zone.clock())
	if sp.Mode == controlloop.ModeNone {
		sp.Mode = a.zone.usualMode()
	}
	sp.Source = source
	return a.Local(now, sp, "", err)
}

// Clear passes a request to clear latched faults on, and answers it with the id
// that it came with.
func (a *ControlArbiter) Clear(now time.Time, id string) Actions {
	if a.zone.Clears != nil {
		a.zone.Clears.Put(struct{}{})
	}
	if len(id) > maxID || !utf8.ValidString(id) {
		id = ""
	}
	return Actions{Answer: a.answer(now, id, nil)}
}

// Submit takes a control that came by another way than the broker; source names
// the way.
func (a *ControlArbiter) Submit(now time.Time, source string, control []byte) Actions {
	sp := a.active
	c, err := DecodeControl(control)
	if err == nil {
		sp, err = a.zone.Setpoint(c, false)
		sp.Source = source
	}
	if err == nil {
		err = a.expired(now, c)
	}
	return a.Local(now, sp, c.GetId(), err)
}

// Local takes a change that came by another way than the control topic.
// A refused one changes nothing.
func (a *ControlArbiter) Local(now time.Time, sp controlloop.Setpoint, id string, err error) Actions {
	sp.Accepted = now
	if err == nil {
		err = a.zone.refuse(sp)
	}
	if err == nil { // what would be refused after a restart is refused now
		_, err = a.zone.Setpoint(a.zone.wire(a.zone.complete(sp, now)), true)
	}
	if err == nil {
		a.active, a.author = sp, sp.Source
	}
	return a.changed(now, id, err)
}

// Follow goes by another plan from now on: the same control may mean something else under
// it. A preset that is gone keeps its temperature.
func (a *ControlArbiter) Follow(plan comfort.Plan) {
	a.zone.Comfort = plan
	a.mem.Presets = maps.Clone(a.mem.Presets) // the one of before may be on its way to the disk
	for name := range a.mem.Presets {         // of what has not gone the temperature may have changed
		if celsius, known := plan.Presets[name]; known {
			a.mem.Presets[name] = celsius
		}
	}
	z := a.zone
	z.Memory = a.mem
	if sp, _, ok := z.Remembered(a.instance); ok {
		sp.Source = a.active.Source
		a.active = plan.Without(sp, a.mem.Over)
	}
}

// Ended notes the holds that are over, with or without a broker: nothing is published
// where the control says their ends itself.
func (a *ControlArbiter) Ended(now time.Time) Actions {
	sp, holds := a.zone.Comfort.Over(a.active, now, a.zone.clock())
	if holds == 0 && !a.unsaved {
		return Actions{}
	}
	a.mem.Over += holds
	a.active, a.unsaved = sp, false
	return Actions{Obey: &sp, Save: true}
}

// expired refuses a control that arrives too late, if our clock can be trusted.
func (a *ControlArbiter) expired(now time.Time, c *pb.TemperatureControl) error {
	expires := c.GetExpiresAt()
	if expires == nil || now.Before(a.notBefore) || !now.After(expires.AsTime()) {
		return nil
	}
	return fmt.Errorf("expired at %s", expires.AsTime().Format(time.RFC3339))
}

// What follows is what the arbiter asks of its judge.

func (a *ControlArbiter) id(m []byte) string {
	c, _ := DecodeControl(m) // what cannot be read says no id
	return c.GetId()
}

func (a *ControlArbiter) accept(now time.Time, m []byte, own bool) error {
	c, err := DecodeControl(m)
	if err != nil {
		return err
	}
	sp, err := a.zone.Setpoint(c, own)
	if err == nil {
		err = a.expired(now, c)
	}
	if err != nil {
		return err
	}
	sp.Accepted = now
	a.active, a.author, a.said = sp, sp.Source, sp
	a.mem.Accepted, a.mem.Over, a.mem.Presets = now, 0, a.zone.presetsOf(sp)
	return nil
}

func (a *ControlArbiter) again(now time.Time, id string) []byte {
	sp := a.active
	sp.ID, sp.Source = id, a.author // not the memory that it came back from
	a.active = a.zone.complete(sp, now)
	a.said = a.active
	a.mem.Accepted, a.mem.Over, a.mem.Presets = a.active.Accepted, 0, nil
	return encodeControl(a.zone, a.active, now)
}

func (a *ControlArbiter) obey(d *Actions) {
	sp := a.active
	d.Obey = &sp
}

// ready reports whether the program, whose presets a control may name, is known.
func (a *ControlArbiter) ready() bool { return a.program == nil || a.program.settled() }

func (a *ControlArbiter) ended() bool {
	sp := &a.said
	for range a.mem.Over {
		if sp == nil || untold(*sp) {
			return sp != nil
		}
		sp = sp.Then
	}
	return false
}

func (a *ControlArbiter) say(now time.Time) {
	a.active.Accepted, a.author = now, "program"
}

func (a *ControlArbiter) tell(fault topicFault, bad bool) {
	switch fault {
	case unreadable:
		a.zone.Alarms.Set(controlloop.FaultControlNotReadable, bad, "the broker refuses the subscription to the control topic: is this agent allowed to read it?")
	case unreturned:
		a.zone.Alarms.Set(controlloop.FaultControlNotRetained, bad, "the broker does not give back the setpoint that was published: is this agent allowed to write the control topic?")
	case notRetained:
		a.zone.Alarms.Set(controlloop.FaultControlNotRetained, bad, "the broker passes setpoints on and does not retain them: after a restart of this agent the older one counts")
	}
}

// answer tells what is active after a control with an id, and why that was
// refused; nil: it was applied.
func (a *ControlArbiter) answer(now time.Time, id string, refused error) *Answer {
	told := Answer{Applied: refused == nil, Topic: a.what}
	if refused != nil {
		told.Reason = refused.Error()
	}
	if id != "" {
		told.ID = &id
	}
	target := a.zone.Comfort.Target(a.active, now, a.zone.clock())
	if desired := target.Setpoint.Desired; !math.IsNaN(desired) {
		told.Desired = &desired
	}
	told.Mode, told.SensorID = target.Control.Mode.String(), a.zone.SensorID
	if up, down := a.active.UpDelta, a.active.DownDelta; a.active.Mode != controlloop.ModeNone {
		told.UpDelta, told.DownDelta = &up, &down
	}
	return &told
}
