package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"thermostat/agent/config/machine"
	"thermostat/agent/config/sources"
	"thermostat/agent/config/yamltree"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/mqtt/broker"
)

// Config is what the agent was told by its file, defaults filled in.
type Config struct {
	Device   string
	StateDir string
	Units    string             // C or F
	Timezone string             // IANA's name; empty: the system's
	Clock    string             // auto or trust
	Presets  map[string]float64 // °C, for all zones
	MQTT     MQTT
	HTTP     HTTP
	Sources  []sources.Source
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
	Title      string // for people; empty: the name
	SensorID   int32
	Plant      string
	Params     controlloop.Params
	Calls      string // the source that heats it; empty: its heater does
	Devices    devices.Zone
	Default    controlloop.Setpoint
	Configured bool         // default_setpoint was given
	Comfort    comfort.Plan // its program and presets
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

// ReadOn reads a configuration as that machine would: [Read] is on this one.
func ReadOn(file string, text []byte, m machine.Machine) (Config, []Complaint) {
	c := defaults()
	sum := sha256.Sum256(text)
	c.SHA256 = hex.EncodeToString(sum[:])
	r := &reader{file: file, machine: m, config: &c}
	if r.root = yamltree.Read(text, rootKeys.names(), r.tell); r.root != nil {
		r.readRoot()
	}
	slices.SortStableFunc(r.complaints, func(a, b Complaint) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c, r.complaints
}

// readRoot reads the whole file.
func (r *reader) readRoot() {
	switch r.root.Kind {
	case yamltree.Empty, yamltree.Scalar, yamltree.List:
		r.complain(r.root, "the file is %v, but a mapping is wanted", r.root.Kind)
	default:
		r.mapping(&rootKeys, r.root, r.config)
	}
}

// passwordNeedsUser demands a name beside a password: MQTT 3.1.1 cannot send one
// alone [MQTT-3.1.2-22].
func passwordNeedsUser(r *reader, n *node, c *MQTT, unread badKeys) {
	switch {
	case c.PasswordFile == "" || c.Username != "" || unread.has("username"):
	case n.Child("username") == nil:
		r.complain(n.Child("password_file"), "needs mqtt.username beside it")
	default: // taken by 1.0.0
		r.warn(n.Child("username"), "is empty, so the password is not sent: write the user's name, or leave password_file out")
	}
}

func certificateNeedsKey(r *reader, n *node, a *broker.Access, unread badKeys) {
	if len(unread) == 0 && (a.CertFile == "") != (a.KeyFile == "") {
		r.complain(n, "cert_file and key_file go together")
	}
}
