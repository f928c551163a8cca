package limits

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
)

// ordinary are the constants of an ordinary room; all is well with them.
func ordinary() controlloop.Params {
	return controlloop.Params{
		Heater: true, Cooler: true,
		DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3,
		PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5,
		Sample: 10 * second, StaleAfter: minute,
		MinOn: 4 * minute, MinOff: 4 * minute, MaxOn: 3 * time.Hour, Changeover: 10 * minute,
	}
}

const (
	second = time.Second
	minute = time.Minute
)

func target(m controlloop.Mode, desired float64) controlloop.Setpoint {
	return controlloop.Setpoint{Mode: m, Desired: desired, UpDelta: 0.5, DownDelta: 0.5}
}

var switchedOff = controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}

func heat(desired float64) controlloop.Setpoint { return target(controlloop.ModeHeat, desired) }
func cool(desired float64) controlloop.Setpoint { return target(controlloop.ModeCool, desired) }

func TestOrdinaryParamsAreValid(t *testing.T) {
	if vs := Validate(ordinary()); len(vs) > 0 {
		t.Error(vs)
	}
}

// TestALawThatForeseesHasOneOutput: with a heater and a cooler nothing tells what the room does by itself.
func TestALawThatForeseesHasOneOutput(t *testing.T) {
	p := ordinary()
	p.Law = controlloop.LawForesee
	if vs := Validate(p); len(vs) != 1 || vs[0].Field != "law" || vs[0].Value+" "+vs[0].Bound != "foresee learns a heater or a cooler, and the zone has both: write hysteresis" {
		t.Error(vs)
	}
	p.Cooler = false
	if vs := Validate(p); len(vs) > 0 {
		t.Error(vs)
	}
}

// wide has limits far apart, so that a single bound can be met alone.
func wide() controlloop.Params {
	p := ordinary()
	p.PlausibleMin, p.CoolCutout, p.DesiredMin = -60, -55, -50
	p.DesiredMax, p.HeatCutout, p.PlausibleMax = 100, 110, 150
	return p
}

// One row per bound, both sides of it: every value within is fine, every value
// outside is complained about by the name of its field.
func TestValidateKnowsEveryBound(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	none := []float64{nan, inf, -inf, 1e308, -1e308}
	degrees := []struct {
		field       string
		in          func() controlloop.Params
		of          func(*controlloop.Params) *float64
		fine, wrong []float64
	}{
		{"limits.desired_min", wide, func(p *controlloop.Params) *float64 { return &p.DesiredMin }, []float64{-50, 99.99}, []float64{-50.01, 100, 100.01}},
		{"limits.desired_max", wide, func(p *controlloop.Params) *float64 { return &p.DesiredMax }, []float64{-49.99, 100}, []float64{100.01, -50.01}},
		{"limits.heat_cutout", wide, func(p *controlloop.Params) *float64 { return &p.HeatCutout }, []float64{100.01, 120}, []float64{100, 99, 120.01, -50.01}},
		{"limits.cool_cutout", wide, func(p *controlloop.Params) *float64 { return &p.CoolCutout }, []float64{-50.01, -59.99}, []float64{-50, 0, -60.01, 100.01}},
		{"limits.plausible_min", wide, func(p *controlloop.Params) *float64 { return &p.PlausibleMin }, []float64{-60, -50}, []float64{-60.01, -49.99, 0, 100.01}},
		{"limits.plausible_max", wide, func(p *controlloop.Params) *float64 { return &p.PlausibleMax }, []float64{100, 150}, []float64{99.99, 0, 150.01, -50.01}},
		{"limits.max_rate", ordinary, func(p *controlloop.Params) *float64 { return &p.MaxRate }, []float64{0.01, 100000}, []float64{0, 0.009, -1, 100001}},
		// the same relations from the other side
		{"limits.desired_min", ordinary, func(p *controlloop.Params) *float64 { return &p.DesiredMax }, []float64{5.01}, []float64{5, 4}},
		{"limits.heat_cutout", ordinary, func(p *controlloop.Params) *float64 { return &p.DesiredMax }, []float64{34.99}, []float64{35, 36}},
		{"limits.cool_cutout", ordinary, func(p *controlloop.Params) *float64 { return &p.DesiredMin }, []float64{3.01}, []float64{3, 2}},
	}
	for _, row := range degrees {
		p := row.in()
		field := row.of(&p)
		for _, x := range row.fine {
			*field = x
			accepts(t, p, row.field, x)
		}
		for _, x := range append(row.wrong, none...) {
			*field = x
			if x == -1e308 || x == 1e308 || math.IsInf(x, 0) || math.IsNaN(x) {
				refuses(t, p, "", x) // whatever else it upsets
				continue
			}
			refuses(t, p, row.field, x)
		}
	}

	times := []struct {
		field       string
		of          func(*controlloop.Params) *time.Duration
		fine, wrong []time.Duration
	}{
		{"timing.sample", func(p *controlloop.Params) *time.Duration { return &p.Sample }, []time.Duration{second, 30 * second}, []time.Duration{second - 1, 0, -second, 10*minute + 1}},
		{"timing.stale_after", func(p *controlloop.Params) *time.Duration { return &p.StaleAfter }, []time.Duration{20 * second, 24 * time.Hour}, []time.Duration{20*second - 1, 0, -1, 24*time.Hour + 1}},
		{"timing.min_on", func(p *controlloop.Params) *time.Duration { return &p.MinOn }, []time.Duration{0, 2 * time.Hour}, []time.Duration{-1, 2*time.Hour + 1}},
		{"timing.min_off", func(p *controlloop.Params) *time.Duration { return &p.MinOff }, []time.Duration{0, 2 * time.Hour}, []time.Duration{-1, 2*time.Hour + 1}},
		{"timing.changeover", func(p *controlloop.Params) *time.Duration { return &p.Changeover }, []time.Duration{0, 24 * time.Hour}, []time.Duration{-1, 24*time.Hour + 1}},
		{"timing.max_on", func(p *controlloop.Params) *time.Duration { return &p.MaxOn }, []time.Duration{0, 4 * minute, 7 * 24 * time.Hour}, []time.Duration{1, 4*minute - 1, -1, 7*24*time.Hour + 1}},
	}
	for _, row := range times {
		p := ordinary()
		field := row.of(&p)
		for _, d := range row.fine {
			*field = d
			accepts(t, p, row.field, d)
		}
		for _, d := range row.wrong {
			*field = d
			refuses(t, p, row.field, d)
		}
	}
}

func TestValidateKnowsWhatHangsTogether(t *testing.T) {
	p := ordinary()
	p.Sample, p.StaleAfter = 10*minute, 20*minute
	accepts(t, p, "timing.sample", p.Sample)
	p.MinOn, p.MaxOn = 0, 10*minute-1
	refuses(t, p, "timing.max_on", p.MaxOn) // a stretch is at least a sample long
	p.MaxOn = 10 * minute
	accepts(t, p, "timing.max_on", p.MaxOn)

	p = ordinary()
	p.Heater = false
	accepts(t, p, "heater", false)
	p.Heater, p.Cooler = true, false
	accepts(t, p, "heater", true)
	p.Heater = false
	refuses(t, p, "heater", "neither")

	// The limits of a relay that is not there are compared with nothing.
	p = ordinary()
	p.Cooler, p.DesiredMin = false, 0
	accepts(t, p, "limits.desired_min", p.DesiredMin)
	p.Cooler = true
	refuses(t, p, "limits.cool_cutout", p.DesiredMin)
	p = ordinary()
	p.Heater, p.DesiredMax = false, 40
	accepts(t, p, "limits.desired_max", p.DesiredMax)
	if err := RefuseSetpoint(p, controlloop.Setpoint{Mode: controlloop.ModeCool, Desired: 38, UpDelta: 1, DownDelta: 1}); err != nil {
		t.Error(err)
	}
	p.Heater = true
	refuses(t, p, "limits.heat_cutout", p.DesiredMax)

	if n := len(Validate(controlloop.Params{})); n < 4 {
		t.Errorf("all complaints shall come at once, and there are only %d", n)
	}
	v := Violation{"timing.min_on", "-1s", "is outside 0s..2h0m0s"}
	if got := v.Error(); got != "timing.min_on: -1s is outside 0s..2h0m0s" {
		t.Error(got)
	}
}

func accepts(t *testing.T, p controlloop.Params, field string, value any) {
	t.Helper()
	if vs := Validate(p); len(vs) > 0 {
		t.Errorf("%s %v: %v", field, value, vs)
	}
}

func refuses(t *testing.T, p controlloop.Params, field string, value any) {
	t.Helper()
	for _, v := range Validate(p) {
		if (field == "" || v.Field == field) && v.Value != "" && v.Bound != "" && !strings.Contains(v.Bound, "%!") {
			return
		}
	}
	t.Errorf("%s %v: not refused, complaints %v", field, value, Validate(p))
}

// One row per bound of a setpoint, both sides; "" is accepted, else the field
// that the refusal names.
func TestCheckSetpointKnowsEveryBound(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	heatOnly, coolOnly, low, high := ordinary(), ordinary(), ordinary(), ordinary()
	heatOnly.Cooler, coolOnly.Heater = false, false
	low.CoolCutout, low.DesiredMin = 3, 3.1
	high.DesiredMax, high.HeatCutout = 28, 28.4
	sp := func(m controlloop.Mode, desired, up, down float64) controlloop.Setpoint {
		return controlloop.Setpoint{Mode: m, Desired: desired, UpDelta: up, DownDelta: down}
	}
	for _, row := range []struct {
		p      controlloop.Params
		s      controlloop.Setpoint
		refuse string
	}{
		{ordinary(), sp(controlloop.ModeNone, 20, 1, 1), "mode"},
		{ordinary(), sp(controlloop.ModeOff, 20, 1, 1), ""},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, 1), ""},
		{ordinary(), sp(controlloop.ModeCool, 20, 1, 1), ""},
		{ordinary(), sp(controlloop.ModeHeatCool, 20, 1, 1), ""},
		{ordinary(), sp(controlloop.ModeHeatCool+1, 20, 1, 1), "mode"},
		{ordinary(), sp(255, 20, 1, 1), "mode"},

		{heatOnly, sp(controlloop.ModeHeat, 20, 1, 1), ""},
		{heatOnly, sp(controlloop.ModeCool, 20, 1, 1), "mode"},
		{heatOnly, sp(controlloop.ModeHeatCool, 20, 1, 1), "mode"},
		{coolOnly, sp(controlloop.ModeCool, 20, 1, 1), ""},
		{coolOnly, sp(controlloop.ModeHeat, 20, 1, 1), "mode"},
		{coolOnly, sp(controlloop.ModeHeatCool, 20, 1, 1), "mode"},
		{coolOnly, sp(controlloop.ModeOff, nan, 1, 1), ""},

		{ordinary(), sp(controlloop.ModeHeat, 5, 1, 1), ""},
		{ordinary(), sp(controlloop.ModeHeat, 4.99, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeat, 28, 1, 1), ""},
		{ordinary(), sp(controlloop.ModeHeat, 28.01, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeat, nan, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeat, inf, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeat, -inf, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeat, 1e308, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeat, -1e308, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeCool, nan, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeHeatCool, nan, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeOff, nan, 1, 1), ""}, // off needs no desired, but one that is given is judged
		{ordinary(), sp(controlloop.ModeOff, inf, 1, 1), "desired"},
		{ordinary(), sp(controlloop.ModeOff, 4.99, 1, 1), "desired"},

		{ordinary(), sp(controlloop.ModeHeat, 20, 0.05, 1), ""},
		{ordinary(), sp(controlloop.ModeHeat, 20, 0.049, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 10, 1), ""},
		{ordinary(), sp(controlloop.ModeHeat, 20, 10.01, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 0, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, nan, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, inf, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, -inf, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1e308, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeOff, nan, nan, 1), "up_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, 0.05), ""},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, 0.049), "down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, 10), ""},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, 10.01), "down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, -1), "down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, nan), "down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, inf), "down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 1, 1e308), "down_delta"},

		{ordinary(), sp(controlloop.ModeHeatCool, 20, 0.5, 0.5), ""},
		{ordinary(), sp(controlloop.ModeHeatCool, 20, 0.5, 0.49), "up_delta + down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 20, 0.05, 0.05), ""},
		{ordinary(), sp(controlloop.ModeHeat, 28, 6.99, 1), ""},
		{ordinary(), sp(controlloop.ModeHeat, 28, 7, 1), "desired + up_delta"},
		{high, sp(controlloop.ModeHeat, 28, 0.3, 1), ""},
		{high, sp(controlloop.ModeHeat, 28, 0.5, 1), "desired + up_delta"},
		{ordinary(), sp(controlloop.ModeCool, 5, 1, 1.99), ""},
		{ordinary(), sp(controlloop.ModeCool, 5, 1, 2), "desired - down_delta"},
		{ordinary(), sp(controlloop.ModeHeatCool, 5, 1, 2), "desired - down_delta"},
		{ordinary(), sp(controlloop.ModeHeat, 5, 1, 2), ""}, // the cooler's limit is nothing to a heater
		{low, sp(controlloop.ModeCool, 3.1, 1, 0.05), ""},
		{low, sp(controlloop.ModeCool, 3.1, 1, 0.2), "desired - down_delta"},
	} {
		err := RefuseSetpoint(row.p, row.s)
		var v Violation
		switch {
		case row.refuse == "" && err != nil:
			t.Errorf("%+v: %v", row.s, err)
		case row.refuse != "" && !errors.As(err, &v):
			t.Errorf("%+v: %v, want a refusal of %s", row.s, err, row.refuse)
		case row.refuse != "" && v.Field != row.refuse:
			t.Errorf("%+v: %v, want a refusal of %s", row.s, err, row.refuse)
		}
	}
}

// One look at a setpoint names all that is wrong with it, and no sum of what is
// wrong already.
func TestCheckSetpointGivesEveryReasonAtOnce(t *testing.T) {
	nan := math.NaN()
	narrow := ordinary()
	narrow.DesiredMin, narrow.DesiredMax, narrow.HeatCutout, narrow.CoolCutout = 20, 21, 21.2, 19.8
	heatOnly := ordinary()
	heatOnly.Cooler = false
	for _, row := range []struct {
		p    controlloop.Params
		s    controlloop.Setpoint
		want string
	}{
		{ordinary(), controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 1, DownDelta: 1}, ""},
		{heatOnly, controlloop.Setpoint{Mode: controlloop.ModeCool, Desired: 99, UpDelta: 20, DownDelta: 0}, "mode, up_delta, down_delta, desired"},
		{heatOnly, controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: nan, UpDelta: 0.1, DownDelta: 0.1}, "mode"},
		{controlloop.Params{}, controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: nan, UpDelta: 1, DownDelta: 1}, "mode"},
		{ordinary(), controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: nan, UpDelta: 0.1, DownDelta: 0.1}, "desired, up_delta + down_delta"},
		{narrow, controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: 20.5, UpDelta: 11, DownDelta: 0.1}, "up_delta"},
		{narrow, controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: 21, UpDelta: 0.3, DownDelta: 0.3}, "up_delta + down_delta, desired + up_delta"},
		{narrow, controlloop.Setpoint{Mode: controlloop.ModeCool, Desired: 20, UpDelta: 1.3, DownDelta: 0.3}, "desired + up_delta, desired - down_delta"},
	} {
		var fields []string
		for _, v := range CheckSetpoint(row.p, row.s) {
			fields = append(fields, v.Field)
		}
		if got := strings.Join(fields, ", "); got != row.want {
			t.Errorf("%+v: %q, want %q", row.s, got, row.want)
		}
	}
}

// What people write with two decimals must not fail for the way a computer adds.
func TestBandOfExactlyOneKelvinIsWideEnough(t *testing.T) {
	for hundredths := 5; hundredths <= 95; hundredths++ {
		s := controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: 20, UpDelta: float64(hundredths) / 100, DownDelta: float64(100-hundredths) / 100}
		if err := RefuseSetpoint(ordinary(), s); err != nil {
			t.Errorf("%v + %v: %v", s.UpDelta, s.DownDelta, err)
		}
	}
}

func TestAModeIsItsExactWord(t *testing.T) {
	for word, mode := range map[string]controlloop.Mode{"off": controlloop.ModeOff, "heat": controlloop.ModeHeat, "cool": controlloop.ModeCool, "heat_cool": controlloop.ModeHeatCool} {
		if got, err := controlloop.ParseMode(word); got != mode || err != nil || got.String() != word {
			t.Errorf("%s: %v, %v", word, got, err)
		}
	}
	for _, word := range []string{"", "Off", "none", "heatcool", "mode(9)"} {
		if got, err := controlloop.ParseMode(word); err == nil || got != controlloop.ModeNone {
			t.Errorf("%q: %v, %v", word, got, err)
		}
	}
	if controlloop.ModeNone.String() != "off" || controlloop.Mode(9).String() != "mode(9)" {
		t.Errorf("%v %v", controlloop.ModeNone, controlloop.Mode(9))
	}
}

func TestSameTargetIsBlindToTheSpeaker(t *testing.T) {
	a, b := switchedOff, switchedOff
	a.Source, b.Source, b.ID, b.Serial = "page", "broker", "x", 7
	if !a.SameTarget(b) {
		t.Error("who said it, and a NaN, make no difference")
	}
	for _, other := range []controlloop.Setpoint{heat(20.5), cool(20), {Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 1, DownDelta: 0.5}, {Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 0.5, DownDelta: 1}} {
		if heat(20).SameTarget(other) {
			t.Errorf("%+v is another target", other)
		}
	}
}
