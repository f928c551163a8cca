package house

import (
	"fmt"
	"math"
	"time"
)

// PhysicalParams are the constants of a [Physical] room. Capacities,
// resistances and the lag must be positive and finite.
type PhysicalParams struct {
	AirCapacity  float64 // J/K, of the air and of what follows it within minutes
	MassCapacity float64 // J/K, of walls, floor and ceiling

	AirToMass     float64 // K/W, thermal resistance between air and mass
	AirToOutdoor  float64 // K/W, of windows and ventilation
	MassToOutdoor float64 // K/W, of the outer walls

	HeaterPower float64 // W, while the heater is on
	FloorShare  float64 // 0..1, of the heater's power that goes into the mass and not into the air
	CoolerPower float64 // W, out of the air while the cooler is on

	Outdoor      float64 // °C, mean of the day
	OutdoorSwing float64 // K, half the difference between the warmest and the coldest hour

	SensorLag time.Duration // time constant of the sensor in air
	Start     float64       // °C, of air, mass and sensor at the beginning, which is midnight
}

// DefaultRoom is a living room of 25 m² with a 1500 W heater on a winter day.
//
// Mass and its surface are those of the medium class of ISO 13790:2008 (table
// 12: 165 kJ/K per m² of floor; 7.2.2.2: 4.5 m² of surface per m² of floor at
// 3.45 W/(m²K), 388 W/K in all). The other figures are chosen: the air is
// 62.5 m³, 75 kJ/K, times five for furniture and what else follows it at once;
// 15 W/K leave through a window and half an air change an hour, 30 W/K through
// the walls. So air takes a quarter of an hour to follow, mass a day.
func DefaultRoom() PhysicalParams {
	return PhysicalParams{
		AirCapacity: 375e3, MassCapacity: 25 * 165e3,
		AirToMass: 1 / 388.0, AirToOutdoor: 1 / 15.0, MassToOutdoor: 1 / 30.0,
		HeaterPower: 1500, CoolerPower: 1000,
		Outdoor: 3, OutdoorSwing: 4,
		SensorLag: time.Minute, // a small probe in still air
		Start:     17,
	}
}

// Physical is a room of two capacities and three resistances to a day's
// weather (a 2R2C grey-box model with a window; compare Bacher and Madsen 2011,
// Identifying suitable models for the heat dynamics of buildings), seen by a
// sensor with a first-order lag. It is solved in closed form: how a span of
// time is cut into calls of Advance makes no difference.
type Physical struct {
	params     PhysicalParams
	net        network
	now        state
	clock      time.Duration // since midnight
	heat, cool bool
	gain       float64 // W into the air, whatever the relays do
	opening    float64 // W/K from the air to the outdoors, besides the windows
}

// NewPhysical makes a room; it panics on constants that no room can have.
func NewPhysical(p PhysicalParams) *Physical {
	mustBePositive("AirCapacity", p.AirCapacity)
	mustBePositive("MassCapacity", p.MassCapacity)
	mustBePositive("AirToMass", p.AirToMass)
	mustBePositive("AirToOutdoor", p.AirToOutdoor)
	mustBePositive("MassToOutdoor", p.MassToOutdoor)
	mustBePositive("SensorLag", p.SensorLag.Seconds())
	return &Physical{params: p, net: newNetwork(p), now: level(p.Start)}
}

func mustBePositive(name string, x float64) {
	if !(x > 0) || math.IsInf(x, 1) {
		panic(fmt.Sprintf("house: %s is %v, not positive", name, x))
	}
}

// Advance lets time go by. What differs from the forced course decays by the
// room's own modes, whatever forces it.
func (p *Physical) Advance(dt time.Duration) {
	if dt <= 0 {
		return
	}
	left := p.now.minus(p.forced())
	p.clock = (p.clock + dt%day) % day
	p.now = p.forced().plus(p.net.decay(left, dt.Seconds()))
}

// forced is the course that the room would follow for ever with heater,
// cooler and weather as they are: the particular solution.
func (p *Physical) forced() state {
	floor := 0.0
	if p.heat {
		floor = p.params.HeaterPower * p.params.FloorShare
	}
	steady := level(p.params.Outdoor).plus(p.net.warmth(p.power() - floor)).plus(p.net.warmthOfFloor(floor))
	return steady.plus(p.net.swing(p.params.OutdoorSwing, p.clock))
}

// power is the heat into air and mass, W.
func (p *Physical) power() float64 {
	watt := p.gain
	if p.heat {
		watt += p.params.HeaterPower
	}
	if p.cool {
		watt -= p.params.CoolerPower
	}
	return watt
}

// Expose sets what acts on the room from now on, whatever its relays do: the
// mean outdoor temperature (°C), a gain into the air such as sun or a stove (W),
// and an open door or window (W/K between air and outdoors, not negative).
func (p *Physical) Expose(outdoor, gain, opening float64) {
	p.params.Outdoor, p.gain = outdoor, gain
	if opening == p.opening {
		return
	}
	p.opening = opening
	open := p.params
	open.AirToOutdoor = 1 / (1/p.params.AirToOutdoor + opening)
	p.net = newNetwork(open)
}

// Heat switches the heater.
func (p *Physical) Heat(on bool) { p.heat = on }

// Cool switches the cooler.
func (p *Physical) Cool(on bool) { p.cool = on }

// Air is the temperature of the air, °C.
func (p *Physical) Air() float64 { return p.now.air }

// Sensed is the temperature of the sensor, °C.
func (p *Physical) Sensed() float64 { return p.now.sensor }
