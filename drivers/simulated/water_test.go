package simulated

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// onWater is a cool room that water heats, without weather, sun or noise.
func onWater(t *testing.T, w *Water, v Valve, change func(*Spec)) *Room {
	t.Helper()
	s := SpecOf("room")
	s.Start, s.Outdoor, s.OutdoorSwing, s.Noise, s.HeaterPower = 15, 15, 0, 0, 0
	if change != nil {
		change(&s)
	}
	r, err := w.Room(s, v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestARoomOnWaterWarmsThroughAnOpenWayFromABoilerThatBurns: whatever its contacts and the boiler's are, in
// one table. The pump is one of the agent, or the boiler's own (no pump).
func TestARoomOnWaterWarmsThroughAnOpenWayFromABoilerThatBurns(t *testing.T) {
	for _, row := range []struct {
		name                           string
		valve                          Valve
		energised, burns, pump, pumped bool
		fault                          RelayFault
		warms                          bool
	}{
		{"open, and the boiler burns", ClosedByItself, true, true, true, true, RelayGood, true},
		{"the boiler drives its own pump", ClosedByItself, true, true, false, false, RelayGood, true},
		{"shut", ClosedByItself, false, true, true, true, RelayGood, false},
		{"the boiler is off", ClosedByItself, true, false, true, true, RelayGood, false},
		{"the pump stands", ClosedByItself, true, true, true, false, RelayGood, false},
		{"dead valve", ClosedByItself, true, true, true, true, RelayDead, false},
		{"welded valve", ClosedByItself, false, true, true, true, RelayWelded, true},
		{"stands open by itself", OpenByItself, false, true, true, true, RelayGood, true},
		{"power shuts it", OpenByItself, true, true, true, true, RelayGood, false},
		{"power should shut it, and its relay is dead", OpenByItself, true, true, true, true, RelayDead, true},
		{"no valve", NoValve, false, true, true, true, RelayGood, true},
		{"no valve, and the boiler is off", NoValve, false, false, true, true, RelayGood, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := NewWater(time.Now)
			burner := w.Burner()
			if row.pump {
				_ = w.Pump().Set(row.pumped)
			}
			room, other := onWater(t, w, row.valve, nil), onWater(t, w, ClosedByItself, nil)
			other.Heater() // its valve stays shut
			if row.valve != NoValve {
				_ = room.Heater().Set(row.energised)
			}
			room.BreakRelays(row.fault)
			time.Sleep(4 * time.Minute) // the valve's travel
			_ = burner.Set(row.burns)
			time.Sleep(2 * time.Hour)
			if got := room.True(); got > 17 != row.warms || !row.warms && got > 16 {
				t.Errorf("%s: %.2f °C", row.name, got)
			}
			if got := other.True(); got != 15 {
				t.Errorf("%s: the other room has %.2f °C", row.name, got)
			}
			if is := room.Look().Heating; is != row.warms && row.burns && (!row.pump || row.pumped) {
				t.Errorf("%s: heating %v", row.name, is)
			}
		})
	}
}

// TestAllRoomsOfOneWaterCatchUpTogether: whichever is touched, and sixty times faster than the
// clock; each has its own faults.
func TestAllRoomsOfOneWaterCatchUpTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWater(time.Now)
		fast := func(s *Spec) { s.Speed = 60 }
		a, b := onWater(t, w, ClosedByItself, fast), onWater(t, w, NoValve, fast)
		_, _ = w.Burner().Set(true), a.Heater().Set(true)
		a.BreakSensor(SensorGone)
		for range 60 {
			time.Sleep(time.Second)
			read(t, b.Sensor())
		}
		if f := w.Figures(); f.Called != time.Hour || f.Starts != 1 {
			t.Errorf("%+v after an hour of the house", f)
		}
		if a.True() < 16 || b.True() < 16 || a.Given() < 1e6 || b.Given() < 1e6 {
			t.Errorf("%.1f and %.1f °C, by %.0f and %.0f J", a.True(), b.True(), a.Given(), b.Given())
		}
		if _, err := a.Sensor().Read(t.Context()); err == nil {
			t.Error("the sensor is there again")
		}
	})
}

// TestWaterTakesRoomsOfOneTimeThatItCanHeat: and no others.
func TestWaterTakesRoomsOfOneTimeThatItCanHeat(t *testing.T) {
	if got := WaterModels(); !slices.Equal(got, []string{"room", "timber", "massive", "panel", "radiator"}) {
		t.Errorf("%v", got)
	}
	w := NewWater(time.Now)
	for _, model := range Models() {
		if _, err := w.Room(SpecOf(model), NoValve); (err == nil) != HeatedByWater(model) {
			t.Errorf("%s: %v", model, err)
		}
	}
	s := SpecOf("room")
	s.Speed = 2
	if _, err := w.Room(s, NoValve); err == nil {
		t.Error("a room of another time is on this water")
	}
}

// TestWaterIsSafeForManyGoroutines: its rooms and relays are touched by all zones and by the source.
func TestWaterIsSafeForManyGoroutines(t *testing.T) {
	w := NewWater(time.Now)
	burner, pump := w.Burner(), w.Pump()
	var all sync.WaitGroup
	for i := range 4 {
		room := onWater(t, w, Valve(i%3), nil)
		all.Go(func() {
			for n := range 100 {
				_, _, _ = room.Heater().Set(n%2 == 0), burner.Set(n%3 == 0), pump.Set(n%5 == 0)
				_, _ = room.Sensor().Read(context.Background())
				room.OpenWindow(n%7 == 0)
				room.Look()
				w.Figures()
			}
		})
	}
	all.Wait()
}
