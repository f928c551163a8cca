package controlloop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// record is one record of the two streams of the published example: either a
// temperature of a sensor, or (control) what its room shall have.
type record struct {
	sensor                      int
	at                          time.Time
	control                     bool
	temperature                 float64
	desired, upDelta, downDelta float64
}

// command is what a stream of records makes a heater do, and at which record.
type command struct {
	record, sensor int
	on             bool
}

func (c command) String() string { return fmt.Sprintf("#%d sensor %d on=%v", c.record, c.sensor, c.on) }

// original is the operator of the published dynamically controlled stream,
// written down again from its description: the setpoint is state per sensor,
// readings before the first one do nothing, and a command is emitted only where
// it differs from the one before.
func original(stream []record) []command {
	type heater struct {
		controlled, commanded, on   bool
		desired, upDelta, downDelta float64
	}
	heaters := map[int]heater{}
	var out []command
	for i, r := range stream {
		h := heaters[r.sensor]
		if r.control {
			h.controlled, h.desired, h.upDelta, h.downDelta = true, r.desired, r.upDelta, r.downDelta
			heaters[r.sensor] = h
			continue
		}
		if !h.controlled {
			continue
		}
		var on bool
		if r.temperature > h.desired+h.upDelta {
			on = false
		} else if r.temperature < h.desired-h.downDelta {
			on = true
		} else {
			continue
		}
		if !h.commanded || on != h.on {
			out = append(out, command{i, r.sensor, on})
		}
		h.commanded, h.on = true, on
		heaters[r.sensor] = h
	}
	return out
}

// withoutLeadingOff drops a sensor's first command where that is Off: the
// original does not know how its heater stands before its first command and so
// says Off to one that is off. Ours begins with everything off, and an Off then
// is no switch.
func withoutLeadingOff(commands []command) []command {
	spoken := map[int]bool{}
	return slices.DeleteFunc(slices.Clone(commands), func(c command) bool {
		first := !spoken[c.sensor]
		spoken[c.sensor] = true
		return first && !c.on
	})
}

// ours runs the law on the same stream, at its readings only, as the original does. What is known of the rooms
// would look ahead wherever the law lets it; looks tells how often it could.
func ours(p Params, stream []record) (out []command, looks int) {
	states, setpoints, rooms := map[int]State{}, map[int]Setpoint{}, map[int]*Foresight{}
	for i, r := range stream {
		if r.control {
			setpoints[r.sensor] = Setpoint{Mode: ModeHeat, Desired: r.desired, UpDelta: r.upDelta, DownDelta: r.downDelta}
			continue
		}
		was, room := states[r.sensor], rooms[r.sensor]
		if room == nil {
			learned := Recall(trustedRoom())
			room, rooms[r.sensor] = &learned, &learned
		}
		in := Input{Now: r.at, Reading: Temperature(r.temperature, r.at), Setpoint: setpoints[r.sensor]}
		room.Learn(p, in.Reading, r.at, was.Heater.On, false)
		room.Look(p, &Target{Setpoint: in.Setpoint, Auto: true, Ahead: true, Next: Change{At: r.at.Add(time.Hour), Desired: 24}}, &in)
		looks += btoi(room.Model(p).Trusted)
		is := Decide(p, was, in)
		room.Decided(p, &was, &is, &in)
		if is.Heater.On != was.Heater.On {
			out = append(out, command{i, r.sensor, is.Heater.On})
		}
		states[r.sensor] = is
	}
	return out, looks
}

// randomStream interleaves a few sensors. Everything is a multiple of 0.25, so
// that readings often lie exactly on a threshold.
func randomStream(rng *rand.Rand) []record {
	quarters := func(low, high int) float64 { return float64(4*low+rng.IntN(4*(high-low)+1)) / 4 }
	sensors := 1 + rng.IntN(4)
	air := make([]float64, sensors)
	for i := range air {
		air[i] = quarters(17, 23)
	}
	var stream []record
	now := morning
	for range 100 + rng.IntN(500) {
		now = now.Add(time.Duration(1 + rng.Int64N(int64(10*minute))))
		r := record{sensor: rng.IntN(sensors), at: now}
		if rng.IntN(12) == 0 {
			r.control = true
			r.desired, r.upDelta, r.downDelta = quarters(18, 22), quarters(0, 2), quarters(0, 2)
		} else {
			air[r.sensor] += quarters(-2, 2) + (20-air[r.sensor])/4
			air[r.sensor] = math.Round(4*air[r.sensor]) / 4
			if rng.IntN(50) == 0 {
				air[r.sensor] = quarters(10, 30)
			}
			r.temperature = air[r.sensor]
		}
		stream = append(stream, r)
	}
	return stream
}

// Without timers, limits and modes the law hysteresis is the published operator, also in a room that it knows.
func TestBareLawIsThePublishedOperator(t *testing.T) {
	p := Params{Heater: true, HeatCutout: 1e9, CoolCutout: -1e9, StaleAfter: 1000 * time.Hour, Law: LawHysteresis, StartsPerDay: 100}
	commands, leadingOffs, onThreshold, known := 0, 0, 0, 0
	for seed := range uint64(1000) {
		stream := randomStream(rand.New(rand.NewPCG(seed, 1)))
		all := original(stream)
		want := withoutLeadingOff(all)
		got, looks := ours(p, stream)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		commands, known = commands+len(want), known+looks
		leadingOffs += len(all) - len(want)
		onThreshold += countOnThreshold(stream)
	}
	t.Logf("%d commands, %d leading Offs dropped, %d readings exactly on a threshold, %d in a room that is known", commands, leadingOffs, onThreshold, known)
	if commands < 10000 || leadingOffs < 100 || onThreshold < 1000 || known < 10000 {
		t.Errorf("the streams show too little: %d commands, %d leading Offs, %d readings on a threshold, %d in a room that is known", commands, leadingOffs, onThreshold, known)
	}
}

func countOnThreshold(stream []record) int {
	n, last := 0, map[int]record{}
	for _, r := range stream {
		c, ok := last[r.sensor]
		switch {
		case r.control:
			last[r.sensor] = r
		case ok && (r.temperature == c.desired+c.upDelta || r.temperature == c.desired-c.downDelta):
			n++
		}
	}
	return n
}
