package blackbox

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"thermostat/agent/clitest"
)

const (
	shedID   = "thermostat_-shed_-AGENT"
	boilerID = "thermostat_-shed_-boiler_-SOURCE"
)

// boilerEntities are those of a boiler with a pump, by the same books.
var boilerEntities = []shownEntity{
	{id: "binary_sensor.boiler_heating", name: "boiler Heating", class: "running"},
	{id: "binary_sensor.boiler_pump", name: "boiler Pump", class: "running"},
	{id: "sensor.boiler_reason", name: "boiler Reason", class: "enum"},
	{id: "sensor.boiler_rooms_calling", name: "boiler Rooms calling", state: "measurement"},
	{id: "binary_sensor.boiler_problem", name: "boiler Problem", class: "problem", section: "diagnostic"},
	{id: "sensor.boiler_faults", name: "boiler Faults", section: "diagnostic"},
	{id: "sensor.boiler_runtime", name: "boiler Runtime", class: "duration", unit: "h", state: "total_increasing", section: "diagnostic"},
	{id: "sensor.boiler_cycles", name: "boiler Cycles", state: "total_increasing", section: "diagnostic"},
}

// followsABoiler starts a second agent, in a shed whose rooms share a boiler. The boiler is a device that tells each of
// its steps while a room calls and is warm again. It leaves with the configuration that does without it, and the rooms stay.
func (h *realHome) followsABoiler() {
	h.t.Helper()
	rooms := []string{cabinID, roomID, "thermostat_-cabin_-den", "thermostat_-cabin_-fridge", shedID, "thermostat_-shed_-bath", "thermostat_-shed_-attic"}
	config := boilerConfig(h.t, h.broker, "shed", "bath", "attic")
	agent := startAgent(h.t, config)
	h.hasDevices(append(rooms, boilerID)...)
	h.boilerShows("21", "sensor.boiler_reason", "", "no_demand")
	h.isAvailable(boilerEntities)
	devices := h.areEntities(boilerEntities)
	if d := devices[boilerID]; d.Name != "boiler" || d.Model != "source" || d.Via != devices[shedID].ID {
		h.t.Errorf("the boiler is %+v", d)
	}
	for _, step := range []struct{ bath, heating, pump, reason, calling, rooms, cycles string }{
		{"21", "off", "off", "no_demand", "0", "[]", "0"},
		{"18", "on", "on", "demand", "1", "[bath]", "1"},
		{"21", "off", "off", "no_demand", "0", "[]", "1"},
	} {
		h.boilerShows(step.bath, "binary_sensor.boiler_heating", "", step.heating)
		h.boilerShows(step.bath, "sensor.boiler_reason", "", step.reason)
		h.boilerShows(step.bath, "binary_sensor.boiler_pump", "", step.pump)
		h.boilerShows(step.bath, "sensor.boiler_rooms_calling", "", step.calling)
		h.boilerShows(step.bath, "sensor.boiler_rooms_calling", "rooms", step.rooms)
		h.boilerShows(step.bath, "sensor.boiler_cycles", "", step.cycles)
	}
	h.shows("binary_sensor.boiler_problem", "", "off")
	h.shows("sensor.boiler_faults", "", "ok")
	h.went("sensor.boiler_reason", "no_demand", "valve_opening", "demand", "overrun", "no_demand")
	h.understandsABoilersFaults()

	agent.stop()
	h.shows("sensor.boiler_reason", "", "unavailable")
	clitest.WriteFile(h.t, config, withoutBoiler(h, config))
	startAgent(h.t, config)
	h.hasDevices(rooms...)
	all, err := h.registry()
	if err != nil || slices.ContainsFunc(all, func(e registered) bool { return strings.HasPrefix(e.Unique, boilerID) }) {
		h.t.Errorf("of the boiler there is left: %+v (%v)", all, err)
	}
	clitest.Eventually(h.t, func() error { return wantEmpty(h.broker.retainedOn("thermostat/shed/boiler/source")) })
}

// understandsABoilersFaults says beside the agent that the boiler does not obey, in more words than fit into a state.
func (h *realHome) understandsABoilersFaults() {
	h.t.Helper()
	long := strings.Repeat("ö", 200)
	fault := fmt.Sprintf(`{"name":"relay","since":"2026-01-05T06:00:00Z","text":%q}`, long)
	said := fmt.Sprintf(`{"relay":null,"pump":null,"calling":["bath","attic"],"reason":"exercise","wait_s":null,"faults":[%s,%s],"cycles":1,"runtime_h":0}`, fault, fault)
	for entity, want := range map[string]string{
		"binary_sensor.boiler_problem": "on", "sensor.boiler_faults": long + "; " + strings.Repeat("ö", 52) + "…",
		"binary_sensor.boiler_heating": "unknown", "binary_sensor.boiler_pump": "unknown", "sensor.boiler_reason": "exercise", "sensor.boiler_rooms_calling": "2",
	} {
		clitest.Eventually(h.t, func() error {
			h.broker.publishOn("thermostat/shed/boiler/source", []byte(said))
			if s, err := h.state(entity); err != nil || s.State != want {
				return fmt.Errorf("%s shows %q, want %q (%v)", entity, s.State, want, err)
			}
			return nil
		})
	}
}

// withoutBoiler gives the configuration of the shed with each room on its own.
func withoutBoiler(h *realHome, config string) string {
	h.t.Helper()
	data, err := os.ReadFile(config)
	if err != nil {
		h.t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(data), "sources:\n")
	_, zones, found := strings.Cut(rest, "zones:\n")
	if !found {
		h.t.Fatalf("no zones behind sources in\n%s", data)
	}
	return before + "zones:\n" + strings.ReplaceAll(zones, "    calls: boiler\n", "")
}

// boilerShows says how warm the bath is, with the attic warm enough, until an entity shows something.
func (h *realHome) boilerShows(bath, entity, attribute, want string) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		h.broker.publishOn("there/bath/sensor", []byte(bath))
		h.broker.publishOn("there/attic/sensor", []byte("21"))
		s, err := h.state(entity)
		got := s.State
		if attribute != "" {
			got = fmt.Sprint(s.Attributes[attribute])
		}
		if err != nil || got != want {
			return fmt.Errorf("%s shows %s %q, want %q (%v)", entity, attribute, got, want, err)
		}
		return nil
	})
}

// went waits until its history holds these states of an entity in this order, whatever was between them.
func (h *realHome) went(entity string, want ...string) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		var all [][]homeState
		if err := h.try("GET", "/api/history/period?filter_entity_id="+url.QueryEscape(entity), nil, &all); err != nil || len(all) != 1 {
			return fmt.Errorf("%d histories of %s (%v)", len(all), entity, err)
		}
		left := want
		for _, s := range all[0] {
			if len(left) > 0 && s.State == left[0] {
				left = left[1:]
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("%s went %v: no %v after what came before it", entity, all[0], left)
		}
		return nil
	})
}
