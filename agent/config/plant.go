package config

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
}

// plants are all there are.
var plants = []Plant{
	{Name: "electric", Says: "a heater by itself", Room: "panel", Params: electric(rests(room, 30*time.Second, 30*time.Second))},
	{Name: "boiler", Says: "a boiler with radiators", Room: "radiator", Params: rests(room, 4*time.Minute, 4*time.Minute)},
	{Name: "heat_pump", Says: "a heat pump", Room: "massive", Compressor: true, Params: rests(room, 10*time.Minute, 10*time.Minute)},
	{Name: "floor", Says: "a floor heating", Room: "massive", Params: rests(room, 10*time.Minute, 10*time.Minute)},
	{Name: "fridge", Says: "a refrigerator or freezer", Room: "refrigerator", Compressor: true,
		Params: rests(temperatures{-30, 12, 15, -35}, 3*time.Minute, 5*time.Minute)},
	{Name: "fermenter", Says: "a fermenter in a refrigerator", Room: "fermenter", Compressor: true,
		Params: rests(temperatures{0, 40, 45, -2}, 2*time.Minute, 5*time.Minute)},
}

// temperatures are the limits that hang on the plant, in °C.
type temperatures struct{ desiredMin, desiredMax, heatCutout, coolCutout float64 }

var room = temperatures{5, 28, 35, 3}

// rests are the constants of a plant with those temperatures that is on, and
// off, for so long at least.
func rests(t temperatures, minOn, minOff time.Duration) controlloop.Params {
	return controlloop.Params{
		DesiredMin: t.desiredMin, DesiredMax: t.desiredMax, HeatCutout: t.heatCutout, CoolCutout: t.coolCutout,
		PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5,
		Sample: 5 * time.Second, StaleAfter: time.Minute, MinOn: minOn, MinOff: minOff,
		Changeover: 10 * time.Minute, FrozenAfter: 3 * time.Hour,
	}
}

func electric(p controlloop.Params) controlloop.Params {
	p.Electric = true
	return p
}

// usualPlant is that of a zone that names none.
func usualPlant() Plant { return PlantOf("boiler") }

// PlantOf gives the plant of that name; a name that no plant has gives the zero Plant.
func PlantOf(name string) Plant {
	for _, p := range plants {
		if p.Name == name {
			return p
		}
	}
	return Plant{}
}

// Plants lists the names of all plants.
func Plants() (names []string) {
	for _, p := range plants {
		names = append(names, p.Name)
	}
	return names
}
