package client

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"thermostat/mqtt/broker"
	"thermostat/mqtt/wire"
)

// Presence is whether an agent is there, as far as the broker shows.
type Presence string

// The presences.
const (
	Online  Presence = "online"
	Offline Presence = "offline" // it said so, or its will did
	Silent  Presence = "silent"  // its status says online, but nothing comes from it
)

// judgePulse is how often the silent are looked for.
const judgePulse = 500 * time.Millisecond

// patientFor is for how many of its own intervals an agent may be silent.
const patientFor = 2.5

// maxSighted bounds the devices that are kept: anybody on the broker can invent some.
const maxSighted = 10_000

// lookout keeps the presence of every device that is watched. It compares no
// clocks: it counts from what comes live, and from when it began to listen.
type lookout struct {
	began   time.Time
	devices map[string]*sighted
	saw     func(Event)
	topics  int // of all devices, that came or were asked for
}

type sighted struct {
	status  string        // empty: not known
	every   time.Duration // how often it says its info; 0: it does not tell
	heardAt time.Time
	told    Presence        // empty: nothing
	zones   []string        // that its info names
	topics  map[string]bool // below its base: what came, or was asked for by itself
}

// message takes what came from a device: its status, its info or a state.
func (l *lookout) message(now time.Time, device, rest string, m Message) {
	d := l.devices[device]
	if d == nil && len(l.devices) >= maxSighted {
		return
	}
	if d == nil {
		d = &sighted{heardAt: l.began, topics: map[string]bool{}}
		l.devices[device] = d
	}
	l.first(d, rest)
	if !m.Retained {
		d.heardAt = now
	}
	switch rest {
	case "status":
		d.status, d.told = string(m.Payload), ""
	case "info":
		var i wire.Info
		if json.Unmarshal(m.Payload, &i) != nil {
			i = wire.Info{}
		}
		d.every, d.zones = i.Every(), slices.Sorted(maps.Keys(i.Zones))
	}
	l.judge(now, device, d)
}

// first notes a topic of a device; it reports whether that is new. Past a bound
// nothing is.
func (l *lookout) first(d *sighted, rest string) bool {
	if d.topics[rest] || l.topics >= maxSighted {
		return false
	}
	l.topics++
	d.topics[rest] = true
	return true
}

// missing gives the topics that a device must have and that did not come, each
// once. A broker that gives what it retains only to who names a topic exactly
// (RabbitMQ) gives it then.
func (l *lookout) missing(prefix string) (topics []string) {
	for device, d := range l.devices {
		t := wire.NewTopics(prefix, device)
		all := []string{t.Status(), t.Info()}
		for _, zone := range d.zones {
			all = append(all, t.State(zone))
		}
		for _, topic := range all {
			if l.first(d, strings.TrimPrefix(topic, t.Base+"/")) {
				topics = append(topics, topic)
			}
		}
	}
	return topics
}

// judge tells a device's presence if it is another now, or was just said.
func (l *lookout) judge(now time.Time, device string, d *sighted) {
	p := Online
	switch {
	case d.status == "":
		return
	case d.status != "online":
		p = Offline
	case d.every > 0 && now.Sub(d.heardAt) > time.Duration(patientFor*float64(d.every)):
		p = Silent
	}
	if p != d.told {
		d.told = p
		online := p == Online
		l.saw(Event{Device: device, Online: &online, Presence: p})
	}
}

// Watch tells every state and presence that the broker shows, until the
// context or the connection ends. An empty device means all.
func (r *Client) Watch(ctx context.Context, device string, saw func(Event)) error {
	if device == "" {
		device = "+"
	}
	t := wire.NewTopics(r.prefix, device)
	if err := r.subscribe(ctx, t.State("+"), t.Status(), t.Info()); err != nil {
		return err
	}
	return r.look(ctx, saw)
}

// look tells what comes from the subscribed topics.
func (r *Client) look(ctx context.Context, saw func(Event)) error {
	l := &lookout{began: time.Now(), devices: map[string]*sighted{}, saw: saw}
	tick := time.NewTicker(judgePulse)
	defer tick.Stop()
	for {
		select {
		case m := <-r.messages:
			r.watched(l, m)
		case now := <-tick.C:
			for device, d := range l.devices {
				l.judge(now, device, d)
			}
			if topics := l.missing(r.prefix); r.client != nil { // a refusal costs nothing but these
				broker.Subscribe(r.client, topics)
			}
		case <-r.lost:
			return r.wasLost()
		case <-ctx.Done():
			return nil
		}
	}
}

// watched tells what a message changes.
func (r *Client) watched(l *lookout, m Message) {
	device, rest, _ := strings.Cut(strings.TrimPrefix(m.Topic, r.prefix+"/"), "/")
	if zone, ok := strings.CutSuffix(rest, "/state"); ok && len(m.Payload) > 0 {
		l.saw(Event{Device: device, Zone: zone, State: m.Payload})
	} else if ok {
		l.saw(Event{Device: device, Zone: zone, Gone: true})
	}
	l.message(time.Now(), device, rest, m)
}
