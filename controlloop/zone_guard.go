package controlloop

import "time"

// watch shows the watchers what the relays were told until now, and what the
// room does.
func (z *Zone) watch(r Reading, now time.Time) {
	z.guard = Watch(z.Params, z.guard, GuardInput{
		Now: now, Reading: r, Setpoint: z.setpoint,
		HeaterOn: z.state.Heater.On, HeaterLost: z.heater.known != RelayOn,
		CoolerOn: z.state.Cooler.On, CoolerLost: z.cooler.known != RelayOn,
	})
}

// closes reports whether the safety relay shall be closed. It closes when an
// output of a healthy zone is ordered on, and opens on any guard.
func (z *Zone) closes(s State) bool {
	wasClosed := z.safety.known == RelayOn
	_, relayFault := z.faults["relay"]
	opens := z.setpoint.Mode <= ModeOff || s.HeatCut || s.CoolCut || relayFault ||
		z.guard.Heat.Tripped || z.guard.Cool.Tripped ||
		!s.Lost.IsZero() && s.Reason != ReasonSensorLoss ||
		(z.guard.Heat.Beyond || z.guard.Cool.Beyond) && !s.Heater.On && !s.Cooler.On
	return !opens && s.Reason != ReasonStopped && (wasClosed || s.Heater.On || s.Cooler.On)
}

// clears is where the zone hears that somebody clears what is latched.
func (z *Zone) clears() <-chan struct{} {
	if z.Clears == nil {
		return nil
	}
	return z.Clears.C()
}

// noticeGuards raises and clears the faults that the watchers see.
func (z *Zone) noticeGuards(now time.Time) {
	heat, cool := &z.guard.Heat, &z.guard.Cool
	z.faults.set("not_warming", heat.Idle || heat.Tripped, now, func() string {
		return "ordered on, but the room does not warm: is the heater or its relay dead, the boiler busy, a window open, the sensor elsewhere? " + idleAction("heat", heat)
	})
	z.faults.set("not_cooling", cool.Idle || cool.Tripped, now, func() string {
		return "ordered on, but the room does not cool: is the cooler or its relay dead, a door open, the sensor elsewhere? " + idleAction("cooling", cool)
	})
	z.faults.set("still_warming", heat.Stuck, now, func() string {
		return "ordered off, but the room went on warming: is a relay's contact welded? " + z.stuckAction()
	})
	z.faults.set("still_cooling", cool.Stuck, now, func() string {
		return "ordered off, but the room went on cooling: is a relay's contact welded? " + z.stuckAction()
	})
}

func idleAction(what string, w *Watcher) string {
	if w.Tripped {
		return "The " + what + " is off until somebody clears this (thermostat clear)"
	}
	return "The " + what + " stays ordered on; this ends once the room follows"
}

func (z *Zone) stuckAction() string {
	if z.Safety == nil {
		return "There is no safety relay: cut its supply by hand. This ends once the room goes back by itself"
	}
	return "The safety relay opens 2 K past the band; this ends once the room goes back by itself"
}
