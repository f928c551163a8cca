package mqtt

import (
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/wire"
)

// TestASourceIsPublishedWhenItChangesAndNowAndThen: retained, below a topic that no reader of states takes for a room.
func TestASourceIsPublishedWhenItChangesAndNowAndThen(t *testing.T) {
	var s Sources
	now := time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)
	snap := report.SourceSnapshot{Name: "boiler", Time: now, Relay: controlloop.RelayOff, Pump: controlloop.RelayUnknown, Reason: "valve_opening", Wait: 90500 * time.Millisecond}
	say := func() string {
		var texts []string
		for _, m := range s.due(now, wire.NewTopics("thermostat", "cabin"), time.Minute) {
			if m.topic != "thermostat/cabin/boiler/source" || !m.retained || m.qos != 1 {
				t.Errorf("%+v", m)
			}
			texts = append(texts, string(m.payload))
		}
		return strings.Join(texts, "\n")
	}
	s.Observe(snap)
	const first = `{"time":"2026-01-05T06:00:00Z","name":"boiler","relay":"off","pump":null,"calling":[],"reason":"valve_opening","wait_s":91,"faults":[],"cycles":0,"runtime_h":0}`
	if got := say(); got != first {
		t.Errorf("first: %s", got)
	}
	snap.Wait -= time.Second // a number that counts down is no change
	s.Observe(snap)
	if got := say(); got != "" {
		t.Errorf("nothing has changed: %s", got)
	}
	snap.Relay, snap.Reason, snap.Calling, snap.Wait = controlloop.RelayOn, "demand", []string{"bath"}, 0
	s.Observe(snap)
	if got := say(); !strings.Contains(got, `"relay":"on"`) || !strings.Contains(got, `"calling":["bath"],"reason":"demand","wait_s":null`) {
		t.Errorf("changed: %s", got)
	}
	now = now.Add(time.Minute)
	if say() == "" {
		t.Error("nothing is said after a minute")
	}
	s.reset()
	if say() == "" {
		t.Error("a new connection is told nothing")
	}
}
