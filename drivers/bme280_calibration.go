package drivers

import (
	"fmt"
	"math"
	"time"

	"thermostat/controlloop"
)

// Where the calibration is (BME280 datasheet rev 1.6, p. 24, table 16).
const (
	regCalibration         = 0x88 // t1..t3, p1..p9, one byte that means nothing, h1
	regHumidityCalibration = 0xe1 // h2..h6
	calibrationBytes       = 26
	humidityBytes          = 7
)

// calibration is what a chip was given at the factory and never loses: both
// parts as they are read. No checksum guards it, and a damaged one makes
// numbers like any other, 0.00 °C of zeros.
type calibration [calibrationBytes + humidityBytes]byte

// damage says what no chip can have been given; empty where all may be. A dry one
// has nothing of humidity.
func (c *calibration) damage(dry bool) string {
	for _, w := range []struct {
		name   string
		at     int
		signed bool
	}{{"t1", 0, false}, {"t2", 2, true}, {"p1", 6, false}, {"h2", calibrationBytes, true}} {
		if dry && w.at >= calibrationBytes {
			continue
		}
		switch x := uint16(c[w.at]) | uint16(c[w.at+1])<<8; {
		case x == 0, x == 0xffff:
			return fmt.Sprintf("its word %s is %#04x", w.name, x)
		case w.signed && int16(x) < 0: // it would fall while the room gets warmer, or damper
			return fmt.Sprintf("its word %s is negative", w.name)
		}
	}
	all := c[:]
	if dry {
		all = c[:calibrationBytes-2] // the last two are none of a BMP280's
	}
	if n := alike(all); n >= tooAlike {
		return fmt.Sprintf("%d of its bytes in a row are equal", n)
	}
	return ""
}

// tooAlike is more equal bytes in a row than four words of a true calibration
// have: a transfer that broke off, or a line that was held.
const tooAlike = 8

// alike is the longest run of equal bytes.
func alike(c []byte) (longest int) {
	run := 0
	for i := range c {
		if i == 0 || c[i] != c[i-1] {
			run = 0
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// part gives the bytes that a register begins, where it begins a part.
func (c *calibration) part(register byte) []byte {
	switch register {
	case regCalibration:
		return c[:calibrationBytes]
	case regHumidityCalibration:
		return c[calibrationBytes:]
	}
	return nil
}

// What is not as it was is believed once it was seen alike so often and for so
// long: no disturbance of the wire repeats itself like that.
const (
	doubtTimes = 5
	doubtFor   = 10 * time.Second
)

// doubt counts how often something that is not as it was has been seen alike.
type doubt struct {
	times int
	since time.Time
}

// sees counts one more sight; alike tells whether it is as the one before. It
// reports whether that is enough.
func (d *doubt) sees(alike bool, now time.Time) bool {
	if !alike || d.times == 0 {
		*d = doubt{since: now}
	}
	d.times++
	return d.times >= doubtTimes && now.Sub(d.since) >= doubtFor
}

// chipMemory is what is known of the chip at one address. All zones that read
// it share one; whoever uses it has its turn.
type chipMemory struct {
	turns   turns
	known   calibration // believed; zero: none yet
	other   calibration // read last, and not as known
	others  doubt       // of other
	last    controlloop.Reading
	held    controlloop.Reading // the first since a set-up, and far from last
	holding doubt               // of held
}

// believes reports whether a sound calibration is that of the chip. The first
// one is; later it must be as known, or have proved that the chip is another.
func (m *chipMemory) believes(c calibration, now time.Time) (ok, changed bool) {
	switch {
	case m.known == c:
		m.others = doubt{}
		return true, false
	case m.known == calibration{}:
		m.known = c
		return true, false
	}
	alike := c == m.other
	m.other = c
	if !m.others.sees(alike, now) {
		return false, false
	}
	m.known, m.last, m.others, m.holding = c, controlloop.Reading{}, doubt{}, doubt{}
	return true, true
}

// A room moves slower than this between two readings of one chip. It moves
// faster where somebody carries the chip elsewhere: then the new place is
// believed after [doubtTimes] set-ups.
const (
	setupSlack = 1.0 // K
	setupRate  = 2.0 // K per minute
)

// follows reports whether the first temperature since a set-up is believed, for
// the one before it: what a set-up spoils spoils every reading until the next.
func (m *chipMemory) follows(r controlloop.Reading) bool {
	if m.last.At.IsZero() || near(m.last, r) {
		m.holding = doubt{}
		return true
	}
	alike := near(m.held, r)
	m.held = r
	return m.holding.sees(alike, r.At)
}

func near(from, to controlloop.Reading) bool {
	return math.Abs(to.Celsius-from.Celsius) <= setupSlack+setupRate*to.At.Sub(from.At).Minutes()
}
