package state

import (
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/config/plant"
	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
)

// TestCrashesAreCounted: starts that did not end in order, of the last ten
// minutes, of this boot, and not the one that counts.
func TestCrashesAreCounted(t *testing.T) {
	m := testFolder(t)
	boot := &fakeBoot{time.Hour}
	starts := func(id string, want int) {
		t.Helper()
		if got, err := m.Started(boot.clock(id)); got != want || err != nil {
			t.Errorf("at %v: %d crashes, %v; want %d", boot.is, got, err, want)
		}
	}
	for want := range 3 {
		starts("a", want)
		boot.is += 3 * time.Minute
	}
	starts("a", 3) // 9 minutes after the first
	boot.is += 2 * time.Minute
	starts("a", 3) // the first is 11 minutes ago
	boot.is -= 30 * time.Minute
	starts("a", 0) // the others are in the future: that clock cannot be told from
	starts("b", 0)
	starts("b", 1)
	starts("", 0)
	if err := m.Ended(); err != nil {
		t.Error(err)
	}
	if err := m.Ended(); err != nil { // there is nothing to forget
		t.Error(err)
	}
	starts("b", 0)

	clitest.WriteFile(t, m.startsFile(), "nonsense")
	if got, err := m.Started(boot.clock("b")); got != 0 || err == nil {
		t.Errorf("damaged: %d, %v", got, err)
	}
	starts("b", 1) // and it is whole again
}

func TestOnlyCompressorsAreLocked(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"heat_pump": 10 * time.Minute, "fridge": 10 * time.Minute, "fermenter": 10 * time.Minute,
		"boiler": 0, "electric": 0, "floor": 0,
	} {
		z := config.Zone{Plant: name, Params: plant.Of(name).Params}
		if got := CrashLocked(z, 3); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if got := CrashLocked(z, 2); got != 0 {
			t.Errorf("%s after two crashes: %v", name, got)
		}
		z.Params.MinOff = time.Hour
		if got := CrashLocked(z, 3); want > 0 && got != time.Hour {
			t.Errorf("%s with a longer min_off: %v", name, got)
		}
	}
}

// TestCrashLockClearsByItself: off with reason and fault until the time is
// served, then neither.
func TestCrashLockClearsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := plant.Of("heat_pump").Params
		p.Heater = true
		told := mailbox.New[controlloop.Snapshot]()
		z := &controlloop.Zone{
			Params: p, Sensor: clitest.Steady(15), Heater: clitest.Obedient{}, Alarms: controlloop.NewAlarms(),
			Setpoints: mailbox.New[controlloop.Setpoint](),
			Observe:   told.Put,
		}
		LockOut(z, 3, 10*time.Minute)
		go z.Run(t.Context(), controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 0.5, DownDelta: 0.5})
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		s := <-told.C()
		if s.State.Reason != controlloop.ReasonCrashLoop || len(s.Faults) != 1 || s.Faults[0].Name != "crash_loop" || s.State.Heater.On {
			t.Errorf("locked: %v %v", s.State, s.Faults)
		}
		time.Sleep(2*time.Second + p.Sample)
		synctest.Wait()
		s = <-told.C()
		if !s.State.Heater.On || len(s.Faults) > 0 {
			t.Errorf("served: %v %v", s.State, s.Faults)
		}
	})
}
