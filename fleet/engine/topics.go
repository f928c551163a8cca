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
// is ahead would else stop the clock of all.
var settings = map[string]map[string]string{
	TopicSensor:     {"message.timestamp.type": "LogAppendTime"},
	TopicTempset:    {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "compact"},
	TopicZones:      {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "compact"},
	TopicTick:       {},
	TopicCommand:    {},
	TopicState:      {"cleanup.policy": "compact", "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.2"},
	TopicDeadletter: {},
}

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
	configs, err := admin.DescribeTopicConfigs(ctx, Inputs...)
	if err != nil {
		return err
	}
	for _, c := range configs {
		for _, pair := range c.Configs {
			if pair.Key == "message.timestamp.type" && pair.MaybeValue() != "LogAppendTime" {
				return fmt.Errorf("%s has message.timestamp.type %s: it must be LogAppendTime, else a sensor with a wrong clock stops the others", c.Name, pair.MaybeValue())
			}
		}
	}
	return nil
}
