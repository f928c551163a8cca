package figures

import (
	"math"
	"testing"
	"time"

	"thermostat/house"
)

// TestTheAccuracyIsThatOfCyclesAtOneTemperature: by hand. The cycle that leads to a temperature does not count, nor one in which
// another is asked for or the room is warmed for later; where no two follow each other it is not known.
func TestTheAccuracyIsThatOfCyclesAtOneTemperature(t *testing.T) {
	tally := NewTally(0.5)
	early := false
	live := func(desired float64, heat string, celsius ...float64) {
		for i, c := range celsius {
			tally.Add(&house.Moment{Span: time.Minute, Air: c, Desired: desired, Early: early, Heating: heat[i] == '#'})
		}
	}
	live(20, "#.", 15, 22)
	if s := tally.Figures().Steady; s.Cycles != 0 || !math.IsNaN(s.Accuracy()) {
		t.Errorf("%+v", s)
	}
	live(20, "##..#..#", 19, 20, 21, 20, 20, 20, 20.6, 20) // 19..21 around 20.25, then 20..20.6 around 20.2
	live(17, "..#..#", 19, 18, 17, 18, 17, 17)
	early = true
	live(17, "..#..#..#", 17, 18, 20, 21, 20, 20, 21, 20, 20)
	s := tally.Figures().Steady
	deviation, variation := (0.25+0.2)/2, (1+0.3)/2
	if s.Cycles != 2 || math.Abs(s.Deviation()-deviation) > 1e-9 || math.Abs(s.Variation()-variation) > 1e-9 || math.Abs(s.Accuracy()-deviation-variation) > 1e-9 {
		t.Errorf("%+v: %v ± %v K", s, s.Deviation(), s.Variation())
	}
}

// TestSeveralRunsHaveTheirMeanAndTheWorst: rates and sums are means, extremes are the worst of all.
func TestSeveralRunsHaveTheirMeanAndTheWorst(t *testing.T) {
	day := 24 * time.Hour
	f := Mean([]Figures{
		{Time: day, Below: 1, Above: 4, RMS: 3, Overshoot: 1, Switches: 5, Starts: 2, ShortestOn: time.Minute, Heated: time.Hour, Coldest: 18, Warmest: 22, Steady: Steady{1, 0.2, 0.4}},
		{Time: day, Below: 2, Above: 0, RMS: 4, Overshoot: 2, Switches: 10, Starts: 5, ShortestOff: time.Hour, Heated: 2 * time.Hour, Coldest: 17, Warmest: 21, Steady: Steady{3, -1, 1.2}},
	})
	want := Figures{Time: day, Below: 1.5, Above: 2, RMS: math.Sqrt(12.5), Overshoot: 2, Switches: 7.5, Starts: 3.5, ShortestOn: time.Minute, ShortestOff: time.Hour, Heated: 90 * time.Minute, Coldest: 17, Warmest: 22, Steady: Steady{4, -0.8, 1.6}}
	if f != want {
		t.Errorf("%+v\nwant %+v", f, want)
	}
}
