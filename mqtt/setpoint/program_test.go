package setpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
)

// house is a zone with a program, its two arbiters, and what they asked for last.
type programHouse struct {
	*testing.T
	zone    Zone
	control *ControlArbiter
	program *ProgramArbiter
	now     time.Time
}

func newProgramHouse(t *testing.T) *programHouse {
	h := &programHouse{T: t, zone: weekZone(), now: time.Date(2027, 1, 15, 8, 0, 0, 0, time.UTC)}
	h.restart()
	return h
}

func (h *programHouse) restart() {
	if h.control != nil {
		h.zone.Memory, h.zone.ProgramMemory = h.control.Memory(), h.program.Memory()
	}
	h.control, h.program = NewArbiters(h.zone, "life", time.Time{})
}

// aims is what the zone aims at.
func (h *programHouse) aims(after time.Duration) controlloop.Target {
	p := h.program.Plan()
	return p.Target(h.control.Active(), h.now.Add(after), comfort.Clock{Trusted: true})
}

func (h *programHouse) wants(after time.Duration, desired float64, why string) {
	h.Helper()
	if got := h.aims(after); got.Setpoint.Desired != desired || got.Why != why {
		h.Errorf("after %v: %v by %s, want %v by %s", after, got.Setpoint.Desired, got.Why, desired, why)
	}
}

// TestAProgramOnItsTopicTakesThePlaceOfTheConfiguredOne: its week, and its presets beside
// the configured ones; and so it is after a restart.
func TestAProgramOnItsTopicTakesThePlaceOfTheConfiguredOne(t *testing.T) {
	h := newProgramHouse(t)
	must(t, h.control.accept(h.now, []byte(`{"mode":"auto"}`), false))
	h.wants(0, 21, comfort.Program)
	d := h.program.Message(h.now, []byte(`{"week":"07:00 comfort, 09:00 guest, 20:00 17","presets":{"comfort":20,"guest":19},"id":"a"}`), true)
	if d.Plan == nil || d.Obey == nil || !d.Save || d.Answer == nil || !d.Answer.Applied || d.Answer.Topic != "program" || *d.Answer.Desired != 20 {
		t.Errorf("%+v, answer %+v", d, d.Answer)
	}
	for range 2 {
		h.wants(0, 20, comfort.Program)
		h.wants(2*time.Hour, 19, comfort.Program)
		h.control.setCur([]byte(`{"mode":"auto"}`), "")
		h.restart()
	}
}

// TestARefusedProgramChangesNothingAndSaysWhy: each with its place, and the zone goes on as before.
func TestARefusedProgramChangesNothingAndSaysWhy(t *testing.T) {
	many := make([]string, maxIntervals+1)
	for i := range many {
		many[i] = fmt.Sprintf(`{"from":"2027-02-01 %02d:00","to":"2027-02-01 %02d:30"}`, i%24, i%24)
	}
	presets := make([]string, maxPresets+1)
	for i := range presets {
		presets[i] = fmt.Sprintf(`"p%d":20`, i)
	}
	for payload, why := range map[string]string{
		``:                                      "not JSON",
		`[]`:                                    "object",
		`"06:00 20"`:                            "not a JSON object",
		`{}`:                                    "neither week, presets nor away",
		`{"week":"06:00 20"} x`:                 "something follows",
		`{"week":null}`:                         "week: null",
		`{"week":"06:00 20","week":"06:00 20"}`: "given twice",
		`{"Week":"06:00 20"}`:                   `key "Week" is unknown`,
		`{"weeks":"06:00 20"}`:                  `key "weeks" is unknown`,
		`{"week":"06:00 20","from":"x"}`:        `unknown field "from"`,
		`{"week":6}`:                            "week: a number does not belong there",
		`{"week":"6:00 20"}`:                    "HH:MM",
		`{"week":"06:00 nobody"}`:               `preset "nobody" is unknown: this zone has boost, comfort`,
		`{"week":"06:00 99"}`:                   "99",
		`{"presets":{"warm":99}}`:               "99",
		`{"presets":{"none":20}}`:               "none",
		`{"presets":{"a":20,"a":21}}`:           "given twice",
		`{"presets":{"a":[1]}}`:                 "does not belong there",
		`{"presets":{` + strings.Join(presets, ",") + `}}`:                                  "17 are more than the 16",
		`{"away":[{"from":"2027-02-01 18:00","to":"2027-02-01 18:00","preset":"comfort"}]}`: "is not after",
		`{"away":[{"from":"2027-02-01 18:00","to":"2029-02-01 18:00","preset":"comfort"}]}`: "2 years ahead",
		`{"away":[{"from":"2027-02-30 18:00","to":"2027-03-01 18:00"}]}`:                    "2027-02-30",
		`{"away":[{"to":"2027-03-01 18:00"}]}`:                                              "wants from and to",
		`{"away":[{"from":"2027-02-01 18:00","to":"2027-02-02 18:00"}]}`:                    `preset "away" is unknown`,
		`{"away":[` + strings.Join(many, ",") + `]}`:                                        "33 intervals",
		`{"away":[[[[[[1]]]]]]}`:                                                            "more than 4 others",
		`{"week":"06:00 20","id":"` + strings.Repeat("x", 129) + `"}`:                       "128 bytes",
		`{"week":"` + strings.Repeat(" ", MaxControl) + `"}`:                                "bytes are more",
	} {
		h := newProgramHouse(t)
		d := h.program.Message(h.now, []byte(payload), false)
		if payload == "" {
			if d.Answer != nil || d.Obey != nil {
				t.Errorf("nothing: %+v", d)
			}
			continue
		}
		if d.Answer == nil || d.Answer.Applied || !strings.Contains(d.Answer.Reason, why) || d.Obey != nil || d.Plan != nil || d.Save {
			t.Errorf("%.80s: %+v, want %q", payload, d.Answer, why)
		}
		if h.program.Plan().Week.String() != h.zone.Comfort.Week.String() {
			t.Errorf("%.80s changed the week", payload)
		}
	}
}

// TestAnIntervalIsATargetOfTheProgram: its preset counts from its beginning to its end,
// both are transitions, and a manual mode knows nothing of it.
func TestAnIntervalIsATargetOfTheProgram(t *testing.T) {
	h := newProgramHouse(t)
	must(t, h.control.accept(h.now, []byte(`{"mode":"auto"}`), false))
	must(t, h.program.accept(h.now, []byte(`{"presets":{"away":12},"away":[{"from":"2027-01-15 09:00","to":"2027-01-16 12:15"}]}`), false))
	h.wants(0, 21, comfort.Program)
	h.wants(time.Hour, 12, comfort.Away)
	h.wants(28*time.Hour, 12, comfort.Away)
	h.wants(28*time.Hour+15*time.Minute, 18, comfort.Program)
	for after, want := range map[time.Duration]struct {
		at      time.Duration
		desired float64
	}{
		0:                {30 * time.Minute, 18}, // the week's 08:30
		45 * time.Minute: {time.Hour, 12},
		2 * time.Hour:    {28*time.Hour + 15*time.Minute, 18},
	} {
		if next := h.aims(after).Next; !next.At.Equal(h.now.Add(want.at)) || next.Desired != want.desired {
			t.Errorf("after %v: next %+v, want %+v", after, next, want)
		}
	}
	h.now = h.now.Add(45 * time.Minute)
	must(t, h.control.accept(h.now, []byte(`{"mode":"auto","desired":22}`), false))
	h.wants(14*time.Minute, 22, comfort.Held)
	h.wants(16*time.Minute, 12, comfort.Away)
	must(t, h.control.accept(h.now, []byte(`{"mode":"heat","desired":22}`), false))
	h.wants(5*time.Hour, 22, comfort.Manual)
}

// TestTheWeekAloneIsChangedByItsText: presets and intervals of the program stay; none
// leaves the zone without a week, and default brings the configured one back.
func TestTheWeekAloneIsChangedByItsText(t *testing.T) {
	h := newProgramHouse(t)
	must(t, h.control.accept(h.now, []byte(`{"mode":"auto"}`), false))
	must(t, h.program.accept(h.now, []byte(`{"presets":{"away":12},"away":[{"from":"2027-01-15 12:00","to":"2027-01-15 13:00"}]}`), false))
	says := func(text, reason string) {
		t.Helper()
		if d := h.program.Week(h.now, "page", text); d.Answer == nil || d.Answer.Applied != (reason == "") || !strings.Contains(d.Answer.Reason, reason) {
			t.Errorf("%q: %+v", text, d.Answer)
		}
	}
	says("07:00 20", "")
	h.wants(0, 20, comfort.Program)
	h.wants(4*time.Hour, 12, comfort.Away)
	says("none", "")
	h.wants(0, 19, comfort.Default)
	h.wants(4*time.Hour, 12, comfort.Away)
	says("default", "")
	h.wants(0, 21, comfort.Program)
	says("07:00 warm", `preset "warm" is unknown`)
	says(" ", "no program is given")
	h.wants(0, 21, comfort.Program)
	c, err := DecodeProgram(h.program.Memory().Cur)
	if err != nil || c.Source != "page" || c.ID != "life/3" || *c.Week != h.zone.Comfort.Week.String() {
		t.Errorf("%+v (%v)", c, err)
	}
	h.zone.Comfort.Week = weekOf("")
	h.zone.ProgramMemory = Memory{}
	h.control = nil
	h.restart()
	says("default", "no configured program")
}

// TestAPresetThatIsGoneFromTheConfigurationKeepsItsTemperature: in the program that names
// it, and in the hold.
func TestAPresetThatIsGoneFromTheConfigurationKeepsItsTemperature(t *testing.T) {
	h := newProgramHouse(t)
	d := h.program.Message(h.now, []byte(`{"week":"07:00 comfort, 20:00 17"}`), true)
	d2 := h.control.Message(h.now, []byte(`{"mode":"auto","then":{"mode":"heat","preset":"boost"},"preset":"boost","hold_s":600}`), true)
	if d.Plan == nil || d2.Obey == nil {
		t.Fatal(d.Answer, d2.Answer)
	}
	h.zone.Comfort.Presets = nil
	h.zone.Comfort.Week = weekOf("06:00 18")
	h.restart()
	h.wants(0, 23, comfort.Boost)
	must(t, h.control.accept(h.now, []byte(`{"mode":"auto"}`), false))
	h.wants(0, 21, comfort.Program)
}

// TestAHoldKeepsTheTemperatureOfAPresetThatTheNextProgramLacks: and takes the one that it gives.
func TestAHoldKeepsTheTemperatureOfAPresetThatTheNextProgramLacks(t *testing.T) {
	h := newProgramHouse(t)
	h.program.Message(h.now, []byte(`{"presets":{"guest":19.5}}`), true)
	h.control.Message(h.now, []byte(`{"mode":"heat","preset":"guest"}`), true)
	h.wants(0, 19.5, comfort.Manual)
	h.program.Message(h.now, []byte(`{"presets":{"guest":20.5}}`), true)
	h.wants(0, 20.5, comfort.Manual)
	h.program.Message(h.now, []byte(`{"presets":{"other":20.5}}`), true)
	h.wants(0, 20.5, comfort.Manual)
	h.restart()
	h.wants(0, 20.5, comfort.Manual)
}

// TestARetainedControlWaitsForThePresetsOfTheProgram: it is neither refused nor put right
// before it is known which there are.
func TestARetainedControlWaitsForThePresetsOfTheProgram(t *testing.T) {
	for _, given := range []bool{true, false} {
		w := settled(t)
		w.cut()
		w.local(22) // the broker does not know it yet
		w.retained = []byte(`{"mode":"heat","preset":"guest","id":"g"}`)
		if given {
			w.retainedProgram = []byte(`{"presets":{"guest":19.5}}`)
		}
		published := w.published
		w.connect()
		w.toBroker[0], w.toBroker[1] = w.toBroker[1], w.toBroker[0] // the control comes first
		w.brokerTakes()
		w.agentTakes()
		w.agentTakes()
		w.run(time.Second, true)
		if w.published != published || w.retained == nil {
			t.Errorf("given %v: %d messages, retained %q", given, w.published-published, w.retained)
		}
		w.run(time.Minute, true)
		p := w.programs.Plan()
		is := p.Target(w.obeyed, w.now, comfort.Clock{Trusted: true}).Setpoint.Desired
		if given && (is != 19.5 || w.published != published) || !given && (is != 22 || w.retained == nil) {
			t.Errorf("given %v: %v, %d messages, retained %q", given, is, w.published-published, w.retained)
		}
	}
}

// TestAProgramIsHeldAgainstTheDeltasInForce: and a control against the program.
func TestAProgramIsHeldAgainstTheDeltasInForce(t *testing.T) {
	h := newProgramHouse(t)
	must(t, h.control.accept(h.now, []byte(`{"mode":"auto","up_delta":9}`), false))
	if err := h.program.accept(h.now, []byte(`{"week":"06:00 27"}`), false); err == nil || !strings.Contains(err.Error(), "heat_cutout") {
		t.Error(err)
	}
	must(t, h.program.accept(h.now, []byte(`{"week":"06:00 25"}`), false))
	if err := h.control.accept(h.now, []byte(`{"mode":"auto","up_delta":10}`), false); err == nil || !strings.Contains(err.Error(), "heat_cutout") {
		t.Error(err)
	}
}

// TestWhoHasNoProgramMissesNothingWithoutItsTopic: a refused subscription is a fault only
// where a program is in force.
func TestWhoHasNoProgramMissesNothingWithoutItsTopic(t *testing.T) {
	for _, z := range []Zone{testZone(), weekZone()} {
		_, p := NewArbiters(z, "life", time.Time{})
		p.Connected(time.Now())
		p.Unreadable(time.Now())
		told := false
		controlloop.NewStepper(&controlloop.Zone{Params: z.Params, Sensor: noSensor{}, Alarms: z.Alarms, Observe: func(s controlloop.Snapshot) {
			told = slices.ContainsFunc(s.Faults, func(f controlloop.Fault) bool { return f.Name == controlloop.FaultProgramNotReadable })
		}}, z.Default, time.Now())
		if told != z.Comfort.HasProgram() {
			t.Errorf("program %v: told %v", z.Comfort.HasProgram(), told)
		}
	}
}

// noSensor has never measured anything.
type noSensor struct{}

func (noSensor) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Reading{}, errors.New("no sensor")
}

// FuzzProgram: no payload may panic, and none that is accepted may bring the law to what
// is out of bounds.
func FuzzProgram(f *testing.F) {
	for _, seed := range []string{`{"week":"06:00 20"}`, `{"week":"","presets":{"a":20},"away":[{"from":"2027-02-01 18:00","to":"2027-02-02 18:00","preset":"a"}],"id":"x","source":"y"}`, `{"week":null}`, "{", "[]", `{"week":"mon 06:00 comfort; tue,sun 07:00 off"}`} {
		f.Add([]byte(seed))
	}
	start := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, payload []byte) {
		z := weekZone()
		z.Default.Mode = controlloop.ModeAuto
		c, p := NewArbiters(z, "life", time.Time{})
		p.Connected(start)
		d := p.Message(start, payload, true)
		if d.Answer != nil && !d.Answer.Applied && d.Answer.Reason == "" {
			t.Errorf("%q was refused without a reason", payload)
		}
		plan := p.Plan()
		for _, later := range []time.Duration{0, time.Hour, 30 * time.Hour, 400 * 24 * time.Hour} {
			aimed := plan.Target(c.Active(), start.Add(later), comfort.Clock{Trusted: true}).Setpoint
			if err := limits.RefuseSetpoint(z.Params, aimed); err != nil {
				t.Errorf("%q: %v after %v", payload, err, later)
			}
		}
		if d.Plan == nil {
			return
		}
		_, again := NewArbiters(Zone{Params: z.Params, Default: z.Default, Comfort: z.Comfort, Alarms: z.Alarms, ProgramMemory: p.Memory()}, "life", time.Time{})
		if got := again.Plan(); got.Week.String() != plan.Week.String() || len(got.Away) != len(plan.Away) {
			t.Errorf("%q is another program after a restart", payload)
		}
	})
}

// TestAProgramOfOursIsReadAgain: whatever it leaves empty, and however long it was written.
func TestAProgramOfOursIsReadAgain(t *testing.T) {
	for _, said := range []string{`{"away":[]}`, `{"presets":{}}`, `{"week":"06:00 20` + strings.Repeat(" ", 60<<10) + `"}`} {
		h := newProgramHouse(t)
		if d := h.program.Submit(h.now, "page", []byte(said)); !d.Answer.Applied {
			t.Fatalf("%.40s: %+v", said, d.Answer)
		}
		is := h.program.Active()
		h.restart()
		if got := h.program.Active(); len(h.program.Memory().Cur) == 0 || *got.Week != *is.Week || got.Source != "page" {
			t.Errorf("%.40s: %+v after a restart, %q kept", said, got, h.program.Memory().Cur)
		}
	}
}

// TestATemperatureInAutoIsTakenWithoutAClock: it holds until the transition that nobody knows.
func TestATemperatureInAutoIsTakenWithoutAClock(t *testing.T) {
	h := newProgramHouse(t)
	h.zone.Clock = func() comfort.Clock { return comfort.Clock{} }
	h.restart()
	if d := h.control.Submit(h.now, "page", []byte(`{"mode":"auto","desired":21}`)); !d.Answer.Applied {
		t.Error(d.Answer.Reason)
	}
}

// TestAPresetsNameIsCheckedBesideATemperature: it would go back into states and controls.
func TestAPresetsNameIsCheckedBesideATemperature(t *testing.T) {
	h := newProgramHouse(t)
	for _, preset := range []string{"none", "Eco", strings.Repeat("x", 60<<10)} {
		for _, payload := range []string{`{"desired":21,"preset":"` + preset + `"}`, `{"desired":20,"hold_s":60,"then":{"desired":21,"preset":"` + preset + `"}}`} {
			if err := h.control.accept(h.now, []byte(payload), false); err == nil {
				t.Errorf("%.60s was accepted", payload)
			}
		}
	}
}

// TestAHoldOutlivesTheProgramThatWasToFollowIt: also over a restart.
func TestAHoldOutlivesTheProgramThatWasToFollowIt(t *testing.T) {
	h := newProgramHouse(t)
	h.zone.Comfort.Week, h.zone.Default.Mode, h.zone.Comfort.Default.Mode = weekOf(""), controlloop.ModeNone, controlloop.ModeNone
	h.control = nil
	h.restart()
	h.program.Week(h.now, "page", "06:00 21")
	h.control.Message(h.now, []byte(`{"mode":"heat","desired":12,"hold_s":864000}`), true)
	h.program.Week(h.now, "page", "none")
	h.wants(time.Hour, 12, comfort.Held)
	h.restart()
	h.wants(time.Hour, 12, comfort.Held)
}

// TestAHoldThatFollowsAHoldBeginsWithItsEnd: over a restart, too.
func TestAHoldThatFollowsAHoldBeginsWithItsEnd(t *testing.T) {
	h := newProgramHouse(t)
	h.now = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)
	h.control.Message(h.now, []byte(`{"program":true,"desired":22,"hold_until":"2027-01-15T18:00:00Z","then":{"program":true,"desired":20}}`), true)
	h.control.Ended(h.now.Add(7 * time.Hour))
	h.wants(8*time.Hour, 20, comfort.Held)
	h.restart()
	h.wants(8*time.Hour, 20, comfort.Held)
	if got := h.aims(11 * time.Hour); got.Why != comfort.Program {
		t.Errorf("at 23:00: %+v", got)
	}
}

// TestADefaultInAutoFollowsAHoldAsTheDefault: and is no hold of its stand-in temperature.
func TestADefaultInAutoFollowsAHoldAsTheDefault(t *testing.T) {
	h := newProgramHouse(t)
	h.zone.Comfort.Week, h.zone.Default.Mode, h.zone.Comfort.Default.Mode = weekOf(""), controlloop.ModeAuto, controlloop.ModeAuto
	h.control = nil
	h.restart()
	h.control.Message(h.now, []byte(`{"mode":"heat","desired":22,"hold_s":60}`), true)
	h.wants(time.Hour, 19, comfort.Default)
}
