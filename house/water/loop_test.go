package water

import (
	"math"
	"testing"
	"time"

	"thermostat/house"
)

// fourRooms is the water of four rooms with radiators, on a winter day.
func fourRooms() (*Loop, []*house.Physical) {
	var rooms []*house.Physical
	for range 4 {
		p, _ := house.Preset("radiator")
		p.Sun, p.OutdoorSwing = 0, 0
		rooms = append(rooms, house.NewPhysical(p))
	}
	return New(Default(), rooms...), rooms
}

// TestAnOpenValveTakesTheHeatThatEN442Promises: at 75/65 °C some 1,500 W, through one room
// or through four at once.
func TestAnOpenValveTakesTheHeatThatEN442Promises(t *testing.T) {
	for _, open := range []int{1, 4} {
		l, rooms := fourRooms()
		l.params.Flow = 75
		l.Call(true)
		l.Pump(true)
		for i := range open {
			l.Valve(i, true)
		}
		for range 60 {
			l.Advance(time.Minute)
		}
		body, air := rooms[0].Body(), rooms[0].Air()
		if watt := 30 * (body - air); math.Abs(watt-1500) > 250 || l.flow-body > 15 {
			t.Errorf("%d open: %.0f W at %.1f °C in a room of %.1f °C, flow %.1f °C", open, watt, body, air, l.flow)
		}
	}
}

// TestAValveTakesItsTravel: nothing is shared before, and it shuts as slowly.
func TestAValveTakesItsTravel(t *testing.T) {
	l, _ := fourRooms()
	l.Valve(0, true)
	l.Advance(105 * time.Second)
	if got := l.Position(0); math.Abs(got-0.5) > 0.05 {
		t.Errorf("half the travel: %v", got)
	}
	l.Advance(time.Hour)
	l.Valve(0, false)
	l.Advance(209 * time.Second)
	if got := l.Position(0); got <= 0 || got > 0.05 {
		t.Errorf("nearly shut: %v", got)
	}
}

// TestTheBoilersOwnThermostatEndsAFireAgainstShutValves: it is the last guard, and the pump turns dry meanwhile.
func TestTheBoilersOwnThermostatEndsAFireAgainstShutValves(t *testing.T) {
	l, _ := fourRooms()
	l.Call(true)
	l.Pump(true)
	l.Advance(time.Hour)
	f := l.Figures()
	if f.Trips == 0 || f.Hottest > Default().TooHot+5 || f.Dry < 59*time.Minute {
		t.Errorf("%+v", f)
	}
}

// TestWithThePumpAtRestHardlyAnythingIsGiven, so that an overrun is worth its time.
func TestWithThePumpAtRestHardlyAnythingIsGiven(t *testing.T) {
	after := func(pump bool) float64 {
		l, _ := fourRooms()
		l.Call(true)
		l.Pump(true)
		l.Valve(0, true)
		l.Advance(time.Hour)
		l.Call(false)
		l.Pump(pump)
		l.Advance(5 * time.Minute)
		return l.Figures().Flow
	}
	if overrun, rest := after(true), after(false); rest-overrun < 3 {
		t.Errorf("%.1f °C after an overrun, %.1f °C without", overrun, rest)
	}
}

// TestWhatTheBurnerGivesIsInTheRoomsTheWaterOrTheBoilerRoom: of four rooms and of forty, whose
// boiler is as much bigger, over a day of calls and rests; no heat comes from nowhere.
func TestWhatTheBurnerGivesIsInTheRoomsTheWaterOrTheBoilerRoom(t *testing.T) {
	for _, rooms := range []int{4, 40} {
		l := New(Default())
		for i := range rooms {
			p, _ := house.Preset("radiator")
			l.Join(house.NewPhysical(p))
			l.Valve(i, i%2 == 0)
		}
		l.Free(1)
		lost := 0.0
		for step := range 24 * 360 {
			l.Call(step/180%2 == 0) // half an hour each
			l.Pump(step/180%2 == 0 || step%180 < 30)
			lost += l.sized().Loss * (l.flow - 20) * loopStep.Seconds()
			l.Advance(loopStep)
		}
		f, given := l.Figures(), 0.0
		for i := range rooms {
			given += l.Given(i)
		}
		if rest := f.Energy - given - lost - l.sized().Capacity*(f.Flow-20); math.Abs(rest) > 1e-6*f.Energy || given < 0.85*f.Energy {
			t.Errorf("%d rooms: of %.0f J the rooms had %.0f and the boiler room %.0f: %.0f are missing", rooms, f.Energy, given, lost, rest)
		}
		if free, shut := l.Given(1), l.Given(3); free < l.Given(0)/2 || shut != 0 {
			t.Errorf("%d rooms: without a valve %.0f J, behind a shut one %.0f", rooms, free, shut)
		}
		if each := given / float64(rooms/2+1) / 3.6e6; each < 8 || each > 40 || f.Called != 12*time.Hour || f.Pumped != 14*time.Hour {
			t.Errorf("%d rooms: %.1f kWh each, called for %v, pumped for %v", rooms, each, f.Called, f.Pumped)
		}
	}
}
