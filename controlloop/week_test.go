package controlloop

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"thermostat/controlloop/foresee"
	"thermostat/house"
)

// weekBegins is a Monday.
var weekBegins = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// lived is a room of the house under a zone that follows a program, in the caller's time.
type lived struct {
	now  time.Time
	room interface {
		Heat(on bool)
		Cool(on bool)
		Advance(time.Duration)
		Sensed() float64
	}
	shows func(celsius float64) float64
}

func (l *lived) Read(context.Context) (Reading, error) {
	return Temperature(l.shows(l.room.Sensed()), l.now), nil
}

// at lives until then.
func (l *lived) at(now time.Time) {
	l.room.Advance(now.Sub(l.now))
	l.now = now
}

type heats1 struct{ *lived }

func (h heats1) Set(on bool) error { h.room.Heat(on); return nil }

type cools1 struct{ *lived }

func (c cools1) Set(on bool) error { c.room.Cool(on); return nil }

// twoDay is a program: comfort from 6:00 to 8:30 and from 16:00 to 22:30, between these away.
func twoDay(comfort, away float64) func(Setpoint, Look) Target {
	steps := []struct {
		at   time.Duration
		goal float64
	}{{6 * time.Hour, comfort}, {8*time.Hour + 30*time.Minute, away}, {16 * time.Hour, comfort}, {22*time.Hour + 30*time.Minute, away}}
	return func(said Setpoint, look Look) Target {
		gone := look.Now.Sub(weekBegins)
		midnight := gone.Truncate(24 * time.Hour)
		t := Target{Setpoint: said, Control: said, Auto: true, Ahead: true}
		t.Setpoint.Desired = away
		for _, s := range steps {
			if midnight+s.at > gone {
				t.Next = Change{At: weekBegins.Add(midnight + s.at), Desired: s.goal}
				return t
			}
			t.Setpoint.Desired = s.goal
		}
		t.Next = Change{At: weekBegins.Add(midnight + 24*time.Hour + steps[0].at), Desired: comfort}
		return t
	}
}

func weekParams(law Law) Params {
	p := stepperParams()
	p.Law, p.StartsPerDay, p.HeatCutout = law, 30, 40
	return p
}

// panelWeek is what the thermometer of a room with a panel shows in a week under foresee, every five seconds.
func panelWeek(b *testing.B) []float64 {
	p, ok := house.Preset("panel")
	if !ok {
		b.Fatal("there is no such room")
	}
	p.Outdoor, p.OutdoorSwing, p.Sun = 2, 4, 300
	l := &lived{now: weekBegins, room: house.NewPhysical(p), shows: house.NewThermometer(0.02, 1).Show}
	var all []float64
	looks, looksNow := 0, false
	z := &Zone{
		Params: weekParams(LawForesee), Sensor: l, Heater: heats1{l}, Plan: twoDay(21, 17),
		Observe: func(s Snapshot) { looksNow = s.Foresight.Looks },
	}
	s := NewStepper(z, warmer, weekBegins)
	for now := weekBegins; now.Sub(weekBegins) < 7*24*time.Hour; {
		now = now.Add(z.Params.Sample)
		l.at(now)
		s.Tick(now)
		all = append(all, s.State().Reading.Celsius)
		if looksNow {
			looks++
		}
	}
	if 2*looks < len(all) {
		b.Fatalf("it looks ahead in %d of %d steps: they tell nothing", looks, len(all))
	}
	return all
}

// shown is a thermometer that shows what is told.
type shown struct {
	now     *time.Time
	celsius float64
}

func (s *shown) Read(context.Context) (Reading, error) { return Temperature(s.celsius, *s.now), nil }

// BenchmarkStepperWeek is the cost of a sample averaged over a week of a room with a panel under a program, and of the same
// samples in a zone that learns and does not look ahead, and in one with two outputs, which does neither.
func BenchmarkStepperWeek(b *testing.B) {
	week := panelWeek(b)
	for _, row := range []struct {
		name string
		law  Law
		two  bool
	}{{"learns nothing", LawHysteresis, true}, {"learns", LawHysteresis, false}, {"foresees", LawForesee, false}} {
		b.Run(row.name, func(b *testing.B) {
			var now time.Time
			var s *Stepper
			sensor := &shown{now: &now}
			b.ReportAllocs()
			began := processor()
			defer func() { b.ReportMetric(float64(processor()-began)/float64(b.N), "processor-ns/op") }()
			for i := 0; b.Loop(); i++ {
				n := i % len(week)
				if n == 0 {
					now = weekBegins
					z := &Zone{Params: weekParams(row.law), Sensor: sensor, Heater: deafRelay{}, Plan: twoDay(21, 17)}
					if row.two {
						z.Params.Cooler, z.Cooler = true, deafRelay{}
					}
					s = NewStepper(z, warmer, now)
				}
				now = now.Add(5 * time.Second)
				sensor.celsius = week[n]
				s.Tick(now)
			}
		})
	}
}

// processor is the time of the processor that this process has had: what others take of the machine is not in it.
func processor() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // it knows no error
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestWhatAZoneKnowsOfItsRoomTakesFourKiB: beside the rest of it, also of 10,000 zones.
func TestWhatAZoneKnowsOfItsRoomTakesFourKiB(t *testing.T) {
	if most := uintptr(4096); unsafe.Sizeof(Foresight{})+unsafe.Sizeof(Foreseen{}) > most {
		t.Errorf("%d bytes and %d", unsafe.Sizeof(Foresight{}), unsafe.Sizeof(Foreseen{}))
	}
}

// exactRoom is a room of sums and rounded products alone, which is the same on every machine.
type exactRoom struct {
	air, wall, body, outdoor float64
	heat, cool               float64
	noise                    uint64
}

func (r *exactRoom) Heat(on bool) { r.heat = oneIf(on) }
func (r *exactRoom) Cool(on bool) { r.cool = oneIf(on) }

func oneIf(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// Advance makes one step, of half a minute whatever is told.
func (r *exactRoom) Advance(time.Duration) {
	const h = 30 / 3600.
	r.outdoor += float64(float64(float64((r.noise>>40)&1023)/1023-0.5) * 0.02)
	r.body += float64((r.heat - r.cool - r.body) * (h / (20 / 60.)))
	air := float64(6*r.body) - float64(0.5*(r.air-r.wall)) - float64(0.1*(r.air-r.outdoor))
	r.wall += float64((r.air - r.wall) * (h / 6))
	r.air += float64(air * h)
	r.noise = r.noise*6364136223846793005 + 1442695040888963407
}

func (r *exactRoom) Sensed() float64 { return r.air }

// shown is in steps of 1/16 K, with noise.
func (r *exactRoom) shown(celsius float64) float64 {
	return math.Round(16*(celsius+float64(float64((r.noise>>50)&255)*(0.06/255)))) / 16
}

// goldenWeek is the sum of all that a zone with a heater and one with a cooler have learned and decided in a week; a change of
// the law, of what is learned or of this room makes another one.
const goldenWeek = 0xbb06ff927819505a

// TestAWeekHasTheSameBitsOnEveryMachine: all numbers of the model, and all decisions.
func TestAWeekHasTheSameBitsOnEveryMachine(t *testing.T) {
	sum := fnv.New64a()
	for _, cools := range []bool{false, true} {
		if looks := exactWeek(sum, cools); looks < 0.5 {
			t.Errorf("a zone that cools (%v) looks ahead in %.2f of the week: the sum says little", cools, looks)
		}
	}
	if is := sum.Sum64(); is != goldenWeek {
		t.Errorf("the week's sum is %#x, want %#x", is, uint64(goldenWeek))
	}
}

// exactWeek lives the week, and tells in which share of it the zone looked ahead.
func exactWeek(sum hash.Hash64, cools bool) float64 {
	r := &exactRoom{air: 19, wall: 18, outdoor: 2, noise: 1}
	l := &lived{now: weekBegins, room: r, shows: r.shown}
	var f Foreseen
	z := &Zone{
		Params: weekParams(LawForesee), Sensor: l, Heater: heats1{l}, Plan: twoDay(21, 17),
		Observe: func(s Snapshot) { f = s.Foresight },
	}
	z.Params.Sample, z.Params.StaleAfter = 30*time.Second, 5*time.Minute // QEMU computes it, too
	sp := warmer
	if cools {
		r.air, r.wall, r.outdoor = 24, 25, 32
		z.Heater, z.Cooler, z.Params.Heater, z.Params.Cooler = nil, cools1{l}, false, true
		z.Plan, sp.Mode = twoDay(23, 26), ModeCool
	}
	s := NewStepper(z, sp, weekBegins)
	steps, looks := 0, 0
	for now := weekBegins; now.Sub(weekBegins) < 7*24*time.Hour; steps++ {
		now = now.Add(z.Params.Sample)
		l.at(now)
		s.Tick(now)
		st := s.State()
		if f.Looks {
			looks++
		}
		fmt.Fprint(sum, st.Heater.On, st.Cooler.On, st.Reason, f.Looks)
		if steps%8 != 0 {
			continue
		}
		m := &f.Model
		for _, x := range []float64{
			m.Lag, m.Gain, m.Loss, m.Emitted, m.Shadow, m.Drift, m.Band, m.Peak, m.Trough, m.Late, m.Least, f.Starts,
			m.Highest(f.Ask.Celsius), m.Lowest(f.Ask.Celsius), m.Reaches(f.Ask.Celsius, f.Ask.Celsius+3, foresee.Horizon),
		} {
			_ = binary.Write(sum, binary.LittleEndian, math.Float64bits(x))
		}
	}
	sum.Write(z.Foresight().Kept())
	return float64(looks) / float64(steps)
}

// TestNoProductIsFusedWithASum: a processor that rounds both at once would decide otherwise than the others.
// The compiler says where it makes it do so.
func TestNoProductIsFusedWithASum(t *testing.T) {
	build := exec.CommandContext(t.Context(), "go", "build", "-gcflags=thermostat/controlloop/...=-S", "./...")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	text, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	all := regexp.MustCompile(`\(([^()]+\.go:\d+)\)\s+(FN?M(?:ADD|SUB)[SD]|FMULD)\b`).FindAllSubmatch(text, -1)
	products := 0
	for _, one := range all {
		if string(one[2]) == "FMULD" {
			products++
			continue
		}
		t.Errorf("%s: %s: write float64(a*b) before it is added to", one[1], one[2])
	}
	if products < 100 {
		t.Errorf("only %d products are seen: the test says nothing", products)
	}
}

// TestOtherMachinesHaveTheSameWeek runs [TestAWeekHasTheSameBitsOnEveryMachine] on processors that fuse
// a product with a sum, and on one of 32 bits. QEMU computes their instructions.
func TestOtherMachinesHaveTheSameWeek(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs two other machines' tests, half a minute")
	}
	for _, row := range []struct{ machine, arch string }{{"aarch64", "arm64"}, {"arm", "arm"}} {
		t.Run(row.arch, func(t *testing.T) {
			t.Parallel()
			qemu, err := exec.LookPath("qemu-" + row.machine + "-static")
			if err != nil && os.Getenv("THERMOSTAT_CI") != "" {
				t.Fatalf("qemu-%s-static is missing, and CI must have it", row.machine)
			} else if err != nil {
				t.Skipf("qemu-%s-static is not installed (Debian: qemu-user-static)", row.machine)
			}
			program := filepath.Join(t.TempDir(), "week.test")
			build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, ".")
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+row.arch, "CGO_ENABLED=0")
			if text, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			week := exec.CommandContext(t.Context(), qemu, program, "-test.v", "-test.run", "^TestAWeekHasTheSameBitsOnEveryMachine$")
			if text, err := week.CombinedOutput(); err != nil || !strings.Contains(string(text), "--- PASS: TestAWeekHasTheSameBits") {
				t.Errorf("on %s: %v\n%s", row.arch, err, text)
			}
		})
	}
}
