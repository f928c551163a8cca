package client

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// quietTime is how long after an answer another zone's is waited for: which zones have a
// preset away, only the agent knows.
const quietTime = 2 * time.Second

// household is what a broker retains about one agent.
type household struct {
	device string
	info   *wire.Info
	states map[string]report.State // by zone
}

// Away says on the agent's topic that people go away, or come back, and gathers the
// answers of the zones that have a part in it; [broker.ErrNoAnswer] if none comes.
func (c *Client) Away(ctx context.Context, device, text string) (setpoint.AwayAnswer, error) {
	h, err := c.findHousehold(ctx, device)
	if err != nil {
		return setpoint.AwayAnswer{}, err
	}
	t := wire.NewTopics(c.prefix, h.device)
	if err := c.subscribe(ctx, t.AgentAck(), t.Ack("+")); err != nil {
		return setpoint.AwayAnswer{}, err
	}
	if err := c.publish(ctx, t.Away(), []byte(text), false); err != nil {
		return setpoint.AwayAnswer{}, err
	}
	return c.gatherAnswers(ctx, t, h.concerned(text != "off"))
}

// gatherAnswers waits for the answers of zones, or for one that speaks for all of them.
func (c *Client) gatherAnswers(ctx context.Context, t wire.Topics, zones []string) (setpoint.AwayAnswer, error) {
	all := setpoint.AwayAnswer{Applied: true, Zones: map[string]setpoint.Answer{}}
	var quiet time.Time // when nobody else is waited for
	for {
		m, err := c.nextBefore(ctx, quiet)
		switch {
		case err != nil && len(all.Zones) > 0:
			return all, nil
		case err != nil:
			return setpoint.AwayAnswer{}, err
		}
		zone, rest, _ := t.Parse(m.Topic)
		var a setpoint.Answer
		if m.Topic != t.AgentAck() && rest != "ack" || json.Unmarshal(m.Payload, &a) != nil {
			continue
		}
		if m.Topic == t.AgentAck() {
			return setpoint.AwayAnswer{Reason: a.Reason, Zones: all.Zones}, nil
		}
		all.Zones[zone], all.Applied = a, all.Applied && a.Applied
		if len(zones) > 0 && !slices.ContainsFunc(zones, func(z string) bool { _, told := all.Zones[z]; return !told }) {
			return all, nil
		}
		quiet = time.Now().Add(quietTime)
	}
}

// nextBefore gives the next message that comes before a time; a zero time is none.
func (c *Client) nextBefore(ctx context.Context, t time.Time) (Message, error) {
	if !t.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, t)
		defer cancel()
	}
	return c.next(ctx)
}

// findHousehold looks which agent there is, and how its zones stand.
func (c *Client) findHousehold(ctx context.Context, device string) (household, error) {
	where := device
	if device == "" {
		where = "+"
	}
	if err := c.subscribe(ctx, wire.NewTopics(c.prefix, where).Info()); err != nil {
		return household{}, err
	}
	found := map[string]*household{}
	c.listen(ctx, found, func() bool { return found[device] != nil })
	names := slices.Sorted(maps.Keys(found))
	switch {
	case len(names) > 1:
		return household{}, fmt.Errorf("there are several devices: name one of %s %w", strings.Join(names, ", "), ErrUnnamed)
	case len(names) == 0 && device == "":
		return household{}, fmt.Errorf("%w: no agent is known to the broker: does it run? Some brokers (RabbitMQ) give what they retain only to who names the --device", broker.ErrNoAnswer)
	case len(names) == 0:
		return household{device: device}, nil // never seen: perhaps it answers
	}
	h := found[names[0]]
	var topics []string
	for zone := range h.info.Zones {
		topics = append(topics, wire.NewTopics(c.prefix, h.device).State(zone))
	}
	if err := c.subscribe(ctx, topics...); err != nil {
		return household{}, err
	}
	c.listen(ctx, found, func() bool { return len(h.states) == len(h.info.Zones) })
	return *h, nil
}

// listen takes what is retained for a moment, or until all of it is there.
func (c *Client) listen(ctx context.Context, found map[string]*household, all func() bool) {
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	for !all() {
		m, err := c.next(ctx)
		if err != nil {
			return
		}
		device, rest, _ := strings.Cut(strings.TrimPrefix(m.Topic, c.prefix+"/"), "/")
		h := found[device]
		zone, isState := wire.ZoneOfState(rest)
		var state report.State
		switch {
		case rest == "info" && h == nil:
			h = &household{device: device, info: &wire.Info{}, states: map[string]report.State{}}
			_ = json.Unmarshal(m.Payload, h.info) // one that cannot be read names no zone
			found[device] = h
		case h != nil && isState && json.Unmarshal(m.Payload, &state) == nil:
			h.states[zone] = state
		}
	}
}

// concerned gives the zones that are to answer: who can go away, as far as the states
// show it, or who is away.
func (h household) concerned(leaving bool) (zones []string) {
	for zone, s := range h.states {
		if leaving && s.Mode != controlloop.ModeOff.String() || !leaving && isAway(s.Control) {
			zones = append(zones, zone)
		}
	}
	return zones
}

// isAway reports whether a control holds preset away, also under another hold.
func isAway(r *report.Control) bool {
	for ; r != nil; r = r.Then {
		if r.Preset != nil && *r.Preset == "away" && (r.HoldUntil != nil || r.Then != nil) {
			return true
		}
	}
	return false
}
