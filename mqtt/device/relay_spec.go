package device

import (
	"cmp"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// RelaySpec is what a configuration says about a relay on the broker.
type RelaySpec struct {
	SensorID   int32
	Sample     time.Duration // of its zone, which demands as often; a zone that is stuck does not
	MinOff     time.Duration // of its zone: how long it rests that went off
	Safety     bool          // in series with the zone's others
	Topic      string        // of its commands
	On, Off    string        // the commands; both empty: HeaterControl
	StateTopic string        // where it reports its position; empty: it does not
	StateField string        // path of the position in a JSON state
	Lease      time.Duration // it lets go by itself after so long without an On, which is repeated three times as often
	Retain     bool          // the broker keeps the commands
}

// DefaultRelay is a relay of which nothing is said.
func DefaultRelay() RelaySpec { return RelaySpec{Lease: 30 * time.Second} }

// String says which relay it is, for people.
func (s RelaySpec) String() string {
	text := fmt.Sprintf("%s, lease %v", s.Topic, s.Lease)
	if s.StateTopic != "" {
		text += ", confirmed by " + s.StateTopic
	}
	return text
}

// plain reports whether the commands are plain text.
func (s RelaySpec) plain() bool { return s.On != "" }

// stateField is where the position is in a JSON state by default.
func (s RelaySpec) stateField() string { return cmp.Or(s.StateField, "state") }

// byItself is what a device does that gets no more commands.
func (s RelaySpec) byItself() string {
	if s.plain() {
		return "it stays as it is unless it has a timer of its own"
	}
	return fmt.Sprintf("it lets go by itself %v after its last On", s.Lease)
}

// command is the message that tells the device to go on or off; since is when
// that was demanded.
func (s RelaySpec) command(on bool, since time.Time) []byte {
	switch {
	case s.plain() && on:
		return []byte(s.On)
	case s.plain():
		return []byte(s.Off)
	}
	command := pb.HeaterCommand_Off
	if on {
		command = pb.HeaterCommand_On
	}
	return wire.Marshal(&pb.HeaterControl{SensorID: &s.SensorID, Command: &command, SwitchedAt: timestamppb.New(since)})
}

// commandOf reads a command that came back.
func (s RelaySpec) commandOf(payload []byte) (on, known bool) {
	if s.plain() {
		return string(payload) == s.On, string(payload) == s.On || string(payload) == s.Off
	}
	on, err := wire.DecodeCommand(s.SensorID, payload)
	return on, err == nil
}
