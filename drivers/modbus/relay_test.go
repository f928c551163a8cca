package modbus_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/drivers/modbus"
	"thermostat/drivers/modbus/model"
)

const lease = 30 * time.Second

// rig is boards on a line and an agent on it.
type rig struct {
	*modbus.Line
	boards []*model.Board

	mu   sync.Mutex
	ends []net.Conn
	gone bool // the port
}

func newRig(boards ...*model.Board) *rig {
	r := &rig{boards: boards}
	r.Line = modbus.NewLine(9600, r.dial)
	return r
}

// dial is the port, opened anew.
func (r *rig) dial() (modbus.Port, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return nil, errors.New("no such port")
	}
	ours, theirs := net.Pipe()
	r.ends = append(r.ends, ours, theirs)
	go model.Share(theirs, r.boards...)
	return ours, nil
}

// unplug takes the port away, as a kill does: nothing more is said on it.
func (r *rig) unplug() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	for _, c := range r.ends {
		_ = c.Close()
	}
}

// relay gives a relay of a rig that ends with the test.
func relay(t *testing.T, s modbus.Spec, boards ...*model.Board) *modbus.Relay {
	rig := newRig(boards...)
	relay := rig.Relay(s)
	t.Cleanup(func() { rig.unplug(); _ = relay.Close() })
	return relay
}

func spec(coil int) modbus.Spec {
	s := modbus.Default()
	s.Port, s.Coil, s.Lease, s.Sample, s.MinOff = "/dev/ttyUSB0", coil, lease, 5*time.Second, time.Minute
	return s
}

// demand is a zone that says the same at each sample, and gives the last error.
func demand(r *modbus.Relay, on bool, samples int) (err error) {
	for range samples {
		err = r.Set(on)
		time.Sleep(5 * time.Second)
	}
	return errors.Join(err, r.Set(on))
}

func says(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("the relay says %v, want a word on %q", err, words)
	}
}

func TestALeaseIsRenewedWhileItIsDemandedAndEndsWithTheDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		relay := relay(t, spec(2), board)
		for range 60 {
			if err := demand(relay, true, 1); err != nil || !board.Closed(2) {
				t.Fatalf("closed %v, %v", board.Closed(2), err)
			}
		}
		if n := board.Commands(); n < 30 || n > 32 {
			t.Errorf("%d commands in 5 minutes with a third of 30 s each", n)
		}
		if err := demand(relay, false, 1); err != nil || board.Closed(2) {
			t.Errorf("after an Off it is closed: %v, %v", board.Closed(2), err)
		}
		if yes := relay.LetsGo(); yes == nil || !*yes {
			t.Error("a lease that was seen to end is not told")
		}
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAZoneThatHangsRenewsNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		relay := relay(t, spec(0), board)
		_ = demand(relay, true, 4)
		time.Sleep(30 * time.Second)
		if board.Closed(0) {
			t.Error("closed 30 s after the last demand, which came every 5 s")
		}
		says(t, relay.Set(true), "its zone asked for nothing, and rests until")
	})
}

// TestNoAnswerClosesAContactNorConfirmsOne: what is silent, garbled, too late, another
// unit's or our own word given back is a fault, and no command is made of it.
func TestNoAnswerClosesAContactNorConfirmsOne(t *testing.T) {
	always := func() bool { return true }
	for name, fault := range map[string]model.Faults{
		"silent":   {Silent: true},
		"garbled":  {Garbled: always},
		"late":     {Late: 400 * time.Millisecond},
		"too late": {Late: 1300 * time.Millisecond},
		"foreign":  {Foreign: true},
		"loopback": {Loopback: true, Silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := model.New(1)
				relay := relay(t, spec(0), board)
				board.Set(fault)
				time.Sleep(time.Minute)
				for range 100 {
					if relay.Set(false) == nil {
						t.Error("an Off that nobody confirmed is known")
					}
					time.Sleep(time.Second)
				}
				if board.Commands() > 0 {
					t.Error("an answer made an On of an Off")
				}
				if demand(relay, true, 2) == nil {
					t.Error("an On that nobody confirmed is known")
				}
				_ = relay.Set(false)
				board.Set(model.Faults{})
				if err := demand(relay, true, 3); err != nil || !board.Closed(0) {
					t.Errorf("once all is well: closed %v, %v", board.Closed(0), err)
				}
				board.Set(fault)
				if demand(relay, false, 2) == nil {
					t.Error("an Off that nobody confirmed is known")
				}
				heard := board.Commands()
				time.Sleep(lease)
				if board.Closed(0) || board.Commands() > heard {
					t.Errorf("closed %v, %d Ons after the Off", board.Closed(0), board.Commands()-heard)
				}
				says(t, relay.Close(), "could not be told to go off, and it lets go by itself 30s after its last On")
			})
		})
	}
}

func TestALostFrameNowAndThenIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		luck := rand.New(rand.NewPCG(1, 1))
		board.Set(model.Faults{Garbled: func() bool { return luck.IntN(200) == 0 }})
		relay := relay(t, spec(0), board)
		_ = demand(relay, true, 2)
		for range 500 {
			if err := demand(relay, true, 1); err != nil || !board.Closed(0) {
				t.Fatalf("closed %v, %v", board.Closed(0), err)
			}
		}
	})
}

func TestABoardWithoutFlashOnIsRefusedUnlessNoLeaseIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		board.Set(model.Faults{NoFlash: true})
		line := newRig(board)
		relay, plain := line.Relay(spec(0)), spec(1)
		plain.Lease = 0
		without := line.Relay(plain)
		says(t, demand(relay, true, 2), "write lease: 0s")
		if board.Closed(0) {
			t.Error("a board without a lease was closed")
		}
		if err := demand(without, true, 20); err != nil || !board.Closed(1) {
			t.Errorf("without a lease: closed %v, %v", board.Closed(1), err)
		}
		if no := without.LetsGo(); no == nil || *no {
			t.Error("a relay without a lease is told to let go")
		}
		if err := errors.Join(relay.Close(), without.Close()); err != nil {
			t.Error(err)
		}
		if board.Closed(1) {
			t.Error("closed after the end")
		}
	})
}

func TestABoardWhoseLeaseDoesNotEndIsOpenedAndNotClosedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		board.Set(model.Faults{Forever: true})
		relay := relay(t, spec(0), board)
		time.Sleep(time.Minute) // the first exchanges are over
		if err := demand(relay, true, 10); err != nil || relay.LetsGo() != nil {
			t.Errorf("before its first Off: %v, lets go %v", err, relay.LetsGo())
		}
		if err := demand(relay, false, 1); err != nil || board.Closed(0) {
			t.Errorf("told off: closed %v, %v", board.Closed(0), err)
		}
		heard := board.Commands()
		says(t, demand(relay, true, 60), "so it has no lease")
		if no := relay.LetsGo(); board.Commands() > heard || no == nil || *no {
			t.Error("closed again")
		}
	})
}

func TestAContactThatOpenedByItselfRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		relay := relay(t, spec(0), board)
		_ = demand(relay, true, 4)
		board.Power(false)
		time.Sleep(time.Second)
		board.Power(true)
		says(t, demand(relay, true, 3), "it went off by itself, and rests until")
		if board.Closed(0) {
			t.Error("closed within its rest")
		}
		if err := demand(relay, true, 13); err != nil || !board.Closed(0) {
			t.Errorf("after its rest: closed %v, %v", board.Closed(0), err)
		}
		board.Set(model.Faults{Silent: true}) // its lease ends unheard
		says(t, demand(relay, true, 10), "no answer")
		board.Set(model.Faults{})
		says(t, demand(relay, true, 3), "it went off by itself, and rests until")
	})
}

// TestALeaseThatIsAboutToEndIsNotRenewed: a contact that opens for a moment would be a short
// cycle of a compressor.
func TestALeaseThatIsAboutToEndIsNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		line := newRig(board)
		relay, other := line.Relay(spec(0)), line.Relay(spec(1))
		t.Cleanup(func() { line.unplug(); _, _ = relay.Close(), other.Close() })
		_ = demand(relay, true, 4)
		for heard := board.Commands(); board.Commands() == heard; time.Sleep(10 * time.Millisecond) {
			_ = relay.Set(true)
		}
		renewed := time.Now()
		board.Set(model.Faults{Silent: true})
		for time.Since(renewed) < lease-950*time.Millisecond {
			_ = relay.Set(true)
			time.Sleep(10 * time.Millisecond)
		}
		board.Set(model.Faults{})
		_ = other.Set(true) // which is told at once, so that the unit is heard again
		time.Sleep(3 * time.Second)
		says(t, relay.Set(true), ", and rests until")
		if board.Closed(0) || !board.Closed(1) {
			t.Errorf("closed %v, the other %v", board.Closed(0), board.Closed(1))
		}
	})
}

func TestAContactThatAHandClosedIsOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		relay := relay(t, spec(0), board)
		_ = demand(relay, false, 4)
		board.Force(0, true)
		_ = demand(relay, false, 3)
		if board.Closed(0) {
			t.Error("it is closed, and nobody demands that")
		}
	})
}

func TestADeadBoardCostsTheOthersNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, board := model.New(1), model.New(2)
		dead.Set(model.Faults{Silent: true})
		line := newRig(dead, board)
		for coil := range 8 {
			relay := line.Relay(spec(coil))
			t.Cleanup(func() { _ = relay.Close() })
			_ = relay.Set(true)
		}
		s := spec(0)
		s.Unit, s.Lease = 2, modbus.MinLease
		relay := line.Relay(s)
		t.Cleanup(func() { _ = relay.Close() })
		_ = demand(relay, true, 2)
		for range 100 {
			if err := demand(relay, true, 1); err != nil || !board.Closed(0) {
				t.Fatalf("closed %v, %v", board.Closed(0), err)
			}
		}
	})
}

func TestEachRelayOfADeadBoardIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := model.New(1)
		line := newRig(board)
		var relays []*modbus.Relay
		for coil := range 8 {
			relay := line.Relay(spec(coil))
			t.Cleanup(func() { _ = relay.Close() })
			relays = append(relays, relay)
		}
		all := func() (known int) {
			for range 8 {
				known = 0
				for _, r := range relays {
					if r.Set(true) == nil {
						known++
					}
				}
				time.Sleep(5 * time.Second)
			}
			return known
		}
		if n := all(); n != 8 {
			t.Errorf("%d of 8 are on", n)
		}
		board.Power(false)
		if n := all(); n != 0 {
			t.Errorf("%d of 8 relays of a dead board are known", n)
		}
	})
}

// stuck is a port whose writes never end before their deadline.
type stuck struct{ net.Conn }

func (stuck) Write([]byte) (int, error) { select {} }

func TestSetWaitsForNoWire(t *testing.T) {
	ours, _ := net.Pipe()
	relay := modbus.NewLine(9600, func() (modbus.Port, error) { return stuck{ours}, nil }).Relay(spec(0))
	for range 1000 {
		_ = relay.Set(true)
		_ = relay.Set(false)
	}
}

// TestWhateverDiesTheContactOpensWithinItsLease lives many days of agents, `off` and boards
// that end in every order, with answers that are late, garbled, foreign or missing. A witness
// at the contact holds that it is closed only while somebody demands that, or demanded it
// within the lease.
func TestWhateverDiesTheContactOpensWithinItsLease(t *testing.T) {
	lives := 300
	if testing.Short() {
		lives = 40
	}
	closed := 0
	for seed := range uint64(lives) {
		synctest.Test(t, func(t *testing.T) {
			l := &life{t: t, board: model.New(1), luck: rand.New(rand.NewPCG(seed, 5)), seed: seed}
			l.live()
			closed += l.closed
		})
	}
	if closed < 100*lives {
		t.Errorf("%d looks at a closed contact in %d lives: too few to prove anything", closed, lives)
	}
}

type life struct {
	t      *testing.T
	board  *model.Board
	luck   *rand.Rand
	seed   uint64
	rig    *rig          // of the agent
	relay  *modbus.Relay // of the agent; nil: none runs
	on     bool          // its demand
	wanted time.Time     // when an agent demanded On last
	course []string
	closed int // looks at which it was closed
}

func (l *life) live() {
	for range 60 {
		l.event()
		for range l.luck.IntN(150) {
			l.look()
			time.Sleep(200 * time.Millisecond)
		}
	}
	l.board.Set(model.Faults{})
	l.kill()
	time.Sleep(lease)
	l.look()
}

// look is the zone's tick and the witness's.
func (l *life) look() {
	if l.relay != nil {
		_ = l.relay.Set(l.on)
		if l.on {
			l.wanted = time.Now()
		}
	}
	if !l.board.Closed(0) {
		return
	}
	l.closed++
	if time.Since(l.wanted) > lease {
		l.t.Fatalf("life %d: closed %v after the last demand: %s", l.seed, time.Since(l.wanted), strings.Join(l.course, ", "))
	}
}

func (l *life) kill() {
	if l.relay == nil {
		return
	}
	l.rig.unplug()
	go l.relay.Close() // in vain: its port is gone
	l.relay = nil
}

func (l *life) event() {
	what := l.luck.IntN(11)
	l.course = append(l.course, fmt.Sprint(what))
	switch what {
	case 0:
		l.kill()
	case 1, 2, 3, 4:
		if l.relay == nil {
			l.rig = newRig(l.board)
			l.relay = l.rig.Relay(spec(0))
		}
		l.on = what != 4
	case 5: // off, which needs the port
		if l.relay == nil {
			_ = newRig(l.board).Relay(spec(0)).Close()
		}
	case 6:
		l.board.Power(l.luck.IntN(2) == 0)
	case 7, 8:
		l.board.Set(model.Faults{})
	case 9:
		l.board.Set(model.Faults{Late: time.Duration(l.luck.IntN(2000)) * time.Millisecond, Foreign: l.luck.IntN(3) == 0})
	case 10:
		luck := rand.New(rand.NewPCG(l.luck.Uint64(), 1))
		l.board.Set(model.Faults{Silent: l.luck.IntN(3) == 0, Garbled: func() bool { return luck.IntN(4) == 0 }})
	}
}
