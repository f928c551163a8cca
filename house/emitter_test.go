package house

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// bodied is a room with everything: bodies of heater and cooler, a sensor in
// the draught of a window and near the heater, and sun through a window.
func bodied() PhysicalParams {
	p := DefaultRoom()
	p.FloorShare = 0.35
	p.Heater = Emitter{Capacity: 37e3, ToRoom: 1 / 30.0}
	p.Cooler = Emitter{Capacity: 9e3, ToRoom: 1 / 80.0}
	p.Place = Place{Mass: 0.1, Heater: 0.05, Outdoor: 0.08}
	p.Aperture, p.Sun, p.SunToAir = 2, 500, 0.3
	return p
}

// The oracle steps the heat balance of all nodes by Runge and Kutta, and takes
// nothing from the closed form but what the room was told.
func TestBodiesObeyTheHeatBalance(t *testing.T) {
	p := bodied()
	p.Cooler.Capacity, p.Heater.Capacity = 90e3, 370e3
	room := NewPhysical(p)
	x := oracle{p: p, air: p.Start, mass: p.Start, heater: p.Start, cooler: p.Start, sensor: p.Start}
	for hour := range 30 {
		heat, cool := hour%3 == 0, hour%5 == 1
		room.Heat(heat)
		room.Cool(cool)
		room.Advance(time.Hour)
		x.heat, x.cool = heat, cool
		for range 7200 {
			x.step(0.5)
		}
		got := [5]float64{room.nodes[0], room.nodes[1], room.nodes[2], room.nodes[3], room.sensor}
		want := [5]float64{x.air, x.mass, x.heater, x.cooler, x.sensor}
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-6 {
				t.Fatalf("hour %d: %v, stepped %v", hour, got, want)
			}
		}
	}
}

type oracle struct {
	p                                 PhysicalParams
	air, mass, heater, cooler, sensor float64
	heat, cool                        bool
	at                                float64 // s
}

func (o oracle) slope() [5]float64 {
	p := o.p
	outdoor := p.Outdoor + p.OutdoorSwing*math.Cos(2*math.Pi*(o.at-15*3600)/86400)
	quarter := math.Floor(o.at / 900)
	curve := func(k float64) float64 { return math.Max(0, -math.Cos(2*math.Pi*k*900/86400)) }
	sun := p.Aperture * p.Sun * (curve(quarter) + (o.at/900-quarter)*(curve(quarter+1)-curve(quarter)))
	gives := (o.heater - o.air) * (1 - p.FloorShare) / p.Heater.ToRoom
	gives2 := (o.heater - o.mass) * p.FloorShare / p.Heater.ToRoom
	takes := (o.air - o.cooler) / p.Cooler.ToRoom
	inner := (o.mass - o.air) / p.AirToMass
	var heat, cool float64
	if o.heat {
		heat = p.HeaterPower
	}
	if o.cool {
		cool = p.CoolerPower
	}
	felt := (1-p.Place.Mass-p.Place.Heater-p.Place.Outdoor)*o.air + p.Place.Mass*o.mass + p.Place.Heater*o.heater + p.Place.Outdoor*outdoor
	return [5]float64{
		(inner + (outdoor-o.air)/p.AirToOutdoor + gives - takes + sun*p.SunToAir) / p.AirCapacity,
		((outdoor-o.mass)/p.MassToOutdoor - inner + gives2 + sun*(1-p.SunToAir)) / p.MassCapacity,
		(heat - gives - gives2) / p.Heater.Capacity,
		(takes - cool) / p.Cooler.Capacity,
		(felt - o.sensor) / p.SensorLag.Seconds(),
	}
}

func (o oracle) moved(k [5]float64, h float64) oracle {
	o.air, o.mass, o.heater, o.cooler, o.sensor = o.air+h*k[0], o.mass+h*k[1], o.heater+h*k[2], o.cooler+h*k[3], o.sensor+h*k[4]
	o.at += h
	return o
}

func (o *oracle) step(h float64) {
	k1 := o.slope()
	k2 := o.moved(k1, h/2).slope()
	k3 := o.moved(k2, h/2).slope()
	k4 := o.moved(k3, h).slope()
	var k [5]float64
	for i := range k {
		k[i] = (k1[i] + 2*k2[i] + 2*k3[i] + k4[i]) / 6
	}
	*o = o.moved(k, h)
}

func TestSplitsMakeNoDifferenceToBodiesAndWeather(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 100 {
		p := bodied()
		p.Heater.Capacity *= math.Exp(2 * rng.NormFloat64())
		p.Cooler.ToRoom *= math.Exp(rng.NormFloat64())
		whole, parts := NewPhysical(p), NewPhysical(p)
		if i%2 == 0 {
			w := randomWeather(rng)
			whole.Follow(w)
			parts.Follow(w)
		}
		for range 3 {
			heat := rng.IntN(2) == 0
			whole.Heat(heat)
			parts.Heat(heat)
			total := time.Duration(rng.Int64N(int64(2 * day)))
			whole.Advance(total)
			advanceInParts(parts, total, rng)
		}
		for k := range whole.nodes {
			if d := math.Abs(whole.nodes[k] - parts.nodes[k]); !(d < 1e-8) {
				t.Fatalf("room %d: whole %v, parts %v, %g K apart", i, whole.nodes, parts.nodes, d)
			}
		}
		if d := math.Abs(whole.sensor - parts.sensor); !(d < 1e-8) {
			t.Fatalf("room %d: sensors %g K apart", i, d)
		}
	}
}

func randomWeather(rng *rand.Rand) *Weather {
	w := &Weather{}
	at := time.Duration(0)
	for range 60 {
		w.rows = append(w.rows, weatherRow{at, 10 * rng.NormFloat64(), 800 * rng.Float64()})
		at += time.Duration(1 + rng.Int64N(int64(2*time.Hour)))
	}
	return w
}

// What comes in is what goes out and what is stored, to rounding: the losses
// are integrated from the outside, by Boole's rule over exact temperatures.
func TestEnergyIsConserved(t *testing.T) {
	p := bodied()
	p.Heater.Capacity = 370e3
	room := NewPhysical(p)
	const h = 15 * time.Second
	var in, out, moved float64 // J
	before := room.stored()
	for step := range 4 * 60 * 24 * 2 {
		heat, cool := step/300%2 == 0, step/700%3 == 1
		room.Heat(heat)
		room.Cool(cool)
		var flow [5]float64
		for k := range flow {
			if k > 0 {
				room.Advance(h / 4)
			}
			flow[k] = room.losing()
		}
		boole := h.Seconds() * (7*flow[0] + 32*flow[1] + 12*flow[2] + 32*flow[3] + 7*flow[4]) / 90
		out += boole
		moved += math.Abs(boole)
		if heat {
			in += p.HeaterPower * h.Seconds()
		}
		if cool {
			in -= p.CoolerPower * h.Seconds()
		}
	}
	// The sun's straight lines are exact in trapezoids.
	for k := range 2 * 96 {
		a, b := sunFrom(p.Sun, time.Duration(k)*15*time.Minute%day), sunFrom(p.Sun, time.Duration(k+1)*15*time.Minute%day)
		in += p.Aperture * (a.sun + b.sun) / 2 * 900
	}
	if gained := room.stored() - before; math.Abs(in-out-gained) > 1e-9*moved {
		t.Errorf("in %.3f J, out %.3f J, stored %.3f J: %g J are missing", in, out, gained, in-out-gained)
	}
}

func (p *Physical) stored() float64 {
	sum := 0.0
	for i := range p.net.nodes {
		sum += p.net.capacity[i] * p.nodes[i]
	}
	return sum
}

func (p *Physical) losing() float64 {
	return (p.nodes[nodeAir]-p.Outdoor())/p.params.AirToOutdoor + (p.nodes[nodeMass]-p.Outdoor())/p.params.MassToOutdoor
}

// A sensor in the draught of a window shows less than the air in winter, one
// beside a heater more, by its share.
func TestASensorInADraughtShowsLessAndOneBesideAHeaterMore(t *testing.T) {
	p := bodied()
	p.OutdoorSwing, p.Sun = 0, 0
	p.Place = Place{Outdoor: 0.1}
	draught := NewPhysical(p)
	draught.Heat(true)
	draught.Advance(1000 * day)
	if got, want := draught.Air()-draught.Sensed(), 0.1*(draught.Air()-p.Outdoor); math.Abs(got-want) > 1e-6 {
		t.Errorf("in a draught %v K less, want %v", got, want)
	}
	p.Place = Place{Heater: 0.05}
	beside := NewPhysical(p)
	beside.Heat(true)
	beside.Advance(1000 * day)
	if got, want := beside.Sensed()-beside.Air(), 0.05*(beside.nodes[2]-beside.Air()); math.Abs(got-want) > 1e-6 || got < 1 {
		t.Errorf("beside the heater %v K more, want %v", got, want)
	}
}

// A heater with a body warms the air later, and goes on after it is off.
func TestBodyOfTheHeaterLags(t *testing.T) {
	p := DefaultRoom()
	p.OutdoorSwing, p.Outdoor = 0, p.Start // nothing moves by itself
	at := func(e Emitter) (after10m, top float64) {
		p.Heater = e
		room := NewPhysical(p)
		room.Heat(true)
		room.Advance(10 * time.Minute)
		after10m = room.Air()
		room.Heat(false)
		for range 100 {
			top = max(top, room.Air())
			room.Advance(30 * time.Second)
		}
		return after10m, top - after10m
	}
	at0, over0 := at(Emitter{})
	at1, over1 := at(Emitter{Capacity: 37e3, ToRoom: 1 / 30.0})
	if !(at1 < at0-0.3 && over0 < 1e-9 && over1 > 0.2) {
		t.Errorf("without a body %.2f °C and %.2f K more, with one %.2f °C and %.2f K more", at0, over0, at1, over1)
	}
}
