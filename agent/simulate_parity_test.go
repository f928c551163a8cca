package main

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/boiler"
	"thermostat/agent/config"
	"thermostat/agent/config/sources"
	"thermostat/agent/demo"
	"thermostat/agent/devices"
	"thermostat/agent/service"
	"thermostat/agent/simulate"
	"thermostat/agent/simulate/site"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/source"
	"thermostat/drivers"
)

// decided is what can be compared of one decision.
type decided struct {
	after          time.Duration
	heater, cooler bool
	reason         controlloop.Reason
	wait           time.Duration
	reading        float64
	mode           controlloop.Mode
	desired        float64 // °C; 0 where none is aimed at
}

func decidedOf(s controlloop.State, target controlloop.Target, after time.Duration) decided {
	d := decided{after, s.Heater.On, s.Cooler.On, s.Reason, s.Wait, s.Reading.Celsius, target.Setpoint.Mode, target.Setpoint.Desired}
	if math.IsNaN(d.desired) { // which is not equal to itself
		d.desired = 0
	}
	return d
}

// act is what somebody does in the middle of the sample that begins so long after the start.
type act struct {
	after time.Duration
	does  func(p *comfort.Plan, said controlloop.Setpoint, now time.Time) controlloop.Setpoint
}

// bubble is when the clock of a bubble begins (testing/synctest).
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// live runs the zone of a configuration as demo does: with its goroutines, in
// the time of a bubble.
func live(t *testing.T, z config.Zone, lasts time.Duration, acts []act, see func(controlloop.Snapshot)) (all []decided) {
	return liveOn(t, nil, z, lasts, acts, see)
}

// liveOn is live with the sources that the zone may call.
func liveOn(t *testing.T, configured []sources.Source, z config.Zone, lasts time.Duration, acts []act, see func(controlloop.Snapshot)) (all []decided) {
	synctest.Test(t, func(t *testing.T) {
		hardware := drivers.NewHardware("/")
		boilers, err := boiler.Open(configured, boiler.Options{
			Open: func(r devices.Relay) (controlloop.Relay, error) { return devices.OpenRelay(r, hardware, nil) }, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := z.Devices.Open(hardware, nil)
		if err != nil {
			t.Fatal(err)
		}
		planner := &service.Planner{Law: z.Params, Trust: &service.ClockTrust{Always: true}, Alarms: controlloop.NewAlarms()}
		planner.Follow(z.Comfort)
		zone := &controlloop.Zone{
			Name: z.Name, SensorID: z.SensorID, Params: z.Params, Sensor: d.Sensor, Heater: d.Heater, Cooler: d.Cooler, Safety: d.Safety,
			Setpoints: mailbox.New[controlloop.Setpoint](),
			Plan: func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
				room := time.Duration(float64(look.Now.Sub(bubble)) * max(z.Params.Speed, 1)) // simulate's program runs in room time
				look.Now = bubble.Add(room)
				return planner.Target(said, look)
			},
			Observe: func(s controlloop.Snapshot) {
				if see(s); s.Time.Sub(bubble)%z.Params.Sample == 0 { // and not what somebody did between two samples
					all = append(all, decidedOf(s.State, s.Target, s.Time.Sub(bubble)))
				}
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), lasts+z.Params.Sample/4)
		defer cancel()
		if caller := boilers.Call(z.Calls, zone, z.Devices.NormallyOpen); caller != nil {
			observe := zone.Observe
			zone.Observe = func(s controlloop.Snapshot) { observe(s); caller.Saw(s) }
		}
		for _, b := range boilers {
			b.Begin(time.Now())
			go func() { // it decides by itself between the samples, as in the simulation, so that neither is first by chance
				time.Sleep(source.Step / 2)
				if err := b.Run(ctx); err != nil {
					t.Error(err)
				}
			}()
		}
		said := comfort.Begin(z.Default)
		done := make(chan error)
		go func(start controlloop.Setpoint) { done <- zone.Run(ctx, start) }(said)
		for _, a := range acts {
			time.Sleep(time.Until(bubble.Add(a.after + z.Params.Sample/2)))
			said = a.does(planner.Plan(), said, time.Now())
			said.Accepted, said.Source = time.Now(), "page"
			zone.Setpoints.Put(said)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
	return all[1:] // without the first, which has no reading
}

// stepped steps the same zone as simulate does.
func stepped(z config.Zone, lasts time.Duration, acts []act) (all []decided) {
	v := (&simulate.Simulation{Zone: z, Room: z.Devices.Sensor.Simulated, Total: lasts, Start: bubble, Centre: 20}).Begin()
	said := comfort.Begin(z.Default)
	for k := time.Duration(0); k*z.Params.Sample <= lasts; k++ {
		after := k * z.Params.Sample
		v.Now = v.Base.Add(after)
		v.Step(v.RoomTime(after), v.RoomTime(z.Params.Sample))
		all = append(all, decidedOf(*v.Stepper.State(), v.Stepper.Target(), after))
		if len(acts) > 0 && acts[0].after == after {
			v.Now = v.Now.Add(z.Params.Sample / 2)
			calendar := bubble.Add(after + z.Params.Sample/2)
			said = acts[0].does(&z.Comfort, said, calendar)
			said.Accepted, said.Source = calendar, "page"
			v.Stepper.Set(said, v.Now)
			acts = acts[1:]
		}
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
		{"the demo's, 60 times faster", demo.House{Speed: 60}.Config(bubble, "127.0.0.1:1883", ""), 2 * time.Hour},
		{"the demo's in real time", demo.House{Speed: 1}.Config(bubble, "127.0.0.1:1883", ""), 8 * time.Hour},
		{"the example of simulate", simulate.ExampleConfig, 3 * 24 * time.Hour},
		{"a fermenter", fermenter, 7 * 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, complaints := config.Read("test", []byte(c.config))
			if len(complaints) > 0 {
				t.Fatal(complaints)
			}
			for _, z := range cfg.Zones {
				compareDecisions(t, z.Name, live(t, z, c.lasts, nil, func(controlloop.Snapshot) {}), stepped(z, c.lasts, nil))
			}
		})
	}
}

// TestSimulateDecidesAsLiveOnABoiler: one zone on a simulated boiler, with valves of both kinds and without one, with
// pump and without, live with goroutines and tickers and stepped by hand: 0 differences.
func TestSimulateDecidesAsLiveOnABoiler(t *testing.T) {
	const house = `device: a
sources:
  - {name: boiler, relay: {driver: simulated}PUMP, valve_open: 3m, min_on: 7m, min_off: 12m}
zones:
  - name: bath
    calls: boiler
    sensor: {driver: simulated, model: radiator, outdoor: -2, seed: 5}VALVE
    default_setpoint: {mode: heat, desired: 20.5, up_delta: 0.1, down_delta: 0.1}
    limits: {max_rate: 1000}
`
	for _, c := range []struct{ name, pump, valve string }{
		{"a valve and a pump", ", pump: {driver: simulated}, pump_overrun: 6m", "\n    heater: {driver: simulated}"},
		{"a valve that stands open", "", "\n    heater: {driver: simulated}\n    normally_open: true"},
		{"no valve", ", pump: {driver: simulated}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, complaints := config.Read("test", []byte(strings.NewReplacer("PUMP", c.pump, "VALVE", c.valve).Replace(house)))
			for _, c := range complaints {
				if !c.Warning {
					t.Fatal(c)
				}
			}
			const lasts = 8 * time.Hour
			z, heated := cfg.Zones[0], 0
			lived := liveOn(t, cfg.Sources, z, lasts, nil, func(s controlloop.Snapshot) {
				if s.State.Action == controlloop.ActionHeating {
					heated++
				}
			})
			compareDecisions(t, z.Name, lived, steppedOn(t, cfg.Sources[0], z, lasts))
			if heated == 0 || heated == len(lived) {
				t.Errorf("it heated in %d of %d", heated, len(lived))
			}
		})
	}
}

// steppedOn steps the same zone on its source as simulate does.
func steppedOn(t *testing.T, s sources.Source, z config.Zone, lasts time.Duration) (all []decided) {
	run := simulate.Together{Source: &s, Zones: []*simulate.Simulation{{Zone: z, Source: &s, Room: z.Devices.Sensor.Simulated, Total: lasts, Start: bubble, Centre: 20}}}
	where, virtual, err := run.Begin()
	if err != nil {
		t.Fatal(err)
	}
	v := virtual[0]
	member := v.Member()
	tick := member.Tick
	member.Tick = func(at time.Duration) {
		tick(at)
		all = append(all, decidedOf(*v.Stepper.State(), v.Stepper.Target(), at))
	}
	if err := where.Run(t.Context(), lasts, []site.Member{member}, func(time.Duration) {}); err != nil {
		t.Fatal(err)
	}
	return all
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
