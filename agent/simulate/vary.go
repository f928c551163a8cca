package simulate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"thermostat/agent/config"
	"thermostat/agent/config/advice"
	"thermostat/controlloop/limits"
)

// setting is one key of the configuration with a value to try.
type setting struct{ key, value string }

// mostRuns bounds a grid.
const mostRuns = 10000

// gridOf gives every combination of what is varied, for each zone; without
// --vary the plans themselves.
func gridOf(plans []*Simulation, vary []string) ([]*Simulation, error) {
	axes, err := parseVary(vary)
	if err != nil {
		return nil, err
	}
	all := plans
	for _, axis := range axes {
		var next []*Simulation
		for _, s := range all {
			for _, try := range axis {
				next = append(next, s.with(try))
			}
		}
		if all = next; len(all) > mostRuns {
			return nil, fmt.Errorf("vary: more than %d runs", mostRuns)
		}
	}
	for _, s := range all {
		if err := s.apply(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseVary reads KEY=A,B,…; each becomes an axis of the grid.
func parseVary(texts []string) ([][]setting, error) {
	var axes [][]setting
	var seen []string
	for _, text := range texts {
		key, values, ok := strings.Cut(text, "=")
		names := config.Vary()
		switch {
		case !slices.Contains(names, key):
			if near := advice.Nearest(key, names); near != "" {
				return nil, fmt.Errorf("vary: %s is unknown: did you mean %s?", config.Shown(key), near)
			}
			return nil, fmt.Errorf("vary: %s is none of %s", config.Shown(key), strings.Join(names, ", "))
		case !ok || values == "":
			return nil, fmt.Errorf("vary: %s needs values, like %s=A,B", key, key)
		case slices.Contains(seen, key):
			return nil, fmt.Errorf("vary: %s is given twice", key)
		}
		seen = append(seen, key)
		var axis []setting
		for value := range strings.SplitSeq(values, ",") {
			axis = append(axis, setting{key, strings.TrimSpace(value)})
		}
		axes = append(axes, axis)
	}
	return axes, nil
}

// with is the simulation with one more setting to try.
func (s *Simulation) with(try setting) *Simulation {
	other := *s
	other.settings = append(slices.Clone(s.settings), try)
	return &other
}

// apply puts the settings into the zone; a value out of its bounds is an error.
func (s *Simulation) apply() error {
	if len(s.settings) == 0 {
		return nil
	}
	for _, try := range s.settings {
		if err := config.SetZone(&s.Zone, try.key, try.value); err != nil {
			return fmt.Errorf("vary: %s: %w", try.key, err)
		}
	}
	err := s.refuseHeld()
	if vs := limits.Validate(s.Zone.Params); len(vs) > 0 {
		err = errors.Join(vs[0])
	}
	if err == nil && !math.IsNaN(s.away) {
		absent := s.Zone.Default
		absent.Desired = s.away
		err = limits.RefuseSetpoint(s.Zone.Params, absent)
	}
	if err != nil {
		return fmt.Errorf("vary: %s: %w", settingsText(s.settings), err)
	}
	return nil
}

// refuseHeld says why the law would not hold what the settings make of the setpoint, or
// of the program; nil: it would.
func (s *Simulation) refuseHeld() error {
	sp := s.Zone.Default
	switch {
	case !s.programmed():
		return limits.RefuseSetpoint(s.Zone.Params, sp)
	case slices.ContainsFunc(s.settings, func(try setting) bool { return try.key == "desired" }):
		return errors.New("desired: the zone follows its program, which says what is held; --desired holds one temperature instead")
	}
	return s.Zone.Comfort.Refuse(s.Zone.Params, sp.UpDelta, sp.DownDelta)
}

func settingsText(settings []setting) string {
	var words []string
	for _, s := range settings {
		words = append(words, s.key+"="+s.value)
	}
	return strings.Join(words, " ")
}

// markBest marks the runs of each zone that no other one beats: at least as good
// in discomfort, switches and energy, and better in one of them.
func markBest(grid []*Simulation) {
	for _, s := range grid {
		s.best = !slices.ContainsFunc(grid, func(o *Simulation) bool {
			return o.Zone.Name == s.Zone.Name && o.beats(s)
		})
	}
}

func (s *Simulation) beats(o *Simulation) bool {
	better := false
	theirs := o.costs()
	for i, mine := range s.costs() {
		if mine > theirs[i] {
			return false
		}
		better = better || mine < theirs[i]
	}
	return better
}

// costs are what should be small. Energy that is not known counts for nothing.
func (s *Simulation) costs() [3]float64 {
	f := s.outcome.figures
	energy := s.outcome.energy()
	if math.IsNaN(energy) {
		energy = 0
	}
	return [3]float64{f.Discomfort(), f.SwitchesPerDay(), energy}
}
