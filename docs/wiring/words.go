package main

import (
	"fmt"
	"strings"
)

// line is one of those below the part; class ! begins a warning.
type line struct {
	class, text string
	begins      bool // what is written
}

// height is that from the line above, in pixels.
func (l line) height() int {
	if l.begins {
		return 19
	}
	return 14
}

func height(lines []line) (sum int) {
	for _, l := range lines {
		sum += l.height()
	}
	return sum
}

// written is what stands below the part.
func (p part) written() (all []line) {
	add := func(class, text string, begins bool) {
		for i, l := range wrap(text, inLine) {
			all = append(all, line{class, l, begins && i == 0})
			if class == "!" {
				class = "b"
			}
		}
	}
	if p.line != "" {
		add("s", "config.txt:", true)
		add("c", p.line, false)
	}
	add("s", p.key+":", true)
	add("c", p.mapping, false)
	for _, n := range p.notes {
		add("", n, true)
	}
	add("!", p.warning, true)
	return all
}

// withUnits keeps numbers and units on one line.
var withUnits = strings.NewReplacer(" V", "\u00a0V", " Ω", "\u00a0Ω", " kΩ", "\u00a0kΩ")

// wrap breaks a text into lines of at most so many letters.
func wrap(text string, letters int) (lines []string) {
	l := ""
	for _, word := range strings.Split(withUnits.Replace(text), " ") {
		if l != "" && len([]rune(l+" "+word)) > letters {
			lines, l = append(lines, l), ""
		}
		l = strings.TrimSpace(l + " " + word)
	}
	return append(lines, l)
}

// words tell the picture to those who do not see it.
func (p part) words() string {
	var all []string
	for _, w := range p.pins {
		if w.to > 0 {
			all = append(all, fmt.Sprintf("%s to pin %d (%s)", w.name, w.to, said(w.to)))
		}
	}
	for _, b := range p.bridges {
		with := b.value
		if with == "" {
			with = "a wire"
		}
		all = append(all, fmt.Sprintf("%s between %s and %s", with, p.pins[b.upper].name, p.pins[b.upper+1].name))
	}
	if p.across != "" {
		half := len(p.right) / 2
		all = append(all, fmt.Sprintf("the %s between %s and %s", p.across, terminals(p.right[:half]), terminals(p.right[half:])))
	}
	for _, t := range p.right {
		if p.across == "" && t.to != "" {
			all = append(all, t.name+" "+t.to)
		}
	}
	return p.title + ": " + strings.Join(all, ", ")
}

func terminals(of []terminal) string {
	var names []string
	for _, t := range of {
		names = append(names, t.name)
	}
	return strings.Join(names, " with ")
}
