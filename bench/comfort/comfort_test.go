package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"thermostat/house"
)

// TestALawThatLearnsIsComfortableOnTimeAtNoMoreEnergy: in each room, over a week with set-backs, it
// leaves at most 3 % of the discomfort of plain hysteresis, takes no more energy than the most comfortable
// fixed lead + 1 %, and starts the heater within its budget + 10 %.
func TestALawThatLearnsIsComfortableOnTimeAtNoMoreEnergy(t *testing.T) {
	for _, r := range tried() {
		t.Run(r.preset, func(t *testing.T) {
			t.Parallel()
			p, _ := house.Preset(r.preset)
			uneasy := func(f outcome) float64 { return f.below + f.above }
			base, best, is := outcome{}, outcome{below: math.Inf(1)}, outcome{}
			for _, l := range laws() {
				f := mean(p, l, r.budget, week)
				switch {
				case l.name == "foresee":
					is = f
				case l.name == "hysteresis ±0.5":
					base = f
				case strings.HasSuffix(l.name, "ahead") && uneasy(f) < uneasy(best):
					best = f
				}
			}
			if uneasy(is) > 0.03*uneasy(base) {
				t.Errorf("%.2f K·h of discomfort, plain hysteresis has %.2f", uneasy(is), uneasy(base))
			}
			if is.energy > 1.01*best.energy {
				t.Errorf("%.1f kWh, the most comfortable fixed lead takes %.1f", is.energy, best.energy)
			}
			if is.starts > 1.1*r.budget {
				t.Errorf("%.1f starts a day, and the budget is %v", is.starts, r.budget)
			}
			if quantile(is.late, 0.5) > 15 {
				t.Errorf("late by %.0f min in half of the mornings", quantile(is.late, 0.5))
			}
			if is.errors.Quantile(0.5) > 0.06 || is.errors.Quantile(0.9) > 0.2 {
				t.Errorf("foreseen peaks and troughs are wrong by %.3f K in the middle, and %.3f K at nine of ten", is.errors.Quantile(0.5), is.errors.Quantile(0.9))
			}
		})
	}
}

// tried are all rooms; in short runs one.
func tried() []room {
	if testing.Short() {
		return rooms[2:3]
	}
	return rooms
}

// TestWithOneTemperatureItSwingsNoMoreThanHysteresis: that of ±0.3 K, about which it starts as often.
func TestWithOneTemperatureItSwingsNoMoreThanHysteresis(t *testing.T) {
	for _, r := range tried() {
		t.Run(r.preset, func(t *testing.T) {
			t.Parallel()
			p, _ := house.Preset(r.preset)
			all := laws()
			base, is := mean(p, all[0], r.budget, always), mean(p, all[len(all)-1], r.budget, always)
			if is.rms > 1.1*base.rms || math.Abs(is.mean) > 0.12 || is.starts > 1.1*max(r.budget, base.starts) {
				t.Errorf("%.3f K of swing, %+.3f K of mean, %.1f starts a day; hysteresis of ±0.3 K has %.3f K, %+.3f K, %.1f", is.rms, is.mean, is.starts, base.rms, base.mean, base.starts)
			}
		})
	}
}

// TestTheSameSeedIsTheSameLife: laws are compared in one weather.
func TestTheSameSeedIsTheSameLife(t *testing.T) {
	p, _ := house.Preset("radiator")
	a, b, other := live(p, plain{half: 0.5}, week, 1), live(p, plain{half: 0.5}, week, 1), live(p, plain{half: 0.5}, week, 2)
	if a.energy != b.energy || a.below != b.below || a.energy == other.energy {
		t.Errorf("%+v, again %+v, with another seed %+v", a, b, other)
	}
}

// TestThePicturesOfTheLawAreThoseOfItsRuns: `go run ./bench/comfort -pictures docs` makes them anew, and docs/control.md shows them with their figures.
func TestThePicturesOfTheLawAreThoseOfItsRuns(t *testing.T) {
	text, err := os.ReadFile("../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	all := courses()
	for _, s := range scenes {
		is, err := os.ReadFile("../../docs/" + s.file)
		if err != nil || !bytes.Equal(is, s.draw(all)) {
			t.Errorf("docs/%s is another picture than the command makes (%v)", s.file, err)
		}
		if want := "![" + s.words(all) + "](" + s.file + ")"; !strings.Contains(string(text), want) {
			t.Errorf("docs/control.md does not have %s", want)
		}
	}
}

// TestTheDayOfThePicturesIsACommonOne: half of the times that the plain thermostat is late in that room it is later than on
// the picture, and while foresee looks ahead nothing is late and nothing leaves what is comfortable.
func TestTheDayOfThePicturesIsACommonOne(t *testing.T) {
	p, _ := house.Preset("radiator")
	all := courses()
	plainly, foresee := all[0], all[1]
	late := 60 * (plainly.first(wakes, func(p point) bool { return p.real >= present-half }).hour - wakes)
	if median := quantile(mean(p, named{"", func(float64) law { return plain{half: half} }}, 0, week).late, 0.5); late > median {
		t.Errorf("late by %.0f min, and by %.0f in the middle of all", late, median)
	}
	for _, at := range foresee.points {
		if at.desired == present && math.Abs(at.real-present) > half {
			t.Fatalf("foresee has %.2f °C at %s", at.real, clock(at.hour))
		}
	}
}
