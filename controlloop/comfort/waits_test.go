package comfort

import (
	"math"
	"testing"
	"time"

	"thermostat/controlloop"
)

// TestAProgramWaitsForAHandWithoutAnEnd: and for nothing else.
func TestAProgramWaitsForAHandWithoutAnEnd(t *testing.T) {
	later := time.Date(2026, 11, 29, 22, 0, 0, 0, time.UTC)
	target := func(mode controlloop.Mode, desired float64, why string) controlloop.Target {
		sp := controlloop.Setpoint{Mode: mode, Desired: desired}
		return controlloop.Target{Setpoint: sp, Control: sp, Why: why, Next: controlloop.Change{At: later, Desired: 17}}
	}
	auto, ends, none := target(controlloop.ModeHeat, 21, Program), target(controlloop.ModeHeat, 23, Held), target(controlloop.ModeHeat, 21, Manual)
	auto.Auto, ends.Until, none.Next = true, later, controlloop.Change{}
	held := ends
	held.Auto = true
	away, byHand := target(controlloop.ModeHeat, 12, Away), target(controlloop.ModeHeat, 21.5, Manual) // the hand came while everybody was away
	away.Control.Preset, away.Control.Then, byHand.Control.Then = Away, &auto.Setpoint, &auto.Setpoint
	for name, c := range map[string]struct {
		is   controlloop.Target
		want string
	}{
		"a temperature":              {target(controlloop.ModeHeat, 21.5, Manual), "program waits: set by hand to 21.5 °C"},
		"a preset":                   {target(controlloop.ModeHeat, 12, Away), "program waits: set by hand to 12 °C"},
		"off":                        {target(controlloop.ModeOff, 21, Manual), "program waits: set by hand to off"},
		"auto":                       {auto, ""},
		"away":                       {away, ""},
		"by hand, with what follows": {byHand, "program waits: set by hand to 21.5 °C"},
		"a hold in auto":             {held, ""},
		"with an end":                {ends, ""},
		"as configured":              {target(controlloop.ModeHeat, 20, Default), ""},
		"nobody has spoken":          {target(controlloop.ModeNone, math.NaN(), ""), ""},
		"a zone without a program":   {none, ""},
	} {
		if got := Waits(c.is); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
