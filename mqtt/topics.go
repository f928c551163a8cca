// Package mqtt is the session with the broker: every topic, every payload in
// and out, and the rules by which a setpoint from many hands stays one truth.
package mqtt

import "strings"

// topics knows every topic of one device.
type topics struct{ base string }

// newTopics: the base is <prefix>/<device>.
func newTopics(prefix, device string) topics { return topics{prefix + "/" + device} }

func (t topics) status() string             { return t.base + "/status" }
func (t topics) info() string               { return t.base + "/info" }
func (t topics) control(zone string) string { return t.base + "/" + zone + "/control" }
func (t topics) ack(zone string) string     { return t.base + "/" + zone + "/ack" }
func (t topics) sensor(zone string) string  { return t.base + "/" + zone + "/sensor" }
func (t topics) heater(zone string) string  { return t.base + "/" + zone + "/heater" }
func (t topics) cooler(zone string) string  { return t.base + "/" + zone + "/cooler" }
func (t topics) state(zone string) string   { return t.base + "/" + zone + "/state" }
func (t topics) restart() string            { return t.base + "/set/restart" }

// set is a plain-text topic: desired, mode or clear.
func (t topics) set(zone, what string) string { return t.base + "/" + zone + "/set/" + what }

// anySet matches the plain-text topics of all zones.
func (t topics) anySet() string { return t.base + "/+/set/+" }

// parse takes a topic of this device apart: the zone, and what follows it.
func (t topics) parse(topic string) (zone, rest string, ok bool) {
	tail, ok := strings.CutPrefix(topic, t.base+"/")
	if !ok {
		return "", "", false
	}
	return strings.Cut(tail, "/")
}
