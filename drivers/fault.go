package drivers

import (
	"errors"

	"thermostat/controlloop"
)

// Fault is a way in which a simulated sensor can be broken.
type Fault uint8

// The faults.
const (
	FaultNone    Fault = iota // it works
	FaultGone                 // it is not there any more: absent
	FaultHang                 // a read does not come back until the fault is lifted or its context ends
	FaultFrozen               // it shows the same value for ever, as if it were new
	FaultError                // it answers with an error
	FaultPowerOn              // it shows 85 °C, a DS18B20's value after a reset: power_on
	FaultClock                // its clock is a year ahead of ours
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

// Break gives the room's sensor a fault, or lifts it with [FaultNone]; a read
// that hangs goes on as the new fault says.
func (r *Room) Break(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f == r.fault {
		return
	}
	r.fault = f
	if f == FaultFrozen {
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
	if r.fault == FaultHang {
		return r.changed, reading, nil
	}
	if err := r.fault.verdict(); err != nil {
		return nil, reading, err
	}
	celsius, now := r.show()
	if r.fault == FaultFrozen {
		celsius = r.frozen
	}
	if r.fault == FaultClock {
		now = now.AddDate(1, 0, 0)
	}
	return nil, controlloop.Temperature(celsius, now), nil
}

// verdict is the error of a fault that gives no temperature, else nil.
func (f Fault) verdict() error {
	switch f {
	case FaultGone:
		return &controlloop.BadReading{Verdict: controlloop.VerdictAbsent, Err: errors.New("the simulated sensor is gone")}
	case FaultError:
		return &controlloop.BadReading{Verdict: controlloop.VerdictError, Err: errors.New("the simulated sensor is out of order")}
	case FaultPowerOn:
		return &controlloop.BadReading{Verdict: controlloop.VerdictPowerOn, Err: errors.New("85 °C is the value after a reset")}
	}
	return nil
}
