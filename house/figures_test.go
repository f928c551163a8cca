package house

import (
	"math"
	"testing"
	"time"
)

// course feeds a tally with a minute for each temperature; heat is on where the
// pattern says.
func course(t *Tally, comfort float64, heat string, celsius ...float64) {
	for i, c := range celsius {
		span := time.Minute
		if i == 0 {
			span = 0
		}
		t.Add(&Moment{Span: span, Air: c, Desired: 20, Low: 19.5, High: 20.5, Comfort: comfort, Heating: heat[i] == '#'})
	}
}

// By hand: of four minutes two are 1 K too cold past the half K, one 2 K too
// warm past it.
func TestDiscomfortByHand(t *testing.T) {
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
func TestNobodyThereCountsNothing(t *testing.T) {
	tally := NewTally(0.5)
	course(tally, math.NaN(), "...", 10, 10, 10)
	if f := tally.Figures(); f.Discomfort() != 0 || !math.IsNaN(f.RMS) || f.Coldest != 10 {
		t.Errorf("%+v", f)
	}
}

func TestSwitchesAndStretchesByHand(t *testing.T) {
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
func TestOvershootByHand(t *testing.T) {
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

// A setback lowers the band at the moment the heat ends: that is no overshoot.
func TestSetbackIsNoOvershoot(t *testing.T) {
	tally := NewTally(0.5)
	for i, heating := range []bool{false, true, true, false, false} {
		m := Moment{Span: time.Minute, Air: 20, Low: 19.5, High: 20.5, Comfort: 20, Heating: heating}
		if i >= 3 {
			m.Low, m.High = 15.5, 16.5
		}
		tally.Add(&m)
	}
	if f := tally.Figures(); f.Overshoot != 0 {
		t.Errorf("%v K", f.Overshoot)
	}
}
