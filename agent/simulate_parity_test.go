package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/config"
	"thermostat/agent/simulate"
	"thermostat/controlloop"
	"thermostat/drivers"
)

// decided is what can be compared of one decision.
type decided struct {
	after          time.Duration
	heater, cooler bool
	reason         controlloop.Reason
	wait           time.Duration
	reading        float64
}

func decidedOf(s controlloop.State, after time.Duration) decided {
	return decided{after, s.Heater.On, s.Cooler.On, s.Reason, s.Wait, s.Reading.Celsius}
}

// live runs the zone of a configuration as demo does: with its goroutines, in
// the time of a bubble.
func live(t *testing.T, z config.Zone, lasts time.Duration) (all []decided) {
	synctest.Test(t, func(t *testing.T) {
		d, err := drivers.NewHardware("/").Open(z.Devices)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		zone := &controlloop.Zone{
			Name: z.Name, Params: z.Params, Sensor: d.Sensor, Heater: d.Heater, Cooler: d.Cooler, Safety: d.Safety,
			Setpoints: controlloop.NewLatest[controlloop.Setpoint](),
			Observe:   func(s controlloop.Snapshot) { all = append(all, decidedOf(s.State, s.Time.Sub(began))) },
		}
		ctx, cancel := context.WithTimeout(t.Context(), lasts+z.Params.Sample/2)
		defer cancel()
		if err := zone.Run(ctx, z.Default); err != nil {
			t.Fatal(err)
		}
	})
	return all[1 : len(all)-1] // without the first, which has no reading, and that of leaving
}

// stepped steps the same zone as simulate does.
func stepped(t *testing.T, z config.Zone, lasts time.Duration) (all []decided) {
	v := (&simulate.Simulation{Zone: z, Room: z.Devices.Sensor.Simulated, Total: lasts, Start: simulate.Monday(), Centre: 20}).Begin()
	for k := time.Duration(0); k*z.Params.Sample <= lasts; k++ {
		v.Now = v.Base.Add(k * z.Params.Sample)
		v.Step(v.RoomTime(k*z.Params.Sample), v.RoomTime(z.Params.Sample))
		all = append(all, decidedOf(*v.Stepper.State(), k*z.Params.Sample))
	}
	return all
}

// TestSimulateDecidesAsDemoDoes: the same rooms with the same seed, live with
// goroutines and tickers and stepped by hand, take the same decisions: 0 differences.
func TestSimulateDecidesAsDemoDoes(t *testing.T) {
	const fermenter = `device: a
zones:
  - name: beer
    plant: fermenter
    sensor: {driver: simulated, model: fermenter, outdoor: 19, outdoor_swing: 6, seed: 9}
    heater: {driver: simulated}
    cooler: {driver: simulated}
    default_setpoint: {mode: heat_cool, desired: 19}
`
	for _, c := range []struct {
		name, config string
		lasts        time.Duration
	}{
		{"the demo's, 60 times faster", fmt.Sprintf(demoConfig, 60, "127.0.0.1:1883", ""), 2 * time.Hour},
		{"the demo's in real time", fmt.Sprintf(demoConfig, 1, "127.0.0.1:1883", ""), 8 * time.Hour},
		{"the example of simulate", simulate.ExampleConfig, 3 * 24 * time.Hour},
		{"a fermenter", fermenter, 7 * 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, complaints := config.Read("test", []byte(c.config))
			if len(complaints) > 0 {
				t.Fatal(complaints)
			}
			for _, z := range cfg.Zones {
				compareDecisions(t, z.Name, live(t, z, c.lasts), stepped(t, z, c.lasts))
			}
		})
	}
}

func compareDecisions(t *testing.T, zone string, live, stepped []decided) {
	t.Helper()
	if len(live) != len(stepped) {
		t.Errorf("%s: %d decisions live, %d simulated", zone, len(live), len(stepped))
		return
	}
	differ, switches := 0, 0
	for i := range live {
		if live[i] != stepped[i] {
			if differ++; differ == 1 {
				t.Errorf("%s: live %+v, simulated %+v", zone, live[i], stepped[i])
			}
		}
		if i > 0 && (live[i].heater != live[i-1].heater || live[i].cooler != live[i-1].cooler) {
			switches++
		}
	}
	t.Logf("%s: %d decisions, %d switches, %d differences", zone, len(live), switches, differ)
	if switches < 10 {
		t.Errorf("%s: only %d switches: the comparison proves little", zone, switches)
	}
}
