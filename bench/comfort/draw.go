package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

// The places of a picture, in pixels.
const (
	wide      = 720
	plotLeft  = 52
	plotRight = 700
	panelTop  = 78 // of the first
	plotHigh  = 150
	heatHigh  = 12
	panelStep = 232
	legendTop = 44
	tall      = panelTop + 2*panelStep - 10
)

const pictureStyle = `svg{font:12px system-ui,-apple-system,"Segoe UI",sans-serif}text{fill:#1f2328}.h{font-size:17px;font-weight:600}.b{font-weight:600}.s{fill:#59636e}.e{text-anchor:end}.m{text-anchor:middle}` +
	`.g{stroke:#e4e7ea;fill:none}.a{stroke:#0b57b0;fill:none;stroke-width:2;stroke-linejoin:round}.w{stroke:#1a7f37;fill:none;stroke-dasharray:5 3}.k{fill:#d1450c}.n{fill:#2da04433}.r{stroke:#a40e26;stroke-width:2;fill:none}.t{paint-order:stroke;stroke:#fff;stroke-width:4;fill:#a40e26;font-weight:600}`

// canvas is a picture while it is drawn.
type canvas struct {
	scene
	bytes.Buffer
	top int // of the panel's plot
}

func (d *canvas) add(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *canvas) x(hour float64) float64 {
	return plotLeft + (hour-d.from)/(d.to-d.from)*(plotRight-plotLeft)
}

func (d *canvas) y(celsius float64) float64 {
	return float64(d.top) + (d.high-celsius)/(d.high-d.low)*plotHigh
}

// draw makes the picture.
func (s scene) draw(all []course) []byte {
	d := &canvas{scene: s}
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`, wide, tall, wide, tall)
	d.add(`<title id="t">%s</title><desc id="d">%s</desc><style>%s</style>`, html.EscapeString(s.title), html.EscapeString(s.words(all)), pictureStyle)
	d.add(`<rect x=".5" y=".5" width="%d" height="%d" rx="8" fill="#fff" stroke="#d0d7de"/>`, wide-1, tall-1)
	d.add(`<text class="h" x="16" y="28">%s</text>`, html.EscapeString(s.title))
	d.legend()
	for i, c := range all {
		d.top = panelTop + 28 + i*panelStep
		d.panel(c)
	}
	d.add("</svg>")
	return d.Bytes()
}

func (d *canvas) legend() {
	d.add(`<g transform="translate(16 %d)"><path class="a" d="M0 6h22"/><text class="s" x="28" y="10">room</text>`, legendTop)
	d.add(`<path class="w" d="M78 6h22"/><text class="s" x="106" y="10">wanted</text><rect class="n" x="170" width="22" height="12"/><text class="s" x="198" y="10">comfortable: within 0.5 K</text>`)
	d.add(`<rect class="k" x="372" width="22" height="12"/><text class="s" x="400" y="10">heater on</text></g>`)
}

// panel draws the hours under one law.
func (d *canvas) panel(c course) {
	fact, marks := d.tell(c)
	d.add(`<text class="b" x="16" y="%d">%s<tspan font-weight="400">: %s</tspan></text>`, d.top-12, c.law, html.EscapeString(fact))
	for celsius := math.Ceil(d.low); celsius <= d.high; celsius++ {
		d.add(`<path class="g" d="M%d %.1fH%d"/><text class="s e" x="%d" y="%.1f">%.0f °C</text>`, plotLeft, d.y(celsius), plotRight, plotLeft-6, d.y(celsius)+4, celsius)
	}
	floor := d.top + plotHigh + heatHigh + 4
	for hour := math.Ceil(d.from); hour <= d.to; hour++ {
		d.add(`<path class="g" d="M%.1f %dV%d"/><text class="s m" x="%.1f" y="%d">%s</text>`, d.x(hour), d.top, floor, min(d.x(hour), plotRight-8), floor+15, clock(hour))
	}
	shown := c.points[:0:0]
	for _, p := range c.points {
		if p.hour >= d.from && p.hour <= d.to {
			shown = append(shown, p)
		}
	}
	d.wanted(shown)
	d.heat(shown, floor)
	d.curve(shown)
	for _, m := range marks {
		d.mark(m)
	}
}

// wanted draws what the program wants, and what is comfortable about it, as far as it is in the picture.
func (d *canvas) wanted(points []point) {
	for from := 0; from < len(points); {
		to := from + 1
		for to < len(points) && points[to].desired == points[from].desired {
			to++
		}
		left, right, desired := d.x(points[from].hour), d.x(points[to-1].hour), points[from].desired
		if upper, lower := min(desired+half, d.high), max(desired-half, d.low); lower < upper {
			d.add(`<rect class="n" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, left, d.y(upper), right-left, d.y(lower)-d.y(upper))
			d.add(`<path class="w" d="M%.1f %.1fH%.1f"/>`, left, d.y(desired), right)
		}
		from = to
	}
}

// heat draws when the heater is on.
func (d *canvas) heat(points []point, floor int) {
	path := ""
	for from := 0; from < len(points); {
		to := from + 1
		for to < len(points) && points[to].on == points[from].on {
			to++
		}
		if left := d.x(points[from].hour); points[from].on {
			path += fmt.Sprintf("M%.1f %dv-%dH%.1fv%dz", left, floor, heatHigh, d.x(points[to-1].hour), heatHigh)
		}
		from = to
	}
	d.add(`<path class="g" d="M%d %dH%d"/><path class="k" d="%s"/>`, plotLeft, floor, plotRight, path)
}

// curve draws the room, a point every two minutes.
func (d *canvas) curve(points []point) {
	path := ""
	for i, p := range points {
		if i%int(120/sample.Seconds()) == 0 || i == len(points)-1 {
			path += fmt.Sprintf(" %.1f %.1f", d.x(p.hour), d.y(p.real))
		}
	}
	d.add(`<path class="a" d="M%s"/>`, path[1:])
}

func (d *canvas) mark(m mark) {
	x, y := d.x(m.from), d.y(m.celsius)
	if m.to > m.from {
		right := d.x(m.to)
		d.add(`<path class="r" d="M%.1f %.1fH%.1fM%.1f %.1fv10M%.1f %.1fv10"/>`, x, y, right, x, y-5, right, y-5)
		x = (x + right) / 2
	} else {
		d.add(`<circle cx="%.1f" cy="%.1f" r="4" fill="#a40e26" stroke="#fff" stroke-width="1.5"/>`, x, y)
	}
	anchor := "m"
	switch m.side {
	case above:
		y -= 9
	case below:
		y += 19
	case left:
		x, y, anchor = x-8, y-4, "e"
	case right:
		x, y, anchor = x+9, y-6, ""
	}
	d.add(`<text class="t %s" x="%.1f" y="%.1f">%s</text>`, anchor, x, y, html.EscapeString(m.text))
}
