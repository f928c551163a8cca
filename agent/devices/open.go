package devices

import (
	"errors"
	"fmt"
	"io"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/device"
)

// Opened are the opened devices of one zone.
type Opened struct {
	Sensor         controlloop.Sensor   // the first choice
	Fallbacks      []controlloop.Sensor // in order
	Heater, Cooler controlloop.Relay    // nil where there is none
	Safety         controlloop.Relay    // in series with both; nil where there is none
	Contact        controlloop.Contact  // of its windows; nil where there is none
	Room           *simulated.Room      // the simulated room; nil where all is real
}

// Close drives all relays off, whatever one of them says, and gives their lines
// back; repeating it is harmless. The safety relay is the last: it switches no load.
func (d Opened) Close() error {
	err := errors.Join(closeRelay("heater", d.Heater), closeRelay("cooler", d.Cooler), closeRelay("safety relay", d.Safety))
	if c, ok := d.Contact.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

// OpenRelay opens a relay that belongs to no zone.
func OpenRelay(r Relay, machine *drivers.Hardware, broker *device.Group) (controlloop.Relay, error) {
	o := opening{machine: machine, broker: broker}
	return o.relay(&r, nil)
}

// CloseRelay drives a relay off and gives its line back; nil is none.
func CloseRelay(name string, r controlloop.Relay) error { return closeRelay(name, r) }

func closeRelay(name string, r controlloop.Relay) error {
	if r == nil {
		return nil
	}
	err := r.Set(false)
	if c, ok := r.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Open opens the devices of a zone, on this machine or on the broker. A sensor
// need not be there yet, nor a relay on the broker; one of this machine must.
// A zone's simulated sensor and relays belong to the same simulated room.
// After an error nothing is left open.
func (z Zone) Open(machine *drivers.Hardware, broker *device.Group) (Opened, error) {
	o := opening{machine: machine, broker: broker}
	if err := o.open(z); err != nil {
		return Opened{}, errors.Join(err, o.Close())
	}
	return o.Opened, nil
}

// opening is what has been opened so far, and who opens the rest.
type opening struct {
	Opened
	machine *drivers.Hardware
	broker  *device.Group
}

func (o *opening) open(z Zone) error {
	var err error
	room := func(s simulated.Spec) (controlloop.Sensor, error) { return o.ownRoom(z, s) }
	if o.Sensor, err = o.sensor(z.Sensor, room); err != nil {
		return fmt.Errorf("sensor: %w", err)
	}
	for i, f := range z.Fallbacks {
		s, err := o.sensor(f, o.spare)
		if err != nil {
			return fmt.Errorf("fallback sensor %d: %w", i+1, err)
		}
		o.Fallbacks = append(o.Fallbacks, s)
	}
	if o.Heater, err = o.relay(z.Heater, (*simulated.Room).Heater); err != nil {
		return fmt.Errorf("heater: %w", err)
	}
	if o.Cooler, err = o.relay(z.Cooler, (*simulated.Room).Cooler); err != nil {
		return fmt.Errorf("cooler: %w", err)
	}
	if o.Safety, err = o.relay(z.Safety, (*simulated.Room).Safety); err != nil {
		return fmt.Errorf("safety relay: %w", err)
	}
	if o.Contact, err = o.contact(z.Contact); err != nil {
		return fmt.Errorf("window contact: %w", err)
	}
	return nil
}

// sensor opens a sensor; a simulated one is had by room.
func (o *opening) sensor(s Sensor, room func(simulated.Spec) (controlloop.Sensor, error)) (controlloop.Sensor, error) {
	var sensor controlloop.Sensor
	var err error
	switch {
	case s.IsRemote():
		sensor = o.broker.Sensor(s.Broker)
	case s.IsSimulated():
		sensor, err = room(s.Simulated)
	default:
		sensor, err = o.machine.Sensor(s.SensorSpec)
	}
	if err != nil {
		return nil, err
	}
	return s.Correction().Sensor(sensor), nil
}

// ownRoom makes the zone's simulated room, and gives its sensor.
func (o *opening) ownRoom(z Zone, s simulated.Spec) (controlloop.Sensor, error) {
	if vs := s.Validate(); len(vs) > 0 {
		return nil, vs[0]
	}
	if z.Water == "" {
		o.Room = simulated.NewRoom(s)
		return o.Room.Sensor(), nil
	}
	room, err := o.machine.Water(z.Water).Room(s, z.Valve())
	if err != nil {
		return nil, err
	}
	o.Room = room
	return room.Sensor(), nil
}

// spare gives a further sensor of the zone's simulated room.
func (o *opening) spare(s simulated.Spec) (controlloop.Sensor, error) {
	if o.Room == nil {
		return nil, errors.New("a simulated fallback needs a simulated sensor: it measures that sensor's room")
	}
	return o.Room.Spare(s.Noise, s.Seed), nil
}

// relay opens a relay; room gives a simulated one of the zone's simulated room.
func (o *opening) relay(r *Relay, room func(*simulated.Room) controlloop.Relay) (controlloop.Relay, error) {
	switch {
	case r == nil:
		return nil, nil
	case r.IsRemote():
		return o.broker.Relay(r.Broker), nil
	case !r.IsSimulated():
		return o.machine.Relay(r.RelaySpec)
	case r.Simulated.Pump:
		return o.machine.Water(r.Simulated.Water).Pump(), nil
	case r.Simulated.Water != "":
		return o.machine.Water(r.Simulated.Water).Burner(), nil
	case o.Room == nil:
		return nil, errors.New("a simulated relay needs a simulated sensor: it heats or cools that sensor's room")
	}
	return room(o.Room), nil
}

// contact opens a window's contact.
func (o *opening) contact(c *Contact) (controlloop.Contact, error) {
	switch {
	case c == nil:
		return nil, nil
	case c.Driver == OnBroker:
		return o.broker.Contact(c.Broker), nil
	case !c.IsSimulated():
		opened, err := drivers.OpenContact(c.GPIO)
		if err != nil {
			return lost{err}, nil
		}
		return opened, nil
	case o.Room == nil:
		return nil, errors.New("a simulated contact needs a simulated sensor: it is at a window of that sensor's room")
	}
	return o.Room.Contact(), nil
}

// lost is a contact that could not be opened: that is a fault, and keeps no house cold.
type lost struct{ err error }

// Position tells why it is not known.
func (l lost) Position(time.Time) (controlloop.Position, string) {
	return controlloop.WindowUnknown, fmt.Sprintf("the window's contact cannot be opened, so its window counts as closed: %v", l.err)
}
