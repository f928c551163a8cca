package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"thermostat/fleet/engine"
	"thermostat/mqtt/broker"
)

// MissingTopic is a topic of the log without which the bridge cannot work.
type MissingTopic string

func (m MissingTopic) Error() string {
	if m == TopicAgents {
		return "Kafka has no topic " + TopicAgents + ": make it, or leave out --agents"
	}
	return fmt.Sprintf("Kafka has no topic %s: make the engine's topics with the worker's --create", string(m))
}

// learn asks the log, once it is there, what the bridge must know of it: whether the topics are there, and which
// setpoints it has. It gives [MissingTopic], or nil if it has learned all or the context has ended.
func (b *Bridge) learn(ctx context.Context) error {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		err := b.checkTopics(ctx)
		if missing := MissingTopic(""); errors.As(err, &missing) {
			return missing
		}
		var keys map[string]bool
		if err == nil {
			keys, err = b.readSetpoints(ctx)
		}
		if err == nil {
			b.had.learn(keys)
			return nil
		}
		if ctx.Err() == nil {
			b.warn("the log cannot be read", "error", err)
		}
		broker.Backoff(ctx, min(attempt, 3), 0) // at most 8 s: retained setpoints wait for it
	}
	return nil
}

// checkTopics gives [MissingTopic], or why the log does not say.
func (b *Bridge) checkTopics(ctx context.Context) error {
	wanted := []string{engine.TopicSensor, engine.TopicTempset, engine.TopicCommand}
	if b.Agents != "" {
		wanted = append(wanted, TopicAgents)
	}
	details, err := kadm.NewClient(b.log).ListTopics(ctx, wanted...)
	if err != nil {
		return err
	}
	for _, topic := range wanted {
		switch err := details[topic].Err; {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			return MissingTopic(topic)
		case err != nil:
			return fmt.Errorf("the topic %s: %w", topic, err)
		}
	}
	return nil
}
