package comfort

import (
	"context"
	"math"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
	physics "thermostat/house"
)

// den is a room of the house with its zone, and books of what the heater did.
type den struct {
	t       *testing.T
	room    *physics.Physical
	plan    Plan
	law     controlloop.Params
	said    controlloop.Setpoint
	answer  func(celsius float64) (controlloop.Reading, error) // of the sensor; nil: it is right
	memory  Memory
	contact controlloop.Position // of its window
	stepper *controlloop.Stepper
	now     time.Time
	target  controlloop.Target

	coldest, warmest float64
	on               time.Duration
	switches         int
	was              bool
}

func (d *den) Read(context.Context) (controlloop.Reading, error) {
	shown := math.Round(d.room.Sensed()*16) / 16
	if d.answer != nil {
		r, err := d.answer(shown)
		if r.At.IsZero() {
			r.At = d.now
		}
		return r, err
	}
	return controlloop.Temperature(shown, d.now), nil
}

// winter is the room of the house at -10 °C with a heater of so many W, as cold inside as told.
func winter(t *testing.T, watt, inside float64, said controlloop.Setpoint) *den {
	p := physics.DefaultRoom()
	p.Outdoor, p.OutdoorSwing, p.Start, p.HeaterPower = -10, 0, inside, watt
	d := &den{t: t, room: physics.NewPhysical(p), said: said, now: at("00:00"), plan: Plan{Mode: controlloop.ModeHeat, HoldMax: 12 * time.Hour, Frost: Frost{Below: 5, Rise: 1}}}
	d.law = law()
	d.law.PlausibleMin, d.law.PlausibleMax, d.law.MaxRate = -30, 70, 5
	d.law.Sample, d.law.StaleAfter, d.law.MinOn, d.law.MinOff, d.law.FrozenAfter = 5*time.Second, time.Minute, 4*time.Minute, 4*time.Minute, 3*time.Hour
	return d
}

func (d *den) Set(on bool) error {
	d.room.Heat(on)
	return nil
}

// live lets time pass.
func (d *den) live(lasts time.Duration) *den {
	if d.stepper == nil {
		d.stepper = controlloop.NewStepper(&controlloop.Zone{Params: d.law, Sensor: d, Heater: d, Plan: func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
			t := d.plan.Target(said, look.Now, trusted)
			d.memory, t = Windows(&d.plan, d.memory, t, look, d.contact)
			d.memory, t = Preheat(&d.plan, d.memory, t, look)
			d.memory, d.target = Protect(&d.plan, d.memory, t, look)
			return d.target
		}}, d.said, d.now)
	}
	d.coldest, d.warmest, d.on, d.switches = math.Inf(1), math.Inf(-1), 0, 0
	for range lasts / d.law.Sample {
		d.room.Advance(d.law.Sample)
		d.now = d.now.Add(d.law.Sample)
		d.stepper.Tick(d.now)
		d.coldest, d.warmest = min(d.coldest, d.room.Air()), max(d.warmest, d.room.Air())
		s := d.stepper.State()
		if s.Heater.On {
			d.on += d.law.Sample
		}
		if s.Heater.On != d.was {
			d.was = s.Heater.On
			d.switches++
		}
	}
	return d
}

func manual(mode controlloop.Mode, desired float64) controlloop.Setpoint {
	return controlloop.Setpoint{Mode: mode, Desired: desired, UpDelta: 0.5, DownDelta: 0.5, Source: "page"}
}

var off = manual(controlloop.ModeOff, math.NaN())

// nights is a week that is off, but for a minute.
func nights(t *testing.T) program.Calendar {
	week, err := program.Parse("06:00 5, 06:01 off")
	if err != nil {
		t.Fatal(err)
	}
	return program.Calendar{Week: week, Place: berlin}
}

// TestFrostProtectionKeepsARoomAboveItsBandInEveryMode: in mode off only where that is
// asked for, in auto whatever the program says, and whatever the deltas are.
func TestFrostProtectionKeepsARoomAboveItsBandInEveryMode(t *testing.T) {
	wide := manual(controlloop.ModeHeat, 6)
	wide.DownDelta = 10
	hold := manual(controlloop.ModeAuto, 5)
	hold.DownDelta, hold.For = 3, 72*time.Hour
	for name, c := range map[string]struct {
		said     controlloop.Setpoint
		inOff    bool
		week     bool // whose night is off
		protects bool
		mode     controlloop.Mode
	}{
		"mode off":                 {said: off, mode: controlloop.ModeOff},
		"mode off, asked for":      {said: off, inOff: true, protects: true, mode: controlloop.ModeOff},
		"nobody spoke":             {said: controlloop.Setpoint{}, mode: controlloop.ModeNone},
		"nobody spoke, asked for":  {said: controlloop.Setpoint{}, inOff: true, protects: true, mode: controlloop.ModeOff},
		"a wide band":              {said: wide, protects: true, mode: controlloop.ModeHeat},
		"a program's off, in auto": {said: auto, week: true, protects: true, mode: controlloop.ModeOff},
		"a hold in auto":           {said: hold, protects: true, mode: controlloop.ModeHeat},
	} {
		t.Run(name, func(t *testing.T) {
			d := winter(t, 1500, 8, c.said)
			if d.plan.Frost.InOff = c.inOff; c.week {
				d.plan.Calendar = nights(t)
			}
			d.live(48 * time.Hour)
			s := *d.stepper.State()
			if !c.protects {
				if d.on > 0 || d.room.Air() > 4 || d.target.Frost {
					t.Errorf("on for %v, %.1f °C, %+v", d.on, d.room.Air(), d.target)
				}
				return
			}
			if d.coldest < 4.7 || d.warmest > 8.1 || d.on == 0 || d.switches > 300 {
				t.Errorf("%.2f..%.2f °C, on for %v, %d switches", d.coldest, d.warmest, d.on, d.switches)
			}
			for range 24 * 60 {
				if d.live(time.Minute); d.was {
					break
				}
			}
			s = *d.stepper.State()
			sp := d.target.Setpoint
			if d.target.Why != Frosty || sp.Mode != c.mode || sp.Desired != 5.5 || sp.UpDelta != 0.5 || sp.DownDelta != 0.5 || sp.Preset != "" ||
				s.Action != controlloop.ActionHeating || s.Reason != controlloop.ReasonTooCold && s.Reason != controlloop.ReasonInBand {
				t.Errorf("%v %v, %+v", s.Action, s.Reason, d.target)
			}
		})
	}
}

// TestFrostProtectionHeatsInModeCoolToo: and the mode stays.
func TestFrostProtectionHeatsInModeCoolToo(t *testing.T) {
	d := winter(t, 1500, 8, manual(controlloop.ModeCool, 20))
	d.law.Cooler = true
	d.live(48 * time.Hour)
	if d.coldest < 4.7 || d.on == 0 {
		t.Errorf("%.2f °C, on for %v", d.coldest, d.on)
	}
}

// TestAHeaterThatIsTooWeakStaysOnAgainstFrost: and that is told.
func TestAHeaterThatIsTooWeakStaysOnAgainstFrost(t *testing.T) {
	d := winter(t, 150, 5.5, off)
	d.plan.Frost.InOff = true
	d.live(24 * time.Hour).live(24 * time.Hour)
	faults := map[controlloop.FaultName]bool{}
	d.stepper.Faults(func(f controlloop.Fault) { faults[f.Name] = true })
	if d.on < 24*time.Hour-time.Minute || !faults[controlloop.FaultNotWarming] || d.room.Air() > 5 {
		t.Errorf("on for %v, %.1f °C, faults %v", d.on, d.room.Air(), faults)
	}
}

// TestNoLieHeatsAgainstFrost: what is no temperature, is too old, or leaps once. One that
// stands still ends after frozen_after of heat, as ever.
func TestNoLieHeatsAgainstFrost(t *testing.T) {
	bad := func(v controlloop.Verdict) (controlloop.Reading, error) {
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: v}
	}
	for name, c := range map[string]struct {
		answer func(d *den, celsius float64) (controlloop.Reading, error)
		inside float64
		most   time.Duration // on
	}{
		"85 °C of a reset":  {func(*den, float64) (controlloop.Reading, error) { return bad(controlloop.VerdictPowerOn) }, 2, 0},
		"a dead sensor":     {func(*den, float64) (controlloop.Reading, error) { return bad(controlloop.VerdictAbsent) }, 2, 0},
		"85 °C that counts": {func(d *den, _ float64) (controlloop.Reading, error) { return controlloop.Temperature(85, d.now), nil }, 2, 0},
		"an old reading": {func(d *den, c float64) (controlloop.Reading, error) {
			return controlloop.Temperature(c, d.now.Add(-2*time.Minute)), nil
		}, 2, 0},
		"0.0 now and then": {func(d *den, c float64) (controlloop.Reading, error) {
			if d.now.Second() == 30 {
				c = 0
			}
			return controlloop.Temperature(c, d.now), nil
		}, 18, 0},
		"0.0 for ever": {func(d *den, _ float64) (controlloop.Reading, error) {
			return controlloop.Reading{Humidity: math.NaN(), Pascal: math.NaN(), Step: 0.0625, At: d.now}, nil
		}, 18, 3*time.Hour + time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			d := winter(t, 1500, c.inside, off)
			d.plan.Frost.InOff = true
			d.answer = func(celsius float64) (controlloop.Reading, error) { return c.answer(d, celsius) }
			if d.live(8 * time.Hour); d.on > c.most || (d.on > 0) != (c.most > 0) {
				t.Errorf("on for %v", d.on)
			}
		})
	}
}

// TestWithoutASensorTheModeCountsAndNotFrost: the duty of on_sensor_loss is none of mode off.
func TestWithoutASensorTheModeCountsAndNotFrost(t *testing.T) {
	for name, c := range map[string]struct {
		said  controlloop.Setpoint
		heats bool
	}{"mode off": {off, false}, "mode heat": {manual(controlloop.ModeHeat, 5), true}} {
		t.Run(name, func(t *testing.T) {
			d := winter(t, 1500, 6, c.said)
			d.plan.Frost.InOff = true
			d.law.Loss = controlloop.Duty{Percent: 30, Period: 20 * time.Minute, For: 12 * time.Hour}
			if d.live(12 * time.Hour); d.on == 0 || !d.target.Frost && d.room.Air() < 4.9 {
				t.Fatalf("on for %v, %.1f °C", d.on, d.room.Air())
			}
			d.answer = func(float64) (controlloop.Reading, error) {
				return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictAbsent}
			}
			d.live(2 * time.Minute)
			if d.live(4 * time.Hour); (d.on > 0) != c.heats || d.target.Frost {
				t.Errorf("on for %v", d.on)
			}
		})
	}
}

// TestWhatComesBehindFrostIsWhatWasSaid: above the band the zone is as it was told to be.
func TestWhatComesBehindFrostIsWhatWasSaid(t *testing.T) {
	p := Plan{Frost: Frost{5, 1, true}}
	look := func(celsius float64) controlloop.Look {
		return controlloop.Look{Now: at("08:00"), Reading: controlloop.Temperature(celsius, at("08:00"))}
	}
	var m Memory
	for i, c := range []struct {
		celsius float64
		frost   bool
	}{{5, false}, {4.99, true}, {5, true}, {6, true}, {6.01, false}, {5.5, false}, {4, true}} {
		is, got := Protect(&p, m, p.Target(off, at("08:00"), trusted), look(c.celsius))
		if m = is; got.Frost != c.frost || !c.frost && (got.Why != Manual || !math.IsNaN(got.Setpoint.Desired)) || got.Control.Mode != controlloop.ModeOff {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if _, got := Protect(&p, m, p.Target(off, at("08:00"), trusted), controlloop.Look{Now: at("08:00")}); got.Frost {
		t.Error("protected without a reading")
	}
}

// TestFrostProtectionIsRefusedWhereItHasNoPlace: without a heater, in a fridge, above the cut-out.
func TestFrostProtectionIsRefusedWhereItHasNoPlace(t *testing.T) {
	none, low := law(), law()
	none.Heater, none.Cooler, low.HeatCutout = false, true, 6
	f := Frost{Below: 5, Rise: 1}
	for name, got := range map[string]error{"no heater": f.Refuse(none, false), "goods": f.Refuse(law(), true), "a low cut-out": f.Refuse(low, false)} {
		if got == nil {
			t.Error(name)
		}
	}
	if err := f.Refuse(law(), false); err != nil || (Frost{}).Refuse(none, true) != nil {
		t.Error(err)
	}
}
