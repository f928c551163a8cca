package watch

import (
	"strings"
	"testing"
	"time"
)

// TestWatchSaysWhyUntilWhenAndWhatIsNext: in few words, for the program and for each kind of
// hold with what it covers.
func TestWatchSaysWhyUntilWhenAndWhatIsNext(t *testing.T) {
	const next = `"next":{"at":"2026-01-05T22:30:00Z","desired":17,"preset":"sleep"}`
	for state, want := range map[string]string{
		`"mode":"auto","desired":21,"target":"program",` + next:                                                                                    "auto 21.0 until 22:30, then 17.0",
		`"mode":"auto","desired":20.25,"target":"program","next":{"at":"2026-01-06T06:00:00Z","desired":null}`:                                     "auto 20.25 until 06:00, then off",
		`"mode":"auto","desired":null,"target":"program","next":{"at":"2026-01-07T06:00:00Z","desired":20.5}`:                                      "auto off until Wed 06:00, then 20.5",
		`"mode":"auto","desired":16,"target":"program","next":{"at":"2026-01-12T06:00:00Z","desired":-18}`:                                         "auto 16.0 until 12 Jan 2026 06:00, then -18.0",
		`"mode":"auto","desired":20,"target":"default","next":null`:                                                                                "auto 20.0",
		`"mode":"auto","desired":null,"target":"default",` + next:                                                                                  "auto – until 22:30, then 17.0",
		`"mode":"auto","desired":22,"target":"hold","hold_until":"2026-01-05T22:30:00Z","control":{"mode":"auto"},` + next:                         "hold 22.0 until 22:30, then 17.0",
		`"mode":"auto","desired":23,"target":"boost","hold_until":"2026-01-05T18:05:00Z","control":{"mode":"auto"},` + next:                        "boost 23.0 until 18:05, then auto",
		`"mode":"auto","desired":23,"target":"boost","hold_until":"2026-01-05T18:05:00Z","control":{"then":{"mode":"auto"}}`:                       "boost 23.0 until 18:05, then auto",
		`"mode":"auto","desired":23,"target":"boost","hold_until":"2026-01-05T18:05:00Z","control":{"then":{"mode":"auto","desired":21}},` + next:  "boost 23.0 until 18:05, then hold 21.0",
		`"mode":"auto","desired":12,"target":"away","hold_until":"2026-01-08T12:00:00Z","control":{"then":{"mode":"auto","preset":"eco"}},` + next: "away 12.0 until Thu 12:00, then hold eco",
		`"mode":"heat","desired":23,"target":"hold","hold_until":"2026-01-05T18:05:00Z","control":{"then":{"mode":"heat","desired":20}}`:           "hold 23.0 until 18:05, then heat 20.0",
		`"mode":"heat","desired":23,"target":"hold","hold_until":"2026-01-05T18:05:00Z","control":{"then":{"mode":"off","desired":20}}`:            "hold 23.0 until 18:05, then off",
		`"mode":"heat","desired":23,"target":"hold","hold_until":"2026-01-05T18:05:00Z","control":{"then":{"mode":"heat"}}`:                        "hold 23.0 until 18:05, then heat",
		`"mode":"heat","desired":23,"target":"hold","hold_until":"2026-01-05T18:05:00Z","control":{"mode":"heat"}`:                                 "hold 23.0 until 18:05, then as configured",
		`"mode":"heat","desired":23,"target":"hold","hold_until":"2026-01-05T18:05:00Z",` + next:                                                   "hold 23.0 until 18:05, then auto",
		`"mode":"off","desired":23,"target":"hold","hold_until":"2026-01-05T18:05:00Z",` + next:                                                    "hold off until 18:05, then auto",
		`"mode":"heat","desired":21,"target":"manual",` + next:                                                                                     "program waits: set by hand to 21.00 °C",
		`"mode":"heat","desired":21,"target":"away",` + next:                                                                                       "program waits: set by hand to 21.00 °C",
		`"mode":"heat","desired":21,"target":"default",` + next:                                                                                    "heat 21.0",
		`"mode":"off","desired":21,"target":"manual",` + next:                                                                                      "off",
		`"mode":"heat","desired":21,"target":"manual"`:                                                                                             "heat 21.0",
		`"mode":"heat","desired":21`: "heat 21.0",
	} {
		table := newWatchTable("C")
		table.place = time.UTC
		table.saw(sight("d", "z", `{"time":"2026-01-05T12:00:00Z",`+state+`}`))
		if got := table.cells("d/z")[4].text; got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
}

// TestTheAimTakesThePlaceOfModeAndTemperature: in a table with one zone that has more to
// tell, and in the line of such a zone alone.
func TestTheAimTakesThePlaceOfModeAndTemperature(t *testing.T) {
	table := newWatchTable("F")
	table.place = time.UTC
	table.saw(sight("cabin", "hall", `{"time":"2026-01-05T12:00:00Z","temperature":20.31,"desired":21,"mode":"auto","target":"program","action":"heating","reason":"too_cold",
		"next":{"at":"2026-01-05T22:30:00Z","desired":17},"faults":[]}`))
	table.saw(sight("cabin", "fridge", `{"temperature":4,"desired":4,"mode":"cool","target":"manual","action":"idle","reason":"in_band","faults":[]}`))
	const want = `ZONE          NOW      AIM                               ACTION   WHY       FAULTS
cabin/fridge  39.2 °F  cool 39.2                         idle     in_band   
cabin/hall    68.6 °F  auto 69.8 until 22:30, then 62.6  heating  too_cold  

12:00:00  Ctrl-C ends`
	if got := strings.Join(table.picture(100, 20, noon), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	const narrow = `ZONE          NOW      AIM                               ACTION   FAULTS
cabin/fridge  39.2 °F  cool 39.2                         idle     
cabin/hall    68.6 °F  auto 69.8 until 22:30, then 62.6  heating  

12:00:00  Ctrl-C ends`
	if got := strings.Join(table.picture(76, 20, noon), "\n"); got != narrow {
		t.Errorf("got\n%s\nwant\n%s", got, narrow)
	}
	if got := table.line("cabin/hall"); got != "cabin/hall  68.6 °F  auto 69.8 until 22:30, then 62.6  heating  too_cold" {
		t.Errorf("%q", got)
	}
	if got := table.line("cabin/fridge"); got != "cabin/fridge  39.2 °F  39.2 °F  cool  idle  in_band" {
		t.Errorf("%q", got)
	}
}
