package state

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/foresee"
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
		k := NewSaver("", make(WriteSlots, 1), boot.clock("a"), NewCounters(nil), func() Comfort { return Comfort{} }, func() []byte { return nil })
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

// TestWhatTheLawLearnsIsWrittenHourlyAndIsSmall: it changes with each reading, and takes less than 1.5 KB of the zone's file.
func TestWhatTheLawLearnsIsWrittenHourlyAndIsSmall(t *testing.T) {
	known := foresee.Known{Trusted: true, Segments: 1000, Cycle: 1.5, Adapted: foresee.Adapted{Band: 0.3, Late: 1.1, Starts: [12]uint8{9, 8, 7}}}
	for i := range known.Sums { // each number with all its digits
		s := &known.Sums[i]
		s.HH, s.HA, s.AA, s.HY, s.AY, s.YY = 1/3., 2/3., 4/3., 5/3., 7/3., 8/3.
	}
	m := testFolder(t)
	size := func(z KeptZone) int64 {
		if err := m.Slots.write(m.PastFile("hall"), z); err != nil {
			t.Fatal(err)
		}
		file, err := os.Stat(m.PastFile("hall"))
		if err != nil {
			t.Fatal(err)
		}
		return file.Size()
	}
	var last KeptZone
	synctest.Test(t, func(t *testing.T) {
		boot := &fakeBoot{time.Hour}
		model := func() []byte {
			known.Minutes++
			recalled := controlloop.Recall(known)
			return recalled.Kept()
		}
		k := NewSaver("", make(WriteSlots, 1), boot.clock("a"), NewCounters(nil), func() Comfort { return Comfort{Room: "r"} }, model)
		writes := 0
		for range 24 * 60 {
			k.Saw(heaterSnapshot(false))
			if z, written := k.wrote(); written {
				last = z
				writes++
			}
			time.Sleep(time.Minute)
		}
		if writes != 24 { // the start, and 23 hours after it
			t.Errorf("%d writes in a day", writes)
		}
	})
	without := last
	without.Model = nil
	if is, other := size(last), size(without); is-other >= 1536 || is-other < 500 {
		t.Errorf("%d bytes with what was learned, %d without", is, other)
	}
	if err := m.Slots.write(m.PastFile("hall"), last); err != nil {
		t.Fatal(err)
	}
	back, err := m.LoadPast("hall")
	if err != nil {
		t.Fatal(err)
	}
	for room, segments := range map[string]int{"r": 1000, "another": 0} {
		if is, err := back.ModelOf(room); err != nil || is.Segments != segments {
			t.Errorf("of room %s %d segments are known, %v", room, is.Segments, err)
		}
	}
}
