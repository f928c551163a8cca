package house

import (
	"fmt"
	"math"
	"math/cmplx"
	"time"
)

const (
	day     = 24 * time.Hour
	warmest = 15 * time.Hour // the outdoor air is warmest some hours after noon
)

// PhysicalParams are the constants of a [Physical] room. Capacities,
// resistances and the lag must be positive and finite; what is said to be
// optional may be zero.
type PhysicalParams struct {
	AirCapacity  float64 // J/K, of the air and of what follows it within minutes
	MassCapacity float64 // J/K, of walls, floor and ceiling

	AirToMass     float64 // K/W, thermal resistance between air and mass
	AirToOutdoor  float64 // K/W, of windows and ventilation
	MassToOutdoor float64 // K/W, of the outer walls

	HeaterPower float64 // W, while the heater is on
	FloorShare  float64 // 0..1, of the heater's power that goes into the mass and not into the air
	CoolerPower float64 // W, out of the air while the cooler is on
	Heater      Emitter // what the heater warms first; optional
	Cooler      Emitter // what the cooler cools first; optional

	Outdoor      float64       // °C, mean of the day
	OutdoorSwing float64       // K, half the difference between the warmest and the coldest hour
	Warmest      time.Duration // after midnight; 0 is 15:00
	Aperture     float64       // m², through which the sun shines
	SunToAir     float64       // 0..1, of the sun's heat that goes into the air and not into the mass
	Sun          float64       // W/m² at noon of a day of twelve hours, where no weather is recorded

	SensorLag time.Duration // time constant of the sensor in air
	Place     Place         // of the sensor; zero: in the air
	HoldsMass bool          // what is held is the mass, as beer in a refrigerator, and not the air
	Start     float64       // °C, of everything at the beginning, which is midnight
}

// Emitter is a body between heater or cooler and the room: a panel, a radiator,
// a floor, an evaporator. One without capacity is not there.
type Emitter struct {
	Capacity float64 // J/K
	ToRoom   float64 // K/W, between it and the room
}

// Place is where a sensor hangs: how much it feels of something else than the
// air. The shares are 0..1 in all.
type Place struct {
	Mass    float64 // of the mass: on a wall, in the beer
	Heater  float64 // of the heater's body
	Outdoor float64 // of the outdoors: in the draught of a window
}

// DefaultRoom is a living room of 25 m² with a 1500 W heater on a winter day.
//
// Mass and its surface are those of the medium class of ISO 13790:2008 (table
// 12: 165 kJ/K per m² of floor; 7.2.2.2: 4.5 m² of surface per m² of floor at 3.45 W/(m²K), 388 W/K in all). The other
// figures are chosen: the air is 62.5 m³, 75 kJ/K, times five for furniture and what else follows it at once; 15 W/K
// leave through a window and half an air change an hour, 30 W/K through the walls; 2 m² of glass would let the sun in,
// of which there is none. So air takes a quarter of an hour to follow, mass a day.
func DefaultRoom() PhysicalParams {
	return PhysicalParams{
		AirCapacity: 375e3, MassCapacity: 25 * 165e3,
		AirToMass: 1 / 388.0, AirToOutdoor: 1 / 15.0, MassToOutdoor: 1 / 30.0,
		HeaterPower: 1500, CoolerPower: 1000,
		Outdoor: 3, OutdoorSwing: 4, Aperture: 2,
		SensorLag: time.Minute, // a small probe in still air
		Start:     17,
	}
}

// Physical is a room of two capacities and three resistances to the weather (a
// 2R2C grey-box model with a window; compare Bacher and Madsen 2011,
// Identifying suitable models for the heat dynamics of buildings), with bodies
// of heater and cooler, seen by a sensor with a first-order lag. It is solved in
// closed form: how a span of time is cut into calls of Advance makes no difference.
type Physical struct {
	params     PhysicalParams
	net        network
	sense      sense
	flows      flows
	nodes      vector        // °C
	sensor     float64       // °C
	clock      time.Duration // since midnight
	turn       complex128    // of the day's wave at that time
	heat, cool float64       // 0 or 1: off or on; in between, the share of time on
	gain       float64       // W into the air, whatever the relays do
	opening    float64       // W/K from the air to the outdoors, besides the windows
	weather    *Weather
	now        stretch       // of the weather
	known      [4]transition // of the last steps: most are alike
	latest     int           // of these
}

// flows is what each W, W/m² or K makes of the nodes in the end, K.
type flows struct {
	heat, cool, gain, sun vector
	wave                  [maxNodes]complex128
	sensorWave            complex128
	sunBehind, outBehind  vector // K for each W/m² and each K a second
}

// NewPhysical makes a room; it panics on constants that no room can have.
func NewPhysical(p PhysicalParams) *Physical {
	mustBePositive("AirCapacity", p.AirCapacity)
	mustBePositive("MassCapacity", p.MassCapacity)
	mustBePositive("AirToMass", p.AirToMass)
	mustBePositive("AirToOutdoor", p.AirToOutdoor)
	mustBePositive("MassToOutdoor", p.MassToOutdoor)
	mustBePositive("SensorLag", p.SensorLag.Seconds())
	for name, e := range map[string]Emitter{"Heater.ToRoom": p.Heater, "Cooler.ToRoom": p.Cooler} {
		if e != (Emitter{}) {
			mustBePositive(name, e.ToRoom)
		}
	}
	room := &Physical{params: p, sensor: p.Start}
	for i := range room.nodes {
		room.nodes[i] = p.Start
	}
	room.build()
	room.now = room.weatherAt(0)
	room.turn = room.turnAt(0)
	return room
}

func mustBePositive(name string, x float64) {
	if !(x > 0) || math.IsInf(x, 1) {
		panic(fmt.Sprintf("house: %s is %v, not positive", name, x))
	}
}

// build makes the network and what hangs on it.
func (p *Physical) build() {
	c := p.params
	n := newNetwork(c.AirCapacity, c.MassCapacity)
	heater := n.hang(c.Heater, c.FloorShare)
	cooler := n.hang(c.Cooler, 0)
	n.link(nodeAir, nodeMass, 1/c.AirToMass)
	n.lose(nodeAir, 1/c.AirToOutdoor+p.opening)
	n.lose(nodeMass, 1/c.MassToOutdoor)
	n.findModes()
	heat, cool := vector{1 - c.FloorShare, c.FloorShare}, vector{-1}
	p.sense = sense{nodes: vector{1 - c.Place.Mass - c.Place.Outdoor, c.Place.Mass}, outdoor: c.Place.Outdoor, lag: c.SensorLag.Seconds()}
	if heater > 0 {
		heat = vector{}
		heat[heater] = 1
		p.sense.nodes[nodeAir] -= c.Place.Heater
		p.sense.nodes[heater] = c.Place.Heater
	}
	if cooler > 0 {
		cool = vector{}
		cool[cooler] = -1
	}
	p.net, p.known = n, [4]transition{}
	p.flows = n.flows(heat, cool, vector{c.SunToAir * c.Aperture, (1 - c.SunToAir) * c.Aperture}, p.sense)
}

// hang adds the body of a heater or a cooler, and gives its node; 0 where there is none.
func (n *network) hang(e Emitter, toMass float64) int {
	if e.Capacity <= 0 {
		return 0
	}
	node := n.nodes
	n.capacity[node] = e.Capacity
	n.nodes++
	n.link(node, nodeAir, (1-toMass)/e.ToRoom)
	n.link(node, nodeMass, toMass/e.ToRoom)
	return node
}

// flows is what heater, cooler and sun, which warm these nodes, make of the room.
func (n *network) flows(heat, cool, sun vector, s sense) flows {
	omega := 2 * math.Pi / day.Seconds()
	f := flows{
		heat: n.steady(heat), cool: n.steady(cool), gain: n.steady(vector{1}), sun: n.steady(sun),
		wave: n.wave(omega), sunBehind: n.behind(sun), outBehind: n.behind(n.outdoor),
	}
	target := complex(s.outdoor, 0)
	for i := range n.nodes {
		target += complex(s.nodes[i], 0) * f.wave[i]
	}
	f.sensorWave = target / (1 + complex(0, omega*s.lag))
	return f
}

// Advance lets time go by. What differs from the forced course decays by the
// room's own modes, whatever forces it.
func (p *Physical) Advance(dt time.Duration) {
	for dt > 0 {
		part := min(dt, p.now.left)
		p.pass(part)
		dt -= part
	}
}

// pass lets time go by within one stretch of weather.
func (p *Physical) pass(dt time.Duration) {
	nodes, sensor := p.forced()
	var left vector
	for i := range p.net.nodes {
		left[i] = p.nodes[i] - nodes[i]
	}
	sensor = p.sensor - sensor
	p.clock = (p.clock + dt%day) % day
	p.turn = p.turnAt(p.clock)
	p.now.pass(dt)
	t := p.after(dt.Seconds())
	nodes, p.sensor = p.forced()
	p.sensor += t.own * sensor
	for i := range p.net.nodes {
		p.nodes[i] = nodes[i]
		for j := range p.net.nodes {
			p.nodes[i] += t.nodes[i][j] * left[j]
		}
		p.sensor += t.sensor[i] * left[i]
	}
	if p.now.left <= 0 {
		p.now = p.weatherAt(p.now.since)
	}
}

// after gives the transition of a step, anew only where none of the last few was as long.
func (p *Physical) after(seconds float64) *transition {
	for i := range p.known {
		if p.known[i].seconds == seconds {
			return &p.known[i]
		}
	}
	p.latest = (p.latest + 1) % len(p.known)
	p.known[p.latest] = p.net.transition(seconds, p.sense)
	return &p.known[p.latest]
}

// turnAt is the day's wave of the outdoors then, K, as a turn of its circle.
func (p *Physical) turnAt(clock time.Duration) complex128 {
	peak := p.params.Warmest
	if peak == 0 {
		peak = warmest
	}
	return cmplx.Rect(p.params.OutdoorSwing, 2*math.Pi*(clock-peak).Seconds()/day.Seconds())
}

// forced is the course that nodes and sensor would follow for ever with heater,
// cooler and weather as they are: the particular solution.
func (p *Physical) forced() (nodes vector, sensor float64) {
	heat, cool := p.heat*p.params.HeaterPower, p.cool*p.params.CoolerPower
	w, f := &p.now, &p.flows
	sensor = p.sense.outdoor * w.outdoor
	if p.sense.outdoor != 0 {
		sensor -= p.sense.outdoor * p.sense.lag * w.outdoorSlope
	}
	for i := range p.net.nodes {
		level := w.outdoor + heat*f.heat[i] + cool*f.cool[i] + p.gain*f.gain[i] + w.sun*f.sun[i] -
			w.sunSlope*f.sunBehind[i] - w.outdoorSlope*f.outBehind[i]
		nodes[i] = level + real(p.turn)*real(f.wave[i]) - imag(p.turn)*imag(f.wave[i])
		sensor += p.sense.nodes[i] * (level - p.sense.lag*(w.outdoorSlope+w.sunSlope*f.sun[i]))
	}
	return nodes, sensor + real(p.turn)*real(f.sensorWave) - imag(p.turn)*imag(f.sensorWave)
}

// Expose sets what acts on the room from now on, whatever its relays do: the
// mean outdoor temperature (°C), a gain into the air such as sun or a stove (W),
// and an open door or window (W/K between air and outdoors, not negative).
func (p *Physical) Expose(outdoor, gain, opening float64) {
	p.params.Outdoor, p.gain = outdoor, gain
	p.now = p.weatherAt(p.now.since)
	p.Open(opening)
}

// Open opens a door or a window (W/K between air and outdoors, not negative), or shuts it (0).
func (p *Physical) Open(opening float64) {
	if opening != p.opening {
		p.opening = opening
		p.build()
	}
}

// Follow lets the room live in recorded weather from now on, instead of its
// curve of the day.
func (p *Physical) Follow(w *Weather) {
	p.weather, p.params.OutdoorSwing = w, 0
	p.turn = p.turnAt(p.clock)
	p.now = p.weatherAt(0)
}

// Heat switches the heater.
func (p *Physical) Heat(on bool) { p.heat = share[on] }

// Warm gives the heater so many W from outside, in place of Heat.
func (p *Physical) Warm(watt float64) { p.heat = watt / p.params.HeaterPower }

// Body is the temperature of the heater's body, °C; of a room without one it means nothing.
func (p *Physical) Body() float64 { return p.nodes[nodeMass+1] }

// Cool switches the cooler.
func (p *Physical) Cool(on bool) { p.cool = share[on] }

// share is the part of the time that an output is on.
var share = map[bool]float64{true: 1}

// Air is the temperature of the air, °C.
func (p *Physical) Air() float64 { return p.nodes[nodeAir] }

// Sensed is the temperature of the sensor, °C.
func (p *Physical) Sensed() float64 { return p.sensor }

// Held is the temperature of what a thermostat in this place holds, °C.
func (p *Physical) Held() float64 {
	if p.params.HoldsMass {
		return p.nodes[nodeMass]
	}
	return p.nodes[nodeAir]
}

// Outdoor is the temperature outdoors, °C.
func (p *Physical) Outdoor() float64 { return p.now.outdoor + real(p.turn) }

// Power is what heater and cooler have while they are on, W.
func (p *Physical) Power() (heater, cooler float64) {
	return p.params.HeaterPower, p.params.CoolerPower
}
