package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// homely makes the house's zone one that follows a program and has a preset away, and
// puts zones beside it that have no part in it: without the preset, in mode off, a fridge.
func homely(t *testing.T, h *house, clock comfort.Clock) {
	week, err := program.Parse("00:00 20")
	must(t, err)
	h.change = func(o *Options) {
		z := &o.Zones[0]
		z.Comfort = comfort.Plan{
			Calendar: program.Calendar{Week: week, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: 12 * time.Hour, Unsynced: comfort.Follow,
			Presets: map[string]float64{"away": 12, "boost": 23}, Default: z.Default,
		}
		z.Default.Mode = controlloop.ModeAuto
		z.Clock = func() comfort.Clock { return clock }
		plan := z.Comfort
		h.plan = func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
			return plan.Target(said, look.Now, clock)
		}
		for i, name := range []string{"attic", "cellar", "fridge"} {
			b := livingZone()
			b.Name, b.SensorID, b.Comfort.Place = name, int32(20+i), time.UTC
			if name != "attic" {
				b.Comfort.Presets = map[string]float64{"away": 12}
			}
			if name == "cellar" {
				b.Default.Mode = controlloop.ModeOff
			}
			b.Goods = name == "fridge"
			o.Zones = append(o.Zones, b)
		}
	}
}

// refusals gives the last answer for the agent as a whole, and how many there were.
func (h *house) refusals() (a setpoint.Answer, n int) {
	payload, n := h.told("thermostat/cabin/ack")
	if n > 0 {
		must(h.t, json.Unmarshal([]byte(payload), &a))
	}
	return a, n
}

func (h *house) info() (i wire.Info) {
	must(h.t, json.Unmarshal(h.retained("info"), &i))
	return i
}

// TestAwayIsHeldByWhoHasItsPreset: by the topic, for every zone at once; each answers on
// its own ack, the others hear nothing of it, and info tells it at once and until when.
func TestAwayIsHeldByWhoHasItsPreset(t *testing.T) {
	inHouse(t, func(h *house) {
		homely(t, h, comfort.Clock{Trusted: true})
		h.startAgent(18)
		time.Sleep(15 * time.Second)
		if i := h.info(); i.Away || i.AwayUntil != nil {
			t.Errorf("at home: %+v", i)
		}
		said := time.Now()
		h.publish("set/away", "3d\n", false)
		time.Sleep(2 * time.Second)
		a, n := h.ack()
		if n != 1 || !a.Applied || *a.Desired != 12 || a.Mode != "auto" {
			t.Errorf("%d answers, the last %+v", n, a)
		}
		if s := h.state(); *s.Desired != 12 || *s.Preset != "away" || *s.Target != "away" || s.HoldUntil.Sub(said).Round(time.Second) != 72*time.Hour {
			t.Errorf("%+v", s)
		}
		if i := h.info(); !i.Away || i.AwayUntil == nil || i.AwayUntil.Sub(said).Round(time.Second) != 72*time.Hour {
			t.Errorf("info %+v", i)
		}
		if n := h.counted("attic/ack") + h.counted("cellar/ack") + h.counted("fridge/ack") + h.counted("ack"); n != 0 {
			t.Errorf("%d answers of who has no part in it", n)
		}

		h.publish("set/away", "on", false)
		time.Sleep(2 * time.Second)
		if i := h.info(); !i.Away || i.AwayUntil != nil {
			t.Errorf("by hand: info %+v", i)
		}
		if s := h.state(); s.Mode != "heat" || *s.Target != "away" || s.HoldUntil != nil || s.Control.Then == nil || s.Control.Then.Mode != "auto" {
			t.Errorf("by hand: %+v", s.Control)
		}
		h.publish("set/away", "off", false)
		time.Sleep(2 * time.Second)
		if s := h.state(); *s.Desired != 20 || *s.Target != "program" || s.Mode != "auto" {
			t.Errorf("back: %+v", s)
		}
		if i := h.info(); i.Away || i.AwayUntil != nil {
			t.Errorf("back: info %+v", i)
		}
		if _, n := h.ack(); n != 3 {
			t.Errorf("%d answers", n)
		}
	})
}

// TestWhereNobodyGoesThereIsOneRefusal for the agent as a whole, and so of a text that
// says nothing; a retained one is not even that.
func TestWhereNobodyGoesThereIsOneRefusal(t *testing.T) {
	inHouse(t, func(h *house) {
		homely(t, h, comfort.Clock{Trusted: true})
		h.publish("set/away", "on", true)
		h.startAgent(18)
		time.Sleep(15 * time.Second)
		if _, n := h.ack(); n > 0 || h.info().Away {
			t.Errorf("%d answers to a retained word", n)
		}
		for i, row := range []struct{ text, reason string }{
			{"off", "no zone is away"},
			{"", "is none of on, off, a duration"}, {"gone", `away "gone" is none of`}, {"30s", "none of"},
			{"until", "none of"}, {"until soon", "is no moment"}, {"until 2026-02-30 12:00", "is no moment"}, {"until 1999-01-01T12:00:00Z", "is over"},
		} {
			h.publish("set/away", row.text, false)
			time.Sleep(2 * time.Second)
			a, n := h.refusals()
			if n != i+1 || a.Applied || a.Mode != "" || a.ID != nil || !strings.Contains(a.Reason, row.reason) {
				t.Errorf("%q: %d refusals, the last %+v", row.text, n, a)
			}
		}
		h.publish("living/set/power", "OFF", false)
		time.Sleep(2 * time.Second)
		h.publish("set/away", "on", false)
		time.Sleep(2 * time.Second)
		if a, n := h.refusals(); n != 9 || !strings.Contains(a.Reason, "no zone goes away") {
			t.Errorf("%d refusals, the last %+v", n, a)
		}
	})
}

// TestAwayUntilAMomentOfThePlace: it is a date and a time on its clocks, or RFC 3339; a
// zone refuses by itself what is over there, and any moment while nobody vouches for the clock.
func TestAwayUntilAMomentOfThePlace(t *testing.T) {
	for text, row := range map[string]struct {
		trusted bool
		until   string // empty: refused
		reason  string
	}{
		"until 2027-01-02 12:00":          {true, "2027-01-02T11:00:00Z", ""},
		"until 2027-03-28 02:30":          {true, "2027-03-28T01:00:00Z", ""}, // in a gap: its end
		"until 2027-01-02T12:00:00-05:00": {true, "2027-01-02T17:00:00Z", ""},
		"until 2000-01-01 00:59":          {true, "", "is over"}, // the bubble begins at 01:00 there
		"until 2027-01-02 12:01":          {false, "", "the clock is not known to be right"},
		"until 2027-01-02T12:00:00Z":      {false, "", "the clock is not known to be right"},
	} {
		inHouse(t, func(h *house) {
			homely(t, h, comfort.Clock{Trusted: row.trusted})
			rest := h.change
			h.change = func(o *Options) {
				rest(o)
				place, err := time.LoadLocation("Europe/Berlin")
				must(t, err)
				o.Zones[0].Comfort.Place = place
			}
			h.startAgent(18)
			time.Sleep(15 * time.Second)
			answer, err := h.session.Away(context.Background(), "page", text)
			a := answer.Zones["living"]
			if err != nil || len(answer.Zones) != 1 || answer.Applied != (row.until != "") || a.Applied != answer.Applied || !strings.Contains(a.Reason, row.reason) {
				t.Errorf("%s: %+v, %v", text, answer, err)
			}
			time.Sleep(2 * time.Second)
			if s := h.state(); row.until != "" && (s.HoldUntil == nil || s.HoldUntil.Format(time.RFC3339) != row.until || s.Source != "page") {
				t.Errorf("%s: %+v", text, s)
			}
		})
	}
}

// TestAwayFromThePageIsAnsweredOnce: with every zone's answer, or with the reason why no
// zone has a part in it, and whatever the broker does.
func TestAwayFromThePageIsAnsweredOnce(t *testing.T) {
	inHouse(t, func(h *house) {
		homely(t, h, comfort.Clock{Trusted: true})
		rest := h.change
		h.change = func(o *Options) {
			rest(o)
			for i := range 20 { // more that would go away, each to a temperature that it refuses
				b := livingZone()
				b.Name, b.SensorID = fmt.Sprint("z", i), int32(100+i)
				b.Comfort.Presets, b.Comfort.Mode = map[string]float64{"away": 99}, controlloop.ModeHeat
				o.Zones = append(o.Zones, b)
			}
		}
		h.startAgent(18)
		h.stopBroker()
		a, err := h.session.Away(context.Background(), "page", "2h")
		if err != nil || a.Applied || len(a.Zones) != 21 || !a.Zones["living"].Applied || !strings.Contains(a.Zones["z7"].Reason, "99 is outside") {
			t.Errorf("%+v, %v", a, err)
		}
		if a, err = h.session.Away(context.Background(), "page", "off"); err != nil || !a.Applied || len(a.Zones) != 1 || *a.Zones["living"].Desired != 20 {
			t.Errorf("%+v, %v", a, err)
		}
		if a, err = h.session.Away(context.Background(), "page", "off"); err != nil || a.Applied || len(a.Zones) != 0 || a.Reason != "no zone is away" {
			t.Errorf("%+v, %v", a, err)
		}
		h.startBroker()
	})
}

// TestRulesThatKnowNoAwayAreNoFault: a broker that refuses the topic is told of in one
// line, and all else goes on.
func TestRulesThatKnowNoAwayAreNoFault(t *testing.T) {
	underRules(t, func(h *house, r *rules) {
		var log lines
		h.change = func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }
		r.refuses.Store("/set/away")
		h.startAgent(18)
		time.Sleep(9 * time.Minute)
		if text := h.fault("subscription_refused") + h.fault("publish_refused") + h.fault("broker_refused"); text != "" {
			t.Error(text)
		}
		if n := log.with("thermostat/cabin/set/away"); n != 1 {
			t.Errorf("%d lines: %q", n, log.all)
		}
		h.publish("living/set/desired", "23", false)
		time.Sleep(2 * time.Second)
		if s := h.state(); *s.Desired != 23 {
			t.Errorf("desired %v", *s.Desired)
		}
	})
}

// expels ends a connection that subscribes to a topic.
type expels struct {
	mochi.HookBase
	topic string
	n     atomic.Int64
	over  atomic.Bool // it allows the topic now
}

func (e *expels) ID() string           { return "expels" }
func (e *expels) Provides(b byte) bool { return b == mochi.OnSubscribe }

func (e *expels) OnSubscribe(cl *mochi.Client, p packets.Packet) packets.Packet {
	for _, f := range p.Filters {
		if f.Filter == e.topic && !e.over.Load() {
			e.n.Add(1)
			cl.Stop(packets.ErrNotAuthorized)
		}
	}
	return p
}

// TestABrokerThatEndsConnectionsOverANewTopicIsEntered: after three of them it is not asked
// for such topics, the connection stays, and setpoints work on.
func TestABrokerThatEndsConnectionsOverANewTopicIsEntered(t *testing.T) {
	for _, topic := range []string{"thermostat/cabin/set/away", "thermostat/cabin/living/program"} {
		inHouse(t, func(h *house) {
			ends := &expels{topic: topic}
			h.add(ends)
			h.startAgent(18)
			time.Sleep(5 * time.Minute)
			if n := ends.n.Load(); n != maxAsks || !h.session.Connected() {
				t.Errorf("%s: ended %d connections, connected %v", topic, n, h.session.Connected())
			}
			h.publish("living/control", `{"desired":23}`, true)
			time.Sleep(2 * time.Second)
			if s := h.state(); *s.Desired != 23 {
				t.Errorf("%s: desired %v", topic, *s.Desired)
			}
			client, _ := h.server.Clients.Get("thermostat-cabin")
			client.Stop(errors.New("thrown out"))
			time.Sleep(time.Minute)
			if n := ends.n.Load(); n != maxAsks+1 {
				t.Errorf("%s: ended %d connections: a later one is to ask once more", topic, n)
			}
			ends.over.Store(true)
			time.Sleep(askAgain + 2*time.Minute)
			h.publish("living/program", `{"week":"00:00 20"}`, true)
			time.Sleep(2 * time.Second)
			h.mu.Lock()
			defer h.mu.Unlock()
			if ack := string(h.last["thermostat/cabin/living/ack"]); !strings.Contains(ack, `"topic":"program"`) {
				t.Errorf("%s: after an hour its program is not heard: the last ack is %s", topic, ack)
			}
		})
	}
}
