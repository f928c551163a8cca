package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"thermostat/drivers"
	"thermostat/mqtt"
)

// The ids of the test agent's devices.
const (
	cabinID = "thermostat_-cabin_-AGENT"
	roomID  = "thermostat_-cabin_-room"
	swingID = "thermostat_-cabin_-swing"
)

// told is the order in which Home Assistant must hear of a zone.
func told(zone string) []string {
	return []string{"config " + cabinID, "config thermostat_-cabin_-" + zone, "thermostat/cabin/status", "thermostat/cabin/" + zone + "/state"}
}

// TestHomeAssistant: discovered, shown, commanded, and again after a restart of
// Home Assistant, of the broker and of the agent. It never hears "offline" but
// where the agent was really away.
func TestHomeAssistant(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	h := newHomeAssistant(t, m.url())
	h.start()
	config := agentConfig(t, m.url(), "")
	p := startAgent(t, config)
	h.knows(cabinID, roomID, swingID)
	h.hears(told("room")...)
	h.hears(told("swing")...)
	for property, want := range map[string]string{"mode_state": "heat", "temperature_state": "17", "current_temperature": "18", "action": "idle"} {
		h.shows(roomID+"_-climate", property, want)
	}
	for sensor, want := range map[string]string{
		"temperature": "18", "heat_call": "off", "problem": "off", "faults": "ok", "reason": "too_warm", "heater_cycles": "0", "heater_runtime": "0",
	} {
		h.shows(roomID+"_-"+sensor, "", want)
	}
	h.shows(cabinID+"_-connection", "", "online")
	h.shows(cabinID+"_-faults", "", "ok")

	h.setTemperature(roomID+"_-climate", "off", "21.5")
	h.shows(roomID+"_-climate", "mode_state", "off")
	h.shows(roomID+"_-climate", "action", "off")
	h.setTemperature(roomID+"_-climate", "heat", "22")
	h.shows(roomID+"_-climate", "temperature_state", "22")
	h.shows(roomID+"_-climate", "action", "heating")
	h.shows(roomID+"_-heat_call", "", "on")
	h.shows(roomID+"_-heater_cycles", "", "1")
	m.retainsControl(22)
	h.command(roomID+"_-clear", "command_topic", "PRESS")
	h.setTemperature(roomID+"_-climate", "cool", "99") // both are refused
	h.command(roomID+"_-climate", "temperature_command_topic", "23")
	h.shows(roomID+"_-climate", "temperature_state", "23")
	h.shows(roomID+"_-climate", "mode_state", "heat")

	h.stop()
	h.start()
	h.hears(told("room")...)
	h.hears(told("swing")...)
	h.shows(roomID+"_-climate", "temperature_state", "23")
	if got := h.wasAvailable(); !slices.Equal(got, []string{"online"}) {
		t.Errorf("the agent never went, and Home Assistant heard %q", got)
	}

	h.forgets()
	m.p.stop()
	m.start()
	h.hears(told("room")...)
	h.hears(told("swing")...)
	h.shows(roomID+"_-climate", "temperature_state", "23")
	got := h.wasAvailable()
	if got[len(got)-1] != "online" || len(got) > 3 {
		t.Errorf("one restart of the broker, and Home Assistant heard %q", got)
	}

	h.forgets()
	before := len(got)
	p.stop()
	startAgent(t, config)
	h.hears(told("room")...)
	h.shows(roomID+"_-climate", "temperature_state", "23")
	if got := h.wasAvailable()[before:]; !slices.Equal(got, []string{"offline", "online"}) {
		t.Errorf("one restart of the agent, and Home Assistant heard %q", got)
	}
	h.knows(cabinID, roomID, swingID)
	for _, mistake := range h.mistakes {
		t.Error(mistake)
	}
}

// withoutZone gives a configuration whose second zone is gone.
func withoutZone(t *testing.T, config, zone string) (text string) {
	t.Helper()
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(data), "  - name: "+zone+"\n")
	if !found {
		t.Fatalf("no zone %s in\n%s", zone, data)
	}
	return before
}

// TestRemovedZoneIsGoneFromHomeAssistant: at once where Home Assistant is there,
// and where it was not, once it comes. A zone that comes back is there again.
func TestRemovedZoneIsGoneFromHomeAssistant(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, persist)
	m.start()
	h := newHomeAssistant(t, m.url())
	h.start()
	config := agentConfig(t, m.url(), "")
	both, one := "", withoutZone(t, config, "swing")
	if data, err := os.ReadFile(config); err == nil {
		both = string(data)
	}
	p := startAgent(t, config)
	h.knows(cabinID, roomID, swingID)
	m.publish("swing/control", []byte(`{"desired":19}`), "-r")

	p.stop()
	write(t, config, one)
	p = startAgent(t, config)
	h.knows(cabinID, roomID)
	eventually(t, func() error { return wantEmpty(m.retained("swing/state")) })
	if string(m.retained("swing/control")) != `{"desired":19}` {
		t.Error("somebody's control of the zone is gone")
	}

	p.stop()
	write(t, config, both)
	p = startAgent(t, config)
	h.knows(cabinID, roomID, swingID)
	h.shows(swingID+"_-climate", "temperature_state", "19")

	h.stop()
	p.stop()
	write(t, config, one)
	_, state := stateFolder(t, config)
	p = startAgent(t, config)
	p.says("broker connected")
	eventually(t, func() error { return wantEmpty(m.retained("swing/state")) })
	h.start()
	h.knows(cabinID, roomID)
	eventually(t, func() error {
		data, err := os.ReadFile(filepath.Join(state, "announced"))
		if strings.Contains(string(data), "swing") {
			return wantEmpty(data)
		}
		return err
	})

	p.stop()
	write(t, config, strings.Replace(one, "mqtt:\n", "mqtt:\n  discovery_prefix: \"\"\n", 1))
	startAgent(t, config)
	h.knows()
	for _, mistake := range h.mistakes {
		t.Error(mistake)
	}
}

func wantEmpty(data []byte) error {
	if len(data) > 0 {
		return fmt.Errorf("left: %q", data)
	}
	return nil
}

// TestRestartIsOfferedToAManager: where somebody starts the agent again, and
// nowhere else; not within a minute of the start.
func TestRestartIsOfferedToAManager(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	h := newHomeAssistant(t, m.url())
	h.start()
	socket := filepath.Join(t.TempDir(), "notify")
	waits := listen(t, socket)
	p := startCommand(t, exec.Command("sh", "-c", `NOTIFY_SOCKET="$1" exec "$2" run --config "$3"`,
		"sh", socket, thermostat(t), agentConfig(t, m.url(), "")))
	waits("READY=1")
	h.discovers(cabinID)
	h.command(cabinID+"_-restart", "command_topic", "PRESS")
	p.says("ignored a restart: the last start was less than a minute ago")
	p.stop()

	h.stop()
	h.start()
	startAgent(t, agentConfig(t, m.url(), ""))
	h.discovers(cabinID)
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.entities[cabinID+"_-restart"]; e != nil {
		t.Errorf("offered where nobody starts the agent again: %v", e)
	}
}

// TestRestartEndsInOrder: relays off, no crash noted, and an exit code that
// every manager takes as a reason to start the agent again.
func TestRestartEndsInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, complaints := ReadConfig("test", []byte("device: cabin\nstate_dir: "+dir+"\nzones:\n  - name: room\n"+
		"    sensor: {driver: simulated}\n    heater: {driver: simulated}\n"))
	for _, c := range complaints {
		t.Fatal(c)
	}
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.run(t.Context()) }()
	eventually(t, func() error { _, err := os.Stat(filepath.Join(dir, "zones", "room.past")); return err })
	a.askRestart()
	select {
	case err = <-ended:
	case <-time.After(patience):
		t.Fatal("does not end")
	}
	if code := report(os.Stderr, failed(err)); code != exitFailed || !strings.Contains(err.Error(), "asked for it") {
		t.Errorf("exit %d: %v", code, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "starts")); err == nil {
		t.Error("it counts as a crash")
	}
}

// TestDemoIsDiscovered: the demo's own broker has it, too.
func TestDemoIsDiscovered(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0")
	p.says("--broker mqtt://")
	h := newHomeAssistant(t, regexp.MustCompile(`--broker (mqtt://\S+)`).FindStringSubmatch(p.output())[1])
	h.start()
	h.knows("thermostat_-demo_-AGENT", "thermostat_-demo_-living-room", "thermostat_-demo_-workshop")
	h.shows("thermostat_-demo_-workshop_-heat_call", "", "on")
	h.setTemperature("thermostat_-demo_-living-room_-climate", "heat", "22.5")
	p.says("living-room: holds 22.5 °C, mode heat (home_assistant)")
}

// TestSessionKnowsWhatToAnnounce: the prefix, and which zone measures humidity.
func TestSessionKnowsWhatToAnnounce(t *testing.T) {
	cfg := mustBeClean(t, "device: cabin\nstate_dir: "+t.TempDir()+"\nmqtt: {discovery_prefix: my/home}\nzones:\n"+
		"  - {name: a, sensor: {driver: simulated}, heater: {driver: simulated}}\n"+
		"  - {name: b, sensor: {driver: simulated}, heater: {driver: simulated}}\n")
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.cfg.Zones[1].Devices.Sensor.Driver = "bme280"
	o := a.sessionOptions()
	if o.Discovery != "my/home" || o.Zones[0].Humidity || !o.Zones[1].Humidity {
		t.Errorf("discovery %q, humidity %v and %v", o.Discovery, o.Zones[0].Humidity, o.Zones[1].Humidity)
	}
	a.cfg.Zones[0].Devices.Fallbacks = []drivers.SensorSpec{{Driver: "ds18b20"}, {Driver: "bme280"}}
	if !a.sessionOptions().Zones[0].Humidity {
		t.Error("a fallback sensor that measures humidity is forgotten")
	}
}

func announcedOf(discovery string, zones ...string) (all []mqtt.Announced) {
	for _, z := range zones {
		all = append(all, mqtt.Announced{Discovery: discovery, Zone: z})
	}
	return all
}

// TestAnnouncedIsRemembered: written only when it changes, and only of this name.
func TestAnnouncedIsRemembered(t *testing.T) {
	m := testMemory(t)
	both := announcedOf("homeassistant", "", "a", "b")
	step := func(name, base string, ours []mqtt.Announced, want ...mqtt.Announced) {
		t.Helper()
		gone, err := m.announce(base, ours)
		if err != nil || !slices.Equal(gone, want) {
			t.Errorf("%s: gone %v (%v), want %v", name, gone, err, want)
		}
	}
	step("first start", "t/cabin", both)
	info, _ := os.Stat(m.announcedFile())
	step("the same", "t/cabin", both)
	if again, _ := os.Stat(m.announcedFile()); !again.ModTime().Equal(info.ModTime()) {
		t.Error("written without need: cards wear")
	}
	step("b removed", "t/cabin", both[:2], both[2])
	step("not yet forgotten", "t/cabin", both[:2], both[2])
	step("b is back", "t/cabin", both)
	step("another prefix", "t/cabin", announcedOf("ha", "", "a", "b"), both...)
	step("another name: somebody else may live under the old one", "t/hut", both)
	var many []mqtt.Announced
	for i := range 3 * maxGone {
		many = append(many, announcedOf("homeassistant", strings.Repeat("z", i+1))...)
	}
	if _, err := m.announce("t/hut", many); err != nil {
		t.Error(err)
	}
	if gone, _ := m.announce("t/hut", nil); len(gone) != maxGone || gone[maxGone-1] != many[len(many)-1] {
		t.Errorf("%d are remembered", len(gone))
	}
	write(t, m.announcedFile(), "damaged")
	if gone, err := m.announce("t/hut", both); err == nil || len(gone) > 0 {
		t.Errorf("damaged: %v, %v", gone, err)
	}
	step("and mended", "t/hut", both)
	data, _ := os.ReadFile(m.announcedFile())
	_, body, _ := strings.Cut(string(data), "\n")
	if !json.Valid([]byte(body)) {
		t.Errorf("%s", body)
	}
}
