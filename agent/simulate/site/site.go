// Package site is the rooms of one boiler in virtual time: the boiler that runs live, stepped
// as there, and the water by which it heats simulated rooms.
package site

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"thermostat/agent/boiler"
	"thermostat/agent/config/sources"
	"thermostat/controlloop"
	"thermostat/controlloop/source"
	"thermostat/drivers/simulated"
)

// Site is a boiler, its water and the zones that call it. Fill it by [Site.Room] and
// [Site.Call], then call [Site.Begin], make what steps the zones, and call [Site.Run].
type Site struct {
	Base   time.Time // where the clock begins; it has a monotonic reading, as that of the agent
	now    time.Time
	boiler *boiler.Boiler
	water  *simulated.Water
	rooms  []*simulated.Room
	names  []string
}

// New makes the site of a source, whatever its relays are.
func New(s sources.Source) *Site {
	t := &Site{Base: time.Now()}
	t.now = t.Base
	t.water = simulated.NewWater(func() time.Time { return t.now })
	t.boiler = &boiler.Boiler{
		Source: s, Switch: t.water.Burner(), Log: slog.New(slog.DiscardHandler),
		Trusted: func(time.Time) bool { return true }, // so that it exercises its valves
	}
	if s.Pump != nil {
		t.boiler.Pump = t.water.Pump()
	}
	return t
}

// Room makes a room on the site's water, in the site's time.
func (t *Site) Room(s simulated.Spec, v simulated.Valve) (*simulated.Room, error) {
	room, err := t.water.Room(s, v)
	if err == nil {
		t.rooms = append(t.rooms, room)
	}
	return room, err
}

// Call has a zone call the boiler, which from then on stands before its valve.
func (t *Site) Call(z *controlloop.Zone, normallyOpen bool) {
	if z.Alarms == nil {
		z.Alarms = controlloop.NewAlarms()
	}
	z.Observe = t.boiler.Add(z, normallyOpen).Saw
	t.names = append(t.names, z.Name)
}

// Begin makes the boiler ready. Call it before a zone takes its first step.
func (t *Site) Begin() { t.boiler.Begin(t.Base) }

// Member is one zone: Tick is its sample, so long after the beginning by the clock.
type Member struct {
	Sample time.Duration
	Tick   func(at time.Duration)
}

// lookAfter is after how many moments a run asks whether it shall go on.
const lookAfter = 4096

// Run lives through so much time of the clock. The boiler decides after each moment at which
// a zone did, and by itself every few seconds: between the samples, as it mostly happens live.
// passed hears now and then how far it is.
func (t *Site) Run(ctx context.Context, lasts time.Duration, members []Member, passed func(at time.Duration)) error {
	next, own := make([]time.Duration, len(members)), source.Step/2
	for n, at := 1, time.Duration(0); at <= lasts; n++ {
		if n%lookAfter == 0 {
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			passed(at)
		}
		t.now = t.Base.Add(at)
		for i, m := range members {
			if next[i] == at {
				m.Tick(at)
				next[i] += m.Sample
			}
		}
		if t.boiler.Step(t.now); at == own {
			own += source.Step
		}
		at = min(own, slices.Min(next))
	}
	return nil
}
