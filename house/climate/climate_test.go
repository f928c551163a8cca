package climate

import (
	"math"
	"testing"
	"time"
)

// TestASeasonIsWhatItsConstantsSay: outdoors it is as cold as they say, and as variable, and the same seed is the same season.
func TestASeasonIsWhatItsConstantsSay(t *testing.T) {
	live := func(seed uint64) (mean, deviation, last float64) {
		s := New(Winter(), seed)
		const years = 10
		n, sum, squares := 0.0, 0.0, 0.0
		for at := time.Duration(0); at < years*365*24*time.Hour; at += Step {
			last, _, _ = s.Next(at, true)
			n, sum, squares = n+1, sum+last, squares+last*last
		}
		mean = sum / n
		return mean, math.Sqrt(squares/n - mean*mean), last
	}
	w := Winter()
	want := math.Sqrt(w.Wander*w.Wander + w.Swing*w.Swing/2)
	mean, deviation, last := live(1)
	if math.Abs(mean-w.Mean) > 0.3 || math.Abs(deviation-want) > 0.3 {
		t.Errorf("outdoors %.2f ± %.2f °C, want %.2f ± %.2f", mean, deviation, w.Mean, want)
	}
	if _, _, again := live(1); again != last {
		t.Errorf("the same seed ends at %v and %v °C", last, again)
	}
	if _, _, other := live(2); other == last {
		t.Error("another seed is the same season")
	}
}

// TestAWindowIsOpenAsOftenAsSaid: and only while somebody is at home; the sun shines by day alone.
func TestAWindowIsOpenAsOftenAsSaid(t *testing.T) {
	s := New(Winter(), 1)
	opened, was := 0, time.Duration(0)
	const days = 2000
	for at := time.Duration(0); at < days*24*time.Hour; at += Step {
		home := at%(24*time.Hour) >= 12*time.Hour
		if _, _, opening := s.Next(at, home); (opening > 0) != (s.open > 0) {
			t.Fatalf("a window lets %v W/K through, and is open for %v", opening, s.open)
		}
		if s.open > was {
			if opened++; !home {
				t.Fatal("a window opens while nobody is at home")
			}
		}
		was = s.open
	}
	if a := float64(opened) / days; math.Abs(a-Winter().Windows) > 0.1 {
		t.Errorf("%.2f times a day, want %v", a, Winter().Windows)
	}
}
