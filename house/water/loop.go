// Package water is the heating water of a simulated house: one boiler, its pump, and a valve
// before each room.
package water

import (
	"time"

	"thermostat/house"
)

// Params are the constants of a [Loop] of up to [Rooms] rooms.
type Params struct {
	Power    float64       // W, of the burner at most
	Least    float64       // 0..1, of it at least while it burns
	Flow     float64       // °C, that the boiler's own controller aims at
	TooHot   float64       // °C, at which its own thermostat stops the burner; it burns again 10 K below
	Capacity float64       // J/K, of the boiler's water, its body and the pipes
	Loss     float64       // W/K, to a boiler room of 20 °C
	Branch   float64       // W/K, between the flow and the radiator of a room whose valve is open and the pump runs
	Seep     float64       // 0..1, of that with the pump standing still
	Travel   time.Duration // of a valve
}

// Default is a wall-hung gas boiler of 12 kW for four rooms with radiators.
//
// The branch is that of EN 442-2's nominal conditions, 75/65/20 °C: 1,500 W at a spread of 10 K are 150 W/K. The
// valve's travel is that of a thermal actuator, 3.5 minutes (the standing times in the data sheets
// of such actuators are 3 to 5 minutes). Chosen: a burner that goes down to a quarter, 20 l of water and 30 kg of metal, 5 W/K of
// loss, the controller's 60 °C, the thermostat's 80 °C, and 3 % that seep through a pump at rest.
func Default() Params {
	return Params{
		Power: 12e3, Least: 0.25, Flow: 60, TooHot: 80, Capacity: 20*4186 + 30*480, Loss: 5, Branch: 150, Seep: 0.03,
		Travel: 210 * time.Second,
	}
}

// Rooms is how many rooms a boiler is made for. One of more rooms is as much bigger:
// its power, its water and its loss.
const Rooms = 4

// Loop is the water of a house: one boiler, a pump, and a valve before each room's
// radiator. What the boiler gives is shared by the valves that are open.
type Loop struct {
	params   Params
	rooms    []*branch
	flow     float64 // °C
	burner   bool    // called
	pump     bool    // runs
	tooHot   bool    // its own thermostat has stopped it
	fired    bool    // there is a flame
	starts   int
	trips    int
	energy   float64 // J, of the burner
	called   time.Duration
	pumped   time.Duration
	dry      time.Duration
	overheat float64
}

// branch is a room and its valve.
type branch struct {
	room     *house.Physical
	open     bool    // what the actuator is told
	position float64 // 0: shut, 1: open
	given    float64 // J
}

// loopStep is the longest time over which the water is taken to stay as it is.
const loopStep = 10 * time.Second

// New makes the water of these rooms, cold and at rest, each valve shut.
func New(p Params, rooms ...*house.Physical) *Loop {
	l := &Loop{params: p, flow: 20, overheat: 20}
	for _, r := range rooms {
		l.Join(r)
	}
	return l
}

// Join gives the loop one more room, whose valve is shut, and tells its number.
func (l *Loop) Join(r *house.Physical) int {
	l.rooms = append(l.rooms, &branch{room: r})
	return len(l.rooms) - 1
}

// Free takes a room's valve away: its way stands open.
func (l *Loop) Free(room int) { l.rooms[room].open, l.rooms[room].position = true, 1 }

// sized are the constants for as many rooms as there are.
func (l *Loop) sized() Params {
	p, size := l.params, max(1, float64(len(l.rooms))/Rooms)
	p.Power, p.Capacity, p.Loss = p.Power*size, p.Capacity*size, p.Loss*size
	return p
}

// Call calls the burner, or ends the call.
func (l *Loop) Call(on bool) { l.burner = on }

// Pump switches the pump.
func (l *Loop) Pump(on bool) { l.pump = on }

// Valve tells a room's actuator to open or to shut, which takes its travel.
func (l *Loop) Valve(room int, open bool) { l.rooms[room].open = open }

// Advance lets time go by in the water and in all rooms.
func (l *Loop) Advance(dt time.Duration) {
	for dt > 0 {
		part := min(dt, loopStep)
		l.pass(part)
		dt -= part
	}
}

func (l *Loop) pass(dt time.Duration) {
	p, s := l.sized(), dt.Seconds()
	share := p.Seep
	if l.pump {
		share = 1
	}
	conductance, given := 0.0, 0.0
	for _, b := range l.rooms {
		b.move(dt, p.Travel)
		g := p.Branch * b.position * share
		watt := max(0, g*(l.flow-b.room.Body()))
		conductance += g
		given += watt
		b.given += watt * s
		b.room.Warm(watt)
		b.room.Advance(dt)
	}
	fire := l.fire(&p, given)
	l.energy += fire * s
	l.flow += (fire - given - p.Loss*(l.flow-20)) * s / p.Capacity
	if l.flow > l.overheat {
		l.overheat = l.flow
	}
	l.count(dt, conductance)
}

// count takes in how long burner and pump were told to run.
func (l *Loop) count(dt time.Duration, conductance float64) {
	if l.burner {
		l.called += dt
	}
	if l.pump {
		l.pumped += dt
	}
	if l.pump && conductance == 0 {
		l.dry += dt
	}
}

// fire is what the burner gives now, W.
func (l *Loop) fire(p *Params, given float64) float64 {
	switch {
	case !l.tooHot && l.flow >= p.TooHot:
		l.tooHot = true
		l.trips++
	case l.flow < p.TooHot-10:
		l.tooHot = false
	}
	if !l.burner || l.tooHot {
		l.fired = false
		return 0
	}
	if !l.fired {
		l.fired = true
		l.starts++
	}
	return min(max(given+(p.Flow-l.flow)*p.Capacity/60, p.Least*p.Power), p.Power)
}

// move brings the valve nearer to what its actuator was told.
func (b *branch) move(dt, travel time.Duration) {
	step := 1.0
	if travel > 0 {
		step = dt.Seconds() / travel.Seconds()
	}
	if !b.open {
		step = -step
	}
	b.position = min(max(b.position+step, 0), 1)
}

// Figures are what a loop has done.
type Figures struct {
	Flow    float64       // °C, now
	Hottest float64       // °C, ever
	Starts  int           // of the flame
	Trips   int           // of the boiler's own thermostat
	Energy  float64       // J, of the burner
	Called  time.Duration // of the burner
	Pumped  time.Duration // of the pump
	Dry     time.Duration // of the pump against shut valves
}

// Figures are those until now.
func (l *Loop) Figures() Figures {
	return Figures{l.flow, l.overheat, l.starts, l.trips, l.energy, l.called, l.pumped, l.dry}
}

// Position is how far a room's valve is open, 0..1.
func (l *Loop) Position(room int) float64 { return l.rooms[room].position }

// Given is the heat that a room has had from the water, J.
func (l *Loop) Given(room int) float64 { return l.rooms[room].given }
