package figures

import (
	"math"
	"testing"
	"time"

	"thermostat/house"
)

// course feeds a tally with a minute for each temperature; heat is on where the
// pattern says.
func course(t *Tally, comfort float64, heat string, celsius ...float64) {
	for i, c := range celsius {
		span := time.Minute
		if i == 0 {
			span = 0
		}
		t.Add(&house.Moment{Span: span, Air: c, Desired: 20, Low: 19.5, High: 20.5, Comfort: comfort, Heating: heat[i] == '#'})
	}
}

// By hand: of four minutes two are 1 K too cold past the half K, one 2 K too
// warm past it.
func TestDiscomfortEqualsTheHandCalculation(t *testing.T) {
	tally := NewTally(0.5)
	course(tally, 20, ".....", 20, 18.5, 18.5, 22.5, 20.4)
	f := tally.Figures()
	if math.Abs(f.Below-2*1.0/60) > 1e-12 || math.Abs(f.Above-2.0/60) > 1e-12 || math.Abs(f.Discomfort()-4.0/60) > 1e-12 {
		t.Errorf("below %v, above %v K·h", f.Below, f.Above)
	}
	if want := math.Sqrt((1.5*1.5*2 + 2.5*2.5 + 0.4*0.4) / 4); math.Abs(f.RMS-want) > 1e-12 {
		t.Errorf("root mean square %v, want %v", f.RMS, want)
	}
	if f.Coldest != 18.5 || f.Warmest != 22.5 || f.Time != 4*time.Minute {
		t.Errorf("%+v", f)
	}
}

// Nobody is there: nothing is uncomfortable, and a deviation is not known.
func TestNothingIsUncomfortableWhileNobodyIsThere(t *testing.T) {
	tally := NewTally(0.5)
	course(tally, math.NaN(), "...", 10, 10, 10)
	if f := tally.Figures(); f.Discomfort() != 0 || !math.IsNaN(f.RMS) || f.Coldest != 10 {
		t.Errorf("%+v", f)
	}
}

func TestSwitchesAndStretchesEqualTheHandCalculation(t *testing.T) {
	tally := NewTally(0.5)
	// on at minute 1, off at 4, on at 6, off at 7; the first off and the last are not complete
	course(tally, 20, ".###..#..", 20, 20, 20, 20, 20, 20, 20, 20, 20)
	f := tally.Figures()
	if f.Switches != 4 || f.ShortestOn != time.Minute || f.ShortestOff != 2*time.Minute {
		t.Errorf("%+v", f)
	}
	if f.Heated != 4*time.Minute || math.Abs(f.Energy(1500, 0)-0.1) > 1e-12 {
		t.Errorf("heated %v, %v kWh", f.Heated, f.Energy(1500, 0))
	}
	if got, want := f.SwitchesPerDay(), 4/(8.0/60/24); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v switches a day, want %v", got, want)
	}
	if !math.IsNaN(f.Energy(math.NaN(), 0)) || f.Energy(1500, math.NaN()) != f.Energy(1500, 0) {
		t.Error("a power that is not known counts only where it ran")
	}
}

// What the air goes past the band within an hour after a stretch is overshoot;
// what the sun makes of it later is not.
func TestOvershootCountsForAnHourAfterAStretch(t *testing.T) {
	celsius := []float64{20, 20.3, 20.6, 21.1, 20.9}
	heat := ".##.."
	for range 70 {
		celsius, heat = append(celsius, 20.4), heat+"."
	}
	celsius, heat = append(celsius, 25), heat+"."
	tally := NewTally(0.5)
	course(tally, 20, heat, celsius...)
	if f := tally.Figures(); math.Abs(f.Overshoot-0.6) > 1e-12 {
		t.Errorf("%v K, want 0.6", f.Overshoot)
	}
}

// A setback lowers the band under the room while its heater still serves min_on,
// or at the moment the heat ends: the slow fall to the new band is no overshoot.
// A band that is raised again counts from then on. A cooler is the mirror of it.
func TestSetbackIsNoOvershoot(t *testing.T) {
	type step struct {
		celsius, top float64
		on           bool
	}
	for name, c := range map[string]struct {
		course []step
		want   float64
	}{
		"at the end of the heat":    {[]step{{20, 20.5, false}, {20, 20.5, true}, {20, 20.5, true}, {20, 16.5, false}, {20, 16.5, false}}, 0},
		"while it is still on":      {[]step{{20, 20.5, false}, {20, 20.5, true}, {20, 16.5, true}, {20, 16.5, true}, {20.1, 16.5, false}, {19, 16.5, false}}, 0},
		"past the old band":         {[]step{{20, 20.5, false}, {20, 20.5, true}, {20.4, 16.5, true}, {20.7, 16.5, false}, {20.8, 16.5, false}}, 0.3},
		"after the fall":            {[]step{{20, 20.5, true}, {20, 16.5, false}, {16.4, 16.5, false}, {15, 16.5, true}, {16.6, 16.5, false}, {16.7, 16.5, false}}, 0.2},
		"raised again":              {[]step{{20, 16.5, false}, {20, 20.5, true}, {20.6, 20.5, false}, {21, 20.5, false}}, 0.5},
		"begun above the band":      {[]step{{25, 20.5, true}, {25, 20.5, false}, {25, 20.5, false}}, 0},
		"begun above and on":        {[]step{{25, 20.5, true}, {25, 20.5, true}, {25.5, 20.5, false}}, 0},
		"mode off ends the heat":    {[]step{{20, 20.5, true}, {20.4, 20.5, true}, {20.6, math.NaN(), false}, {20.9, math.NaN(), false}}, 0.4},
		"no setpoint ever":          {[]step{{20, math.NaN(), true}, {22, math.NaN(), false}, {25, math.NaN(), false}}, 0},
		"lowered, and still inside": {[]step{{20, 21.5, true}, {20, 20.5, true}, {20.6, 20.5, false}, {20.9, 20.5, false}}, 0.4},
	} {
		heats, cools := NewTally(0.5), NewTally(0.5)
		for _, s := range c.course {
			heats.Add(&house.Moment{Span: time.Minute, Air: s.celsius, Low: s.top - 1, High: s.top, Heating: s.on})
			cools.Add(&house.Moment{Span: time.Minute, Air: -s.celsius, Low: -s.top, High: 1 - s.top, Cooling: s.on})
		}
		if h, k := heats.Figures().Overshoot, cools.Figures().Overshoot; math.Abs(h-c.want) > 1e-9 || math.Abs(k-c.want) > 1e-9 {
			t.Errorf("%s: heating %v K, cooling %v K, want %v", name, h, k, c.want)
		}
	}
}
