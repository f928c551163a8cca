package simulate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"thermostat/agent/config/sources"
	"thermostat/agent/simulate/site"
	"thermostat/controlloop"
)

// Together is one run: that of a zone by itself, or of all zones that one source heats.
type Together struct {
	Source  *sources.Source // nil: the zone's heater heats it
	Zones   []*Simulation
	figures site.Figures // of the source
}

// togetherOf puts together what one source heats with the same settings and seeds.
func togetherOf(grid []*Simulation) (all []*Together) {
	for _, s := range grid {
		i := slices.IndexFunc(all, func(t *Together) bool {
			return s.Source != nil && t.Source != nil && t.Source.Name == s.Source.Name && t.Zones[0].nth == s.nth && settingsText(t.Zones[0].settings) == settingsText(s.settings)
		})
		if i < 0 {
			i, all = len(all), append(all, &Together{Source: s.Source})
		}
		all[i].Zones = append(all[i].Zones, s)
	}
	return all
}

// Begin makes boiler, zones and rooms as run would, in the time of the run.
func (t *Together) Begin() (*site.Site, []*Virtual, error) {
	where := site.New(*t.Source)
	var all []*Virtual
	var zones []*controlloop.Zone
	for _, s := range t.Zones {
		v := s.virtual(where.Base)
		room, err := where.Room(s.seeded(), s.Zone.Devices.Valve())
		if err != nil {
			return nil, nil, fmt.Errorf("zone %s: %w", s.Zone.Name, err)
		}
		v.room = room
		z := v.wire()
		where.Call(z, s.Zone.Devices.NormallyOpen)
		all, zones = append(all, v), append(zones, z)
	}
	where.Begin()
	for i, v := range all {
		v.begin(zones[i])
		v.outcome.heater = 0 // what heats it is counted by the water
	}
	return where, all, nil
}

// Member is the zone among those of its source.
func (v *Virtual) Member() site.Member {
	sample := v.Zone.Params.Sample
	span := v.RoomTime(sample)
	return site.Member{Sample: sample, Tick: func(at time.Duration) {
		v.Now = v.Base.Add(at)
		room := v.RoomTime(at)
		v.Step(room, min(room, span))
	}}
}

// run lives through the whole time.
func (t *Together) run(ctx context.Context, bar *progress) error {
	if t.Source == nil {
		return t.Zones[0].run(ctx, bar)
	}
	where, all, err := t.Begin()
	if err != nil {
		return err
	}
	var members []site.Member
	for _, v := range all {
		members = append(members, v.Member())
	}
	reached, v := time.Duration(0), all[0]
	lasts := time.Duration(float64(v.Total) / float64(v.RoomTime(time.Second)) * float64(time.Second))
	err = where.Run(ctx, lasts, members, func(at time.Duration) {
		bar.add(v.RoomTime(at-reached) * time.Duration(len(all)))
		reached = at
	})
	for _, v := range all {
		v.end()
		v.outcome.given = (v.room.Given() - v.before) / 3.6e6
	}
	t.figures = where.Figures(v.Total)
	for _, try := range v.settings {
		t.figures.Settings = append(t.figures.Settings, [2]string{try.key, try.value})
	}
	return err
}

// shown are the runs that were asked for; the others only share a source with them.
func shown(grid []*Simulation) []*Simulation {
	return slices.DeleteFunc(slices.Clone(grid), func(s *Simulation) bool { return s.silent })
}

// sourcesShown are the figures of their sources, of all seeds together.
func sourcesShown(all []*Together, seeds int) (figures []site.Figures) {
	var each []site.Figures
	for _, t := range all {
		if t.Source != nil {
			each = append(each, t.figures)
		}
	}
	for runs := range slices.Chunk(each, seeds) {
		figures = append(figures, site.Mean(runs))
	}
	return figures
}
