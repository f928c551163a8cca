package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config/plant"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/slope"
)

// fakeBoot is a boot whose clock the test sets.
type fakeBoot struct{ is time.Duration }

func (f *fakeBoot) clock(id string) BootClock {
	return BootClock{id, func() time.Duration { return f.is }}
}

// heaterSnapshot is a zone with a heater alone, now.
func heaterSnapshot(on bool) controlloop.Snapshot {
	s := controlloop.Snapshot{Zone: "hall", Time: time.Now(), HasHeater: true, HeaterRelay: controlloop.RelayOff}
	s.State.Heater = controlloop.Output{On: on, Since: s.Time, Why: controlloop.ReasonMinOff}
	if on {
		s.HeaterRelay, s.State.Heater.Why = controlloop.RelayOn, ""
	}
	return s
}

// wrote gives what the saver would write now, if anything.
func (k *Saver) wrote() (KeptZone, bool) {
	select {
	case z := <-k.out.C():
		return z, true
	default:
		return KeptZone{}, false
	}
}

// TestKeeperKeepsSwitchesOnly: the start, each on and each off is written, with
// its time since boot, and no tick in between.
func TestKeeperKeepsSwitchesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boot := &fakeBoot{time.Hour}
		k := NewSaver("", make(WriteSlots, 1), boot.clock("a"), NewCounters(nil), func() Comfort { return Comfort{} }, func() []byte { return nil })
		see := func(s controlloop.Snapshot, want *KeptOutput) {
			t.Helper()
			k.Saw(s)
			got, written := k.wrote()
			if written != (want != nil) || written && (got.Boot != "a" || got.Cooler != nil || !reflect.DeepEqual(got.Heater, want)) {
				t.Errorf("written %v: %+v, want %+v", written, got.Heater, want)
			}
		}
		begin := heaterSnapshot(false)
		begin.State.Heater.Since = begin.Time.Add(-time.Minute) // restored
		see(begin, &KeptOutput{Since: 59 * time.Minute, Why: controlloop.ReasonMinOff})
		see(heaterSnapshot(false), nil)
		see(heaterSnapshot(true), &KeptOutput{On: true})
		see(heaterSnapshot(true), nil)

		deaf := heaterSnapshot(false) // told off, and may still be on
		deaf.HeaterRelay = controlloop.RelayUnknown
		see(deaf, nil)
		boot.is = 2 * time.Hour
		see(heaterSnapshot(false), &KeptOutput{Since: 2 * time.Hour, Why: controlloop.ReasonMinOff})

		see(heaterSnapshot(true), &KeptOutput{On: true})
		boot.is = 3 * time.Hour
		leaving := heaterSnapshot(false) // the end: the law's memory is still of the stretch
		leaving.State.Heater.Since = leaving.Time.Add(-time.Hour)
		see(leaving, &KeptOutput{Since: 3 * time.Hour, Why: controlloop.ReasonMinOff})
	})
}

// TestPastIsKnownWithinOneBootOnly: another boot, a clock that went back and a
// system that tells no boot know nothing.
func TestPastIsKnownWithinOneBootOnly(t *testing.T) {
	kept := func(o KeptOutput) KeptZone { return KeptZone{Boot: "a", Heater: &o} }
	offAt := func(d time.Duration) KeptZone { return kept(KeptOutput{Since: d, Why: controlloop.ReasonMaxOn}) }
	boot := &fakeBoot{time.Hour}
	for name, c := range map[string]struct {
		kept KeptZone
		boot string
		want controlloop.PastOutput
	}{
		"off":                {offAt(50 * time.Minute), "a", controlloop.PastOutput{Known: true, Off: 10 * time.Minute, Why: controlloop.ReasonMaxOn}},
		"on":                 {kept(KeptOutput{On: true}), "a", controlloop.PastOutput{Known: true, On: true}},
		"another boot":       {offAt(50 * time.Minute), "b", controlloop.PastOutput{}},
		"another boot, on":   {kept(KeptOutput{On: true}), "b", controlloop.PastOutput{}},
		"no boot":            {KeptZone{Heater: &KeptOutput{Since: time.Minute}}, "", controlloop.PastOutput{}},
		"from the future":    {offAt(61 * time.Minute), "a", controlloop.PastOutput{}},
		"before the boot":    {offAt(-1), "a", controlloop.PastOutput{}},
		"no heater till now": {KeptZone{Boot: "a"}, "a", controlloop.PastOutput{}},
	} {
		if got := c.kept.Past(boot.clock(c.boot)); got.Heater != c.want || got.Cooler != (controlloop.PastOutput{}) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestThePastIsOnDiskAtTheEnd: written by the saver's goroutine, also at the very end; no
// file and a damaged one are no past.
func TestThePastIsOnDiskAtTheEnd(t *testing.T) {
	m := testFolder(t)
	if got, err := m.LoadPast("hall"); err != nil || !reflect.DeepEqual(got, KeptZone{}) {
		t.Errorf("without a file: %+v, %v", got, err)
	}
	boot := &fakeBoot{time.Hour}
	k := NewSaver(m.PastFile("hall"), m.Slots, boot.clock("a"), NewCounters(nil), func() Comfort { return Comfort{} }, func() []byte { return nil })
	k.Saw(heaterSnapshot(true))
	k.end(KeptZone{}, false, func(err error) {
		if err != nil {
			t.Error(err)
		}
	})
	got, err := m.LoadPast("hall")
	if err != nil || got.Boot != "a" || got.Heater == nil || !got.Heater.On {
		t.Errorf("came back as %+v, %v", got, err)
	}
	whole, _ := os.ReadFile(m.PastFile("hall"))
	for i := range whole {
		clitest.WriteFile(t, m.PastFile("hall"), string(whole[:i]))
		if got, err := m.LoadPast("hall"); err == nil || !reflect.DeepEqual(got, KeptZone{}) {
			t.Fatalf("cut at %d: %+v, %v", i, got, err)
		}
	}
}

// TestKeeperTriesAgain: what could not be written is written a minute later.
func TestKeeperTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "zones")
		boot := &fakeBoot{time.Hour}
		k := NewSaver(filepath.Join(dir, "hall.past"), make(WriteSlots, 1), boot.clock("a"), NewCounters(nil), func() Comfort { return Comfort{} }, func() []byte { return nil })
		told := make(chan error, 9)
		ctx, cancel := context.WithCancel(t.Context())
		go k.Run(ctx, func(err error) { told <- err })
		k.Saw(heaterSnapshot(true))
		if err := <-told; err == nil {
			t.Fatal("written into nothing")
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := <-told; err != nil {
			t.Error(err)
		}
		cancel()
		<-k.Done
	})
}

// TestTheMemoryFaultStandsWhileAnythingIsNotKept: the fault stands while one of the things is not kept, and
// says which.
func TestTheMemoryFaultStandsWhileAnythingIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alarms := controlloop.NewAlarms()
		m := NewAlarm(alarms)
		var faults []controlloop.Fault
		zone := controlloop.Zone{
			Params: plant.Of("boiler").Params, Sensor: quiet{}, Alarms: alarms,
			Setpoints: mailbox.New[controlloop.Setpoint](),
			Observe:   func(s controlloop.Snapshot) { faults = s.Faults },
		}
		go zone.Run(t.Context(), controlloop.Setpoint{})
		expect := func(want string) {
			t.Helper()
			synctest.Wait()
			text := ""
			for _, f := range faults {
				text += string(f.Name) + ": " + f.Text
			}
			if text != want {
				t.Errorf("%q, want %q", text, want)
			}
		}
		full := errors.New("disk full")
		if !m.Tell("a", full) || m.Tell("a", full) || !m.Tell("b", full) {
			t.Error("what is news is said, and nothing else")
		}
		expect("memory: a cannot be kept over a restart: disk full; b cannot be kept over a restart: disk full")
		m.Tell("a", nil)
		expect("memory: b cannot be kept over a restart: disk full")
		m.Tell("b", nil)
		expect("")
	})
}

// quiet is a sensor that never answers.
type quiet struct{}

func (quiet) Read(ctx context.Context) (controlloop.Reading, error) {
	<-ctx.Done()
	return controlloop.Reading{}, ctx.Err()
}

// TestWhatWasLearnedOfARoomIsForgottenWithIt: another sensor, plant or relay is another room.
func TestWhatWasLearnedOfARoomIsForgottenWithIt(t *testing.T) {
	c := Comfort{Room: "a", Learned: comfort.Learned{Slope: slope.Learned{Rate: 3, Days: 5}}}
	if c.LearnedOf("a") != c.Learned || c.LearnedOf("b") != (comfort.Learned{}) || (Comfort{}).LearnedOf("") != (comfort.Learned{}) {
		t.Errorf("%+v", c.LearnedOf("b"))
	}
}
