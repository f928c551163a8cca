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

// presencePulse is how often the silent are looked for.
const presencePulse = 500 * time.Millisecond

// silentAfter is for how many of its own intervals an agent may be silent.
const silentAfter = 2.5

// maxTracked bounds the devices that are kept: anybody on the broker can invent some.
const maxTracked = 10_000

// presenceTracker keeps the presence of every device that is watched. It compares no
// clocks: it counts from what comes live, and from when it began.
type presenceTracker struct {
	began   time.Time
	devices map[string]*trackedDevice
	emit    func(Event)
	topics  int // of all devices, that came or were asked for
}

type trackedDevice struct {
	status  string        // empty: not known
	every   time.Duration // how often it publishes its info; 0: not known
	heardAt time.Time
	emitted Presence        // empty: nothing
	zones   []string        // that its info names
	sources []string        // of heat, too
	topics  map[string]bool // below its base: what came, or was asked for by itself
}

// message takes what came from a device: its status, its info or a state.
func (tr *presenceTracker) message(now time.Time, device, rest string, m Message) {
	d := tr.devices[device]
	if d == nil && len(tr.devices) >= maxTracked {
		return
	}
	if d == nil {
		d = &trackedDevice{heardAt: tr.began, topics: map[string]bool{}}
		tr.devices[device] = d
	}
	tr.addTopic(d, rest)
	if !m.Retained {
		d.heardAt = now
	}
	switch rest {
	case "status":
		d.status, d.emitted = string(m.Payload), ""
	case "info":
		var i wire.Info
		if json.Unmarshal(m.Payload, &i) != nil {
			i = wire.Info{}
		}
		d.every, d.zones, d.sources = i.Every(), slices.Sorted(maps.Keys(i.Zones)), i.Sources
	}
	tr.judge(now, device, d)
}

// addTopic notes a topic of a device; it reports whether that is new. Past a bound
// nothing is.
func (tr *presenceTracker) addTopic(d *trackedDevice, rest string) bool {
	if d.topics[rest] || tr.topics >= maxTracked {
		return false
	}
	tr.topics++
	d.topics[rest] = true
	return true
}

// missing gives the topics that a device must have and that did not come, each
// once. A broker that gives what it retains only to who names a topic exactly
// (RabbitMQ) gives it then.
func (tr *presenceTracker) missing(prefix string) (topics []string) {
	for device, d := range tr.devices {
		t := wire.NewTopics(prefix, device)
		all := []string{t.Status(), t.Info()}
		for _, zone := range d.zones {
			all = append(all, t.State(zone))
		}
		for _, name := range d.sources {
			all = append(all, t.Source(name))
		}
		for _, topic := range all {
			if tr.addTopic(d, strings.TrimPrefix(topic, t.Base+"/")) {
				topics = append(topics, topic)
			}
		}
	}
	return topics
}

// judge emits a device's presence if it is another now, or was just published.
func (tr *presenceTracker) judge(now time.Time, device string, d *trackedDevice) {
	p := Online
	switch {
	case d.status == "":
		return
	case d.status != "online":
		p = Offline
	case d.every > 0 && now.Sub(d.heardAt) > time.Duration(silentAfter*float64(d.every)):
		p = Silent
	}
	if p != d.emitted {
		d.emitted = p
		online := p == Online
		tr.emit(Event{Device: device, Online: &online, Presence: p})
	}
}

// Watch emits every state, of sources too, and presence that the broker shows, until the
// context or the connection ends. An empty device means all.
func (c *Client) Watch(ctx context.Context, device string, emit func(Event)) error {
	if device == "" {
		device = "+"
	}
	t := wire.NewTopics(c.prefix, device)
	if err := c.subscribe(ctx, t.State("+"), t.Status(), t.Info()); err != nil {
		return err
	}
	broker.Subscribe(c.client, []string{t.Source("+")}) // a refusal costs the sources alone
	return c.trackPresence(ctx, emit)
}

// trackPresence emits what comes from the subscribed topics.
func (c *Client) trackPresence(ctx context.Context, emit func(Event)) error {
	tr := &presenceTracker{began: time.Now(), devices: map[string]*trackedDevice{}, emit: emit}
	tick := time.NewTicker(presencePulse)
	defer tick.Stop()
	for {
		select {
		case m := <-c.messages:
			c.trackMessage(tr, m)
		case now := <-tick.C:
			for device, d := range tr.devices {
				tr.judge(now, device, d)
			}
			if topics := tr.missing(c.prefix); c.client != nil { // a refusal costs nothing but these
				broker.Subscribe(c.client, topics)
			}
		case <-c.lost:
			return c.lostError()
		case <-ctx.Done():
			return nil
		}
	}
}

// trackMessage emits what a message changes.
func (c *Client) trackMessage(tr *presenceTracker, m Message) {
	device, rest, _ := strings.Cut(strings.TrimPrefix(m.Topic, c.prefix+"/"), "/")
	zone, isZone := wire.ZoneOfState(rest)
	source, isSource := wire.SourceOf(rest)
	e := Event{Device: device, State: m.Payload}
	if len(m.Payload) == 0 {
		e.State, e.Gone = nil, true
	}
	if isZone {
		e.Zone = zone
		tr.emit(e)
	} else if isSource {
		e.Source = source
		tr.emit(e)
	}
	tr.message(time.Now(), device, rest, m)
}
