package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"thermostat/drivers"
	"thermostat/mqtt/device"
)

const (
	maxTopic     = 512 // bytes
	maxCommand   = 1024
	maxWhere     = 16
	defaultLease = 30 * time.Second
)

// readRemoteSensor reads a sensor on the broker.
func (r *reader) readRemoteSensor(n *node, s *drivers.RemoteSensor) {
	r.isMapping(n, drivers.SensorDriverOf("mqtt").Keys...)
	r.needsBroker(n)
	r.topic(n, "topic", &s.Topic)
	s.Format = "auto"
	r.oneOf(n.child("format"), &s.Format, device.SensorFormats...)
	r.path(n.child("field"), &s.Field)
	r.path(n.child("humidity_field"), &s.HumidityField)
	r.oneOf(n.child("unit"), &s.Unit, device.SensorUnits...)
	s.Where = r.readWhere(n.child("where"))
	for _, key := range []string{"field", "humidity_field", "where"} {
		if at := n.child(key); at != nil && s.Format != "auto" && s.Format != "json" {
			r.complain(at, "belongs to format json, but the format is %s", s.Format)
		}
	}
	if at := n.child("unit"); at != nil && s.Format == "protobuf" {
		r.complain(at, "belongs to formats json and number: a SensorData is in °C")
	}
	if at, says := n.child("unit"), device.UnitOfName(s.Field); at != nil && says != "" && says != s.Unit && s.Unit != "" {
		r.warn(at, fmt.Sprintf("is %s, but the field's name %s says °%s: the unit counts", s.Unit, Shown(s.Field), says))
	}
}

// readWhere reads which words a reading must have beside it: {Id: 0119A, channel: 1}.
func (r *reader) readWhere(n *node) map[string]string {
	switch {
	case n == nil || n.kind == kindRefused:
		return nil
	case n.kind != kindMapping:
		r.complain(n, "is %v, but a mapping such as {Id: 01191ED4A0B2} is wanted", n.kind)
		return nil
	case len(n.children) > maxWhere:
		r.complain(n, "has %d words, at most %d can be asked for", len(n.children), maxWhere)
	}
	where := map[string]string{}
	for _, c := range n.children {
		var word string
		if c.key == "" {
			r.complain(c, "has no name: write the path of a word, such as Id")
		} else if r.filled(c, &word) {
			where[c.key] = word
		}
	}
	return where
}

// path reads the path of a value in JSON.
func (r *reader) path(n *node, to *string) {
	var text string
	if !r.filled(n, &text) || text == "" {
		return
	}
	if strings.Trim(text, " ") != text {
		r.complain(n, "%s begins or ends with a blank", Shown(text))
		return
	}
	*to = text
}

// readRemoteRelay reads a relay on the broker.
func (r *reader) readRemoteRelay(n *node, s *drivers.RemoteRelay) {
	r.isMapping(n, drivers.RelayDriverOf("mqtt").Keys...)
	r.needsBroker(n)
	r.topic(n, "topic", &s.Topic)
	ok := r.command(n.child("on"), &s.On)
	ok = r.command(n.child("off"), &s.Off) && ok
	switch on, off := n.child("on"), n.child("off"); {
	case !ok:
	case (on == nil) != (off == nil):
		r.complain(n, "on and off go together; without both the commands are HeaterControl messages")
	case on != nil && s.On == s.Off:
		r.complain(off, "%s is also what switches on", Shown(s.Off))
	}
	if n.child("state_topic") != nil {
		r.topic(n, "state_topic", &s.StateTopic)
	}
	if s.Topic != "" && s.StateTopic == s.Topic {
		r.complain(n.child("state_topic"), "is also the topic of the commands: our own would count as the device's answer")
	}
	r.path(n.child("state_field"), &s.StateField)
	if at := n.child("state_field"); at != nil && n.child("state_topic") == nil {
		r.complain(at, "is a field of what comes on state_topic, which is missing")
	}
	s.Lease = defaultLease
	if at := n.child("lease"); r.duration(at, &s.Lease) && (s.Lease < 3*time.Second || s.Lease > time.Hour) {
		r.complain(at, "%v is outside 3s..1h", s.Lease)
	}
	if r.boolean(n.child("retain"), &s.Retain); s.Retain {
		r.warn(n.child("retain"), "a retained On switches a heater on that comes back when no agent is there")
	}
}

// needsBroker complains of a device on a broker where none is configured.
func (r *reader) needsBroker(n *node) {
	if !r.brokers {
		r.complain(n.child("driver"), "needs a broker: mqtt.brokers is empty")
	}
}

// holds reports whether there is anything in a list or mapping.
func (n *node) holds() bool { return n != nil && len(n.children) > 0 }

func (r *reader) command(n *node, to *string) bool {
	if !r.filled(n, to) {
		return false
	}
	if len(*to) > maxCommand {
		r.complain(n, "is longer than %d bytes", maxCommand)
		return false
	}
	return true
}

// topic reads one topic, of a device or of a birth; wildcards would make it many.
func (r *reader) topic(parent *node, key string, to *string) {
	n := parent.child(key)
	if n == nil {
		r.missing(parent, key, "is missing")
		return
	}
	var text string
	if !r.filled(n, &text) || text == "" {
		return
	}
	switch {
	case !utf8.ValidString(text) || len(text) > maxTopic:
		r.complain(n, "is no topic: UTF-8 of at most %d bytes", maxTopic)
	case strings.Trim(text, " ") != text:
		r.complain(n, "%s begins or ends with a blank", Shown(text))
	case strings.ContainsAny(text, "+#"):
		r.complain(n, "%s has a wildcard: one device has one topic", Shown(text))
	case strings.HasPrefix(text, "$"):
		r.complain(n, "%s begins with $, which is the broker's own", Shown(text))
	case strings.HasPrefix(text+"/", r.base):
		r.complain(n, "%s is one of this agent's own topics, below %s", Shown(text), r.base)
	case slices.Contains(r.births, text):
		r.complain(n, "%s is where Home Assistant says that it is there", Shown(text))
	default:
		*to = text
	}
}

// remotes reports whether one of a zone's sensors is on the broker.
func remotes(spec drivers.Spec) bool {
	return spec.Sensor.IsRemote() || slices.ContainsFunc(spec.Fallbacks, drivers.SensorSpec.IsRemote)
}

// needsStaleAfter demands that the promise of a sensor on the broker is chosen:
// only its owner knows how often it speaks.
func (r *reader) needsStaleAfter(zone *node, spec drivers.Spec) {
	if _, given := find(zone, "timing.stale_after"); remotes(spec) && !given {
		r.missing(zone, "timing.stale_after", "is missing: an mqtt sensor needs it, longer than the longest pause between two of its readings; the heat goes off that long after the last")
	}
}

// addTopic finds a relay on the broker that two zones would command.
func (u *unique) addTopic(n *node, relay *drivers.RelaySpec) {
	if relay == nil || relay.Remote.Topic == "" {
		return
	}
	if other := u.topics[relay.Remote.Topic]; other != nil {
		u.complain(n.child("topic"), "%s is also the topic of %s", Shown(relay.Remote.Topic), other.path())
		return
	}
	u.topics[relay.Remote.Topic] = n
}
