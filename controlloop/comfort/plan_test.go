package comfort

import (
	"math"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
)

var berlin = time.FixedZone("CET", 3600)

// at is a time of Monday, 30 November 2026.
func at(hhmm string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-30 "+hhmm, berlin)
	if err != nil {
		panic(err)
	}
	return t
}

// house has comfort from 6, eco from 8:30, 21.5 °C from 16:30 and is off from 22:30.
func house(t *testing.T) *Plan {
	week, err := program.Parse("06:00 comfort, 08:30 eco, 16:30 21.5, 22:30 off")
	if err != nil {
		t.Fatal(err)
	}
	return &Plan{
		Calendar: program.Calendar{Week: week, Place: berlin}, Mode: controlloop.ModeHeat, HoldMax: 12 * time.Hour, Unsynced: Last,
		Presets: map[string]float64{"comfort": 20.5, "eco": 18, "boost": 23},
		Default: controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 16, UpDelta: 0.3, DownDelta: 0.3, Source: "config"},
	}
}

var (
	trusted = Clock{Trusted: true}
	auto    = controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.4, Source: "page", ID: "x", Serial: 7}
)

// aims checks what a plan aims at.
func aims(t *testing.T, p *Plan, said controlloop.Setpoint, now time.Time, clock Clock, mode controlloop.Mode, desired float64, why string) controlloop.Target {
	t.Helper()
	got := p.Target(said, now, clock)
	if sp := got.Setpoint; sp.Mode != mode || sp.Desired != desired && !(math.IsNaN(sp.Desired) && math.IsNaN(desired)) || got.Why != why || sp.Serial != said.Serial {
		t.Errorf("at %v: %+v, want %v %v by %s", now.Format("15:04"), got, mode, desired, why)
	}
	return got
}

// TestTheProgramChoosesInAuto: a transition counts from its instant to the next one,
// with the deltas that were said, and an off of the program is mode off for the law.
func TestTheProgramChoosesInAuto(t *testing.T) {
	p := house(t)
	got := aims(t, p, auto, at("06:00"), trusted, controlloop.ModeHeat, 20.5, Program)
	if got.Setpoint.Preset != "comfort" || got.Setpoint.UpDelta != 0.5 || !got.Auto || !got.Until.IsZero() || !got.Next.At.Equal(at("08:30")) || got.Next.Desired != 18 || got.Next.Preset != "eco" {
		t.Errorf("%+v", got)
	}
	aims(t, p, auto, at("05:59"), trusted, controlloop.ModeOff, math.NaN(), Program)
	aims(t, p, auto, at("16:30"), trusted, controlloop.ModeHeat, 21.5, Program)
	if got := aims(t, p, auto, at("22:29"), trusted, controlloop.ModeHeat, 21.5, Program); !math.IsNaN(got.Next.Desired) {
		t.Errorf("next %+v", got.Next)
	}
}

// TestAManualSetpointOutranksTheProgram: for ever, without an end.
func TestAManualSetpointOutranksTheProgram(t *testing.T) {
	said := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.5, DownDelta: 0.5, Source: "broker"}
	if got := aims(t, house(t), said, at("07:00"), trusted, controlloop.ModeHeat, 19, Manual); got.Auto || got.Next.At.IsZero() {
		t.Errorf("%+v", got)
	}
	said.Source = "config"
	aims(t, house(t), said, at("07:00"), trusted, controlloop.ModeHeat, 19, Default)
	aims(t, house(t), controlloop.Setpoint{}, at("07:00"), trusted, controlloop.ModeNone, 0, "")
}

// TestAHoldEndsAtItsEarliestEnd: by the clock, by duration, or in auto with the next transition.
func TestAHoldEndsAtItsEarliestEnd(t *testing.T) {
	p := house(t)
	hold := auto
	hold.Desired, hold.Accepted = 22, at("07:00")
	if got := aims(t, p, hold, at("08:29"), trusted, controlloop.ModeHeat, 22, Held); !got.Until.Equal(at("08:30")) || !got.Auto {
		t.Errorf("%+v", got)
	}
	aims(t, p, hold, at("08:30"), trusted, controlloop.ModeHeat, 18, Program)
	hold.Until = at("10:00")
	aims(t, p, hold, at("09:59"), trusted, controlloop.ModeHeat, 22, Held)
	aims(t, p, hold, at("10:00"), trusted, controlloop.ModeHeat, 18, Program)
	hold.For = time.Hour
	aims(t, p, hold, at("07:59"), trusted, controlloop.ModeHeat, 22, Held)
	if got := aims(t, p, hold, at("08:00"), trusted, controlloop.ModeHeat, 20.5, Program); got.Control.Mode != controlloop.ModeAuto || !math.IsNaN(got.Control.Desired) {
		t.Errorf("the control as it is obeyed: %+v", got.Control)
	}
	p.HoldMax = 30 * time.Minute
	hold.Hold = controlloop.Hold{}
	aims(t, p, hold, at("07:30"), trusted, controlloop.ModeHeat, 20.5, Program)
}

// TestAfterAHoldComesWhatItSays: then, and its own then; else the program; without one
// the configured setpoint.
func TestAfterAHoldComesWhatItSays(t *testing.T) {
	p := house(t)
	boost := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: math.NaN(), Preset: "boost", UpDelta: 1, DownDelta: 1, Source: "page", Serial: 3, Accepted: at("07:00")}
	boost.For = time.Hour
	boost.Then = &controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 1, DownDelta: 1, Hold: controlloop.Hold{Until: at("12:00")}}
	aims(t, p, boost, at("07:30"), trusted, controlloop.ModeHeat, 23, Boost)
	aims(t, p, boost, at("08:00"), trusted, controlloop.ModeHeat, 19, Held)
	if got := aims(t, p, boost, at("12:00"), trusted, controlloop.ModeHeat, 18, Program); got.Setpoint.Source != "page" {
		t.Errorf("%+v", got)
	}
	p.Week = program.Week{}
	aims(t, p, boost, at("12:00"), trusted, controlloop.ModeHeat, 16, Default)
}

// TestAutoWithoutAProgramHoldsTheConfiguredTemperature: and nothing where there is none.
func TestAutoWithoutAProgramHoldsTheConfiguredTemperature(t *testing.T) {
	p := house(t)
	p.Week = program.Week{}
	aims(t, p, auto, at("07:00"), trusted, controlloop.ModeHeat, 16, Default)
	p.Default = controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: 15}
	aims(t, p, auto, at("07:00"), trusted, controlloop.ModeHeat, 15, Default)
	p.Default = controlloop.Setpoint{Desired: math.NaN()}
	aims(t, p, auto, at("07:00"), trusted, controlloop.ModeNone, math.NaN(), Default)
}

// TestWithoutATrustedClockTheProgramDoesNotStep: its last transition stays, or the
// configured setpoint counts, or the clock all the same, as the owner chose.
func TestWithoutATrustedClockTheProgramDoesNotStep(t *testing.T) {
	p := house(t)
	last := program.Target{Preset: "comfort"}
	if got := aims(t, p, auto, at("03:00"), Clock{Last: &last}, controlloop.ModeHeat, 20.5, Program); !got.Next.At.IsZero() {
		t.Errorf("%+v", got)
	}
	aims(t, p, auto, at("03:00"), Clock{}, controlloop.ModeHeat, 16, Default)
	p.Unsynced = Stated
	aims(t, p, auto, at("03:00"), Clock{Last: &last}, controlloop.ModeHeat, 16, Default)
	p.Unsynced = Follow
	aims(t, p, auto, at("09:00"), Clock{}, controlloop.ModeHeat, 18, Program)
}

// TestAfterABootWithoutAClockAWarmHoldIsOver: nobody knows how long ago it began. One that
// asks for less than what follows counts anew, and so does nothing that has no end.
func TestAfterABootWithoutAClockAWarmHoldIsOver(t *testing.T) {
	p, before, now := house(t), at("07:00"), time.Unix(60, 0)
	last := program.Target{Preset: "eco"} // 18 °C
	dark := Clock{Last: &last}
	boost := controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: 23, Preset: Boost, Accepted: before, Hold: controlloop.Hold{For: time.Hour, Until: before.Add(time.Hour)}}
	if got, over := p.AfterBoot(boost, now, dark); got.Mode != controlloop.ModeAuto || chosen(got) || over != 1 {
		t.Errorf("a boost: %+v, %d over", got, over)
	}
	away := boost
	away.Desired, away.Preset = 12, Away
	got, _ := p.AfterBoot(away, now, dark)
	if got.Desired != 12 {
		t.Errorf("away: %+v", got)
	}
	aims(t, p, got, now.Add(59*time.Minute), dark, controlloop.ModeHeat, 12, Away)
	aims(t, p, got, now.Add(time.Hour), dark, controlloop.ModeHeat, 18, Program)
	over := boost
	over.Then = &away
	if got, _ := p.AfterBoot(over, now, dark); got.Desired != 12 {
		t.Errorf("a boost over away: %+v", got)
	}
	manual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 25, Accepted: before}
	if got, _ := p.AfterBoot(manual, now, dark); got.Desired != 25 {
		t.Errorf("by hand, for ever: %+v", got)
	}
	if got, _ := p.AfterBoot(boost, before.Add(30*time.Minute), trusted); got.Desired != 23 {
		t.Errorf("with a clock: %+v", got)
	}
}

// TestAHoldThatWasSaidBeforeTheClockWasKnownCountsAnewAfterABootWithOne: how long ago 1970 was tells
// nothing. One that asks for more than what follows it is over.
func TestAHoldThatWasSaidBeforeTheClockWasKnownCountsAnewAfterABootWithOne(t *testing.T) {
	p := house(t)
	away := auto
	away.Desired, away.Preset, away.Accepted = 12, Away, time.Unix(300, 0)
	away.For = 72 * time.Hour
	got, over := p.AfterBoot(away, at("07:00"), trusted)
	if !got.Accepted.Equal(at("07:00")) || over != 0 {
		t.Errorf("away: %+v, %d over", got, over)
	}
	aims(t, p, got, at("07:00").Add(72*time.Hour-time.Minute), trusted, controlloop.ModeHeat, 12, Away)
	aims(t, p, got, at("07:00").Add(72*time.Hour), trusted, controlloop.ModeHeat, 20.5, Program)
	boost := away
	boost.Desired, boost.Preset = 23, Boost
	if got, over := p.AfterBoot(boost, at("07:00"), trusted); chosen(got) || over != 1 {
		t.Errorf("a boost: %+v, %d over", got, over)
	}
	away.Until = at("09:00")
	got, _ = p.AfterBoot(away, at("07:00"), trusted)
	aims(t, p, got, at("08:59"), trusted, controlloop.ModeHeat, 12, Away)
	aims(t, p, got, at("09:00"), trusted, controlloop.ModeHeat, 18, Program)
}

// TestAConfiguredTemperatureInAutoOnlyStandsInForTheProgram: at a start the program chooses.
func TestAConfiguredTemperatureInAutoOnlyStandsInForTheProgram(t *testing.T) {
	p := house(t)
	p.Default = controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: 16, Source: "config"}
	aims(t, p, Begin(p.Default), at("07:00"), trusted, controlloop.ModeHeat, 20.5, Program)
	aims(t, p, Begin(p.Default), at("07:00"), Clock{}, controlloop.ModeHeat, 16, Default)
	gone := program.Target{Preset: "gone"}
	aims(t, p, Begin(p.Default), at("07:00"), Clock{Last: &gone}, controlloop.ModeHeat, 16, Default)
	heat := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 16}
	if got := Begin(heat); got.Desired != 16 {
		t.Errorf("%+v", got)
	}
}

// TestDeltasFitWhatAutoMayMean: the program, and without one the configured setpoint.
func TestDeltasFitWhatAutoMayMean(t *testing.T) {
	p := house(t)
	l := law()
	l.HeatCutout = 24
	if p.Refuse(l, 5, 5) == nil || p.Refuse(l, 0.5, 5) != nil {
		t.Errorf("%v, %v", p.Refuse(l, 5, 5), p.Refuse(l, 0.5, 5))
	}
	l.Cooler = true
	p = &Plan{Mode: controlloop.ModeHeat, Default: controlloop.Setpoint{Mode: controlloop.ModeHeatCool, Desired: 21}}
	if p.Refuse(l, 0.1, 0.1) == nil || p.Refuse(l, 0.5, 0.5) != nil {
		t.Errorf("%v, %v", p.Refuse(l, 0.1, 0.1), p.Refuse(l, 0.5, 0.5))
	}
}

// TestWithoutATrustedClockAMomentIsNotJudged: 4 h count instead, and durations as ever.
func TestWithoutATrustedClockAMomentIsNotJudged(t *testing.T) {
	p := house(t)
	last := program.Target{Preset: "eco"}
	hold := auto
	hold.Desired, hold.Accepted, hold.Until = 22, time.Unix(60, 0), at("07:00")
	aims(t, p, hold, time.Unix(60, 0).Add(4*time.Hour-1), Clock{Last: &last}, controlloop.ModeHeat, 22, Held)
	aims(t, p, hold, time.Unix(60, 0).Add(4*time.Hour), Clock{Last: &last}, controlloop.ModeHeat, 18, Program)
	hold.For = 5 * time.Hour
	aims(t, p, hold, time.Unix(60, 0).Add(5*time.Hour-1), Clock{Last: &last}, controlloop.ModeHeat, 22, Held)
}

func BenchmarkTarget(b *testing.B) {
	week, _ := program.Parse("mon-fri 06:00 comfort, 08:30 eco, 16:30 comfort, 22:30 eco; sat,sun 08:00 comfort, 23:00 eco")
	place, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Skip(err)
	}
	p := &Plan{Calendar: program.Calendar{Week: week, Place: place}, Mode: controlloop.ModeHeat, Presets: map[string]float64{"comfort": 20.5, "eco": 18}}
	b.ReportAllocs()
	for b.Loop() {
		p.Target(auto, at("07:00"), trusted)
	}
}
