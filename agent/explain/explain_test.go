package explain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"thermostat/controlloop"
	"thermostat/mqtt/client"
)

const looks = `"time":"2026-11-30T20:00:00Z","zone":"bath","temperature":21,"desired":21,"up_delta":0.5,"down_delta":0.5,"mode":"auto","action":"idle","law":"auto","heater_cycles":3,
	"next":{"at":"2026-11-30T22:00:00Z","desired":17,"preset":"sleep"},
	"foresight":{"trusted":true,"lag_min":25,"warms_k_per_h":2.41,"loses_k_per_h":0.62,"band_k":0.3,"starts_per_day":12.3,"budget_per_day":16,"budget_unmet":false,"next_switch_s":2400,"turns_at":21.4}`

func storyOf(t *testing.T, state, units string) string {
	t.Helper()
	s := client.Schedule{Timezone: "UTC"}
	if err := json.Unmarshal([]byte("{"+state+"}"), &s.State); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	newStory(s, units).print(&out)
	return out.String()
}

func TestALawThatLooksAheadIsExplainedWhole(t *testing.T) {
	const want = `now      idle at 21.00 °C, desired 21.00 °C, band 20.50 °C to 21.50 °C
why      warm_enough: what the emitter still gives brings it to 21.40 °C
law      auto: foresee, it looks ahead
learned  the emitter takes 25 min; at its full heat it warms the room by 2.41 K an hour; without it the room loses 0.62 K an hour; its own half band is 0.30 K
switch   at about 20:40, as foreseen
program  22:00 sleep 17.00 °C
starts   12.3 a day, starts_per_day 16
`
	if got := storyOf(t, looks+`,"reason":"warm_enough"`, "C"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := storyOf(t, looks+`,"reason":"warm_enough"`, "F"); !strings.Contains(got, "to 70.5 °F") || !strings.Contains(got, "4.3 °F an hour") || strings.Contains(got, " K") {
		t.Error(got)
	}
}

// TestEachStateOfTheLawIsTold: why it looks ahead or does not, each reason of its own, a budget that is not met.
func TestEachStateOfTheLawIsTold(t *testing.T) {
	not := strings.NewReplacer(`"turns_at":21.4`, `"turns_at":null`, `"next_switch_s":2400`, `"next_switch_s":null`).Replace(looks)
	for _, row := range []struct{ state, want string }{
		{looks + `,"reason":"setback_soon"`, "setback_soon: it stays warm enough until 22:00 sleep 17.00 °C"},
		{looks + `,"reason":"preheat"`, "preheat: on, so that it is warm in time: 22:00"},
		{looks + `,"reason":"too_cold_soon"`, "begun later, it would fall below 21.40 °C"},
		{looks + `,"reason":"in_band"`, "the room comes to 21.40 °C"},
		{looks + `,"reason":"min_off","wait_s":84`, "min_off: for another 84 s"},
		{strings.Replace(looks, `"next_switch_s":2400`, `"next_switch_s":null`, 1), "none within six hours"},
		{strings.Replace(looks, `"budget_unmet":false`, `"budget_unmet":true`, 1), "widen up_delta and down_delta, or raise starts_per_day"},
		{strings.Replace(looks, `"heater_cycles":3`, `"cooler_cycles":3`, 1), "it cools the room by 2.41 K an hour"},
		{not + `,"law":"hysteresis"`, "law      hysteresis: the configuration says so"},
		{not + `,"mode":"heat"`, "follows no program now"},
		{strings.Replace(not, `"trusted":true`, `"trusted":false`, 1), "does not fit the room well enough yet"},
		{not + `,"foresight":null`, "waits for a day in which the output goes on and off"},
		{not + `,"foresight":null,"cooler_cycles":0`, "heater and cooler learns nothing"},
		{`"action":"off","foresight":null`, "this version of the agent knows no other"},
		{looks + `,"next":null`, "program  none, or nothing comes"},
		{looks + `,"action":"\u001b[2J","reason":"\u202e"`, `\x1b[2J`},
	} {
		got := storyOf(t, row.state, "C")
		if !strings.Contains(got, row.want) || strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "nil") {
			t.Errorf("want %q in\n%s", row.want, got)
		}
	}
}

func TestTheStoryAsJSONIsOneLineOfTheStatesKeys(t *testing.T) {
	var s client.Schedule
	if err := json.Unmarshal([]byte("{"+looks+`,"reason":"\u009b","faults":[]}`), &s.State); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printJSON(&out, s.State); err != nil {
		t.Fatal(err)
	}
	var back told
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Law != "auto" || *back.Foresight.TurnsAt != 21.4 || back.Reason != controlloop.Reason("\u009b") {
		t.Errorf("%v %s", err, out.String())
	}
	if got := out.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "\u009b") || strings.Contains(got, "faults") {
		t.Errorf("%q", got)
	}
}
