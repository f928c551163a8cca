package simulated

import (
	"errors"

	"thermostat/controlloop"
)

// Fault is something that can be broken on purpose, by `demo` and `simulate`.
type Fault struct {
	Name  string      // as it is written in NAME@TIME
	Means string      // for people, where it happens to all rooms of a house
	Break func(*Room) // nil: it is no fault of a room, but of the house around it
}

// The names that demo and simulate tell from the others.
const (
	BrokerDown = "broker-down" // the house's broker is gone for a while
	Mended     = "mended"      // all that was broken in a room is whole again
)

// Faults is the table of all that can be broken, and of what mends it.
func Faults() []Fault {
	return []Fault{
		{"sensor-gone", "no sensor answers any more", breakSensor(SensorGone)},
		{"sensor-hang", "a read of a sensor does not come back", breakSensor(SensorHang)},
		{"sensor-frozen", "the sensors show the same for ever; it is found while the heat is on", breakSensor(SensorFrozen)},
		{"sensor-85", "the sensors show 85 °C, their value after a reset", breakSensor(SensorPowerOn)},
		{"relay-dead", "no relay closes any more; it is told after 6 to 12 hours of room time in vain", breakRelays(RelayDead)},
		{"relay-welded", "no relay opens any more; the living room has a safety relay, the workshop goes to its cut-out", breakRelays(RelayWelded)},
		{BrokerDown, "the broker is gone for 10 s, and comes back without its memory", nil},
		{"clock-jump", "the sensors' clock jumps a year ahead", breakSensor(SensorClock)},
		{"window", "the windows are open, 240 W/K of them", func(r *Room) { r.OpenWindow(true) }},
		{Mended, "all is whole again", func(r *Room) {
			r.OpenWindow(false)
			r.BreakSensor(SensorGood)
			r.BreakRelays(RelayGood)
		}},
	}
}

func breakSensor(f SensorFault) func(*Room) { return func(r *Room) { r.BreakSensor(f) } }

func breakRelays(f RelayFault) func(*Room) { return func(r *Room) { r.BreakRelays(f) } }

// SensorFault is a way in which a simulated sensor can be broken.
type SensorFault uint8

// The faults of a sensor.
const (
	SensorGood    SensorFault = iota // it works
	SensorGone                       // it is not there any more: absent
	SensorHang                       // a read does not come back until the fault is lifted or its context ends
	SensorFrozen                     // it shows the same value for ever, as if it were new
	SensorError                      // it answers with an error
	SensorPowerOn                    // it shows 85 °C, a DS18B20's value after a reset: power_on
	SensorClock                      // its clock is a year ahead of ours
)

// RelayFault is a way in which the contacts of a simulated relay can be broken.
type RelayFault uint8

// The faults of a contact.
const (
	RelayGood   RelayFault = iota
	RelayDead              // it never closes
	RelayWelded            // it never opens
)

// BreakRelays gives the relays of the room's heater and cooler a fault, or lifts
// it with [RelayGood]. The safety relay stays good.
func (r *Room) BreakRelays(f RelayFault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heater.broken, r.cooler.broken = f, f
	r.turn()
}

// BreakSensor gives the room's sensor a fault, or lifts it with [SensorGood]; a read
// that hangs goes on as the new fault says.
func (r *Room) BreakSensor(f SensorFault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f == r.fault {
		return
	}
	r.fault = f
	if f == SensorFrozen {
		r.frozen, _ = r.show()
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// answer is one answer of the sensor. One that hangs gives none, but a channel
// that is closed when it may have come to itself.
func (r *Room) answer() (hangs <-chan struct{}, reading controlloop.Reading, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == SensorHang {
		return r.changed, reading, nil
	}
	if err := r.fault.verdict(); err != nil {
		return nil, reading, err
	}
	celsius, now := r.show()
	if r.fault == SensorFrozen {
		celsius = r.frozen
	}
	if r.fault == SensorClock {
		now = now.AddDate(1, 0, 0)
	}
	return nil, controlloop.Temperature(celsius, now), nil
}

// verdict is the error of a fault that gives no temperature, else nil.
func (f SensorFault) verdict() error {
	switch f {
	case SensorGone:
		return &controlloop.BadReading{Verdict: controlloop.VerdictAbsent, Err: errors.New("the simulated sensor is gone")}
	case SensorError:
		return &controlloop.BadReading{Verdict: controlloop.VerdictError, Err: errors.New("the simulated sensor is out of order")}
	case SensorPowerOn:
		return &controlloop.BadReading{Verdict: controlloop.VerdictPowerOn, Err: errors.New("85 °C is the value after a reset")}
	}
	return nil
}
