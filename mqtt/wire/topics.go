// Package wire is what an agent says on its broker, and where: the topics, and the
// payloads of all but the setpoint's own.
package wire

import "strings"

// Topics knows every topic of one device.
type Topics struct{ Base string }

// NewTopics: the base is <prefix>/<device>.
func NewTopics(prefix, device string) Topics { return Topics{prefix + "/" + device} }

// Status is where the agent is online or offline.
func (t Topics) Status() string { return t.Base + "/status" }

// Info is what the agent is.
func (t Topics) Info() string { return t.Base + "/info" }

// Control is a zone's setpoint, retained: what the agent obeys.
func (t Topics) Control(zone string) string { return t.Base + "/" + zone + "/control" }

// Program is a zone's program, retained: what mode auto follows.
func (t Topics) Program(zone string) string { return t.Base + "/" + zone + "/program" }

// Ack is the answer to a control.
func (t Topics) Ack(zone string) string { return t.Base + "/" + zone + "/ack" }

// Sensor is the readings.
func (t Topics) Sensor(zone string) string { return t.Base + "/" + zone + "/sensor" }

// Heater is the heater's position.
func (t Topics) Heater(zone string) string { return t.Base + "/" + zone + "/heater" }

// Cooler is the cooler's position.
func (t Topics) Cooler(zone string) string { return t.Base + "/" + zone + "/cooler" }

// State is the state, retained.
func (t Topics) State(zone string) string { return t.Base + "/" + zone + state }

const state = "/state"

// ZoneOfState gives the zone whose state a topic below a device is; ok is false for others.
func ZoneOfState(topic string) (zone string, ok bool) { return strings.CutSuffix(topic, state) }

// Source is what a source of heat does, retained.
func (t Topics) Source(name string) string { return t.Base + "/" + name + source }

const source = "/source"

// SourceOf gives the source that a topic below a device tells of; ok is false for others.
func SourceOf(topic string) (name string, ok bool) { return strings.CutSuffix(topic, source) }

// Target is what the law aims at from now on.
func (t Topics) Target(zone string) string { return t.Base + "/" + zone + "/target" }

// Restart asks the agent to end in order and start anew.
func (t Topics) Restart() string { return t.Base + "/set/restart" }

// Away says that people go away, or come back.
func (t Topics) Away() string { return t.Base + "/set/away" }

// AgentAck is the answer to what is said to the agent as a whole.
func (t Topics) AgentAck() string { return t.Base + "/ack" }

// Set is a plain-text topic: desired, mode or clear.
func (t Topics) Set(zone, what string) string { return t.Base + "/" + zone + "/set/" + what }

// AnySet matches the plain-text topics of all zones.
func (t Topics) AnySet() string { return t.Base + "/+/set/+" }

// Parse takes a topic of this device apart: the zone, and what follows it.
func (t Topics) Parse(topic string) (zone, rest string, ok bool) {
	tail, ok := strings.CutPrefix(topic, t.Base+"/")
	if !ok {
		return "", "", false
	}
	return strings.Cut(tail, "/")
}
