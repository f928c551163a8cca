package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// streamOf reads a stream's configuration from the examples.
func streamOf(t *testing.T, file string) (config jetstream.StreamConfig) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, examples+file)), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

// TestWhatIsSaidOnMQTTStandsInTheLog: what is said on MQTT stands in the log. Two consumers read at their
// own pace, one of them over the death of the node that led it; reading begins
// at any number or time; the compacted log holds the newest control, program and target of each zone.
func TestWhatIsSaidOnMQTTStandsInTheLog(t *testing.T) {
	const zones, each = 20, 50
	const said = 4 * zones * each
	c := startCluster(t, (*cluster.Cluster).Config)
	heal(t, c, nil)
	log := openLog(t, c)
	central, newest := log.create(streamOf(t, "log.json")), log.create(streamOf(t, "controls.json"))

	slow := log.durable(central, "slow")
	speak(t, c.Nodes[0], zones, 0, each/2)
	log.holds(central, said/2)
	middle := time.Now()
	speak(t, c.Nodes[0], zones, each/2, each)
	log.holds(central, said)
	log.fetch(slow, 100, 1)
	if got := log.all(central, jetstream.OrderedConsumerConfig{}); len(got) != said { // the fast one
		t.Errorf("the log gives %d messages, want %d", len(got), said)
	}
	log.checkPositions(central, middle, said)

	nodeOf(t, c, leaderOf(t, slow)).Kill()
	log.fetch(slow, 100, 101)
	heal(t, c, nil)
	log.checkCompacted(newest, zones, each)
}

// compacted are the topics of which the compacted log holds the newest.
var compacted = []string{"control", "program", "target"}

// speak says a reading of every zone, and all that is compacted, in turn, from a round on.
func speak(t *testing.T, n *cluster.Node, zones, from, until int) {
	t.Helper()
	client, err := n.Dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(100)
	for i := from; i < until; i++ {
		for z := range zones {
			zone := fmt.Sprintf("thermostat/dev%d/room/", z)
			client.Publish(zone+"sensor", 0, false, fmt.Sprintf("%d/%d", z, i))
			for _, topic := range compacted {
				token := client.Publish(zone+topic, 1, false, fmt.Sprintf(`{"desired":%d.%d}`, z, i))
				if err := cluster.Acknowledged(token, rig.Patience); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// streams is a reader's connection to a cluster.
type streams struct {
	t  *testing.T
	js jetstream.JetStream
}

func openLog(t *testing.T, c *cluster.Cluster) streams {
	t.Helper()
	var urls []string
	for _, n := range c.Nodes {
		urls = append(urls, "nats://"+n.NATS)
	}
	nc, err := nats.Connect(urls[0], func(o *nats.Options) error { o.Servers = urls; return nil },
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return streams{t, js}
}

func (s streams) create(config jetstream.StreamConfig) jetstream.Stream {
	s.t.Helper()
	stream, err := s.js.CreateStream(s.t.Context(), config)
	if err != nil {
		s.t.Fatal(err)
	}
	return stream
}

func (s streams) durable(stream jetstream.Stream, name string) jetstream.Consumer {
	s.t.Helper()
	consumer, err := stream.CreateConsumer(s.t.Context(), jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		s.t.Fatal(err)
	}
	return consumer
}

// fetch reads some messages, or none if there are none yet: their numbers begin
// with first and none is left out.
func (s streams) fetch(c jetstream.Consumer, count int, first uint64) {
	s.t.Helper()
	next := first
	rig.Eventually(s.t, func() error {
		batch, err := c.Fetch(count-int(next-first), jetstream.FetchMaxWait(time.Second))
		if err != nil {
			return err
		}
		for m := range batch.Messages() {
			about, err := m.Metadata()
			if err != nil {
				return err
			}
			if seq := about.Sequence.Stream; seq == next {
				next++
			} else if seq > next {
				s.t.Fatalf("message %d comes, want %d", seq, next)
			}
			if err := m.DoubleAck(s.t.Context()); err != nil {
				return err
			}
		}
		if int(next-first) < count {
			return fmt.Errorf("only %d of %d messages: %v", next-first, count, batch.Error())
		}
		return nil
	})
}

// holds waits until the log has so many messages: those of QoS 0 are on their way.
func (s streams) holds(stream jetstream.Stream, count uint64) {
	s.t.Helper()
	rig.Eventually(s.t, func() error {
		info, err := stream.Info(s.t.Context())
		if err == nil && info.State.Msgs != count {
			err = fmt.Errorf("the log holds %d messages, want %d", info.State.Msgs, count)
		}
		return err
	})
}

// all reads what there is, from where the configuration says.
func (s streams) all(stream jetstream.Stream, config jetstream.OrderedConsumerConfig) (got []jetstream.Msg) {
	s.t.Helper()
	consumer, err := stream.OrderedConsumer(s.t.Context(), config)
	if err != nil {
		s.t.Fatal(err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		s.t.Fatal(err)
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextMaxWait(rig.Patience))
		if err != nil {
			s.t.Fatal(err)
		}
		got = append(got, m)
		if about, err := m.Metadata(); err != nil || about.NumPending == 0 {
			return got
		}
	}
}

// checkPositions reads from the middle, by number and by time.
func (s streams) checkPositions(stream jetstream.Stream, middle time.Time, count int) {
	s.t.Helper()
	half := uint64(count/2 + 1)
	byNumber := s.all(stream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: half})
	byTime := s.all(stream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &middle})
	for how, got := range map[string][]jetstream.Msg{"number": byNumber, "time": byTime} {
		if len(got) != count/2 || string(got[0].Data()) != string(byNumber[0].Data()) {
			s.t.Errorf("from the middle by %s: %d messages from %q on, want %d from %q", how, len(got), got[0].Data(), count/2, byNumber[0].Data())
		}
	}
}

// checkCompacted: the newest of each zone, and nothing else.
func (s streams) checkCompacted(stream jetstream.Stream, zones, each int) {
	s.t.Helper()
	var want []string
	for z := range zones {
		for _, topic := range compacted {
			want = append(want, fmt.Sprintf(`thermostat.dev%d.room.%s {"desired":%d.%d}`, z, topic, z, each-1))
		}
	}
	slices.Sort(want)
	rig.Eventually(s.t, func() error {
		var got []string
		for _, m := range s.all(stream, jetstream.OrderedConsumerConfig{}) {
			got = append(got, m.Subject()+" "+string(m.Data()))
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			return fmt.Errorf("the compacted log holds\n%q, want\n%q", got, want)
		}
		return nil
	})
}

func leaderOf(t *testing.T, c jetstream.Consumer) string {
	t.Helper()
	info, err := c.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return info.Cluster.Leader
}

func nodeOf(t *testing.T, c *cluster.Cluster, name string) *cluster.Node {
	t.Helper()
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("there is no node %q", name)
	return nil
}
