package engine

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
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

// TestTopicsWhoseTimesAreAnothersAreNamed: of what goes in the broker's time counts, of a command when it was decided.
func TestTopicsWhoseTimesAreAnothersAreNamed(t *testing.T) {
	for topic, is := range map[string]string{TopicSensor: "CreateTime", TopicTempset: "CreateTime", TopicZones: "CreateTime", TopicTick: "CreateTime", TopicCommand: "LogAppendTime"} {
		t.Run(topic, func(t *testing.T) {
			c, err := kfake.NewCluster(kfake.NumBrokers(1))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			if err := CreateTopics(t.Context(), c.ListenAddrs(), partitions, 1); err != nil {
				t.Fatal(err)
			}
			admin := kadm.NewClient(client(t, c.ListenAddrs()))
			if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: timestampType, Value: &is}}, topic); err != nil {
				t.Fatal(err)
			}
			if err := CheckTopics(t.Context(), c.ListenAddrs()); err == nil || !strings.Contains(err.Error(), topic+" has "+timestampType+" "+is) {
				t.Error(err)
			}
		})
	}
}
