package simulated

import (
	"context"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/house"
)

// Room is a simulated room that lives in the time that its clock shows: whenever
// it is read or switched it catches up with what went by. It is safe for use by
// several goroutines at once.
type Room struct {
	speed float64
	clock func() time.Time
	water *Water // that heats it; nil: its heater does
	way   way    // of that water

	mu          *sync.Mutex // that of the water, where there is one
	model       house.Model
	thermometer *house.Thermometer
	last        time.Time   // when the model was brought up to date
	fault       SensorFault // of the sensor
	frozen      float64     // °C, what a frozen sensor shows
	heater      contact
	cooler      contact
	open        bool          // the windows
	ajar        float64       // W/K, of a window that its weather has open
	safety      contact       // open cuts both off; closed where nobody asked for it
	changed     chan struct{} // closed when the fault changes
}

// NewRoom makes the room of a valid configuration; it lives in real time from
// now, with heater and cooler off.
func NewRoom(s Spec) *Room { return NewRoomAt(s, time.Now) }

// NewRoomAt makes a room that lives in the time of the given clock, which must
// not go back: simulate turns it by hand.
func NewRoomAt(s Spec, clock func() time.Time) *Room {
	return NewRoomOf(s.model(), s, clock)
}

// NewRoomOf makes a room of any model; of s it takes speed, noise and seed.
func NewRoomOf(model house.Model, s Spec, clock func() time.Time) *Room {
	return &Room{
		mu:    new(sync.Mutex),
		speed: s.Speed, clock: clock, model: model,
		thermometer: house.NewThermometer(s.Noise, s.Seed),
		last:        clock(), changed: make(chan struct{}),
		safety: contact{ordered: true},
	}
}

func (s Spec) model() house.Model {
	if s.Model == "linear" {
		return house.NewLinear(s.Start, s.Outdoor, s.Up, s.Down)
	}
	p, ok := house.Preset(s.Model)
	if !ok {
		p = house.DefaultRoom()
	}
	p.HeaterPower = s.HeaterPower
	return house.NewPhysical(s.around(p))
}

// around is the room where the specification has it.
func (s Spec) around(p house.PhysicalParams) house.PhysicalParams {
	p.Start, p.Outdoor, p.OutdoorSwing, p.Sun = s.Start, s.Outdoor, s.OutdoorSwing, s.Sun
	p.CoolerPower = s.CoolerPower
	if place, ok := house.PlaceOf(s.Place); ok {
		p.Place = place
	}
	return p
}

// Sensor is the room's thermometer. A broken one behaves as [Room.BreakSensor] says.
func (r *Room) Sensor() controlloop.Sensor { return roomSensor{r} }

// Spare is a further thermometer in the room, with a noise of its own (K,
// standard deviation). [Room.BreakSensor] does not break it.
func (r *Room) Spare(noise float64, seed uint64) controlloop.Sensor {
	return roomSpare{r, house.NewThermometer(noise, seed)}
}

// Heater is the relay of the room's heater.
func (r *Room) Heater() controlloop.Relay { return r.wire(&r.heater) }

// Cooler is the relay of the room's cooler.
func (r *Room) Cooler() controlloop.Relay { return r.wire(&r.cooler) }

// Safety is the relay in series with heater and cooler. It is open until it is
// switched on; a room whose Safety nobody asked for has none.
func (r *Room) Safety() controlloop.Relay { return r.wire(&r.safety) }

// wire puts a contact into the circuit, open.
func (r *Room) wire(c *contact) controlloop.Relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	*c = contact{wired: true}
	r.turn()
	return roomRelay{r, c}
}

// True is the temperature of the air, °C, whatever the sensor shows.
func (r *Room) True() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp()
	return r.model.Air()
}

// Look is what a bystander sees, whatever the sensor shows.
type Look struct {
	Held, Outdoor    float64 // °C; Outdoor is NaN where there are none
	Sensed           float64 // °C, what a sensor without noise shows
	Heating, Cooling bool    // heater and cooler have power, whatever their relays were told; of water, as [Water.Room] says
}

// Look looks at the room as it is now.
func (r *Room) Look() Look {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp()
	return Look{r.model.Held(), r.model.Outdoor(), r.model.Sensed(), r.heated(), r.closed(&r.cooler)}
}

// wideOpen is what goes through windows that are wide open, W/K.
const wideOpen = 240

// OpenWindow opens or shuts the room's windows. Of those of a linear room nothing but the
// contact tells.
func (r *Room) OpenWindow(open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp()
	if r.open = open; r.physical() != nil {
		r.physical().Open(r.opening())
	}
}

// opening is what goes through the windows as they are, W/K. It needs the lock.
func (r *Room) opening() float64 {
	if r.open {
		return wideOpen
	}
	return r.ajar
}

// Expose sets what acts on the room from now on: the temperature outdoors (°C), a gain into the
// air (W), and a window (W/K; 0: shut). A model without weather it leaves alone.
func (r *Room) Expose(outdoor, gain, window float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp()
	r.ajar = window
	if room := r.physical(); room != nil {
		room.Expose(outdoor, gain, r.opening())
	}
}

func (r *Room) physical() *house.Physical {
	room, _ := r.model.(*house.Physical)
	return room
}

// Contact tells whether the windows are open.
func (r *Room) Contact() controlloop.Contact { return roomContact{r} }

type roomContact struct{ *Room }

// Position is that of the windows.
func (c roomContact) Position(time.Time) (controlloop.Position, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open || c.ajar > 0 {
		return controlloop.WindowOpen, ""
	}
	return controlloop.WindowClosed, ""
}

// Power is what heater and cooler have while they are on, W; NaN where that is
// not known.
func (r *Room) Power() (heater, cooler float64) { return r.model.Power() }

// Follow lets the room live in recorded weather from its beginning on. It
// reports whether the model has any weather.
func (r *Room) Follow(w *house.Weather) bool {
	room := r.physical()
	if room != nil {
		room.Follow(w)
	}
	return room != nil
}

// longest is the most room time that goes by at once: more would overflow a
// time.Duration.
const longest = 100 * 365 * 24 * time.Hour

// catchUp lets the time go by that passed since the last call, and gives the
// present. It needs the lock.
func (r *Room) catchUp() time.Time {
	if r.water != nil {
		return r.water.catchUp()
	}
	now := r.clock()
	r.model.Advance(time.Duration(min(float64(now.Sub(r.last))*r.speed, float64(longest))))
	r.last = now
	return now
}

// show is what the thermometer shows now, °C, and when that is. It needs the lock.
func (r *Room) show() (float64, time.Time) {
	now := r.catchUp()
	return r.thermometer.Show(r.model.Sensed()), now
}

// contact is that of a simulated relay.
type contact struct {
	wired   bool // there is such a relay
	ordered bool
	broken  RelayFault
}

func (c contact) closed() bool {
	return c.wired && c.broken == RelayWelded || c.ordered && c.broken != RelayDead
}

// turn lets heater and cooler run as the contacts are. It needs the lock.
func (r *Room) turn() {
	r.catchUp() // the time before was spent the other way
	r.model.Cool(r.closed(&r.cooler))
	if r.water == nil {
		r.model.Heat(r.heated())
	} else {
		r.water.turn()
	}
}

// heated reports whether the heater has power, or the room's way to the water is open. It needs the lock.
func (r *Room) heated() bool {
	if r.water == nil {
		return r.closed(&r.heater)
	}
	return r.water.opens(r)
}

// closed reports whether a contact and the safety relay in series with it let
// current through.
func (r *Room) closed(c *contact) bool { return c.closed() && r.safety.closed() }

type roomRelay struct {
	room    *Room
	contact *contact
}

// Set switches at once.
func (y roomRelay) Set(on bool) error {
	y.room.mu.Lock()
	defer y.room.mu.Unlock()
	if y.contact.ordered == on {
		return nil
	}
	y.contact.ordered = on
	y.room.turn()
	return nil
}

type roomSensor struct{ room *Room }

// Read answers at once, unless the sensor hangs.
func (s roomSensor) Read(ctx context.Context) (controlloop.Reading, error) {
	for {
		hangs, reading, err := s.room.answer()
		if hangs == nil {
			return reading, err
		}
		select {
		case <-ctx.Done():
			return controlloop.Reading{}, ctx.Err()
		case <-hangs:
		}
	}
}

type roomSpare struct {
	room        *Room
	thermometer *house.Thermometer
}

// Read answers at once.
func (s roomSpare) Read(context.Context) (controlloop.Reading, error) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	now := s.room.catchUp()
	return controlloop.Temperature(s.thermometer.Show(s.room.model.Sensed()), now), nil
}
