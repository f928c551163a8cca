package house

import (
	"fmt"
	"time"
)

// drawTime draws the axis of time: a line a day with its name, or of hours
// where the run is short, or every so many days where it is long.
func (c Chart) drawTime(p pen, bottom int) {
	step, label := c.timeSteps()
	p.line(`<path class="l" d="M%d %dV%dM%d %dV%d"/>`, plotLeft, roomTop, bottom, plotRight, roomTop, bottom)
	if minor := minorOf(step); minor > 0 {
		c.eachTick(minor, func(x float64, _ time.Time) {
			p.line(`<path class="d" d="M%.1f %dv4"/>`, x, bottom)
		})
	}
	centred := step == day
	width := float64(step) / float64(c.Strip.total) * Columns
	c.eachTick(step, func(x float64, at time.Time) {
		p.line(`<path class="d" d="M%.1f %dV%d"/>`, x, roomTop, bottom+6)
		class, lx := "m", x
		if centred {
			lx = x + width/2
		}
		if lx > plotRight-6 && centred {
			return
		}
		if !centred && x > plotRight-20 {
			class = "e"
		}
		p.line(`<text class="s %s" x="%.1f" y="%d">%s</text>`, class, lx, bottom+20, label(at))
	})
	unit := "time of the day"
	switch {
	case step > day:
		unit = "days since the beginning"
		if c.Dated {
			unit = "date"
		}
	case step == day:
		unit = "day, a tick every 6 hours"
	}
	p.line(`<text class="s m" x="%d" y="%d">%s</text>`, (plotLeft+plotRight)/2, bottom+36, unit)
}

// timeSteps chooses the lines and their names.
func (c Chart) timeSteps() (time.Duration, func(time.Time) string) {
	total := c.Strip.total
	for _, hours := range []int{1, 2, 3, 6} {
		step := time.Duration(hours) * time.Hour
		if total <= 9*step {
			return step, func(t time.Time) string { return t.Format("15:04") }
		}
	}
	for _, days := range []int{1, 2, 5, 10, 14, 30, 60, 180, 365} {
		step := time.Duration(days) * day
		if total <= 15*step || days == 365 {
			return step, c.dayName(step)
		}
	}
	return 365 * day, c.dayName(365 * day)
}

func (c Chart) dayName(step time.Duration) func(time.Time) string {
	switch {
	case c.Dated:
		return func(t time.Time) string { return t.Format("2 Jan") }
	case step == day:
		return func(t time.Time) string { return t.Format("Mon") }
	}
	return func(t time.Time) string { return fmt.Sprint(int(t.Sub(c.Start) / day)) }
}

// minorOf is the distance of the small ticks between two lines; 0: none.
func minorOf(step time.Duration) time.Duration {
	switch {
	case step == day:
		return 6 * time.Hour
	case step >= 6*time.Hour && step < day:
		return time.Hour
	}
	return 0
}

// eachTick calls with the place and time of each multiple of step since
// midnight, the beginning and the end included.
func (c Chart) eachTick(step time.Duration, draw func(x float64, at time.Time)) {
	y, m, d := c.Start.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, c.Start.Location())
	for at := midnight; at.Sub(c.Start) <= c.Strip.total; at = at.Add(step) {
		if gone := at.Sub(c.Start); gone >= 0 {
			draw(plotLeft+float64(gone)/float64(c.Strip.total)*Columns, at)
		}
	}
}
