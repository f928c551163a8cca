package status

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// course is a copy of a history to be shown.
type course struct {
	zone   string
	step   time.Duration
	end    time.Time // of the last point, in the future while that is being made
	points []point
}

// course copies a zone's history; false if there is no such zone.
func (b *board) course(zone string) (course, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	z := b.zone(zone)
	if z == nil {
		return course{}, false
	}
	h := z.past
	points := append(slices.Clone(h.points), h.open.point())
	return course{zone, h.step, wallOf(h.end()).Add(h.step), points}, true
}

// MarshalJSON gives the points as columns: of 675 numbers each a name would be
// most of the text. What is unknown is null.
func (c course) MarshalJSON() ([]byte, error) {
	b := []byte(`{"zone":`)
	b = strconv.AppendQuote(b, c.zone) // [a-z0-9-]
	b = append(b, `,"end":"`...)
	b = c.end.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
	b = append(b, `","step_s":`...)
	b = strconv.AppendInt(b, int64(c.step/time.Second), 10)
	b = c.column(b, "temperature", func(b []byte, p point) []byte { return appendCelsius(b, p.Mean) })
	b = c.column(b, "low", func(b []byte, p point) []byte { return appendCelsius(b, p.Low) })
	b = c.column(b, "high", func(b []byte, p point) []byte { return appendCelsius(b, p.High) })
	b = c.column(b, "heater_percent", func(b []byte, p point) []byte { return appendShare(b, p.Heat) })
	b = c.column(b, "cooler_percent", func(b []byte, p point) []byte { return appendShare(b, p.Cool) })
	bands, err := json.Marshal(c.bands())
	b = append(b, `,"bands":`...)
	b = append(b, bands...)
	return append(b, '}'), err
}

// column adds a list; one that knows nothing at all is null.
func (c course) column(b []byte, name string, value func([]byte, point) []byte) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, `":`...)
	if !slices.ContainsFunc(c.points, func(p point) bool { return string(value(nil, p)) != "null" }) {
		return append(b, "null"...)
	}
	for i, p := range c.points {
		b = append(b, "[,"[min(i, 1)])
		b = value(b, p)
	}
	return append(b, ']')
}

func appendCelsius(b []byte, x int16) []byte {
	if x == unknown {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, celsius(x), 'f', -1, 64)
}

func appendShare(b []byte, percent uint8) []byte {
	if percent == unknownShare {
		return append(b, "null"...)
	}
	return strconv.AppendUint(b, uint64(percent), 10)
}

// band is what was to be held from a point on; null where nothing was.
type band struct {
	At      int      `json:"at"` // index of the first point
	Desired *float64 `json:"desired"`
	From    *float64 `json:"from"`
	To      *float64 `json:"to"`
}

// bands gives the changes of the band.
func (c course) bands() []band {
	list := []band{}
	for i, p := range c.points {
		if i == 0 || p.Desired != c.points[i-1].Desired || p.From != c.points[i-1].From || p.To != c.points[i-1].To {
			list = append(list, band{i, celsiusOrNil(p.Desired), celsiusOrNil(p.From), celsiusOrNil(p.To)})
		}
	}
	return list
}

func celsiusOrNil(x int16) *float64 {
	if x == unknown {
		return nil
	}
	c := celsius(x)
	return &c
}
