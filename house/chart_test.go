package house

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// drawn fills a strip with n moments and draws it.
func drawn(t *testing.T, total time.Duration, n int, at func(k int) Moment) (string, *Strip) {
	t.Helper()
	s := NewStrip(total, Columns)
	for k := range n {
		m := at(k)
		m.Span = total / time.Duration(n)
		s.Add(&m)
	}
	var out bytes.Buffer
	c := Chart{Title: "a <room> & more", Subtitle: "x", Strip: s, Start: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), FaultNames: []string{"sensor", "relay"}, Cools: true}
	if err := c.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	return out.String(), s
}

func plain(k int) Moment {
	return Moment{Air: 20 + 0.5*math.Sin(float64(k)/300), Desired: 20, Low: 19.5, High: 20.5, Outdoor: 3, Comfort: 20, Heating: k/500%2 == 0}
}

func TestPictureIsWellFormedAndSmall(t *testing.T) {
	for _, total := range []time.Duration{time.Hour, 10 * time.Hour, day, 7 * day, 40 * day, 365 * day, 3660 * day} {
		text, _ := drawn(t, total, 50000, plain)
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v: %v", total, err)
			}
		}
		if len(text) > 60000 || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%v: %d bytes", total, len(text))
		}
		for _, want := range []string{"prefers-color-scheme:dark", "room, °C", "outdoors, °C", "a &lt;room&gt; &amp; more"} {
			if !strings.Contains(text, want) {
				t.Errorf("%v: no %q", total, want)
			}
		}
	}
}

// One hot sample among millions is still in the picture, at its place.
func TestPictureLosesNoExtreme(t *testing.T) {
	const n, hot = 2_000_000, 1_234_567
	text, strip := drawn(t, 365*day, n, func(k int) Moment {
		m := plain(k)
		if k == hot {
			m.Air = 29
		}
		return m
	})
	seen := strip.extentOf(func(c *column) extent { return c.air })
	if seen.max != 29 {
		t.Fatalf("the warmest is %v", seen.max)
	}
	scale := newScale(extent{19.5, 29}, roomTop, roomBottom, 5)
	x, y := peak(t, text)
	if wantX := plotLeft + float64(hot)/n*Columns; math.Abs(x-wantX) > 1.5 || math.Abs(y-scale.y(29)) > 0.11 {
		t.Errorf("the peak is drawn at %v, %v; want %v, %v", x, y, wantX, scale.y(29))
	}
	if len(strip.columns) != Columns {
		t.Errorf("%d columns", len(strip.columns))
	}
}

// peak follows the path of the air to its highest point.
func peak(t *testing.T, svg string) (px, py float64) {
	t.Helper()
	path := regexp.MustCompile(`<path class="a" d="(M[^"]*)"`).FindStringSubmatch(svg)
	if path == nil {
		t.Fatal("no air")
	}
	x, y := 0.0, 0.0
	py = math.Inf(1)
	for _, part := range regexp.MustCompile(`([Ml])(-?[0-9.]+) (-?[0-9.]+)`).FindAllStringSubmatch(path[1], -1) {
		dx, _ := strconv.ParseFloat(part[2], 64)
		dy, _ := strconv.ParseFloat(part[3], 64)
		if part[1] == "M" {
			x, y = 0, 0
		}
		if x, y = x+dx, y+dy; y < py {
			px, py = x, y
		}
	}
	return px, py
}

// Every column has the very extremes of its time.
func TestStripKeepsTheExtremesOfEachColumn(t *testing.T) {
	const n = 100 * Columns
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, n)
	s := NewStrip(n*time.Second, Columns)
	for k := range values {
		values[k] = 20 + rng.NormFloat64()
		m := Moment{Air: values[k], Span: time.Second}
		if k == 0 {
			m.Span = 0 // a run begins with a moment, not with a span
		}
		s.Add(&m)
	}
	for i, c := range s.columns {
		own := values[100*i : 100*(i+1)]
		if c.air.min != slices.Min(own) || c.air.max != slices.Max(own) {
			t.Fatalf("column %d: %v, want %v..%v", i, c.air, slices.Min(own), slices.Max(own))
		}
	}
}

func TestPictureShowsFaultsAndCold(t *testing.T) {
	text, _ := drawn(t, day, 1440, func(k int) Moment {
		m := plain(k)
		m.Cooling = k > 700
		if k >= 360 && k < 720 {
			m.FaultSet = 2
		}
		m.Outdoor = math.NaN()
		return m
	})
	want := fmt.Sprintf(`<rect class="f" x="%d" y="%d" width="%d"`, plotLeft+Columns/4, faultsTop+2, Columns/4+1) // the columns of its first and its last minute are both its
	if !strings.Contains(text, want) || !strings.Contains(text, ">relay</text>") || strings.Contains(text, ">sensor</text>") {
		t.Errorf("the fault is not where it was: want %s", want)
	}
	if !strings.Contains(text, `class="c" d="M`) || !strings.Contains(text, "outdoors: not known") {
		t.Error("no cold, or outdoors out of nothing")
	}
}

// The axis has so few names that they do not touch, whatever the length.
func TestTicksOfTimeAreFew(t *testing.T) {
	for _, total := range []time.Duration{time.Hour, 5 * time.Hour, day, 3 * day, 10 * day, 30 * day, 100 * day, 365 * day, 3660 * day} {
		c := Chart{Strip: NewStrip(total, Columns), Start: time.Date(2026, 1, 5, 7, 30, 0, 0, time.UTC)}
		step, label := c.timeSteps()
		n := 0
		c.eachTick(step, func(x float64, at time.Time) {
			n++
			if x < plotLeft || x > plotRight+0.01 || label(at) == "" {
				t.Errorf("%v: a tick at %v", total, x)
			}
		})
		if n < 1 || n > 16 {
			t.Errorf("%v: %d names a picture", total, n)
		}
	}
}

func TestScaleHasRoundSteps(t *testing.T) {
	for _, c := range []struct {
		of        extent
		low, high float64
	}{
		{extent{18.95, 21.47}, 18, 22}, {extent{-3, 7}, -4, 8}, {extent{20, 20}, 20, 20.1}, {extent{1, 0}, 0, 1},
	} {
		s := newScale(c.of, 0, 100, 5)
		if math.Abs(s.low-c.low) > 1e-9 || math.Abs(s.high-c.high) > 1e-9 {
			t.Errorf("%v: %v..%v, want %v..%v", c.of, s.low, s.high, c.low, c.high)
		}
		if s.y(s.low) != 100 || s.y(s.high) != 0 {
			t.Errorf("%v: upside down", c.of)
		}
	}
}
