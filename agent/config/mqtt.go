package config

import (
	"regexp"
	"strings"
	"time"

	"thermostat/mqtt/broker"
)

// PrefixForm keeps wildcards, spaces and empty levels out of the topics.
var PrefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)

const maxPrefix = 100 // bytes

func (r *reader) readMQTT(n *node, c *MQTT) {
	c.Prefix, c.DiscoveryPrefix = "thermostat", "homeassistant"
	c.StateEvery = 60 * time.Second
	if !r.isMapping(n, "brokers", "username", "password_file", "tls", "prefix", "discovery_prefix", "birth_topic", "sensor_every", "state_every") {
		return
	}
	c.Brokers = r.readBrokers(n.child("brokers"))
	r.readLogin(n, c)
	r.readTLS(n.child("tls"), c)
	r.prefix(n.child("prefix"), &c.Prefix)
	if d := n.child("discovery_prefix"); d != nil && d.kind == kindScalar && d.text == "" {
		c.DiscoveryPrefix = ""
	} else {
		r.prefix(d, &c.DiscoveryPrefix)
	}
	r.rate(n.child("sensor_every"), &c.SensorEvery)
	r.rate(n.child("state_every"), &c.StateEvery)
}

// readBirthTopic reads where Home Assistant says that it is there. It must not be
// one of this agent's own topics, so those are known before.
func (r *reader) readBirthTopic(n *node, c *MQTT) {
	switch at := n.child("birth_topic"); {
	case at == nil:
	case at.kind == kindScalar && strings.ContainsAny(at.text, "+#"):
		r.complain(at, "%s has a wildcard: it is the one topic on which Home Assistant says online", Shown(at.text))
	default:
		r.topic(n, "birth_topic", &c.BirthTopic)
	}
}

func (r *reader) prefix(n *node, to *string) {
	if r.spelled(n, to, PrefixForm, prefixIs, prefixWord) && len(*to) > maxPrefix {
		r.complain(n, "is longer than %d characters", maxPrefix)
	}
}

// readLogin demands a name beside a password: MQTT 3.1.1 cannot send one alone
// [MQTT-3.1.2-22].
func (r *reader) readLogin(n *node, c *MQTT) {
	r.text(n.child("username"), &c.Username)
	r.text(n.child("password_file"), &c.PasswordFile)
	if c.PasswordFile != "" && n.child("username") == nil {
		r.complain(n.child("password_file"), "needs mqtt.username beside it")
	}
	c.PasswordFile = r.place(c.PasswordFile)
}

func (r *reader) readTLS(n *node, c *MQTT) {
	if !r.isMapping(n, "ca_file", "cert_file", "key_file") {
		return
	}
	ok := r.text(n.child("ca_file"), &c.CAFile)
	ok = r.text(n.child("cert_file"), &c.CertFile) && ok
	ok = r.text(n.child("key_file"), &c.KeyFile) && ok
	if ok && (c.CertFile == "") != (c.KeyFile == "") {
		r.complain(n, "cert_file and key_file go together")
	}
	c.CAFile, c.CertFile, c.KeyFile = r.place(c.CAFile), r.place(c.CertFile), r.place(c.KeyFile)
}

func (r *reader) readBrokers(n *node) []string {
	urls, at := r.texts(n)
	brokers := urls[:0]
	for i, text := range urls {
		if err := broker.CheckURL(text); err != nil {
			r.complain(at[i], "%v", err)
			continue
		}
		brokers = append(brokers, text)
	}
	return brokers
}
