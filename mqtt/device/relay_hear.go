package device

import (
	"bytes"
	"errors"
	"time"
)

// take hears what the device says of itself, or a command come back. A command
// that the broker had kept tells nothing about now.
func (r *Relay) take(now time.Time, topic string, payload []byte, retained bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if topic == r.spec.Topic && !retained {
		r.takeCommand(now, payload)
	}
	if topic != r.spec.StateTopic || retained && r.word.live {
		return
	}
	switch w, err := wordFrom(r.spec, now, payload, retained); {
	case err == nil:
		r.foreign = 0
		r.takeWord(now, w)
	case errors.Is(err, errNoField):
		r.foreign++
	}
}

// takeCommand hears our own command, or another's: thermostat off, a person. The
// broker gives them back in their order, so that what comes behind our last is not ours.
func (r *Relay) takeCommand(now time.Time, payload []byte) {
	switch on, known := r.spec.commandOf(payload); {
	case bytes.Equal(payload, r.said):
		r.echoed = true
	case !known || !r.echoed || on == r.tells:
	case on:
		r.maybeOn, r.token = true, nil // our Off came before it
		r.moved(now)
	default:
		r.wentOff(now, restMoved)
	}
}

// takeWord hears where the device is.
func (r *Relay) takeWord(now time.Time, w word) {
	was := r.word
	r.word = w
	switch w.position {
	case posOn:
		r.takeOn(now, was)
	case posOff:
		r.takeOff(now, was)
	default:
		r.takeUnclear(now)
	}
	r.owes = r.owes && w.position != posOn
	r.off = !r.tells && w.position == posOff && (r.off || r.acked)
}

func (r *Relay) takeOn(now time.Time, was word) {
	if r.word.live {
		r.maybeOn, r.puzzledAt = true, time.Time{}
		if r.rest.why == restLease {
			r.rest = rest{} // it has none
		}
	}
	if !r.tells && was.position != posOn {
		r.moved(now)
	}
}

// takeOff hears that it is off. One that was off when it was told to go on may
// have said so before it heard that.
func (r *Relay) takeOff(now time.Time, was word) {
	late := was.position == posUnheard && now.Sub(r.changedAt) > relayPatience
	r.maybeOn = r.maybeOn || was.position == posOn
	switch {
	case !r.tells:
		r.wentOff(now, restWished)
	case was.position == posOn || late:
		r.wentOff(now, restMoved)
	}
	if r.tells && was.position != posOff {
		r.moved(now)
	}
}

// takeUnclear hears what is neither on nor off, as of a relay that has tripped. It
// is told to go off and rests; that begins once for each On.
func (r *Relay) takeUnclear(now time.Time) {
	if r.puzzledAt.IsZero() {
		r.puzzledAt, r.maybeOn = now, false
		r.rest.until(now.Add(max(r.spec.MinOff, unclearRest)), "it said "+r.word.text)
		r.moved(now)
	}
	r.word.at = r.puzzledAt
	if r.tells && r.rest.lasts(now) {
		r.turn(now, false)
	}
}

// moved notes that the device is where it was not told to be: by another hand, by
// its own timer, or since a command was lost. It has its time to obey us again,
// but not over and over.
func (r *Relay) moved(now time.Time) {
	if r.movedAt.IsZero() || now.Sub(r.movedAt) > firstWord {
		r.since = now
	}
	r.movedAt = now
	if r.said != nil {
		r.sayAt = later(now, r.saidAt.Add(shortest))
	}
	r.speak(r)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
