package house

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
	"time"
)

// Chart is a picture of a run: the temperature in its band, the outdoors, the
// heat and the faults, as SVG for light and dark pages.
type Chart struct {
	Title, Subtitle string    // the two lines above it
	Strip           *Strip    // what is drawn
	Start           time.Time // of the run: its time of the day and its weekday
	Dated           bool      // the date means something and is shown
	FaultNames      []string  // by bit of [Moment.FaultSet]
	Cools           bool      // there is a cooler; without, its colour is not explained
}

// Columns is how many columns a strip for a picture has: one a pixel.
const Columns = plotRight - plotLeft

// The places of the picture, in pixels.
const (
	chartWidth  = 960
	plotLeft    = 96
	plotRight   = 944
	roomTop     = 76
	roomBottom  = 296
	outTop      = 322
	outBottom   = 402
	heatTop     = 428
	heatBottom  = 458
	faultsTop   = 470
	faultHeight = 16
	axisHeight  = 44
)

const chartStyle = `
svg{--ground:#fff;--ink:#1f2328;--soft:#656d76;--grid:#e4e7ea;--air:#0b57b0;--band:#2da04433;--edge:#1a7f37;--out:#8250a8;--heat:#d1450c;--cool:#1f9bd1;--fault:#c4001a;font:12px system-ui,-apple-system,"Segoe UI",sans-serif}
@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--grid:#262c34;--air:#6cb0ff;--band:#3fb95033;--edge:#56d364;--out:#c69cf0;--heat:#ff8a4c;--cool:#5cc8f5;--fault:#ff6b6b}}
.g{fill:var(--ground)}text{fill:var(--ink)}.s{fill:var(--soft)}.h{font-size:16px;font-weight:600}.e{text-anchor:end}.m{text-anchor:middle}
.l{stroke:var(--grid);fill:none}.d{stroke:var(--soft);fill:none;stroke-opacity:.5}.a{stroke:var(--air);fill:none;stroke-width:1.4;stroke-linejoin:round}.o{stroke:var(--out);fill:none;stroke-width:1.4}.b{fill:var(--band)}.w{stroke:var(--edge);fill:none;stroke-dasharray:5 3}
.k{fill:var(--heat)}.c{fill:var(--cool)}.f{fill:var(--fault)}`

// pen writes SVG and remembers the first error of the writer.
type pen struct{ out *bufio.Writer }

func (p pen) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// WriteSVG draws the picture.
func (c Chart) WriteSVG(out io.Writer) error {
	p := pen{bufio.NewWriter(out)}
	faults := c.Strip.faults()
	bottom := heatBottom
	if len(faults) > 0 {
		bottom = faultsTop + faultHeight*len(faults)
	}
	height := bottom + axisHeight
	p.line(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`, chartWidth, height, chartWidth, height)
	p.line("<title>%s</title><style>%s</style>", html.EscapeString(c.Title), chartStyle)
	p.line(`<rect class="g" width="%d" height="%d"/>`, chartWidth, height)
	p.line(`<text class="h" x="%d" y="26">%s</text>`, plotLeft, html.EscapeString(c.Title))
	p.line(`<text class="s" x="%d" y="44">%s</text>`, plotLeft, html.EscapeString(c.Subtitle))
	c.drawTime(p, bottom)
	c.drawRoom(p)
	c.drawOutdoor(p)
	c.drawHeat(p)
	for row, bit := range faults {
		c.drawFault(p, faultsTop+row*faultHeight, bit)
	}
	c.legend(p)
	p.line("</svg>")
	return p.out.Flush()
}

// scale turns values into heights.
type scale struct {
	low, high   float64
	top, bottom float64
	step        float64
}

// newScale has room for all values, between round ones; of the ticks there are about so many.
func newScale(of extent, top, bottom, ticks int) scale {
	if of.empty() {
		of = extent{0, 1}
	}
	step := roundStep(max(of.max-of.min, 0.5) / float64(ticks))
	s := scale{top: float64(top), bottom: float64(bottom), step: step}
	s.low, s.high = math.Floor(of.min/step)*step, math.Ceil(of.max/step)*step
	if s.high <= s.low {
		s.high = s.low + step
	}
	return s
}

// roundStep is the next 1, 2 or 5 times a power of ten.
func roundStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, f := range []float64{1, 2, 5} {
		if x <= f*power*1.0001 {
			return f * power
		}
	}
	return 10 * power
}

func (s scale) y(value float64) float64 {
	return s.bottom - (value-s.low)/(s.high-s.low)*(s.bottom-s.top)
}

// draw draws grid and numbers of a scale.
func (s scale) draw(p pen) {
	digits := max(0, -int(math.Floor(math.Log10(s.step*1.0001))))
	for i := 0; ; i++ {
		value := s.low + float64(i)*s.step
		if value > s.high+s.step/2 {
			return
		}
		p.line(`<path class="l" d="M%d %.1fH%d"/><text class="s e" x="%d" y="%.1f">%.*f</text>`, plotLeft, s.y(value), plotRight, plotLeft-8, s.y(value)+4, digits, value)
	}
}

func (c Chart) drawRoom(p pen) {
	s := newScale(c.Strip.extentOf(func(k *column) extent { return k.air.with(k.low).with(k.high) }), roomTop, roomBottom, 5)
	s.draw(p)
	p.line(`<text class="s m" transform="translate(40 %d) rotate(-90)">room, °C</text>`, (roomTop+roomBottom)/2)
	c.drawBand(p, s)
	p.line(`<path class="w" d="%s"/>`, c.trace(s, func(k *column) extent { return k.desired }))
	p.line(`<path class="a" d="%s"/>`, c.trace(s, func(k *column) extent { return k.air }))
}

// with is the extent of both.
func (e extent) with(o extent) extent {
	if !o.empty() {
		e.add(o.min)
		e.add(o.max)
	}
	return e
}

// drawBand fills what is between the limits of the band, a rectangle as long as
// they stay as they are.
func (c Chart) drawBand(p pen, s scale) {
	columns := c.Strip.columns
	for from := 0; from < len(columns); {
		to := from + 1
		for to < len(columns) && columns[to].low == columns[from].low && columns[to].high == columns[from].high {
			to++
		}
		if k := columns[from]; !k.low.empty() {
			p.line(`<rect class="b" x="%d" y="%.1f" width="%d" height="%.1f"/>`, plotLeft+from, s.y(k.high.max), to-from, s.y(k.low.min)-s.y(k.high.max))
		}
		from = to
	}
}

// trace is the path of values: each column from one extreme to the other, the
// nearer one first. A column with nothing in it interrupts it.
func (c Chart) trace(s scale, of func(*column) extent) string {
	path := []byte{}
	pen, last, lastX := false, 0, 0
	to := func(x int, value float64) {
		y := int(math.Round(10 * s.y(value))) // tenths of a pixel
		if !pen {
			path = fmt.Appendf(path, "M%d %s", x, tenths(y))
		} else if x != lastX || y != last {
			path = fmt.Appendf(path, "l%d %s", x-lastX, tenths(y-last))
		}
		pen, last, lastX = true, y, x
	}
	for i := range c.Strip.columns {
		e := of(&c.Strip.columns[i])
		if e.empty() {
			pen = false
			continue
		}
		first, second := e.min, e.max
		if pen && math.Abs(10*s.y(e.max)-float64(last)) < math.Abs(10*s.y(e.min)-float64(last)) {
			first, second = second, first
		}
		to(plotLeft+i, first)
		to(plotLeft+i, second)
	}
	return string(path)
}

func tenths(y int) string {
	if y%10 == 0 {
		return fmt.Sprint(y / 10)
	}
	return fmt.Sprintf("%.1f", float64(y)/10)
}

func (c Chart) drawOutdoor(p pen) {
	of := func(k *column) extent { return k.outdoor }
	seen := c.Strip.extentOf(of)
	if seen.empty() {
		p.line(`<text class="s m" x="%d" y="%d">outdoors: not known</text>`, (plotLeft+plotRight)/2, (outTop+outBottom)/2)
		return
	}
	s := newScale(seen, outTop, outBottom, 3)
	s.draw(p)
	p.line(`<text class="s m" transform="translate(40 %d) rotate(-90)">outdoors, °C</text>`, (outTop+outBottom)/2)
	p.line(`<path class="o" d="%s"/>`, c.trace(s, of))
}

// drawHeat draws the share of its time that each column was heated or cooled.
func (c Chart) drawHeat(p pen) {
	p.line(`<path class="l" d="M%d %dH%dM%d %dH%d"/>`, plotLeft, heatTop, plotRight, plotLeft, heatBottom, plotRight)
	p.line(`<text class="s e" x="%d" y="%d">on, 100 %%</text><text class="s e" x="%d" y="%d">0</text>`, plotLeft-8, heatTop+4, plotLeft-8, heatBottom+4)
	c.bars(p, "k", func(k *column) time.Duration { return k.heated })
	c.bars(p, "c", func(k *column) time.Duration { return k.cooled })
}

func (c Chart) bars(p pen, class string, of func(*column) time.Duration) {
	columns := c.Strip.columns
	high := func(i int) int {
		k := &columns[i]
		if k.seen <= 0 {
			return 0
		}
		h := int(math.Round(float64(of(k)) / float64(k.seen) * (heatBottom - heatTop)))
		if h == 0 && of(k) > 0 {
			return 1 // however short, it is seen
		}
		return h
	}
	path := []byte{}
	for from := 0; from < len(columns); {
		to := from + 1
		for to < len(columns) && high(to) == high(from) {
			to++
		}
		if h := high(from); h > 0 {
			path = fmt.Appendf(path, "M%d %dv%dh%dv%dz", plotLeft+from, heatBottom, -h, to-from, h)
		}
		from = to
	}
	if len(path) > 0 {
		p.line(`<path class="%s" d="%s"/>`, class, path)
	}
}

func (c Chart) drawFault(p pen, y, bit int) {
	p.line(`<text class="s e" x="%d" y="%d" font-size="10">%s</text>`, plotLeft-8, y+10, html.EscapeString(c.FaultNames[bit]))
	columns := c.Strip.columns
	for from := 0; from < len(columns); {
		to := from + 1
		for to < len(columns) && columns[to].faults>>bit&1 == columns[from].faults>>bit&1 {
			to++
		}
		if columns[from].faults>>bit&1 == 1 {
			p.line(`<rect class="f" x="%d" y="%d" width="%d" height="9"/>`, plotLeft+from, y+2, max(to-from, 2))
		}
		from = to
	}
}

// legend explains the colours.
func (c Chart) legend(p pen) {
	x := plotLeft
	entry := func(mark, text string) {
		p.line(`<g transform="translate(%d 56)">%s<text class="s" x="26" y="9">%s</text></g>`, x, mark, text)
		x += 42 + 7*len(text)
	}
	entry(`<path class="a" d="M0 5H20"/>`, "air")
	entry(`<path class="w" d="M0 5H20"/>`, "desired")
	entry(`<rect class="b" width="20" height="10"/>`, "band")
	entry(`<path class="o" d="M0 5H20"/>`, "outdoors")
	entry(`<rect class="k" width="20" height="10"/>`, "heating")
	if c.Cools {
		entry(`<rect class="c" width="20" height="10"/>`, "cooling")
	}
	if len(c.Strip.faults()) > 0 {
		entry(`<rect class="f" width="20" height="10"/>`, "fault")
	}
}
