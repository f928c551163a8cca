package device

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/mqtt/wire"
)

// Sensor is a sensor whose readings come over the broker. It implements
// [controlloop.Stream]. A reading's age counts from its receipt. What the broker
// had retained is no reading, for nobody knows how old it is.
type Sensor struct {
	spec     SensorSpec
	readings *mailbox.Latest[answer]

	mu            sync.Mutex
	goodAt        time.Time // when a good reading came last; zero: never
	replays       replayFilter
	identity      string    // which sensor the first good message was of; empty: it did not say
	otherSensorAt time.Time // when a message of another one came last; zero: never
	others        int       // messages about something else, in a row
}

type answer struct {
	reading controlloop.Reading
	err     error
}

func newSensor(spec SensorSpec) *Sensor {
	return &Sensor{spec: spec, readings: mailbox.New[answer](), replays: replayFilter{staleAfter: spec.StaleAfter}}
}

// Read waits for the next message.
func (s *Sensor) Read(ctx context.Context) (controlloop.Reading, error) {
	select {
	case a := <-s.readings.C():
		return a.reading, a.err
	case <-ctx.Done():
		return controlloop.Reading{}, ctx.Err()
	}
}

// Streams reports that readings come by themselves.
func (s *Sensor) Streams() bool { return true }

// connected notes a new connection to the broker.
func (s *Sensor) connected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replays.connected()
}

// bridged notes that a bridge to another broker has connected.
func (s *Sensor) bridged(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replays.bridged(now)
}

// take judges one message.
func (s *Sensor) take(now time.Time, payload []byte, retained bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := decodeReading(s.spec, payload)
	switch {
	case errors.Is(err, wire.ErrOther):
		s.countOther(now, payload, err)
	case err != nil && retained && s.fresh(now):
	case err != nil:
		s.fail(controlloop.VerdictError, err)
	case retained:
		s.replays.retained(now, payload, r)
		if !s.fresh(now) {
			s.fail(controlloop.VerdictRetained, fmt.Errorf("%.2f °C was kept by the broker, nobody knows since when: waits for a new one", r.Celsius))
		}
	default:
		s.accept(now, payload, r)
	}
}

// accept takes a sound message that came live.
func (s *Sensor) accept(now time.Time, payload []byte, r reading) {
	if err := s.otherSensor(now, r.identity); err != nil {
		s.fail(controlloop.VerdictError, err)
		return
	}
	if why := s.replays.judge(now, payload, r); why != "" {
		if !s.fresh(now) {
			s.fail(controlloop.VerdictRetained, fmt.Errorf("%.2f °C is no new reading: %s", r.Celsius, why))
		}
		return
	}
	s.goodAt, s.others = now, 0
	r.At = now
	s.readings.Put(answer{reading: r.Reading})
}

// fresh reports whether the last good message still counts. What disturbs no
// good one is not told: a topic may be about other things, too.
func (s *Sensor) fresh(now time.Time) bool {
	return !s.goodAt.IsZero() && now.Sub(s.goodAt) <= s.spec.StaleAfter
}

// countOther counts messages without what is wanted.
func (s *Sensor) countOther(now time.Time, payload []byte, err error) {
	if s.others++; s.fresh(now) {
		return
	}
	switch {
	case s.spec.formatOf(payload) == "protobuf":
		err = fmt.Errorf("what comes on %s is of another sensor_id than this zone's %d", s.spec.Topic, s.spec.SensorID)
	case len(s.spec.Where) > 0:
		err = fmt.Errorf("%w; %s without `%s` of %s", err, messages(s.others), s.spec.field(), s.spec.wanted())
	default:
		err = fmt.Errorf("%w; %s without `%s`%s", err, messages(s.others), s.spec.field(), hint("field", temperatureFields(payload)))
	}
	s.fail(controlloop.VerdictError, err)
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// otherSensor refuses what is of another sensor than the first message was. While
// two of them publish, none is believed: which is the zone's is not known.
func (s *Sensor) otherSensor(now time.Time, names string) error {
	switch {
	case s.spec.Where != nil || names == "":
		return nil
	case s.identity == "":
		s.identity = names
	case s.identity != names:
		s.otherSensorAt = now
		return fmt.Errorf("it is of %s, the first one was of %s: name this zone's sensor with where (where: {} if all are of one), or start the agent anew if one has replaced the other", names, s.identity)
	case !s.otherSensorAt.IsZero() && now.Sub(s.otherSensorAt) <= s.spec.StaleAfter:
		return fmt.Errorf("it is of %s, and another one speaks on %s, too: name this zone's sensor with where (where: {} if all are of one)", names, s.spec.Topic)
	}
	return nil
}

func (s *Sensor) fail(v controlloop.Verdict, why error) {
	s.readings.Put(answer{err: &controlloop.BadReading{Verdict: v, Err: why}})
}

// refused tells that the broker does not let us read the topic.
func (s *Sensor) refused() {
	s.fail(controlloop.VerdictNoPermission, fmt.Errorf("the broker refuses the subscription to %s: is this agent allowed to read it?", s.spec.Topic))
}
