package mqtt

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
)

// connects counts who connected to a broker, by client id.
type connects struct {
	broker.HookBase
	mu  sync.Mutex
	ids []string
}

func (c *connects) Provides(b byte) bool { return b == broker.OnConnect }

func (c *connects) OnConnect(cl *broker.Client, _ packets.Packet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids = append(c.ids, cl.ID)
	return nil
}

// since gives who connected since the last question.
func (c *connects) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := c.ids
	c.ids = nil
	return ids
}

// startedNow gives an agent's options the time of its start, as it is published.
func startedNow(o *Options) {
	started := time.Now().UTC().Truncate(time.Second)
	o.Info = func() Info { return Info{Version: "test", Instance: "word", StartedAt: started} }
}

// another is a house with an agent of its own at the same broker.
func (h *house) another() *house {
	return &house{t: h.t, pipes: h.pipes, server: h.server, change: startedNow, last: map[string][]byte{}, count: map[string]int{}}
}

// snapshot is the zone as its session saw it last.
func (h *house) snapshot() controlloop.Snapshot {
	synctest.Wait()
	seen := make(chan controlloop.Snapshot, 1)
	h.session.post(func() { seen <- h.session.zones["living"].telemetry.latest })
	return <-seen
}

// fault gives the text of a fault of the zone, empty where it is not there.
func (h *house) fault(name string) string {
	for _, f := range h.snapshot().Faults {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}

// TestTwins: two agents of one name find each other out after a few kicks. The
// elder keeps the name, the younger controls without the broker, and takes the
// name when the elder is gone.
func TestTwins(t *testing.T) {
	inHouse(t, func(elder *house) {
		seen := &connects{}
		must(t, elder.server.AddHook(seen, nil))
		elder.change = startedNow
		elder.startAgent(18)
		time.Sleep(5 * time.Minute)

		younger := elder.another()
		younger.startAgent(18)
		defer younger.stopAgent()
		time.Sleep(time.Minute)
		for _, h := range []*house{elder, younger} {
			if text := h.fault("duplicate_device"); !strings.Contains(text, "another agent of the name cabin") {
				t.Errorf("fault %q", text)
			}
		}
		if ids := seen.since(); len(ids) > 8 {
			t.Errorf("%d connections: %q", len(ids), ids)
		}
		if !elder.session.Connected() || younger.session.Connected() {
			t.Errorf("connected: elder %v, younger %v", elder.session.Connected(), younger.session.Connected())
		}

		elder.publish("living/control", `{"desired":25}`, true)
		time.Sleep(20 * time.Minute)
		if ids := seen.since(); len(ids) > 0 {
			t.Errorf("no peace: %q", ids)
		}
		if s := elder.state(); *s.Desired != 25 || *s.Heater != "on" || string(elder.retained("status")) != "online" {
			t.Errorf("elder %+v", s)
		}
		if younger.fault("duplicate_device") == "" {
			t.Error("the younger has no fault any more")
		}
		if snap := younger.snapshot(); time.Since(snap.Time) > time.Minute || snap.Setpoint.Desired != 19 {
			t.Errorf("the younger's zone: %+v", snap)
		}
		var i Info
		must(t, json.Unmarshal(elder.retained("info"), &i))
		if i.Process != elder.session.twin.process {
			t.Error("the younger's info is retained")
		}

		elder.stopAgent()
		time.Sleep(5 * time.Minute)
		if s := younger.state(); !younger.session.Connected() || *s.Desired != 25 || younger.fault("duplicate_device") != "" {
			t.Errorf("the younger does not take over: connected %v, %+v", younger.session.Connected(), s)
		}
		if ids := seen.since(); len(ids) != 1 || ids[0] != "thermostat-cabin" || string(younger.retained("status")) != "online" {
			t.Errorf("connections %q, status %q", ids, younger.retained("status"))
		}
		elder.startAgent(18) // which is the younger one now
		time.Sleep(time.Minute)
		if elder.session.Connected() || !younger.session.Connected() {
			t.Error("who came back did not leave the name to who has it")
		}
	})
}

// TestTwinGoesAway: the fault of who keeps the name ends, too.
func TestTwinGoesAway(t *testing.T) {
	inHouse(t, func(elder *house) {
		elder.change = startedNow
		elder.startAgent(18)
		time.Sleep(time.Minute)
		younger := elder.another()
		younger.startAgent(18)
		time.Sleep(time.Minute)
		if elder.fault("duplicate_device") == "" {
			t.Error("no fault")
		}
		younger.stopAgent()
		time.Sleep(time.Minute)
		if string(elder.retained("status")) != "online" || elder.fault("duplicate_device") == "" {
			t.Error("the fault ends at once, or the twin's end is told as ours")
		}
		time.Sleep(4 * time.Minute)
		if text := elder.fault("duplicate_device"); text != "" {
			t.Errorf("still: %s", text)
		}
	})
}

// TestPredecessorIsNoTwin: neither after a restart, nor when the broker brings
// its info back from an older save.
func TestPredecessorIsNoTwin(t *testing.T) {
	inHouse(t, func(h *house) {
		h.change = startedNow
		h.startAgent(18)
		time.Sleep(time.Minute)
		before := h.retained("info")
		h.stopAgent()
		time.Sleep(time.Minute)
		h.startAgent(18)
		for range 2 {
			time.Sleep(time.Minute)
			if text := h.fault("duplicate_device"); text != "" || !h.session.Connected() {
				t.Fatalf("connected %v, %s", h.session.Connected(), text)
			}
			h.stopBroker()
			h.startBroker()
			must(t, h.server.Publish("thermostat/cabin/info", before, true, 0))
		}
	})
}

// TestYieldedAgentIsNotConnected: what asks it is told the truth, and it ends in order.
func TestYieldedAgentIsNotConnected(t *testing.T) {
	inHouse(t, func(elder *house) {
		elder.change = startedNow
		elder.startAgent(18)
		time.Sleep(time.Minute)
		younger := elder.another()
		younger.startAgent(18)
		time.Sleep(time.Minute)
		a, err := younger.session.Submit(context.Background(), "living", "page", []byte(`{"desired":22}`))
		if err != nil || !a.Applied {
			t.Errorf("%+v %v", a, err)
		}
		if elder.retained("living/control") != nil {
			t.Error("a yielded agent published a control")
		}
		younger.stopAgent()
		if string(elder.retained("status")) != "online" {
			t.Errorf("status %q", elder.retained("status"))
		}
	})
}

// TestElder: both sides decide alike from what is published.
func TestElder(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	infos := []Info{{Process: "a", StartedAt: t0}, {Process: "b", StartedAt: t0}, {Process: "c", StartedAt: t0.Add(-time.Millisecond)}}
	for i, mine := range infos {
		for j, other := range infos {
			if i == j {
				continue
			}
			us, them := twin{process: mine.Process, started: mine.StartedAt}, twin{process: other.Process, started: other.StartedAt}
			if us.isElder(other) == them.isElder(mine) {
				t.Errorf("%s and %s: both or neither", mine.Process, other.Process)
			}
		}
	}
}

// TestTwinWithLongPauses: one that speaks seldom is not taken for gone between two of its words.
func TestTwinWithLongPauses(t *testing.T) {
	t0 := time.Unix(1_800_000_000, 0)
	mine := twin{process: "b", started: t0, silence: minSilence, landed: map[string]bool{}, last: map[string]time.Time{}}
	mine.hears(t0, Info{Process: "a", StartedAt: t0.Add(-time.Hour), EveryS: 300}, false)
	for after, yields := range map[time.Duration]bool{14 * time.Minute: true, 15 * time.Minute: false} {
		m := mine
		if m.judge(t0.Add(after)); m.yields != yields {
			t.Errorf("after %v it yields: %v", after, m.yields)
		}
	}
}

// TestPredecessorAtAnotherBroker: one that lies retained where we were never heard
// is no twin; where our info came back it can only have been said after it.
func TestPredecessorAtAnotherBroker(t *testing.T) {
	t0 := time.Unix(1_800_000_000, 0)
	before := Info{Process: "a", StartedAt: t0.Add(-time.Hour), Time: t0.Add(-time.Minute)}
	for broker, yields := range map[string]bool{"mqtt://first": true, "mqtt://second": false} {
		mine := newTwin(Options{Info: func() Info { return Info{StartedAt: t0} }})
		mine.connected(t0, "mqtt://first")
		mine.hears(t0, Info{Process: mine.process, StartedAt: t0}, false)
		mine.connected(t0, broker)
		mine.hears(t0, before, true)
		if mine.judge(t0); mine.yields != yields {
			t.Errorf("at %s it yields: %v", broker, mine.yields)
		}
	}
}
