package mqtt

import (
	"math"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/wire"
)

// leaseEvery is how often an On is said again: whoever obeys it lets go after 30 s.
const leaseEvery = 10 * time.Second

// stateGap is the least time between two states of a zone, unless a relay or
// the setpoint changed.
const stateGap = time.Second

// telemetry decides when a zone's snapshots are published. It remembers what
// was published on this connection.
type telemetry struct {
	latest         controlloop.Snapshot
	known          bool // there is a snapshot at all
	published      controlloop.Snapshot
	heater         controlloop.RelayState // published on its own topic
	cooler         controlloop.RelayState
	publishedAt    time.Time // zero: nothing on this connection
	heaterAt       time.Time
	coolerAt       time.Time
	postponedUntil time.Time // the state gives way to a relay's message
	answers        uint64    // of the sensor, published
	answeredAt     time.Time
	began          time.Time // the zone's start that was published
}

// relayHeadStart is the head start that a relay's message has before the state
// follows: on a small machine the broker would be busy with the one while
// somebody waits for the other. On two busy cores the answer takes 1.7 times the
// broker's floor with it, 2.6 times without, for 0.5 ms of processor a switch
// (bench/README.md).
const relayHeadStart = 2 * time.Millisecond

// reset forgets what was published: a new connection gets everything.
func (t *telemetry) reset() {
	t.publishedAt, t.heaterAt, t.coolerAt = time.Time{}, time.Time{}, time.Time{}
}

// relaysAt is when a relay was published last.
func (t *telemetry) relaysAt() time.Time {
	if t.heaterAt.After(t.coolerAt) {
		return t.heaterAt
	}
	return t.coolerAt
}

// publish publishes what is due of a zone, relays first.
func (t *telemetry) publish(now time.Time, tp wire.Topics, o *Options, out *outbox) {
	if out.roomFor(t.relaysAt(), now) {
		t.relays(now, tp, out.publish)
	}
	t.readings(now, tp, o.SensorEvery, out.publish)
	if out.roomFor(t.publishedAt, now) {
		t.state(now, tp, o.StateEvery, out.publish)
	}
}

// relays publishes the relays that are due, and postpones the state for a moment
// if there were any.
func (t *telemetry) relays(now time.Time, tp wire.Topics, publish func(outgoing)) {
	s := t.latest
	if s.HasHeater && t.relayDue(now, s.HeaterRelay, t.heater, t.heaterAt) {
		t.heaterAt, t.postponedUntil = now, now.Add(relayHeadStart)
		publish(outgoing{tp.Heater(s.Zone), wire.HeaterPayload(s, s.State.Heater, s.HeaterRelay), 1, true})
	}
	if s.HasCooler && t.relayDue(now, s.CoolerRelay, t.cooler, t.coolerAt) {
		t.coolerAt, t.postponedUntil = now, now.Add(relayHeadStart)
		publish(outgoing{tp.Cooler(s.Zone), wire.HeaterPayload(s, s.State.Cooler, s.CoolerRelay), 1, true})
	}
	t.heater, t.cooler = s.HeaterRelay, s.CoolerRelay
}

// readings publishes the sensor's last answer if that is due, and
// before the first of a stream that the zone has begun, without any reading: who
// has all that and the controls can make the zone's decisions again.
func (t *telemetry) readings(now time.Time, tp wire.Topics, every time.Duration, publish func(outgoing)) {
	s := t.latest
	if s.Streaming && !t.began.Equal(s.Began) {
		t.began = s.Began
		publish(outgoing{tp.Sensor(s.Zone), wire.StartPayload(s), 0, false})
	}
	if s.Answers != t.answers && now.Sub(t.answeredAt) >= every {
		t.answers, t.answeredAt = s.Answers, now
		publish(outgoing{tp.Sensor(s.Zone), wire.SensorPayload(s), 0, false})
	}
}

// state publishes the state if that is due.
func (t *telemetry) state(now time.Time, tp wire.Topics, every time.Duration, publish func(outgoing)) {
	if now.Before(t.postponedUntil) || !t.stateDue(now, every) {
		return
	}
	t.published, t.publishedAt = t.latest, now
	publish(outgoing{tp.State(t.latest.Zone), wire.JSON(report.Of(t.latest)), 1, true})
}

func (t *telemetry) relayDue(now time.Time, is, was controlloop.RelayState, at time.Time) bool {
	return at.IsZero() || is != was || is == controlloop.RelayOn && now.Sub(at) >= leaseEvery
}

func (t *telemetry) stateDue(now time.Time, every time.Duration) bool {
	a, b := t.published, t.latest
	switch {
	case t.publishedAt.IsZero(), now.Sub(t.publishedAt) >= every:
		return true
	case a.HeaterRelay != b.HeaterRelay || a.CoolerRelay != b.CoolerRelay || a.Setpoint.Serial != b.Setpoint.Serial:
		return true
	case now.Sub(t.publishedAt) < stateGap:
		return false
	}
	return a.State.Action != b.State.Action || a.State.Reason != b.State.Reason || a.Sensor != b.Sensor ||
		a.Setpoint.Source != b.Setpoint.Source || !sameFaults(a.Faults, b.Faults) ||
		movedBy(a.Temperature(), b.Temperature(), 0.1)
}

// movedBy reports whether a value went step or more away, or came or went.
func movedBy(a, b, step float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) != math.IsNaN(b)
	}
	return math.Abs(a-b) >= step-1e-9 // 0.1 is not a sum of powers of two
}

func sameFaults(a, b []controlloop.Fault) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Text != b[i].Text {
			return false
		}
	}
	return true
}
