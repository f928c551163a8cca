package boiler

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/service"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/controlloop/source"
)

// watchdog is the unit's WatchdogSec.
const watchdog = 15 * time.Second

// eightRooms is a house of eight rooms, of which the boiler heats two; begun is called before it runs.
func eightRooms(t *testing.T, begun func(*house)) *house {
	h := newHouse(nil)
	for i := range 8 {
		h.add(fmt.Sprint("room", i+1), true)
	}
	begun(h)
	h.run(t)
	time.Sleep(10*minute + time.Second/2) // min_off of the start; what the test does falls between two ticks
	h.warm("room1", 18)
	h.warm("room2", 18)
	_ = h.after(10 * minute)
	if !h.on("boiler") || !h.on("room1") || !h.on("room2") {
		t.Fatal("the boiler never went on for the two")
	}
	return h
}

// beats has a service manager watch the house, as an agent's heartbeat tells it.
func (h *house) beats(t *testing.T, manager *clitest.Manager) {
	var zones []*controlloop.Zone
	for _, r := range h.zones {
		zones = append(zones, r.Zone)
	}
	beat := service.NewHeartbeat(zones, watchdog, slog.New(slog.DiscardHandler), manager.Send)
	beat.Watch(h.Name, source.Step)
	for _, z := range zones {
		see := z.Observe
		z.Observe = func(s controlloop.Snapshot) { beat.Saw(s); see(s) }
	}
	see := h.Observe
	h.Observe = func(s report.SourceSnapshot) { beat.Ticked(s.Name, s.Time); see(s) }
	go beat.Run(t.Context())
}

// lastFed is when the manager's watchdog was fed last.
func lastFed(m *clitest.Manager) (at time.Time) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for i, line := range m.Told {
		if line == "WATCHDOG=1" {
			at = m.At[i]
		}
	}
	return at
}

// hang has a room hang from its next tick on, and gives when its newest reading was measured.
func (h *house) hang(name string) time.Time {
	r := h.zones[name]
	r.set(func(r *room) { r.hangs = make(chan struct{}) })
	_ = h.after(2 * r.Params.Sample)
	return r.look().State.Reading.At
}

// TestOneHungRoomOfEightEndsTheHeatOfAllOnceItIsLost: without a service manager the seven go on, and are heated until its
// newest reading is stale_after and two samples old. Their valves obey them also then, and once it goes on they are heated again.
func TestOneHungRoomOfEightEndsTheHeatOfAllOnceItIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := eightRooms(t, func(*house) {})
		p := h.zones["room1"].Params
		lost := h.hang("room1").Add(p.StaleAfter + 2*p.Sample)
		h.warm("room3", 18)
		_ = h.after(time.Until(lost) - time.Second)
		if !h.on("boiler") || !h.on("room3") || h.reason() != "demand" {
			t.Errorf("before it is lost: boiler %v (%s), the cold room's valve %v", h.on("boiler"), h.reason(), h.on("room3"))
		}
		h.from(lost)
		want(t, "it is lost", h.after(p.Sample+time.Second), "0s boiler off")
		want(t, "reason", h.reason(), "zone_lost")
		h.warm("room2", 21)
		_ = h.after(20 * minute)
		if h.on("boiler") || h.on("pump") || h.on("room2") || !h.on("room3") {
			t.Errorf("boiler %v, pump %v; the warm room's valve %v, the cold one's %v", h.on("boiler"), h.on("pump"), h.on("room2"), h.on("room3"))
		}
		h.zones["room1"].set(func(r *room) { close(r.hangs); r.hangs = nil })
		_ = h.after(minute)
		if !h.on("boiler") || !h.on("pump") {
			t.Errorf("it goes on, and boiler %v, pump %v", h.on("boiler"), h.on("pump"))
		}
		h.judge(t)
	})
}

// TestTheWatchdogIsNotFedOfOneHungRoomOfEight: seven tick on and the boiler burns for one of them, and yet the service
// manager hears nothing more after three samples: it ends the agent then.
func TestTheWatchdogIsNotFedOfOneHungRoomOfEight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		manager := &clitest.Manager{}
		h := eightRooms(t, func(h *house) { h.beats(t, manager) })
		if fed := manager.Count("WATCHDOG=1"); fed < 100 {
			t.Fatalf("fed %d times in 20 minutes", fed)
		}
		read := h.hang("room1")
		_ = h.after(4*h.zones["room1"].Params.Sample + watchdog)
		if fed := lastFed(manager); fed.After(read.Add(4 * h.zones["room1"].Params.Sample)) {
			t.Errorf("fed %v after its last reading", fed.Sub(read))
		}
		if !h.on("boiler") || time.Since(h.zones["room2"].look().Time) > 5*time.Second {
			t.Errorf("boiler %v, and the others ticked %v ago", h.on("boiler"), time.Since(h.zones["room2"].look().Time))
		}
		h.judge(t)
	})
}

// gated is a relay that hangs while a test has its token.
type gated struct {
	controlloop.Relay
	token chan struct{}
}

func (g gated) Set(on bool) error {
	<-g.token
	defer func() { g.token <- struct{}{} }()
	return g.Relay.Set(on)
}

// TestAValveThatHangsHoldsNeitherTheBoilerNorTheOtherRooms: it hangs in its relay, the other rooms' valves obey, and the boiler
// goes off once the room is lost.
func TestAValveThatHangsHoldsNeitherTheBoilerNorTheOtherRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := make(chan struct{}, 1)
		token <- struct{}{}
		h := eightRooms(t, func(h *house) {
			v := h.zones["room1"].Heater.(*valve)
			v.relay = gated{v.relay, token}
		})
		<-token
		h.warm("room2", 21)
		h.warm("room3", 18)
		_ = h.after(10 * minute)
		if h.on("boiler") || h.on("room2") || !h.on("room3") || h.reason() != "zone_lost" {
			t.Errorf("boiler %v (%s); the warm room's valve %v, the cold one's %v", h.on("boiler"), h.reason(), h.on("room2"), h.on("room3"))
		}
		token <- struct{}{}
		_ = h.after(minute)
		if !h.on("boiler") {
			t.Error("it goes on, and the boiler stays off")
		}
		h.judge(t)
	})
}
