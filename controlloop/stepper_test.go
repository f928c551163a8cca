package controlloop

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop/mailbox"
)

// plateRoom is a crude room in its caller's time: it warms and cools at constant rates.
type plateRoom struct {
	now     *time.Time
	last    time.Time
	celsius float64
	on      bool
}

func (p *plateRoom) Read(context.Context) (Reading, error) {
	now := time.Now()
	if p.now != nil {
		now = *p.now
	}
	rate := -1.0 / 900
	if p.on {
		rate = 1.0 / 600
	}
	if !p.last.IsZero() {
		p.celsius += rate * now.Sub(p.last).Seconds()
	}
	p.last = now
	return Temperature(p.celsius, now), nil
}

func (p *plateRoom) Set(on bool) error {
	p.on = on
	return nil
}

func stepperParams() Params {
	return Params{
		Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3, PlausibleMin: -30, PlausibleMax: 70,
		MaxRate: 5, Sample: 5 * time.Second, StaleAfter: time.Minute, MinOn: 2 * time.Minute, MinOff: 3 * time.Minute, FrozenAfter: 3 * time.Hour,
	}
}

var warmer = Setpoint{Mode: ModeHeat, Desired: 21, UpDelta: 0.3, DownDelta: 0.3}

// A stepper makes the same decisions, one by one, as Run does in real time with
// a sensor that answers at once.
func TestStepperDecidesAsRunDoes(t *testing.T) {
	const lasts = 6 * time.Hour
	var live []State
	var began time.Time
	synctest.Test(t, func(t *testing.T) {
		room := &plateRoom{celsius: 20}
		z := &Zone{Params: stepperParams(), Sensor: room, Heater: room, Setpoints: mailbox.New[Setpoint](),
			Observe: func(s Snapshot) { live = append(live, s.State) }}
		began = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), lasts+time.Second)
		defer cancel()
		if err := z.Run(ctx, warmer); err != nil {
			t.Fatal(err)
		}
	})
	live = live[:len(live)-1] // the last is that of leaving

	now := began
	room := &plateRoom{celsius: 20, now: &now}
	s := NewStepper(&Zone{Params: stepperParams(), Sensor: room, Heater: room}, warmer, now)
	stepped := []State{*s.State()}
	for ; now.Sub(began) <= lasts; now = now.Add(5 * time.Second) {
		s.Tick(now)
		stepped = append(stepped, *s.State())
	}
	if len(live) != len(stepped) {
		t.Fatalf("%d steps live, %d stepped", len(live), len(stepped))
	}
	switches := 0
	for i := range live {
		l, p := live[i], stepped[i]
		if l.Heater.On != p.Heater.On || l.Reason != p.Reason || l.Wait != p.Wait || !l.Since.Equal(p.Since) || l.Reading.Celsius != p.Reading.Celsius {
			t.Fatalf("step %d: live %+v, stepped %+v", i, l, p)
		}
		if i > 0 && p.Heater.On != stepped[i-1].Heater.On {
			switches++
		}
	}
	if switches < 10 {
		t.Errorf("only %d switches: the comparison proves little", switches)
	}
}

// slowSensor answers only once its context ends, as one does that hangs.
type slowSensor struct{}

func (slowSensor) Read(ctx context.Context) (Reading, error) {
	<-ctx.Done()
	return Reading{}, ctx.Err()
}

func TestStepperGrowsStaleWithoutAnAnswer(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	room := &plateRoom{celsius: 15, now: &now}
	z := &Zone{Params: stepperParams(), Sensor: room, Heater: room}
	s := NewStepper(z, warmer, now)
	for range 60 {
		s.Tick(now)
		now = now.Add(5 * time.Second)
	}
	if !s.State().Heater.On {
		t.Fatal("the heater is not on in a cold room")
	}
	z.senses.all[0].sensor = slowSensor{}
	for range 13 {
		s.Tick(now)
		now = now.Add(5 * time.Second)
	}
	if st := s.State(); st.Heater.On || st.Reason != ReasonStale {
		t.Errorf("65 s without an answer: %+v", st)
	}
	names := map[FaultName]bool{}
	s.Faults(func(f Fault) { names[f.Name] = true })
	if !names["sensor"] {
		t.Errorf("faults %v", names)
	}
	s.Set(Setpoint{Mode: ModeOff, Desired: math.NaN()}, now)
	if st := s.State(); st.Action != ActionOff || s.zone.target.Setpoint.Mode != ModeOff {
		t.Errorf("mode off: %+v", st)
	}
}

// A sample of a healthy zone costs no memory: a year has six million of them.
func TestStepperAllocatesNothing(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := steadyStepper(&now)
	allocs := testing.AllocsPerRun(2000, func() {
		now = now.Add(5 * time.Second)
		s.Tick(now)
	})
	if allocs > 0 {
		t.Errorf("%v allocations a tick", allocs)
	}
}

// steadySensor swings through the band.
type steadySensor struct {
	now *time.Time
	n   int
}

func (s *steadySensor) Read(context.Context) (Reading, error) {
	s.n++
	return Temperature(21+0.0625*float64(s.n%13-6), *s.now), nil
}

type deafRelay struct{}

func (deafRelay) Set(bool) error { return nil }

func steadyStepper(now *time.Time) *Stepper {
	p := stepperParams()
	return NewStepper(&Zone{Params: p, Sensor: &steadySensor{now: now}, Heater: deafRelay{}}, warmer, *now)
}

func BenchmarkStepper(b *testing.B) {
	now := time.Now() // with a monotonic reading, as in simulate and run
	s := steadyStepper(&now)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(5 * time.Second)
		s.Tick(now)
	}
}

func TestHungReadEndsAsNoAnswer(t *testing.T) {
	_, err := slowSensor{}.Read(NewStepper(&Zone{Params: stepperParams(), Sensor: slowSensor{}, Heater: deafRelay{}}, warmer, time.Unix(0, 0)).read)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAPlanSeesTheReadingThatTheLawGoesBy: while two sensors disagree it is the last one, for
// stale_after, and then none. A plan that saw none at once would take an open window's bar
// away while the law still heats.
func TestAPlanSeesTheReadingThatTheLawGoesBy(t *testing.T) {
	now, first, second := time.Now(), 20.0, 20.0
	sensor := func(celsius *float64) Sensor {
		return sensorFunc(func() (Reading, error) { return Temperature(*celsius, now), nil })
	}
	p := stepperParams()
	p.MaxDisagreement, p.MaxRate = 1, 1000
	var seen Reading
	s := NewStepper(&Zone{Params: p, Sensor: sensor(&first), Fallbacks: []Sensor{sensor(&second)}, Heater: &plateRoom{},
		Plan: func(said Setpoint, look Look) Target {
			seen = look.Reading
			return Target{Setpoint: said, Control: said}
		}}, warmer, now)
	for range 3 {
		now = now.Add(p.Sample)
		s.Tick(now)
	}
	second = 22
	for begins, lasts := now, time.Duration(0); lasts < 2*p.StaleAfter; lasts += p.Sample {
		now = now.Add(p.Sample)
		s.Tick(now)
		goesBy := s.State().Lost.IsZero()
		if shown := !seen.At.IsZero(); shown != goesBy || shown && !seen.At.Equal(s.State().Reading.At) || goesBy != (now.Sub(begins) <= p.StaleAfter+p.Sample) {
			t.Fatalf("%v after they began to disagree the plan sees %+v, and the law goes by %v", now.Sub(begins), seen, goesBy)
		}
	}
}
