package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// settings are what each topic must have. The time of an input's record is the broker's: a sensor whose clock
// is ahead would else stop the clock of all. So is that of a tick, by which a worker knows its own clock. That of a command is when it was decided: by the broker's an On that a
// worker says while it catches up would look as if it were of now.
var settings = map[string]map[string]string{
	TopicSensor:     {timestampType: "LogAppendTime"},
	TopicTempset:    {timestampType: "LogAppendTime", "cleanup.policy": "compact"},
	TopicZones:      {timestampType: "LogAppendTime", "cleanup.policy": "compact"},
	TopicTick:       {timestampType: "LogAppendTime"},
	TopicCommand:    {timestampType: "CreateTime"},
	TopicState:      {"cleanup.policy": "compact", "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.2"},
	TopicDeadletter: {},
}

const timestampType = "message.timestamp.type"

// CreateTopics makes the topics that are not there yet, with so many partitions and copies of each.
func CreateTopics(ctx context.Context, brokers []string, partitions int32, copies int16) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	for topic, wants := range settings {
		configs := map[string]*string{}
		for key, value := range wants {
			configs[key] = kadm.StringPtr(value)
		}
		if _, err := admin.CreateTopic(ctx, partitions, copies, configs, topic); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("%s: %w", topic, err)
		}
	}
	return check(ctx, admin)
}

// CheckTopics says what of the topics the engine cannot work with; nil: nothing.
func CheckTopics(ctx context.Context, brokers []string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	return check(ctx, kadm.NewClient(client))
}

// check says what of the topics the engine cannot work with.
func check(ctx context.Context, admin *kadm.Client) error {
	var names []string
	for topic := range settings {
		names = append(names, topic)
	}
	details, err := admin.ListTopics(ctx, names...)
	if err != nil {
		return err
	}
	for _, d := range details {
		if d.Err != nil {
			return fmt.Errorf("the topic %s: %w: make the topics with --create", d.Topic, d.Err)
		}
	}
	want := len(details[TopicTick].Partitions)
	for _, topic := range names {
		if n := len(details[topic].Partitions); n != want {
			return fmt.Errorf("%s has %d partitions and tick %d: all topics must have as many", topic, n, want)
		}
	}
	configs, err := admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return err
	}
	for _, c := range configs {
		for _, pair := range c.Configs {
			want, fixed := settings[c.Name][pair.Key]
			if is := pair.MaybeValue(); fixed && pair.Key == timestampType && is != want {
				return fmt.Errorf("%s has %s %s: it must be %s, else times are wrong by which heat begins and ends", c.Name, pair.Key, is, want)
			}
		}
	}
	return nil
}
