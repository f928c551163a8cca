package simulate

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"thermostat/drivers/simulated"
	"thermostat/house"
)

// estimateJSON is what a recording tells about its room.
type estimateJSON struct {
	Told            bool    `json:"told"`
	Why             string  `json:"why,omitempty"` // why it cannot be told
	Readings        int     `json:"readings"`
	HeaterFrom      string  `json:"heater_from"` // record, or law: decided anew, since the record does not say
	PowerW          float64 `json:"power_w"`
	RiseK           float64 `json:"steady_rise_k"`
	RiseDoubt       float64 `json:"steady_rise_doubt"`
	FirstHourK      float64 `json:"first_hour_k"`
	FirstHourDoubt  float64 `json:"first_hour_doubt"`
	TimeConstantH   float64 `json:"time_constant_h"`
	TimeConstDoubt  float64 `json:"time_constant_doubt"`
	LossWPerK       float64 `json:"loss_w_per_k"`
	UnexplainedK    float64 `json:"unexplained_k"`
	SensorNoiseK    float64 `json:"sensor_noise_k"`
	estimatedParams *house.PhysicalParams
}

// learnRoom estimates the room of a recording.
func learnRoom(s *Simulation, f *simulateFlags, p *playback, t *trace) {
	watt := s.Room.HeaterPower
	if !s.Zone.Params.Heater {
		watt = s.Room.CoolerPower
	}
	if f.given("power") {
		watt = f.power
	}
	e := &estimateJSON{Readings: t.readings, HeaterFrom: "law", PowerW: watt}
	if t.heater {
		e.HeaterFrom = "record"
	}
	s.estimate = e
	if s.fixed && !t.heater {
		e.Why = "the records do not say what ran, and it ran by what was recorded, not by --desired"
		return
	}
	found, err := house.EstimateRoom(&p.record, watt)
	if err != nil {
		e.Why = err.Error()
		return
	}
	e.Told, e.Why = found.Told, whyNot(found)
	e.RiseK, e.RiseDoubt = rounded(found.Gain.Value), doubt(found.Gain)
	e.FirstHourK, e.FirstHourDoubt = rounded(found.Hour.Value), doubt(found.Hour)
	e.TimeConstantH, e.TimeConstDoubt = rounded(found.Slow.Value), doubt(found.Slow)
	e.LossWPerK = rounded(watt / found.Gain.Value)
	e.UnexplainedK, e.SensorNoiseK = rounded(found.Noise), rounded(found.Sensor)
	e.estimatedParams = &found.Params
}

// doubt is that of a figure, at most 10: more says no more.
func doubt(f house.Figure) float64 {
	if math.IsNaN(f.Doubt) {
		return 10
	}
	return rounded(min(f.Doubt, 10))
}

// whyNot says why an estimate cannot be trusted; nothing where it can.
func whyNot(e house.Estimate) string {
	var why []string
	if e.Disturbed() {
		why = append(why, fmt.Sprintf("something else than the output warms or cools the room (%.2f K are left, the sensor's noise is %.2f K): sun, a stove, people, windows, or an outdoor temperature that is missing or wrong", e.Noise, e.Sensor))
	}
	for _, f := range []struct {
		name   string
		figure house.Figure
	}{{"the steady rise", e.Gain}, {"the first hour", e.Hour}, {"the time constant", e.Slow}} {
		if !(f.figure.Doubt <= 0.1) {
			why = append(why, fmt.Sprintf("%s is known to ±%.0f %% only: more changes of setpoint, or more days, would show it", f.name, 100*doubt(f.figure)))
		}
	}
	if e.Timing > e.Sensor/2 && len(why) > 0 {
		why = append(why, "readings are far apart, and each switch came anywhere between two of them: record more often, or with watch --json, which has each switch")
	}
	return strings.Join(why, "; ")
}

// text is the estimate for people.
func (e *estimateJSON) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	from := "as recorded"
	if e.HeaterFrom == "law" {
		from = "as the law decides, since the records do not say what ran"
	}
	line("room", "estimated from %d readings and %v W, %s", e.Readings, e.PowerW, from)
	if e.estimatedParams != nil {
		line("", "full power ends %.1f K from the outdoors (±%.1f %%): %.1f W/K", e.RiseK, 100*e.RiseDoubt, e.LossWPerK)
		line("", "%.2f K in the first hour (±%.1f %%)", e.FirstHourK, 100*e.FirstHourDoubt)
		line("", "slowest time constant %.1f h (±%.1f %%)", e.TimeConstantH, 100*e.TimeConstDoubt)
	}
	if !e.Told {
		line("", "THE DATA CANNOT TELL: %s", e.Why)
	} else {
		line("", "simulate it: --room trace")
	}
	return b.String()
}

// estimateRoom makes the room of a recording the one that is simulated.
func estimateRoom(ctx context.Context, errs io.Writer, f *simulateFlags, s *Simulation) error {
	found, err := lookThrough(f.tape)
	if err != nil {
		return err
	}
	recorded := *s
	recorded.plot, recorded.fixed = false, false // what ran went by what was recorded
	if err := f.playBack(ctx, &recorded, found); err != nil {
		return err
	}
	e := recorded.estimate
	if e.estimatedParams == nil {
		return fmt.Errorf("trace: %s", e.Why)
	}
	if !e.Told {
		fmt.Fprintf(errs, "simulate: zone %s: the recording cannot tell this room, so what follows is a guess: %s\n", s.Zone.Name, e.Why)
	}
	s.estimate, s.params, s.roomName = e, roomParams(*e.estimatedParams, s.Room, s.Zone.Params.Heater), "the recorded room"
	s.Room.HeaterPower, s.Room.CoolerPower = s.params.HeaterPower, s.params.CoolerPower
	return nil
}

// roomParams puts an estimated room into its weather.
func roomParams(p house.PhysicalParams, room simulated.Spec, heats bool) *house.PhysicalParams {
	p.Outdoor, p.OutdoorSwing, p.Start = room.Outdoor, room.OutdoorSwing, room.Start
	p.Cooler, p.CoolerPower = p.Heater, room.CoolerPower
	if place, ok := house.PlaceOf(room.Place); ok {
		p.Place = place
	}
	if !heats {
		p.CoolerPower, p.HeaterPower = p.HeaterPower, 0
		p.Heater = house.Emitter{}
	}
	return &p
}
