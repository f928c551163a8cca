package simulated

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/house"
	"thermostat/house/water"
)

// Water is the heating water that simulated rooms share: one boiler, its pump, and a way
// to each room. It has one clock and one lock with them: whenever one of its rooms or relays is
// touched, all of it catches up with what went by.
type Water struct {
	clock func() time.Time

	mu     sync.Mutex
	loop   *water.Loop
	rooms  []*Room
	last   time.Time // when the loop was brought up to date
	burner contact
	pump   contact
}

// RelaySpec is what a simulated relay belongs to. The zero value is one of its zone's room.
type RelaySpec struct {
	Water string // the source of whose water it is
	Pump  bool   // it is the pump, and not the burner
}

// Valve is what stands between the water and a room.
type Valve uint8

// The valves.
const (
	NoValve        Valve = iota // the way is always open
	ClosedByItself              // shut without power
	OpenByItself                // open without power
)

// way is a room's branch of the water.
type way struct {
	valve Valve
	room  int // its number in the loop
}

// usualRoom has the radiator of the plain room, which has no body that water could warm.
const usualRoom = "radiator"

// HeatedByWater reports whether a model is a room that water can heat.
func HeatedByWater(model string) bool { return slices.Contains(WaterModels(), model) }

// WaterModels are the words of [Spec.Model] that water can heat: a room that has a body to
// warm. The plain room gets a radiator; nothing but the air is held in one.
func WaterModels() []string {
	return slices.DeleteFunc(Models(), func(model string) bool {
		p, ok := house.Preset(model)
		return model != Default().Model && (!ok || p.Heater.Capacity <= 0 || p.HoldsMass)
	})
}

// NewWater makes the water of a boiler without rooms, cold and at rest, in the time of a clock.
func NewWater(clock func() time.Time) *Water {
	return &Water{clock: clock, loop: water.New(water.Default()), last: clock()}
}

// Room makes one more room on this water, of a valid configuration. Its Heater is the relay of
// its valve, and what heats it is what its way lets through: of the specification the heater's
// power means nothing. [Look.Heating] is a valve that is told to be open, or where there is none a
// pump that runs.
func (w *Water) Room(s Spec, v Valve) (*Room, error) {
	if !HeatedByWater(s.Model) {
		return nil, fmt.Errorf("model: %q is not heated by water: it is none of %s", s.Model, strings.Join(WaterModels(), ", "))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rooms) > 0 && w.rooms[0].speed != s.Speed {
		return nil, errors.New("speed: rooms on one water have one time")
	}
	w.catchUp()
	p, ok := house.Preset(s.Model)
	if !ok {
		p, _ = house.Preset(usualRoom)
	}
	model := house.NewPhysical(s.around(p))
	r := NewRoomOf(model, s, w.clock)
	r.mu, r.water, r.way = &w.mu, w, way{v, w.loop.Join(model)}
	if v == NoValve {
		w.loop.Free(r.way.room)
	}
	w.rooms = append(w.rooms, r)
	w.turn()
	return r, nil
}

// Burner is the relay that calls the boiler.
func (w *Water) Burner() controlloop.Relay { return w.wire(&w.burner) }

// Pump is the relay of the pump. Where nobody asked for it, the boiler drives a pump of its own
// together with the burner.
func (w *Water) Pump() controlloop.Relay { return w.wire(&w.pump) }

func (w *Water) wire(c *contact) controlloop.Relay {
	w.mu.Lock()
	defer w.mu.Unlock()
	*c = contact{wired: true}
	w.turn()
	return waterRelay{w, c}
}

// Figures are what the water has done until now.
func (w *Water) Figures() water.Figures {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	return w.loop.Figures()
}

// Given is the heat that the room has had from its water, J; of one that has none NaN.
func (r *Room) Given() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp()
	if r.water == nil {
		return math.NaN()
	}
	return r.water.loop.Given(r.way.room)
}

// longestFlow is the most time of the house that goes by at once: its water is
// computed step by step, and whoever asks must not wait for it.
const longestFlow = 30 * 24 * time.Hour

// catchUp lets the time go by that passed since the last call, and gives the
// present. It needs the lock.
func (w *Water) catchUp() time.Time {
	now := w.clock()
	if len(w.rooms) > 0 {
		w.loop.Advance(time.Duration(min(float64(now.Sub(w.last))*w.rooms[0].speed, float64(longestFlow))))
	}
	w.last = now
	return now
}

// turn lets burner, pump and valves be as the contacts are. It needs the lock.
func (w *Water) turn() {
	w.catchUp() // the time before was spent the other way
	w.loop.Call(w.burner.closed())
	w.loop.Pump(w.pumps())
	for _, r := range w.rooms {
		if r.way.valve != NoValve {
			w.loop.Valve(r.way.room, w.opens(r))
		}
	}
}

func (w *Water) pumps() bool {
	if w.pump.wired {
		return w.pump.closed()
	}
	return w.burner.closed()
}

// opens reports whether the room's valve is told to be open, or without one whether the pump runs.
func (w *Water) opens(r *Room) bool {
	if r.way.valve == NoValve {
		return w.pumps()
	}
	return r.closed(&r.heater) != (r.way.valve == OpenByItself)
}

type waterRelay struct {
	water   *Water
	contact *contact
}

// Set switches at once.
func (y waterRelay) Set(on bool) error {
	y.water.mu.Lock()
	defer y.water.mu.Unlock()
	if y.contact.ordered == on {
		return nil
	}
	y.water.catchUp()
	y.contact.ordered = on
	y.water.turn()
	return nil
}
