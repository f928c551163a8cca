package controlloop

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// ordinary are the constants of an ordinary room; all is well with them.
func ordinary() Params {
	p := room()
	p.MinOn, p.MinOff, p.MaxOn, p.Changeover = 4*minute, 4*minute, 3*time.Hour, 10*minute
	return p
}

func TestOrdinaryParamsAreValid(t *testing.T) {
	if vs := ordinary().Validate(); len(vs) > 0 {
		t.Error(vs)
	}
}

// wide has limits far apart, so that a single bound can be met alone.
func wide() Params {
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
		in          func() Params
		of          func(*Params) *float64
		fine, wrong []float64
	}{
		{"limits.desired_min", wide, func(p *Params) *float64 { return &p.DesiredMin }, []float64{-50, 99.99}, []float64{-50.01, 100, 100.01}},
		{"limits.desired_max", wide, func(p *Params) *float64 { return &p.DesiredMax }, []float64{-49.99, 100}, []float64{100.01, -50.01}},
		{"limits.heat_cutout", wide, func(p *Params) *float64 { return &p.HeatCutout }, []float64{100.01, 120}, []float64{100, 99, 120.01, -50.01}},
		{"limits.cool_cutout", wide, func(p *Params) *float64 { return &p.CoolCutout }, []float64{-50.01, -59.99}, []float64{-50, 0, -60.01, 100.01}},
		{"limits.plausible_min", wide, func(p *Params) *float64 { return &p.PlausibleMin }, []float64{-60, -50}, []float64{-60.01, -49.99, 0, 100.01}},
		{"limits.plausible_max", wide, func(p *Params) *float64 { return &p.PlausibleMax }, []float64{100, 150}, []float64{99.99, 0, 150.01, -50.01}},
		{"limits.max_rate", ordinary, func(p *Params) *float64 { return &p.MaxRate }, []float64{0.01, 100000}, []float64{0, 0.009, -1, 100001}},
		// the same relations from the other side
		{"limits.desired_min", ordinary, func(p *Params) *float64 { return &p.DesiredMax }, []float64{5.01}, []float64{5, 4}},
		{"limits.heat_cutout", ordinary, func(p *Params) *float64 { return &p.DesiredMax }, []float64{34.99}, []float64{35, 36}},
		{"limits.cool_cutout", ordinary, func(p *Params) *float64 { return &p.DesiredMin }, []float64{3.01}, []float64{3, 2}},
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
		of          func(*Params) *time.Duration
		fine, wrong []time.Duration
	}{
		{"timing.sample", func(p *Params) *time.Duration { return &p.Sample }, []time.Duration{second, 30 * second}, []time.Duration{second - 1, 0, -second, 10*minute + 1}},
		{"timing.stale_after", func(p *Params) *time.Duration { return &p.StaleAfter }, []time.Duration{20 * second, 24 * time.Hour}, []time.Duration{20*second - 1, 0, -1, 24*time.Hour + 1}},
		{"timing.min_on", func(p *Params) *time.Duration { return &p.MinOn }, []time.Duration{0, 2 * time.Hour}, []time.Duration{-1, 2*time.Hour + 1}},
		{"timing.min_off", func(p *Params) *time.Duration { return &p.MinOff }, []time.Duration{0, 2 * time.Hour}, []time.Duration{-1, 2*time.Hour + 1}},
		{"timing.changeover", func(p *Params) *time.Duration { return &p.Changeover }, []time.Duration{0, 24 * time.Hour}, []time.Duration{-1, 24*time.Hour + 1}},
		{"timing.max_on", func(p *Params) *time.Duration { return &p.MaxOn }, []time.Duration{0, 4 * minute, 7 * 24 * time.Hour}, []time.Duration{1, 4*minute - 1, -1, 7*24*time.Hour + 1}},
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
	if err := p.RefuseSetpoint(Setpoint{Mode: ModeCool, Desired: 38, UpDelta: 1, DownDelta: 1}); err != nil {
		t.Error(err)
	}
	p.Heater = true
	refuses(t, p, "limits.heat_cutout", p.DesiredMax)

	if n := len(Params{}.Validate()); n < 4 {
		t.Errorf("all complaints shall come at once, and there are only %d", n)
	}
	v := Violation{"timing.min_on", "-1s", "is outside 0s..2h0m0s"}
	if got := v.Error(); got != "timing.min_on: -1s is outside 0s..2h0m0s" {
		t.Error(got)
	}
}

func accepts(t *testing.T, p Params, field string, value any) {
	t.Helper()
	if vs := p.Validate(); len(vs) > 0 {
		t.Errorf("%s %v: %v", field, value, vs)
	}
}

func refuses(t *testing.T, p Params, field string, value any) {
	t.Helper()
	for _, v := range p.Validate() {
		if (field == "" || v.Field == field) && v.Value != "" && v.Bound != "" && !strings.Contains(v.Bound, "%!") {
			return
		}
	}
	t.Errorf("%s %v: not refused, complaints %v", field, value, p.Validate())
}

// One row per bound of a setpoint, both sides; "" is accepted, else the field
// that the refusal names.
func TestCheckSetpointKnowsEveryBound(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	heatOnly, coolOnly, low, high := ordinary(), ordinary(), ordinary(), ordinary()
	heatOnly.Cooler, coolOnly.Heater = false, false
	low.CoolCutout, low.DesiredMin = 3, 3.1
	high.DesiredMax, high.HeatCutout = 28, 28.4
	sp := func(m Mode, desired, up, down float64) Setpoint {
		return Setpoint{Mode: m, Desired: desired, UpDelta: up, DownDelta: down}
	}
	for _, row := range []struct {
		p      Params
		s      Setpoint
		refuse string
	}{
		{ordinary(), sp(ModeNone, 20, 1, 1), "mode"},
		{ordinary(), sp(ModeOff, 20, 1, 1), ""},
		{ordinary(), sp(ModeHeat, 20, 1, 1), ""},
		{ordinary(), sp(ModeCool, 20, 1, 1), ""},
		{ordinary(), sp(ModeHeatCool, 20, 1, 1), ""},
		{ordinary(), sp(ModeHeatCool+1, 20, 1, 1), "mode"},
		{ordinary(), sp(255, 20, 1, 1), "mode"},

		{heatOnly, sp(ModeHeat, 20, 1, 1), ""},
		{heatOnly, sp(ModeCool, 20, 1, 1), "mode"},
		{heatOnly, sp(ModeHeatCool, 20, 1, 1), "mode"},
		{coolOnly, sp(ModeCool, 20, 1, 1), ""},
		{coolOnly, sp(ModeHeat, 20, 1, 1), "mode"},
		{coolOnly, sp(ModeHeatCool, 20, 1, 1), "mode"},
		{coolOnly, sp(ModeOff, nan, 1, 1), ""},

		{ordinary(), sp(ModeHeat, 5, 1, 1), ""},
		{ordinary(), sp(ModeHeat, 4.99, 1, 1), "desired"},
		{ordinary(), sp(ModeHeat, 28, 1, 1), ""},
		{ordinary(), sp(ModeHeat, 28.01, 1, 1), "desired"},
		{ordinary(), sp(ModeHeat, nan, 1, 1), "desired"},
		{ordinary(), sp(ModeHeat, inf, 1, 1), "desired"},
		{ordinary(), sp(ModeHeat, -inf, 1, 1), "desired"},
		{ordinary(), sp(ModeHeat, 1e308, 1, 1), "desired"},
		{ordinary(), sp(ModeHeat, -1e308, 1, 1), "desired"},
		{ordinary(), sp(ModeCool, nan, 1, 1), "desired"},
		{ordinary(), sp(ModeHeatCool, nan, 1, 1), "desired"},
		{ordinary(), sp(ModeOff, nan, 1, 1), ""}, // off needs no desired, but one that is given is judged
		{ordinary(), sp(ModeOff, inf, 1, 1), "desired"},
		{ordinary(), sp(ModeOff, 4.99, 1, 1), "desired"},

		{ordinary(), sp(ModeHeat, 20, 0.05, 1), ""},
		{ordinary(), sp(ModeHeat, 20, 0.049, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, 10, 1), ""},
		{ordinary(), sp(ModeHeat, 20, 10.01, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, 0, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, nan, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, inf, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, -inf, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, 1e308, 1), "up_delta"},
		{ordinary(), sp(ModeOff, nan, nan, 1), "up_delta"},
		{ordinary(), sp(ModeHeat, 20, 1, 0.05), ""},
		{ordinary(), sp(ModeHeat, 20, 1, 0.049), "down_delta"},
		{ordinary(), sp(ModeHeat, 20, 1, 10), ""},
		{ordinary(), sp(ModeHeat, 20, 1, 10.01), "down_delta"},
		{ordinary(), sp(ModeHeat, 20, 1, -1), "down_delta"},
		{ordinary(), sp(ModeHeat, 20, 1, nan), "down_delta"},
		{ordinary(), sp(ModeHeat, 20, 1, inf), "down_delta"},
		{ordinary(), sp(ModeHeat, 20, 1, 1e308), "down_delta"},

		{ordinary(), sp(ModeHeatCool, 20, 0.5, 0.5), ""},
		{ordinary(), sp(ModeHeatCool, 20, 0.5, 0.49), "up_delta + down_delta"},
		{ordinary(), sp(ModeHeat, 20, 0.05, 0.05), ""},
		{ordinary(), sp(ModeHeat, 28, 6.99, 1), ""},
		{ordinary(), sp(ModeHeat, 28, 7, 1), "desired + up_delta"},
		{high, sp(ModeHeat, 28, 0.3, 1), ""},
		{high, sp(ModeHeat, 28, 0.5, 1), "desired + up_delta"},
		{ordinary(), sp(ModeCool, 5, 1, 1.99), ""},
		{ordinary(), sp(ModeCool, 5, 1, 2), "desired - down_delta"},
		{ordinary(), sp(ModeHeatCool, 5, 1, 2), "desired - down_delta"},
		{ordinary(), sp(ModeHeat, 5, 1, 2), ""}, // the cooler's limit is nothing to a heater
		{low, sp(ModeCool, 3.1, 1, 0.05), ""},
		{low, sp(ModeCool, 3.1, 1, 0.2), "desired - down_delta"},
	} {
		err := row.p.RefuseSetpoint(row.s)
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
		p    Params
		s    Setpoint
		want string
	}{
		{ordinary(), Setpoint{Mode: ModeHeat, Desired: 20, UpDelta: 1, DownDelta: 1}, ""},
		{heatOnly, Setpoint{Mode: ModeCool, Desired: 99, UpDelta: 20, DownDelta: 0}, "mode, up_delta, down_delta, desired"},
		{heatOnly, Setpoint{Mode: ModeHeatCool, Desired: nan, UpDelta: 0.1, DownDelta: 0.1}, "mode"},
		{Params{}, Setpoint{Mode: ModeHeatCool, Desired: nan, UpDelta: 1, DownDelta: 1}, "mode"},
		{ordinary(), Setpoint{Mode: ModeHeatCool, Desired: nan, UpDelta: 0.1, DownDelta: 0.1}, "desired, up_delta + down_delta"},
		{narrow, Setpoint{Mode: ModeHeatCool, Desired: 20.5, UpDelta: 11, DownDelta: 0.1}, "up_delta"},
		{narrow, Setpoint{Mode: ModeHeatCool, Desired: 21, UpDelta: 0.3, DownDelta: 0.3}, "up_delta + down_delta, desired + up_delta"},
		{narrow, Setpoint{Mode: ModeCool, Desired: 20, UpDelta: 1.3, DownDelta: 0.3}, "desired + up_delta, desired - down_delta"},
	} {
		var fields []string
		for _, v := range row.p.CheckSetpoint(row.s) {
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
		s := Setpoint{Mode: ModeHeatCool, Desired: 20, UpDelta: float64(hundredths) / 100, DownDelta: float64(100-hundredths) / 100}
		if err := ordinary().RefuseSetpoint(s); err != nil {
			t.Errorf("%v + %v: %v", s.UpDelta, s.DownDelta, err)
		}
	}
}

func TestAModeIsItsExactWord(t *testing.T) {
	for word, mode := range map[string]Mode{"off": ModeOff, "heat": ModeHeat, "cool": ModeCool, "heat_cool": ModeHeatCool} {
		if got, err := ParseMode(word); got != mode || err != nil || got.String() != word {
			t.Errorf("%s: %v, %v", word, got, err)
		}
	}
	for _, word := range []string{"", "Off", "none", "heatcool", "mode(9)"} {
		if got, err := ParseMode(word); err == nil || got != ModeNone {
			t.Errorf("%q: %v, %v", word, got, err)
		}
	}
	if ModeNone.String() != "off" || Mode(9).String() != "mode(9)" {
		t.Errorf("%v %v", ModeNone, Mode(9))
	}
}

func TestSameTargetIsBlindToTheSpeaker(t *testing.T) {
	a, b := switchedOff, switchedOff
	a.Source, b.Source, b.ID, b.Serial = "page", "broker", "x", 7
	if !a.SameTarget(b) {
		t.Error("who said it, and a NaN, make no difference")
	}
	for _, other := range []Setpoint{heat(20.5), cool(20), {Mode: ModeHeat, Desired: 20, UpDelta: 1, DownDelta: 0.5}, {Mode: ModeHeat, Desired: 20, UpDelta: 0.5, DownDelta: 1}} {
		if heat(20).SameTarget(other) {
			t.Errorf("%+v is another target", other)
		}
	}
}
