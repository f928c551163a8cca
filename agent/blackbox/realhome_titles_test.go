package blackbox

import (
	"fmt"
	"path/filepath"
	"testing"

	"thermostat/agent/clitest"
)

// homeArea is an area in Home Assistant's registry.
type homeArea struct {
	ID   string `json:"area_id"`
	Name string
}

// placedDevice is what the device registry says of a device's place.
type placedDevice struct {
	homeDevice
	Area string  `json:"area_id"`
	Page *string `json:"configuration_url"`
}

// titledZones are a zone with a title, one in a room that Home Assistant has already, and a
// fridge. The page is to be at an address that is nobody's (RFC 5737), where it cannot open.
func titledZones(t *testing.T, brokerURL string) string {
	zone := func(name, more string) string {
		return fmt.Sprintf("  - {name: %s, %s: {driver: simulated}, sensor: {driver: simulated, model: linear, start: 9, up: 24h, down: 24h}}\n", name, more)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, fmt.Sprintf("device: cabin\nhttp: {listen: \"192.0.2.1:8466\"}\nstate_dir: %s\nmqtt: {brokers: [%q]}\nzones:\n", t.TempDir(), brokerURL)+
		zone("living-room", "title: Küche & Stube, heater")+zone("guest-room", "heater")+zone("cold", "plant: fridge, cooler"))
	return file
}

// TestARealHomeAssistantPutsAZoneIntoItsRoom: by its title or its name, into the room that is there already or a new
// one; entities have the name's ids, the page's address leads to the zone, and where a person moves it it stays.
func TestARealHomeAssistantPutsAZoneIntoItsRoom(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, persist)
	m.start()
	h := newRealHome(t, m, "metric", "")
	h.start()
	h.addBroker()
	var guests homeArea
	h.ask("config/area_registry/create", map[string]any{"name": "Guest Room"}, &guests)
	config := titledZones(t, m.url())
	agent := startAgent(t, config)
	h.shows("climate.living_room", "friendly_name", "Küche & Stube")
	h.shows("sensor.living_room_temperature", "friendly_name", "Küche & Stube Temperature")
	h.shows("climate.guest_room", "friendly_name", "guest-room")
	h.shows("climate.cold", "friendly_name", "cold")
	want := map[string][3]string{ // name, area, page
		cabinID: {"cabin", "", "http://192.0.2.1:8466/"}, "thermostat_-cabin_-living-room": {"Küche & Stube", "Küche & Stube", "http://192.0.2.1:8466/#zone-living-room"},
		"thermostat_-cabin_-guest-room": {"guest-room", "Guest Room", "http://192.0.2.1:8466/#zone-guest-room"}, "thermostat_-cabin_-cold": {"cold", "", "http://192.0.2.1:8466/#zone-cold"},
	}
	devices := h.placed(want)
	h.ask("config/device_registry/update", map[string]any{"device_id": devices["thermostat_-cabin_-living-room"].ID, "area_id": guests.ID}, nil)
	agent.stop()
	startAgent(t, config)
	h.shows("climate.living_room", "friendly_name", "Küche & Stube")
	moved := want["thermostat_-cabin_-living-room"]
	moved[1] = "Guest Room"
	want["thermostat_-cabin_-living-room"] = moved
	h.placed(want)
}

// placed waits until each device has the name, the area and the page that it should have.
func (h *realHome) placed(want map[string][3]string) (found map[string]placedDevice) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		found = h.places()
		for id, w := range want {
			d, page := found[id], ""
			if d.Page != nil {
				page = *d.Page
			}
			if got := [3]string{d.Name, d.Area, page}; got != w {
				return fmt.Errorf("the device %s is %q, want %q", id, got, w)
			}
		}
		return nil
	})
	return found
}

// places gives the devices of the MQTT integration, each with its area's name.
func (h *realHome) places() map[string]placedDevice {
	var areas []homeArea
	h.ask("config/area_registry/list", nil, &areas)
	names := map[string]string{}
	for _, a := range areas {
		names[a.ID] = a.Name
	}
	var all []placedDevice
	h.ask("config/device_registry/list", nil, &all)
	found := map[string]placedDevice{}
	for _, d := range all {
		d.Area = names[d.Area]
		for _, pair := range d.Identifiers {
			if pair[0] == "mqtt" {
				found[pair[1]] = d
			}
		}
	}
	return found
}
