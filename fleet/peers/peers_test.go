package peers

import (
	"context"
	"sync"
	"testing"
	"time"

	"thermostat/fleet/kafka"
)

// each runs a test for each engine, with a cluster of its own.
func each(t *testing.T, test func(t *testing.T, e engine, brokers []string)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			jars(t)
			test(t, e, kafka.New(t, 3).Brokers())
		})
	}
}

// TestEveryEngineSaysTheCommandsOfThePublishedRule: the same streams, through each engine as a process, make the very
// commands that the rule makes, each at the time of its reading, for each sensor in order.
func TestEveryEngineSaysTheCommandsOfThePublishedRule(t *testing.T) {
	each(t, func(t *testing.T, e engine, brokers []string) {
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
	each(t, func(t *testing.T, e engine, brokers []string) {
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
