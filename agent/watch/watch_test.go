package watch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/mqtt/client"
)

func sight(device, zone, state string) client.Event {
	return client.Event{Device: device, Zone: zone, State: []byte(state)}
}

func sourceSight(device, source, state string) client.Event {
	return client.Event{Device: device, Source: source, State: []byte(state)}
}

func presence(device string, p client.Presence) client.Event {
	online := p == client.Online
	return client.Event{Device: device, Online: &online, Presence: p}
}

// watchedHouse is a table with zones as they are, and one of somebody who means harm.
func watchedHouse() *watchTable {
	t := newWatchTable("C")
	t.saw(sight("cabin", "living-room", `{"temperature":20.31,"desired":21,"mode":"heat","action":"heating","reason":"min_off","wait_s":84,
		"faults":[{"name":"sensor","since":"2026-01-05T06:29:00Z","text":"x"},{"name":"memory","since":"2026-01-05T06:29:00Z","text":"y"}]}`))
	t.saw(sight("cabin", "fridge", `{"temperature":null,"desired":-18,"mode":"cool","action":"cooling","reason":"too_warm","faults":[]}`))
	t.saw(sight("evil\x1b[2J", "\u009b2J界", `{"temperature":1e300,"desired":-1e300,"mode":"\u001b]0;owned\u0007","action":"heat\ning","reason":"\u202e\u0000`+
		strings.Repeat("界", 500)+`","wait_s":1e300,
		"target":"\u001b[2J","hold_until":"9999-12-31T23:59:59Z","next":{"at":"0001-01-01T00:00:00Z","desired":1e300},"control":{"mode":"\u202e","then":{"mode":"\u0007","preset":"\n"}},"faults":[{"name":"\u001b[31m\u007f","since":"2026-01-05T06:29:00Z","text":"y"}]}`))
	t.saw(sight("gone", "hut", `{"temperature":3,"desired":5,"mode":"heat","action":"idle","reason":"in_band","faults":[]}`))
	t.saw(presence("cabin", client.Online))
	t.saw(presence("gone", client.Offline))
	t.saw(sight("cabin", "odd", `not JSON`))
	return t
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func TestWatchDrawsALineForEachZone(t *testing.T) {
	table := watchedHouse()
	delete(table.zones, "evil\x1b[2J/\u009b2J界")
	got := strings.Join(table.picture(100, 20, noon), "\n")
	const want = `ZONE               NOW       DESIRED    MODE  ACTION   WHY             FAULTS
cabin/fridge       –         -18.00 °C  cool  cooling  too_warm        
cabin/living-room  20.31 °C  21.00 °C   heat  heating  min_off (84 s)  sensor memory
gone/hut           3.00 °C   5.00 °C    heat  idle     in_band         offline

12:00:00  Ctrl-C ends`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	const narrow = `ZONE               NOW       ACTION   FAULTS
cabin/fridge       –         cooling  
cabin/living-room  20.31 °C  heating  sensor memory
gone/hut           3.00 °C   idle     offline

12:00:00  Ctrl-C ends`
	if got := strings.Join(table.picture(52, 20, noon), "\n"); got != narrow {
		t.Errorf("got\n%s\nwant\n%s", got, narrow)
	}
	table.units = "F"
	if got := table.line("gone/hut"); got != "gone/hut  37.4 °F  41.0 °F  heat  idle  in_band  offline" {
		t.Errorf("%q", got)
	}
}

// TestWatchNeverWraps: whatever the broker says and however small the terminal
// is, a picture is as large as that at most and holds nothing that it would obey.
func TestWatchNeverWraps(t *testing.T) {
	table := watchedHouse()
	table.saw(sourceSight("evil", "\u009b2J界", `{"relay":"o\u001b[2Jn","pump":"\u202e`+strings.Repeat("界", 500)+`","reason":"\u0007\n","wait_s":1e300,"calling":["\u001b]0;owned\u0007","`+
		strings.Repeat("界", 500)+`"],"faults":[{"name":"\u001b[31m","since":"2026-01-05T06:29:00Z","text":"y"}]}`))
	for range 2 {
		for width := range 200 {
			for _, height := range []int{0, 1, 2, 3, 4, 6, 7, 24} {
				lines := table.picture(width, height, noon)
				if len(lines) > max(height, 1) {
					t.Errorf("%d lines in %d", len(lines), height)
				}
				for _, line := range lines {
					clitest.CheckLine(t, line, width, table.colours)
				}
			}
		}
		table.colours = true
	}
}

// TestZonesThatDoNotFitAreCounted: what does not fit is counted, and memory is bounded.
func TestZonesThatDoNotFitAreCounted(t *testing.T) {
	table := newWatchTable("C")
	for i := range 2 * maxWatched {
		table.saw(sight("d", fmt.Sprint("z", i), `{"faults":[]}`))
		table.saw(presence(fmt.Sprint("d", i), client.Online))
	}
	if len(table.zones) != maxWatched || len(table.present) != maxWatched {
		t.Errorf("%d zones and %d devices are kept", len(table.zones), len(table.present))
	}
	lines := table.picture(80, 10, noon)
	if len(lines) != 10 || !strings.HasPrefix(lines[9], "993 more zones; ") {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	for i := range 2 * maxWatched {
		table.saw(client.Event{Device: "d", Zone: fmt.Sprint("z", i), Gone: true})
	}
	if len(table.zones) != 0 {
		t.Errorf("%d zones are left", len(table.zones))
	}
}

// showAll gives what a view writes of some changes.
func showAll(v view, sights ...client.Event) {
	c := make(chan client.Event)
	done := make(chan struct{})
	go func() { v.Show(c); close(done) }()
	for _, s := range sights {
		c <- s
	}
	close(c)
	<-done
}

// TestWatchLinesAreHarmless: also where the name of a zone is not.
func TestWatchLinesAreHarmless(t *testing.T) {
	var out bytes.Buffer
	showAll(textLines{&out, newWatchTable("C")}, sight("d\x1b[2J", "z\u009b界", `{"mode":"\u001b]0;owned\u0007","faults":[]}`), client.Event{Device: "d\x1b[2J", Zone: "z\u009b界", Gone: true})
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Errorf("%q", lines)
	}
	for _, line := range lines {
		clitest.CheckLine(t, line, 200, false)
	}
}

// TestWatchPrintsALineForEachChange: one for each change, none for what is said again.
func TestWatchPrintsALineForEachChange(t *testing.T) {
	var out bytes.Buffer
	state := `{"temperature":20,"desired":21,"mode":"heat","action":"idle","reason":"in_band","faults":[]}`
	showAll(textLines{&out, newWatchTable("C")},
		sight("d", "z", state), sight("d", "z", state), presence("d", client.Online), presence("d", client.Silent), presence("d", client.Offline),
		sight("d", "z", strings.Replace(state, "20", "20.1", 1)), client.Event{Device: "d", Zone: "z", Gone: true})
	const want = "d/z  20.00 °C  21.00 °C  heat  idle  in_band\nd/z  20.00 °C  21.00 °C  heat  idle  in_band  silent\nd/z  20.00 °C  21.00 °C  heat  idle  in_band  offline\n" +
		"d/z  20.10 °C  21.00 °C  heat  idle  in_band  offline\nd/z  is gone\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestWatchJSONPrintsAnObjectForEachChange(t *testing.T) {
	var out bytes.Buffer
	state := `{"time":"2026-01-05T12:00:00Z","zone":"z","temperature":20,"reading_age_s":1,"wait_s":9,"heater_runtime_h":1.5,"reason":"min_off","foresight":{"trusted":true,"budget_unmet":false,"next_switch_s":2400}}`
	later := strings.NewReplacer("12:00", "12:01", `age_s":1`, `age_s":2`, "9", "8", "1.5", "1.6", "2400", "2399").Replace(state)
	showAll(jsonLines{&out, newChanges()},
		presence("d", client.Online), sight("d", "z", state), sight("d", "z", later), presence("d", client.Online), presence("d", client.Silent),
		sight("d", "z", strings.Replace(later, "20,", "20.5,", 1)), sight("d", "z", "no JSON"),
		client.Event{Device: "d", Zone: "z", Gone: true},
		sight("d\x1b\u009b", "z", `{"reason":"\u007f\u202e\ud83d\ude00\udb40\udc41é"}`))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	want := []string{`{"device":"d","online":true,"presence":"online"}`, `"temperature":20}`, `{"device":"d","online":false,"presence":"silent"}`, `"temperature":20.5}`, `{"device":"d","gone":true,"zone":"z"}`, `{"device":"d\u001b\u009b","reason":"\u007f\u202e😀\udb40\udc41é"}`}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), out.String())
	}
	for i, line := range lines {
		if !strings.Contains(line, strings.TrimSuffix(want[i], "}")) || !json.Valid([]byte(line)) {
			t.Errorf("line %d is %s, want %s", i+1, line, want[i])
		}
	}
}

const boiling = `{"time":"2026-01-05T12:00:00Z","name":"boiler","relay":"on","pump":"on","calling":["bath","hall"],"reason":"demand","wait_s":null,"faults":[],"cycles":3,"runtime_h":1.5}`

// TestASourceHasALineOfItsOwn: what it and its pump do, why and how long it waits, who calls it, its faults,
// and that its agent is away; it goes when it is gone, and no zone goes for it.
func TestASourceHasALineOfItsOwn(t *testing.T) {
	table := newWatchTable("C")
	table.saw(sight("cabin", "bath", `{"temperature":20.31,"desired":21,"mode":"heat","action":"heating","reason":"too_cold","faults":[]}`))
	table.saw(sourceSight("cabin", "boiler", boiling))
	table.saw(sourceSight("cabin", "stove", `{"relay":null,"pump":null,"calling":[],"reason":"valve_opening","wait_s":89,"faults":[{"name":"relay","since":"2026-01-05T06:29:00Z","text":"x"}]}`))
	const want = `ZONE          NOW       DESIRED   MODE  ACTION       WHY                   FAULTS
cabin/bath    20.31 °C  21.00 °C  heat  heating      too_cold              
cabin/boiler                            on, pump on  demand: bath, hall    
cabin/stove                             –            valve_opening (89 s)  relay

12:00:00  Ctrl-C ends`
	if got := strings.Join(table.picture(100, 20, noon), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	table.saw(presence("cabin", client.Offline))
	if got := table.line("cabin/boiler"); got != "cabin/boiler  on, pump on  demand: bath, hall  offline" {
		t.Errorf("%q", got)
	}
	table.saw(client.Event{Device: "cabin", Zone: "boiler", Gone: true})
	table.saw(client.Event{Device: "cabin", Source: "bath", Gone: true})
	table.saw(client.Event{Device: "cabin", Source: "stove", Gone: true})
	if got := fmt.Sprint(table.names()); got != "[cabin/bath cabin/boiler]" {
		t.Error(got)
	}
}

// TestTheRecordOfASourceIsTakenForNoRooms: it is as published, with its device; it has a name and no zone, and
// comes when something has changed.
func TestTheRecordOfASourceIsTakenForNoRooms(t *testing.T) {
	var out bytes.Buffer
	later := strings.NewReplacer("12:00", "12:01", "1.5", "1.6").Replace(boiling)
	showAll(jsonLines{&out, newChanges()}, sourceSight("cabin", "boiler", boiling), sourceSight("cabin", "boiler", later),
		sourceSight("cabin", "boiler", strings.Replace(later, `,"hall"`, "", 1)), client.Event{Device: "cabin", Source: "boiler", Gone: true})
	const want = `{"calling":["bath","hall"],"cycles":3,"device":"cabin","faults":[],"name":"boiler","pump":"on","reason":"demand","relay":"on","runtime_h":1.5,"time":"2026-01-05T12:00:00Z","wait_s":null}
{"calling":["bath"],"cycles":3,"device":"cabin","faults":[],"name":"boiler","pump":"on","reason":"demand","relay":"on","runtime_h":1.6,"time":"2026-01-05T12:01:00Z","wait_s":null}
{"device":"cabin","gone":true,"name":"boiler"}
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
