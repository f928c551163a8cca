// Package plant is the table of plants: what a relay switches, and what that means for a
// zone that says nothing else.
package plant

import (
	"time"

	"thermostat/controlloop"
)

// Plant is what a zone's heater or cooler belongs to.
type Plant struct {
	Name       string
	Says       string
	Params     controlloop.Params // the constants where the configuration says nothing else
	Room       string             // the simulated room that stands for it, of [drivers.Models]
	Compressor bool               // short cycles wear it out
	Warms      float64            // K/h, by its heater, before more is known of the room
	Goods      bool               // it is there for what lies in it, also while people are away
}

// plants are all there are.
var plants = []Plant{
	{Name: "electric", Says: "a heater by itself", Room: "panel", Warms: 5, Params: electric(rests(room, 30*time.Second, 30*time.Second, 30))},
	{Name: "boiler", Says: "a boiler with radiators", Room: "radiator", Warms: 2, Params: rests(room, 4*time.Minute, 4*time.Minute, 16)},
	{Name: "heat_pump", Says: "a heat pump", Room: "massive", Warms: 0.5, Compressor: true, Params: rests(room, 10*time.Minute, 10*time.Minute, 4.5)},
	{Name: "floor", Says: "a floor heating", Room: "massive", Warms: 0.5, Params: rests(room, 10*time.Minute, 10*time.Minute, 4.5)},
	{Name: "fridge", Says: "a refrigerator or freezer", Room: "refrigerator", Compressor: true, Goods: true,
		Params: rests(temperatures{-30, 12, 15, -35}, 3*time.Minute, 5*time.Minute, 40)},
	{Name: "fermenter", Says: "a fermenter in a refrigerator", Room: "fermenter", Compressor: true, Goods: true,
		Params: rests(temperatures{0, 40, 45, -2}, 2*time.Minute, 5*time.Minute, 30)},
}

// temperatures are the limits that hang on the plant, in °C.
type temperatures struct{ desiredMin, desiredMax, heatCutout, coolCutout float64 }

var room = temperatures{5, 28, 35, 3}

// rests are the constants of a plant with those temperatures that is on, and
// off, for so long at least, and starts so often a day.
func rests(t temperatures, minOn, minOff time.Duration, starts float64) controlloop.Params {
	return controlloop.Params{
		DesiredMin: t.desiredMin, DesiredMax: t.desiredMax, HeatCutout: t.heatCutout, CoolCutout: t.coolCutout,
		PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5,
		Sample: 5 * time.Second, StaleAfter: time.Minute, MinOn: minOn, MinOff: minOff,
		Changeover: 10 * time.Minute, FrozenAfter: 3 * time.Hour,
		Law: controlloop.LawAuto, StartsPerDay: starts,
	}
}

func electric(p controlloop.Params) controlloop.Params {
	p.Electric = true
	return p
}

// Calling is the plant of a zone that calls a source, which protects the plant: the
// zone's times are those of its valve, if it has one. A valve proves nothing by itself.
func (p Plant) Calling(valve bool) Plant {
	p.Params.MinOn, p.Params.MinOff, p.Params.Electric = 0, 0, false
	if valve {
		p.Params.MinOn, p.Params.MinOff = 30*time.Second, 30*time.Second
	}
	return p
}

// Usual is that of a zone that names none.
func Usual() Plant { return Of("boiler") }

// Of gives the plant of that name; a name that no plant has gives the zero Plant.
func Of(name string) Plant {
	for _, p := range plants {
		if p.Name == name {
			return p
		}
	}
	return Plant{}
}

// Names lists the names of all plants.
func Names() (names []string) {
	for _, p := range plants {
		names = append(names, p.Name)
	}
	return names
}
