// Package device is sensors and relays that are reached through the broker. A
// reading's age counts from its receipt, and what the broker had kept is no
// reading; an On is a lease, which is said again as long as the zone wishes it.
package device

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
)

// Group are the sensors and relays that an agent has on its broker, on the
// session's own connection. They are opened before the session runs.
type Group struct {
	log     *slog.Logger
	sensors map[string][]*Sensor // by topic; two may read two fields of one message
	relays  []*Relay
	heard   map[string][]*Relay // by the topics on which they hear of themselves
	wake    chan struct{}
	Contain func(part string, f func()) // survives f's panic

	mu      sync.Mutex
	client  paho.Client // nil while down
	drop    func()      // ends the connection from our side
	pending []*Relay    // have something to say
	refused []string    // topics that the broker does not let us read
	askAt   time.Time   // when they are asked for again
	bridges int         // how often the states of bridges were asked for in a row, without an answer
}

// The times of the devices' talk.
const (
	speakPulse = time.Second // how often due leases are looked for
	bridgeAsks = 3           // so often a broker is asked for its bridges that ends the connection instead
)

// NewGroup makes an empty set. The log is told of topics that may not be read.
func NewGroup(log *slog.Logger) *Group {
	return &Group{log: log, sensors: map[string][]*Sensor{}, heard: map[string][]*Relay{}, wake: make(chan struct{}, 1)}
}

// Sensor opens a sensor. It need not be there yet.
func (d *Group) Sensor(spec SensorSpec) *Sensor {
	s := newSensor(spec)
	d.sensors[spec.Topic] = append(d.sensors[spec.Topic], s)
	return s
}

// Relay opens a relay. It need not be there yet.
func (d *Group) Relay(spec RelaySpec) *Relay {
	r := &Relay{spec: spec, speak: d.speak}
	d.relays = append(d.relays, r)
	d.heard[spec.Topic] = append(d.heard[spec.Topic], r)
	if spec.StateTopic != "" && spec.StateTopic != spec.Topic {
		d.heard[spec.StateTopic] = append(d.heard[spec.StateTopic], r)
	}
	return r
}

// Empty reports whether there is nothing to do.
func (d *Group) Empty() bool { return d == nil || len(d.sensors) == 0 && len(d.relays) == 0 }

// Take hands a message to whom it is for; it reports whether that is anybody.
// It never blocks: it is called from the connection's receiving path.
func (d *Group) Take(topic string, payload []byte, retained bool) bool {
	if d == nil {
		return false
	}
	if isBridgeState(topic) {
		d.bridgeSays(string(payload), retained)
		return true
	}
	sensors, relays := d.sensors[topic], d.heard[topic]
	if len(sensors) == 0 && len(relays) == 0 {
		return false
	}
	now := time.Now()
	for _, s := range sensors {
		s.take(now, payload, retained)
	}
	for _, r := range relays {
		r.take(now, topic, payload, retained)
	}
	return true
}

// Connected says every relay's command and asks for every topic.
func (d *Group) Connected(client paho.Client, drop func()) {
	if d.Empty() {
		return
	}
	d.mu.Lock()
	d.client, d.drop, d.refused = client, drop, nil
	d.mu.Unlock()
	for _, r := range d.relays {
		r.connection(true)
		d.speak(r)
	}
	for _, s := range d.all() {
		s.connected()
	}
	go func() {
		answered := d.askBridges(client)
		d.subscribe(client, drop, d.topics())
		answered()
	}()
}

// all are the sensors.
func (d *Group) all() []*Sensor { return slices.Concat(slices.Collect(maps.Values(d.sensors))...) }

// askBridges asks to hear of the broker's bridges: only mosquitto tells, and
// others may refuse. One that even ends the connection for it is not asked for
// ever. The function that it gives notes the answer.
func (d *Group) askBridges(client paho.Client) (answered func()) {
	if !d.askOfBridges() {
		return func() {}
	}
	token := client.Subscribe(bridgeStates, 0, nil) // may wait for the connection: no lock is held
	return func() {
		if token.WaitTimeout(broker.SubscribeTimeout) && client.IsConnectionOpen() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.bridges = 0
		}
	}
}

// askOfBridges counts a question, and is false where none is due.
func (d *Group) askOfBridges() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sensors) == 0 || d.bridges >= bridgeAsks {
		return false
	}
	d.bridges++
	return true
}

// bridgeSays hears that a bridge came or went. Which topics are kept is then asked
// again: of them it says old messages when it comes.
func (d *Group) bridgeSays(state string, retained bool) {
	if retained {
		return
	}
	if state == "1" {
		for _, s := range d.all() {
			s.bridged(time.Now())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client != nil {
		go d.subscribe(d.client, d.drop, slices.Sorted(maps.Keys(d.sensors)))
	}
}

// topics are all that somebody listens to, in order.
func (d *Group) topics() []string {
	var all []string
	for topic := range d.sensors {
		all = append(all, topic)
	}
	for topic := range d.heard {
		all = append(all, topic)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (d *Group) Disconnected() {
	if d.Empty() {
		return
	}
	d.mu.Lock()
	d.client, d.drop, d.pending = nil, nil, nil
	d.mu.Unlock()
	for _, r := range d.relays {
		r.connection(false)
	}
}

// subscribe asks for topics. A broker that does not answer is left.
func (d *Group) subscribe(client paho.Client, drop func(), topics []string) {
	refused, err := broker.Subscribe(client, topics).Answered()
	if err == nil {
		d.granted(topics, refused)
	} else if client.IsConnectionOpen() { // else it is lost, which is told and seen to
		d.log.Warn("a subscription to devices was not answered: connecting anew", "topics", len(topics))
		drop()
	}
}

// granted tells sensors that they cannot be heard, and relays that they can.
func (d *Group) granted(asked, refused []string) {
	for _, topic := range asked {
		for _, r := range d.heard[topic] {
			if topic == r.spec.StateTopic {
				r.listens() // or will never
			}
		}
		if slices.Contains(refused, topic) {
			d.refuse(topic)
			continue
		}
		for _, r := range d.heard[topic] {
			if topic == r.spec.Topic {
				r.grants()
			}
		}
	}
}

func (d *Group) refuse(topic string) {
	d.log.Error("broker refuses a subscription: mend this device's access rules", "topic", topic)
	for _, s := range d.sensors[topic] {
		s.forbidden()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = append(d.refused, topic)
	d.askAt = time.Now().Add(setpoint.RetryTime)
}

// askAgain asks once more for what was refused, when that is due.
func (d *Group) askAgain(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil || len(d.refused) == 0 || now.Before(d.askAt) {
		return
	}
	go d.subscribe(d.client, d.drop, d.refused)
	d.refused = nil
}

// speak has a relay's command said soon. It never blocks.
func (d *Group) speak(r *Relay) {
	d.mu.Lock()
	d.pending = append(d.pending, r)
	d.mu.Unlock()
	d.nudge()
}

func (d *Group) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run says the relays' commands until the context ends. It is a goroutine of its
// own, since a slow connection may hold it; no zone waits for that.
func (d *Group) Run(ctx context.Context) {
	pulse := time.NewTicker(speakPulse)
	defer pulse.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
			d.Contain("a relay on the broker", d.sayPending)
		case now := <-pulse.C:
			d.Contain("a relay on the broker", d.sayDue)
			d.askAgain(now)
		}
	}
}

func (d *Group) takePending() []*Relay {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.pending
	d.pending = nil
	return all
}

// sayPending says the new commands.
func (d *Group) sayPending() {
	for _, r := range d.takePending() {
		d.say(r)
	}
}

// sayDue says again what is due; what is new goes first.
func (d *Group) sayDue() {
	for _, r := range d.relays {
		d.sayPending()
		d.say(r)
	}
}

func (d *Group) say(r *Relay) {
	d.mu.Lock()
	client := d.client
	d.mu.Unlock()
	if now := time.Now(); client != nil && r.due(now) {
		r.say(client, now)
	}
}

// Goodbye says what has not been said yet, the last Off above all, and waits
// for the broker to take it.
func (d *Group) Goodbye(limit time.Duration) {
	if d.Empty() {
		return
	}
	d.sayDue()
	end := time.Now().Add(limit)
	for _, r := range d.relays {
		if token := r.flying(); token != nil {
			token.WaitTimeout(time.Until(end))
		}
	}
}
