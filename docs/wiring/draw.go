package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// The places of a picture, in pixels.
const (
	width     = 720
	rowHeight = 19
	headerTop = 84 // the middle of its first row
	headerX   = 14
	pinWidth  = 112
	pinHeight = 15
	evenX     = headerX + pinWidth + 10
	headerEnd = evenX + pinWidth
	headerLow = headerTop + 19*rowHeight + 14 // below its last row
	bendX     = 358                           // from here on a wire is straight
	partX     = 464
	slot      = 31 // from one pin of a part to the next
	chipX     = partX + 58
	terminalX = 606
	acrossX   = 668
	textX     = 296
	inLine    = 60 // letters
)

// colours of the wires, by what they carry.
var colours = map[string]string{
	"3.3 V": "#e8590c", "5 V": "#d6002f", "GND": "#343a40", "SDA": "#1864ab", "SCL": "#7b2cbf",
	"MOSI": "#1864ab", "MISO": "#7b2cbf", "SCLK": "#0b7285", "CE0": "#c2255c", "GPIO4": "#2b8a3e", "GPIO17": "#2b8a3e", "GPIO5": "#2b8a3e",
}

const style = `svg{font:11px system-ui,-apple-system,"Segoe UI",sans-serif}text{fill:#1f2328}.h{font-size:18px;font-weight:600}.s{fill:#59636e}.e{text-anchor:end}.m{text-anchor:middle}` +
	`.w{fill:#fff}.b{font-weight:600}.c{font:11px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}.l{fill:none;stroke-width:3;stroke-linejoin:round}.o{fill:none;stroke:#fff;stroke-width:6}.r{fill:#f6e7c8;stroke:#6b4e16}.t{stroke:#6b4e16;fill:none;stroke-width:2}`

// sheet is a picture while it is drawn.
type sheet struct{ bytes.Buffer }

func (s *sheet) add(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

func (s *sheet) text(class string, x, y int, text string) {
	s.add(`<text class="%s" x="%d" y="%d">%s</text>`, class, x, y, html.EscapeString(text))
}

// draw makes the picture of a part.
func draw(p part) []byte {
	top := p.top()
	low := top + len(p.pins)*slot
	said := p.written()
	below := height(said)
	writeFrom := max(low+24, p.lowestRow()+30, headerLow-below)
	high := max(headerLow, writeFrom+below) + 10
	s := &sheet{}
	s.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`, width, high, width, high)
	s.add(`<title id="t">%s on a Raspberry Pi's header</title><desc id="d">%s</desc><style>%s</style>`, html.EscapeString(p.title), html.EscapeString(p.words()), style)
	s.add(`<rect x=".5" y=".5" width="%d" height="%d" rx="8" fill="#fff" stroke="#d0d7de"/>`, width-1, high-1)
	s.text("h", headerX, 30, p.title)
	s.text("s", headerX, 50, "The Pi's header from above, the USB sockets below. Even pins are at the board's edge. Switch the power off first.")
	s.header(p)
	s.wires(p, top)
	s.bridges(p, top)
	s.body(p, top)
	s.terminals(p, top)
	s.lines(said, writeFrom)
	s.add("</svg>")
	return s.Bytes()
}

// lines writes them below each other.
func (s *sheet) lines(all []line, y int) {
	for _, l := range all {
		y += l.height()
		if l.class == "!" {
			s.add(`<path d="M%d %dl7 -12l7 12z" fill="#d6002f"/><text class="w b m" x="%d" y="%d" font-size="9">!</text>`, textX-18, y, textX-11, y-1)
			l.class = "b"
		}
		s.text(l.class, textX, y, l.text)
	}
}

// rowOf is the middle of a pin's row.
func rowOf(pin int) int { return headerTop + (pin-1)/2*rowHeight }

// leaves is where a pin's wire leaves the header: an odd pin's below its row.
func leaves(pin int) int {
	if pin%2 == 1 {
		return rowOf(pin) + rowHeight/2
	}
	return rowOf(pin)
}

// top is the place of a part's first pin: as high as its wires, but for the room that it needs.
func (p part) top() int {
	sum, n := 0, 0
	for _, w := range p.pins {
		if w.to > 0 {
			sum, n = sum+leaves(w.to), n+1
		}
	}
	return min(max(sum/n-(len(p.pins)-1)*slot/2, headerTop+24), 200)
}

// lowestRow is that of the wires.
func (p part) lowestRow() int {
	low := 0
	for _, w := range p.pins {
		if w.to > 0 {
			low = max(low, rowOf(w.to))
		}
	}
	return low
}

// header draws all its pins; those that are wired in the colour of their wire.
func (s *sheet) header(p part) {
	wired := map[int]string{}
	for _, w := range p.pins {
		if w.to > 0 {
			wired[w.to] = colours[w.needs]
		}
	}
	s.add(`<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="#d8dee4"/>`, headerX-6, headerTop-14, headerEnd-headerX+12, headerLow-headerTop+14)
	free := ""
	for pin := 1; pin <= len(header); pin++ {
		x, y := columnOf(pin), rowOf(pin)-pinHeight/2
		if wired[pin] == "" {
			free += fmt.Sprintf("M%d %dh%dv%dh-%dz", x, y, pinWidth, pinHeight, pinWidth)
		} else {
			s.add(`<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="%s"/>`, x, y, pinWidth, pinHeight, wired[pin])
		}
	}
	s.add(`<path d="%s" fill="#f6f8fa"/>`, free)
	for pin := 1; pin <= len(header); pin++ {
		number, name, end := pinWidth-5, 6, " e"
		if pin%2 == 0 {
			number, name, end = 5, 24, ""
		}
		class := "s"
		if wired[pin] != "" {
			class = "w b"
		}
		s.text(class, columnOf(pin)+name, rowOf(pin)+4, header[pin-1])
		s.text(class+end, columnOf(pin)+number, rowOf(pin)+4, fmt.Sprint(pin))
	}
}

// columnOf is the left of a pin.
func columnOf(pin int) int {
	if pin%2 == 1 {
		return headerX
	}
	return evenX
}

// wires draws each from its pin of the header to the part.
func (s *sheet) wires(p part, top int) {
	for i, w := range p.pins {
		y := top + i*slot
		if w.to == 0 {
			continue
		}
		from, d := leaves(w.to), ""
		if w.to%2 == 1 {
			d = fmt.Sprintf("M%d %dv%dq0 4 4 4H%d", headerX+pinWidth+3, rowOf(w.to), rowHeight/2-4, headerEnd)
		} else {
			d = fmt.Sprintf("M%d %d", headerEnd, from)
		}
		middle := (headerEnd + bendX) / 2
		d += fmt.Sprintf("H%dC%d %d %d %d %d %dH%d", headerEnd+8, middle, from, middle, y, bendX, y, partX)
		s.add(`<path class="o" d="%s"/><path class="l" d="%s" stroke="%s"/>`, d, d, colours[w.needs])
		s.text("s", bendX, y-5, fmt.Sprintf("pin %d", w.to))
	}
}

// bridges draws what joins two pins of the part, between their wires.
func (s *sheet) bridges(p part, top int) {
	const x = partX - 36
	for _, b := range p.bridges {
		y := top + b.upper*slot
		for _, end := range []int{b.upper, b.upper + 1} {
			if p.pins[end].to == 0 {
				s.add(`<path class="t" d="M%d %dH%d"/>`, x, top+end*slot, partX)
			}
		}
		s.add(`<path class="t" d="M%d %dv%d"/><circle cx="%d" cy="%d" r="3" fill="#6b4e16"/><circle cx="%d" cy="%d" r="3" fill="#6b4e16"/>`, x, y, slot, x, y, x, y+slot)
		if b.value != "" {
			s.add(`<rect class="r" x="%d" y="%d" width="48" height="15" rx="3"/><text class="b m" x="%d" y="%d">%s</text>`, x-24, y+8, x, y+slot/2+4, b.value)
		}
	}
}

// body draws the part and the names of its pins.
func (s *sheet) body(p part, top int) {
	fill, chip, name := "#14532d", "#15181c", strings.FieldsFunc(p.title, func(r rune) bool { return r == ' ' || r == ',' })[0]
	switch p.look {
	case bare:
		fill, chip = "#3b4148", "#22262b"
	case relay:
		fill, chip, name = "#7a1f1f", "#1c5fa8", "relay"
	}
	right, chipEnd, turned := width-60, width-76, 0
	if len(p.right) > 0 { // room for the names of the terminals
		right, chipEnd, turned = terminalX, terminalX-48, -90
	}
	high, height := top-slot/2, len(p.pins)*slot
	s.add(`<rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="%s"/>`, partX-6, high, right-partX+6, height, fill)
	s.add(`<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="%s"/>`, chipX, high+10, chipEnd-chipX, height-20, chip)
	s.add(`<text class="w b m" transform="translate(%d %d) rotate(%d)" y="4">%s</text>`, (chipX+chipEnd)/2, high+height/2, turned, name)
	for i, w := range p.pins {
		s.pad(partX, top+i*slot)
		s.text("w b", partX+9, top+i*slot+4, w.name)
	}
}

func (s *sheet) pad(x, y int) {
	s.add(`<circle cx="%d" cy="%d" r="5" fill="#e0b64a" stroke="#6b4e16"/>`, x, y)
}

// terminals draws those on the right, and where they lead.
func (s *sheet) terminals(p part, top int) {
	first := top + (len(p.pins)-len(p.right))*slot/2
	for i, t := range p.right {
		y := first + i*slot
		switch {
		case p.across != "":
			s.add(`<path class="t" d="M%d %dH%d"/>`, terminalX, y, acrossX)
		case t.to != "":
			s.add(`<path class="t" d="M%d %dh14"/>`, terminalX, y)
			s.text("", terminalX+18, y+4, t.to)
		}
		s.pad(terminalX, y)
		s.text("w b e", terminalX-9, y+4, t.name)
	}
	if p.across == "" {
		return
	}
	last := first + (len(p.right)-1)*slot
	s.add(`<path class="t" d="M%d %dV%d"/>`, acrossX, first, last)
	s.add(`<rect class="r" x="%d" y="%d" width="52" height="22" rx="3"/><text class="b m" x="%d" y="%d">%s</text>`, acrossX-26, (first+last)/2-11, acrossX, (first+last)/2+4, p.across)
}
