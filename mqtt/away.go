package mqtt

import (
	"errors"
	"log/slog"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/hand"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// absence is what is done when people go away, and come back: a word for the agent as a
// whole, that each zone obeys and answers by itself. It belongs to the session's goroutine.
type absence struct {
	topics wire.Topics
	zones  []*zone
	out    *outbox
	log    *slog.Logger
	lines  broker.LogLimit // of what others make us log
}

// receive takes a message on the topic.
func (a *absence) receive(now time.Time, topic string, payload []byte, retained bool) {
	if retained {
		a.lines.Log(a.log, slog.LevelWarn, ignoredRetained, "topic", topic)
		return
	}
	_, err := a.do(now, "home_assistant", string(payload), func(string, setpoint.Answer) {})
	if err == nil {
		return // the zones answer
	}
	a.lines.Log(a.log, slog.LevelInfo, "change refused: "+err.Error(), "topic", topic)
	if a.out.room(now) {
		a.out.publish(outgoing{a.topics.AgentAck(), wire.JSON(setpoint.Answer{Reason: err.Error()}), 1, false})
	}
}

// gather does what a text says, and replies once every zone that has a part in it has answered.
func (a *absence) gather(now time.Time, source, text string, reply func(setpoint.AwayAnswer)) {
	all, n := setpoint.AwayAnswer{Applied: true, Zones: map[string]setpoint.Answer{}}, -1
	n, err := a.do(now, source, text, func(zone string, answer setpoint.Answer) {
		all.Zones[zone], all.Applied = answer, all.Applied && answer.Applied
		if len(all.Zones) == n { // not while some are still to be asked
			reply(all)
		}
	})
	switch {
	case err != nil:
		reply(setpoint.AwayAnswer{Reason: err.Error(), Zones: all.Zones})
	case len(all.Zones) == n:
		reply(all)
	}
}

// do does what a text says with every zone that has a part in it, and gives how many
// these are; an error says why there is none.
func (a *absence) do(now time.Time, source, text string, reply func(zone string, answer setpoint.Answer)) (n int, err error) {
	does, nobody, err := hand.Away(text, now)
	if err != nil {
		return 0, err
	}
	for _, z := range a.zones {
		if z.spec.Goods {
			continue
		}
		stays := false
		d := z.arbiter.Hand(now, source, func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
			sp, err := does(p, obeyed, clock)
			stays = errors.Is(err, comfort.ErrStays)
			return sp, err
		})
		if stays {
			continue // a refusal changes nothing, and nobody is told of this one
		}
		n++
		z.act(&z.controls, d, func(answer setpoint.Answer) { reply(z.name(), answer) })
	}
	if n == 0 {
		return 0, nobody
	}
	return n, nil
}
