package house

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestWeatherBetweenTwoRowsIsAStraightLine(t *testing.T) {
	w, err := ReadWeather(strings.NewReader("time,celsius,w_per_m2\n2026-01-31 06:00, 1,0\n2026-01-31T07:00:00Z,3,-5\n2026-01-31 09:00,3,400\n"))
	if err != nil || w.Lasts() != 3*time.Hour || w.Start.Hour() != 6 {
		t.Fatalf("%+v %v", w, err)
	}
	for at, want := range map[time.Duration][2]float64{
		0: {1, 0}, 30 * time.Minute: {2, 0}, 2 * time.Hour: {3, 200}, 9 * time.Hour: {3, 400},
	} {
		if s := w.from(at); math.Abs(s.outdoor-want[0]) > 1e-9 || math.Abs(s.sun-want[1]) > 1e-9 {
			t.Errorf("%v: %v °C, %v W/m², want %v", at, s.outdoor, s.sun, want)
		}
	}
}

func TestBadWeatherIsNamed(t *testing.T) {
	const head = "time,celsius,w_per_m2\n2026-01-31 06:00,1,0\n"
	warm := "time,celsius\n"
	for hour := range 20 {
		warm += time.Date(2026, 7, 1, hour, 0, 0, 0, time.UTC).Format("2006-01-02 15:04") + ",55\n"
	}
	for _, c := range []struct{ text, want string }{
		{"", "no header"},
		{"time,temp\n", `line 1: column "temp" is none of time, celsius, w_per_m2`},
		{"celsius\n", "line 1: the columns time and celsius are needed"},
		{head, "at least two rows are needed"},
		{head + "yesterday,1,0\n", `line 3: time "yesterday" is none like 2026-01-31T12:00:00Z`},
		{head + "2026-01-31 05:00,1,0\n", "line 3: time 2026-01-31 05:00 is not after the one before it"},
		{head + "2026-01-31 06:00,1,0\n", "line 3: time 2026-01-31 06:00 is not after the one before it"},
		{head + "2026-01-31 12:00,1,0\n", "line 3: time 2026-01-31 12:00 is 6h0m0s after the one before it, at most 3h0m0s may be missing"},
		{head + "2026-01-31 07:00,warm,0\n", `line 3: celsius "warm" is no number`},
		{head + "2026-01-31 07:00,68,0\n", "line 3: celsius 68 is outside -90..60; is it in Fahrenheit?"},
		{head + "2026-01-31 07:00,1,2000\n", "line 3: w_per_m2 2000 is outside -20..1500"},
		{head + "2026-01-31 07:00,NaN,0\n", `line 3: celsius "NaN" is no number`},
		{head + "2026-01-31 07:00,1\n", "line 3"},
		{warm, "line 2: 55, and half of the temperatures are above 45 °C: this looks like Fahrenheit"},
	} {
		if _, err := ReadWeather(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

// A room in recorded weather against the same one stepped by Runge and Kutta
// with the same straight lines.
func TestRecordedWeatherObeysTheHeatBalance(t *testing.T) {
	p := bodied()
	p.Heater, p.Cooler, p.Place.Heater = Emitter{}, Emitter{}, 0
	w := &Weather{rows: []weatherRow{{0, 3, 0}, {40 * time.Minute, -2, 300}, {2 * time.Hour, 8, 100}, {5 * time.Hour, 1, 0}}}
	room := NewPhysical(p)
	room.Follow(w)
	room.Heat(true)
	room.Advance(4 * time.Hour) // in the middle of a ramp
	air, mass, sensor := p.Start, p.Start, p.Start
	slope := func(at, air, mass, sensor float64) (a, m, s float64) {
		now := w.from(time.Duration(at * 1e9))
		felt := (1-p.Place.Mass-p.Place.Outdoor)*air + p.Place.Mass*mass + p.Place.Outdoor*now.outdoor
		inner, sun := (mass-air)/p.AirToMass, p.Aperture*now.sun
		return (inner + (now.outdoor-air)/p.AirToOutdoor + p.HeaterPower*(1-p.FloorShare) + sun*p.SunToAir) / p.AirCapacity,
			((now.outdoor-mass)/p.MassToOutdoor - inner + p.HeaterPower*p.FloorShare + sun*(1-p.SunToAir)) / p.MassCapacity,
			(felt - sensor) / p.SensorLag.Seconds()
	}
	const h = 1.0
	for i := range 4 * 3600 {
		at := float64(i)
		a1, m1, s1 := slope(at, air, mass, sensor)
		a2, m2, s2 := slope(at+h/2, air+h/2*a1, mass+h/2*m1, sensor+h/2*s1)
		a3, m3, s3 := slope(at+h/2, air+h/2*a2, mass+h/2*m2, sensor+h/2*s2)
		a4, m4, s4 := slope(at+h, air+h*a3, mass+h*m3, sensor+h*s3)
		air += h / 6 * (a1 + 2*a2 + 2*a3 + a4)
		mass += h / 6 * (m1 + 2*m2 + 2*m3 + m4)
		sensor += h / 6 * (s1 + 2*s2 + 2*s3 + s4)
	}
	if math.Abs(room.Air()-air) > 1e-6 || math.Abs(room.nodes[nodeMass]-mass) > 1e-6 || math.Abs(room.Sensed()-sensor) > 1e-6 {
		t.Errorf("%v %v, stepped %v %v %v", room.nodes, room.Sensed(), air, mass, sensor)
	}
}
