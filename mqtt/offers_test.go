package mqtt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
	"thermostat/controlloop/report"
)

// thermostatCard is what Home Assistant knows of the zone's thermostat, from before the
// agent's start on: a heater, with off and heat.
type thermostatCard struct {
	modes, presets []string
	known          []string // presets that were there at any time: one that is gone shows as none
	states         []string // that came, mode and preset
	unknown        []string // of these, what it would warn of
}

// card begins to listen as Home Assistant does.
func (h *house) card() *thermostatCard {
	c := &thermostatCard{modes: []string{"off", "heat"}}
	listen := func(topic string, id int, hear func(payload []byte)) {
		must(h.t, h.server.Subscribe(topic, id, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
			h.mu.Lock()
			defer h.mu.Unlock()
			hear(p.Payload)
		}))
	}
	listen(zoneTopic, 11, func(payload []byte) {
		var d struct {
			Components struct {
				Climate struct {
					Modes   []string
					Presets []string `json:"preset_modes"`
				}
			}
		}
		must(h.t, json.Unmarshal(payload, &d))
		c.modes, c.presets = d.Components.Climate.Modes, d.Components.Climate.Presets
		c.known = append(c.known, c.presets...)
	})
	listen("thermostat/cabin/living/state", 12, func(payload []byte) {
		var s report.State
		must(h.t, json.Unmarshal(payload, &s))
		shown := s.Mode
		if !slices.Contains(c.modes, s.Mode) {
			c.unknown = append(c.unknown, "mode "+s.Mode)
		}
		if s.Preset != nil {
			shown += " " + *s.Preset
			if !slices.Contains(c.known, *s.Preset) {
				c.unknown = append(c.unknown, "preset "+*s.Preset)
			}
		}
		c.states = append(c.states, shown)
	})
	return c
}

// look gives what it would show now, and what it would have warned of until now.
func (h *house) look(c *thermostatCard) (shown, offered, unknown string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(c.states); n > 0 {
		shown = c.states[n-1]
	}
	return shown, fmt.Sprint(c.modes, c.presets), strings.Join(c.unknown, ", ")
}

// programmable lets the zone of the house follow whatever program it is given; week is the configured one.
func (h *house) programmable(week string, presets map[string]float64, change func(*Options)) {
	var plan atomic.Pointer[comfort.Plan]
	w, err := program.Parse(week)
	must(h.t, err)
	h.change = func(o *Options) {
		o.Discovery = "homeassistant"
		z := &o.Zones[0]
		if change != nil {
			change(o)
		}
		z.Comfort = comfort.Plan{
			Calendar: program.Calendar{Week: w, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: 12 * time.Hour,
			Presets: presets, Default: z.Default,
		}
		if !w.Empty() {
			z.Default.Mode = controlloop.ModeAuto
		}
		z.Follow = func(p comfort.Plan) { plan.Store(&p) }
	}
	h.plan = func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
		return plan.Load().Target(said, look.Now, comfort.Clock{Trusted: true})
	}
}

// TestModesAndPresetsAreAnnouncedBeforeTheFirstStateThatNeedsThem: with each word the
// next state may show another mode or preset. Words of one line are said at once.
func TestModesAndPresetsAreAnnouncedBeforeTheFirstStateThatNeedsThem(t *testing.T) {
	inHouse(t, func(h *house) {
		h.programmable("", nil, func(o *Options) { o.Zones[0].Params.Cooler = true })
		c := h.card()
		h.startAgent(18)
		time.Sleep(time.Minute)
		for _, row := range []struct {
			words          []string // topic, blank, payload
			shown, offered string
		}{
			{nil, "heat", "[off heat cool] []"},
			{[]string{`program {"week":"00:00 comfort","presets":{"comfort":21,"eco":17}}`, "set/mode auto"}, "auto comfort", "[off heat cool auto] [comfort eco]"},
			{[]string{"set/preset eco"}, "auto eco", "[off heat cool auto] [comfort eco]"},
			{[]string{"set/resume", `program {"week":"00:00 dance","presets":{"dance":22}}`}, "auto dance", "[off heat cool auto] [dance]"},
			{[]string{`program {"week":"00:00 21"}`}, "auto", "[off heat cool auto] []"},
			{[]string{`program {"week":""}`}, "auto", "[off heat cool auto] []"}, // nobody said another mode: the default's temperature counts
			{[]string{"set/mode heat"}, "heat", "[off heat cool] []"},
			{[]string{"set/mode auto"}, "auto", "[off heat cool auto] []"},
			{[]string{"set/mode heat"}, "heat", "[off heat cool] []"},
			{[]string{`control {"desired":20,"mode":"heat_cool","up_delta":0.6,"down_delta":0.6}`}, "heat_cool", "[off heat cool heat_cool] []"},
			{[]string{`control {"desired":20,"mode":"heat","up_delta":0.3,"down_delta":0.3}`}, "heat", "[off heat cool] []"},
			{[]string{`program {"week":"00:00 21"}`, "set/mode auto", `program {"week":""}`, "set/mode heat"}, "heat", "[off heat cool] []"},
		} {
			for _, word := range row.words {
				topic, payload, _ := strings.Cut(word, " ")
				h.publish("living/"+topic, payload, !strings.HasPrefix(topic, "set/"))
			}
			time.Sleep(5 * time.Second)
			if shown, offered, _ := h.look(c); shown != row.shown || offered != row.offered {
				t.Errorf("%q: shows %q of %s, want %q of %s", row.words, shown, offered, row.shown, row.offered)
			}
		}
		if _, _, unknown := h.look(c); unknown != "" {
			t.Errorf("shown before it was announced: %s", unknown)
		}
		_, before := h.told(zoneTopic)
		h.publish("living/program", `{"week":"07:00 21, 22:00 18"}`, true)
		time.Sleep(time.Minute)
		h.publish("living/program", `{"week":"08:00 21, 22:00 18"}`, true)
		time.Sleep(time.Minute)
		if _, n := h.told(zoneTopic); n != before+1 {
			t.Errorf("announced %d times for a program and another week of it, want once", n-before)
		}
	})
}

// TestAStateWithAModeThatWasNotThereBeforeWaitsForTheAnnouncement: at the agent's start
// Home Assistant knows of the zone what the agent before said. Where
// the broker was away, and where nothing is announced, nothing waits.
func TestAStateWithAModeThatWasNotThereBeforeWaitsForTheAnnouncement(t *testing.T) {
	inHouse(t, func(h *house) {
		h.programmable("00:00 20", nil, nil)
		c := h.card()
		h.startAgent(18)
		time.Sleep(time.Minute)
		if shown, _, unknown := h.look(c); shown != "auto" || unknown != "" {
			t.Errorf("at the start: shows %q, before it was announced %q", shown, unknown)
		}
		h.stopBroker()
		h.heard()
		h.startBroker()
		time.Sleep(2 * time.Minute)
		if log := h.heard(); slices.Index(log, "thermostat/cabin/living/state") > slices.Index(log, zoneTopic) {
			t.Error("waits although the mode was announced before")
		}
	})
	for name, change := range map[string]func(h *house, o *Options){
		"no prefix":               func(_ *house, o *Options) { o.Discovery = "" },
		"refused to be announced": func(h *house, _ *Options) { must(h.t, h.server.AddHook(new(deny), nil)) },
	} {
		inHouse(t, func(h *house) {
			h.programmable("00:00 20", nil, func(o *Options) { change(h, o) })
			c := h.card()
			h.startAgent(18)
			time.Sleep(time.Minute)
			if shown, _, _ := h.look(c); shown != "auto" {
				t.Errorf("%s: shows %q", name, shown)
			}
		})
	}
}

// TestWordsAreAnsweredWhileAStateWaitsForTheAnnouncement: what is obeyed is kept at once,
// and answered once the state shows it.
func TestWordsAreAnsweredWhileAStateWaitsForTheAnnouncement(t *testing.T) {
	inHouse(t, func(h *house) {
		h.programmable("00:00 20", nil, nil)
		h.startAgent(18)
		time.Sleep(100 * time.Millisecond)
		h.publish("living/set/desired", "21", false)
		time.Sleep(400 * time.Millisecond)
		if len(h.onDisk().Cur) == 0 || len(h.retained("living/state")) > 0 {
			t.Errorf("kept %q, said %s", h.onDisk().Cur, h.retained("living/state"))
		}
		time.Sleep(5 * time.Second)
		if a, n := h.ack(); n != 1 || !a.Applied || *h.state().Desired != 21 {
			t.Errorf("%d answers, %+v, state %+v", n, a, h.state())
		}
	})
}

// TestTheSwitchAwayIsOfferedWhileAZoneHasThePreset: and a fridge is no such zone.
func TestTheSwitchAwayIsOfferedWhileAZoneHasThePreset(t *testing.T) {
	inHouse(t, func(h *house) {
		goods := false
		h.programmable("00:00 20", nil, func(o *Options) { o.Zones[0].Goods = goods })
		offered := func() bool {
			return strings.Contains(h.said(agentTopic), `"command_topic":"thermostat/cabin/set/away"`)
		}
		h.startAgent(18)
		time.Sleep(10 * time.Second)
		if offered() {
			t.Error("offered where nobody has the preset")
		}
		h.publish("living/program", `{"presets":{"away":12}}`, true)
		time.Sleep(2 * time.Second)
		if !offered() {
			t.Error("not offered although the zone has the preset")
		}
		h.publish("living/program", `{"presets":{"comfort":21}}`, true)
		time.Sleep(2 * time.Second)
		if offered() {
			t.Error("offered when nobody has the preset any more")
		}
		h.stopAgent()
		goods = true
		h.publish("living/program", `{"presets":{"away":12}}`, true)
		h.startAgent(18)
		time.Sleep(10 * time.Second)
		if offered() {
			t.Error("offered for a fridge")
		}
	})
}
