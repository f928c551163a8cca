package controlloop

import (
	"fmt"
	"time"

	"thermostat/controlloop/guard"
)

// notice raises and clears the faults that follow from the state.
func (z *Zone) notice(now time.Time) {
	for _, s := range z.senses.all {
		s.grow(&z.Params, now)
	}
	if !z.senses.fail() && len(z.faults) == 0 && z.guard.Calm() && !z.senses.disagree && !z.state.HeatCut && !z.state.CoolCut {
		return // all is well, and was
	}
	text, since, bad := z.senses.trouble(&z.Params, now)
	z.faults.set(FaultSensor, bad, since, func() string { return text })
	spare, since, bad := z.senses.spareTrouble()
	z.faults.set(FaultFallbackSensor, bad, since, func() string { return spare })
	z.faults.set(FaultSensorsDisagree, z.senses.disagree, now, func() string { return z.senses.text })
	z.noticeGuards(now)
	z.faults.set(FaultHeatCutout, z.state.HeatCut, now, func() string {
		return fmt.Sprintf("at or above %v °C: the heater stays off until it is %v K below", z.Params.HeatCutout, cutoutRelease)
	})
	z.faults.set(FaultCoolCutout, z.state.CoolCut, now, func() string {
		return fmt.Sprintf("at or below %v °C: the cooler stays off until it is %v K above", z.Params.CoolCutout, cutoutRelease)
	})
}

// noticeGuards raises and clears the faults that the watchers see.
func (z *Zone) noticeGuards(now time.Time) {
	heat, cool := &z.guard.Heat, &z.guard.Cool
	z.faults.set(FaultNotWarming, heat.Idle || heat.Tripped, now, func() string {
		return "ordered on, but the room does not warm: is the heater or its relay dead, the boiler busy, a window open, the sensor elsewhere? " + idleAction("heat", heat)
	})
	z.faults.set(FaultNotCooling, cool.Idle || cool.Tripped, now, func() string {
		return "ordered on, but the room does not cool: is the cooler or its relay dead, a door open, the sensor elsewhere? " + idleAction("cooling", cool)
	})
	z.faults.set(FaultStillWarming, heat.Stuck, now, func() string {
		return "ordered off, but the room went on warming: is a relay's contact welded? " + z.stuckAction()
	})
	z.faults.set(FaultStillCooling, cool.Stuck, now, func() string {
		return "ordered off, but the room went on cooling: is a relay's contact welded? " + z.stuckAction()
	})
}

func idleAction(what string, w *guard.Watcher) string {
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
