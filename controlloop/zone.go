package controlloop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Zone is one room: a sensor, its relays, and the goroutine that obeys the law.
// Fill the exported fields, then call [Zone.Run] once.
type Zone struct {
	Name     string
	SensorID int32
	Params   Params
	Sensor   Sensor
	Heater   Relay // nil where there is none
	Cooler   Relay // nil where there is none
	Past     Past  // what is known of the outputs before the start; never restores a position

	// Setpoints delivers the control stream.
	Setpoints *Latest[Setpoint]
	// Alarms carries faults that others found out about this zone; nil is allowed.
	Alarms *Alarms
	// Observe is given every snapshot, in the zone's own goroutine: it must not block.
	Observe func(Snapshot)

	state    State
	setpoint Setpoint
	judge    judge
	sensor   health
	suspect  Reading
	answers  uint64
	heater   output
	cooler   output
	faults   faultSet
}

// output is a relay and what is known of it.
type output struct {
	relay Relay
	known RelayState
}

// RelayState is what is known of a relay. The zero value is "nothing".
type RelayState uint8

// The states of a relay.
const (
	RelayUnknown RelayState = iota // there is none, or it did not obey
	RelayOff
	RelayOn
)

// answer is what came of one read of the sensor.
type answer struct {
	reading Reading
	err     error
	at      time.Time
}

// Run controls the zone until the context ends. It owns the zone's state and
// relays, begins with everything off, re-asserts both relays at every tick and
// leaves them off. A sensor that never comes back from a read blocks nothing:
// its last reading grows stale and the law switches off. Run returns an error
// only if a relay could not be switched off at the end.
func (z *Zone) Run(ctx context.Context, start Setpoint) error {
	z.begin(start)
	defer z.assert(State{}, time.Now()) // also on a panic of an observer
	answers := NewLatest[answer]()
	go measure(ctx, z.Sensor, z.Params.Sample, answers)
	tick := time.NewTicker(z.Params.Sample)
	defer tick.Stop()

	z.step(Reading{})
	for {
		select {
		case <-ctx.Done():
			return z.stop()
		case sp := <-z.Setpoints.C():
			z.setpoint = sp
			z.step(Reading{})
		case a := <-answers.C():
			z.step(z.hear(a))
		case <-tick.C:
			z.step(Reading{})
		case <-z.Alarms.changed():
			z.step(Reading{})
		}
	}
}

// measure reads the sensor for ever, once a period. It is a goroutine of its
// own since a read may hang; the zone does not wait for it, not even at the end.
func measure(ctx context.Context, s Sensor, period time.Duration, out *Latest[answer]) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		r, err := s.Read(ctx)
		now := time.Now()
		if r.At.IsZero() {
			r.At = now
		}
		out.Put(answer{r, err, now})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (z *Zone) begin(start Setpoint) {
	now := time.Now()
	z.setpoint = start
	z.heater, z.cooler = output{relay: z.Heater}, output{relay: z.Cooler}
	z.sensor = health{verdict: VerdictNoReading, text: "no reading since the start", since: now, heard: now}
	z.assert(State{}, now)
	z.state = z.Past.state(z.Params, now)
}

// hear judges an answer and gives the reading to act on, if it is one.
func (z *Zone) hear(a answer) Reading {
	z.answers++
	z.sensor.heard = a.at
	z.suspect = Reading{}
	if a.err != nil {
		z.sensor.set(verdictOf(a.err), a.err.Error(), a.at)
		return Reading{}
	}
	v := z.judge.weigh(z.Params, a.reading, a.at)
	if v != VerdictOK {
		z.suspect = a.reading
		z.sensor.set(v, z.judgement(v, a.reading), a.at)
		return Reading{}
	}
	z.sensor.set(VerdictOK, "", a.at)
	return a.reading
}

func (z *Zone) judgement(v Verdict, r Reading) string {
	switch v {
	case VerdictError:
		return fmt.Sprintf("a reading of %s that is no number, or from the future or the past", clock(r.At))
	case VerdictTooFast:
		return fmt.Sprintf("jumped to %.2f °C, faster than %v K/min; waits for a second reading that agrees", r.Celsius, z.Params.MaxRate)
	}
	return fmt.Sprintf("%.2f °C is outside the plausible %v..%v °C", r.Celsius, z.Params.PlausibleMin, z.Params.PlausibleMax)
}

// step is one tick: decide, switch, tell.
func (z *Zone) step(r Reading) {
	now := time.Now()
	z.state = Decide(z.Params, z.state, Input{Now: now, Reading: r, Suspect: z.suspect, Setpoint: z.setpoint})
	_ = z.assert(z.state, now) // a relay that does not obey is a fault, and tried again at the next tick
	z.heater.restFrom(now, &z.state.Heater)
	z.cooler.restFrom(now, &z.state.Cooler)
	z.notice(now)
	z.tell(now)
}

// assert brings both relays to the wished positions, whether or not they are
// there already: first what goes off, then what goes on.
func (z *Zone) assert(s State, now time.Time) error {
	first, second := &z.heater, &z.cooler
	firstOn, secondOn := s.Heater.On, s.Cooler.On
	if firstOn {
		first, second, firstOn, secondOn = second, first, secondOn, firstOn
	}
	err := first.set(firstOn)
	// While one may still be on, the other must not go on.
	err = errors.Join(err, second.set(secondOn && err == nil))
	z.faults.set("relay", err != nil, now, "a relay does not obey: %s", oneLine(err))
	return err
}

// oneLine is an error's text without line breaks; "" for none.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

func (o *output) set(on bool) error {
	if o.relay == nil {
		return nil
	}
	if err := o.relay.Set(on); err != nil {
		o.known = RelayUnknown
		return err
	}
	o.known = RelayOff
	if on {
		o.known = RelayOn
	}
	return nil
}

// restFrom lets the rest of an output begin only once its relay has gone off.
func (o *output) restFrom(now time.Time, memory *Output) {
	if o.relay != nil && o.known == RelayUnknown && !memory.On {
		memory.Since = now
	}
}

// notice raises and clears the faults that follow from the state.
func (z *Zone) notice(now time.Time) {
	fresh := z.state.fresh(z.Params, now)
	if !fresh && z.sensor.verdict == VerdictOK {
		z.sensor.set(VerdictStale, fmt.Sprintf("no good reading for more than %v", z.Params.StaleAfter), now)
	}
	if now.Sub(z.sensor.heard) > z.Params.StaleAfter {
		z.sensor.set(VerdictNoAnswer, fmt.Sprintf("the sensor has not answered since %s", clock(z.sensor.heard)), now)
	}
	starting := z.sensor.verdict == VerdictNoReading
	z.faults.set("sensor", z.sensor.verdict != VerdictOK && !starting, z.sensor.since, "%s", z.sensor.text)
	z.faults.set("heat_cutout", z.state.HeatCut, now, "at or above %v °C: the heater stays off until it is %v K below", z.Params.HeatCutout, cutoutRelease)
	z.faults.set("cool_cutout", z.state.CoolCut, now, "at or below %v °C: the cooler stays off until it is %v K above", z.Params.CoolCutout, cutoutRelease)
}

func clock(t time.Time) string { return t.Format("15:04:05") }

func (z *Zone) stop() error {
	now := time.Now()
	z.state.Heater.On, z.state.Cooler.On = false, false
	z.state.Reason, z.state.Wait = ReasonStopped, 0
	if z.state.Action > ActionIdle {
		z.state.Action, z.state.Since = ActionIdle, now
	}
	err := z.assert(z.state, now)
	z.tell(now)
	if err != nil {
		return fmt.Errorf("zone %s: %w", z.Name, err)
	}
	return nil
}

func (z *Zone) tell(now time.Time) {
	if z.Observe == nil {
		return
	}
	s := Snapshot{
		Zone: z.Name, SensorID: z.SensorID, Time: now,
		State: z.state, Setpoint: z.setpoint,
		Fresh: z.state.fresh(z.Params, now), Sensor: z.sensor.verdict, Answers: z.answers,
		HeaterRelay: z.heater.known, CoolerRelay: z.cooler.known,
		HasHeater: z.Heater != nil, HasCooler: z.Cooler != nil,
		Faults: append(z.faults.list(), z.Alarms.list()...),
	}
	z.Observe(s)
}

// Snapshot is a zone as the rest of the program may see it. It shares nothing
// with the zone.
type Snapshot struct {
	Zone     string
	SensorID int32
	Time     time.Time
	State    State
	Setpoint Setpoint

	Fresh   bool    // State.Reading may still be acted on, and shown
	Sensor  Verdict // ok, or what is wrong
	Answers uint64  // how often the sensor answered, well or badly, since the start

	HasHeater, HasCooler     bool
	HeaterRelay, CoolerRelay RelayState

	Faults []Fault
}

// Temperature is the last good value while it is fresh, else NaN. °C.
func (s Snapshot) Temperature() float64 { return s.whileFresh(s.State.Reading.Celsius) }

// Humidity is relative, in %; NaN where it is not known.
func (s Snapshot) Humidity() float64 { return s.whileFresh(s.State.Reading.Humidity) }

func (s Snapshot) whileFresh(x float64) float64 {
	if s.Fresh {
		return x
	}
	return math.NaN()
}

// Age is how old the last good reading is; ok is false where there is none.
func (s Snapshot) Age() (age time.Duration, ok bool) {
	return s.Time.Sub(s.State.Reading.At), !s.State.Reading.At.IsZero()
}
