package blackbox

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// houseConfig is a house that people leave: a program, a manual zone, a fridge, and a
// zone without the preset.
func houseConfig(t *testing.T, brokers string) string {
	config := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, config, fmt.Sprintf(`device: cabin
http: {listen: "127.0.0.1:%s"}
state_dir: %s
mqtt: {brokers: [%s]}
clock: trust
timezone: %s
zones:
  - name: living
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    presets: {comfort: 21, away: 12}
    program: 00:00 comfort, 12:00 comfort
  - name: bath
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    presets: {away: 14}
    default_setpoint: {mode: heat, desired: 22}
  - name: hall
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 19}
  - name: fridge
    plant: fridge
    sensor: {driver: simulated}
    cooler: {driver: simulated}
    presets: {away: 9}
    default_setpoint: {mode: cool, desired: 5}
`, unusedPort(t), t.TempDir(), brokers, clitest.Forenoon()))
	return config
}

// TestEverybodyGoesAwayAndComesBack: by the command through a broker, by the topic and by
// the page, and over a kill; who has no part in it stays as it is, and info tells it.
func TestEverybodyGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := houseConfig(t, fmt.Sprintf("%q", m.url()))
	p := startAgent(t, config)
	m.showsStatus("online")
	if code, out := said(t, "away", "--for", "3d", "--config", config); code != 0 || !strings.Contains(out, "living: applied: mode auto, desired 12.00 °C") ||
		!strings.Contains(out, "bath: applied: mode heat, desired 14.00 °C") || strings.Contains(out, "fridge") || strings.Contains(out, "hall") {
		t.Errorf("away: exit %d, %s", code, out)
	}
	p.Kill()
	p = startAgent(t, config)
	m.shows("living", "away after a kill", func(s report.State) bool {
		return aims("auto", "away", 12)(s) && s.HoldUntil != nil && time.Until(*s.HoldUntil) > 71*time.Hour
	})
	m.showsInfo(`"clock":"trust"`, fmt.Sprintf(`"timezone":%q`, clitest.Forenoon()), `"away":true`, `"away_until":"2`)
	m.shows("fridge", "what lies in it", aims("cool", "default", 5))

	m.publish("set/away", []byte("on"))
	m.shows("bath", "away by hand", func(s report.State) bool { return aims("heat", "away", 14)(s) && s.HoldUntil == nil })
	m.showsInfo(`"away":true`, `"away_until":null`)
	if code, answer := put(t, p.pageURL()+"/api/away", `{"on":false}`); code != 200 || answer["applied"] != true || len(answer["zones"].(map[string]any)) != 2 {
		t.Errorf("%d %v", code, answer)
	}
	m.shows("living", "the program", aims("auto", "program", 21))
	m.shows("bath", "what was before", func(s report.State) bool { return s.Mode == "heat" && *s.Desired == 22 })
	m.showsInfo(`"away":false`)
	if code, out := said(t, "away", "--off", "--config", config); code != 3 || !strings.Contains(out, "no zone is away") {
		t.Errorf("away --off of nobody: exit %d, %s", code, out)
	}
	p.stop()
	if code, _ := said(t, "away", "--config", config, "--timeout", "2s"); code != 4 {
		t.Errorf("without an agent: exit %d", code)
	}
}

// showsInfo waits until the retained info holds some texts.
func (m *mosquitto) showsInfo(texts ...string) {
	m.t.Helper()
	clitest.Eventually(m.t, func() error {
		info := string(m.retained("info"))
		for _, text := range texts {
			if !strings.Contains(info, text) {
				return fmt.Errorf("info has no %s: %s", text, info)
			}
		}
		return nil
	})
}

// TestAHoldOfTheCommandTellsItsEndAndWhatItCovers: through the broker it is what is retained,
// and where there is none the page takes the same.
func TestAHoldOfTheCommandTellsItsEndAndWhatItCovers(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	byBroker, byPage := houseConfig(t, fmt.Sprintf("%q", m.url())), houseConfig(t, "")
	startAgent(t, byBroker)
	m.showsStatus("online")
	page := startAgent(t, byPage)
	for config, state := range map[string]func() (r report.State){
		byBroker: func() (r report.State) { _ = json.Unmarshal(m.retained("living/state"), &r); return r },
		byPage: func() report.State {
			var all []report.State
			_ = json.Unmarshal([]byte(get(t, page.pageURL()+"/api/zones")), &all)
			return all[0]
		},
	} {
		for _, row := range []struct {
			line string
			code int
			ok   func(report.State) bool
		}{
			{"set living 22.5 --for 2h", 0, func(s report.State) bool {
				return aims("auto", "hold", 22.5)(s) && time.Until(*s.HoldUntil) > 119*time.Minute && s.Control.Then.Mode == "auto"
			}},
			{"set living --preset comfort --next", 0, func(s report.State) bool {
				return aims("auto", "hold", 21)(s) && *s.Preset == "comfort" && s.HoldUntil.Equal(s.Next.At)
			}},
			{"set living --permanent", 0, func(s report.State) bool { return aims("heat", "manual", 21)(s) && s.HoldUntil == nil }},
			{"set living --preset cosy", 3, aims("heat", "manual", 21)},
			{"set living --mode auto", 0, aims("auto", "program", 21)},
			{"set bath --next", 1, aims("auto", "program", 21)},
			{"set living 20 --for 2h --next", 2, aims("auto", "program", 21)},
			{"away", 0, aims("heat", "away", 12)},
			{"resume living", 0, aims("auto", "program", 21)},
			{"away --off", 0, aims("auto", "program", 21)},
			{"away --off", 3, aims("auto", "program", 21)},
		} {
			code, out := said(t, append(strings.Fields(row.line), "--config", config)...)
			if code != row.code {
				t.Errorf("%s: exit %d, want %d\n%s", row.line, code, row.code, out)
			}
			clitest.Eventually(t, func() error {
				if s := state(); !row.ok(s) {
					return fmt.Errorf("after %s: %+v", row.line, s)
				}
				return nil
			})
		}
	}
}
