package service

import (
	"fmt"
	"math"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/controlloop"
	"thermostat/controlloop/clocktest"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
)

// bootsWeek is that of the boots below, on the clocks of London in winter.
const bootsWeek = "06:00 21, 09:00 18.5, 17:00 20.5, 22:00 17"

// shownOf is what the week says when the wall clock shows a time: the test's own table.
func shownOf(wall time.Time) float64 {
	switch h := wall.UTC().Hour(); {
	case 6 <= h && h < 9:
		return 21
	case 9 <= h && h < 17:
		return 18.5
	case 17 <= h && h < 22:
		return 20.5
	}
	return 17
}

// life is a machine with its clocks, from a start on.
type life struct {
	name     string
	wall     time.Time // at the start
	rtc      time.Time // from which the kernel set it; zero: from none
	synced   *bool
	unsynced comfort.Unsynced // last, if empty
	last     string           // what the program said before the start
	said     controlloop.Setpoint
	happens  []happens
	aims     []aims
	faults   [][2]time.Duration // from and until when the program is told not to step
}

// happens is what becomes of the clocks, so long after the start.
type happens struct {
	after    time.Duration
	set      time.Time     // what the wall clock is set to; zero: to nothing
	by       time.Duration // and by how much
	synced   *bool         // what the kernel says from now on; nil: as before
	restarts bool          // the agent
	boots    bool          // the machine, whose clock then shows 1970
}

// aims is what the zone aims at from then on; 0: what the week says of the time.
type aims struct {
	after   time.Duration
	celsius float64
}

func minutes(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

var (
	atSeven = time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC)
	dark    = time.Unix(0, 0)
	inAuto  = controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 1, DownDelta: 1, Source: "page"}
)

// holds is a temperature that was said at the start, for a while or until a moment; with
// neither, until the next transition.
func holds(celsius float64, lasts time.Duration, until time.Time) controlloop.Setpoint {
	sp := inAuto
	sp.Desired, sp.For, sp.Until = celsius, lasts, until
	return sp
}

var lives = []life{
	{name: "1970, and a time server after three minutes", wall: dark, synced: &no, last: "17", said: inAuto,
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 17}, {minutes(3), 0}}},
	{name: "the same, of which nobody remembers a transition", wall: dark, synced: &no, said: inAuto,
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 16}, {minutes(3), 0}}},
	{name: "the same, program_unsynced: default", wall: dark, synced: &no, last: "17", unsynced: comfort.Stated, said: inAuto,
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 16}, {minutes(3), 0}}},
	{name: "the same, program_unsynced: follow", wall: dark, synced: &no, last: "17", unsynced: comfort.Follow, said: inAuto,
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 0}}},
	{name: "1970, and never a time server", wall: dark, synced: &no, last: "20.5", said: inAuto,
		aims: []aims{{0, 20.5}}, faults: [][2]time.Duration{{minutes(10), 1000 * time.Hour}}},
	{name: "1970, a time server after three minutes, and a boost of an hour", wall: dark, synced: &no, last: "17", said: holds(23, time.Hour, time.Time{}),
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 23}, {minutes(60), 0}}},
	{name: "1970, and a hold until the next transition, which is known once the clock is", wall: dark, synced: &no, last: "17", said: holds(22, 0, time.Time{}),
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 22}, {minutes(3 + 120), 0}}},
	{name: "1970, and such a hold, and never a time server", wall: dark, synced: &no, last: "17", said: holds(22, 0, time.Time{}),
		aims: []aims{{0, 22}, {minutes(240), 17}}, faults: [][2]time.Duration{{minutes(10), 1000 * time.Hour}}},
	{name: "1970, and a hold until eight, which is judged once the clock is right", wall: dark, synced: &no, last: "17", said: holds(22, 0, atSeven.Add(time.Hour)),
		happens: []happens{{after: minutes(30), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 22}, {minutes(90), 0}}, faults: [][2]time.Duration{{minutes(10), minutes(30)}}},
	{name: "1970, and such a hold, and never a time server: it counts four hours", wall: dark, synced: &no, last: "17", said: holds(22, 0, atSeven.Add(time.Hour)),
		aims: []aims{{0, 22}, {minutes(240), 17}}, faults: [][2]time.Duration{{minutes(10), 1000 * time.Hour}}},
	{name: "1970, and a hold until a moment that was over long before", wall: dark, synced: &no, last: "17", said: holds(22, 0, atSeven.Add(-time.Hour)),
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 22}, {minutes(3), 0}}},
	{name: "a clock that ran on while the board was off", wall: atSeven, rtc: atSeven, synced: &no, said: inAuto,
		aims: []aims{{0, 0}}},
	{name: "one that lost its power and shows 2000", wall: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), rtc: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), synced: &no, last: "18.5", said: inAuto,
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 18.5}, {minutes(3), 0}}},
	{name: "the same, and the system goes on from where it stopped", wall: atSeven.Add(-8 * time.Hour), rtc: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), synced: &no, last: "18.5", said: inAuto,
		happens: []happens{{after: minutes(3), set: atSeven, synced: &yes}},
		aims:    []aims{{0, 18.5}, {minutes(3), 0}}},
	{name: "a clock that is right, and nobody vouches for it", wall: atSeven, synced: &no, last: "17", said: inAuto,
		aims: []aims{{0, 17}}, faults: [][2]time.Duration{{minutes(10), 1000 * time.Hour}}},
	{name: "set by a time server by an hour, forwards and back", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(200), by: time.Hour}, {after: minutes(600), by: -time.Hour}},
		aims:    []aims{{0, 0}}},
	{name: "set by hand by an hour", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(60), synced: &no}, {after: minutes(100), by: time.Hour}, {after: minutes(160), by: -time.Hour}, {after: minutes(400), synced: &yes}},
		aims:    []aims{{0, 0}, {minutes(100), 21}, {minutes(400), 0}}, faults: [][2]time.Duration{{minutes(110), minutes(400)}}},
	{name: "the same, and the agent restarts before a time server sets it right", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(60), synced: &no}, {after: minutes(100), by: time.Hour}, {after: minutes(160), restarts: true}, {after: minutes(400), synced: &yes}, {after: minutes(500), synced: &no}, {after: minutes(600), restarts: true}},
		aims:    []aims{{0, 0}, {minutes(100), 21}, {minutes(400), 0}}, faults: [][2]time.Duration{{minutes(110), minutes(160)}, {minutes(170), minutes(400)}}},
	{name: "the same, of a clock that ran on while the board was off", wall: atSeven, rtc: atSeven, synced: &no, said: inAuto,
		happens: []happens{{after: minutes(100), by: time.Hour}, {after: minutes(160), restarts: true}},
		aims:    []aims{{0, 0}, {minutes(100), 21}}, faults: [][2]time.Duration{{minutes(110), minutes(160)}, {minutes(170), 1000 * time.Hour}}},
	{name: "set by hand by four minutes", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(60), synced: &no}, {after: minutes(100), by: 4 * time.Minute}, {after: minutes(300), by: -4 * time.Minute}},
		aims:    []aims{{0, 0}}},
	{name: "set by a time server by ten years, forwards and back", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(100), set: atSeven.AddDate(10, 0, 0)}, {after: minutes(700), set: atSeven.Add(minutes(700))}},
		aims:    []aims{{0, 0}}},
	{name: "set by hand by ten years", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(60), synced: &no}, {after: minutes(130), by: 87_660 * time.Hour}},
		aims:    []aims{{0, 0}, {minutes(130), 18.5}}, faults: [][2]time.Duration{{minutes(140), 1000 * time.Hour}}},
	{name: "set to a time before this program was written, by whomever", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(130), by: -87_660 * time.Hour}, {after: minutes(500), by: 87_660 * time.Hour}},
		aims:    []aims{{0, 0}, {minutes(130), 18.5}, {minutes(500), 0}}, faults: [][2]time.Duration{{minutes(140), minutes(500)}}},
	{name: "ten years on by a time server, in a boost of three hours", wall: atSeven, synced: &yes, said: holds(23, 3*time.Hour, atSeven.Add(3*time.Hour)),
		happens: []happens{{after: minutes(30), set: atSeven.AddDate(10, 0, 0)}},
		aims:    []aims{{0, 23}, {minutes(30), 0}}},
	{name: "ten years back by hand, in a boost of three hours", wall: atSeven, synced: &yes, said: holds(23, 3*time.Hour, atSeven.Add(3*time.Hour)),
		happens: []happens{{after: minutes(10), synced: &no}, {after: minutes(30), by: -87_660 * time.Hour}},
		aims:    []aims{{0, 23}, {minutes(180), 21}}, faults: [][2]time.Duration{{minutes(40), 1000 * time.Hour}}},
	{name: "a night and a day without internet", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(15 * 60), synced: &no}},
		aims:    []aims{{0, 0}}},
	{name: "the same, and the agent restarts in the night", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(15 * 60), synced: &no}, {after: minutes(18*60 + 11), restarts: true}},
		aims:    []aims{{0, 0}}},
	{name: "the same, and then the power fails", wall: atSeven, synced: &yes, said: inAuto,
		happens: []happens{{after: minutes(15 * 60), synced: &no}, {after: minutes(18*60 + 11), restarts: true, boots: true}},
		aims:    []aims{{0, 0}, {minutes(18*60 + 11), 17}}, faults: [][2]time.Duration{{minutes(18*60 + 21), 1000 * time.Hour}}},
}

// TestTheTargetIsRightMinuteByMinuteWhateverTheClocksDo: boots without a clock, clocks
// without power, clocks that are set by whomever, nights without internet: at each minute
// of a day and a half the zone aims at what docs/comfort.md says, and the fault stands
// while the program has not stepped for ten minutes.
func TestTheTargetIsRightMinuteByMinuteWhateverTheClocksDo(t *testing.T) {
	for _, l := range lives {
		t.Run(l.name, func(t *testing.T) {
			b := &board{wall: l.wall, synced: l.synced, rtc: l.rtc}
			h := &home{life: l, board: b}
			h.starts(false)
			h.said.Accepted = clocktest.Shown(0, b.wall)
			for after := time.Duration(0); after < 36*time.Hour; after += time.Minute {
				h.clocks(after)
				if wrong := h.minute(after); wrong != "" {
					t.Fatalf("after %v, at %v: %s", after, b.wall.UTC().Format(time.DateTime), wrong)
				}
				b.after(time.Minute)
			}
		})
	}
}

// home is a zone on such a machine.
type home struct {
	life
	*board
	planner *Planner
	could   bool // the clock could be followed, in this boot
}

// starts makes the agent anew, with what it kept on disk.
func (h *home) starts(sameBoot bool) {
	last := h.last
	followed, spoilt := false, false
	if h.planner != nil {
		last = h.planner.Last()
	}
	if h.could = h.could && sameBoot; h.could { // what the disk keeps
		followed = h.planner.Trust.Followed()
		spoilt = !followed
	}
	week, err := program.Parse(bootsWeek)
	if err != nil {
		panic(err) // it is above
	}
	h.planner = &Planner{
		Law:   controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35},
		Trust: h.trust(), Alarms: controlloop.NewAlarms(),
	}
	plan := comfort.Plan{
		Calendar: program.Calendar{Week: week, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: 12 * time.Hour, Unsynced: comfort.Last,
		Default: controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 16, UpDelta: 1, DownDelta: 1, Source: "config"},
	}
	if h.unsynced != "" {
		plan.Unsynced = h.unsynced
	}
	h.planner.Follow(plan)
	h.planner.Trust.Before, h.planner.Trust.Spoilt = followed, spoilt
	h.planner.Recall(last, comfort.Learned{})
}

// clocks does what happens to them now.
func (h *home) clocks(after time.Duration) {
	for _, e := range h.happens {
		if e.after != after {
			continue
		}
		if e.boots {
			h.board.wall, h.boot, h.board.rtc = dark, 0, time.Time{}
		}
		if !e.set.IsZero() {
			h.board.wall = e.set
		}
		if h.board.wall = h.board.wall.Add(e.by); e.synced != nil {
			h.board.synced = e.synced
		}
		if e.restarts {
			h.starts(!e.boots)
		}
	}
}

// minute says what is wrong now; empty: nothing.
func (h *home) minute(after time.Duration) string {
	now := clocktest.Shown(after, h.board.wall)
	got := h.planner.Target(h.said, controlloop.Look{Now: now}).Setpoint.Desired
	want := shownOf(h.board.wall)
	for _, a := range h.aims {
		if a.after <= after {
			if want = a.celsius; want == 0 {
				want = shownOf(h.board.wall)
			}
		}
	}
	if got != want {
		return fmt.Sprintf("aims at %v, want %v", got, want)
	}
	h.could = h.could || h.planner.Trust.Followed()
	told := h.faulty(now)
	for _, f := range h.faults {
		if f[0] <= after && after < f[1] {
			if !told {
				return "does not tell that the program does not step"
			}
			return ""
		}
	}
	if told {
		return "tells that the program does not step"
	}
	return ""
}

// faulty reports whether a zone shows the fault of the clock.
func (h *home) faulty(now time.Time) (told bool) {
	z := &controlloop.Zone{
		Params: controlloop.Params{Heater: true, HeatCutout: 35, PlausibleMax: 70, MaxRate: 100, Sample: time.Second, StaleAfter: time.Minute},
		Sensor: clitest.Steady(15), Heater: clitest.Obedient{}, Alarms: h.planner.Alarms,
		Observe: func(s controlloop.Snapshot) {
			for _, f := range s.Faults {
				told = told || f.Name == controlloop.FaultClock
			}
		},
	}
	controlloop.NewStepper(z, h.said, now)
	return told
}
