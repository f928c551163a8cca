package house

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// handRoom has conductances of 100, 10 and 20 W/K, no swing, and 1000 W.
func handRoom() PhysicalParams {
	return PhysicalParams{
		AirCapacity: 2e5, MassCapacity: 3e6,
		AirToMass: 0.01, AirToOutdoor: 0.1, MassToOutdoor: 0.05,
		HeaterPower: 1000, CoolerPower: 500,
		SensorLag: time.Minute,
	}
}

// state is what a room without bodies of heater and cooler is in, °C.
type state struct{ air, mass, sensor float64 }

func level(celsius float64) state { return state{celsius, celsius, celsius} }

func (p *Physical) state() state { return state{p.nodes[nodeAir], p.nodes[nodeMass], p.sensor} }

func distance(a, b state) float64 {
	return max(math.Abs(a.air-b.air), math.Abs(a.mass-b.mass), math.Abs(a.sensor-b.sensor))
}

func TestSplitsOfTimeMakeNoDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		p := DefaultRoom()
		p.AirCapacity *= math.Exp(rng.NormFloat64())
		p.MassCapacity *= math.Exp(rng.NormFloat64())
		p.AirToMass *= math.Exp(rng.NormFloat64())
		p.SensorLag = time.Duration(1 + rng.Int64N(int64(time.Hour)))
		whole, parts := NewPhysical(p), NewPhysical(p)
		for range 5 { // heater, cooler and time of the day as they come
			heat, cool := rng.IntN(2) == 0, rng.IntN(2) == 0
			whole.Heat(heat)
			parts.Heat(heat)
			whole.Cool(cool)
			parts.Cool(cool)
			total := time.Duration(rng.Int64N(int64(10 * day)))
			whole.Advance(total)
			advanceInParts(parts, total, rng)
		}
		if d := distance(whole.state(), parts.state()); !(d < 1e-9) {
			t.Fatalf("room %d: whole %v, parts %v, %g K apart", i, whole.state(), parts.state(), d)
		}
	}
}

// advanceInParts cuts a span into pieces from nanoseconds to days.
func advanceInParts(p *Physical, total time.Duration, rng *rand.Rand) {
	for range 40 {
		part := min(total, time.Duration(math.Pow(10, 15*rng.Float64())))
		p.Advance(part)
		total -= part
	}
	p.Advance(total)
}

// The oracle steps the differential equations by Runge and Kutta's fourth
// order and shares nothing with the closed form.
func TestClosedFormObeysTheHeatBalance(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, time.Minute, time.Hour} {
		p := DefaultRoom()
		p.SensorLag = lag
		room := NewPhysical(p)
		room.Heat(true)
		room.Advance(30 * time.Hour)
		if want := stepped(p, 30*time.Hour); distance(room.state(), want) > 1e-6 {
			t.Errorf("lag %v: %v, stepped %v", lag, room.state(), want)
		}
	}
}

func stepped(p PhysicalParams, total time.Duration) state {
	const h = 0.5 // s
	x := level(p.Start)
	for i := range int(total.Seconds() / h) {
		at := float64(i) * h
		k1 := slope(p, x, at)
		k2 := slope(p, moved(x, k1, h/2), at+h/2)
		k3 := slope(p, moved(x, k2, h/2), at+h/2)
		k4 := slope(p, moved(x, k3, h), at+h)
		for _, k := range []state{k1, k2, k2, k3, k3, k4} {
			x = moved(x, k, h/6)
		}
	}
	return x
}

func moved(x, k state, h float64) state {
	return state{x.air + h*k.air, x.mass + h*k.mass, x.sensor + h*k.sensor}
}

func slope(p PhysicalParams, x state, at float64) state {
	outdoor := p.Outdoor + p.OutdoorSwing*math.Cos(2*math.Pi*(at-15*3600)/86400)
	inner := (x.mass - x.air) / p.AirToMass
	window := (outdoor - x.air) / p.AirToOutdoor
	wall := (outdoor - x.mass) / p.MassToOutdoor
	return state{
		air:    (inner + window + p.HeaterPower) / p.AirCapacity,
		mass:   (wall - inner) / p.MassCapacity,
		sensor: (x.air - x.sensor) / p.SensorLag.Seconds(),
	}
}

// By hand: 100, 10 and 20 W/K. The mass, between air and outdoors, sits at
// 100/120 of the air's warmth; 10·a + 20·(100/120)·a = 1000 W gives a = 37.5 K.
func TestSteadyStateEqualsTheHandCalculation(t *testing.T) {
	for _, c := range []struct {
		name       string
		heat, cool bool
		want       state
	}{
		{"heater", true, false, state{5 + 37.5, 5 + 31.25, 5 + 37.5}},
		{"cooler of half the power", false, true, state{5 - 18.75, 5 - 15.625, 5 - 18.75}},
		{"both", true, true, state{5 + 18.75, 5 + 15.625, 5 + 18.75}},
		{"none", false, false, level(5)},
	} {
		p := handRoom()
		p.Outdoor, p.Start = 5, 20
		room := NewPhysical(p)
		room.Heat(c.heat)
		room.Cool(c.cool)
		room.Advance(200 * day)
		if distance(room.state(), c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, room.state(), c.want)
		}
	}
}

func TestHeatFlowsTheRightWay(t *testing.T) {
	room := func(heat, cool bool) *Physical {
		r := NewPhysical(DefaultRoom())
		r.Heat(heat)
		r.Cool(cool)
		return r
	}
	heated, free, cooled := room(true, false), room(false, false), room(false, true)
	for range 1000 {
		for _, r := range []*Physical{heated, free, cooled} {
			r.Advance(7 * time.Minute)
		}
		if !(heated.Air() > free.Air() && free.Air() > cooled.Air()) {
			t.Fatalf("at %v: heated %v, free %v, cooled %v", free.clock, heated.Air(), free.Air(), cooled.Air())
		}
		if !(heated.nodes[nodeMass] > free.nodes[nodeMass] && free.nodes[nodeMass] > cooled.nodes[nodeMass]) {
			t.Fatalf("at %v: the mass does not follow", free.clock)
		}
	}
}

// A room that nobody heats falls to the outdoors and never below.
func TestFreeRoomCoolsTowardsTheOutdoors(t *testing.T) {
	p := handRoom()
	p.Start = 20
	room := NewPhysical(p)
	for before := room.Air(); room.Air() > 0.01; before = room.Air() {
		room.Advance(time.Hour)
		if !(0 < room.Air() && room.Air() < before) {
			t.Fatalf("%v °C after %v °C, outdoors 0 °C", room.Air(), before)
		}
	}
}

// The default room: 1500 W warm it by 2 to 4 K in the first hour.
func TestDefaultRoomWarmsAtALivelyPace(t *testing.T) {
	for outdoor := -5.0; outdoor <= 5; outdoor++ {
		p := DefaultRoom()
		p.Outdoor, p.OutdoorSwing = outdoor, 0
		room := NewPhysical(p)
		room.Heat(true)
		room.Advance(time.Hour)
		if gain := room.Air() - p.Start; gain < 2 || gain > 4 {
			t.Errorf("%v °C outdoors: %.2f K in the first hour", outdoor, gain)
		}
	}
}

func TestDefaultRoomHasPlausibleTimeConstants(t *testing.T) {
	rates := NewPhysical(DefaultRoom()).net.rates
	air, mass := -1/min(rates[0], rates[1])/60, -1/max(rates[0], rates[1])/3600
	if air < 5 || air > 30 || mass < 18 || mass > 36 {
		t.Errorf("air %.1f min, mass %.1f h", air, mass)
	}
}

// An air that follows the outdoors at once shows the outdoor curve itself.
func TestOutdoorsAreWarmestAtThreeInTheAfternoon(t *testing.T) {
	p := handRoom()
	p.AirToOutdoor, p.AirToMass, p.SensorLag = 1e-6, 1e3, time.Millisecond
	p.Outdoor, p.OutdoorSwing = 3, 4
	for clock, want := range map[time.Duration]float64{
		15 * time.Hour: 7, 3 * time.Hour: -1, 9 * time.Hour: 3, 21 * time.Hour: 3,
	} {
		room := NewPhysical(p)
		room.Advance(3*day + clock)
		if math.Abs(room.Air()-want) > 1e-3 || math.Abs(room.Sensed()-want) > 1e-3 {
			t.Errorf("%v: air %v, sensed %v, want %v °C", clock, room.Air(), room.Sensed(), want)
		}
	}
}

// On a ramp a first-order lag is behind by rate times time constant.
func TestSensorLagsBehindTheAir(t *testing.T) {
	p := handRoom()
	p.MassCapacity, p.AirCapacity, p.AirToOutdoor = 1e12, 1e9, 1e9
	room := NewPhysical(p)
	room.Heat(true)
	room.Advance(time.Hour)
	behind, want := room.Air()-room.Sensed(), 1000/1e9*60
	if math.Abs(behind-want) > 0.01*want {
		t.Errorf("%g K behind, want %g", behind, want)
	}
}

// The lag may equal a time constant of the room: nothing is divided by zero.
func TestALagEqualToTheAirsTimeConstantDividesByNoZero(t *testing.T) {
	after := func(times float64) state {
		p := handRoom()
		rates := NewPhysical(p).net.rates
		p.SensorLag = time.Duration(-1e9 / min(rates[0], rates[1]) * times)
		room := NewPhysical(p)
		room.sense.lag = -1 / min(rates[0], rates[1]) * times // to the last bit
		room.nodes[nodeAir] = 1
		room.Advance(10 * time.Minute)
		return room.state()
	}
	if a, b := after(1), after(1+1e-7); !(distance(a, b) < 1e-6) || a.sensor <= 0 {
		t.Errorf("%v, and with nearly the same lag %v", a, b)
	}
}

func TestTimeNeverRunsBackwards(t *testing.T) {
	room := NewPhysical(DefaultRoom())
	room.Advance(time.Hour)
	before := room.state()
	room.Advance(0)
	room.Advance(-time.Hour)
	if room.state() != before {
		t.Errorf("%v became %v", before, room.state())
	}
}

// Both rooms have long forgotten how they began; only the hour counts.
func TestLongestAdvanceKeepsTheTimeOfTheDay(t *testing.T) {
	long, short := NewPhysical(DefaultRoom()), NewPhysical(DefaultRoom())
	long.Advance(23 * time.Hour)
	long.Advance(math.MaxInt64)
	short.Advance(200*day + 23*time.Hour + math.MaxInt64%day)
	if d := distance(long.state(), short.state()); !(d < 1e-9) {
		t.Errorf("%v after centuries, %v at the same hour", long.state(), short.state())
	}
}

func TestImpossibleRoomsPanic(t *testing.T) {
	for name, spoil := range map[string]func(*PhysicalParams){
		"AirCapacity":   func(p *PhysicalParams) { p.AirCapacity = 0 },
		"MassCapacity":  func(p *PhysicalParams) { p.MassCapacity = math.NaN() },
		"AirToMass":     func(p *PhysicalParams) { p.AirToMass = -1 },
		"AirToOutdoor":  func(p *PhysicalParams) { p.AirToOutdoor = math.Inf(1) },
		"MassToOutdoor": func(p *PhysicalParams) { p.MassToOutdoor = 0 },
		"SensorLag":     func(p *PhysicalParams) { p.SensorLag = 0 },
	} {
		p := handRoom()
		spoil(&p)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a bad %s was taken", name)
				}
			}()
			NewPhysical(p)
		}()
	}
}

// In the end what leaves the room is what heater, sun and stove bring, wherever
// they bring it, through windows, walls and what is open.
func TestExposedRoomBalances(t *testing.T) {
	for _, share := range []float64{0, 0.9, 1} {
		for _, opening := range []float64{0, 40} {
			params := DefaultRoom()
			params.OutdoorSwing, params.FloorShare = 0, share
			room := NewPhysical(params)
			room.Heat(true)
			room.Expose(-7, 300, opening)
			room.Advance(1000 * day)
			leaves := (room.nodes[nodeAir]+7)*(1/params.AirToOutdoor+opening) + (room.nodes[nodeMass]+7)/params.MassToOutdoor
			if want := params.HeaterPower + 300; math.Abs(leaves-want) > 1e-6 {
				t.Errorf("share %v, opening %v: %v W leave, %v W come", share, opening, leaves, want)
			}
		}
	}
}

// A floor warms the air later than a panel does.
func TestFloorIsSlowerThanAPanel(t *testing.T) {
	after := func(share float64) float64 {
		params := DefaultRoom()
		params.FloorShare = share
		room := NewPhysical(params)
		room.Heat(true)
		room.Advance(time.Hour)
		return room.Air()
	}
	if panel, floor := after(0), after(1); panel < floor+2 {
		t.Errorf("after an hour a panel has made %.1f °C, a floor %.1f °C", panel, floor)
	}
}
