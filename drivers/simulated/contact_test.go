package simulated

import (
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
)

// What the contacts of a simulated room do to its temperature, in K an hour of
// a linear room that gains and loses 1 K in an hour.
func TestARoomWarmsThroughClosedContactsAlone(t *testing.T) {
	for _, row := range []struct {
		name            string
		broken          RelayFault
		ordered, safety bool
		want            float64
	}{
		{"off", RelayGood, false, true, -1},
		{"on", RelayGood, true, true, 1},
		{"dead", RelayDead, true, true, -1},
		{"welded", RelayWelded, false, true, 1},
		{"welded behind an open safety relay", RelayWelded, false, false, -1},
		{"on behind an open safety relay", RelayGood, true, false, -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := Default()
			s.Model, s.Up, s.Down = "linear", time.Hour, time.Hour
			room := NewRoom(s)
			if err := room.Heater().Set(row.ordered); err != nil {
				t.Fatal(err)
			}
			if err := room.Safety().Set(row.safety); err != nil {
				t.Fatal(err)
			}
			room.BreakRelays(row.broken)
			was := room.True()
			time.Sleep(time.Hour)
			if got := room.True() - was; got < row.want-0.01 || got > row.want+0.01 {
				t.Errorf("%s: %v K an hour, want %v", row.name, got, row.want)
			}
		})
	}
}

// A relay that is welded while it is off warms the room from then on, also when
// it is told off again and again.
func TestWeldedRelayIgnoresItsOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := NewRoom(Default())
		heater := room.Heater()
		room.BreakRelays(RelayWelded)
		was := room.True()
		for range 60 {
			heater.Set(false)
			time.Sleep(time.Minute)
		}
		if room.True() < was+1 {
			t.Errorf("%v °C, was %v", room.True(), was)
		}
	})
}

// TestAWindowStaysOpenForWhoeverOpenedIt: the weather's window and the injected fault are told by one contact, and shutting one of
// them does not shut the other.
func TestAWindowStaysOpenForWhoeverOpenedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := NewRoom(Default())
		isOpen := func(want bool) {
			t.Helper()
			is, _ := room.Contact().Position(time.Now())
			was := room.True()
			time.Sleep(5 * time.Minute)
			if cools := room.True() < was; (is == controlloop.WindowOpen) != want || cools != want {
				t.Errorf("the contact says %v, and the room cools from %.2f to %.2f °C", is, was, room.True())
			}
		}
		room.Expose(-10, 3000, 0)
		isOpen(false)
		room.Expose(-10, 0, 100)
		isOpen(true)
		room.OpenWindow(true)
		room.Expose(-10, 0, 0)
		isOpen(true)
		room.Expose(-10, 0, 100)
		room.OpenWindow(false)
		isOpen(true)
		room.Expose(-10, 3000, 0)
		isOpen(false)
		if look := room.Look(); look.Outdoor > -5 {
			t.Errorf("%v °C outdoors", look.Outdoor)
		}
	})
}
