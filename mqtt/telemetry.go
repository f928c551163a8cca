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
	waits          bool      // the state, for Home Assistant to be told of the zone
	answers        uint64    // of the sensor, published
	answeredAt     time.Time
	began          time.Time // the zone's start that was published
	targets        [][]byte  // messages, oldest first; the last is of the target in force
	said           int       // of these, on this connection
}

// targets are the changes of a zone's target, noted in its own goroutine, at the very
// step that made them: none is lost among snapshots that stand in for others.
type targets struct {
	last  controlloop.Target
	known bool // there was one
	news  [][]byte
}

// saw notes a target that is new.
func (t *targets) saw(s controlloop.Snapshot) {
	if !t.known || report.NewTarget(t.last, s.Target) {
		t.last, t.known = s.Target, true
		t.news = newest(append(t.news, wire.JSON(report.TargetOf(s))))
	}
}

// take gives the messages of those that are new.
func (t *targets) take() [][]byte {
	news := t.news
	t.news = nil
	return news
}

// relayHeadStart is the head start that a relay's message has before the state
// follows: on a small machine the broker would be busy with the one while
// somebody waits for the other. On two busy cores the answer takes 1.7 times the
// broker's floor with it, 2.6 times without, for 0.5 ms of processor a switch
// (bench/README.md).
const relayHeadStart = 2 * time.Millisecond

// reset forgets what was published: a new connection gets everything, of the targets
// the one in force.
func (t *telemetry) reset() {
	t.publishedAt, t.heaterAt, t.coolerAt = time.Time{}, time.Time{}, time.Time{}
	t.targets, t.said = t.targets[max(0, len(t.targets)-1):], 0
}

// toSay takes messages of new targets.
func (t *telemetry) toSay(news [][]byte) {
	if len(news) > 0 {
		t.targets, t.said = newest(append(t.targets[t.said:], news...)), 0
	}
}

// showsBoth reports whether the state shows mode heat_cool.
func (t *telemetry) showsBoth() bool {
	return t.latest.Setpoint.Mode == controlloop.ModeHeatCool && !t.latest.Target.Auto
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
	t.say(now, tp, out)
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
	if t.waits || now.Before(t.postponedUntil) || !t.stateDue(now, every) {
		return
	}
	t.published, t.publishedAt = t.latest, now
	publish(outgoing{tp.State(t.latest.Zone), wire.JSON(report.Of(t.latest)), 1, true})
}

// say publishes the targets for which there is room, each once on a connection. They
// give way to a relay's message, too.
func (t *telemetry) say(now time.Time, tp wire.Topics, out *outbox) {
	for t.said < len(t.targets) && !now.Before(t.postponedUntil) && out.room(now) {
		out.publish(outgoing{tp.Target(t.latest.Zone), t.targets[t.said], 1, false})
		t.said++
	}
}

func (t *telemetry) relayDue(now time.Time, is, was controlloop.RelayState, at time.Time) bool {
	return at.IsZero() || is != was || is == controlloop.RelayOn && now.Sub(at) >= leaseEvery
}

func (t *telemetry) stateDue(now time.Time, every time.Duration) bool {
	a, b := t.published, t.latest
	switch {
	case t.publishedAt.IsZero(), now.Sub(t.publishedAt) >= max(every, stateGap):
		return true
	case a.HeaterRelay != b.HeaterRelay || a.CoolerRelay != b.CoolerRelay || a.Setpoint.Serial != b.Setpoint.Serial:
		return true
	case now.Sub(t.publishedAt) < stateGap:
		return false
	}
	return a.State.Action != b.State.Action || a.State.Reason != b.State.Reason || a.Sensor != b.Sensor ||
		a.Setpoint.Source != b.Setpoint.Source || !report.SameTarget(a.Target, b.Target) || !report.SameFaults(a.Faults, b.Faults) ||
		movedBy(a.Temperature(), b.Temperature(), 0.1)
}

// movedBy reports whether a value went step or more away, or came or went.
func movedBy(a, b, step float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) != math.IsNaN(b)
	}
	return math.Abs(a-b) >= step-1e-9 // 0.1 is not a sum of powers of two
}
