// Package device is sensors and relays that are reached through the broker. A
// reading's age counts from its receipt, and what the broker had retained is no
// reading; an On is a lease, which is renewed as long as the zone demands it.
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
	log             *slog.Logger
	sensorsByTopic  map[string][]*Sensor // two may read two fields of one message
	contactsByTopic map[string][]*Contact
	relays          []*Relay
	relaysByTopic   map[string][]*Relay // by the topics of their commands and reports
	wake            chan struct{}
	Contain         func(part string, f func()) // survives f's panic

	mu          sync.Mutex
	client      paho.Client // nil while down
	drop        func()      // ends the connection from our side
	queued      []*Relay    // have a command to publish
	refused     []string    // subscriptions that the broker refuses
	subscribeAt time.Time   // when they are tried again
	bridgeAsks  int         // how often the states of bridges were asked for in a row, without an answer
}

// How often the group works.
const (
	sendPulse     = time.Second // how often due leases are looked for
	maxBridgeAsks = 3           // so often a broker is asked for its bridges that ends the connection instead
)

// NewGroup makes an empty group. Refused subscriptions are logged.
func NewGroup(log *slog.Logger) *Group {
	return &Group{log: log, sensorsByTopic: map[string][]*Sensor{}, contactsByTopic: map[string][]*Contact{}, relaysByTopic: map[string][]*Relay{}, wake: make(chan struct{}, 1)}
}

// Sensor opens a sensor. It need not be there yet.
func (d *Group) Sensor(spec SensorSpec) *Sensor {
	s := newSensor(spec)
	d.sensorsByTopic[spec.Topic] = append(d.sensorsByTopic[spec.Topic], s)
	return s
}

// Relay opens a relay. It need not be there yet.
func (d *Group) Relay(spec RelaySpec) *Relay {
	r := &Relay{spec: spec, queue: d.queue}
	d.relays = append(d.relays, r)
	d.relaysByTopic[spec.Topic] = append(d.relaysByTopic[spec.Topic], r)
	if spec.StateTopic != "" && spec.StateTopic != spec.Topic {
		d.relaysByTopic[spec.StateTopic] = append(d.relaysByTopic[spec.StateTopic], r)
	}
	return r
}

// Empty reports whether there is nothing to do.
func (d *Group) Empty() bool {
	return d == nil || len(d.sensorsByTopic) == 0 && len(d.contactsByTopic) == 0 && len(d.relays) == 0
}

// Take hands a message to the sensors and relays it is for; it reports whether there are any.
// It never blocks: it is called from the connection's receiving path.
func (d *Group) Take(topic string, payload []byte, retained bool) bool {
	if d == nil {
		return false
	}
	if isBridgeState(topic) {
		d.bridgeState(string(payload), retained)
		return true
	}
	sensors, contacts, relays := d.sensorsByTopic[topic], d.contactsByTopic[topic], d.relaysByTopic[topic]
	if len(sensors) == 0 && len(contacts) == 0 && len(relays) == 0 {
		return false
	}
	now := time.Now()
	for _, c := range contacts {
		c.take(now, payload)
	}
	for _, s := range sensors {
		s.take(now, payload, retained)
	}
	for _, r := range relays {
		r.receive(now, topic, payload, retained)
	}
	return true
}

// Connected publishes every relay's command and subscribes to every topic.
func (d *Group) Connected(client paho.Client, drop func()) {
	if d.Empty() {
		return
	}
	d.mu.Lock()
	d.client, d.drop, d.refused = client, drop, nil
	d.mu.Unlock()
	for _, r := range d.relays {
		r.connection(true)
		d.queue(r)
	}
	for _, s := range d.allSensors() {
		s.connected()
	}
	go func() {
		answered := d.subscribeBridges(client)
		d.subscribe(client, drop, d.topics())
		answered()
	}()
}

// allSensors are the sensors of all topics.
func (d *Group) allSensors() []*Sensor {
	return slices.Concat(slices.Collect(maps.Values(d.sensorsByTopic))...)
}

// subscribeBridges subscribes to the states of the broker's bridges: only mosquitto has them, and
// others may refuse. One that even ends the connection for it is not asked for
// ever. The function that it gives notes the answer.
func (d *Group) subscribeBridges(client paho.Client) (answered func()) {
	if !d.countBridgeAsk() {
		return func() {}
	}
	token := client.Subscribe(bridgeStates, 0, nil) // may wait for the connection: no lock is held
	return func() {
		if token.WaitTimeout(broker.SubscribeTimeout) && client.IsConnectionOpen() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.bridgeAsks = 0
		}
	}
}

// countBridgeAsk counts a question, and is false where none is due.
func (d *Group) countBridgeAsk() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sensorsByTopic) == 0 || d.bridgeAsks >= maxBridgeAsks {
		return false
	}
	d.bridgeAsks++
	return true
}

// bridgeState takes the state of a bridge that came or went. Which topics are retained is
// then asked again: of them it sends old messages when it comes.
func (d *Group) bridgeState(state string, retained bool) {
	if retained {
		return
	}
	if state == "1" {
		for _, s := range d.allSensors() {
			s.bridged(time.Now())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client != nil {
		go d.subscribe(d.client, d.drop, slices.Sorted(maps.Keys(d.sensorsByTopic)))
	}
}

// topics are all that sensors and relays need, in order.
func (d *Group) topics() []string {
	var all []string
	for topic := range d.sensorsByTopic {
		all = append(all, topic)
	}
	for topic := range d.contactsByTopic {
		all = append(all, topic)
	}
	for topic := range d.relaysByTopic {
		all = append(all, topic)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Disconnected ends a connection: its queued commands are not published any more.
func (d *Group) Disconnected() {
	if d.Empty() {
		return
	}
	d.mu.Lock()
	d.client, d.drop, d.queued = nil, nil, nil
	d.mu.Unlock()
	for _, r := range d.relays {
		r.connection(false)
	}
}

// subscribe subscribes to topics. A broker that does not answer is left.
func (d *Group) subscribe(client paho.Client, drop func(), topics []string) {
	refused, err := broker.Subscribe(client, topics).Answered()
	if err == nil {
		d.granted(topics, refused)
	} else if client.IsConnectionOpen() { // else it is lost, which is told and seen to
		d.log.Warn("a subscription to devices was not answered: connecting anew", "topics", len(topics))
		drop()
	}
}

// granted passes the broker's answer on to sensors and relays.
func (d *Group) granted(asked, refused []string) {
	for _, topic := range asked {
		for _, r := range d.relaysByTopic[topic] {
			if topic == r.spec.StateTopic {
				r.subscribed() // or will never
			}
		}
		if slices.Contains(refused, topic) {
			d.refuse(topic)
			continue
		}
		for _, r := range d.relaysByTopic[topic] {
			if topic == r.spec.Topic {
				r.commandsGranted()
			}
		}
	}
}

func (d *Group) refuse(topic string) {
	d.log.Error("broker refuses a subscription: mend this device's access rules", "topic", topic)
	for _, s := range d.sensorsByTopic[topic] {
		s.refused()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = append(d.refused, topic)
	d.subscribeAt = time.Now().Add(setpoint.RetryTime)
}

// subscribeAgain tries again what was refused, when that is due.
func (d *Group) subscribeAgain(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil || len(d.refused) == 0 || now.Before(d.subscribeAt) {
		return
	}
	go d.subscribe(d.client, d.drop, d.refused)
	d.refused = nil
}

// queue has a relay's command published soon. It never blocks.
func (d *Group) queue(r *Relay) {
	d.mu.Lock()
	d.queued = append(d.queued, r)
	d.mu.Unlock()
	d.wakeUp()
}

func (d *Group) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run publishes the relays' commands until the context ends. It is a goroutine of its
// own, since a slow connection may hold it; no zone waits for that.
func (d *Group) Run(ctx context.Context) {
	pulse := time.NewTicker(sendPulse)
	defer pulse.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
			d.Contain("a relay on the broker", d.sendQueued)
		case now := <-pulse.C:
			d.Contain("a relay on the broker", d.sendDue)
			d.subscribeAgain(now)
		}
	}
}

func (d *Group) takeQueued() []*Relay {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.queued
	d.queued = nil
	return all
}

// sendQueued publishes the new commands.
func (d *Group) sendQueued() {
	for _, r := range d.takeQueued() {
		d.send(r)
	}
}

// sendDue repeats what is due; what is new goes first.
func (d *Group) sendDue() {
	for _, r := range d.relays {
		d.sendQueued()
		d.send(r)
	}
}

func (d *Group) send(r *Relay) {
	d.mu.Lock()
	client := d.client
	d.mu.Unlock()
	if now := time.Now(); client != nil && r.due(now) {
		r.send(client, now)
	}
}

// Goodbye publishes what has not been published yet, the last Off above all, and
// waits for the broker to acknowledge it.
func (d *Group) Goodbye(limit time.Duration) {
	if d.Empty() {
		return
	}
	d.sendDue()
	end := time.Now().Add(limit)
	for _, r := range d.relays {
		if token := r.pendingToken(); token != nil {
			token.WaitTimeout(time.Until(end))
		}
	}
}
