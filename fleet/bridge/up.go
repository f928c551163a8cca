package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"thermostat/fleet/engine"
)

// MaxMessage bounds what is taken of a message, in bytes. The log's own limit is larger.
const MaxMessage = 128 << 10

// intake takes what comes on one connection to the broker. It acknowledges in the order in which that came,
// as MQTT has it (3.1.1, 4.6): so what the broker says again after a loss is all that came from
// some message on, and a reading never stands behind a newer one for good.
type intake struct {
	*Bridge
	ctx     context.Context // of the connection
	end     func(error)     // ends it
	begun   chan struct{}   // closed: resumed is known
	resumed bool            // the broker has kept the session
	said    map[string]bool // setpoints that were handed to the log, by key
	waiting chan *message   // not acknowledged yet
}

// message is one of the broker's, and what became of it.
type message struct {
	paho.Message
	settled chan error // nil: the log has it, or it is for nobody
}

func newIntake(ctx context.Context, b *Bridge, end func(error)) *intake {
	return &intake{Bridge: b, ctx: ctx, end: end, begun: make(chan struct{}), said: map[string]bool{}, waiting: make(chan *message, window)}
}

// begin tells whether the broker has kept the session. A new one brings all setpoints that it has retained.
func (in *intake) begin(resumed bool) {
	if !resumed {
		in.had.begin()
	}
	in.resumed = resumed
	close(in.begun)
}

// stalled is how long the connection may stand still because the log takes nothing: its
// keepalive would end it soon after.
const stalled = 4 * time.Second

var (
	errStalled = errors.New("the log takes nothing: the broker keeps what comes")
	errUnread  = errors.New("nobody knows yet which setpoints the log has: the broker keeps what comes")
)

// enter puts a message behind the others that wait. Where there is no room nothing more is read from the
// connection, so that what the bridge holds is bounded whatever the broker sends: mosquitto 2.0.11 was seen to
// send over 1,024 with max_inflight_messages 500, when acknowledgements came after a pause.
func (in *intake) enter(one *message) bool {
	select {
	case in.waiting <- one:
		return true
	default:
	}
	late := time.NewTimer(stalled)
	defer late.Stop()
	select {
	case in.waiting <- one:
		return true
	case <-in.ctx.Done():
	case <-late.C:
		in.end(errStalled)
	}
	return false
}

// take hands a message to the log. What comes while the connection ends is said again on the next one.
func (in *intake) take(_ paho.Client, m paho.Message) {
	one := &message{m, make(chan error, 1)}
	if in.ctx.Err() != nil || !in.enter(one) {
		return
	}
	name, key, err := in.routes.up(m.Topic())
	switch {
	case err == nil && len(m.Payload()) > MaxMessage:
		err = fmt.Errorf("more than %d bytes", MaxMessage)
	case err == nil && m.Retained():
		stale, known := in.stale(name, key)
		if !known {
			in.end(errUnread)
			return
		}
		if stale {
			in.counts.retained.Add(1)
			one.settled <- nil
			return
		}
	}
	if err != nil {
		in.refuse(m.Topic(), err)
		one.settled <- nil
		return
	}
	record := &kgo.Record{Topic: name, Key: key, Value: m.Payload()}
	if name == engine.TopicTempset {
		in.said[string(key)] = true
		if len(record.Value) == 0 {
			record.Value = nil // it is taken away; compacted topics know it by that
		}
	}
	in.log.TryProduce(context.Background(), record, func(_ *kgo.Record, err error) {
		switch {
		case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.InvalidRecord):
			in.counts.refused.Add(1) // it will never be otherwise
			err = nil
		case err == nil:
			in.counts.taken.Add(1)
			if name == engine.TopicTempset {
				in.had.add(key)
			}
		}
		one.settled <- err
	})
}

// stale reports whether what the broker has retained says nothing new: a reading, and after the session's begin a
// setpoint of a sensor of which the log has one. That would undo what was said in the log since then. A
// setpoint that the log never got is taken, and so is what agents say, each time: it undoes nothing.
func (in *intake) stale(name string, key []byte) (stale, known bool) {
	switch name {
	case engine.TopicSensor:
		return true, true
	case TopicAgents:
		return false, true
	}
	late := time.NewTimer(stalled)
	defer late.Stop()
	for _, one := range []chan struct{}{in.begun, in.had.known} {
		select {
		case <-one:
		case <-in.ctx.Done():
			return false, false
		case <-late.C:
			return false, false
		}
		if one == in.begun && !in.resumed {
			return false, true
		}
	}
	return in.said[string(key)] || in.had.has(key), true
}

func (in *intake) refuse(topic string, err error) {
	in.counts.refused.Add(1)
	in.warn("a message is refused", "topic", topic, "error", err)
}

// acknowledge tells the broker what the log has.
func (in *intake) acknowledge() error {
	for {
		select {
		case <-in.ctx.Done():
			return nil
		case one := <-in.waiting:
			select {
			case <-in.ctx.Done():
				return nil
			case err := <-one.settled:
				if err != nil {
					return fmt.Errorf("the log does not take a message of %s: %w", one.Topic(), err)
				}
				one.Ack()
			}
		}
	}
}
