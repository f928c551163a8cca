package device

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// RelaySpec is what a configuration says about a relay on the broker.
type RelaySpec struct {
	SensorID   int32
	Sample     time.Duration // of its zone, which wishes as often; a zone that is stuck does not
	MinOff     time.Duration // of its zone: how long it rests that went off
	Safety     bool          // in series with the zone's others
	Topic      string        // of its commands
	On, Off    string        // the commands; both empty: HeaterControl
	StateTopic string        // where it tells its position; empty: it does not
	StateField string        // path of the position in a JSON state
	Lease      time.Duration // it lets go by itself after so long without an On, which is said again three times as often
	Retain     bool          // the broker keeps the commands
}

// plain reports whether the commands are plain text.
func (s RelaySpec) plain() bool { return s.On != "" }

// stateField is where the position is in a JSON state if nobody says so.
func (s RelaySpec) stateField() string {
	if s.StateField == "" {
		return "state"
	}
	return s.StateField
}

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

// AckTimeout is how long a doubt may last before it is an error.
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
	if r.on && !r.tells && !r.resting(now) {
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
		return r.errorf("there is no broker, and %s", r.byItself())
	case r.on && r.resting(now):
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

// byItself is what a device does that hears nothing more.
func (r *Relay) byItself() string {
	if r.spec.plain() {
		return "it stays as it is unless it has a timer of its own"
	}
	return fmt.Sprintf("it lets go by itself %v after its last On", r.spec.Lease)
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
		r.restUntil(now.Add(r.spec.MinOff), why)
	}
	r.maybeOn = false
}

func (r *Relay) restUntil(ends time.Time, why string) {
	if ends.After(r.rest.ends) {
		r.rest = rest{ends, why}
	}
}

func (r *Relay) resting(now time.Time) bool { return now.Before(r.rest.ends) }

// Close tells whether the device is known to be off, or was never told to go on.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteToken(time.Now())
	if !r.everOn || !r.tells && (r.acked || r.off) {
		return nil
	}
	return r.errorf("it could not be told to go off, and %s", r.byItself())
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
		r.restUntil(r.onSaid.Add(r.spec.Lease+r.spec.MinOff), restLease)
	}
}

// grants notes that the broker gives us our own commands back from now on. What
// was said before that is said again.
func (r *Relay) grants() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.echoes, r.since = true, time.Now()
	r.renew()
	r.speak(r)
}

// listens notes that the broker has answered whether we may hear the device.
func (r *Relay) listens() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listensAt = time.Now()
}

// hears reports whether the device's answer would be heard, and what the broker
// has kept of it has come: an On to one that went off meanwhile must wait.
func (r *Relay) hears(now time.Time) bool {
	return r.spec.StateTopic == "" || r.word.live || !r.listensAt.IsZero() && now.Sub(r.listensAt) >= keptWord
}

// due reports whether the command is to be said, again or for the first time.
func (r *Relay) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lapse(now)
	r.noteToken(now)
	r.wake(now)
	if r.tells && (r.resting(now) || !r.hears(now)) {
		return false
	}
	return r.wished && r.reached && (r.said == nil || !now.Before(r.sayAt))
}

// lapse ends an On that nobody wishes any more: the zone is stuck, and its lease
// must not be renewed for ever. Its next wish counts again.
func (r *Relay) lapse(now time.Time) {
	if r.on && now.Sub(r.setAt) > max(stuckSamples*r.spec.Sample, relayPatience) {
		r.on, r.wishedAt, r.since = false, now, now
		r.restUntil(now.Add(r.spec.MinOff), restMoved)
		r.turn(now, false)
	}
}

// say publishes the command. Only the speaker calls it: it may have to wait for
// a slow connection.
func (r *Relay) say(client paho.Client, now time.Time) {
	r.mu.Lock()
	on, payload := r.tells, r.payload()
	if on && r.said != nil && r.doubt(now) == nil { // each renewal must arrive anew
		r.since, r.acked, r.echoed = now, false, false
	}
	r.acked = r.acked && (on || !r.maybeOn) // of one that says that it is on, this is the Off that counts
	r.noteSaid(now, on)
	r.said, r.saidAt, r.sayAt = payload, now, now.Add(r.again())
	r.mu.Unlock()

	token := client.Publish(r.spec.Topic, 1, r.spec.Retain, payload)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tells == on && !r.acked {
		r.token = token
	}
}

// noteSaid keeps what a command that is being said may do. An On to a device
// that was off must be answered.
func (r *Relay) noteSaid(now time.Time, on bool) {
	if on != r.told || on && !r.maybeOn {
		r.changedAt, r.owes = now, on
	}
	r.told = on
	if on {
		r.everOn, r.maybeOn, r.puzzledAt, r.onSaid = true, true, time.Time{}, now
	}
}

// again is when the command is said again: an On three times within the lease,
// so that two may be lost, an Off once in 30 s, or three times while the device
// does not say that it is off. Spread, so that many do not march in step.
func (r *Relay) again() time.Duration {
	every := r.spec.Lease
	if !r.tells {
		every = min(every, offEvery)
	}
	if r.tells || r.word.position > posOff {
		every /= 3
	}
	return every*2/3 + rand.N(every/3)
}

func (r *Relay) payload() []byte {
	switch {
	case r.spec.plain() && r.tells:
		return []byte(r.spec.On)
	case r.spec.plain():
		return []byte(r.spec.Off)
	}
	command := pb.HeaterCommand_Off
	if r.tells {
		command = pb.HeaterCommand_On
	}
	return wire.Marshal(&pb.HeaterControl{SensorID: &r.spec.SensorID, Command: &command, SwitchedAt: timestamppb.New(r.wishedAt)})
}

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
	switch on, known := r.commandOf(payload); {
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

func (r *Relay) commandOf(payload []byte) (on, known bool) {
	if r.spec.plain() {
		return string(payload) == r.spec.On, string(payload) == r.spec.On || string(payload) == r.spec.Off
	}
	on, err := wire.DecodeCommand(r.spec.SensorID, payload)
	return on, err == nil
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
		r.restUntil(now.Add(max(r.spec.MinOff, unclearRest)), "it said "+r.word.text)
		r.moved(now)
	}
	r.word.at = r.puzzledAt
	if r.tells && r.resting(now) {
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

// flying is the command that the broker has not taken yet; nil: none.
func (r *Relay) flying() paho.Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token
}
