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
	_, relayFault := z.faults[FaultRelay]
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
