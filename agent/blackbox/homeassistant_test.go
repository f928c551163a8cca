package blackbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// The ids of the test agent's devices.
const (
	cabinID = "thermostat_-cabin_-AGENT"
	roomID  = "thermostat_-cabin_-room"
	swingID = "thermostat_-cabin_-swing"
)

// TestHomeAssistantDiscoversShowsAndCommandsTheAgent: discovered, shown, commanded, and again after a restart of
// Home Assistant, of the broker and of the agent. It never hears "offline" but
// where the agent was really away.
func TestHomeAssistantDiscoversShowsAndCommandsTheAgent(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	h := newHomeAssistant(t, m.url())
	h.start()
	config := agentConfig(t, m.url(), "clock: trust\ntimezone: "+clitest.Forenoon())
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

	h.livesByAProgram(m)

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

// livesByAProgram gives the room a program and takes it away again, with the room as it was.
func (h *homeAssistant) livesByAProgram(m *mosquitto) {
	h.t.Helper()
	m.publish("room/program", []byte(`{"week":"00:00 comfort","presets":{"comfort":21,"away":12}}`), "-r")
	clitest.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.entities[roomID+"_-next_change"] == nil || h.entities[cabinID+"_-away"] == nil {
			return fmt.Errorf("neither next change nor away: %q", h.log)
		}
		return nil
	})
	shows := func(mode, preset, desired, target string) {
		h.t.Helper()
		h.shows(roomID+"_-climate", "mode_state", mode)
		h.shows(roomID+"_-climate", "temperature_state", desired)
		h.shows(roomID+"_-target", "", target)
		h.mu.Lock()
		defer h.mu.Unlock()
		if got := h.render(roomID+"_-climate", "preset_mode_state_topic", "preset_mode_value_template"); got != preset {
			h.t.Errorf("%s shows preset %q, want %q", roomID, got, preset)
		}
	}
	h.setTemperature(roomID+"_-climate", "auto", "22")
	shows("auto", "none", "22", "hold")
	h.command(roomID+"_-climate", "preset_mode_command_topic", "none")
	shows("auto", "comfort", "21", "program")
	h.command(roomID+"_-boost", "command_topic", "")
	shows("auto", "none", "23", "boost")
	h.command(roomID+"_-resume", "command_topic", "")
	shows("auto", "comfort", "21", "program")
	h.shows(cabinID+"_-away", "", "False")
	h.command(cabinID+"_-away", "command_topic", "ON")
	shows("heat", "away", "12", "away")
	h.shows(cabinID+"_-away", "", "True")
	h.command(cabinID+"_-away", "command_topic", "OFF")
	shows("auto", "comfort", "21", "program")
	m.publish("room/program", []byte(`{"week":""}`), "-r")
	h.shows(roomID+"_-target", "", "default")
	h.setTemperature(roomID+"_-climate", "heat", "23")
	shows("heat", "", "23", "manual")
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
	clitest.WriteFile(t, config, one)
	p = startAgent(t, config)
	h.knows(cabinID, roomID)
	clitest.Eventually(t, func() error { return wantEmpty(m.retained("swing/state")) })
	if string(m.retained("swing/control")) != `{"desired":19}` {
		t.Error("somebody's control of the zone is gone")
	}

	p.stop()
	clitest.WriteFile(t, config, both)
	p = startAgent(t, config)
	h.knows(cabinID, roomID, swingID)
	h.shows(swingID+"_-climate", "temperature_state", "19")

	h.stop()
	p.stop()
	clitest.WriteFile(t, config, one)
	_, state := stateFolder(t, config)
	p = startAgent(t, config)
	p.Says("broker connected")
	clitest.Eventually(t, func() error { return wantEmpty(m.retained("swing/state")) })
	h.start()
	h.knows(cabinID, roomID)
	clitest.Eventually(t, func() error {
		data, err := os.ReadFile(filepath.Join(state, "announced"))
		if strings.Contains(string(data), "swing") {
			return wantEmpty(data)
		}
		return err
	})

	p.stop()
	clitest.WriteFile(t, config, strings.Replace(one, "mqtt:\n", "mqtt:\n  discovery_prefix: \"\"\n", 1))
	startAgent(t, config)
	h.knows()
	for _, mistake := range h.mistakes {
		t.Error(mistake)
	}
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
	p.Says("ignored a restart: the last start was less than a minute ago")
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

// told is the order in which Home Assistant must hear of a zone.
func told(zone string) []string {
	return []string{"config " + cabinID, "config thermostat_-cabin_-" + zone, "thermostat/cabin/status", "thermostat/cabin/" + zone + "/state"}
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

func wantEmpty(data []byte) error {
	if len(data) > 0 {
		return fmt.Errorf("left: %q", data)
	}
	return nil
}
