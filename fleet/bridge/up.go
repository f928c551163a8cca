package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
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
	resumed atomic.Bool     // the broker has kept the session
	waiting chan *message   // not acknowledged yet
}

// message is one of the broker's, and what became of it.
type message struct {
	paho.Message
	settled chan error // nil: the log has it, or it is for nobody
}

func newIntake(ctx context.Context, b *Bridge, end func(error)) *intake {
	return &intake{Bridge: b, ctx: ctx, end: end, waiting: make(chan *message, window)}
}

// stalled is how long the connection may stand still because the log takes nothing: its
// keepalive would end it soon after.
const stalled = 4 * time.Second

var errStalled = errors.New("the log takes nothing: the broker keeps what comes")

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
	case err == nil && in.stale(name, m):
		in.counts.retained.Add(1)
		one.settled <- nil
		return
	}
	if err != nil {
		in.refuse(m.Topic(), err)
		one.settled <- nil
		return
	}
	record := &kgo.Record{Topic: name, Key: key, Value: m.Payload()}
	if name == engine.TopicTempset && len(record.Value) == 0 {
		record.Value = nil // a setpoint that is taken away; compacted topics know it by that
	}
	in.log.TryProduce(context.Background(), record, func(_ *kgo.Record, err error) {
		switch {
		case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.InvalidRecord):
			in.counts.refused.Add(1) // it will never be otherwise
			err = nil
		case err == nil:
			in.counts.taken.Add(1)
		}
		one.settled <- err
	})
}

// stale reports whether a message is one that the broker has retained, and that says nothing new: a reading,
// or what came when the session began. An old setpoint would undo what was said in the log since then.
func (in *intake) stale(name string, m paho.Message) bool {
	return m.Retained() && (name == engine.TopicSensor || in.resumed.Load())
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
