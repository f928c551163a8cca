package mqtt

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"thermostat/controlloop"
)

// SensorSpec is what a configuration says about a sensor on the broker.
type SensorSpec struct {
	SensorID      int32  // messages that name another one are not for this zone
	Topic         string // of its readings
	Format        string // auto, protobuf, json or number
	Field         string // json: path of the temperature, like DS18B20.Temperature
	HumidityField string // json: path of the humidity; empty: none is read
}

// Sensor is a sensor whose readings come over the broker. It implements
// [controlloop.Stream]. A reading's age counts from its receipt. What the broker
// had kept is no reading, for nobody knows how old it is.
type Sensor struct {
	spec SensorSpec
	box  *controlloop.Latest[answer]
	live atomic.Bool // something good came
}

type answer struct {
	reading controlloop.Reading
	err     error
}

// verdictForbidden is that of a sensor whose topic the broker does not let us read.
const verdictForbidden controlloop.Verdict = "no_permission"

// Read waits for the next message.
func (s *Sensor) Read(ctx context.Context) (controlloop.Reading, error) {
	select {
	case a := <-s.box.C():
		return a.reading, a.err
	case <-ctx.Done():
		return controlloop.Reading{}, ctx.Err()
	}
}

// Streams reports that readings come by themselves.
func (s *Sensor) Streams() bool { return true }

// take judges one message. What is about something else, and what the broker
// had kept, is told only while nothing good has come: later it tells nothing new.
func (s *Sensor) take(now time.Time, payload []byte, retained bool) {
	r, err := decodeReading(s.spec, payload)
	other := errors.Is(err, errOther)
	switch {
	case s.live.Load() && (other || retained):
		return
	case err == nil && retained:
		s.fail(controlloop.VerdictRetained, fmt.Errorf("%.2f °C was kept by the broker, nobody knows since when: waits for a new one", r.Celsius))
		return
	case other && s.spec.formatOf(payload) == "protobuf":
		err = fmt.Errorf("what comes on %s is of another sensor_id than this zone's %d", s.spec.Topic, s.spec.SensorID)
	}
	if err != nil {
		s.fail(controlloop.VerdictError, err)
		return
	}
	r.At = now
	s.live.Store(true)
	s.box.Put(answer{reading: r})
}

func (s *Sensor) fail(v controlloop.Verdict, why error) {
	s.box.Put(answer{err: &controlloop.BadReading{Verdict: v, Err: why}})
}

// forbidden tells that the broker does not let us read the topic.
func (s *Sensor) forbidden() {
	s.fail(verdictForbidden, fmt.Errorf("the broker refuses the subscription to %s: is this agent allowed to read it?", s.spec.Topic))
}
