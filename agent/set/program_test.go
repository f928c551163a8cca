package set

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop/report"
	"thermostat/mqtt/client"
	"thermostat/mqtt/wire"
)

// TestAProgramIsAskedForInTheWordsOfItsTopic: a week in °C whatever people typed, none or
// default; what is no week, or says two things, is refused before anybody is asked.
func TestAProgramIsAskedForInTheWordsOfItsTopic(t *testing.T) {
	for line, want := range map[string]string{
		`room`:           "",
		`room --default`: "default",
		`room --none`:    "none",
		`room "mon-fri 06:30 comfort,22:30 17; sat,sun 8:00 off"`:    `"8:00" is no time of day`,
		`room "mon-fri 06:30 comfort,22:30 17; sat,sun 08:00 off"`:   "mon-fri 06:30 comfort, 22:30 17; sat,sun 08:00 off",
		`room "06:00 70F, 08:00 62.5f, 10:00 -4F, 22:00 18C"`:        "06:00 21.11, 08:00 16.94, 10:00 -20, 22:00 18",
		`room "06:00 70f-warm"`:                                      "is no target",
		`room "06:00 70FF"`:                                          "is no target",
		`room ""`:                                                    "--none",
		`room none`:                                                  "write --none",
		`room default`:                                               "write --default",
		`room "06:00 None"`:                                          "is no target",
		`room "06:00 20" --none`:                                     "name one of them",
		`room "06:00 20" --default`:                                  "name one of them",
		`room --none --default`:                                      "name one of them",
		`room "mon 06:00 20; mon 07:00 21"`:                          "mon is named twice",
		`room "06:00 20.555"`:                                        "is no target",
		`room "06:00 70F; fri 08:00 70F"`:                            "is named twice",
		`room "sat-mon 06:00 20.50,12:00 20; tue,wed,fri 06:00 off"`: "mon,sat,sun 06:00 20.5, 12:00 20; tue,wed,fri 06:00 off",
	} {
		var f programFlags
		cmd := f.command()
		if err := cmd.ParseFlags(words(line)); err != nil {
			t.Fatal(err)
		}
		got, err := f.text(cmd.Flags().Args())
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want) || strings.Contains(got, "\n")) {
			t.Errorf("program %s: %q, want %q", line, got, want)
		}
	}
}

// week is a program with a word of each kind.
const week = `"week":"mon-fri 06:00 comfort, 22:30 off; sun 08:00 19.5","presets":{"comfort":20.5,"away":12},
	"away":[{"from":"2026-12-24 18:00","to":"2027-01-02 12:00","preset":"away"}],"configured":"06:00 20"`

// TestAProgramIsShownAsATable: days that are alike in one line, each preset with its temperature,
// times away, what is in force and until when, what is next, and whether the program waits.
func TestAProgramIsShownAsATable(t *testing.T) {
	for _, row := range []struct{ name, program, state, units, want string }{
		{"a week that is followed", week, `"mode":"auto","desired":20.5,"preset":"comfort","target":"program","next":{"at":"2026-11-30T21:30:00Z","desired":null}`, "C", `
mon-fri     06:00 comfort 20.50 °C, 22:30 off
sun         08:00 19.50 °C
configured  06:00 20; --default follows it
away        2026-12-24 18:00 to 2027-01-02 12:00: away 12.00 °C
now         comfort 20.50 °C (program) until 22:30
next        22:30 off
`},
		{"a hold in °F", `"week":"06:00 20","configured":"06:00 20"`, `"mode":"auto","desired":22,"target":"hold","hold_until":"2026-12-02T14:00:00Z",
			"next":{"at":"2026-12-01T05:00:00Z","desired":20,"preset":null}`, "F", `
every day  06:00 68.0 °F
now        71.6 °F (hold) until Wed 15:00
next       06:00 68.0 °F
`},
		{"who was set by hand", `"week":"06:00 eco","presets":{"eco":18}`, `"mode":"heat","desired":21,"target":"manual","next":{"at":"2026-12-01T05:00:00Z","desired":18,"preset":"eco"}`, "F", `
every day  06:00 eco 64.4 °F
now        69.8 °F (manual)
next       06:00 eco 64.4 °F
program waits: set by hand to 69.8 °F; thermostat resume room follows it
`},
		{"who is off by hand", `"week":"06:00 18"`, `"mode":"off","desired":21,"target":"manual","next":{"at":"2026-12-01T05:00:00Z","desired":18}`, "C", `
every day  06:00 18.00 °C
now        off (manual)
next       06:00 18.00 °C
program waits: set by hand to off; thermostat resume room follows it
`},
		{"none", `"week":""`, `"mode":"heat","desired":21,"target":"manual","next":null`, "C", `
program  none
now      21.00 °C (manual)
`},
		{"no setpoint", `"week":""`, `"mode":"off","desired":null,"target":null`, "C", `
program  none
now      nothing: nobody has named a temperature
`},
		{"words that nobody should obey", `"week":"\u001b[2J","configured":"\u202e"`, `"mode":"auto","desired":21,"preset":"\u001b[1m","target":"\u009b"`, "C", `
program     \x1b[2J
configured  \u202e; --default follows it
now         \x1b[1m 21.00 °C (\u009b)
`},
	} {
		s := client.Schedule{Timezone: "Europe/Berlin"}
		if err := json.Unmarshal([]byte("{"+row.program+"}"), &s.Program); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(`{"zone":"room","time":"2026-11-30T12:00:00Z",`+row.state+"}"), &s.State); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		newTimetable(s, row.units).print(&out)
		if got := "\n" + out.String(); got != row.want {
			t.Errorf("%s:%s\nwant%s", row.name, got, row.want)
		}
	}
}

// TestATimeIsShownOnTheClocksOfTheProgram, and on those here where these are not known.
func TestATimeIsShownOnTheClocksOfTheProgram(t *testing.T) {
	for zone, want := range map[string]string{"Europe/Berlin": "Europe/Berlin", "": time.Local.String(), "Nowhere/Land": time.Local.String()} {
		if got := newTimetable(client.Schedule{Timezone: zone, Program: wire.Program{}, State: report.State{}}, "C").place.String(); got != want {
			t.Errorf("%q: %s, want %s", zone, got, want)
		}
	}
}
