package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/simulated"
	"thermostat/house"
)

// outcome is what came of a run.
type outcome struct {
	figures        house.Figures
	strip          *house.Strip // nil where no picture is asked for
	faults         faultLog
	heater, cooler float64 // W; NaN where not known
	held           held
}

// held is what a recording's zone was asked to hold.
type held struct {
	last            controlloop.Setpoint // the newest with a mode that heats or cools
	lowest, highest float64              // °C
}

func (h *held) saw(sp controlloop.Setpoint) {
	if sp.Mode <= controlloop.ModeOff {
		return
	}
	if h.last.Mode == controlloop.ModeNone {
		h.lowest, h.highest = sp.Desired, sp.Desired
	}
	h.last, h.lowest, h.highest = sp, min(h.lowest, sp.Desired), max(h.highest, sp.Desired)
}

// asked is the setpoint that counted, the last of several, and its temperatures in words.
func (s *Simulation) asked() (sp controlloop.Setpoint, desired string) {
	h := s.outcome.held
	switch {
	case h.last.Mode == controlloop.ModeNone:
		return s.Zone.Default, fmt.Sprint(s.Zone.Default.Desired)
	case h.lowest < h.highest:
		return h.last, fmt.Sprintf("%v..%v", h.lowest, h.highest)
	}
	return h.last, fmt.Sprint(h.lowest)
}

// faultLog notes which faults stood, and for how long.
type faultLog struct {
	names  []string // by bit
	times  []int
	lasted []time.Duration
	last   uint64
}

// bits are the faults that stand now.
func (l *faultLog) bits(s *controlloop.Stepper) uint64 {
	var set uint64
	s.Faults(func(f controlloop.Fault) { set |= 1 << l.bit(string(f.Name)) })
	return set
}

func (l *faultLog) bit(name string) int {
	for i, n := range l.names {
		if n == name {
			return i
		}
	}
	l.names, l.times, l.lasted = append(l.names, name), append(l.times, 0), append(l.lasted, 0)
	return len(l.names) - 1
}

func (l *faultLog) add(set uint64, span time.Duration) {
	if set|l.last == 0 {
		return
	}
	for i := range l.names {
		stands, stood := set>>i&1 == 1, l.last>>i&1 == 1
		if stands && !stood {
			l.times[i]++
		}
		if stood {
			l.lasted[i] += span
		}
	}
	l.last = set
}

// lookAfter is after how many samples a run asks whether it shall go on.
const lookAfter = 4096

// Virtual is a run while it runs: the zone, its room and their time. The clock
// has a monotonic reading, as that of the agent; what is written down is the
// calendar's time.
type Virtual struct {
	*Simulation
	Base, Now time.Time
	room      *simulated.Room
	Stepper   *controlloop.Stepper
	present   controlloop.Setpoint // while somebody is there
	absent    controlloop.Setpoint // while nobody is
	there     bool                 // somebody is
	broken    []simulatedFault     // what is still to come
	moment    house.Moment
	tally     *house.Tally
}

// run lives through the whole time.
func (s *Simulation) run(ctx context.Context, bar *progress) error {
	v := s.Begin()
	sample := s.Zone.Params.Sample
	span := v.RoomTime(sample)
	samples := int(s.Total / span)
	for k := 0; k <= samples; k++ {
		if k%lookAfter == lookAfter-1 {
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			bar.add(lookAfter * span)
		}
		v.Now = v.Base.Add(time.Duration(k) * sample)
		v.Step(time.Duration(k)*span, min(time.Duration(k), 1)*span)
	}
	s.outcome.figures = v.tally.Figures()
	return nil
}

// Begin makes zone and room as run and demo would, in the time of the run.
func (s *Simulation) Begin() *Virtual {
	v := &Virtual{Simulation: s, Base: time.Now(), tally: house.NewTally(s.comfort)}
	v.Now = v.Base
	v.room = s.makeRoom(func() time.Time { return v.Now })
	v.present, v.absent = s.Zone.Default, s.Zone.Default
	if !math.IsNaN(s.away) {
		v.absent.Desired = s.away
	}
	v.broken, v.there = s.faults, s.isThere(0)
	v.Stepper = controlloop.NewStepper(s.wire(v.room), v.setpoint(), v.Now)
	s.outcome = outcome{}
	s.outcome.heater, s.outcome.cooler = v.room.Power()
	if s.plot {
		s.outcome.strip = house.NewStrip(s.Total, house.Columns)
	}
	return v
}

func (s *Simulation) makeRoom(clock func() time.Time) *simulated.Room {
	room := simulated.NewRoomAt(s.Room, clock)
	if s.params != nil {
		room = simulated.NewRoomOf(house.NewPhysical(*s.params), s.Room, clock)
	}
	if s.weather != nil {
		room.Follow(s.weather)
	}
	return room
}

// wire makes the zone of the configuration with the devices of a simulated room.
func (s *Simulation) wire(room *simulated.Room) *controlloop.Zone {
	z := &controlloop.Zone{Name: s.Zone.Name, SensorID: s.Zone.SensorID, Params: s.Zone.Params}
	z.Sensor = drivers.Offset(room.Sensor(), s.offset())
	for i, spec := range s.Zone.Devices.Fallbacks {
		noise, seed, offset := s.Room.Noise, s.Room.Seed+uint64(i)+1, 0.0
		if spec.IsSimulated() {
			noise, seed, offset = spec.Simulated.Noise, spec.Simulated.Seed, spec.Offset
		}
		z.Fallbacks = append(z.Fallbacks, drivers.Offset(room.Spare(noise, seed), offset))
	}
	if s.Zone.Params.Heater {
		z.Heater = room.Heater()
	}
	if s.Zone.Params.Cooler {
		z.Cooler = room.Cooler()
	}
	if s.Zone.Devices.Safety != nil {
		z.Safety = room.Safety()
	}
	return z
}

// offset is that of a simulated sensor; a real one's mends what a simulated one has not.
func (s *Simulation) offset() float64 {
	if s.Zone.Devices.Sensor.IsSimulated() {
		return s.Zone.Devices.Sensor.Offset
	}
	return 0
}

// RoomTime is how long a span of the clock is in the room.
func (v *Virtual) RoomTime(d time.Duration) time.Duration {
	if speed := v.Zone.Params.Speed; speed > 0 {
		return time.Duration(float64(d) * speed)
	}
	return d
}

// Step is one sample, so long after the beginning in room time.
func (v *Virtual) Step(at, span time.Duration) {
	for len(v.broken) > 0 && v.broken[0].at <= at {
		v.broken[0].Break(v.room)
		v.broken = v.broken[1:]
	}
	if there := v.isThere(at); there != v.there {
		v.there = there
		v.Stepper.Set(v.setpoint(), v.Now)
	}
	v.Stepper.Tick(v.Now)
	look := v.room.Look()
	v.see(look, span, v.outcome.faults.bits(v.Stepper))
}

func (v *Virtual) see(look simulated.Look, span time.Duration, faults uint64) {
	sp := &v.present
	if !v.there {
		sp = &v.absent
	}
	m := &v.moment
	m.Span, m.Air, m.Outdoor, m.Heating, m.Cooling = span, look.Held, look.Outdoor, look.Heating, look.Cooling
	m.Desired, m.Low, m.High, m.FaultSet = sp.Desired, sp.Desired-sp.DownDelta, sp.Desired+sp.UpDelta, faults
	v.outcome.faults.add(faults, span)
	v.tally.Add(m)
	if v.outcome.strip != nil {
		v.outcome.strip.Add(m)
	}
}

// isThere reports whether somebody is there at that time.
func (s *Simulation) isThere(at time.Duration) bool {
	return s.times == nil || s.times.covers(s.Start, at)
}

// setpoint is the one for who is there, and notes what is comfortable.
func (v *Virtual) setpoint() controlloop.Setpoint {
	if v.there {
		v.moment.Comfort = v.Centre
		return v.present
	}
	v.moment.Comfort = math.NaN()
	return v.absent
}

// inParallel calls for each number below n, as many at once as there are
// processors, and gives the first error.
func inParallel(n int, do func(i int) error) error {
	var next int
	var first error
	var mu sync.Mutex
	var wg sync.WaitGroup
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= n || first != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if err := do(i); err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return first
}
