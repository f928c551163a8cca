package mqtt

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
	"thermostat/controlloop/report"
)

// listenToTargets gives what is said on the zone's target from now on.
func (h *house) listenToTargets() (heard func() []report.Target) {
	var all []report.Target
	must(h.t, h.server.Subscribe("thermostat/cabin/living/target", 2, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		h.mu.Lock()
		defer h.mu.Unlock()
		var t report.Target
		if err := json.Unmarshal(p.Payload, &t); err != nil || p.FixedHeader.Retain {
			h.t.Errorf("retained %v, %v: %s", p.FixedHeader.Retain, err, p.Payload)
		}
		all = append(all, t)
	}))
	return func() []report.Target {
		h.mu.Lock()
		defer h.mu.Unlock()
		return all
	}
}

// follow lets the zone of the house follow a week.
func (h *house) follow(week string) {
	w, err := program.Parse(week)
	must(h.t, err)
	plan := comfort.Plan{Calendar: program.Calendar{Week: w, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: 12 * time.Hour}
	h.change = func(o *Options) {
		z := &o.Zones[0]
		z.Default.Mode, z.Default.Desired, z.Comfort = controlloop.ModeAuto, math.NaN(), plan
	}
	h.plan = func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
		return plan.Target(said, look.Now, comfort.Clock{Trusted: true})
	}
}

// TestATargetIsSaidAtTheStartAtATransitionAndAtEachNewWord: with the time of the step in
// which it shows first, which is the one that the answer to a control has.
func TestATargetIsSaidAtTheStartAtATransitionAndAtEachNewWord(t *testing.T) {
	inHouse(t, func(h *house) {
		h.follow("00:00 20, 00:05 21, 00:10 off")
		heard := h.listenToTargets()
		began := time.Now()
		h.startAgent(18)
		time.Sleep(11 * time.Minute)
		h.publish("living/control", `{"desired":19.25,"mode":"heat","up_delta":0.25}`, true)
		time.Sleep(time.Minute)
		a, _ := h.ack()
		want := []struct {
			at           time.Time
			mode, target string
			desired      float64
		}{
			{began, "heat", "program", 20}, {began.Add(5 * time.Minute), "heat", "program", 21},
			{began.Add(10 * time.Minute), "off", "program", 0}, {*a.Time, "heat", "manual", 19.25},
		}
		got := heard()
		if len(got) != len(want) {
			t.Fatalf("%d targets said, want %d: %+v", len(got), len(want), got)
		}
		for i, w := range want {
			g := got[i]
			if !g.Time.Equal(w.at) || g.SensorID != 7 || *g.Mode != w.mode || *g.Target != w.target || g.Bar || g.Next == nil ||
				(g.Desired == nil) != (w.desired == 0) || g.Desired != nil && *g.Desired != w.desired {
				t.Errorf("%d: %s %s at %v, %+v, want %+v", i, *g.Mode, *g.Target, g.Time, g, w)
			}
		}
		if last := got[3]; *last.UpDelta != 0.25 || *last.DownDelta != 0.3 {
			t.Errorf("deltas %v and %v", *last.UpDelta, *last.DownDelta)
		}
	})
}

// TestAfterAnOutageTheTargetInForceIsSaidWithItsOwnTime: of those that came and went
// meanwhile nothing is said; without news the old one is said again.
func TestAfterAnOutageTheTargetInForceIsSaidWithItsOwnTime(t *testing.T) {
	inHouse(t, func(h *house) {
		h.follow("00:00 20, 00:05 21, 00:10 22")
		began := time.Now()
		h.startAgent(18)
		time.Sleep(time.Minute)
		h.stopBroker()
		time.Sleep(11 * time.Minute)
		for again := range 2 {
			h.startBroker()
			heard := h.listenToTargets()
			time.Sleep(2 * time.Minute)
			got := heard()
			if len(got) != 1 || *got[0].Desired != 22 || !got[0].Time.Equal(began.Add(10*time.Minute)) {
				t.Errorf("connection %d: %+v", again+2, got)
			}
			if again == 0 {
				h.stopBroker()
			}
		}
	})
}

// TestNoTargetIsLostAmongSnapshotsThatNobodyLookedAt: each has the time of the step
// that made it, though later snapshots stand in for that step's own.
func TestNoTargetIsLostAmongSnapshotsThatNobodyLookedAt(t *testing.T) {
	z := &zone{}
	began := time.Date(2026, 1, 1, 0, 0, 0, 1, time.UTC)
	for i := range 1000 {
		sp := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: float64(15 + i/10%5), UpDelta: 0.3, DownDelta: 0.3}
		z.observe(controlloop.Snapshot{Time: began.Add(time.Duration(i) * time.Second), Setpoint: sp, Target: controlloop.Target{Setpoint: sp, Why: "program"}})
	}
	z.out = &outbox{} // no broker
	z.opts = &Options{}
	z.takeSnapshots(began)
	if n := len(z.telemetry.targets); n != 100 {
		t.Fatalf("%d targets, want 100", n)
	}
	for i, text := range z.telemetry.targets {
		var got report.Target
		must(t, json.Unmarshal(text, &got))
		if want := began.Add(time.Duration(i*10) * time.Second); !got.Time.Equal(want) || *got.Desired != float64(15+i%5) {
			t.Errorf("target %d: %s, want %d °C at %v", i, text, 15+i%5, want)
		}
	}
}
