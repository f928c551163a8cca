package comfort

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"thermostat/controlloop"
	"thermostat/controlloop/limits"
)

// UsualMode is what a zone with these relays is there for: heat if it has a
// heater, else cool; off without any.
func UsualMode(law controlloop.Params) controlloop.Mode {
	switch {
	case law.Heater:
		return controlloop.ModeHeat
	case law.Cooler:
		return controlloop.ModeCool
	}
	return controlloop.ModeOff
}

// Refuse says why deltas (K) do not fit one of the temperatures that the program or
// a preset may ask for; nil: they fit all.
func (p *Plan) Refuse(law controlloop.Params, upDelta, downDelta float64) error {
	if mode := p.Default.Mode; p.Week.Empty() && mode > controlloop.ModeOff && mode != controlloop.ModeAuto { // auto means the configured one
		sp := controlloop.Setpoint{Mode: mode, Desired: p.Temperature(p.Default), UpDelta: upDelta, DownDelta: downDelta}
		if vs := limits.CheckSetpoint(law, sp); len(vs) > 0 {
			return fmt.Errorf("of the configured setpoint: %w", vs[0])
		}
	}
	coldest, warmest := p.extremes()
	for _, celsius := range []float64{coldest, warmest} {
		sp := controlloop.Setpoint{Mode: p.Mode, Desired: celsius, UpDelta: upDelta, DownDelta: downDelta}
		if math.IsInf(celsius, 0) {
			sp.Mode, sp.Desired = controlloop.ModeOff, math.NaN() // neither program nor presets: the deltas alone
		}
		if vs := limits.CheckSetpoint(law, sp); len(vs) > 0 {
			return fmt.Errorf("of the program and the presets: %w", vs[0])
		}
	}
	return nil
}

// extremes are the coldest and the warmest temperature of program and presets, in °C;
// infinite where there is none.
func (p *Plan) extremes() (coldest, warmest float64) {
	coldest, warmest = math.Inf(1), math.Inf(-1)
	with := func(celsius float64) {
		if !math.IsNaN(celsius) {
			coldest, warmest = min(coldest, celsius), max(warmest, celsius)
		}
	}
	for _, t := range p.Week.Targets() {
		with(p.celsius(t))
	}
	for _, celsius := range p.Presets {
		with(celsius)
	}
	return coldest, warmest
}

// UnknownPreset is said of a name that is none of the zone's presets.
func (p *Plan) UnknownPreset(name string) error {
	has := "none"
	if len(p.Presets) > 0 {
		has = strings.Join(slices.Sorted(maps.Keys(p.Presets)), ", ")
	}
	return fmt.Errorf("preset %.40q is unknown: this zone has %s", name, has)
}

// Unknown gives the presets that the program uses and nobody gave, in its order.
func (p *Plan) Unknown() (names []string) {
	for _, name := range p.Used() {
		if _, known := p.Presets[name]; !known {
			names = append(names, name)
		}
	}
	return names
}

// Fit brings a target into the limits of the law. Nothing that is accepted needs it: a
// configuration may have changed since. Why is nil where the target fits.
func Fit(law controlloop.Params, sp controlloop.Setpoint) (fits controlloop.Setpoint, why error) {
	if sp.Mode <= controlloop.ModeOff {
		return sp, nil
	}
	if why = limits.RefuseSetpoint(law, sp); why == nil {
		return sp, nil
	}
	low, high := reach(law, sp)
	if sp.Desired = min(max(sp.Desired, low), high); limits.RefuseSetpoint(law, sp) != nil { // the mode, or the deltas
		sp.Mode = controlloop.ModeOff
	}
	return sp, why
}

// reach are the coldest and the warmest temperature that fits, in °C, in the mode and
// with the deltas of a setpoint.
func reach(law controlloop.Params, sp controlloop.Setpoint) (low, high float64) {
	const inside = 0.1 // K: a sum must stay inside a cut-out, not at it
	low, high = law.DesiredMin, law.DesiredMax
	if law.Heater {
		high = min(high, law.HeatCutout-sp.UpDelta-inside)
	}
	if sp.Mode.Cools() {
		low = max(low, law.CoolCutout+sp.DownDelta+inside)
	}
	return low, high
}
