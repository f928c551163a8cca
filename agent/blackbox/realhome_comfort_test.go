package blackbox

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// comfortStep is one action of a person, and what a zone must aim at after it.
type comfortStep struct {
	action, entity string
	data           map[string]any
	mode           string
	desired        float64
	preset, target string
}

// programEntities are those that a zone has for its program, and the agent for a preset away.
var programEntities = []shownEntity{
	{id: "sensor.room_next_change", name: "room Next change", class: "timestamp"},
	{id: "switch.cabin_away", name: "cabin Away"},
}

// opensAWindow opens the window of a den that is heated, and shuts it.
func (h *realHome) opensAWindow() {
	h.t.Helper()
	for _, step := range []struct{ contact, window, action string }{
		{"closed", "off", "heating"}, {"open", "on", "idle"}, {"closed", "off", "heating"},
	} {
		h.broker.publishOn("den/window", []byte(step.contact), "-r")
		h.shows("binary_sensor.den_window", "", step.window)
		h.shows("climate.den", "hvac_action", step.action)
	}
}

// livesByAProgram gives the room a program while all of it runs, lives by it, and takes it away again.
// Each way in does what it says, and what Home Assistant has to choose from follows.
func (h *realHome) livesByAProgram() {
	h.t.Helper()
	room, zones := "climate.room", homeEntities()
	h.hasExactly(zones)
	h.isAvailable(zones)
	h.broker.publish("room/program", []byte(`{"week":"00:00 comfort","presets":{"comfort":21,"eco":17,"away":12}}`), "-r")
	h.offers(room, []any{"off", "heat", "auto"}, []any{"none", "away", "comfort", "eco"})
	h.hasExactly(slices.Concat(zones, programEntities))
	h.shows("switch.cabin_away", "", "off")
	type data = map[string]any
	for _, step := range []comfortStep{
		{"climate.set_hvac_mode", room, data{"hvac_mode": "auto"}, "auto", 21, "comfort", "program"},
		{"climate.set_preset_mode", room, data{"preset_mode": "eco"}, "auto", 17, "eco", "hold"},
		{"climate.set_preset_mode", room, data{"preset_mode": "none"}, "auto", 21, "comfort", "program"},
		{"climate.set_temperature", room, data{"temperature": 22.5}, "auto", 22.5, "none", "hold"},
		{"climate.set_hvac_mode", room, data{"hvac_mode": "heat"}, "heat", 22.5, "none", "manual"},                      // what was aimed at stays
		{"climate.set_temperature", room, data{"temperature": 20.5, "hvac_mode": "auto"}, "auto", 20.5, "none", "hold"}, // the mode first, as a voice assistant says it
		{"climate.set_temperature", room, data{"temperature": 19, "hvac_mode": "heat"}, "heat", 19, "none", "manual"},
		{"climate.set_preset_mode", room, data{"preset_mode": "eco"}, "heat", 17, "eco", "manual"},
		{"climate.set_preset_mode", room, data{"preset_mode": "none"}, "auto", 21, "comfort", "program"},
		{"climate.turn_off", room, nil, "off", 21, "none", "manual"},
		{"climate.turn_on", room, nil, "auto", 21, "comfort", "program"},
		{"button.press", "button.room_boost", nil, "auto", 23, "none", "boost"}, // there is no preset of that name
		{"button.press", "button.room_resume", nil, "auto", 21, "comfort", "program"},
		{"switch.turn_on", "switch.cabin_away", nil, "heat", 12, "away", "away"},
	} {
		h.aims(step)
	}
	h.shows("switch.cabin_away", "", "on")
	h.aims(comfortStep{"switch.turn_off", "switch.cabin_away", nil, "auto", 21, "comfort", "program"})
	h.shows("switch.cabin_away", "", "off")
	h.understandsPreheating()

	h.broker.publish("room/program", []byte(`{"week":"00:00 dance","presets":{"dance":22}}`), "-r")
	h.offers(room, []any{"off", "heat", "auto"}, []any{"none", "dance"})
	h.aims(comfortStep{"", "", nil, "auto", 22, "dance", "program"})
	h.broker.publish("room/program", []byte(`{"week":""}`), "-r")
	h.aims(comfortStep{"", "", nil, "auto", 17, "", "default"}) // until somebody says another mode
	h.hasExactly(zones)
	h.aims(comfortStep{"climate.set_hvac_mode", room, data{"hvac_mode": "heat"}, "heat", 17, "", "manual"})
	h.offers(room, []any{"off", "heat"}, nil)
}

// understandsPreheating says beside the agent that the room is heated for a time to come.
func (h *realHome) understandsPreheating() {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		var said map[string]any
		if err := json.Unmarshal(h.broker.retained("room/state"), &said); err != nil {
			return err
		}
		said["reason"], said["action"] = "preheat", "heating"
		payload, err := json.Marshal(said)
		if err != nil {
			return err
		}
		h.broker.publish("room/state", payload)
		s, err := h.state("climate.room")
		if err != nil || s.Attributes["hvac_action"] != "preheating" {
			return fmt.Errorf("the room is shown %v (%v)", s.Attributes["hvac_action"], err)
		}
		return nil
	})
}

// startsWithAProgram stops the agent, has somebody else give the room a program meanwhile, and
// starts it again: Home Assistant knows the room without mode auto.
func (h *realHome) startsWithAProgram(config string, agent *process) {
	h.t.Helper()
	agent.stop()
	h.broker.publish("room/program", []byte(`{"week":"00:00 comfort","presets":{"comfort":21}}`), "-r")
	h.broker.publish("room/control", []byte(`{"program":true}`), "-r")
	startAgent(h.t, config)
	h.aims(comfortStep{"", "", nil, "auto", 21, "comfort", "program"})
	h.offers("climate.room", []any{"off", "heat", "auto"}, []any{"none", "comfort"})
}

// aims does what a step says, if anything, and waits until the agent aims at what it must and Home Assistant shows that.
func (h *realHome) aims(step comfortStep) {
	h.t.Helper()
	if step.action != "" {
		if err := h.service(step.action, step.entity, step.data); err != nil {
			h.t.Errorf("%s %s %v: %v", step.action, step.entity, step.data, err)
		}
	}
	clitest.Eventually(h.t, func() error {
		var r report.State
		err := json.Unmarshal(h.broker.retained("room/state"), &r)
		if err != nil || r.Mode != step.mode || r.Desired == nil || math.Abs(*r.Desired-step.desired) > 1e-4 || r.Target == nil || *r.Target != step.target {
			return fmt.Errorf("%s %v: the agent has %s %v by %v, want %s %v by %s", step.action, step.data, r.Mode, deref(r.Desired), word(r.Target), step.mode, step.desired, step.target)
		}
		return nil
	})
	h.agrees("room", false)
	var preset any
	if step.preset != "" {
		preset = step.preset
	}
	h.shows("climate.room", "preset_mode", preset)
}

// offers waits until a thermostat has these modes and presets to choose from; nil: it has no presets.
func (h *realHome) offers(id string, modes, presets []any) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		s, err := h.state(id)
		gotModes, _ := s.Attributes["hvac_modes"].([]any)
		gotPresets, _ := s.Attributes["preset_modes"].([]any)
		if err != nil || !slices.Equal(gotModes, modes) || !slices.Equal(gotPresets, presets) {
			return fmt.Errorf("%s offers %v and %v, want %v and %v (%v)", id, gotModes, gotPresets, modes, presets, err)
		}
		return nil
	})
}

// word is a text that may be null.
func word(text *string) string {
	if text == nil {
		return "null"
	}
	return *text
}

// nextAgrees tells whether Home Assistant shows the next change of a zone as the agent publishes it.
func (h *realHome) nextAgrees(zone string, r report.State) error {
	s, err := h.state("sensor." + zone + "_next_change")
	if r.Next == nil {
		if err == nil && s.State != "unknown" && s.State != "unavailable" {
			return fmt.Errorf("the next change of %s is %q, and the agent knows none", zone, s.State)
		}
		return nil
	}
	at, wrong := time.Parse(time.RFC3339, s.State)
	if err != nil || wrong != nil || !at.Equal(r.Next.At) {
		return fmt.Errorf("the next change of %s is %q, and the agent publishes %v (%v)", zone, s.State, r.Next.At, err)
	}
	return nil
}
