package device

import (
	"fmt"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// Relay is a relay that is commanded over the broker. It implements
// [controlloop.Relay]: Set notes the wish, and the speaker of [Devices] says it,
// at once and then again and again, since whoever obeys lets go after the lease.
type Relay struct {
	spec  RelaySpec
	speak func(*Relay) // asks the speaker to say it now

	mu        sync.Mutex
	reached   bool // the broker is there
	wished    bool // Set was called
	on        bool // the wish
	wishedAt  time.Time
	setAt     time.Time  // when Set was called last
	tells     bool       // what it is told: the wish, but Off in a rest after a word that is unclear
	since     time.Time  // since when it has had the time to obey
	said      []byte     // the command that was said; nil: not yet
	saidAt    time.Time  // when it was said last
	sayAt     time.Time  // when it is to be said again
	changedAt time.Time  // when it was told last to go where it was not told before
	token     paho.Token // of the command, until the broker takes it
	acked     bool       // the broker has taken it
	told      bool       // what was said last was On
	takenAt   time.Time  // when the broker took the Off by which it may have gone off
	echoes    bool       // the broker gives us our own commands back
	echoed    bool       // and has done so with this one

	everOn    bool      // On was said, and it was not let go since
	maybeOn   bool      // On was said or heard, and nothing since by which it is off
	off       bool      // the broker has taken an Off, nothing after it, and the device does not deny it
	onSaid    time.Time // when On was said last
	onTaken   time.Time // when that On was said which the broker has taken last
	rest      rest
	word      word      // its last, also of an earlier connection
	owes      bool      // it was told to go on from off, and has not said that it did
	puzzledAt time.Time // since when it is unclear or was, and was not told to go on since; zero: it is not
	listensAt time.Time // since when its words can be heard on this connection; zero: not yet
	foreign   int       // messages on its state topic without its position, since the last with one
	movedAt   time.Time // when it last went where it was not told to go
}

// rest is a time in which no On is said.
type rest struct {
	ends time.Time
	why  string // for people
}

func (r *rest) until(ends time.Time, why string) {
	if ends.After(r.ends) {
		*r = rest{ends, why}
	}
}

func (r *rest) lasts(now time.Time) bool { return now.Before(r.ends) }

// Why a relay rests, for people.
const (
	restWished = "it went off a moment ago"
	restMoved  = "it went off without the zone's wish"
	restLease  = "it heard nothing for longer than its lease"
)

// How long a command may be on its way before that is a fault. A device that
// has not told its position yet may do so by its own clock, once a minute.
const (
	relayPatience = setpoint.AckTimeout
	firstWord     = time.Minute
	keptWord      = time.Second      // so soon comes what the broker has kept, once it grants a topic
	offEvery      = 30 * time.Second // an Off is said again at least so often, however long the lease
	shortest      = time.Second      // between two commands for one wish
	unclearRest   = 10 * time.Second // the shortest rest after a word that is unclear: it may be a tripped circuit's
)

// stuckSamples is after how many samples without a wish a zone counts as stuck,
// as it does for the service manager's watchdog.
const stuckSamples = 3

// Set notes the wish. It never blocks. A command that has not arrived within 10
// s, as far as that can be known, is an error; a device that was told to go off,
// and did for all that is known but its last word, is [controlloop.Unconfirmed].
func (r *Relay) Set(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.setAt = now
	if !r.wished || on != r.on {
		r.wished, r.on, r.wishedAt, r.since = true, on, now, now
		r.turn(now, on)
	}
	r.wake(now)
	if !on && !r.reached && r.off {
		return nil // it was told before the broker went away
	}
	err := r.doubt(now)
	if err == nil || now.Sub(r.since) < r.patience() {
		return nil
	}
	if !on && r.reached && r.acked && r.disagrees() != nil && r.echoed == r.echoes {
		return &controlloop.Unconfirmed{Err: err, Since: later(r.takenAt, r.word.at)}
	}
	return err
}

// patience is how long a doubt may last before it is an error.
func (r *Relay) patience() time.Duration {
	switch {
	case r.reached && (r.word.position == posUnclear || r.on && !r.puzzledAt.IsZero()):
		return 0
	case r.reached && r.acked && r.spec.StateTopic != "" && !r.word.live:
		return firstWord
	}
	return relayPatience
}

// wake ends the rest of a device that was told to go off for it.
func (r *Relay) wake(now time.Time) {
	if r.on && !r.tells && !r.rest.lasts(now) {
		r.turn(now, true)
	}
}

// turn has the device told another position. An Off that is still on its way to
// one that may be on counts from now.
func (r *Relay) turn(now time.Time, on bool) {
	r.noteToken(now)
	if on && !r.told {
		r.wentOff(now, restWished)
	}
	r.tells, r.off, r.takenAt = on, r.off && !on, time.Time{}
	r.renew()
	r.speak(r)
}

// renew forgets what became of an earlier command.
func (r *Relay) renew() { r.said, r.token, r.acked, r.echoed = nil, nil, false, false }

// doubt says why it is not known that the device obeys, or nil.
func (r *Relay) doubt(now time.Time) error {
	r.noteToken(now)
	switch {
	case !r.reached:
		return r.errorf("there is no broker, and %s", r.spec.byItself())
	case r.on && r.rest.lasts(now):
		return r.errorf("%s, and rests until %s", r.rest.why, r.rest.ends.Format(time.TimeOnly))
	case !r.acked:
		return r.errorf("the broker does not take the command")
	}
	if err := r.disagrees(); err != nil {
		return err
	}
	if r.echoes && !r.echoed {
		return r.errorf("the broker does not pass on the command: is this agent allowed to write there?")
	}
	return nil
}

// disagrees tells what the device says that was told otherwise. One that says
// nothing agrees, unless it was told to go on and owes a word.
func (r *Relay) disagrees() error {
	switch {
	case r.spec.StateTopic == "" || r.word.position.is(r.tells):
		return nil
	case r.word.position == posUnclear:
		return r.errorf("it says %s", r.word.text)
	case r.owes && !r.word.live && r.foreign > 0:
		return r.errorf("%s without `%s` on %s", messages(r.foreign), r.spec.stateField(), r.spec.StateTopic)
	case r.owes && !r.word.live:
		return r.errorf("nothing comes on %s", r.spec.StateTopic)
	case r.word.position == posUnheard:
		return nil
	}
	return r.errorf("told %s, it says %s", wire.OnOff(r.tells), wire.OnOff(!r.tells))
}

func (r *Relay) errorf(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return fmt.Errorf("%s, since %s: %s", r.spec.Topic, r.since.Format(time.TimeOnly), text)
}

// noteToken sees whether the broker has taken the command.
func (r *Relay) noteToken(now time.Time) {
	if r.token == nil || !broker.Acked(r.token) {
		return
	}
	r.acked = r.token.Error() == nil
	r.token = nil
	switch {
	case !r.acked:
		r.said = nil // the next pulse says it again
		return
	case r.tells:
		r.onTaken = r.saidAt
		return
	case r.word.position == posOn && !r.word.at.Before(r.saidAt): // it said so after that Off
		return
	case r.maybeOn || r.takenAt.IsZero():
		r.takenAt = now
	}
	r.off = r.word.position <= posOff
	r.wentOff(now, restWished)
}

// wentOff begins the rest of a device that may have been on until now. What is
// off already does not rest anew. A safety relay that goes off by the zone's wish
// does not rest: the outputs do.
func (r *Relay) wentOff(now time.Time, why string) {
	if r.maybeOn && !(r.spec.Safety && why == restWished) {
		r.rest.until(now.Add(r.spec.MinOff), why)
	}
	r.maybeOn = false
}

// Close tells whether the device is known to be off, or was never told to go on.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteToken(time.Now())
	if !r.everOn || !r.tells && (r.acked || r.off) {
		return nil
	}
	return r.errorf("it could not be told to go off, and %s", r.spec.byItself())
}

// connection notes that the broker came or went: what was said before counts no
// more, what was heard stays the last word. A device that says its position only
// when it changes has no other for us.
func (r *Relay) connection(there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.noteToken(now)
	if !there && r.word.at.Before(r.changedAt) && now.Sub(r.changedAt) < firstWord {
		r.word, r.owes = word{}, false // its answer may be lost
	}
	r.reached, r.echoes, r.since = there, false, now
	r.word.live, r.listensAt, r.foreign = false, time.Time{}, 0
	if there && r.on {
		r.restAfterOutage(now)
	}
	r.renew()
}

// restAfterOutage lets a device rest that has heard no On for longer than its
// lease: it went off by itself, and a compressor needs its min_off from then on.
func (r *Relay) restAfterOutage(now time.Time) {
	if r.maybeOn && now.After(r.onTaken.Add(r.spec.Lease)) {
		r.rest.until(r.onSaid.Add(r.spec.Lease+r.spec.MinOff), restLease)
	}
}
