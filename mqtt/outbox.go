package mqtt

import (
	"log/slog"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/mqtt/broker"
)

// What may be on its way to the broker without an acknowledgement. Each such
// message takes about a kilobyte, and acknowledgements stand behind whatever else
// the broker has for us: a flood of controls, say.
const (
	maxPending     = 1000             // with more, answers and our own controls wait, states and relays take their time
	pendingOfZone  = 3                // heater, cooler and state of each zone go beyond that
	maxPendingEver = 60_000           // MQTT counts to 65,535
	ackTimeout     = 30 * time.Second // none of so many is acknowledged for so long: connect anew
)

// outgoing is one message to publish.
type outgoing struct {
	topic    string
	payload  []byte
	qos      byte
	retained bool
}

// outbox hands messages to the connection that there is, and knows what of
// them is on its way. It belongs to the session's goroutine.
type outbox struct {
	client paho.Client // nil while down
	drop   func()      // ends the connection from our side
	window window
	zones  int // how many tell their states
	log    *slog.Logger
}

// connect begins a connection: nothing is on its way.
func (o *outbox) connect(client paho.Client, drop func()) {
	o.client, o.drop, o.window = client, drop, window{}
}

// disconnect ends the connection, and gives the function that ends it at the broker, too.
func (o *outbox) disconnect() (drop func()) {
	drop = o.drop
	o.client, o.drop = nil, nil
	return drop
}

func (o *outbox) connected() bool { return o.client != nil }

// publish hands a message to the connection; nothing is published while down,
// since the next connection tells everything anew.
func (o *outbox) publish(m outgoing) {
	token := o.publishApart(m)
	if token != nil && m.qos > 0 {
		o.window.add(time.Now(), token)
	}
}

// publishAll publishes messages in their order.
func (o *outbox) publishAll(all []outgoing) {
	for _, m := range all {
		o.publish(m)
	}
}

// publishApart publishes a message that does not count among those on their
// way; nil while down.
func (o *outbox) publishApart(m outgoing) paho.Token {
	if o.client == nil {
		return nil
	}
	return o.client.Publish(m.topic, m.qos, m.retained, m.payload)
}

// room reports whether everything may be published now.
func (o *outbox) room(now time.Time) bool { return o.window.pendingNow(now) < maxPending }

// roomFor reports whether a zone's state or relays may be published now, that were
// published last at a time: with little room only some time later, however often they changed.
func (o *outbox) roomFor(published, now time.Time) bool {
	n := o.window.pendingNow(now)
	return n < maxPending || n < min(maxPending+pendingOfZone*o.zones, maxPendingEver) && now.Sub(published) >= stateGap
}

// judge leaves a broker that acknowledges nothing any more.
func (o *outbox) judge(now time.Time) {
	if o.room(now) {
		return
	}
	o.window.dropAcked(now)
	if !o.room(now) && now.Sub(o.window.ackedAt) >= ackTimeout {
		o.log.Warn("the broker acknowledges nothing: connecting anew", "messages", len(o.window.pending))
		o.drop()
	}
}

// window is what was published at QoS 1 on this connection and is not known to be
// acknowledged, oldest first: that is the order of acknowledgements (MQTT 3.1.1, 4.6).
type window struct {
	pending []paho.Token
	ackedAt time.Time // when one of them was acknowledged last, or the oldest was published
}

func (w *window) add(now time.Time, t paho.Token) {
	if len(w.pending) == 0 {
		w.ackedAt = now
	}
	w.pending = append(w.pending, t)
}

// pendingNow counts what is not acknowledged.
func (w *window) pendingNow(now time.Time) int {
	for len(w.pending) > 0 && broker.Acked(w.pending[0]) {
		w.pending[0] = nil
		w.pending, w.ackedAt = w.pending[1:], now
	}
	return len(w.pending)
}

// dropAcked drops what is acknowledged behind a message that the broker forgot.
func (w *window) dropAcked(now time.Time) {
	n := len(w.pending)
	if w.pending = slices.DeleteFunc(w.pending, broker.Acked); len(w.pending) < n {
		w.ackedAt = now
	}
}
