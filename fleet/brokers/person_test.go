package brokers

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// person is a client that hears a device and speaks to it.
type person struct {
	t      *testing.T
	client paho.Client
	mu     sync.Mutex
	last   map[string]string // by topic
}

// newPerson connects where people do, as the operator.
func (b *broker) newPerson(t *testing.T, id string) *person {
	t.Helper()
	c := dial(t, b.people, operator, id)
	t.Cleanup(func() { c.Disconnect(0) })
	return &person{t: t, client: c, last: map[string]string{}}
}

func (p *person) listen(filter string) {
	p.t.Helper()
	token := p.client.Subscribe(filter, 0, func(_ paho.Client, m paho.Message) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.last[m.Topic()] = string(m.Payload())
	})
	if err := cluster.Acknowledged(token, rig.Patience); err != nil {
		p.t.Fatalf("subscription to %s: %v", filter, err)
	}
}

func (p *person) say(topic, payload string, retained bool) {
	p.t.Helper()
	if err := cluster.Acknowledged(p.client.Publish(topic, 1, retained, payload), rig.Patience); err != nil {
		p.t.Fatalf("publish to %s: %v", topic, err)
	}
}

// heard is the newest of a topic.
func (p *person) heard(topic string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last[topic]
}

// hears waits until the newest of a topic is as wanted.
func (p *person) hears(topic, want string) {
	p.t.Helper()
	rig.Eventually(p.t, func() error {
		if got := p.heard(topic); got != want {
			return fmt.Errorf("the newest of %s is %q, want %q", topic, got, want)
		}
		return nil
	})
}

// seesDesired waits until a device's state has that setpoint.
func (p *person) seesDesired(device string, want float64) {
	p.t.Helper()
	rig.Eventually(p.t, func() error {
		var state struct{ Desired float64 }
		text := p.heard(everything + device + "/room/state")
		if json.Unmarshal([]byte(text), &state) != nil || state.Desired != want {
			return fmt.Errorf("%s shows %q, want desired %v", device, text, want)
		}
		return nil
	})
}

// nothing is how long a test waits for what a broker is known not to say.
const nothing = 3 * time.Second

// retained is what a client that comes now gets of a filter that matches one topic;
// empty if nothing came.
func (b *broker) retained(t *testing.T, id, filter string) (payload string) {
	t.Helper()
	p := b.newPerson(t, id)
	got := make(chan string, 10)
	token := p.client.Subscribe(filter, 0, func(_ paho.Client, m paho.Message) {
		if m.Retained() {
			got <- string(m.Payload())
		}
	})
	if err := cluster.Acknowledged(token, rig.Patience); err != nil {
		t.Fatal(err)
	}
	select {
	case payload = <-got:
	case <-time.After(nothing):
	}
	return payload
}
