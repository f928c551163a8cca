package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"thermostat/house"
)

// The day of the pictures: a Monday of the third week of one winter, in the room with a radiator.
const (
	pictureSeed = 2
	pictureDay  = 14
)

// scene is a picture for docs/control.md: the same hours of one room under two laws, above each other.
type scene struct {
	file, title string
	from, to    float64 // h of the day
	low, high   float64 // °C
	tell        func(c course) (fact string, marks []mark)
}

// mark points at a moment of the curve; to a later one it is a span.
type mark struct {
	from, to, celsius float64
	text              string
	side              side // where the text stands
}

type side int

const (
	above side = iota
	below
	left
	right
)

// course is the day under a law.
type course struct {
	law    string
	points []point
}

type point struct {
	hour, real, desired float64
	on                  bool
}

// Hours of that day: steps of its program, and what lies between.
const (
	night  = 2.0 // the heat of the day before is over
	wakes  = 6.0
	sleeps = 22.5
	rests  = 18.0 // long after the step of 16:00: what is left is the law's own swing
)

var scenes = []scene{
	{"control-morning.svg", "A Monday morning, 21 °C from 06:00 on", night, 8.5, 16, 22, morning},
	{"control-evening.svg", "That evening, 21 °C", rests, sleeps, 20, 22, evening},
	{"control-setback.svg", "The end of that evening, 17 °C from 22:30 on", 20.5, 24, 18, 22, setback},
}

// courses are those that the scenes show.
func courses() []course {
	p, _ := house.Preset("radiator")
	return []course{
		dayOf("plain thermostat", p, plain{half: half}),
		dayOf("foresee", p, &foreseen{half: half, budget: 16}),
	}
}

func dayOf(name string, p house.PhysicalParams, l law) course {
	c := course{law: name}
	watch(p, l, week, pictureSeed, func(i instant) {
		if hour := i.at.Hours() - pictureDay*24; hour >= 0 && hour < 24 {
			c.points = append(c.points, point{hour, i.real, i.desired, i.on})
		}
	})
	return c
}

func morning(c course) (string, []mark) {
	heats, warm := c.first(night, func(p point) bool { return p.on }), c.first(wakes, func(p point) bool { return p.real >= present-half })
	begins := "heats from " + clock(heats.hour)
	if late := minutes(warm.hour) - minutes(wakes); late > 0 {
		return fmt.Sprintf("%s, is warm enough at %s: %d min late", begins, clock(warm.hour), late),
			[]mark{{wakes, warm.hour, present - half, fmt.Sprintf("%d min late", late), above}}
	}
	return fmt.Sprintf("%s, has %.1f °C at %s: on time", begins, warm.real, clock(wakes)),
		[]mark{{wakes, wakes, warm.real, "on time", left}}
}

func evening(c course) (string, []mark) {
	least, most, starts, was := point{real: 99}, point{}, 0, true
	for _, p := range c.points {
		if p.hour < rests || p.hour > sleeps {
			continue
		}
		if p.real < least.real {
			least = p
		}
		if p.real > most.real {
			most = p
		}
		if p.on && !was {
			starts++
		}
		was = p.on
	}
	return fmt.Sprintf("between %.1f and %.1f °C, %d starts of the heater", least.real, most.real, starts),
		[]mark{{most.hour, most.hour, most.real, fmt.Sprintf("%.1f °C", most.real), above}, {least.hour, least.hour, least.real, fmt.Sprintf("%.1f °C", least.real), below}}
}

func setback(c course) (string, []mark) {
	last, then := point{}, c.first(sleeps, func(point) bool { return true })
	for _, p := range c.points {
		if p.on && p.hour < sleeps {
			last = p
		}
	}
	return fmt.Sprintf("heats until %s, has %.1f °C at %s", clock(last.hour), then.real, clock(sleeps)),
		[]mark{{sleeps, sleeps, then.real, fmt.Sprintf("%.1f °C", then.real), right}}
}

// first is the first moment from an hour on of which something is so.
func (c course) first(from float64, is func(point) bool) point {
	for _, p := range c.points {
		if p.hour >= from && is(p) {
			return p
		}
	}
	return point{}
}

func minutes(hour float64) int { return int(hour*60 + 0.5) }

func clock(hour float64) string {
	return time.Time{}.Add(time.Duration(minutes(hour)) * time.Minute).Format("15:04")
}

// words tell a picture to those who do not see it.
func (s scene) words(all []course) string {
	words := s.title
	for i, c := range all {
		fact, _ := s.tell(c)
		words += []string{": ", "; "}[i] + c.law + " " + fact
	}
	return words
}

// writePictures writes them and prints how docs/control.md shows each.
func writePictures(folder string) error {
	all := courses()
	for _, s := range scenes {
		if err := os.WriteFile(filepath.Join(folder, s.file), s.draw(all), 0o644); err != nil {
			return err
		}
		fmt.Printf("![%s](%s)\n", s.words(all), s.file)
	}
	return nil
}
