package simulated

import (
	"math"
	"testing"
	"time"
)

func TestDefaultSimulatedIsValid(t *testing.T) {
	if vs := Default().Validate(); len(vs) > 0 {
		t.Error(vs)
	}
}

func TestValidateNamesTheFieldThatIsOutOfItsBound(t *testing.T) {
	numbers := map[string]struct {
		set       func(*Spec, float64)
		low, high float64
	}{
		"speed":         {func(s *Spec, x float64) { s.Speed = x }, 0.001, 100000},
		"start":         {func(s *Spec, x float64) { s.Start = x }, -50, 100},
		"outdoor":       {func(s *Spec, x float64) { s.Outdoor = x }, -60, 60},
		"outdoor_swing": {func(s *Spec, x float64) { s.OutdoorSwing = x }, 0, 40},
		"sun":           {func(s *Spec, x float64) { s.Sun = x }, 0, 1500},
		"heater_power":  {func(s *Spec, x float64) { s.HeaterPower = x }, 0, 100000},
		"cooler_power":  {func(s *Spec, x float64) { s.CoolerPower = x }, 0, 100000},
		"noise":         {func(s *Spec, x float64) { s.Noise = x }, 0, 5},
		"up":            {func(s *Spec, x float64) { s.Up = seconds(x) }, 1, 86400},
		"down":          {func(s *Spec, x float64) { s.Down = seconds(x) }, 1, 86400},
	}
	for field, n := range numbers {
		for _, x := range []float64{n.low, n.high} {
			wantViolation(t, "", func(s *Spec) { n.set(s, x) })
		}
		for _, x := range []float64{n.low - 1e-4, n.high + 1e-4, math.NaN(), math.Inf(1), math.Inf(-1)} {
			wantViolation(t, field, func(s *Spec) { n.set(s, x) })
		}
	}
	for _, model := range []string{"", "Room", "house"} {
		wantViolation(t, "model", func(s *Spec) { s.Model = model })
	}
	for _, place := range []string{"", "air", "wall", "window", "heater"} {
		wantViolation(t, "", func(s *Spec) { s.Place = place })
	}
	wantViolation(t, "place", func(s *Spec) { s.Place = "roof" })
	for _, model := range Models() {
		wantViolation(t, "", func(s *Spec) { *s = SpecOf(model) })
	}
}

// seconds is a duration; what is no duration at all becomes none.
func seconds(x float64) time.Duration {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return time.Duration(x * 1e9)
}

func wantViolation(t *testing.T, field string, change func(*Spec)) {
	t.Helper()
	s := Default()
	change(&s)
	vs := s.Validate()
	switch {
	case field == "" && len(vs) > 0:
		t.Errorf("%+v: %v", s, vs)
	case field != "" && (len(vs) != 1 || vs[0].Field != field || vs[0].Value == "" || vs[0].Bound == ""):
		t.Errorf("%+v: %v, want one of %s", s, vs, field)
	}
}
