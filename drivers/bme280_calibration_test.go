package drivers

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/drivers/correction"
	"thermostat/drivers/simulated"
	"thermostat/drivers/w1/w1test"
)

// damages are ways in which the calibration is read wrongly. The values that
// they would make are plausible: 0.00 °C of zeros.
var damages = map[string]func(register byte, r []byte){
	"zeros":          func(_ byte, r []byte) { clear(r) },
	"24 zeros":       func(_ byte, r []byte) { clear(r[:min(24, len(r))]) },
	"ones":           func(_ byte, r []byte) { fill(r, 0xff) },
	"equal bytes":    func(_ byte, r []byte) { fill(r, 0x55) },
	"t1 is zero":     first(func(r []byte) { clear(r[:2]) }),
	"t2 is zero":     first(func(r []byte) { clear(r[2:4]) }),
	"t2 is negative": first(func(r []byte) { r[3] |= 0x80 }),
	"broken off":     first(func(r []byte) { fill(r[12:], 0xff) }),
	"a bit of t1":    first(func(r []byte) { r[1] ^= 0x08 }),
	"a bit of t2":    first(func(r []byte) { r[3] ^= 0x10 }),
	"a bit of t3":    first(func(r []byte) { r[5] ^= 0x40 }),
	"shifted":        first(func(r []byte) { copy(r, r[1:]) }),
	"humidity":       humid(func(r []byte) { clear(r) }),
	"a bit of h2":    humid(func(r []byte) { r[0] ^= 0x10 }),
}

func fill(r []byte, value byte) {
	for i := range r {
		r[i] = value
	}
}

func first(f func([]byte)) func(byte, []byte) {
	return func(register byte, r []byte) {
		if register == regCalibration {
			f(r)
		}
	}
}

func humid(f func([]byte)) func(byte, []byte) {
	return func(register byte, r []byte) {
		if register == regHumidityCalibration {
			f(r)
		}
	}
}

// spoils lets only the reads of the calibration with these numbers, from 1 on,
// be damaged; each register is counted by itself.
func (f *fakeChip) spoils(damage func(byte, []byte), from, to int) {
	seen := map[byte]int{}
	f.garbles(func(register byte, r []byte) {
		if register != regCalibration && register != regHumidityCalibration {
			return
		}
		if seen[register]++; from <= seen[register] && seen[register] <= to {
			damage(register, r)
		}
	})
}

// garbles sets what the wire does from now on.
func (f *fakeChip) garbles(how func(register byte, r []byte)) {
	f.change(func() { f.garble = how })
}

// A set-up in which one read of the calibration is damaged, or both alike, at
// the start and an hour later: no number comes of it but the true one, and the
// next reading is true again.
func TestBME280BelievesNoDamagedCalibration(t *testing.T) {
	for name, damage := range damages {
		for _, row := range []struct {
			when     string
			later    bool
			from, to int
		}{{"the first read at the start", false, 1, 1}, {"the second", false, 2, 2}, {"the first an hour later", true, 1, 1}, {"the second", true, 2, 2}, {"both", true, 1, 2}} {
			t.Run(name+", "+row.when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeChip()
					s, _ := openFake(t, f)
					if row.later {
						wantNumber(t, s)
						time.Sleep(bme280Rebuild + time.Second)
					}
					f.spoils(damage, row.from, row.to)
					if r, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictBadCalibration || r != (controlloop.Reading{}) {
						t.Errorf("%v, %v: want bad_calibration", r, err)
					}
					time.Sleep(5 * time.Second)
					f.garble = nil
					wantNumber(t, s)
				})
			})
		}
	}
}

// Between two set-ups the calibration is looked at as well: a chip that was
// changed under a running agent is not read with the old one's numbers.
func TestBME280LooksAtItsCalibrationAtEachReading(t *testing.T) {
	f := newFakeChip()
	s, _ := openFake(t, f)
	wantNumber(t, s)
	f.reg[regCalibration+1] ^= 0x08
	if r, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictBadCalibration {
		t.Errorf("%v, %v: want bad_calibration", r, err)
	}
}

// A calibration that differs from the known one is that of another chip once it
// was read alike five times in at least 10 s; that is told once.
func TestBME280TakesAnotherChipAfterFiveReadsAlike(t *testing.T) {
	for _, row := range []struct {
		every time.Duration
		bad   int
	}{{time.Second, 10}, {5 * time.Second, 4}, {time.Minute, 4}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeChip()
			var told []string
			h := NewHardware("")
			h.I2C = func(int) (i2c.BusCloser, error) { return f, nil }
			h.Tell = func(text string) { told = append(told, text) }
			s := openBME280(h, DefaultBME280())
			wantNumber(t, s)
			f.reg[regCalibration] ^= 0x10 // t1: some 0.1 K
			bad := 0
			for range 100 {
				time.Sleep(row.every)
				_, err := s.Read(t.Context())
				if err == nil {
					continue
				}
				if bad++; w1test.Judged(err) != controlloop.VerdictBadCalibration || !strings.Contains(err.Error(), "another chip") && !strings.Contains(err.Error(), "differ") {
					t.Fatal(err)
				}
			}
			if bad-1 != row.bad { // the first found that the chip in use has changed
				t.Errorf("every %v: %d bad readings, want %d and the one that found it", row.every, bad, row.bad)
			}
			if len(told) != 1 || !strings.Contains(told[0], "another BME280 is at 0x76 on i2c-1") {
				t.Errorf("told %q", told)
			}
		})
	}
}

// Damage that is never the same twice is never taken for another chip.
func TestBME280NeverTakesNoiseForAnotherChip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeChip()
		s, _ := openFake(t, f)
		wantNumber(t, s)
		n := byte(0)
		f.garble = first(func(r []byte) { n++; r[8] = n })
		for range 200 {
			time.Sleep(5 * time.Second)
			if r, err := s.Read(t.Context()); err == nil && n != f.reg[regCalibration+8] {
				t.Fatalf("%v of a calibration that is never the same", r)
			}
		}
		f.garble = nil
		time.Sleep(5 * time.Second)
		wantNumber(t, s)
	})
}

// hotter is what the chip of the datasheet's example measures some 10 K above it.
var hotter = []byte{0x87, 0x00, 0x00}

// The first temperature since a set-up is held against the last one before it.
// A room that did change comes back by itself.
func TestBME280HoldsTheFirstTemperatureSinceASetUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeChip()
		s, _ := openFake(t, f)
		wantNumber(t, s)
		time.Sleep(bme280Rebuild - 4*time.Second)
		wantNumber(t, s)
		time.Sleep(5 * time.Second)
		copy(f.raw[3:], hotter)
		for i := range doubtTimes - 1 {
			_, err := s.Read(t.Context())
			var held *controlloop.HeldReading
			if w1test.Judged(err) != controlloop.VerdictTooFast || !errors.As(err, &held) || math.Abs(held.Measured.Celsius-35.45) > 0.5 {
				t.Fatalf("%d: %v", i, err)
			}
			time.Sleep(5 * time.Second)
		}
		if r, err := s.Read(t.Context()); err != nil || math.Abs(r.Celsius-35.45) > 0.5 {
			t.Errorf("%v, %v: the room has changed", r, err)
		}
		time.Sleep(bme280Rebuild)
		copy(f.raw[3:], newFakeChip().raw[3:6]) // an hour later anything may be
		wantNumber(t, s)
	})
}

func TestABME280ThatLostItsSettingsIsSetUpAnew(t *testing.T) {
	for name, lose := range map[string]func(*fakeChip){
		"a filter":        func(f *fakeChip) { f.reg[0xf5] = 0x10 },
		"three wires":     func(f *fakeChip) { f.reg[0xf5] |= 0x01 },
		"humidity off":    func(f *fakeChip) { f.reg[0xf2] = 0 },
		"humidity thrice": func(f *fakeChip) { f.reg[0xf2] = 2 },
	} {
		f := newFakeChip()
		s, _ := openFake(t, f)
		wantNumber(t, s)
		lose(f)
		if r, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictResetData {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		wantNumber(t, s)
	}
}

// bme280Zone is a whole zone over the real driver on a fake chip.
type bme280Zone struct {
	chip *fakeChip
	last atomic.Pointer[controlloop.Snapshot]
	was  atomic.Bool // it has heated
}

func (z *bme280Zone) state() controlloop.Snapshot {
	synctest.Wait()
	return *z.last.Load()
}

// run runs a zone that shall have so many degrees, until the test ends.
func (z *bme280Zone) run(t *testing.T, desired float64) controlloop.Params {
	s, _ := openFake(t, z.chip)
	p := zoneParams()
	p.Sample, p.StaleAfter = 5*time.Second, time.Minute
	zone := controlloop.Zone{
		Name: "bath", Params: p, Sensor: s, Heater: simulated.NewRoom(simulated.Default()).Heater(),
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Observe: func(s controlloop.Snapshot) {
			z.last.Store(&s)
			if s.State.Heater.On {
				z.was.Store(true)
			}
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- zone.Run(ctx, controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: desired, UpDelta: 0.3, DownDelta: 0.3})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		time.Sleep(BME280Limit) // a read that had begun ends
	})
	return p
}

// A room of 25.08 °C that shall have 21: whatever the calibration is read as at
// one set-up, and be it the very first, nothing heats, and the truth comes back.
func TestZoneDoesNotHeatOnADamagedCalibration(t *testing.T) {
	for name, damage := range damages {
		for _, row := range []struct {
			later    bool
			from, to int
		}{{false, 1, 1}, {false, 1, 2}, {true, 1, 1}, {true, 1, 2}, {true, 1, 1000}} {
			synctest.Test(t, func(t *testing.T) {
				z := &bme280Zone{chip: newFakeChip()}
				if !row.later {
					z.chip.spoils(damage, row.from, row.to)
				}
				z.run(t, 21)
				time.Sleep(bme280Rebuild - time.Minute)
				if row.later {
					z.chip.spoils(damage, row.from, row.to)
				}
				if row.to < 1000 { // else it is another chip
					time.Sleep(10 * time.Minute)
				} else {
					time.Sleep(20 * time.Second)
				}
				if s := z.state(); z.was.Load() || row.to < 1000 && math.Abs(s.Temperature()-25.08) > 0.01 {
					t.Errorf("%s, %+v: heated %v, %v °C, sensor %v", name, row, z.was.Load(), s.Temperature(), s.Sensor)
				}
			})
		}
	}
}

// While the heat is on and the calibration is damaged for good, it goes off in
// time, and the state says why.
func TestDamagedCalibrationEndsTheHeatInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &bme280Zone{chip: newFakeChip()}
		p := z.run(t, 28)
		time.Sleep(10 * time.Minute)
		if !z.state().State.Heater.On {
			t.Fatal("it does not heat")
		}
		z.chip.garbles(zeroCalibration)
		time.Sleep(p.StaleAfter + p.Sample)
		s := z.state()
		if s.State.Heater.On || s.Sensor != controlloop.VerdictBadCalibration || !strings.Contains(s.Faults[0].Text, "t1 is 0x0000") {
			t.Errorf("heater %v, sensor %v, %v", s.State.Heater.On, s.Sensor, s.Faults)
		}
		z.chip.garbles(nil)
		time.Sleep(2 * p.Sample)
		if s := z.state(); !s.State.Heater.On || len(s.Faults) > 0 {
			t.Errorf("%v: %v", s.State.Reason, s.Faults)
		}
	})
}

func zeroCalibration(register byte, r []byte) {
	if register == regCalibration || register == regHumidityCalibration {
		clear(r)
	}
}

// A temperature that is held back after a set-up opens the cut-out all the same.
func TestHeldTemperatureOpensTheCutout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &bme280Zone{chip: newFakeChip()}
		p := z.run(t, 28)
		time.Sleep(bme280Rebuild - p.Sample)
		if !z.state().State.Heater.On {
			t.Fatal("it does not heat")
		}
		z.chip.change(func() {
			copy(z.chip.raw[3:], hotter)
			z.chip.reg[0xf2] = 0 // and the chip is set up anew
		})
		time.Sleep(2 * p.Sample)
		if s := z.state(); s.State.Heater.On || s.State.Reason != controlloop.ReasonHeatCutout || s.Sensor != controlloop.VerdictTooFast {
			t.Errorf("heater %v, %v, sensor %v", s.State.Heater.On, s.State.Reason, s.Sensor)
		}
	})
}

// An offset counts for what is held back as well.
func TestAnOffsetCountsForAHeldReadingToo(t *testing.T) {
	s := correction.Offset(-1.5).Sensor(heldSensor{})
	var held *controlloop.HeldReading
	if r, err := s.Read(t.Context()); !errors.As(err, &held) || held.Measured.Celsius != 34.5 || w1test.Judged(err) != controlloop.VerdictTooFast || r != (controlloop.Reading{}) {
		t.Errorf("%v, %v", r, err)
	}
}

type heldSensor struct{}

func (heldSensor) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Reading{}, &controlloop.HeldReading{Measured: controlloop.Temperature(36, time.Now()), Err: bad(controlloop.VerdictTooFast, "held")}
}
