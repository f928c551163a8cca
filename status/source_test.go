package status

import (
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/controlloop/source"
)

// TestASourceThatTicksNoMoreIsNotWell: /healthz names it, and /api/sources tells what it last did.
func TestASourceThatTicksNoMoreIsNotWell(t *testing.T) {
	s := open(t, func(o *Options) { o.Sources, o.Zones = []Source{{"boiler", true}}, nil })
	if code, text := s.ask("GET", "/healthz", ""); code != 503 || !strings.Contains(text, "boiler") {
		t.Errorf("before its first step: %d %s", code, text)
	}
	s.SawSource(report.SourceSnapshot{Name: "boiler", Time: time.Now(), Relay: controlloop.RelayOn, Reason: "demand", Calling: []string{"bath"}})
	if code, text := s.ask("GET", "/healthz", ""); code != 200 {
		t.Errorf("it steps: %d %s", code, text)
	}
	s.SawSource(report.SourceSnapshot{Name: "boiler", Time: time.Now().Add(-time.Minute), Relay: controlloop.RelayOn, Reason: "demand", Calling: []string{"bath"}})
	if code, text := s.ask("GET", "/healthz", ""); code != 503 || !strings.Contains(text, "boiler") {
		t.Errorf("a minute after its last step: %d %s", code, text)
	}
	if code, text := s.ask("GET", "/api/sources", ""); code != 200 || !strings.Contains(text, `"calling":["bath"],"reason":"demand"`) {
		t.Errorf("%d %s", code, text)
	}
}

// TestTheStreamTellsWhatASourceDoes: which sources there are and who calls them, how each stands at the
// beginning, and each change; what only counts down is told every few seconds.
func TestTheStreamTellsWhatASourceDoes(t *testing.T) {
	s := open(t, func(o *Options) {
		o.Sources = []Source{{"boiler", true}, {"stove", false}}
		o.Zones[0].Calls = "boiler"
	})
	began := time.Now()
	snap := report.SourceSnapshot{Name: "boiler", Time: began, Relay: controlloop.RelayOff, Reason: "valve_opening", Wait: 90 * time.Second}
	s.SawSource(snap)
	conn, stream := s.dial("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	conn.SetReadDeadline(began.Add(30 * time.Second)) // it measures nothing: else the line never comes
	lineWith(t, stream, `"calls":"boiler"}],"sources":[{"name":"boiler","pump":true},{"name":"stove","pump":false}]}`)
	lineWith(t, stream, "event: source")
	lineWith(t, stream, `"name":"boiler","relay":"off","pump":null,"calling":[],"reason":"valve_opening","wait_s":90,`)

	seen := s.board.since(0).newest
	snap.Time, snap.Wait = began.Add(time.Second), 89*time.Second
	s.SawSource(snap)
	if news := s.board.since(seen).sources; len(news) != 0 {
		t.Errorf("a second later it tells %+v", news)
	}
	snap.Time, snap.Wait = began.Add(source.Step), 85*time.Second
	s.SawSource(snap)
	if news := s.board.since(seen).sources; len(news) != 1 || news[0].Wait != snap.Wait {
		t.Errorf("%v later it tells %+v", source.Step, news)
	}
	snap.Relay, snap.Reason, snap.Wait, snap.Calling = controlloop.RelayOn, "demand", 0, []string{"hall"}
	s.SawSource(snap)
	lineWith(t, stream, `"relay":"on","pump":null,"calling":["hall"],"reason":"demand","wait_s":null,`)
}
