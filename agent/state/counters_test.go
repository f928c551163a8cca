package state

import (
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
)

// TestCountersGoOnFromWhatWasKept: cycles and time on, faults as they come, answers; going on from
// what was kept.
func TestCountersGoOnFromWhatWasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCounters(&controlloop.Counters{
			Heater: controlloop.OutputCounters{Cycles: 10, On: time.Hour}, Refused: 5, Faults: map[controlloop.FaultName]uint64{"relay": 3},
		})
		see := func(relay controlloop.RelayState, faults ...controlloop.FaultName) {
			s := heaterSnapshot(relay == controlloop.RelayOn)
			s.HeaterRelay = relay
			for _, name := range faults {
				s.Faults = append(s.Faults, controlloop.Fault{Name: name})
			}
			c.Saw(s)
			time.Sleep(10 * time.Second)
		}
		see(controlloop.RelayUnknown, "relay") // it has not been on: counted as off
		see(controlloop.RelayOff)
		see(controlloop.RelayOn)
		see(controlloop.RelayOn, "sensor")
		see(controlloop.RelayUnknown, "relay", "sensor") // counted as it was
		see(controlloop.RelayOff)
		see(controlloop.RelayOn)
		see(controlloop.RelayOff)
		c.Answered(true)
		c.Answered(false)
		got := c.Now()
		if got.Heater != (controlloop.OutputCounters{Cycles: 12, On: time.Hour + 40*time.Second}) || got.Cooler != (controlloop.OutputCounters{}) {
			t.Errorf("outputs %+v %+v", got.Heater, got.Cooler)
		}
		if got.Accepted != 1 || got.Refused != 6 || got.Faults["relay"] != 5 || got.Faults["sensor"] != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestCountersAreWrittenHourly: without a switch, once an hour.
func TestCountersAreWrittenHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boot := &fakeBoot{time.Hour}
		k := NewSaver("", make(WriteSlots, 1), boot.clock("a"), NewCounters(nil))
		writes := 0
		for range 24 * 60 {
			k.counters.Answered(false)
			k.Saw(heaterSnapshot(false))
			if z, written := k.wrote(); written {
				if writes++; z.Counters.Refused != k.counters.Now().Refused {
					t.Errorf("written %+v", z.Counters)
				}
			}
			time.Sleep(time.Minute)
		}
		if writes != 24 { // the start, and 23 hours after it
			t.Errorf("%d writes in a day", writes)
		}
	})
}
