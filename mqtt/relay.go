package mqtt

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
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
	everOn   bool       // it was told to go on, once
	since    time.Time  // since when it has had the time to obey
	said     []byte     // the command that was said for the wish; nil: not yet
	sayAt    time.Time  // when it is to be said again
	token    paho.Token // of the command, until the broker takes it
	acked    bool       // the broker has taken it
	echoes   bool       // the broker gives us our own commands back
	echoed   bool       // and has done so with this one
	position bool       // as the device told last
	known    bool       // it has told it on this connection
}

// How long a command may be on its way before that is a fault. A device that
// has not told its position yet may do so by its own clock, once a minute.
const (
	relayPatience = patience
	firstWord     = time.Minute
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
		r.wished, r.on, r.wishedAt, r.since = true, on, now, now
		r.everOn = r.everOn || on
		r.renew()
		r.speak(r)
	}
	wait := relayPatience
	if r.reached && r.acked && r.spec.StateTopic != "" && !r.known {
		wait = firstWord
	}
	if err := r.doubt(); err != nil && now.Sub(r.since) >= wait {
		return err
	}
	return nil
}

// renew forgets what became of an earlier command.
func (r *Relay) renew() { r.said, r.token, r.acked, r.echoed = nil, nil, false, false }

// doubt says why it is not known that the device obeys, or nil.
func (r *Relay) doubt() error {
	r.noteToken()
	switch {
	case !r.reached:
		return r.errorf("there is no broker, and %s", r.byItself())
	case !r.acked:
		return r.errorf("the broker does not take the command")
	case r.spec.StateTopic != "" && !r.known:
		return r.errorf("nothing comes on %s", r.spec.StateTopic)
	case r.spec.StateTopic != "" && r.position != r.on:
		return r.errorf("told %s, it says %s", onOff(r.on), onOff(r.position))
	case r.echoes && !r.echoed:
		return r.errorf("the broker does not pass on the command: is this agent allowed to write there?")
	}
	return nil
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
		r.acked, r.token = r.token.Error() == nil, nil
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
	if !r.everOn || !r.on && r.acked {
		return nil
	}
	return r.errorf("it could not be told to go off, and %s", r.byItself())
}

// connection notes that the broker came or went: what was said before counts no more.
func (r *Relay) connection(there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached, r.echoes, r.known = there, false, false
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
	return r.wished && r.reached && (r.said == nil || !now.Before(r.sayAt))
}

// lapse ends an On that nobody wishes any more: the zone is stuck, and its lease
// must not be renewed for ever. Its next wish counts again.
func (r *Relay) lapse(now time.Time) {
	if r.on && now.Sub(r.setAt) > max(stuckSamples*r.spec.Sample, relayPatience) {
		r.on, r.wishedAt, r.since = false, now, now
		r.renew()
	}
}

// say publishes the command. Only the speaker calls it: it may have to wait for
// a slow connection.
func (r *Relay) say(client paho.Client, now time.Time) {
	r.mu.Lock()
	on, payload := r.on, r.payload()
	r.said, r.sayAt = payload, now.Add(r.again())
	r.mu.Unlock()

	token := client.Publish(r.spec.Topic, 1, r.spec.Retain, payload)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on == on && !r.acked {
		r.token = token
	}
}

// again is when the command is said again: an On three times within the lease,
// so that two may be lost, an Off once, or as often while the device says that
// it is on. Spread, so that many do not march in step.
func (r *Relay) again() time.Duration {
	every := r.spec.Lease
	if r.on || r.known && r.position {
		every /= 3
	}
	return every*2/3 + rand.N(every/3)
}

func (r *Relay) payload() []byte {
	switch {
	case r.spec.plain() && r.on:
		return []byte(r.spec.On)
	case r.spec.plain():
		return []byte(r.spec.Off)
	}
	command := pb.HeaterCommand_Off
	if r.on {
		command = pb.HeaterCommand_On
	}
	return marshal(&pb.HeaterControl{SensorID: &r.spec.SensorID, Command: &command, SwitchedAt: timestamppb.New(r.wishedAt)})
}

// take hears what the device says of itself, or our own command come back. What
// the broker had kept tells nothing about now.
func (r *Relay) take(now time.Time, topic string, payload []byte, retained bool) {
	if retained {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if topic == r.spec.Topic && bytes.Equal(payload, r.said) {
		r.echoed = true
	}
	if topic != r.spec.StateTopic {
		return
	}
	on, err := decodePosition(r.spec, payload)
	if err != nil {
		return // about something else; silence is told by doubt
	}
	if r.known && r.position == r.on && on != r.on { // by another hand: it has its time to obey us again
		r.since, r.sayAt = now, now
		r.speak(r)
	}
	r.position, r.known = on, true
}

// flying is the command that the broker has not taken yet; nil: none.
func (r *Relay) flying() paho.Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token
}

// SayOff tells relays to go off, on a connection of its own, within the
// context's time. The error says why the broker has not taken all of it.
func SayOff(ctx context.Context, a Access, relays []RelaySpec) error {
	r, err := Connect(ctx, a)
	if err != nil {
		return err
	}
	defer r.Close()
	now := time.Now()
	for _, spec := range relays {
		off := Relay{spec: spec, wishedAt: now}
		if err := r.publish(ctx, spec.Topic, off.payload(), spec.Retain); err != nil {
			return fmt.Errorf("%s: %w", spec.Topic, err)
		}
	}
	return nil
}
