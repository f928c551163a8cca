// Package client is the other side of an agent's topics: a person who looks at
// agents and asks them, and the heater of the published example.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

var errLost = fmt.Errorf("%w: the broker closed the connection", broker.ErrNoAnswer)

// Message is what a [Client] or a [Heater] receives.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool
}

// Client is a person's side of the broker: it looks at agents and asks them.
type Client struct {
	client   paho.Client
	prefix   string
	username string // empty: none
	messages chan Message
	lost     <-chan error
	end      func()
}

// Connect reaches the broker once, within the context's time.
func Connect(ctx context.Context, a broker.Access) (*Client, error) {
	here, end := context.WithCancel(context.Background())
	c := &Client{prefix: a.Prefix, username: a.Username, messages: make(chan Message, 64), end: end}
	handle := func(_ paho.Client, m paho.Message) {
		select {
		case c.messages <- Message{m.Topic(), m.Payload(), m.Retained()}:
		case <-here.Done():
		}
	}
	l := broker.Login{Access: a, ClientID: fmt.Sprintf("thermostat-cli-%08x", rand.Uint32())}
	var failed broker.AttemptErrors
	if c.client, c.lost, failed = broker.Connect(ctx, l, handle); c.client == nil {
		end()
		return nil, failed
	}
	return c, nil
}

// Close leaves the broker.
func (c *Client) Close() {
	c.end()
	broker.Leave(c.client)
}

// lostError says what the end of the connection can mean.
func (c *Client) lostError() error {
	if c.username == "" {
		return errLost
	}
	return fmt.Errorf("%w: is another program there as user %s? With mosquitto's use_username_as_clientid each needs a user of its own", errLost, c.username)
}

// next gives the next message, or an error when the time or the connection ends.
func (c *Client) next(ctx context.Context) (Message, error) {
	select {
	case m := <-c.messages:
		return m, nil
	case <-c.lost:
		return Message{}, c.lostError()
	case <-ctx.Done():
		return Message{}, broker.ErrNoAnswer
	}
}

func (c *Client) subscribe(ctx context.Context, topics ...string) error {
	return broker.Subscribe(c.client, topics).Granted(ctx)
}

func (c *Client) publish(ctx context.Context, topic string, payload []byte, retained bool) error {
	return broker.Await(ctx, c.client.Publish(topic, 1, retained, payload))
}

// retainedZone is what a broker retains about one zone.
type retainedZone struct {
	device string
	state  *report.State
	info   *wire.Info
	plan   Plan // where info is not there
}

// gatherTime is how long the broker's retained messages are waited for.
const gatherTime = time.Second

// Set publishes the complete retained control that a request means and waits
// for the agent's answer; [broker.ErrNoAnswer] if none comes.
func (c *Client) Set(ctx context.Context, q Request) (setpoint.Answer, error) {
	z, err := c.find(ctx, q.Device, q.Zone)
	if err != nil {
		return setpoint.Answer{}, err
	}
	control, err := z.control(q, time.Now())
	if err != nil {
		return setpoint.Answer{}, err
	}
	return c.ask(ctx, z.device, q.Zone, "control", wire.Marshal(control), true, control.GetId())
}

// Clear asks a zone to clear its latched faults and waits for the answer.
func (c *Client) Clear(ctx context.Context, device, zone string) (setpoint.Answer, error) {
	z, err := c.find(ctx, device, zone)
	if err != nil {
		return setpoint.Answer{}, err
	}
	id := newID()
	return c.ask(ctx, z.device, zone, "set/clear", []byte(id), false, id)
}

// Hand says a plain text on a topic below set/ and waits for the zone's next answer about
// the same, control or program: such a text has no name by which its own could be told.
func (c *Client) Hand(ctx context.Context, device, zone, what, text string) (setpoint.Answer, error) {
	z, err := c.find(ctx, device, zone)
	if err != nil {
		return setpoint.Answer{}, err
	}
	return c.ask(ctx, z.device, zone, "set/"+what, []byte(text), false, "")
}

// Schedule gives what the broker retains of a zone's program and state.
func (c *Client) Schedule(ctx context.Context, device, zone string) (Schedule, error) {
	z, err := c.find(ctx, device, zone)
	if err != nil {
		return Schedule{}, err
	}
	return z.schedule(zone)
}

// ask says something and waits for the answer with an id; without one, for the next.
func (c *Client) ask(ctx context.Context, device, zone, what string, payload []byte, retained bool, id string) (setpoint.Answer, error) {
	t := wire.NewTopics(c.prefix, device)
	if err := c.subscribe(ctx, t.Ack(zone)); err != nil {
		return setpoint.Answer{}, err
	}
	if err := c.publish(ctx, t.Base+"/"+zone+"/"+what, payload, retained); err != nil {
		return setpoint.Answer{}, err
	}
	for {
		m, err := c.next(ctx)
		if err != nil {
			return setpoint.Answer{}, err
		}
		var a setpoint.Answer
		if m.Topic == t.Ack(zone) && json.Unmarshal(m.Payload, &a) == nil && isAbout(a, what) && (id == "" || a.ID != nil && *a.ID == id) {
			return a, nil
		}
	}
}

// isAbout reports whether an answer is about what was said on a topic. Version 1.0 does not
// name it, and has controls alone.
func isAbout(a setpoint.Answer, what string) bool {
	return (a.Topic == "program") == (what == "set/program")
}

// find looks which device has the zone, and how it stands.
func (c *Client) find(ctx context.Context, device, zone string) (retainedZone, error) {
	where := device
	if device == "" {
		where = "+"
	}
	t := wire.NewTopics(c.prefix, where)
	if err := c.subscribe(ctx, t.State(zone), t.Info()); err != nil {
		return retainedZone{}, err
	}
	found := c.gather(ctx, device, zone)
	var devices []string
	for name, s := range found {
		if s.state != nil {
			devices = append(devices, name)
		}
	}
	switch {
	case len(devices) == 0 && isSource(found, zone):
		return retainedZone{}, SourceError(zone, known(found))
	case len(devices) == 1:
		return *found[devices[0]], nil
	case len(devices) > 1:
		slices.Sort(devices)
		return retainedZone{}, fmt.Errorf("several devices have a zone %s: name one of %s %w", zone, strings.Join(devices, ", "), ErrUnnamed)
	case device != "" && found[device] == nil:
		return retainedZone{device: device}, nil // never seen: what is published now waits for it
	}
	hint := known(found)
	if len(found) == 0 && device == "" {
		hint = ": name the device by --device, since some brokers (RabbitMQ) give what they retain only to who names a topic"
	}
	return retainedZone{}, fmt.Errorf("%w: no agent with a zone %q is known to the broker%s", broker.ErrNoAnswer, zone, hint)
}

// ErrUnnamed ends the words that several devices may be meant: which is for the person to say.
var ErrUnnamed = errors.New("by --device")

// ErrSource tells that what was named is a source of heat, which takes no word.
var ErrSource = errors.New("is a source, not a zone")

// SourceError says so of one, with the zones that there are in words.
func SourceError(name, zones string) error {
	return fmt.Errorf("%s %w: it heats what the zones that call it ask for; say this to one of them%s", name, ErrSource, zones)
}

// isSource reports whether an agent has a source of that name.
func isSource(found map[string]*retainedZone, name string) bool {
	for _, s := range found {
		if s.info != nil && slices.Contains(s.info.Sources, name) {
			return true
		}
	}
	return false
}

// known names the zones that there are, for a person who mistyped one.
func known(found map[string]*retainedZone) string {
	var names []string
	for device, s := range found {
		if s.info == nil {
			continue
		}
		for zone := range s.info.Zones {
			names = append(names, device+"/"+zone)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "; there are " + strings.Join(names, ", ")
}

// gather listens for a moment to what is retained; of one device it is enough to
// have heard all of that. An agent that has the zone and has just begun is waited for.
func (c *Client) gather(ctx context.Context, only, zone string) map[string]*retainedZone {
	soon, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	found := map[string]*retainedZone{}
	for {
		if s := found[only]; s != nil && s.state != nil && s.info != nil {
			return found
		}
		m, err := c.next(soon)
		if err != nil && starts(found, zone) {
			m, err = c.next(ctx)
		}
		if err != nil {
			return found
		}
		device, rest, _ := strings.Cut(strings.TrimPrefix(m.Topic, c.prefix+"/"), "/")
		s := found[device]
		if s == nil {
			s = &retainedZone{device: device}
			found[device] = s
		}
		if rest == "info" {
			s.info = &wire.Info{}
			_ = json.Unmarshal(m.Payload, s.info) // one that cannot be read names no default
		} else if report := new(report.State); json.Unmarshal(m.Payload, report) == nil {
			s.state = report
		}
	}
}

// starts reports whether an agent has the zone, and has not told how it stands: it has
// just begun.
func starts(found map[string]*retainedZone, zone string) bool {
	for _, s := range found {
		if s.state == nil && s.info != nil {
			if _, has := s.info.Zones[zone]; has {
				return true
			}
		}
	}
	return false
}

// newID names one request, so that its answer is known.
func newID() string { return "cli-" + strconv.FormatUint(rand.Uint64(), 36) }

// Event is one change that [Client.Watch] saw.
type Event struct {
	Device string
	Zone   string // empty: it is about a source, or about the device
	Source string // of heat that zones share; empty: it is about a zone, or about the device
	State  []byte // of zone or source, JSON, as published; nil if something else changed
	Gone   bool   // the zone or source is no more
	Online *bool  // whether it is there; nil if only the state changed

	Presence Presence // the same in a word; empty if only the state changed
}
