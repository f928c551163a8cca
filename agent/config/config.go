package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/homeassistant"
)

// Config is what the agent was told by its file, defaults filled in.
type Config struct {
	Device   string
	StateDir string
	Units    string // C or F
	MQTT     MQTT
	HTTP     HTTP
	Zones    []Zone
	SHA256   string // of the file, in hex
}

// MQTT is how the agent reaches the broker and how often it speaks.
type MQTT struct {
	broker.Access
	DiscoveryPrefix string        // empty: no discovery
	BirthTopic      string        // empty: the usual ones
	SensorEvery     time.Duration // slowest rate of readings; 0: each
	StateEvery      time.Duration // slowest rate of states; a change is always sent
}

// Zone is one zone, defaults filled in.
type Zone struct {
	Name       string
	SensorID   int32
	Plant      string
	Params     controlloop.Params
	Devices    drivers.Spec
	Default    controlloop.Setpoint
	Configured bool // default_setpoint was given
}

// Complaint is one thing wrong with a configuration, and where.
type Complaint struct {
	File         string
	Line, Column int    // from 1
	Path         string // zones[0].timing.sample; empty where it is about the file
	Text         string
	Warning      bool // the configuration can be used all the same
}

// String gives place, path and text in the form that editors can jump to.
func (c Complaint) String() string {
	at := fmt.Sprintf("%s:%d:%d: ", c.File, c.Line, c.Column)
	if c.Path == "" {
		return at + c.Text
	}
	return at + c.Path + ": " + c.Text
}

// reader collects complaints.
type reader struct {
	file       string
	machine    Machine
	complaints []Complaint
	empty      int // values that are not there

	base    string   // of the agent's own topics, with a slash at its end
	births  []string // Home Assistant's
	brokers bool     // there are some
}

func ReadOn(file string, text []byte, m Machine) (Config, []Complaint) {
	r := &reader{file: file, machine: m}
	sum := sha256.Sum256(text)
	c := Config{Units: "C", SHA256: hex.EncodeToString(sum[:])}
	if root := r.readYAML(text); root != nil {
		r.readRoot(root, &c)
	}
	slices.SortStableFunc(r.complaints, func(a, b Complaint) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c, r.complaints
}

// rootKeys are the keys that stand at the left margin.
var rootKeys = []string{"device", "state_dir", "units", "mqtt", "http", "zones"}

func (r *reader) readRoot(root *node, c *Config) {
	if root.kind == kindEmpty || root.kind == kindScalar || root.kind == kindList {
		r.complain(root, "the file is %v, but a mapping is wanted", root.kind)
		return
	}
	if !r.isMapping(root, rootKeys...) {
		return
	}
	r.readDevice(root, c)
	c.StateDir = r.machine.StateDir(c.Device)
	r.filled(root.child("state_dir"), &c.StateDir)
	r.oneOf(root.child("units"), &c.Units, "C", "F")
	r.readMQTT(root.child("mqtt"), &c.MQTT)
	r.base, r.brokers = c.MQTT.Prefix+"/"+c.Device+"/", len(c.MQTT.Brokers) > 0 || root.child("mqtt").child("brokers").holds()
	r.readBirthTopic(root.child("mqtt"), &c.MQTT)
	r.births = homeassistant.OnlineTopics(c.MQTT.BirthTopic, c.MQTT.DiscoveryPrefix)
	r.readHTTP(root.child("http"), &c.HTTP)
	r.readZones(root.child("zones"), c)
}

// complainAt is for the file; of no place in it, its beginning stands for it.
func (r *reader) complainAt(at place, text string) {
	r.complaints = append(r.complaints, Complaint{File: r.file, Line: max(at.line, 1), Column: max(at.column, 1), Text: text})
}

func (r *reader) complain(n *node, format string, args ...any) {
	r.complainOf(n, n.path(), format, args...)
}

// complainOf is for what is not in the file: it gives the path of that, and
// the place of the nearest thing that is there.
func (r *reader) complainOf(n *node, path, format string, args ...any) {
	r.complaints = append(r.complaints, Complaint{
		File: r.file, Line: max(n.line, 1), Column: max(n.column, 1),
		Path: path, Text: fmt.Sprintf(format, args...),
	})
}

// missing complains of a key that a mapping must have.
func (r *reader) missing(n *node, key, text string) {
	r.complainOf(n, join(n.path(), key), "%s", text)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (r *reader) warn(n *node, text string) {
	r.complain(n, "%s", text)
	r.complaints[len(r.complaints)-1].Warning = true
}
