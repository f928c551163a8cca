package blackbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// aims is a state that aims at a temperature for a reason.
func aims(mode, target string, desired float64) func(report.State) bool {
	return func(s report.State) bool {
		return s.Mode == mode && s.Target != nil && *s.Target == target && s.Desired != nil && *s.Desired == desired
	}
}

// TestAProgramIsFollowedHeldBoostedAndResumed: by the topics, the commands and the page,
// and a hold goes on over a kill, with what follows it, whatever became of the broker.
func TestAProgramIsFollowedHeldBoostedAndResumed(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := programConfig(t, strconv.Quote(m.url()), configuredWeek)
	p := startAgent(t, config)
	m.shows("living", "the program", aims("auto", "program", 21))

	answers := m.hears("thermostat/cabin/living/ack")
	m.publishOn("thermostat/cabin/living/set/desired", []byte("22.5"))
	m.shows("living", "a hold", aims("auto", "hold", 22.5))
	answers.Says(`"desired":22.5`) // or the boost would take it for its own
	if code, out := said(t, "boost", "living", "--for", "45m", "--config", config); code != 0 || !strings.Contains(out, "24") {
		t.Errorf("boost: exit %d, %s", code, out)
	}
	m.shows("living", "a boost", aims("auto", "boost", 24))
	p.Kill()
	p = startAgent(t, config)
	m.shows("living", "the boost after a kill", func(s report.State) bool {
		return aims("auto", "boost", 24)(s) && s.HoldUntil != nil && time.Until(*s.HoldUntil) > 40*time.Minute && s.Control.Then != nil
	})
	if code, out := said(t, "resume", "living", "--config", config); code != 0 {
		t.Errorf("resume: exit %d, %s", code, out)
	}
	m.shows("living", "the hold that the boost covered", aims("auto", "hold", 22.5))
	if code, out := said(t, "resume", "living", "--config", config); code != 0 {
		t.Errorf("resume: exit %d, %s", code, out)
	}
	m.shows("living", "the program again", aims("auto", "program", 21))
	if code, out := said(t, "resume", "living", "--config", config); code != 3 || !strings.Contains(out, "nothing is held") {
		t.Errorf("resume of nothing: exit %d, %s", code, out)
	}

	if code, answer := put(t, p.pageURL()+"/api/zones/living/control", `{"mode":"heat","desired":23,"hold_s":2,"then":{"program":true}}`); code != 200 {
		t.Errorf("%d %v", code, answer)
	}
	m.shows("living", "the end of a hold of 2 s", aims("auto", "program", 21))
	if code, out := said(t, "set", "living", "19", "--mode", "heat", "--config", config); code != 0 {
		t.Errorf("set: exit %d, %s", code, out)
	}
	m.shows("living", "a manual setpoint", aims("heat", "manual", 19))
	if code, out := said(t, "set", "living", "--mode", "auto", "--config", config); code != 0 {
		t.Errorf("set --mode auto: exit %d, %s", code, out)
	}
	m.shows("living", "the program, as the person said", aims("auto", "program", 21))
	p.stop()
}

// hears gives what is said on a topic from now on, line by line.
func (m *mosquitto) hears(topic string) *process {
	m.t.Helper()
	m.publishOn("test/listens", []byte("it listens"), "-r")
	p := start(m.t, "mosquitto_sub", "-h", "127.0.0.1", "-p", m.port, "-q", "1", "-t", topic, "-t", "test/listens")
	p.Says("it listens") // else the first would be missed
	return p
}

// TestTheTargetIsSaidWhenAHoldEndsByItself: at each change, with the time of the step that
// made it, also at one that no word makes.
func TestTheTargetIsSaidWhenAHoldEndsByItself(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := programConfig(t, strconv.Quote(m.url()), "    sensor_id: 7\n"+configuredWeek)
	heard := m.hears("thermostat/cabin/living/target")
	p := startAgent(t, config)
	heard.Says(`"target":"program"`)
	m.publishOn("thermostat/cabin/living/control", []byte(`{"program":true,"preset":"boost","hold_s":2}`))
	heard.Says(`"target":"boost"`)
	clitest.Eventually(t, func() error {
		if n := heard.Count(`"target":"program"`); n != 2 {
			return fmt.Errorf("the program's target was said %d times, want 2:\n%s", n, heard.Output())
		}
		return nil
	})
	p.stop()
	var said []report.Target
	for line := range strings.Lines(heard.Output()) {
		var target report.Target
		if json.Unmarshal([]byte(line), &target) == nil {
			said = append(said, target)
		}
	}
	if len(said) != 3 {
		t.Fatalf("%d targets, want 3:\n%s", len(said), heard.Output())
	}
	for i, desired := range []float64{21, 24, 21} {
		if s := said[i]; s.SensorID != 7 || *s.Mode != "heat" || *s.Desired != desired || *s.UpDelta <= 0 || *s.DownDelta <= 0 || s.Bar || s.Next == nil {
			t.Errorf("target %d: %+v", i, s)
		}
	}
	if held := said[2].Time.Sub(said[1].Time); held < 2*time.Second {
		t.Errorf("the hold of 2 s ended %v after it began", held)
	}
}
