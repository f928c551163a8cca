package set

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"thermostat/controlloop/report"
	"thermostat/mqtt/client"
)

// noon is when people type in these tests.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// The states of a zone, as its agent publishes them.
const (
	inAuto = `{"zone":"room","sensor_id":7,"mode":"auto","desired":20.5,"up_delta":0.3,"down_delta":0.3,"preset":"comfort","target":"program","reason":"in_band","heater":"off",
		"next":{"at":"2026-11-30T16:30:00Z","desired":21,"preset":null},
		"control":{"mode":"auto","desired":null,"preset":null,"up_delta":0.3,"down_delta":0.3,"hold_until":null,"then":null}}`
	inHold = `{"zone":"room","sensor_id":7,"mode":"auto","desired":22,"up_delta":0.3,"down_delta":0.3,"preset":null,"target":"hold","reason":"in_band","heater":"off",
		"hold_until":"2026-11-30T14:00:00Z","next":{"at":"2026-11-30T16:30:00Z","desired":21,"preset":null},
		"control":{"mode":"auto","desired":22,"preset":null,"up_delta":0.3,"down_delta":0.3,"hold_until":"2026-11-30T14:00:00Z",
			"then":{"mode":"heat","desired":19,"preset":null,"up_delta":0.3,"down_delta":0.3,"hold_until":null,"then":null}}}`
	manual = `{"zone":"room","sensor_id":7,"mode":"heat","desired":19,"up_delta":0.3,"down_delta":0.3,"preset":"eco","target":"manual","reason":"in_band","heater":"off","next":null,
		"control":{"mode":"heat","desired":null,"preset":"eco","up_delta":0.3,"down_delta":0.3,"hold_until":null,"then":null}}`
	isAway = `{"zone":"room","sensor_id":7,"mode":"heat","desired":12,"up_delta":0.3,"down_delta":0.3,"preset":"away","target":"away","reason":"in_band","heater":"off","next":null,
		"control":{"mode":"heat","desired":12,"preset":"away","up_delta":0.3,"down_delta":0.3,"hold_until":null,
			"then":{"mode":"auto","desired":null,"preset":null,"up_delta":0.3,"down_delta":0.3,"hold_until":null,"then":null}}}`
	programOff = `{"zone":"room","sensor_id":7,"mode":"auto","desired":null,"up_delta":0.3,"down_delta":0.3,"preset":null,"target":"program","reason":"mode_off","heater":"off",
		"next":{"at":"2026-11-30T16:30:00Z","desired":21,"preset":null},
		"control":{"mode":"auto","desired":null,"preset":null,"up_delta":0.3,"down_delta":0.3,"hold_until":null,"then":null}}`
	cooler = `{"zone":"room","sensor_id":7,"mode":"auto","desired":20.5,"up_delta":0.3,"down_delta":0.3,"reason":"in_band","heater":null,"cooler":"off",
		"control":{"mode":"auto","desired":null,"preset":null,"up_delta":0.3,"down_delta":0.3,"hold_until":null,"then":null}}`
	noSetpoint = `{"zone":"room","sensor_id":7,"mode":"off","desired":null,"reason":"no_setpoint","heater":"off","control":null}`
	oldAgent   = `{"zone":"room","sensor_id":7,"mode":"heat","desired":19,"up_delta":0.3,"down_delta":0.3,"reason":"in_band","heater":"off"}`
)

// published is the control that a command's line publishes for a zone in a state, as JSON
// without the names and deltas that each has.
func published(t *testing.T, line, state string) (string, error) {
	t.Helper()
	var f setFlags
	cmd := f.command()
	if err := cmd.ParseFlags(words(line)); err != nil {
		return "", err
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return "", err
	}
	q, err := f.request(cmd, cmd.Flags().Args(), "C", noon)
	if err != nil {
		return "", err
	}
	var r report.State
	if err := json.Unmarshal([]byte(state), &r); err != nil {
		t.Fatal(err)
	}
	text, err := q.JSON(r, client.Plan{}, noon)
	if err != nil {
		return "", err
	}
	var said map[string]any
	if err := json.Unmarshal(text, &said); err != nil || said["id"] == nil || said["source"] != "cli" || said["sensor_id"] != 7.0 {
		t.Fatalf("%s, %v", text, err)
	}
	short, err := json.Marshal(brief(said))
	if err != nil {
		t.Fatal(err)
	}
	return string(short), nil
}

// words parts a line as a shell does, blanks in double quotes left alone.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// brief leaves out what is the same in every control: names, and the deltas that the state shows.
func brief(said map[string]any) map[string]any {
	maps.DeleteFunc(said, func(key string, value any) bool {
		return key == "id" || key == "source" || key == "sensor_id" || strings.HasSuffix(key, "_delta") && value == 0.3
	})
	if then, ok := said["then"].(map[string]any); ok {
		said["then"] = brief(then)
	}
	return said
}

// TestSetPublishesWhatIsNamedAndKeepsTheRest: in auto, in a hold, by hand, while people are
// away, and where there is no setpoint. A hold that begins tells its end and what it covers.
func TestSetPublishesWhatIsNamedAndKeepsTheRest(t *testing.T) {
	for _, row := range []struct{ line, state, want string }{
		{"room 22", inAuto, `{"desired":22,"mode":"auto"}`},
		{"room --preset eco", inAuto, `{"mode":"auto","preset":"eco"}`},
		{"room --up-delta 0.5", inAuto, `{"mode":"auto","up_delta":0.5}`},
		{"room 22 --for 2h", inAuto, `{"desired":22,"hold_s":7200,"hold_until":"2026-11-30T14:00:00Z","mode":"auto","then":{"mode":"auto"}}`},
		{"room --for 90", inAuto, `{"desired":20.5,"hold_s":5400,"hold_until":"2026-11-30T13:30:00Z","mode":"auto","preset":"comfort","then":{"mode":"auto"}}`},
		{"room --preset eco --until 2026-12-01T08:00:00+01:00", inAuto, `{"hold_until":"2026-12-01T07:00:00Z","mode":"auto","preset":"eco","then":{"mode":"auto"}}`},
		{"room 22 --next", inAuto, `{"desired":22,"hold_until":"2026-11-30T16:30:00Z","mode":"auto","then":{"mode":"auto"}}`},
		{"room --permanent", inAuto, `{"desired":20.5,"mode":"heat","preset":"comfort"}`},
		{"room 22 --permanent", inAuto, `{"desired":22,"mode":"heat"}`},
		{"room 22 --permanent", cooler, `{"desired":22,"mode":"cool"}`},
		{"room 22 --permanent --mode heat_cool", inAuto, `{"desired":22,"mode":"heat_cool"}`},
		{"room --mode heat", inAuto, `{"desired":20.5,"mode":"heat"}`},
		{"room --mode off --for 1d", inAuto, `{"desired":20.5,"hold_s":86400,"hold_until":"2026-12-01T12:00:00Z","mode":"off","then":{"mode":"auto"}}`},
		{"room 22 --mode auto --for 2h", manual, `{"desired":22,"hold_s":7200,"hold_until":"2026-11-30T14:00:00Z","mode":"auto","then":{"mode":"heat","preset":"eco"}}`},
		{"room --for 2h", programOff, `{"hold_s":7200,"hold_until":"2026-11-30T14:00:00Z","mode":"off","then":{"mode":"auto"}}`},

		{"room 23", inHold, `{"desired":23,"hold_until":"2026-11-30T14:00:00Z","mode":"auto","then":{"desired":19,"mode":"heat"}}`},
		{"room --down-delta 1", inHold, `{"desired":22,"down_delta":1,"hold_until":"2026-11-30T14:00:00Z","mode":"auto","then":{"desired":19,"mode":"heat"}}`},
		{"room 23 --for 1h", inHold, `{"desired":23,"hold_s":3600,"hold_until":"2026-11-30T13:00:00Z","mode":"auto","then":{"desired":22,"hold_until":"2026-11-30T14:00:00Z","mode":"auto","then":{"desired":19,"mode":"heat"}}}`},
		{"room 23 --for 3h", inHold, `{"desired":23,"hold_s":10800,"hold_until":"2026-11-30T15:00:00Z","mode":"auto","then":{"desired":19,"mode":"heat"}}`},
		{"room --permanent", inHold, `{"desired":22,"mode":"heat"}`},
		{"room --mode auto", inHold, `{"mode":"auto"}`},

		{"room 21", manual, `{"desired":21,"mode":"heat"}`},
		{"room --up-delta 0.5", manual, `{"mode":"heat","preset":"eco","up_delta":0.5}`},
		{"room 21 --for 2h", manual, `{"desired":21,"hold_s":7200,"hold_until":"2026-11-30T14:00:00Z","mode":"heat","then":{"mode":"heat","preset":"eco"}}`},
		{"room 21 --permanent", manual, `{"desired":21,"mode":"heat"}`},

		{"room 21", isAway, `{"desired":21,"mode":"heat","then":{"mode":"auto"}}`},
		{"room --preset away --for 1d", isAway, `{"hold_s":86400,"hold_until":"2026-12-01T12:00:00Z","mode":"heat","preset":"away","then":{"mode":"auto"}}`},
		{"room 21 --for 2h", isAway, `{"desired":21,"hold_s":7200,"hold_until":"2026-11-30T14:00:00Z","mode":"heat","then":{"desired":12,"mode":"heat","preset":"away","then":{"mode":"auto"}}}`},

		{"room 21", noSetpoint, `{"desired":21}`},
		{"room 21 --for 2h", noSetpoint, `{"desired":21,"hold_s":7200,"hold_until":"2026-11-30T14:00:00Z"}`},
		{"room 21", oldAgent, `{"desired":21,"mode":"heat"}`},
	} {
		if got, err := published(t, row.line, row.state); err != nil || got != row.want {
			t.Errorf("set %s: %s, %v, want %s\nin %.60s", row.line, got, err, row.want, row.state)
		}
	}
}

// TestWhatCannotBeMeantIsRefusedInOneLine: flags that contradict each other, and a hold that
// the zone's state knows no end for.
func TestWhatCannotBeMeantIsRefusedInOneLine(t *testing.T) {
	for _, row := range []struct{ line, state, want string }{
		{"room", inAuto, "name a temperature, --preset"},
		{"room 21 --default", inAuto, "or --default alone"},
		{"room --default --for 2h", inAuto, "or --default alone"},
		{"room 21 --for 2h --next", inAuto, "name one of them"},
		{"room 21 --until 22:30 --permanent", inAuto, "name one of them"},
		{"room 21 --preset eco", inAuto, "name TEMPERATURE or --preset"},
		{"room --preset None", inAuto, "is no name of a preset"},
		{"room --preset none", inAuto, "means something else"},
		{"room --mode off --preset eco", inAuto, "mode off aims at nothing"},
		{"room --mode auto --for 2h", inAuto, "name a TEMPERATURE or --preset to hold"},
		{"room 21 --mode auto --permanent", inAuto, "nothing is for ever there"},
		{"room 21 --for soon", inAuto, "--for: "},
		{`room 21 --for ""`, inAuto, "--for: is empty"},
		{"room 21 --for 400d", inAuto, "is outside"},
		{"room 21 --until 25:00", inAuto, "--until: "},
		{"room 21 --until 2026-11-30T11:00:00Z", inAuto, "is over"},
		{"room 21 --next", manual, "no next transition"},
		{"room --for 2h", noSetpoint, "name a temperature"},
		{"room 21 --for 2h", oldAgent, "knows no holds"},
	} {
		if got, err := published(t, row.line, row.state); err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("set %s: %s, %v, want %q", row.line, got, err, row.want)
		}
	}
}

// TestUntilIsTheNextTimeOnTheClocksHere: a time of day, a date and a time, RFC 3339.
func TestUntilIsTheNextTimeOnTheClocksHere(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err) // Go brings the zones itself
	}
	for text, want := range map[string]string{
		"22:30": "2026-11-30T21:30:00Z", "12:59": "2026-12-01T11:59:00Z", "13:01": "2026-11-30T12:01:00Z",
		"2027-01-02 12:00": "2027-01-02T11:00:00Z", "2027-03-28 02:30": "2027-03-28T01:00:00Z", "2027-01-02T12:00:00-05:00": "2027-01-02T17:00:00Z",
	} {
		if got, err := parseUntil(text, noon, berlin); err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "24:00", "9:30", "tomorrow", "2h", "2026-11-30 12:59", "2027-02-30 12:00", "2026-11-30T12:00:00Z"} {
		if got, err := parseUntil(text, noon, berlin); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestAwaySaysOneThing: for ever, for a time, until a moment, or that somebody is back.
func TestAwaySaysOneThing(t *testing.T) {
	for line, want := range map[string]string{
		"": "on", "--off": "off", "--for 3d": "259200s", "--for 90": "5400s", "--until 2027-01-02T12:00:00Z": "until 2027-01-02T12:00:00Z",
		"--off --for 3d": "name one of them", "--for 3d --until 2027-01-02T12:00:00Z": "name one of them", "--for soon": "--for: ", "--until 1999-01-01T12:00:00Z": "is over",
	} {
		var f awayFlags
		cmd := f.command()
		if err := cmd.ParseFlags(words(line)); err != nil {
			t.Fatal(err)
		}
		got, err := f.text(cmd, noon)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("away %s: %q, want %q", line, got, want)
		}
	}
}

// TestABoostTakesADurationAsPeopleWriteIt, and says what is none before it asks anybody.
func TestABoostTakesADurationAsPeopleWriteIt(t *testing.T) {
	for text, sound := range map[string]bool{"45": true, "45m": true, "1h30m": true, "1d": true, "": false, "soon": false, "5w": false} {
		cmd := BoostCommand()
		if err := cmd.ParseFlags([]string{"--for", text}); err != nil {
			t.Fatal(err)
		}
		if err := preRun(cmd); (err == nil) != sound {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func preRun(cmd *cobra.Command) error { return cmd.PreRunE(cmd, nil) }
