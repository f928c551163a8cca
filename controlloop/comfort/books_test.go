package comfort

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"thermostat/controlloop"
)

// books is an oracle of what a zone aims at. It asks neither Plan nor Week: it keeps a
// pile of what was asked for, each thing on what it covers, and a week of its own.
type books struct {
	week     []happening
	east     time.Duration // by which the place's clocks are ahead of UTC
	presets  map[string]float64
	usual    controlloop.Mode // what the program lets the zone do
	holdMax  time.Duration
	unsynced Unsynced
	stands   thing // in for the program
	pile     []thing
	last     string // what the program said when the clock could last be followed

	boot    time.Duration // the clock that nobody sets
	wall    time.Time
	trusted bool
}

// happening is a transition: minutes from Monday, and what the week's text says of it.
type happening struct {
	minute int
	word   string
}

// thing is what somebody asked for. The lowest one of a pile has no end.
type thing struct {
	auto    bool             // the program chooses, unless a temperature is named
	mode    controlloop.Mode // else
	celsius float64          // NaN: none is named
	preset  string

	from   time.Duration // when it came to lie on top
	until  time.Time     // by the wall clock
	lasts  time.Duration
	toNext bool // it ends with the next transition; which one its word does not say
}

var theProgram = thing{auto: true, celsius: math.NaN()}

const aWeek = 7 * 24 * 60 // minutes

func (b *books) top() *thing { return &b.pile[len(b.pile)-1] }
func (b *books) held() bool  { return len(b.pile) > 1 }

// base puts everything away for one thing without an end.
func (b *books) base(t thing) { b.pile = []thing{t} }

// now sets the clocks, and takes off what is over.
func (b *books) now(boot time.Duration, wall time.Time, trusted bool) {
	b.boot, b.wall, b.trusted = boot, wall, trusted
	for b.held() {
		end := b.end(*b.top())
		if boot < end {
			break
		}
		b.takeOff(end)
	}
	if trusted && len(b.week) > 0 {
		b.last = b.inForce().word
	}
}

func (b *books) takeOff(at time.Duration) {
	b.pile = b.pile[:len(b.pile)-1]
	b.top().from = at
}

// end is when a thing that has one is over, on the clock that nobody sets. Moments of
// the wall clock count only while that is trusted, and 4 h in their place.
func (b *books) end(t thing) time.Duration {
	var ends []time.Duration
	if t.lasts > 0 {
		ends = append(ends, t.from+t.lasts)
	}
	switch guessed := t.from + 4*time.Hour; {
	case t.toNext && b.trusted:
		began := b.wall.Add(t.from - b.boot)
		ends = append(ends, t.from+b.holdMax, t.from+b.untilNext(began))
	case t.toNext:
		ends = append(ends, min(t.from+b.holdMax, guessed))
	case t.until.IsZero():
	case b.trusted:
		ends = append(ends, b.boot+t.until.Sub(b.wall))
	case len(ends) == 0:
		ends = append(ends, guessed)
	}
	return slices.Min(ends)
}

// sinceMonday is the time on the place's clocks since its last Monday.
func (b *books) sinceMonday(at time.Time) time.Duration {
	const week, monday = aWeek * 60, -3 * 24 * 3600 // s; 1 January 1970 was a Thursday
	s := at.Unix() - monday + int64(b.east/time.Second)
	return time.Duration((s%week+week)%week)*time.Second + time.Duration(at.Nanosecond())
}

// inForce is what the week says at the moment: what happened last, be it last week.
func (b *books) inForce() happening {
	is := b.week[len(b.week)-1]
	for _, h := range b.week {
		if time.Duration(h.minute)*time.Minute <= b.sinceMonday(b.wall) {
			is = h
		}
	}
	return is
}

// coming is what happens after a moment, and how long after.
func (b *books) coming(at time.Time) (happening, time.Duration) {
	var first happening
	soonest := time.Duration(math.MaxInt64)
	for _, h := range b.week {
		wait := time.Duration(h.minute)*time.Minute - b.sinceMonday(at)
		if wait <= 0 {
			wait += aWeek * time.Minute
		}
		if wait < soonest {
			first, soonest = h, wait
		}
	}
	return first, soonest
}

func (b *books) untilNext(at time.Time) time.Duration {
	_, wait := b.coming(at)
	return wait
}

// aim is what a zone shall aim at.
type aim struct {
	mode    controlloop.Mode
	celsius float64 // NaN: none
	preset  string
	why     string
	until   time.Time // zero: no end
}

func (a aim) String() string {
	return fmt.Sprintf("%v %v %q by %s until %v", a.mode, a.celsius, a.preset, a.why, a.until.UTC().Format(time.DateTime))
}

func (b *books) aims() aim {
	t := *b.top()
	a := aim{mode: t.mode, celsius: t.celsius, preset: t.preset, why: Manual}
	if t.auto {
		a.mode, a.why = b.usual, Held
	}
	if b.held() {
		a.why, a.until = Held, b.wall.Add(b.end(t)-b.boot)
	}
	switch {
	case t.auto && math.IsNaN(t.celsius):
		return b.programmed()
	case t.preset == Boost || t.preset == Away:
		a.why = t.preset
	}
	return a
}

// programmed is what auto means: the week, what it said last, or what stands in for it.
func (b *books) programmed() aim {
	word := b.last
	switch {
	case b.trusted || b.unsynced == Follow:
		word = b.inForce().word
	case b.unsynced == Stated:
		word = ""
	}
	if word == "" {
		return aim{mode: b.stands.mode, celsius: b.stands.celsius, why: Default}
	}
	a := aim{mode: b.usual, celsius: b.celsius(word), why: Program}
	if _, named := b.presets[word]; named {
		a.preset = word
	}
	if word == "off" {
		a.mode = controlloop.ModeOff
	}
	return a
}

// celsius is a word's temperature; NaN: it is off.
func (b *books) celsius(word string) float64 {
	if celsius, named := b.presets[word]; named {
		return celsius
	}
	celsius, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return math.NaN()
	}
	return celsius
}

// cover puts a hold on the pile. What ends no later than the hold goes; so does a boost
// under a boost, and every hold whose moment nobody can tell.
func (b *books) cover(t thing, boost bool) {
	if b.held() {
		under := b.end(*b.top())
		if !b.trusted || b.end(t) >= under || boost && b.top().preset == Boost {
			b.pile = b.pile[:len(b.pile)-1]
		} else {
			b.top().until, b.top().lasts, b.top().toNext = b.wall.Add(under-b.boot), 0, false
		}
	}
	b.pile = append(b.pile, t)
	low := 0
	if b.pile[0].auto {
		low = 1 // nothing needs to be said of it
	}
	if covered := len(b.pile) - 1 - low; covered > 3 { // the deepest stays, and the two next below the top
		b.pile = slices.Delete(b.pile, low+1, len(b.pile)-3)
	}
}

// shorten is a hold's end as far as it can be told from now on.
func (b *books) shorten(t *thing) {
	end := b.end(*t)
	t.from, t.toNext = b.boot, false
	t.until, t.lasts = b.wall.Add(end-b.boot), 0
	if !b.trusted {
		t.until, t.lasts = time.Time{}, end-b.boot
	}
}

// hold is a thing that ends with the next transition, or after the longest hold.
func (b *books) hold(t thing) thing {
	t.from = b.boot
	switch wait := b.untilNext(b.wall); {
	case !b.trusted:
		t.lasts = min(b.holdMax, 4*time.Hour)
	case wait > b.holdMax:
		t.lasts, t.until = b.holdMax, b.wall.Add(b.holdMax)
	default:
		t.until = b.wall.Add(wait)
	}
	return t
}

// desire names a temperature alone, or a preset, which also switches on.
func (b *books) desire(celsius float64, preset string) {
	if !b.held() && b.top().auto {
		b.pile = append(b.pile, b.hold(thing{auto: true, celsius: celsius, preset: preset}))
		return
	}
	t := b.top()
	t.celsius, t.preset = celsius, preset
	if b.held() {
		b.shorten(t)
	}
	if preset != "" && !t.auto && t.mode == controlloop.ModeOff {
		t.mode = b.usual
	}
}

func (b *books) boost(lasts time.Duration) bool {
	a := b.aims()
	if a.mode == controlloop.ModeOff || math.IsNaN(a.celsius) {
		return false
	}
	t := thing{auto: b.top().auto, mode: b.top().mode, preset: Boost, from: b.boot, lasts: lasts}
	by := 2.0
	if a.mode == controlloop.ModeCool {
		by = -by
	}
	if t.celsius = min(max(a.celsius+by, law().DesiredMin), law().DesiredMax); !math.IsNaN(b.celsius(Boost)) {
		t.celsius = b.celsius(Boost)
	}
	if b.trusted {
		t.until = b.wall.Add(lasts)
	}
	b.cover(t, true)
	return true
}

// keep holds what is aimed at: for a while, else until the next transition.
func (b *books) keep(lasts time.Duration) bool {
	a := b.aims()
	if math.IsNaN(a.celsius) && a.mode != controlloop.ModeOff {
		return false
	}
	t := thing{auto: b.top().auto && a.mode != controlloop.ModeOff, mode: a.mode, celsius: a.celsius, preset: a.preset}
	if lasts == 0 {
		t = b.hold(t)
	} else if t.from, t.lasts = b.boot, lasts; b.trusted {
		t.until = b.wall.Add(lasts)
	}
	b.cover(t, false)
	return true
}

func (b *books) keepForEver() bool {
	a := b.aims()
	if math.IsNaN(a.celsius) && a.mode != controlloop.ModeOff {
		return false
	}
	b.base(thing{mode: a.mode, celsius: a.celsius, preset: a.preset})
	return true
}

func (b *books) resume() bool {
	switch {
	case b.held():
		b.takeOff(b.boot)
	case b.top().auto:
		return false
	default:
		b.base(theProgram)
	}
	return true
}

// choose names a mode of the law alone; false: no temperature is known for it.
func (b *books) choose(mode controlloop.Mode) bool {
	celsius := b.aims().celsius
	if math.IsNaN(celsius) {
		celsius = b.top().celsius
	}
	if math.IsNaN(celsius) && mode != controlloop.ModeOff {
		return false
	}
	b.base(thing{mode: mode, celsius: celsius})
	return true
}

// turnOn changes nothing where a mode is on: a hold ends when it would have ended.
func (b *books) turnOn() bool {
	switch t := b.top(); {
	case !t.auto && t.mode == controlloop.ModeOff:
		b.base(theProgram)
	case b.held():
		b.shorten(t)
	}
	return true
}

// randomWeek gives a week and its text: no day, every day, or some of them with presets,
// temperatures and off.
func randomWeek(rnd *rand.Rand, presets []string) (week []happening, text string) {
	var parts []string
	for day, word := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		var minutes []int
		for range rnd.IntN(7) {
			minutes = append(minutes, rnd.IntN(24*60))
		}
		if day == 3 && len(week) == 0 {
			minutes = append(minutes, 7*60)
		}
		slices.Sort(minutes)
		var items []string
		for _, m := range slices.Compact(minutes) {
			target := presets[rnd.IntN(len(presets))]
			switch rnd.IntN(6) {
			case 0:
				target = "off"
			case 1, 2:
				target = fmt.Sprint(15 + float64(rnd.IntN(32))/4)
			}
			items = append(items, fmt.Sprintf("%02d:%02d %s", m/60, m%60, target))
			week = append(week, happening{day*24*60 + m, target})
		}
		if len(items) > 0 {
			parts = append(parts, word+" "+strings.Join(items, ", "))
		}
	}
	return week, strings.Join(parts, "; ")
}
