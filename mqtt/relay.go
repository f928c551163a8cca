package mqtt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "thermostat/proto"
)

// RelaySpec is what a configuration says about a relay on the broker.
type RelaySpec struct {
	SensorID   int32
	Sample     time.Duration // of its zone, which wishes as often; a zone that is stuck does not
	MinOff     time.Duration // of its zone: how long it rests that went off without the zone's wish
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

	mu       sync.Mutex
	reached  bool // the broker is there
	wished   bool // Set was called
	on       bool // the wish
	wishedAt time.Time
	setAt    time.Time  // when Set was called last
	everOn   bool       // On was said since the start
	since    time.Time  // since when it has had the time to obey
	said     []byte     // the command that was said for the wish; nil: not yet
	saidAt   time.Time  // when it was said last
	sayAt    time.Time  // when it is to be said again
	restEnds time.Time  // no On is said before
	off      bool       // the broker has taken an Off, nothing after it, and the device does not deny it
	token    paho.Token // of the command, until the broker takes it
	acked    bool       // the broker has taken it
	echoes   bool       // the broker gives us our own commands back
	echoed   bool       // and has done so with this one
	position position   // as the device told last on this connection
	odd      string     // what it told that is no position, for people
	oddAt    time.Time  // when it told that
	obeyed   bool       // it has told that it is where the wish is, on any connection
	withheld bool       // the rest is for an odd word: Off is said meanwhile
	without  int        // messages on this connection that did not tell it
	movedAt  time.Time  // when it last went where it was not told to go
}

// position is what a device told of its relay.
type position uint8

const (
	silent position = iota // nothing
	isOff
	isOn
	isOdd // neither on nor off: a tripped circuit, a device that is gone
)

func positionOf(on bool) position {
	if on {
		return isOn
	}
	return isOff
}

// How long a command may be on its way before that is a fault. A device that
// has not told its position yet may do so by its own clock, once a minute.
const (
	relayPatience = patience
	firstWord     = time.Minute
	offEvery      = 30 * time.Second // an Off is said again at least so often, however long the lease
	shortest      = time.Second      // between two commands for one wish
)

// stuckSamples is after how many samples without a wish a zone counts as stuck,
// as it does for the service manager's watchdog.
const stuckSamples = 3

// Set notes the wish. It never blocks. A command that has not arrived within 10
// s, as far as that can be known, is an error.
func (r *Relay) Set(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.setAt = now
	if !r.wished || on != r.on {
		r.wished, r.on, r.wishedAt, r.since, r.obeyed, r.withheld = true, on, now, now, false, false
		r.off = r.off && !on
		r.renew()
		r.speak(r)
	}
	if !on && !r.reached && r.off {
		return nil // it was told before the broker went away
	}
	wait := relayPatience
	switch {
	case r.position == isOdd || r.withheld:
		wait = 0 // it has answered
	case r.reached && r.acked && r.spec.StateTopic != "" && r.position == silent:
		wait = firstWord
	}
	if err := r.doubt(); err != nil && now.Sub(r.since) >= wait {
		return err
	}
	return nil
}

// order is what is said: the wish, but Off while an On rests for an odd word.
func (r *Relay) order() bool { return r.on && !r.withheld }

// renew forgets what became of an earlier command.
func (r *Relay) renew() { r.said, r.token, r.acked, r.echoed = nil, nil, false, false }

// doubt says why it is not known that the device obeys, or nil.
func (r *Relay) doubt() error {
	r.noteToken()
	switch {
	case !r.reached:
		return r.errorf("there is no broker, and %s", r.byItself())
	case r.withheld, r.position == isOdd && (r.on || time.Now().Before(r.restEnds)):
		return r.errorf("nobody knows whether it is on: %s; On is said no sooner than %s", r.odd, r.restEnds.Format(time.TimeOnly))
	case r.on && time.Now().Before(r.restEnds):
		return r.errorf("it went off without the zone's wish, and rests until %s", r.restEnds.Format(time.TimeOnly))
	case !r.acked:
		return r.errorf("the broker does not take the command")
	case r.mute() && r.without > 0:
		return r.errorf("%s without `%s` on %s", messages(r.without), r.spec.stateField(), r.spec.StateTopic)
	case r.mute():
		return r.errorf("nothing comes on %s", r.spec.StateTopic)
	case r.position == isOn && !r.on, r.position == isOff && r.on:
		return r.errorf("told %s, it says %s", onOff(r.on), onOff(!r.on))
	case r.echoes && !r.echoed:
		return r.errorf("the broker does not pass on the command: is this agent allowed to write there?")
	}
	return nil
}

// mute reports whether an On is in force that the device has not confirmed by a word.
// An Off that nobody contradicts needs none: a device may tell nothing but changes.
func (r *Relay) mute() bool {
	return r.spec.StateTopic != "" && r.on && r.position == silent && !r.obeyed
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

func (r *Relay) noteToken() {
	if r.token == nil {
		return
	}
	select {
	case <-r.token.Done():
		if r.acked = r.token.Error() == nil; r.acked {
			r.off = !r.order() && r.position != isOn
		} else {
			r.said = nil // the next pulse says it again
		}
		r.token = nil
	default:
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// Close tells whether the device is known to be off, or was never told to go on.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteToken()
	if !r.everOn || !r.on && (r.acked || r.off) {
		return nil
	}
	return r.errorf("it could not be told to go off, and %s", r.byItself())
}

// connection notes that the broker came or went: what was said before counts no
// more. A device that tells its position only when that changes is silent then.
func (r *Relay) connection(there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached, r.echoes, r.position, r.without = there, false, silent, 0
	r.since = time.Now()
	r.renew()
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

// due reports whether the command is to be said, again or for the first time.
func (r *Relay) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lapse(now)
	r.noteToken()
	switch {
	case r.withheld && !now.Before(r.restEnds):
		r.withheld, r.since = false, now
		r.renew()
	case r.order() && now.Before(r.restEnds):
		return false
	}
	return r.wished && r.reached && (r.said == nil || !now.Before(r.sayAt))
}

// lapse ends an On that nobody wishes any more: the zone is stuck, and its lease
// must not be renewed for ever. Its next wish counts again.
func (r *Relay) lapse(now time.Time) {
	if r.on && now.Sub(r.setAt) > max(stuckSamples*r.spec.Sample, relayPatience) {
		r.on, r.wishedAt, r.since = false, now, now
		r.restEnds = now.Add(r.spec.MinOff)
		r.renew()
	}
}

// say publishes the command. Only the speaker calls it: it may have to wait for
// a slow connection.
func (r *Relay) say(client paho.Client, now time.Time) {
	r.mu.Lock()
	on, payload := r.order(), r.payload()
	if on && r.said != nil && r.doubt() == nil { // each renewal must arrive anew
		r.since, r.acked, r.echoed = now, false, false
	}
	r.everOn = r.everOn || on
	r.said, r.saidAt, r.sayAt = payload, now, now.Add(r.again())
	r.mu.Unlock()

	token := client.Publish(r.spec.Topic, 1, r.spec.Retain, payload)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.order() == on && !r.acked {
		r.token = token
	}
}

// again is when the command is said again: an On three times within the lease,
// so that two may be lost, an Off once in 30 s, or three times while the device
// says that it is on. Spread, so that many do not march in step.
func (r *Relay) again() time.Duration {
	every := r.spec.Lease
	if !r.order() {
		every = min(every, offEvery)
	}
	if r.order() || r.position == isOn {
		every /= 3
	}
	return every*2/3 + rand.N(every/3)
}

func (r *Relay) payload() []byte {
	switch {
	case r.spec.plain() && r.order():
		return []byte(r.spec.On)
	case r.spec.plain():
		return []byte(r.spec.Off)
	}
	command := pb.HeaterCommand_Off
	if r.order() {
		command = pb.HeaterCommand_On
	}
	return marshal(&pb.HeaterControl{SensorID: &r.spec.SensorID, Command: &command, SwitchedAt: timestamppb.New(r.wishedAt)})
}

// take hears what the device says of itself, or our own command come back. What
// the broker had kept is a first word of the device, and no sign of our command.
func (r *Relay) take(now time.Time, topic string, payload []byte, retained bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if topic == r.spec.Topic && bytes.Equal(payload, r.said) && !retained {
		r.echoed = true
	}
	if topic != r.spec.StateTopic || retained && r.position != silent || len(payload) == 0 {
		return // an empty message takes back what the broker had kept
	}
	on, err := decodePosition(r.spec, payload)
	switch {
	case errors.Is(err, errOther):
		if bytes.HasPrefix(bytes.TrimSpace(payload), []byte("{")) {
			r.without++
		}
		return // silence is told by doubt
	case err != nil:
		r.confused(now, err)
		return
	}
	if on != r.on && !retained && (r.position == silent || r.position == positionOf(r.on)) {
		r.moved(now)
	}
	r.position, r.obeyed = positionOf(on), r.obeyed || on == r.on
	r.off = !r.order() && !on && (r.off || r.acked)
}

// confused notes a word that is no position. Nobody knows what the device does: it is
// told Off, and rests before it is told On once more. The same word again begins no new
// rest, or one that is said each minute would keep it off for ever.
func (r *Relay) confused(now time.Time, word error) {
	again := r.withheld || r.position == isOdd && r.oddAt.After(r.since)
	r.position, r.odd, r.oddAt, r.off = isOdd, word.Error(), now, false
	if again {
		return
	}
	r.restEnds = now.Add(r.spec.MinOff)
	if r.on {
		r.withheld = true
		r.renew()
		r.speak(r)
	}
}

// moved notes that the device is where it was not told to be: by another hand, by
// its own timer, or since a command was lost. It has its time to obey us again,
// but not over and over, and it rests first if it went off: a compressor needs that.
func (r *Relay) moved(now time.Time) {
	if r.movedAt.IsZero() || now.Sub(r.movedAt) > firstWord {
		r.since = now
	}
	r.movedAt = now
	if r.on && r.position == isOn {
		r.restEnds = now.Add(r.spec.MinOff)
	}
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

// SayOff tells relays to go off, on connections of its own to every broker at
// once, within the context's time: which of them the relays hang on is not known,
// nor which is dead. The error says why no broker has taken all of it.
func SayOff(ctx context.Context, a Access, relays []RelaySpec) error {
	answers := make(chan error, len(a.Brokers))
	for _, broker := range a.Brokers {
		one := a
		one.Brokers = []string{broker}
		go func() { answers <- sayOff(ctx, one, relays) }()
	}
	why := []string{}
	for range a.Brokers {
		if err := answerOf(ctx, answers); err != nil {
			why = append(why, err.Error())
		}
	}
	if len(a.Brokers) == 0 {
		why = append(why, "no broker is configured")
	}
	if len(why) < len(a.Brokers) {
		return nil // one has taken it all
	}
	return errors.New(strings.Join(why, "; "))
}

// answerOf waits for one of them, and after the context's end only for a goodbye:
// a connection that is stuck would hold its writer for longer.
func answerOf(ctx context.Context, answers <-chan error) error {
	select {
	case err := <-answers:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answers:
		return err
	case <-time.After(2 * farewell * time.Millisecond):
		return ErrNoAnswer
	}
}

func sayOff(ctx context.Context, a Access, relays []RelaySpec) error {
	r, err := Connect(ctx, a)
	if err != nil {
		return err
	}
	defer r.Close()
	tokens := make([]paho.Token, len(relays))
	for i, spec := range relays {
		off := Relay{spec: spec, wishedAt: time.Now()}
		tokens[i] = r.client.Publish(spec.Topic, 1, spec.Retain, off.payload())
	}
	for i, token := range tokens {
		if err := done(ctx, token); err != nil {
			return fmt.Errorf("%s: %w", relays[i].Topic, err)
		}
	}
	return nil
}
