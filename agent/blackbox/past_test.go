package blackbox

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/state"
	"thermostat/controlloop"
)

// TestRestartKnowsItsPast runs the binary: what went off when this machine
// booted need not wait, the switch on is on disk before a kill, and the orderly
// end leaves it off.
func TestRestartKnowsItsPast(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	clitest.WriteFile(t, config, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
zones:
  - name: hall
    sensor: {driver: simulated, model: linear, start: 15}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 25}
    timing: {sample: 1s, stale_after: 60s, min_on: 0s, min_off: 3m}
`, dir))
	boot := state.ThisBoot()
	m, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	atBoot := state.KeptZone{Boot: boot.ID, Heater: &state.KeptOutput{Since: 0, Why: controlloop.ReasonMinOff}}
	atBoot.Counters = &controlloop.Counters{Heater: controlloop.OutputCounters{Cycles: 7, On: time.Hour}}
	if err := state.WriteChecked(m.PastFile("hall"), atBoot); err != nil {
		t.Fatal(err)
	}
	kept := func(on bool) {
		t.Helper()
		clitest.Eventually(t, func() error {
			got, err := m.LoadPast("hall")
			if err != nil || got.Boot != boot.ID || got.Heater == nil || got.Heater.On != on {
				text, _ := json.Marshal(got)
				return fmt.Errorf("on disk: %s, %v; want on=%v", text, err, on)
			}
			return nil
		})
	}
	p := start(t, thermostat(t), "run", "--config", config)
	p.Says(`msg="heater on"`) // the machine has been up for longer than min_off
	kept(true)
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
	kept(false)
	if got, _ := m.LoadPast("hall"); got.Counters.Heater.Cycles != 8 || got.Counters.Heater.On <= time.Hour {
		t.Errorf("counted %+v", got.Counters)
	}

	if err := state.WriteChecked(m.PastFile("hall"), atBoot); err != nil {
		t.Fatal(err)
	}
	p = start(t, thermostat(t), "run", "--config", config)
	p.Says(`msg="heater on"`)
	kept(true)
	p.Kill()
	kept(true)

	if got, _ := m.LoadPast("hall"); got.Past(boot).Heater != (controlloop.PastOutput{Known: true, On: true}) {
		t.Errorf("after a kill: %+v", got.Past(boot))
	}
}

// The binary is killed: three kills lock the heat pump and not the
// boiler, an orderly end clears it.
func TestACrashLoopLocksTheHeatPumpAndNotTheBoiler(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	zone := `
  - name: %s
    plant: %s
    sensor: {driver: simulated, model: linear, start: 15}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 25}
    timing: {sample: 1s, stale_after: 60s, min_on: 0s, min_off: 0s}`
	clitest.WriteFile(t, config, fmt.Sprintf("device: cabin\nstate_dir: %s\nzones:", dir)+
		fmt.Sprintf(zone, "boiler", "boiler")+fmt.Sprintf(zone, "pump", "heat_pump")+"\n")
	const locks = `msg=fault zone=pump name=crash_loop`
	for i := range 3 {
		p := start(t, thermostat(t), "run", "--config", config)
		p.Says(`msg="heater on" zone=pump`)
		if p.Kill(); p.Count(locks) > 0 {
			t.Errorf("start %d is locked", i+1)
		}
	}
	p := start(t, thermostat(t), "run", "--config", config)
	p.Says(locks)
	p.Says(`msg="heater on" zone=boiler`)
	if p.stop(); p.Count(`msg="heater on" zone=pump`) > 0 || p.Count("zone=boiler name=crash_loop") > 0 {
		t.Errorf("%s", p.Output())
	}
	p = start(t, thermostat(t), "run", "--config", config)
	p.Says(`msg="heater on" zone=pump`)
	if p.stop(); p.Count(locks) > 0 {
		t.Error("still locked after an orderly end")
	}
}
