package peers

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"thermostat/fleet/kafka"
	"thermostat/fleet/rig"
)

// each runs a test for each engine, one after the other on a cluster of so many nodes. Each finds it empty.
func each(t *testing.T, nodes int, test func(t *testing.T, e engine, brokers []string)) {
	jars(t)
	brokers := kafka.New(t, nodes).Brokers()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Cleanup(func() { empty(t, brokers) })
			test(t, e, brokers)
		})
	}
}

// empty deletes all topics but Kafka's own.
func empty(t *testing.T, brokers []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	rig.Eventually(t, func() error {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second) // the test's own has ended
		defer stop()
		topics, err := admin.ListTopics(ctx)
		if err != nil || len(topics) == 0 {
			return err
		}
		if _, err = admin.DeleteTopics(ctx, topics.Names()...); err != nil {
			return err
		}
		return fmt.Errorf("%d topics are left", len(topics))
	})
}

// TestEveryEngineSaysTheCommandsOfThePublishedRule: the same streams, through each engine as a process, make the very
// commands that the rule makes, each at the time of its reading, for each sensor in order.
func TestEveryEngineSaysTheCommandsOfThePublishedRule(t *testing.T) {
	each(t, 1, func(t *testing.T, e engine, brokers []string) {
		s := newStreams(t, e, brokers, 3000)
		newMember(t, e, brokers).start()
		s.begin()
		s.load(12)
		s.end()
		lost, doubled, all := s.judge()
		t.Logf("%d commands", all)
		if len(lost) > 0 || len(doubled) > 0 || all < int(s.keys) {
			t.Errorf("%d commands: %d lost, such as %v; %d more, such as %v", all, len(lost), some(lost), len(doubled), some(doubled))
		}
	})
}

// TestNoEngineLosesOrDoublesACommandWhenItIsKilled: a process is killed while it has much to do, and is started again
// as a service manager does.
func TestNoEngineLosesOrDoublesACommandWhenItIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("the kills take a minute each")
	}
	each(t, 3, func(t *testing.T, e engine, brokers []string) {
		s, m := newStreams(t, e, brokers, 1000), newMember(t, e, brokers)
		m.start()
		s.begin()
		gap, lost, doubled, all := killed(s, m, m.start)
		t.Logf("%d commands, the longest wait %v", all, gap)
		if e.exact && (len(lost) > 0 || len(doubled) > 0) {
			t.Errorf("%d commands: %d lost, such as %v; %d more, such as %v", all, len(lost), some(lost), len(doubled), some(doubled))
		}
	})
}

// killed kills a member while readings go on, and does what follows. It gives the longest
// time from a reading to its command, and what was lost or doubled.
func killed(s *streams, m *member, then func()) (gap time.Duration, lost, doubled []command, all int) {
	ctx, stop := context.WithCancel(s.t.Context())
	var feeding sync.WaitGroup
	feeding.Go(func() { s.flow(ctx) })
	time.Sleep(8 * time.Second) // the campaign's own pace, as what follows
	m.process.Kill()
	at := time.Now()
	then()
	s.decidedAfter(at)
	time.Sleep(5 * time.Second)
	stop()
	feeding.Wait()
	s.end()
	for _, took := range s.latencies(at.Add(-time.Second)) {
		gap = max(gap, took)
	}
	lost, doubled, all = s.judge()
	return gap, lost, doubled, all
}

func some(all []command) []command { return all[:min(len(all), 10)] }
