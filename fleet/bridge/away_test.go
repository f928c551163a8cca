package bridge

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/fleet/cluster"
	"thermostat/fleet/engine"
	"thermostat/fleet/kafka"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

var away = flag.Duration("away", 4*time.Second, "how long a side is away")

const devices = 20

// books are what the devices of a site have said and heard, kept beside the bridge.
type books struct {
	t   *testing.T
	log []string // the log's addresses
	mu  sync.Mutex
	ack map[string]bool // readings that the broker has acknowledged
	any map[string]bool // those that were said at all

	told  map[int32][]string // what the log told heaters, in order
	last  map[int32][]byte   // of them, and of another site's
	heard map[int32][]string // what heaters heard, in order
}

func newBooks(t *testing.T, log []string) *books {
	return &books{t: t, log: log, ack: map[string]bool{}, any: map[string]bool{}, told: map[int32][]string{}, heard: map[int32][]string{}, last: map[int32][]byte{}}
}

func reading(d *pb.SensorData) string {
	return fmt.Sprintf("%d at %d", d.GetSensorID(), d.ReadAt.AsTime().UnixNano())
}

func order(c *pb.HeaterControl) string {
	return fmt.Sprintf("%v %d", c.GetCommand(), c.SwitchedAt.AsTime().UnixNano())
}

// say has a device measure until the context ends. A reading that the broker does not acknowledge is said again.
func (k *books) say(ctx context.Context, b *siteBroker, id int32) {
	var c paho.Client
	for n := 0; ctx.Err() == nil; n++ {
		d := &pb.SensorData{SensorID: &id, Temperature: proto.Float64(20 + float64(n%10)/10), ReadAt: timestamppb.Now()}
		payload := marshal(d)
		k.mu.Lock()
		k.any[reading(d)] = true
		k.mu.Unlock()
		for ctx.Err() == nil {
			if c == nil || !c.IsConnectionOpen() {
				c, _ = b.dial(fmt.Sprint(id), fmt.Sprintf("sensor-%d", id), nil)
			}
			if c != nil && cluster.Acknowledged(c.Publish(fmt.Sprintf("site/%d/sensor", id), 1, false, payload), 2*time.Second) == nil {
				k.mu.Lock()
				k.ack[reading(d)] = true
				k.mu.Unlock()
				break
			}
			pause(ctx, 200*time.Millisecond)
		}
		pause(ctx, 100*time.Millisecond)
	}
	if c != nil {
		c.Disconnect(0)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// obey has the heaters of the site listen, with one session that the broker keeps.
func (k *books) obey(b *siteBroker) {
	k.t.Helper()
	c, err := b.dial("heaters", "heaters", func(c paho.Client) {
		c.Subscribe("site/+/heatercontrol", 1, func(_ paho.Client, m paho.Message) {
			var h pb.HeaterControl
			if proto.Unmarshal(m.Payload(), &h) != nil || m.Topic() != fmt.Sprintf("site/%d/heatercontrol", h.GetSensorID()) || m.Retained() {
				k.t.Errorf("%s has %x", m.Topic(), m.Payload())
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			k.heard[h.GetSensorID()] = append(k.heard[h.GetSensorID()], order(&h))
		})
	})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { c.Disconnect(0) })
}

// tell writes a command for each heater of this site, and of another one.
func (k *books) tell(log *kgo.Client, command pb.HeaterCommand) {
	k.t.Helper()
	var records []*kgo.Record
	for id := int32(1); id <= devices; id++ {
		for _, at := range []int32{id, id + 5000} {
			c := &pb.HeaterControl{SensorID: proto.Int32(at), Command: command.Enum(), SwitchedAt: timestamppb.Now()}
			value := marshal(c)
			k.last[at] = value
			records = append(records, &kgo.Record{Topic: engine.TopicCommand, Key: engine.Key(at), Value: value})
			if at == id {
				k.told[id] = append(k.told[id], order(c))
			}
		}
	}
	if err := log.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		k.t.Fatal(err)
	}
}

// lacking is what of a book is not in another one.
func lacking(want, have map[string]bool) (all []string) {
	for one := range want {
		if !have[one] {
			all = append(all, one)
		}
	}
	slices.Sort(all)
	return all
}

// renew says the last On of each heater again until the context ends, as the engine does every 10 s: one that
// the bridge gets when it is older than its lease is not carried.
func (k *books) renew(ctx context.Context, log *kgo.Client) {
	for ctx.Err() == nil {
		for id, value := range k.last {
			log.Produce(ctx, &kgo.Record{Topic: engine.TopicCommand, Key: engine.Key(id), Value: value}, nil)
		}
		pause(ctx, 2*time.Second)
	}
}

// balance holds the books against the log and what heaters have heard. Offs all arrive; of Ons the last does.
func (k *books) balance() {
	k.t.Helper()
	rig.Eventually(k.t, func() error {
		inLog, times := map[string]bool{}, 0
		for _, r := range everything(k.t, k.log, engine.TopicSensor) {
			var d pb.SensorData
			if err := proto.Unmarshal(r.Value, &d); err != nil || string(r.Key) != fmt.Sprint(d.GetSensorID()) {
				k.t.Fatalf("the log has %s: %x", r.Key, r.Value)
			}
			inLog[reading(&d)] = true
			times++
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if lost := lacking(k.ack, inLog); len(lost) > 0 {
			return fmt.Errorf("%d of %d acknowledged readings are not in the log: %v", len(lost), len(k.ack), lost[:min(5, len(lost))])
		}
		if more := lacking(inLog, k.any); len(more) > 0 {
			k.t.Fatalf("the log has readings that nobody said: %v", more)
		}
		for id, told := range k.told {
			heard := k.heard[id]
			for _, one := range told {
				if strings.HasPrefix(one, "Off") && !slices.Contains(heard, one) {
					return fmt.Errorf("heater %d has not heard %s", id, one)
				}
			}
			if last := told[len(told)-1]; heard[len(heard)-1] != last {
				return fmt.Errorf("heater %d heard %s last, want %s", id, heard[len(heard)-1], last)
			}
		}
		if strangers := slices.DeleteFunc(slices.Collect(maps.Keys(k.heard)), func(id int32) bool { return id <= devices }); len(strangers) > 0 {
			k.t.Fatalf("heaters of another site were told: %v", strangers)
		}
		k.t.Logf("%d readings acknowledged, %d records of them", len(k.ack), times)
		return nil
	})
}

// everything is what a topic has until its end.
func everything(t *testing.T, log []string, topic string) (all []*kgo.Record) {
	t.Helper()
	reader, err := kgo.NewClient(kgo.SeedBrokers(log...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ends, err := kadm.NewClient(reader).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	for len(left) > 0 {
		for _, r := range reader.PollFetches(t.Context()).Records() {
			all = append(all, r)
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		}
	}
	return all
}

// launch runs a bridge until the function that it gives is called, which ends it like a crash: what it has not
// been answered is not waited for.
func launch(t *testing.T, o Options) (_ *Bridge, end func()) {
	t.Helper()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	end = sync.OnceFunc(func() {
		stop()
		<-ended
		b.Close()
	})
	t.Cleanup(end)
	return b, end
}

// run launches a bridge, and waits until it is connected to the broker.
func run(t *testing.T, o Options) (_ *Bridge, end func()) {
	t.Helper()
	b, end := launch(t, o)
	rig.Eventually(t, func() error {
		if !b.counts.connected.Load() {
			return fmt.Errorf("the bridge does not connect")
		}
		return nil
	})
	return b, end
}

// scene is a site, its bridge and the log.
type scene struct {
	broker          *siteBroker
	toBroker, toLog *wires
	options         Options
	end             func() // ends the bridge
	node            *kafka.Node
}

// TestNothingIsLostWhileOneSideIsAway: readings and commands go on while the broker, the log or the bridge itself is away
// for -away. What the broker has acknowledged to a sensor is in the log, what the log has for a heater reaches it, the
// newest at last, and nothing else is in either.
func TestNothingIsLostWhileOneSideIsAway(t *testing.T) {
	realKafka := func(t *testing.T) ([]string, *kafka.Node) {
		c := kafka.New(t, 1)
		rig.Eventually(t, func() error {
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			defer stop()
			return engine.CreateTopics(ctx, c.Brokers(), partitions, 1)
		})
		client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := kadm.NewClient(client).CreateTopic(t.Context(), partitions, 1, nil, TopicAgents); err != nil {
			t.Fatal(err)
		}
		return c.Brokers(), c.Nodes[0]
	}
	fake := func(t *testing.T) ([]string, *kafka.Node) { return newLog(t), nil }
	for _, row := range []struct {
		name   string
		broker func(testing.TB) *siteBroker
		log    func(*testing.T) ([]string, *kafka.Node)
		leaves func(*scene)
		back   func(*testing.T, *scene)
	}{
		{"mosquitto", newMosquitto, fake, func(s *scene) { s.broker.stop() }, func(_ *testing.T, s *scene) { s.broker.start() }},
		{"NATS", newNATS, fake, func(s *scene) { s.broker.stop() }, func(_ *testing.T, s *scene) { s.broker.start() }},
		{"Kafka", newMosquitto, realKafka, func(s *scene) { s.node.Kill() }, func(_ *testing.T, s *scene) { s.node.Start() }},
		{"the log without a word", newMosquitto, fake, func(s *scene) { s.toLog.become(frozen) }, func(_ *testing.T, s *scene) { s.toLog.become(whole) }},
		{"the broker without a word", newMosquitto, fake, func(s *scene) { s.toBroker.become(frozen) }, func(_ *testing.T, s *scene) { s.toBroker.become(whole) }},
		{"the log, and then the bridge", newMosquitto, fake, func(s *scene) { s.toLog.become(cut) }, func(t *testing.T, s *scene) {
			s.end()
			s.toLog.become(whole)
			_, s.end = run(t, s.options)
		}},
		{"the broker without a word, and then the bridge", newMosquitto, fake, func(s *scene) { s.toBroker.become(frozen) }, func(t *testing.T, s *scene) {
			s.end()
			s.toBroker.become(whole)
			_, s.end = run(t, s.options)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addresses, node := row.log(t)
			s := &scene{broker: row.broker(t), toBroker: newWires(), toLog: newWires(), node: node}
			s.options = siteOptions(t, s.broker, addresses, s.toBroker, s.toLog)
			log, err := kgo.NewClient(kgo.SeedBrokers(addresses...))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			k := newBooks(t, addresses)
			k.obey(s.broker)
			_, s.end = run(t, s.options)
			ctx, stop := context.WithCancel(t.Context())
			var saying sync.WaitGroup
			for id := int32(1); id <= devices; id++ {
				saying.Go(func() { k.say(ctx, s.broker, id) })
			}
			k.tell(log, pb.HeaterCommand_On)
			pause(ctx, 2*time.Second)
			row.leaves(s)
			if node == nil { // else nobody can tell anything
				k.tell(log, pb.HeaterCommand_Off)
				k.tell(log, pb.HeaterCommand_On)
				k.tell(log, pb.HeaterCommand_Off)
			}
			pause(ctx, *away)
			row.back(t, s)
			k.tell(log, pb.HeaterCommand_Off)
			k.tell(log, pb.HeaterCommand_On)
			pause(ctx, 2*time.Second)
			stop()
			saying.Wait()
			renewing, renewed := context.WithCancel(t.Context())
			defer renewed()
			go k.renew(renewing, log)
			k.balance()
		})
	}
}
