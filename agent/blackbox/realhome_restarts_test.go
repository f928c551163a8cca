package blackbox

import (
	"fmt"
	"slices"
	"testing"
)

// TestARealHomeAssistantShowsItAllAfterEachRestart: the broker, Home Assistant and the agent, each alone and all
// three in every order. What was set before, or by somebody else meanwhile, is what it shows and sets on.
func TestARealHomeAssistantShowsItAllAfterEachRestart(t *testing.T) {
	t.Parallel()
	h, config, agent := openHome(t, "metric", "")
	h.known = away
	all := homeEntities()
	h.isAvailable(all)
	desired := 18.0
	set := func() {
		h.commands(commandStep{"climate.set_temperature", "room", map[string]any{"temperature": desired}, "", "heat", desired}, false)
	}
	set()
	programs := map[string]struct{ stop, start func() }{
		"broker": {func() { h.broker.p.stop() }, func() { h.broker.start() }},
		"home":   {func() { h.stop() }, func() { h.start() }},
		"agent":  {func() { agent.stop() }, func() { agent = startAgent(t, config) }},
	}
	for _, order := range [][]string{
		{"broker"}, {"home"}, {"agent"},
		{"broker", "home", "agent"}, {"broker", "agent", "home"}, {"home", "broker", "agent"},
		{"home", "agent", "broker"}, {"agent", "broker", "home"}, {"agent", "home", "broker"},
	} {
		for _, name := range order {
			programs[name].stop()
		}
		if slices.Equal(order, []string{"home"}) { // somebody else sets it meanwhile
			desired += 0.5
			h.broker.publish("room/control", fmt.Appendf(nil, `{"desired":%v,"mode":"heat"}`, desired), "-r")
		}
		for _, name := range order {
			programs[name].start()
		}
		t.Logf("after %v", order)
		h.isAvailable(all)
		for _, zone := range []string{"room", "den", "fridge"} {
			h.agrees(zone, false)
		}
		if r := h.agrees("room", false); r.Desired == nil || *r.Desired != desired {
			t.Errorf("after %v: desired %v, want %v", order, deref(r.Desired), desired)
		}
		desired += 0.5
		set()
	}
	agent.stop()
	for _, e := range all { // and only then it is unavailable
		if !e.disabled && e.id != "binary_sensor.cabin_connection" {
			h.shows(e.id, "", "unavailable")
		}
	}
	h.shows("binary_sensor.cabin_connection", "", "off")
	agent = startAgent(t, config)
	h.isAvailable(all)
}
