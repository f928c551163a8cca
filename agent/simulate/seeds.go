package simulate

import (
	"encoding/json"
	"fmt"
	"strings"

	"thermostat/house/figures"
)

// seeded gives the runs of a grid: of each as many as there are seeds, one behind the other.
func seeded(grid []*Simulation, seeds int) (runs []*Simulation, err error) {
	if seeds == 1 {
		return grid, nil
	}
	if len(grid)*seeds > mostRuns {
		return nil, fmt.Errorf("seeds: more than %d runs", mostRuns)
	}
	for _, s := range grid {
		for nth := range seeds {
			run := *s
			run.nth = uint64(nth)
			runs = append(runs, &run)
		}
	}
	return runs, nil
}

// summarise gives each of a grid what its runs amount to.
func summarise(grid, runs []*Simulation, seeds int) {
	if seeds == 1 {
		return
	}
	for i, s := range grid {
		s.over = runs[i*seeds : (i+1)*seeds]
		s.outcome = meanOf(s.over)
	}
}

// meanOf is what runs amount to that differ in their seeds alone.
func meanOf(runs []*Simulation) outcome {
	mean := runs[0].outcome
	mean.errors, mean.given, mean.faults = figures.Errors{}, 0, faultLog{}
	if mean.arrived != nil {
		mean.arrived = new(figures.Punctuality)
	}
	var all []figures.Figures
	for _, s := range runs {
		o := &s.outcome
		all = append(all, o.figures)
		mean.errors.Merge(o.errors)
		mean.faults.merge(o.faults)
		mean.given += o.given / float64(len(runs))
		if mean.arrived != nil {
			mean.arrived.Merge(*o.arrived)
		}
	}
	mean.figures = figures.Mean(all)
	return mean
}

// merge adds the faults of another run.
func (l *faultLog) merge(o faultLog) {
	for i, name := range o.names {
		bit := l.bit(name)
		l.times[bit] += o.times[i]
		l.lasted[bit] += o.lasted[i]
	}
}

// spread is the least and the most of each number in which the runs differ, by its key in JSON.
func spread(runs []*Simulation) map[string][2]float64 {
	ends := map[string][2]float64{}
	for _, run := range runs {
		told := map[string]any{}
		text, err := json.Marshal(run.json(false))
		if err != nil || json.Unmarshal(text, &told) != nil {
			panic("simulate: what is told of a run is no JSON") // its numbers are finite
		}
		for key, value := range told {
			x, is := value.(float64)
			if !is {
				continue
			}
			e, known := ends[key]
			if !known {
				e = [2]float64{x, x}
			}
			ends[key] = [2]float64{min(e[0], x), max(e[1], x)}
		}
	}
	for key, e := range ends {
		if e[0] == e[1] {
			delete(ends, key)
		}
	}
	return ends
}

// spreadText is the spread of what counts most, for people.
func spreadText(runs []*Simulation) string {
	ends := spread(runs)
	parts := []string{}
	for _, f := range []struct {
		key, format string
		per         float64
	}{
		{"discomfort_kh", "discomfort %.2f..%.2f K·h", 1}, {"late_worst_s", "at worst %.1f..%.1f min late", 60},
		{"starts_per_day", "%.1f..%.1f starts a day", 1}, {"energy_kwh", "%.1f..%.1f kWh", 1},
	} {
		if e, differs := ends[f.key]; differs {
			parts = append(parts, fmt.Sprintf(f.format, e[0]/f.per, e[1]/f.per))
		}
	}
	return strings.Join(parts, ", ")
}
