package scenarios

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/board"
)

// A stopped agent holds its lines whatever the room does. What systemd's
// watchdog does then, SIGKILL and ExecStopPost, ends the heat on both kernels.
func TestTheWatchdogEndsTheHeatOfAStoppedAgent(t *testing.T) {
	t.Parallel()
	for _, persist := range []bool{false, true} {
		t.Run(fmt.Sprintf("persist=%v", persist), func(t *testing.T) {
			r, p := heating(t, persist)
			if err := p.Signal(r.ctx(), syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			r.weather.Set(30, 45, 101325)
			time.Sleep(3 * sample)
			if !r.GPIO.Wire(highLine) || r.GPIO.Wire(lowLine) {
				t.Fatal("the agent is not stopped")
			}
			r.end(p, syscall.SIGKILL)
			if got := r.thermostat("off"); got.Exit != 0 {
				t.Errorf("off: %+v", got)
			}
			r.bothOff("after the watchdog")
		})
	}
}

// The wall clock jumps by years while the agent heats and rests: no switch
// comes of it, no reading grows old, no fault is told, and both still follow
// the room.
func TestAClockThatJumpsSwitchesNothing(t *testing.T) {
	t.Parallel()
	r, b := newRig(t, board.Options{Network: true}), newBroker(t)
	r.config(b.onBroker(house(nervous(zone("bath", bme, highRelay, warm)))))
	r.start()
	r.wire(highLine, true)
	for i, year := range []int{2055, 1971, 2037, 1999} {
		heats := i%2 == 0
		if err := r.SetClock(r.ctx(), time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		seen := len(b.numbers())
		eventually(t, "more readings than stale_after has", func() bool { return len(b.numbers()) > seen+int(staleAfter/sample)+1 })
		if s := b.last("bath"); len(s.Faults) > 0 || s.Sensor != "ok" || r.GPIO.Wire(highLine) != heats {
			t.Errorf("in %d: wire %v, %+v", year, r.GPIO.Wire(highLine), s)
		}
		r.changes(highLine, i+1)
		if heats {
			r.weather.Set(22, 45, 101325)
		} else {
			r.weather.Set(20, 45, 101325)
		}
		r.wire(highLine, !heats)
	}
	r.changes(highLine, 5)
}
