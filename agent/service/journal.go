package service

import (
	"log/slog"
	"math"

	"thermostat/agent/cli"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/report"
)

// Journal writes what a zone decides into the log: the first decision,
// every switch, every setpoint, a program that waits, every fault that comes or goes.
type Journal struct {
	Log   *slog.Logger
	last  controlloop.Snapshot
	waits string // what was said last of a program that waits
	begun bool
}

// Saw takes a snapshot.
func (j *Journal) Saw(s controlloop.Snapshot) {
	was := j.last
	j.last = s
	if j.begun {
		j.changes(was, s)
	} else {
		j.begun = true
		j.Log.Info("first decision", "action", s.State.Action, "reason", s.State.Reason)
	}
	j.program(was, s)
	came, went := report.FaultChanges(was.Faults, s.Faults)
	for _, f := range came {
		j.Log.Warn("fault", "name", f.Name, "text", f.Text)
	}
	for _, f := range went {
		j.Log.Info("fault over", "name", f.Name)
	}
}

func (j *Journal) changes(was, s controlloop.Snapshot) {
	if !was.Setpoint.SameTarget(s.Setpoint) {
		j.Log.Info("setpoint", SetpointFields(s.Setpoint)...)
	}
	if was.State.Heater.On != s.State.Heater.On {
		j.Log.Info("heater "+cli.OnOff(s.State.Heater.On), switchWords(s)...)
	}
	if was.State.Cooler.On != s.State.Cooler.On {
		j.Log.Info("cooler "+cli.OnOff(s.State.Cooler.On), switchWords(s)...)
	}
}

// program says when a program begins to wait, and for what else it waits.
func (j *Journal) program(was, s controlloop.Snapshot) {
	if report.SameTarget(was.Target, s.Target) {
		return
	}
	if waits := comfort.Waits(s.Target); waits != j.waits {
		if j.waits = waits; waits != "" {
			j.Log.Info(waits + "; thermostat resume " + s.Zone + " follows it")
		}
	}
}

// switchWords say why a relay switched, and at which temperature if that is known.
func switchWords(s controlloop.Snapshot) []any {
	words := []any{"reason", s.State.Reason}
	if t := s.Temperature(); !math.IsNaN(t) {
		words = append(words, "temperature", t)
	}
	return words
}

// SetpointFields are a setpoint's fields for the log; one that nobody gave has none.
func SetpointFields(sp controlloop.Setpoint) []any {
	if sp.Mode == controlloop.ModeNone {
		return []any{"mode", "none yet"}
	}
	words := []any{"mode", sp.Mode}
	if !math.IsNaN(sp.Desired) {
		words = append(words, "desired", sp.Desired)
	}
	return append(words, "source", sp.Source, "up_delta", sp.UpDelta, "down_delta", sp.DownDelta)
}
