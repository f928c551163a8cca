package main

import (
	"math"
	"slices"
	"time"

	"thermostat/controlloop/foresee"
	"thermostat/house"
	"thermostat/house/climate"
	"thermostat/house/figures"
)

// Times of a life: how often the thermometer is read, how long it is, and from when on it counts.
const (
	sample  = 10 * time.Second
	lasts   = 21 * 24 * time.Hour
	settled = 3 * 24 * time.Hour
	half    = 0.5 // K, that is comfortable to either side
)

// wish is what somebody wants from a time of the day on.
type wish struct{ at, celsius float64 }

const (
	present = 21.0 // °C
	absent  = 17.0
)

// week is what is wanted on each day, Monday first.
func week(day int) []wish {
	if day%7 < 5 {
		return []wish{{6, present}, {8.5, absent}, {16, present}, {22.5, absent}}
	}
	return []wish{{7.5, present}, {23, absent}}
}

// always is one temperature, day and night.
func always(int) []wish { return []wish{{0, present}} }

// wanted is what counts so many hours after Monday's midnight, and what comes next.
func wanted(days func(int) []wish, hours float64) (celsius float64, next foresee.Next) {
	day, hour := int(hours/24), math.Mod(hours, 24)
	before := days(day + 6)
	celsius = before[len(before)-1].celsius
	for _, w := range days(day) {
		if w.at > hour {
			next = foresee.Next{Known: true, In: w.at - hour, Goal: w.celsius}
			break
		}
		celsius = w.celsius
	}
	if first := days(day + 1)[0]; !next.Known {
		next = foresee.Next{Known: true, In: 24 - hour + first.at, Goal: first.celsius}
	}
	next.Known = next.Goal != celsius
	return celsius, next
}

// outcome is what became of a life.
type outcome struct {
	below, above float64        // K·h, out of what is comfortable while it shall be
	late         []float64      // min, after each step up until it is comfortable
	early        float64        // h, of comfort before it is asked for, a day
	energy       float64        // kWh
	starts       float64        // a day
	rms, mean    float64        // K, from what is wanted
	errors       figures.Errors // K, of what was foreseen
}

// tally counts.
type tally struct {
	outcome
	was     float64
	waiting float64 // h, when the step up was that the room has not reached; negative: none
	squares float64
	sum, n  float64
}

func (t *tally) add(hours, dt, real, desired float64, next foresee.Next, on bool, kilowatt float64) {
	if on {
		t.energy += kilowatt * dt
	}
	t.n++
	t.sum += real - desired
	t.squares += (real - desired) * (real - desired)
	switch {
	case desired == present && t.was == absent:
		t.waiting = hours
	case desired == absent:
		t.waiting = -1
	}
	t.was = desired
	if desired != present {
		if next.Known && next.In < foresee.Horizon && real >= present-half {
			t.early += dt
		}
		return
	}
	t.below += dt * max(0, present-half-real)
	t.above += dt * max(0, real-present-half)
	if t.waiting >= 0 && real >= present-half {
		t.late = append(t.late, (hours-t.waiting)*60)
		t.waiting = -1
	}
}

// instant is a sample of a life.
type instant struct {
	at            time.Duration // since Monday's midnight
	real, desired float64       // °C
	on            bool
}

// live is a room's life under a law.
func live(p house.PhysicalParams, l law, days func(int) []wish, seed uint64) outcome {
	return watch(p, l, days, seed, func(instant) {})
}

// watch lives it while somebody looks on.
func watch(p house.PhysicalParams, l law, days func(int) []wish, seed uint64, see func(instant)) outcome {
	p.Start, p.OutdoorSwing, p.Sun = absent, 0, 0
	room, season, shown := house.NewPhysical(p), climate.New(climate.Winter(), seed), house.NewThermometer(0.02, seed)
	t := tally{waiting: -1}
	dt, on, since := sample.Hours(), false, 0.0
	for at := time.Duration(0); at < lasts; at += sample {
		hours := at.Hours()
		desired, next := wanted(days, hours)
		if at%climate.Step == 0 {
			room.Expose(season.Next(at, desired == present))
		}
		room.Heat(on)
		room.Advance(sample)
		m := moment{celsius: shown.Show(room.Sensed()), on: on, since: hours - since, gone: dt, desired: desired, next: next}
		was := on
		if on = l.decide(m); on != was {
			since = hours
		}
		if f, learns := l.(*foreseen); learns && at >= settled {
			f.saw(m, on, room.Sensed())
		}
		see(instant{at, room.Held(), desired, on})
		if at < settled {
			continue
		}
		if on && !was {
			t.starts++
		}
		t.add(hours, dt, room.Held(), desired, next, on, p.HeaterPower/1000)
	}
	return t.result(l)
}

func (t *tally) result(l law) outcome {
	n := (lasts - settled).Hours() / 24
	t.starts /= n
	t.early /= n
	t.mean = t.sum / t.n
	t.rms = math.Sqrt(t.squares / t.n)
	if f, learns := l.(*foreseen); learns {
		t.errors = f.turns.Errors
	}
	return sorted(t.outcome)
}

func sorted(f outcome) outcome {
	slices.Sort(f.late)
	return f
}

// quantile of sorted values; NaN of none.
func quantile(sorted []float64, part float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}
