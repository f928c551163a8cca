// Package demo is the two simulated houses that the command demo runs: each is an
// ordinary configuration, which run accepts.
package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"thermostat/agent/config"
	"thermostat/drivers/simulated"
)

// House is one of the two: two rooms with a heater each, or four on one boiler.
type House struct {
	Boiler bool
	Speed  float64 // room time runs this many times faster than the clock
}

// twoRooms has short timers because room time is fast.
const twoRooms = `# Two simulated rooms. Room time runs %[1]v times faster than the clock,
# so the timers are short and max_rate is wide.
device: demo
clock: trust # the program steps by it, whoever has set it
presets: {comfort: 20, eco: 18.5, away: 14, boost: 22}
mqtt:
  brokers: ["mqtt://%[2]s"]
http:
  listen: "%[3]s"
zones:
  - name: living-room # air and walls, a panel heater, winter outside
    plant: electric
    sensor: {driver: simulated, model: room, speed: %[1]v, start: 19.2, outdoor: 2, outdoor_swing: 3, heater_power: 2500}
    heater: {driver: simulated}
    program: "%[4]s" # each day
    preheat: off # it counts by the clock, and so would begin at the transition before
    window: {contact: {driver: simulated}, delay: 1s, close_delay: 1s}
    default_setpoint: {mode: auto, up_delta: 0.3, down_delta: 0.3}
    limits: {max_rate: 10000}
    timing: {sample: 1s, stale_after: 3s, min_on: 2s, min_off: 2s, frozen_after: 10s}
    safety_relay: {driver: simulated}
  - name: workshop # +1 °C every 2 minutes when heated, -1 °C every 4 minutes when not
    plant: electric
    sensor: {driver: simulated, model: linear, speed: %[1]v, start: 15, up: 2m, down: 4m}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.5, down_delta: 0.5}
    limits: {max_rate: 10000}
    timing: {sample: 1s, stale_after: 3s, min_on: 2s, min_off: 2s, frozen_after: 10s}
`

// oneBoiler is four rooms; what is the same in each stands for ROOM and LAW.
const oneBoiler = `# Four simulated rooms on one boiler. Room time runs %[1]v times faster than the clock,
# so the timers are short and max_rate is wide.
device: demo
clock: trust # the program steps by it, whoever has set it
presets: {comfort: 20, eco: 18.5, away: 14, boost: 22}
mqtt:
  brokers: ["mqtt://%[2]s"]
http:
  listen: "%[3]s"
sources:
  - name: boiler # 12 kW
    relay: {driver: simulated}
    pump: {driver: simulated}
    valve_open: %[5]v # a valve takes 3.5 minutes of room time
    pump_overrun: %[6]v # 5 minutes, like the other two
    min_on: %[6]v
    min_off: %[6]v
zones:
  - name: living-room
    calls: boiler
    sensor: {ROOM, start: 19.2}
    heater: {driver: simulated} # the valve
    program: "%[4]s" # each day
    preheat: off # it counts by the clock, and so would begin at the transition before
    window: {contact: {driver: simulated}, delay: 1s, close_delay: 1s}
    default_setpoint: {mode: auto, up_delta: 0.3, down_delta: 0.3}
LAW
  - name: bath
    calls: boiler
    sensor: {ROOM, start: 20.5}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 21, up_delta: 0.3, down_delta: 0.3}
LAW
  - name: bedroom
    calls: boiler
    sensor: {ROOM, start: 17.6}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17.5, up_delta: 0.3, down_delta: 0.3}
LAW
  - name: hall
    calls: boiler
    sensor: {ROOM, start: 16.4}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.5, down_delta: 0.5}
LAW
`

const (
	itsRoom = "driver: simulated, model: radiator, speed: %[1]v, outdoor: 2, outdoor_swing: 3"
	itsLaw  = `    limits: {max_rate: 10000}
    timing: {sample: 1s, stale_after: 3s, min_on: 1s, min_off: 1s, frozen_after: 1m}`
)

// Config is the house's configuration, with a program that steps from then on.
func (h House) Config(now time.Time, mqtt, http string) string {
	with := func(week string) string {
		if !h.Boiler {
			return fmt.Sprintf(twoRooms, h.Speed, mqtt, http, week)
		}
		text := strings.NewReplacer("ROOM", itsRoom, "LAW", itsLaw).Replace(oneBoiler)
		return fmt.Sprintf(text, h.Speed, mqtt, http, week, min(h.clock(210*time.Second), 15*time.Minute), h.clock(5*time.Minute))
	}
	some, _ := config.Read("demo", []byte(with(week(now)))) // tells on whose clocks a program runs here
	return with(week(now.In(some.Zones[0].Comfort.Place)))
}

// clock is how long a span of room time takes, in whole seconds.
func (h House) clock(room time.Duration) time.Duration {
	return max(time.Duration(float64(room)/h.Speed+float64(time.Second)-1), time.Second).Truncate(time.Second)
}

// week is comfort now, eco in two minutes, and so on every three minutes: a day can
// have ten transitions. A program runs by the wall clock, also where room time is fast.
func week(now time.Time) string {
	steps := []string{now.Format("15:04") + " comfort"}
	for at := now.Add(2 * time.Minute); len(steps) < 10; at = at.Add(3 * time.Minute) {
		steps = append(steps, at.Format("15:04")+[]string{" comfort", " eco"}[len(steps)%2])
	}
	slices.Sort(steps)
	return strings.Join(steps, ", ")
}

// Is says what the house is.
func (h House) Is() string {
	if h.Boiler {
		return "Four simulated rooms on one boiler"
	}
	return "Two simulated rooms"
}

// Constant is a zone that follows no program.
func (h House) Constant() string {
	if h.Boiler {
		return "bath"
	}
	return "workshop"
}

// Output says what the output of a zone does.
func (h House) Output(on bool) string {
	if h.Boiler {
		return map[bool]string{true: "valve opens", false: "valve shuts"}[on]
	}
	return map[bool]string{true: "heater on", false: "heater off"}[on]
}

// Means says what a fault is. What follows a semicolon is told of the two rooms.
func (h House) Means(f simulated.Fault) string {
	if h.Boiler {
		means, _, _ := strings.Cut(f.Means, ";")
		return means
	}
	return f.Means
}
