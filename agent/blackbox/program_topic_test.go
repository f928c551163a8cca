package blackbox

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// programConfig is a zone with a configured program; more are lines of its zone.
func programConfig(t *testing.T, brokers, more string) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, config, fmt.Sprintf(`device: cabin
http: {listen: "127.0.0.1:%s"}
state_dir: %s
mqtt: {brokers: [%s]}
clock: trust
timezone: %s
presets: {comfort: 21, eco: 18, boost: 24}
zones:
  - name: living
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
%s
`, unusedPort(t), t.TempDir(), brokers, clitest.Forenoon(), more))
	return config
}

const configuredWeek = "    program: 00:00 comfort"

// programSaid is what a program on its topic says.
type programSaid struct {
	Week       *string
	Presets    map[string]float64
	Away       []struct{ From, To, Preset string }
	ID, Source string
}

// retainsProgram waits until the broker retains a program that fulfils a condition.
func (m *mosquitto) retainsProgram(what string, ok func(programSaid) bool) {
	m.t.Helper()
	clitest.Eventually(m.t, func() error {
		var said programSaid
		text := m.retained("living/program")
		if err := json.Unmarshal(text, &said); err != nil || !ok(said) {
			return fmt.Errorf("the broker retains %q, want %s", text, what)
		}
		return nil
	})
}

// TestAProgramOnItsTopicIsFollowedAndOutlivesTheBroker: what is retained there counts instead of the
// configured one, also after a restart without any broker, and run and check say that it does.
func TestAProgramOnItsTopicIsFollowedAndOutlivesTheBroker(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := programConfig(t, strconv.Quote(m.url()), configuredWeek)
	m.publish("living/program", []byte(`{"week":"00:00 warm","presets":{"warm":22.5},"source":"script"}`), "-r")
	p := startAgent(t, config)
	m.shows("living", "the program that is retained", aims("auto", "program", 22.5))
	m.showsInfo(`"week":"00:00 warm"`, `"configured":"00:00 comfort"`)
	p.Kill()
	m.p.Kill()
	p = startAgent(t, config)
	p.Says("the configured program is outranked by what script gave")
	clitest.Eventually(t, func() error {
		var all []report.State
		text := get(t, p.pageURL()+"/api/zones")
		if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != 1 || !aims("auto", "program", 22.5)(all[0]) {
			return fmt.Errorf("the page says %s", text)
		}
		return nil
	})
	p.stop()
	if code, out := said(t, "check", config); code != 0 || !strings.Contains(out, `zone living: the configured program is outranked by what script gave: 00:00 warm; thermostat program living --default follows the configured one`) {
		t.Errorf("check: exit %d, %s", code, out)
	}
}

// TestARefusedProgramIsAnsweredAndDeletedWhereTheConfiguredOneIsFollowed.
func TestARefusedProgramIsAnsweredAndDeletedWhereTheConfiguredOneIsFollowed(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	m.publish("living/program", []byte(`{"week":"00:00 warm"}`), "-r")
	answers := m.hears("thermostat/cabin/living/ack")
	startAgent(t, programConfig(t, strconv.Quote(m.url()), configuredWeek))
	answers.Says(`"reason":"preset \"warm\" is unknown: this zone has boost, comfort, eco","topic":"program"`)
	clitest.Eventually(t, func() error {
		if text := m.retained("living/program"); len(text) > 0 {
			return fmt.Errorf("the broker retains %s, want nothing", text)
		}
		return nil
	})
	m.shows("living", "the configured program", aims("auto", "program", 21))
}

// TestARefusedProgramIsAnsweredAndReplacedByWhatIsFollowed.
func TestARefusedProgramIsAnsweredAndReplacedByWhatIsFollowed(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	answers := m.hears("thermostat/cabin/living/ack")
	startAgent(t, programConfig(t, strconv.Quote(m.url()), configuredWeek))
	m.showsStatus("online")
	m.publish("living/program", []byte(`{"week":"00:00 19","id":"mine"}`), "-r")
	answers.Says(`"id":"mine"`)
	m.shows("living", "the program", aims("auto", "program", 19))
	m.publish("living/program", []byte(`{"week":"00:00 23","weak":true}`), "-r")
	answers.Says(`"reason":"key \"weak\" is unknown","topic":"program"`)
	m.retainsProgram("what is followed", func(p programSaid) bool {
		return p.Week != nil && *p.Week == "00:00 19" && strings.Contains(p.ID, "/")
	})
	m.shows("living", "the same", aims("auto", "program", 19))
}

// TestTheCommandGivesAProgramThroughTheBroker: what it says becomes a complete message of the
// agent's own, retained, that keeps presets and times away; it shows what is followed, goes back
// to the configured week and to none, and says when the program waits.
func TestTheCommandGivesAProgramThroughTheBroker(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := programConfig(t, strconv.Quote(m.url()), configuredWeek)
	startAgent(t, config)
	m.showsStatus("online")
	m.publish("living/program", []byte(`{"presets":{"warm":22.5},"away":[{"from":"2001-01-01 00:00","to":"2001-01-02 00:00","preset":"eco"}]}`), "-r")
	m.showsInfo(`"warm":22.5`)

	if code, out := said(t, "program", "living", "00:00 72.5F", "--config", config); code != 0 || !strings.Contains(out, "applied: mode auto, desired 22.50 °C") {
		t.Errorf("program TEXT: exit %d, %s", code, out)
	}
	m.retainsProgram("a complete own one", func(p programSaid) bool {
		return p.Week != nil && *p.Week == "00:00 22.5" && p.Presets["warm"] == 22.5 && len(p.Away) == 1 && strings.Contains(p.ID, "/") && p.Source != ""
	})
	m.shows("living", "the week", aims("auto", "program", 22.5))
	m.showsInfo(`"week":"00:00 22.5"`)
	code, out := said(t, "program", "living", "--config", config)
	for _, line := range []string{"every day   00:00 22.50 °C\n", "configured  00:00 comfort; --default follows it\n", "away        2001-01-01 00:00 to 2001-01-02 00:00: eco 18.00 °C\n", "now         22.50 °C (program) until ", "next        "} {
		if code != 0 || !strings.Contains(out, line) {
			t.Errorf("program: exit %d, %q is missing in\n%s", code, line, out)
		}
	}
	if code, out := said(t, "program", "living", "00:00 nice", "--config", config); code != 3 || !strings.Contains(out, `preset "nice" is unknown`) {
		t.Errorf("an unknown preset: exit %d, %s", code, out)
	}
	if code, out := said(t, "program", "living", "--default", "--config", config); code != 0 {
		t.Errorf("--default: exit %d, %s", code, out)
	}
	m.shows("living", "the configured week", aims("auto", "program", 21))
	m.retainsProgram("the configured week", func(p programSaid) bool { return p.Week != nil && *p.Week == "00:00 comfort" })
	if code, out := said(t, "program", "living", "--none", "--config", config); code != 0 {
		t.Errorf("--none: exit %d, %s", code, out)
	}
	m.retainsProgram("no week", func(p programSaid) bool { return p.Week != nil && *p.Week == "" })

	m.publish("living/control", []byte(`{"mode":"heat","desired":20}`), "-r")
	m.shows("living", "a hand", aims("heat", "manual", 20))
	if code, out := said(t, "program", "living", "00:00 eco", "--config", config); code != 0 || !strings.Contains(out, "program waits: set by hand to 20.00 °C; thermostat resume living follows it") {
		t.Errorf("a program that waits: exit %d, %s", code, out)
	}
}

// TestTheCommandGivesAProgramThroughThePage: where there is no broker, with the same words and exit codes.
func TestTheCommandGivesAProgramThroughThePage(t *testing.T) {
	t.Parallel()
	config := programConfig(t, "", "    default_setpoint: {mode: auto, desired: 17}")
	p := startAgent(t, config)
	p.pageURL()
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 0, "program  none\n"},
		{[]string{"00:00 eco; sun 00:00 eco"}, 2, "sun is named twice"},
		{[]string{"00:00 eco"}, 0, "applied: mode auto, desired 18.00 °C"},
		{nil, 0, "every day  00:00 eco 18.00 °C\nnow        eco 18.00 °C (program) until "},
		{[]string{"00:00 60"}, 3, "desired"},
		{[]string{"--default"}, 3, "the zone has no configured program"},
		{[]string{"--none"}, 0, "applied: mode auto, desired 17.00 °C"},
	} {
		args := append([]string{"program", "living", "--config", config}, row.args...)
		if code, out := said(t, args...); code != row.code || !strings.Contains(out, row.says) {
			t.Errorf("%q: exit %d, %s", row.args, code, out)
		}
	}
	p.stop()
	if code, _ := said(t, "program", "living", "--config", config, "--timeout", "2s"); code != 4 {
		t.Errorf("without an agent: exit %d", code)
	}
}
