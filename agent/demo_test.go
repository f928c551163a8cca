package main

import (
	"os"
	"reflect"
	"testing"
	"time"

	"thermostat/agent/config"
	"thermostat/agent/demo"
	"thermostat/controlloop/comfort"
)

// TestTheDemosProgramStepsFromItsStartOn: ten times in half an hour, also where that goes
// over midnight; and nothing of its configuration is complained of.
func TestTheDemosProgramStepsFromItsStartOn(t *testing.T) {
	for _, start := range []string{"00:00:00", "12:34:59", "23:50:30", "23:58:00"} {
		clock, err := time.Parse(time.TimeOnly, start)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 7, 1, clock.Hour(), clock.Minute(), clock.Second(), 0, time.Local)
		house := demo.House{Boiler: start == "12:34:59", Speed: 60}
		cfg, complaints := config.Read("demo", []byte(house.Config(now, "127.0.0.1:1883", "")))
		if len(complaints) > 0 {
			t.Fatal(complaints)
		}
		plan := &cfg.Zones[0].Comfort
		for i, began := 0, now; i < 10; i++ {
			target := plan.Target(comfort.Begin(cfg.Zones[0].Default), now, comfort.Clock{Trusted: true})
			if want := []float64{20, 18.5}[i%2]; target.Setpoint.Desired != want {
				t.Errorf("%s: %v after the start it holds %v °C, want %v", start, now.Sub(began), target.Setpoint.Desired, want)
			}
			if now.Sub(began) > 30*time.Minute || i == 0 && target.Next.At.Sub(now) <= time.Minute {
				t.Errorf("%s: step %d is %v after the start, the next %v after it", start, i, now.Sub(began), target.Next.At.Sub(now))
			}
			now = target.Next.At
		}
	}
}

// TestTheHouseOnABoilerIsSoundAtEverySpeed: its times are those of its valves.
func TestTheHouseOnABoilerIsSoundAtEverySpeed(t *testing.T) {
	for speed, open := range map[float64]time.Duration{0.1: 15 * time.Minute, 1: 210 * time.Second, 60: 4 * time.Second, 10000: time.Second} {
		cfg, complaints := config.Read("demo", []byte(demo.House{Boiler: true, Speed: speed}.Config(bubble, "127.0.0.1:1883", "")))
		if len(complaints) > 0 || cfg.Sources[0].Law.ValveOpen != open {
			t.Errorf("speed %v: %v, %+v", speed, complaints, cfg.Sources[0].Law)
		}
	}
}

// TestTheExampleOfASimulatedBoilerIsTheDemosHouse: rooms, valves, times and boiler are the same. In the
// example nothing follows the demo's program.
func TestTheExampleOfASimulatedBoilerIsTheDemosHouse(t *testing.T) {
	text, err := os.ReadFile("../examples/simulated-boiler.yaml")
	if err != nil {
		t.Fatal(err)
	}
	example, complaints := config.Read("example", text)
	shown, _ := config.Read("demo", []byte(demo.House{Boiler: true, Speed: 60}.Config(time.Now(), "127.0.0.1:1883", "")))
	if len(complaints) > 0 || !reflect.DeepEqual(cut(example), cut(shown)) {
		t.Errorf("%v\n%+v\nthe demo's:\n%+v", complaints, cut(example), cut(shown))
	}
}

// cut is what a house is made of.
func cut(c config.Config) (parts []any) {
	parts = []any{*c.Sources[0].Relay, *c.Sources[0].Pump, c.Sources[0].Law}
	for _, z := range c.Zones {
		parts = append(parts, z.Name, z.Calls, z.Devices.Sensor, *z.Devices.Heater, z.Params)
	}
	return parts
}
