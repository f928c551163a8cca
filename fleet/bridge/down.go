package bridge

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kgo"

	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/wire"
)

// ackTimeout is how long the broker may keep a command without an answer: with the next attempt less than a lease.
const ackTimeout = 10 * time.Second

// carryCommands says on the broker what the log has for heaters, in its order. The place in the log moves
// on behind what the broker has acknowledged.
func (b *Bridge) carryCommands(ctx context.Context, c paho.Client) error {
	for {
		if len(b.batch) == 0 {
			fetches := b.log.PollRecords(ctx, window)
			b.batch = fetches.Records() // kept also if the connection has ended: nobody gives them again
			if ctx.Err() != nil {
				return nil
			}
			fetches.EachError(func(topic string, partition int32, err error) {
				b.warn("commands cannot be had", "topic", topic, "partition", partition, "error", err)
			})
		}
		if err := b.publish(ctx, c); err != nil {
			return err
		}
	}
}

// publish says the batch, and waits until the broker has acknowledged all of it. Else the rest stays, from the first
// one on without an acknowledgement, so that a slow connection gets on, too.
func (b *Bridge) publish(ctx context.Context, c paho.Client) error {
	tokens := make([]paho.Token, len(b.batch))
	for i, topic := range b.topics(time.Now()) {
		if topic != "" {
			tokens[i] = c.Publish(topic, 1, false, b.batch[i].Value)
		}
	}
	wait, stop := context.WithTimeout(ctx, ackTimeout)
	defer stop()
	for i, t := range tokens {
		if t == nil {
			continue
		}
		if err := broker.Await(wait, t); err != nil {
			b.done(i)
			return fmt.Errorf("a command: %w", err)
		}
		b.counts.commands.Add(1)
	}
	b.done(len(tokens))
	return nil
}

// done moves the place in the log on behind the first n of the batch.
func (b *Bridge) done(n int) {
	b.log.MarkCommitRecords(b.batch[:n]...)
	b.batch = b.batch[n:]
}

// topics says where each record of the batch is published; empty: it is not. An On that the batch itself
// follows with another command is not: a batch may be said twice, and would then heat after it was taken back.
func (b *Bridge) topics(now time.Time) []string {
	all, followed := make([]string, len(b.batch)), map[int32]bool{}
	for i, r := range slices.Backward(b.batch) {
		id, on, carried := b.commandOf(r, now)
		if carried && !(on && followed[id]) {
			all[i] = b.routes.down(id)
		}
		followed[id] = followed[id] || carried
	}
	return all
}

// commandOf gives whose command a record is, whether it is an On, and whether it is carried. An old On is not: it would heat for what
// was decided long ago. Nor is one of the future: this clock is behind, and nobody knows how old it is. An Off always is.
func (b *Bridge) commandOf(r *kgo.Record, now time.Time) (id int32, on, carried bool) {
	n, err := strconv.ParseInt(string(r.Key), 10, 32)
	if id = int32(n); err == nil && !b.Sensors.Has(id) {
		return id, on, false
	}
	if err == nil {
		on, err = wire.DecodeCommand(id, r.Value)
	}
	switch age := now.Sub(r.Timestamp); {
	case err != nil:
		b.counts.refused.Add(1)
		b.warn("a command is refused", "key", wire.Quoted(string(r.Key)), "error", err)
		return id, on, false
	case on && age.Abs() > client.HeaterLease:
		b.counts.expired.Add(1)
		b.warn("an On is not carried: its age is beyond its lease; is the clock right?", "sensor_id", id, "age", age.Round(time.Second))
		return id, on, false
	}
	return id, on, true
}
