package simulated

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
)

// linear is a noiseless room of 20 °C: +1 K in 10 minutes, -1 K in 15.
func linear() Spec {
	s := Default()
	s.Model, s.Start, s.Noise = "linear", 20, 0
	return s
}

func wantTrue(t *testing.T, r *Room, want float64) {
	t.Helper()
	if got := r.True(); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v °C, want %v", got, want)
	}
}

func read(t *testing.T, s controlloop.Sensor) controlloop.Reading {
	t.Helper()
	r, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoomLivesInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(linear())
		r.Heater().Set(true)
		time.Sleep(10 * time.Minute)
		wantTrue(t, r, 21)
		r.Heater().Set(true) // repeating it is harmless
		time.Sleep(10 * time.Minute)
		r.Heater().Set(false) // what went before was spent heating
		wantTrue(t, r, 22)
		time.Sleep(15 * time.Minute)
		wantTrue(t, r, 21)
		r.Cooler().Set(true)
		time.Sleep(30 * time.Minute)
		wantTrue(t, r, 21-2-3)
	})
}

func TestSpeedMultipliesTime(t *testing.T) {
	for _, speed := range []float64{0.5, 1, 60, 3600} {
		synctest.Test(t, func(t *testing.T) {
			s := linear()
			s.Speed = speed
			r := NewRoom(s)
			r.Heater().Set(true)
			time.Sleep(time.Minute)
			wantTrue(t, r, 20+speed/10)
		})
	}
}

// A fast room that nobody asked for days must not run into an overflow.
func TestFastRoomSurvivesALongSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Default()
		s.Speed, s.OutdoorSwing = 100000, 0
		r := NewRoom(s)
		time.Sleep(10 * 24 * time.Hour)
		wantTrue(t, r, s.Outdoor)
	})
}

func TestSensorShowsTheRoomNowInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(linear())
		time.Sleep(5 * time.Minute)
		got := read(t, r.Sensor())
		if got.Celsius != 19.6875 || !got.At.Equal(time.Now()) || !math.IsNaN(got.Humidity) || !math.IsNaN(got.Pascal) {
			t.Errorf("%+v, want 19.6875 °C, now, and nothing else", got)
		}
	})
}

func TestConfigurationReachesTheRoom(t *testing.T) {
	after := func(change func(*Spec), cool bool) float64 {
		var got float64
		synctest.Test(t, func(t *testing.T) {
			s := Default()
			change(&s)
			r := NewRoom(s)
			r.Heater().Set(!cool)
			r.Cooler().Set(cool)
			time.Sleep(14 * time.Hour)
			got = r.True()
		})
		return got
	}
	for name, c := range map[string]struct {
		change func(*Spec)
		cool   bool
	}{
		"heater_power":  {func(s *Spec) { s.HeaterPower += 100 }, false},
		"cooler_power":  {func(s *Spec) { s.CoolerPower -= 100 }, true},
		"outdoor":       {func(s *Spec) { s.Outdoor += 5 }, false},
		"outdoor_swing": {func(s *Spec) { s.OutdoorSwing = 0 }, false}, // the night is less cold
		"start":         {func(s *Spec) { s.Start += 5 }, false},
	} {
		if base, more := after(func(*Spec) {}, c.cool), after(c.change, c.cool); more <= base+0.01 {
			t.Errorf("%s: %.2f °C, without %.2f", name, more, base)
		}
	}
}

func TestNoiseIsSeeded(t *testing.T) {
	shown := func(seed uint64) (out [20]float64) {
		s := linear()
		s.Noise, s.Seed = 0.5, seed
		synctest.Test(t, func(t *testing.T) {
			sensor := NewRoom(s).Sensor()
			for i := range out {
				out[i] = read(t, sensor).Celsius
			}
		})
		return out
	}
	if shown(1) != shown(1) {
		t.Error("the same seed gave other noise")
	}
	if shown(1) == shown(2) {
		t.Error("another seed gave the same noise")
	}
}

func TestRoomIsSafeForManyGoroutines(t *testing.T) {
	r := NewRoom(Default())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				r.Heater().Set(i%2 == 0)
				r.Cooler().Set(i%2 != 0)
				r.BreakSensor(SensorFault(i % 2 * int(SensorFrozen)))
				_, _ = r.Sensor().Read(context.Background())
				r.True()
			}
		})
	}
	wg.Wait()
}

// TestAnOpenWindowCoolsTheRoomAndItsContactTells: until it is shut.
func TestAnOpenWindowCoolsTheRoomAndItsContactTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Default()
		s.Start, s.Outdoor, s.OutdoorSwing = 20, 0, 0
		room := NewRoom(s)
		expect := func(want controlloop.Position, low, high float64) {
			t.Helper()
			time.Sleep(20 * time.Minute)
			if is, trouble := room.Contact().Position(time.Now()); is != want || trouble != "" || room.True() < low || room.True() > high {
				t.Errorf("%v, %q, %.1f °C", is, trouble, room.True())
			}
		}
		expect(controlloop.WindowClosed, 19, 20)
		room.OpenWindow(true)
		expect(controlloop.WindowOpen, 8, 15)
		room.OpenWindow(false)
		expect(controlloop.WindowClosed, 16, 20)
	})
}
