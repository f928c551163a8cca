package guard

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// watched is a room on the bench of a guard: each call lets time pass with the
// room at a temperature and an order given, a look a minute.
type watched struct {
	p      Params
	g      Guard
	now    time.Time
	band   band
	mirror bool // a cooler: the same, upside down
	rest   bool // as while a window is open
}

// band is from cold to warm, in °C.
type band struct{ cold, warm float64 }

func around(celsius float64) band { return band{celsius - 0.5, celsius + 0.5} }

// noBand is that of a zone that is off.
var noBand = band{math.NaN(), math.NaN()}

const minute = time.Minute

var morning = time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)

// room has a heater and a cooler.
func room() Params { return Params{Heater: true, Cooler: true, StaleAfter: minute} }

func watch(change func(*Params)) *watched {
	p := room()
	p.Cooler = false
	if change != nil {
		change(&p)
	}
	return &watched{p: p, now: morning, band: around(20)}
}

func (w *watched) look(celsius float64, on bool) {
	w.now = w.now.Add(minute)
	in := Input{Now: w.now, Celsius: celsius, HeaterOn: on, Cold: w.band.cold, Warm: w.band.warm, Rest: w.rest}
	if w.mirror {
		in.Celsius = -celsius
		in.HeaterOn, in.CoolerOn = false, on
	}
	w.g = Watch(w.p, w.g, in)
}

// course lets the temperature go from one value to another, evenly.
func (w *watched) course(d time.Duration, on bool, from, to float64) *watched {
	for i, n := 1, int(d/minute); i <= n; i++ {
		w.look(from+(to-from)*float64(i)/float64(n), on)
	}
	return w
}

func (w *watched) expect(t *testing.T, what string, idle, stuck, tripped bool) {
	t.Helper()
	if h := w.g.Heat; h.Idle != idle || h.Stuck != stuck || h.Tripped != tripped {
		t.Errorf("%s: idle %v, stuck %v, tripped %v; learned %+v", what, h.Idle, h.Stuck, h.Tripped, h.Learned)
	}
}

// taught has seen the room follow its heater in half an hour, three times.
func taught(change func(*Params)) *watched {
	w := watch(change)
	for range 3 {
		w.course(30*minute, true, 19.4, 20.6).course(2*time.Hour, false, 20.6, 19.4)
	}
	return w
}

func electric(p *Params) { p.Electric = true }

func TestHeatInVainIsFoundAfterItsTime(t *testing.T) {
	w := watch(nil)
	w.course(12*time.Hour-minute, true, 19, 18)
	w.expect(t, "a room that nothing is known of, before its time", false, false, false)
	w.course(10*minute, true, 18, 18)
	w.expect(t, "and after", true, false, false)
	w.course(30*minute, true, 18, 18.5)
	w.expect(t, "once it follows", false, false, false)

	w = taught(nil)
	w.course(6*time.Hour-minute, true, 19.4, 18)
	w.expect(t, "a room that follows quickly, before its time", false, false, false)
	w.course(10*minute, true, 18, 18)
	w.expect(t, "and after", true, false, false)
	w.course(time.Hour, false, 18, 17)
	w.expect(t, "an order to stop proves nothing", true, false, false)
	w.course(minute, false, 21, 21)
	w.expect(t, "a room that got there, whoever did it", false, false, false)
}

func TestOrderedOnInVainTripsAnElectricHeaterAlone(t *testing.T) {
	w := taught(electric)
	w.course(6*time.Hour+10*minute, true, 19.4, 18)
	w.expect(t, "in vain", true, false, true)
	w.course(time.Hour, true, 18, 21)
	w.expect(t, "latched, even if it gets there", true, false, true)
	w.g.Clear()
	w.expect(t, "cleared", false, false, false)
	w.course(3*time.Hour, true, 18, 18)
	w.expect(t, "with all its time again", false, false, false)
}

// Orders and pauses add up: max_on must not hide a dead heater.
func TestPausesDoNotHideADeadHeater(t *testing.T) {
	w := taught(nil)
	for range 7 {
		w.course(time.Hour, true, 18, 18).course(10*minute, false, 18, 18)
	}
	w.expect(t, "six hours of orders", true, false, false)
}

// A heater that warmed and then holds a cold day is no fault; one that loses
// the room again is.
func TestHoldingIsNoFault(t *testing.T) {
	w := taught(nil)
	w.course(time.Hour, true, 18.5, 19.5).course(24*time.Hour, true, 19.5, 19.2)
	w.expect(t, "holds", false, false, false)
	w.course(3*time.Hour, true, 19.2, 18.4)
	w.expect(t, "has lost a kelvin", true, false, false)
}

// Noise and steps of a sensor are no proof.
func TestNoiseIsNoProof(t *testing.T) {
	w := watch(nil)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 13 * 60 {
		w.look(math.Round((18+0.1*rng.NormFloat64())*16)/16, true)
	}
	w.expect(t, "noise alone", true, false, false)
}

func TestWarmingWhileOrderedOffIsFoundAfterItsTime(t *testing.T) {
	w := taught(nil).course(30*minute, true, 19.4, 20.6)
	w.course(8*time.Hour, false, 20.6, 28).course(18*time.Hour, false, 28, 28)
	w.expect(t, "before its time", false, false, false)
	w.course(3*time.Hour, false, 28, 29)
	w.expect(t, "a day and a night far past the band", false, true, false)
	w.course(time.Hour, false, 29, 19.4).course(minute, true, 19.4, 19.4)
	w.expect(t, "back in its band", false, false, false)
}

// What sun, stove and weather do.
func TestWarmingForOtherReasonsRaisesNoFault(t *testing.T) {
	w := taught(nil).course(30*minute, true, 19.4, 20.6)
	w.course(10*time.Hour, false, 20.6, 29).course(14*time.Hour, false, 29, 22)
	for range 3 {
		w.course(10*time.Hour, false, 22, 29).course(14*time.Hour, false, 29, 22)
	}
	w.expect(t, "days of sun from the first minute on", false, false, false)

	w = taught(nil).course(30*minute, true, 19.4, 20.6)
	w.course(time.Hour, false, 20.6, 20.1).course(4*time.Hour, false, 20.1, 30).course(40*time.Hour, false, 30, 31)
	w.expect(t, "a heat wave, after the room had gone back first", false, false, false)

	w = taught(nil).course(30*minute, true, 19.4, 20.6)
	w.course(130*time.Hour, false, 20.6, 24).course(100*time.Hour, false, 24, 30)
	w.expect(t, "spring becomes summer", false, false, false)

	w = watch(nil).course(4*time.Hour, false, 20, 30).course(30*time.Hour, false, 30, 30)
	w.expect(t, "a room that the heater never warmed", false, false, false)

	w = taught(nil).course(30*minute, true, 19.4, 20.6)
	w.band = around(27)
	w.course(4*time.Hour, false, 20.6, 28).course(30*time.Hour, false, 28, 28)
	w.expect(t, "a band that was raised", false, false, false)

	w = taught(nil).course(30*minute, true, 19.4, 20.6).course(4*time.Hour, false, 20.6, 30).course(10*time.Hour, false, 30, 30)
	w.now = w.now.Add(minute)
	w.g = Watch(w.p, w.g, Input{Now: w.now, Celsius: 30, CoolerOn: true, Cold: 19.5, Warm: 20.5})
	w.course(15*time.Hour, false, 30, 30)
	w.expect(t, "a cooler that ran meanwhile", false, false, false)
}

func TestBeyondIs2KelvinPastTheBandWithEverythingOff(t *testing.T) {
	for _, row := range []struct {
		celsius        float64
		heater, cooler bool
		band           band
		want           bool
	}{
		{22.5, false, false, around(20), true}, {22.49, false, false, around(20), false},
		{30, true, false, around(20), false}, {30, false, true, around(20), false},
		{30, false, false, noBand, false},
	} {
		g := Watch(room(), Guard{}, Input{
			Now: morning, Celsius: row.celsius, HeaterOn: row.heater, CoolerOn: row.cooler, Cold: row.band.cold, Warm: row.band.warm,
		})
		if g.Heat.Beyond != row.want {
			t.Errorf("%+v: %v", row, g.Heat.Beyond)
		}
	}
	g := Watch(room(), Guard{}, Input{Now: morning, Celsius: 17.5, Cold: 19.5, Warm: 20.5})
	if !g.Cool.Beyond || g.Heat.Beyond {
		t.Errorf("2 K below the band of a cooler: %+v", g)
	}
}

// opening is an off phase that went on until the safety relay opened, and back then.
func (w *watched) opening(top float64) *watched {
	w.course(30*minute, true, 19.4, 20.6)
	return w.course(time.Hour, false, 20.6, top).course(2*time.Hour, false, top, 19.4)
}

// A safety relay that ends the warming, again and again, finds the weld.
func TestFiveOpeningsThatEndTheWarmingFindTheWeld(t *testing.T) {
	w := taught(nil)
	for range 5 {
		w.expect(t, "too few", false, false, false)
		w.opening(22.6)
	}
	w.course(minute, true, 19.4, 19.4)
	w.expect(t, "the fifth", false, true, false)
	w.course(30*minute, true, 19.4, 20.6).course(2*time.Hour, false, 20.6, 19.4).course(minute, true, 19.4, 19.4)
	w.expect(t, "an off phase that went back by itself", false, false, false)

	w = taught(nil)
	for range 10 {
		w.opening(24.5)
	}
	w.expect(t, "sun, which goes on all the same", false, false, false)
}

// A cooler is a heater upside down.
func TestCoolerIsAHeaterUpsideDown(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	w, m := watch(electric), watch(electric)
	m.mirror, m.p.Heater, m.p.Cooler = true, false, true
	m.band = around(-20)
	x, on := 20.0, false
	for range 20000 {
		if rng.IntN(200) == 0 {
			on = !on
		}
		x += 0.05 * rng.NormFloat64()
		w.look(x, on)
		m.look(x, on)
		if a, b := w.g.Heat, m.g.Cool; a != b {
			t.Fatalf("heater %+v, cooler %+v", a, b)
		}
	}
}

// Without a reading nothing is judged and no time counts; a clock that goes
// back, a value that is no number, and a long gap do no harm.
func TestGuardIsBlindWithoutReadings(t *testing.T) {
	w := taught(electric)
	was := w.g.Heat
	for range 48 * 60 {
		w.now = w.now.Add(minute)
		w.g = Watch(w.p, w.g, Input{Now: w.now, Celsius: math.NaN(), HeaterOn: true, Cold: 19.5, Warm: 20.5})
	}
	w.look(math.NaN(), true)
	w.now = w.now.Add(-10 * time.Hour)
	w.look(18, true)
	w.now = w.now.Add(100 * time.Hour)
	w.look(18, true)
	w.course(5*time.Hour, true, 18, 18)
	w.expect(t, "blind", false, false, false)
	if was.Learned.Proofs != w.g.Heat.Learned.Proofs {
		t.Errorf("it learned %+v", w.g.Heat.Learned)
	}
}

// TestWhileTheWatchersRestNothingIsLearnedAndBeyondIsSeenAllTheSame: what comes in by a
// window is no weld, but the safety relay opens 2 K past the band.
func TestWhileTheWatchersRestNothingIsLearnedAndBeyondIsSeenAllTheSame(t *testing.T) {
	w := taught(nil).course(30*minute, true, 19.4, 20.6)
	w.course(8*time.Hour, false, 20.6, 28)
	w.rest = true
	w.course(120*time.Hour, false, 28, 29)
	w.expect(t, "far past the band for days", false, false, false)
	if !w.g.Heat.Beyond {
		t.Error("2 K past the band, and the safety relay is not told")
	}
	was := w.g.Heat.Learned
	w.course(time.Hour, false, 29, 20).course(6*time.Hour, false, 20, 5)
	if w.g.Heat.Beyond || w.g.Heat.Learned != was {
		t.Errorf("beyond %v; learned %+v, was %+v", w.g.Heat.Beyond, w.g.Heat.Learned, was)
	}
	w.rest = false
	w.course(12*time.Hour, false, 28, 28)
	w.expect(t, "the time before it is not forgotten, and none was added", false, false, false)
	w.course(9*time.Hour, false, 28, 28)
	w.expect(t, "until it is enough", false, true, false)
}

// TestTimeWithoutAReadingIsNoTimeThatARoomWasSeenWarm: a sensor that was dead for a day proves no welded contact.
func TestTimeWithoutAReadingIsNoTimeThatARoomWasSeenWarm(t *testing.T) {
	w := taught(nil)
	w.course(30*minute, true, 19.4, 20.6).course(2*time.Hour, false, 20.6, 28)
	w.course(22*time.Hour, false, math.NaN(), math.NaN()).course(10*minute, false, 28, 28)
	w.expect(t, "seen for ten minutes since", false, false, false)
	w.course(20*time.Hour, false, 28, 28)
	w.expect(t, "and for 20 h more", false, true, false)
}
