package house

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// lived is a week of a room under a plain thermostat with a setback at night,
// as a thermometer shows it once a minute.
func lived(p PhysicalParams, seed uint64, days int, outdoors bool, desired func(clock time.Duration) float64) *Record {
	rng := rand.New(rand.NewPCG(seed, 9))
	room, shows, r := NewPhysical(p), NewThermometer(0.03, seed), &Record{}
	cools := p.HeaterPower == 0
	on := false
	swing := 2.0
	for k := range days * 24 * 60 {
		if k%(24*60) == 0 { // no day is like the other
			room.Expose(p.Outdoor+swing*rng.NormFloat64(), 0, 0)
		}
		clock := time.Duration(k) * time.Minute % day
		celsius, driven := shows.Show(room.Sensed()), share[on]
		if cools {
			driven = -driven
		}
		outdoor := math.NaN()
		if outdoors {
			outdoor = room.Outdoor()
		}
		r.Add(celsius, time.Minute, driven, outdoor, 0)
		d := celsius - desired(clock)
		if cools {
			d = -d
		}
		on = d < -0.3 || on && d < 0.3
		room.Heat(on && !cools)
		room.Cool(on && cools)
		room.Advance(time.Minute)
	}
	return r
}

// setback is a day of two temperatures.
func setback(clock time.Duration) float64 {
	if clock < 6*time.Hour || clock >= 22*time.Hour {
		return 17
	}
	return 21
}

func near(t *testing.T, what string, got Figure, want float64) {
	t.Helper()
	if !(math.Abs(got.Value-want) <= 0.1*want) {
		t.Errorf("%s: %.3f ± %.0f %%, in truth %.3f", what, got.Value, 100*got.Doubt, want)
	}
}

// From a week of minutes, with noise and steps, every known room is found to a
// tenth, and the estimate knows that it is.
func TestEstimateRecoversKnownRooms(t *testing.T) {
	for _, name := range Presets() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				p, _ := Preset(name)
				p.Sun = 0
				desired, watt := setback, p.HeaterPower
				switch name {
				case "refrigerator":
					p.HeaterPower, watt = 0, p.CoolerPower
					desired = func(clock time.Duration) float64 { return setback(clock)/4 - 1 }
				case "fermenter":
					desired = func(clock time.Duration) float64 { return setback(clock) + 2 }
				default:
					p.Outdoor += 8*float64(seed) - 4
				}
				e, err := EstimateRoom(lived(p, seed, 7, true, desired), watt)
				if err != nil {
					t.Fatal(err)
				}
				if p.HeaterPower == 0 {
					p.Heater, p.HeaterPower = p.Cooler, p.CoolerPower
				}
				near(t, "steady rise, K", e.Gain, riseOf(p))
				near(t, "slowest time constant, h", e.Slow, slowOf(p))
				near(t, "first hour, K", e.Hour, hourOf(p))
				if !e.Told {
					t.Errorf("seed %d: it does not trust itself: %+v %+v %+v", seed, e.Gain, e.Slow, e.Hour)
				}
			}
		})
	}
}

// Where sun disturbs, nothing moves, or the outdoors are not recorded, an
// estimate either is right to a tenth or says that the data cannot tell.
func TestEstimateSaysWhatTheDataCannotTell(t *testing.T) {
	constant := func(time.Duration) float64 { return 20 }
	var humble atomic.Int32
	t.Run("rooms", func(t *testing.T) {
		for _, name := range []string{"timber", "massive"} {
			for _, c := range []struct {
				what     string
				days     int
				sun      float64
				outdoors bool
				desired  func(time.Duration) float64
			}{
				{"sun", 7, 200, true, setback},
				{"one setpoint", 7, 0, true, constant},
				{"outdoors not recorded", 7, 0, false, setback},
				{"one setpoint for a day, outdoors not recorded", 1, 0, false, constant},
				{"one setpoint for a day", 1, 0, true, constant},
			} {
				t.Run(name+", "+c.what, func(t *testing.T) {
					t.Parallel()
					p, _ := Preset(name)
					p.Sun = c.sun
					e, err := EstimateRoom(lived(p, 1, c.days, c.outdoors, c.desired), p.HeaterPower)
					if err != nil {
						t.Fatal(err)
					}
					if !e.Told {
						humble.Add(1)
						return
					}
					near(t, "rise", e.Gain, riseOf(p))
					near(t, "slow", e.Slow, slowOf(p))
					near(t, "hour", e.Hour, hourOf(p))
				})
			}
		}
	})
	t.Logf("%d of 10 cannot be told", humble.Load())
	if humble.Load() < 2 {
		t.Error("it trusts itself where nothing could be learned")
	}
}

func TestEstimateRefusesWhatTeachesNothing(t *testing.T) {
	for what, fill := range map[string]func(*Record){
		"shorter":     func(r *Record) { addMinutes(r, 300, func(k int) float64 { return float64(k / 30 % 2) }) },
		"ran":         func(r *Record) { addMinutes(r, 3000, func(int) float64 { return 0 }) },
		"hardly ever": func(r *Record) { addMinutes(r, 3000, func(int) float64 { return 1 }) },
	} {
		r := &Record{}
		fill(r)
		if _, err := EstimateRoom(r, 1000); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func addMinutes(r *Record, n int, driven func(k int) float64) {
	for k := range n {
		r.Add(20, time.Minute, driven(k), 3, 0)
	}
}

// However long a record is, it is kept in a bounded number of spans, and
// nothing of it is lost.
func TestRecordIsBounded(t *testing.T) {
	r := &Record{}
	const n = 2_000_000
	for k := range n {
		r.Add(20, 5*time.Second, float64(k%2), 3, 0)
	}
	var count, driven, seconds float64
	for _, s := range r.spans {
		count, driven, seconds = count+s.count, driven+s.driven, seconds+s.seconds
	}
	if len(r.spans) > mostSpans || count != n-1 || math.Abs(seconds-5*(n-1)) > 1 || math.Abs(driven-seconds/2) > 5 {
		t.Errorf("%d spans, %v readings, %v s, %v s driven", len(r.spans), count, seconds, driven)
	}
}

// The solver against a straight line, by hand, and against itself: what is left
// is orthogonal to every column.
func TestLeastSquaresFindTheLineAndLeaveAnOrthogonalRest(t *testing.T) {
	line := &normal{unknowns: 2}
	for x := range 5 {
		line.add(&[maxUnknowns]float64{1, float64(x)}, 3+2*float64(x))
	}
	if got, ok := line.solve(0); !ok || math.Abs(got[0]-3) > 1e-12 || math.Abs(got[1]-2) > 1e-12 {
		t.Errorf("%v %v", got, ok)
	}
	if v := line.variance([maxUnknowns]float64{0, 1}); math.Abs(v-0.1) > 1e-12 { // 1/Σ(x-2)² = 1/10
		t.Errorf("variance %v", v)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	n := &normal{unknowns: 7}
	var rows [][maxUnknowns]float64
	var right []float64
	for range 50 {
		var row [maxUnknowns]float64
		for i := range n.unknowns {
			row[i] = rng.NormFloat64() * math.Pow(10, float64(i%3))
		}
		rows, right = append(rows, row), append(right, rng.NormFloat64())
		n.add(&row, right[len(right)-1])
	}
	x, _ := n.solve(0)
	for i := range n.unknowns {
		dot := 0.0
		for k, row := range rows {
			left := right[k]
			for j := range n.unknowns {
				left -= row[j] * x[j]
			}
			dot += left * row[i]
		}
		if math.Abs(dot) > 1e-9 {
			t.Errorf("column %d: %g", i, dot)
		}
	}
	flat := &normal{unknowns: 2}
	flat.add(&[maxUnknowns]float64{1, 1}, 1)
	if _, ok := flat.solve(0); ok || !math.IsInf(flat.variance([maxUnknowns]float64{1}), 1) {
		t.Error("one equation for two unknowns was solved")
	}
}

// Whatever a record holds, an estimate comes to an end, and claims nothing for noise.
func TestAnEstimateOfNonsenseEndsAndClaimsNothing(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 11))
		r := &Record{}
		for range 700 {
			r.Add(40*rng.NormFloat64(), time.Duration(rng.Int64N(int64(10*time.Minute))), float64(rng.IntN(3)-1), 30*rng.NormFloat64(), 0)
		}
		if e, err := EstimateRoom(r, 1000); err == nil && e.Told {
			t.Errorf("seed %d: %+v", seed, e)
		}
	}
}
