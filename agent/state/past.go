package state

import (
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/foresee"
	"thermostat/controlloop/guard"
)

// BootClock counts from the start of the machine, through every suspend and
// past every jump of the wall clock. What it says means nothing in another boot.
type BootClock struct {
	ID  string               // of this boot; "" where the system does not tell
	Now func() time.Duration // the time since the start of the machine; 0 where the system does not tell
}

// At gives a moment of this process in time since boot. What the machine slept
// since then is not subtracted: the moment comes out too late, and so the rest too long.
func (b BootClock) At(t time.Time) time.Duration { return b.Now() - time.Since(t) }

// KeptZone is what is kept of a zone besides its setpoint: zones/NAME.past.
type KeptZone struct {
	Boot   string      `json:"boot"`
	Heater *KeptOutput `json:"heater"` // null where there is none
	Cooler *KeptOutput `json:"cooler"`

	Counters *controlloop.Counters `json:"counters"`        // of any boot
	Model    []byte                `json:"model,omitempty"` // what the law has learned of the room, of any boot
	Comfort                        // of any boot
	Heat     keptWatcher           `json:"heat"` // of any boot
	Cool     keptWatcher           `json:"cool"`
}

// Comfort is what is kept of a zone's comfort.
type Comfort struct {
	Program string          `json:"program,omitempty"` // the target of the transition that was in force when the clock could last be followed
	Room    string          `json:"room,omitempty"`    // tells sensor, plant and relays: of others nothing that was learned counts
	Learned comfort.Learned `json:"learned,omitzero"`  // of the room
}

// LearnedOf is what was learned of the same room; of another one nothing.
func (c Comfort) LearnedOf(room string) comfort.Learned {
	if c.Room != room {
		return comfort.Learned{}
	}
	return c.Learned
}

// ModelOf is what the law had learned of the same room; of another one nothing.
func (k KeptZone) ModelOf(room string) (known foresee.Known, err error) {
	if k.Room == room && len(k.Model) > 0 {
		err = known.UnmarshalBinary(k.Model)
	}
	return known, err
}

// keptWatcher is what a watcher has latched and learned.
type keptWatcher struct {
	Tripped bool          `json:"tripped"`
	Learned guard.Learned `json:"learned"`
}

func keptOf(w guard.Watcher) keptWatcher { return keptWatcher{w.Tripped, w.Learned} }

func (k keptWatcher) past() controlloop.PastWatcher {
	return controlloop.PastWatcher{Learned: k.Learned, Tripped: k.Tripped}
}

// KeptOutput is an output's last switch. Since says nothing while it is on.
type KeptOutput struct {
	On    bool               `json:"on"`    // or may be, since its relay did not obey
	Since time.Duration      `json:"since"` // ns since boot: when it went off
	Why   controlloop.Reason `json:"why"`   // what its rest is for
}

// Past gives what the law may take as known now.
func (k KeptZone) Past(b BootClock) controlloop.Past {
	p := controlloop.Past{Heat: k.Heat.past(), Cool: k.Cool.past()}
	if b.ID != "" && k.Boot == b.ID {
		now := b.Now()
		p.Heater, p.Cooler = k.Heater.past(now), k.Cooler.past(now)
	}
	return p
}

// past knows nothing of an output that went off in the future, or before the boot.
func (k *KeptOutput) past(now time.Duration) controlloop.PastOutput {
	if k == nil || !k.On && (k.Since < 0 || k.Since > now) {
		return controlloop.PastOutput{}
	}
	if k.On {
		return controlloop.PastOutput{Known: true, On: true}
	}
	return controlloop.PastOutput{Known: true, Off: now - k.Since, Why: k.Why}
}

// Saver keeps a zone's last switches. The zone's goroutine shows it snapshots;
// its own writes them, so that a slow card holds no relay up.
type Saver struct {
	*Writer[KeptZone]
	boot BootClock
	is   KeptZone  // the zone's goroutine owns it
	put  time.Time // when it was last handed over

	counters *Counters
	comfort  func() Comfort // what KeptZone.Comfort is now
	model    func() []byte  // what KeptZone.Model is now
}

// countersEvery is how often counters and the law's model alone are worth a write: cards wear. Each
// switch takes them along.
const countersEvery = time.Hour

// NewSaver saves into a file of the machine's present boot; Run writes.
func NewSaver(file string, p WriteSlots, b BootClock, c *Counters, comfort func() Comfort, model func() []byte) *Saver {
	return &Saver{Writer: NewWriter[KeptZone](file, p), boot: b, is: KeptZone{Boot: b.ID}, counters: c, comfort: comfort, model: model}
}

// Saw takes a snapshot; a nil saver keeps nothing. A switch is written: the
// one off, since a rest begins, and the one on, since the old rest says nothing more.
func (k *Saver) Saw(s controlloop.Snapshot) {
	if k == nil {
		return
	}
	was := k.is
	k.is.Heater = k.output(was.Heater, s.HasHeater, s.State.Heater, s.HeaterRelay, s.Time)
	k.is.Cooler = k.output(was.Cooler, s.HasCooler, s.State.Cooler, s.CoolerRelay, s.Time)
	k.is.Heat, k.is.Cool, k.is.Comfort = keptOf(s.Guard.Heat), keptOf(s.Guard.Cool), k.comfort()
	latched := k.is.Heat.Tripped != was.Heat.Tripped || k.is.Cool.Tripped != was.Cool.Tripped
	if latched || k.is.Comfort != was.Comfort || k.is.Heater != was.Heater || k.is.Cooler != was.Cooler || s.Time.Sub(k.put) >= countersEvery {
		k.put = s.Time
		k.HandOver()
	}
}

// HandOver gives what is to be kept to the goroutine that writes it.
func (k *Saver) HandOver() {
	counts := k.counters.Now()
	k.is.Counters, k.is.Model = &counts, k.model()
	k.Put(k.is)
}

// output gives what was, or a new one where the output has switched.
func (k *Saver) output(was *KeptOutput, has bool, o controlloop.Output, relay controlloop.RelayState, now time.Time) *KeptOutput {
	on := o.On || relay != controlloop.RelayOff
	switch {
	case !has || was != nil && was.On == on:
		return was
	case on:
		return &KeptOutput{On: true}
	case was == nil: // the start: the law knows since when it rests
		now = o.Since
	}
	return &KeptOutput{Since: k.boot.At(now), Why: o.Why}
}
