package comfort

import (
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/slope"
)

var contact30s = Window{Contact: true, Delay: 30 * time.Second, CloseDelay: 30 * time.Second, Max: 30 * time.Minute}

// TestAnOpenWindowEndsTheHeatAndAClosedOneLetsItBack: after its delays; the mode stays,
// and min_off is served.
func TestAnOpenWindowEndsTheHeatAndAClosedOneLetsItBack(t *testing.T) {
	d := winter(t, 1500, 18, manual(controlloop.ModeHeat, 21))
	d.plan.Frost, d.plan.Window, d.contact = Frost{}, contact30s, controlloop.WindowClosed
	if d.live(10 * time.Minute); !d.was || d.target.Window != controlloop.WindowClosed {
		t.Fatalf("%+v", d.target)
	}
	d.contact = controlloop.WindowOpen
	if d.live(25 * time.Second); !d.was {
		t.Error("off before the delay")
	}
	d.contact = controlloop.WindowClosed
	d.live(10 * time.Second)
	d.contact = controlloop.WindowOpen
	if d.live(30 * time.Second); !d.was {
		t.Error("the delay begins anew with each opening")
	}
	d.live(5 * time.Second)
	s := d.stepper.State()
	if d.was || s.Action != controlloop.ActionIdle || s.Reason != controlloop.ReasonWindowOpen ||
		d.target.Why != WindowOpen || d.target.Setpoint.Mode != controlloop.ModeHeat || d.target.Setpoint.Desired != 21 || d.target.Window != controlloop.WindowOpen {
		t.Errorf("%v %v, %+v", s.Action, s.Reason, d.target)
	}
	if d.live(3 * time.Hour); d.on > 0 {
		t.Error("a contact pauses as long as it is open")
	}
	d.contact = controlloop.WindowClosed
	if d.live(30 * time.Second); d.was {
		t.Error("on before the close_delay")
	}
	if d.live(10 * time.Second); !d.was || d.target.Why != Manual {
		t.Errorf("%+v", d.target)
	}
}

// TestAContactThatNobodyHearsKeepsNoRoomCold: not known counts as closed.
func TestAContactThatNobodyHearsKeepsNoRoomCold(t *testing.T) {
	d := winter(t, 1500, 18, manual(controlloop.ModeHeat, 21))
	d.plan.Window = contact30s
	if d.live(10 * time.Minute); !d.was || d.target.Window != controlloop.WindowUnknown {
		t.Fatalf("%+v", d.target)
	}
	d.contact = controlloop.WindowOpen
	d.live(time.Minute)
	d.contact = controlloop.WindowUnknown
	if d.live(10 * time.Minute); !d.was {
		t.Error("still barred by a contact that is dead")
	}
}

// TestADeadContactAtMinus10CostsNoPipe: a contact that says open for ever pauses a zone
// with frost protection down to its band, and no further.
func TestADeadContactAtMinus10CostsNoPipe(t *testing.T) {
	for _, said := range []controlloop.Setpoint{manual(controlloop.ModeHeat, 21), auto} {
		d := winter(t, 1500, 18, said)
		d.plan.Window, d.contact = contact30s, controlloop.WindowOpen
		if said.Mode == controlloop.ModeAuto {
			d.plan.Calendar = nights(t)
		}
		d.live(72 * time.Hour)
		if d.live(24 * time.Hour); d.coldest < 4.7 || d.warmest > 6.9 || d.on == 0 {
			t.Errorf("%.2f..%.2f °C, on for %v", d.coldest, d.warmest, d.on)
		}
	}
}

// TestAnOpenWindowKeepsTheDutyBackForAWhileAlone: without a reading nobody knows of frost.
func TestAnOpenWindowKeepsTheDutyBackForAWhileAlone(t *testing.T) {
	for name, c := range map[string]struct {
		frost    Frost
		min, max time.Duration // until the duty begins
	}{
		"without frost protection": {Frost{}, 30 * time.Minute, 52 * time.Minute},
		"with frost protection":    {Frost{5, 1, false}, 0, 22 * time.Minute},
	} {
		d := winter(t, 1500, 18, manual(controlloop.ModeHeat, 10))
		d.plan.Frost, d.plan.Window, d.contact = c.frost, contact30s, controlloop.WindowOpen
		d.law.Loss = controlloop.Duty{Percent: 30, Period: 20 * time.Minute, For: 12 * time.Hour}
		d.live(10 * time.Minute)
		d.answer = func(float64) (controlloop.Reading, error) {
			return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictAbsent}
		}
		waited := time.Duration(0)
		for ; !d.was && waited < 3*time.Hour; waited += time.Minute {
			d.live(time.Minute)
		}
		if waited < c.min || waited > c.max {
			t.Errorf("%s: the duty begins after %v", name, waited)
		}
	}
}

// TestBarAndFrostAreNeverAtOnce: over random openings, readings and losses; and a bar needs
// an open window, frost a reading below its band since it last was above it.
func TestBarAndFrostAreNeverAtOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(24, 1))
	for range 200 {
		p := Plan{Window: contact30s}
		if rnd.IntN(2) == 0 {
			p.Frost = Frost{Below: 5, Rise: 1, InOff: rnd.IntN(2) == 0}
		}
		said := []controlloop.Setpoint{off, manual(controlloop.ModeHeat, 20), manual(controlloop.ModeCool, 20)}[rnd.IntN(3)]
		var m Memory
		now, celsius, contact, icy := at("00:00"), 6.0, controlloop.WindowClosed, false
		open := time.Duration(0) // so long the contact has said so without a pause
		for range 2000 {
			now = now.Add(5 * time.Second)
			if celsius += rnd.Float64() - 0.5; rnd.IntN(50) == 0 {
				contact = controlloop.Position(rnd.IntN(3))
			}
			look := controlloop.Look{Now: now, Reading: controlloop.Temperature(celsius, now)}
			if rnd.IntN(10) == 0 {
				look.Reading = controlloop.Reading{}
			}
			if contact == controlloop.WindowOpen {
				open += 5 * time.Second
			} else {
				open = 0
			}
			fresh := !look.Reading.At.IsZero()
			protects := p.Frost != Frost{} && fresh && (said.Mode != controlloop.ModeOff || p.Frost.InOff)
			icy = protects && (celsius < 5 || icy && celsius <= 6)
			is, got := Windows(&p, m, p.Target(said, now, trusted), look, contact)
			m, got = Protect(&p, is, got, look)
			switch {
			case got.Bar && got.Frost, got.Frost != icy, got.Bar && got.Window != controlloop.WindowOpen:
				t.Fatalf("%.2f °C, %+v, icy %v", celsius, got, icy)
			case open > 40*time.Second && fresh && !icy && !got.Bar && (p.Frost == Frost{} || celsius >= 5):
				t.Fatalf("open for %v and not barred: %.2f °C, %+v", open, celsius, got)
			}
		}
	}
}

// TestAWindowIsFoundWithoutAContactAndTheHeatComesBack: heater on or off, by a slope that
// somebody chose; it ends soon after it was shut, or with its time.
func TestAWindowIsFoundWithoutAContactAndTheHeatComesBack(t *testing.T) {
	for _, desired := range []float64{8, 30} { // which is off, and on
		d := winter(t, 1500, 20, manual(controlloop.ModeHeat, desired))
		d.law.DesiredMax, d.law.MinOn = 32, 0
		d.plan.Frost = Frost{}
		d.plan.Window = Window{BySlope: true, Slope: slope.Params{Threshold: 12, Max: 30 * time.Minute}, Max: 30 * time.Minute}
		d.live(3 * time.Hour)
		if d.target.Bar || d.target.Window != controlloop.WindowClosed || d.was != (desired == 30) {
			t.Fatalf("%v: %+v", desired, d.target)
		}
		d.room.Open(240)
		if d.live(6 * time.Minute); !d.target.Bar || d.was || d.target.Why != WindowOpen || d.target.Window != controlloop.WindowOpen {
			t.Errorf("%v: open for 6 minutes, and %+v", desired, d.target)
		}
		d.room.Open(0)
		if d.live(20 * time.Minute); d.target.Bar || !d.was && desired == 30 {
			t.Errorf("%v: shut for 20 minutes, and %+v", desired, d.target)
		}
	}
}

// TestWhatWasLearnedIsKept: from one memory to the next.
func TestWhatWasLearnedIsKept(t *testing.T) {
	l := Learned{Slope: slope.Learned{Rate: 3, Days: 5}}
	l.Warming.put(390, Warming{Rate: 1.5, Dead: time.Minute})
	if Recall(l).Learned() != l || (Memory{}).Learned() != (Learned{}) {
		t.Error("it is not")
	}
}
