package service

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config/plant"
	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
)

// testRelay blocks, or fails, from the moment it is told to.
type testRelay struct {
	mu    sync.Mutex
	block chan struct{}
	fails error
	sets  int
}

func (r *testRelay) Set(bool) error {
	r.mu.Lock()
	block, err := r.block, r.fails
	r.sets++
	r.mu.Unlock()
	if block != nil {
		<-block
	}
	return err
}

func (r *testRelay) tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets
}

func (r *testRelay) breaks(block chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.block, r.fails = block, err
}

// twoZones run under a heartbeat with a watchdog of 30 s: hall, whose relay the
// test has in hand, and bath.
func twoZones(t *testing.T) (*clitest.Manager, *testRelay, func() controlloop.Snapshot) {
	m, relay := &clitest.Manager{}, &testRelay{}
	p := plant.Of("electric").Params
	p.Heater = true
	var h *Heartbeat
	var mu sync.Mutex
	var bath controlloop.Snapshot
	var zones []*controlloop.Zone
	for _, name := range []string{"hall", "bath"} {
		zones = append(zones, &controlloop.Zone{
			Name: name, Params: p, Sensor: clitest.Steady(20), Heater: clitest.Obedient{},
			Setpoints: mailbox.New[controlloop.Setpoint](),
			Observe: func(s controlloop.Snapshot) {
				h.Saw(s)
				mu.Lock()
				defer mu.Unlock()
				if name == "bath" {
					bath = s
				}
			},
		})
	}
	zones[0].Heater = relay
	h = NewHeartbeat(zones, 30*time.Second, slog.New(slog.DiscardHandler), m.Send)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); synctest.Wait() })
	go h.Run(ctx)
	synctest.Wait()
	if m.Count("") > 0 {
		t.Errorf("said before the first decision: %q", m.Told)
	}
	holds := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 0.5, DownDelta: 0.5}
	for _, z := range slices.Backward(zones) {
		go z.Run(ctx, holds)
		if synctest.Wait(); z == zones[1] && m.Count("READY=1") > 0 {
			t.Error("ready after the first zone of two")
		}
	}
	return m, relay, func() controlloop.Snapshot {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return bath
	}
}

// TestHeartbeatFeedsWhileZonesTick: twice in the watchdog's time.
func TestHeartbeatFeedsWhileZonesTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, _ := twoZones(t)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n := m.Count("WATCHDOG=1"); n != 21 || m.Count("READY=1") != 1 {
			t.Errorf("fed %d times in 5 minutes: %q", n, m.Told)
		}
		if got := m.LastLine("STATUS="); got != "STATUS=2 zones: hall idle (in_band), bath idle (in_band)" {
			t.Error(got)
		}
	})
}

// TestStuckZoneIsNotFed: a relay whose Set does not return stops the feed three
// periods later, though the other zone goes on; once it returns, it is fed at once.
func TestStuckZoneIsNotFed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, relay, bath := twoZones(t)
		time.Sleep(time.Minute + time.Second) // between two ticks
		synctest.Wait()
		block := make(chan struct{})
		relay.breaks(block, nil)
		time.Sleep(20 * time.Second) // 3 periods of 5 s, and the tick that was under way
		synctest.Wait()
		fed := m.Count("WATCHDOG=1")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := m.Count("WATCHDOG=1"); n != fed {
			t.Errorf("fed %d times while a zone was stuck", n-fed)
		}
		if age := time.Since(bath().Time); age > 5*time.Second {
			t.Errorf("the other zone's last tick was %v ago", age)
		}
		relay.breaks(nil, nil)
		close(block)
		synctest.Wait()
		if n := m.Count("WATCHDOG=1"); n != fed+1 {
			t.Errorf("fed %d times after it came back", n-fed)
		}
	})
}

// TestFailingRelayBlocksNobody: it is a fault, tried at each tick; the other
// zone ticks on and the watchdog is fed.
func TestFailingRelayBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, relay, bath := twoZones(t)
		time.Sleep(time.Minute + time.Second) // between two ticks
		synctest.Wait()
		relay.breaks(nil, errors.New("no such device"))
		before := relay.tries()
		fed := m.Count("WATCHDOG=1")
		time.Sleep(time.Minute)
		last := bath()
		if age := time.Since(last.Time); age > 5*time.Second || len(last.Faults) > 0 {
			t.Errorf("the other zone's last tick was %v ago, faults %v", age, last.Faults)
		}
		if relay.tries()-before < 12 || m.Count("WATCHDOG=1")-fed != 4 {
			t.Errorf("%d tries in 12 ticks, fed %d times", relay.tries()-before, m.Count("WATCHDOG=1")-fed)
		}
		if got := m.LastLine("STATUS="); got != "STATUS=2 zones: hall idle (in_band, fault relay), bath idle (in_band)" {
			t.Error(got)
		}
	})
}

// TestStatusIsNotSaidTooOften: however fast it changes, and the last word counts.
func TestStatusIsNotSaidTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &clitest.Manager{}
		zone := &controlloop.Zone{Name: "hall", Params: plant.Of("electric").Params}
		h := NewHeartbeat([]*controlloop.Zone{zone}, 0, slog.New(slog.DiscardHandler), m.Send)
		ctx, cancel := context.WithCancel(t.Context())
		go h.Run(ctx)
		s := controlloop.Snapshot{Zone: "hall"}
		for i := range 599 {
			s.Time = time.Now()
			s.State.Action = controlloop.ActionIdle
			if s.State.Reason = controlloop.ReasonInBand; i%2 == 1 {
				s.State.Action = controlloop.ActionHeating
			}
			h.Saw(s)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(statusEvery)
		synctest.Wait()
		m.Mu.Lock()
		last := time.Time{}
		for i, l := range m.Told {
			if strings.HasPrefix(l, "STATUS=") {
				if !last.IsZero() && m.At[i].Sub(last) < statusEvery {
					t.Errorf("%v after the one before: %s", m.At[i].Sub(last), l)
				}
				last = m.At[i]
			}
		}
		m.Mu.Unlock()
		if got := m.LastLine("STATUS="); got != "STATUS=1 zone: hall idle (in_band)" || m.Count("WATCHDOG") > 0 {
			t.Errorf("%s; fed %d times without a watchdog", got, m.Count("WATCHDOG"))
		}
		cancel()
		<-h.Done
		if m.LastLine("") != "STATUS=stopping: every relay goes off" || m.Count("STOPPING=1") != 1 {
			t.Errorf("%q", m.Told)
		}
	})
}

// TestWithoutZonesTheWatchdogIsFed: there is nothing to wait for.
func TestWithoutZonesTheWatchdogIsFed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &clitest.Manager{}
		ctx, cancel := context.WithCancel(t.Context())
		h := NewHeartbeat(nil, 20*time.Second, slog.New(slog.DiscardHandler), m.Send)
		go h.Run(ctx)
		time.Sleep(time.Minute + time.Second)
		cancel()
		<-h.Done
		if m.Count("READY=1") != 1 || m.Count("WATCHDOG=1") != 7 || m.Count("STATUS=no zones: run thermostat probe") != 1 {
			t.Errorf("%q", m.Told)
		}
	})
}

func TestTheWatchdogsTimeIsThatOfThisProcessAlone(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"30000000", "", 30 * time.Second}, {"30000000", me, 30 * time.Second}, {"30000000", "1", 0},
		{"", "", 0}, {"0", "", 0}, {"-5", "", 0}, {"soon", "", 0}, {"9223372036854775807", "", 0},
	} {
		env := map[string]string{"WATCHDOG_USEC": c.usec, "WATCHDOG_PID": c.pid}
		if got := WatchdogTime(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestASourceThatTicksNoMoreStarvesTheWatchdog: READY waits for its first tick, too.
func TestASourceThatTicksNoMoreStarvesTheWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &clitest.Manager{}
		h := NewHeartbeat(nil, 30*time.Second, slog.New(slog.DiscardHandler), m.Send)
		h.Watch("boiler", 5*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		defer func() { cancel(); <-h.Done }()
		go h.Run(ctx)
		time.Sleep(time.Minute)
		synctest.Wait()
		if m.Count("READY=1") > 0 || m.Count("WATCHDOG=1") > 0 {
			t.Errorf("told before the first tick: %v", m.Told)
		}
		for range 12 {
			h.Ticked("boiler", time.Now())
			time.Sleep(5 * time.Second)
		}
		synctest.Wait()
		fed := m.Count("WATCHDOG=1")
		if m.Count("READY=1") != 1 || fed < 3 {
			t.Errorf("of a source that ticks was told %v", m.Told)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if now := m.Count("WATCHDOG=1"); now > fed+1 {
			t.Errorf("fed %d times after its last tick", now-fed)
		}
	})
}
