package reach

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"thermostat/agent/config"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
)

// programPage is a page whose agent follows a program and refuses 99; said is what it was told.
func programPage(t *testing.T, program string) (p *Page, said *string) {
	t.Helper()
	said = new(string)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/zones", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"zone":"room","sensor_id":7,"desired":20,"mode":"auto","reason":"in_band","target":"program"}]`)
	})
	if program != "" {
		mux.HandleFunc("GET /api/zones/room/program", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, program) })
	}
	mux.HandleFunc("PUT /api/zones/room/program", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*said = string(body)
		if strings.Contains(*said, "99") {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"applied":false,"mode":"auto","reason":"99 is outside","topic":"program"}`)
			return
		}
		fmt.Fprint(w, `{"applied":true,"mode":"auto","desired":21,"topic":"program"}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return &Page{Listen: s.Listener.Addr().String()}, said
}

const followed = `{"week":"06:00 comfort","presets":{"comfort":21,"eco":18},"away":[{"from":"2026-12-24 18:00","to":"2027-01-02 12:00","preset":"eco"}],"mode":"heat","configured":"07:00 20","configured_presets":{"comfort":21,"eco":17}}`

// TestThePageChangesTheWeekAndKeepsTheRest: to a text, to none and to the configured one; what is
// as it is configured stays so, and a refusal is the agent's or the topic's.
func TestThePageChangesTheWeekAndKeepsTheRest(t *testing.T) {
	const away = `"away":[{"from":"2026-12-24 18:00","to":"2027-01-02 12:00","preset":"eco"}]}`
	for _, row := range []struct {
		name, program, text, said, reason string
	}{
		{"a text", followed, "06:00 20", `{"week":"06:00 20","presets":{"eco":18},` + away, ""},
		{"none", followed, "none", `{"week":"","presets":{"eco":18},` + away, ""},
		{"default", followed, "default", `{"week":"07:00 20","presets":{"eco":18},` + away, ""},
		{"a refused one", followed, "06:00 99", `{"week":"06:00 99","presets":{"eco":18},` + away, "99 is outside"},
		{"default of none", `{"week":"06:00 20","presets":{},"away":[],"configured":""}`, "default", "", "the zone has no configured program"},
		{"a bare one", `{"week":"06:00 20","presets":{},"away":[],"configured":""}`, "07:00 20", `{"week":"07:00 20","presets":{},"away":[]}`, ""},
	} {
		p, said := programPage(t, row.program)
		a, err := p.Hand(t.Context(), "", "room", "program", row.text)
		if err != nil || a.Applied != (row.reason == "") || !strings.Contains(a.Reason, row.reason) || *said != row.said {
			t.Errorf("%s: %+v, %v, said %s, want %s", row.name, a, err, *said, row.said)
		}
	}
}

// TestAPageTellsTheProgramAndHowTheZoneStands, on which clocks it runs if that is known, and that
// an older agent has none.
func TestAPageTellsTheProgramAndHowTheZoneStands(t *testing.T) {
	p, _ := programPage(t, followed)
	s, err := p.Schedule(t.Context(), "", "room")
	if err != nil || s.Program.Week != "06:00 comfort" || s.Program.Presets["eco"] != 18 || len(s.Program.Away) != 1 || s.State.SensorID != 7 || s.Timezone != "" {
		t.Errorf("%+v, %v", s, err)
	}
	p.config = &config.Config{Timezone: "Europe/Berlin"}
	if s, err := p.Schedule(t.Context(), "", "room"); err != nil || s.Timezone != "Europe/Berlin" {
		t.Errorf("%+v, %v", s, err)
	}
	for program, want := range map[string]error{"": client.ErrNoPrograms, "<html>": broker.ErrNoAnswer, `{"away":[{"from":"soon"}]}`: broker.ErrNoAnswer} {
		p, _ := programPage(t, program)
		if s, err := p.Schedule(t.Context(), "", "room"); !errors.Is(err, want) {
			t.Errorf("%q: %+v, %v", program, s, err)
		}
		if a, err := p.Hand(t.Context(), "", "room", "program", "none"); !errors.Is(err, want) {
			t.Errorf("%q: %+v, %v", program, a, err)
		}
	}
	if _, err := p.Schedule(t.Context(), "", "attic"); !errors.Is(err, broker.ErrNoAnswer) {
		t.Errorf("a zone that is not there: %v", err)
	}
}
