package mqtt

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
	"thermostat/mqtt/wire"
)

// connects counts who connected to a broker, by client id.
type connects struct {
	mochi.HookBase
	mu  sync.Mutex
	ids []string
}

func (c *connects) Provides(b byte) bool { return b == mochi.OnConnect }

func (c *connects) OnConnect(cl *mochi.Client, _ packets.Packet) error {
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
	o.Info = func() wire.Info { return wire.Info{Version: "test", Instance: "word", StartedAt: started} }
}

// another is a house with an agent of its own at the same broker.
func (h *house) another() *house {
	return &house{t: h.t, pipes: h.pipes, server: h.server, change: startedNow, last: map[string][]byte{}, count: map[string]int{}}
}

// snapshot is the zone as its session saw it last.
func (h *house) snapshot() controlloop.Snapshot {
	synctest.Wait()
	seen := make(chan controlloop.Snapshot, 1)
	h.session.post(func() { seen <- h.session.byName["living"].telemetry.latest })
	return <-seen
}

// fault gives the text of a fault of the zone, empty where it is not there.
func (h *house) fault(name controlloop.FaultName) string {
	for _, f := range h.snapshot().Faults {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}

// TestTwoAgentsOfOneNameTellItAndControlOn: the broker takes turns between them, so
// that each hears a new setpoint in its turn. The fault ends when one of them is gone.
func TestTwoAgentsOfOneNameTellItAndControlOn(t *testing.T) {
	inHouse(t, func(first *house) {
		seen := &connects{}
		must(t, first.server.AddHook(seen, nil))
		first.change = startedNow
		first.startAgent(18)
		time.Sleep(5 * time.Minute)

		second := first.another()
		second.startAgent(18)
		time.Sleep(3 * time.Minute)
		for _, h := range []*house{first, second} {
			if text := h.fault("duplicate_device"); !strings.Contains(text, "another agent of the name cabin") {
				t.Errorf("fault %q", text)
			}
		}
		if ids := seen.since(); len(ids) > 25 {
			t.Errorf("%d connections in three minutes", len(ids))
		}
		first.publish("living/control", `{"desired":25}`, true)
		time.Sleep(3 * time.Minute)
		for _, h := range []*house{first, second} {
			if snap := h.snapshot(); time.Since(snap.Time) > time.Minute || snap.Setpoint.Desired != 25 || snap.HeaterRelay != controlloop.RelayOn {
				t.Errorf("%+v", snap)
			}
		}
		if ids := seen.since(); len(ids) > 20 {
			t.Errorf("%d connections in three minutes", len(ids))
		}

		second.stopAgent()
		time.Sleep(2 * time.Minute)
		if string(first.retained("status")) != "online" || !first.session.Connected() {
			t.Error("the other's end is told as ours")
		}
		time.Sleep(3 * time.Minute)
		if text := first.fault("duplicate_device"); text != "" {
			t.Errorf("still: %s", text)
		}
	})
}

// TestAPredecessorIsNoDuplicate: neither after a restart, nor when the broker brings
// its info back from an older save, nor when a bridge says it again live.
func TestAPredecessorIsNoDuplicate(t *testing.T) {
	inHouse(t, func(h *house) {
		h.change = startedNow
		var kept [][]byte
		h.startAgent(18)
		for range 3 {
			time.Sleep(time.Minute)
			kept = append(kept, h.retained("info"))
		}
		h.stopAgent()
		time.Sleep(time.Minute)
		h.startAgent(18)
		for range 3 {
			time.Sleep(time.Minute)
			if text := h.fault("duplicate_device"); text != "" || !h.session.Connected() {
				t.Fatalf("connected %v, %s", h.session.Connected(), text)
			}
			for _, info := range kept { // what a bridge had queued
				h.say("thermostat/cabin/info", string(info), false)
			}
			time.Sleep(time.Minute)
			h.stopBroker()
			h.startBroker()
			must(t, h.server.Publish("thermostat/cabin/info", kept[len(kept)-1], true, 0))
		}
	})
}

// TestAForgedInfoTakesNothingFromAnAgent, whatever is in it and however often it comes.
func TestAForgedInfoTakesNothingFromAnAgent(t *testing.T) {
	inHouse(t, func(h *house) {
		h.change = startedNow
		h.startAgent(18)
		time.Sleep(time.Minute)
		connections := &connects{}
		must(t, h.server.AddHook(connections, nil))
		for n, desired := range []string{"20", "21", "22"} {
			for range n * 150 {
				forged := wire.Info{Process: "a" + strconv.Itoa(n%2), Instance: "other", Time: time.Now(), StartedAt: time.Unix(0, 0), EveryS: (24 * time.Hour).Seconds()}
				h.say("thermostat/cabin/info", string(wire.JSON(forged)), false)
				time.Sleep(time.Second)
			}
			h.publish("living/control", `{"desired":`+desired+`}`, true)
			time.Sleep(2 * time.Second)
			if s := h.state(); *s.Desired != float64(20+n) || !h.session.Connected() {
				t.Errorf("%v desired, connected %v", *s.Desired, h.session.Connected())
			}
		}
		if ids := connections.since(); len(ids) != 0 || string(h.retained("status")) != "online" {
			t.Errorf("connections %q, status %q", ids, h.retained("status"))
		}
		time.Sleep(minSilence + time.Second)
		if text := h.fault("duplicate_device"); text != "" {
			t.Errorf("still: %s", text)
		}
	})
}

// TestADuplicatePublishesAtThePaceOfTheClock. Times are in seconds: when it was said
// by the other's clock, which is years off, and when we heard it.
func TestADuplicatePublishesAtThePaceOfTheClock(t *testing.T) {
	t0, there := time.Unix(1_800_000_000, 0), time.Unix(100, 0)
	type heard struct {
		said, at int
		retained bool
	}
	for name, c := range map[string]struct {
		words []heard
		want  bool
	}{
		"once live":                        {[]heard{{0, 0, false}}, false},
		"once retained":                    {[]heard{{0, 0, true}}, false},
		"the same again":                   {[]heard{{0, 0, false}, {0, 60, false}}, false},
		"live, a minute later":             {[]heard{{0, 0, false}, {60, 61, false}}, true},
		"a queue of old words":             {[]heard{{0, 0, false}, {60, 1, false}, {120, 2, false}}, false},
		"retained, then live":              {[]heard{{0, 40, true}, {60, 61, false}, {120, 121, false}}, true},
		"retained after our own was there": {[]heard{{0, 40, true}, {60, 170, true}}, true},
		"backwards":                        {[]heard{{60, 0, false}, {0, 60, false}}, false},
	} {
		mine := newDuplicates(Options{})
		mine.connected("mqtt://first")
		mine.hear(t0, wire.Info{Process: mine.process}, false)
		mine.connected("mqtt://first")
		for _, w := range c.words {
			mine.hear(t0.Add(time.Duration(w.at)*time.Second), wire.Info{Process: "other", Time: there.Add(time.Duration(w.said) * time.Second)}, w.retained)
		}
		if text := mine.text(t0.Add(171 * time.Second)); (text != "") != c.want {
			t.Errorf("%s: %q", name, text)
		}
	}
	elsewhere := newDuplicates(Options{})
	elsewhere.connected("mqtt://first")
	elsewhere.hear(t0, wire.Info{Process: "other", Time: there}, true)
	elsewhere.connected("mqtt://second") // where our own never was
	elsewhere.hear(t0.Add(time.Second), wire.Info{Process: "other", Time: there.Add(time.Hour)}, true)
	if text := elsewhere.text(t0.Add(2 * time.Second)); text != "" {
		t.Errorf("what two brokers keep of a predecessor: %s", text)
	}
}

// TestManyInventedProcessesHideNoDuplicate, and take no memory.
func TestManyInventedProcessesHideNoDuplicate(t *testing.T) {
	d, now := newDuplicates(Options{}), time.Unix(1_800_000_000, 0)
	for i := range 10 * maxProcesses {
		now = now.Add(time.Second)
		d.hear(now, wire.Info{Process: strconv.Itoa(i), Time: now}, false)
		if i%50 == 0 {
			d.hear(now, wire.Info{Process: "other", Time: now}, false)
		}
	}
	if len(d.others) > maxProcesses || d.text(now) == "" {
		t.Errorf("%d are remembered, fault %q", len(d.others), d.text(now))
	}
}
