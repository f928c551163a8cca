// Package wire is what an agent says on its broker, and where: the topics, and the
// payloads of all but the setpoint's own.
package wire

import "strings"

// Topics knows every topic of one device.
type Topics struct{ Base string }

// NewTopics: the base is <prefix>/<device>.
func NewTopics(prefix, device string) Topics { return Topics{prefix + "/" + device} }

// Status says online or offline.
func (t Topics) Status() string { return t.Base + "/status" }

// Info has the [Info].
func (t Topics) Info() string { return t.Base + "/info" }

// Control has a zone's setpoint, retained: a TemperatureControl.
func (t Topics) Control(zone string) string { return t.Base + "/" + zone + "/control" }

// Ack has the answers to a zone's controls.
func (t Topics) Ack(zone string) string { return t.Base + "/" + zone + "/ack" }

// Sensor has a zone's readings: SensorData.
func (t Topics) Sensor(zone string) string { return t.Base + "/" + zone + "/sensor" }

// Heater mirrors a zone's heater: a HeaterControl.
func (t Topics) Heater(zone string) string { return t.Base + "/" + zone + "/heater" }

// Cooler mirrors a zone's cooler likewise.
func (t Topics) Cooler(zone string) string { return t.Base + "/" + zone + "/cooler" }

// State has a zone's state, in JSON.
func (t Topics) State(zone string) string { return t.Base + "/" + zone + "/state" }

// Restart is where somebody asks for a restart.
func (t Topics) Restart() string { return t.Base + "/set/restart" }

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
