package engine

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestTopicsThatTheEngineCannotWorkWithAreNamed: one is not there, or has another number of partitions.
func TestTopicsThatTheEngineCannotWorkWithAreNamed(t *testing.T) {
	others := []string{TopicTempset, TopicZones, TopicTick, TopicCommand, TopicState, TopicDeadletter}
	for _, row := range []struct {
		name string
		more []kfake.Opt
		want string
	}{
		{"not there", nil, "the topic sensor: UNKNOWN_TOPIC_OR_PARTITION"},
		{"fewer partitions", []kfake.Opt{kfake.SeedTopics(partitions-1, TopicSensor)}, "sensor has 3 partitions and tick 4"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := kfake.NewCluster(append(row.more, kfake.NumBrokers(1), kfake.SeedTopics(partitions, others...))...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			if err := CheckTopics(t.Context(), c.ListenAddrs()); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}
