package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

const partitions = 4

// newLog is a broker in this process with the topics of the engine.
func newLog(t *testing.T) []string {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, TopicSensor, TopicTempset, TopicZones, TopicTick, TopicCommand, TopicState, TopicDeadletter))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()
}

func client(t *testing.T, brokers []string, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...)}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// feed writes the records of zones into the log, in the order of their times.
func feed(t *testing.T, brokers []string, records []*kgo.Record) {
	t.Helper()
	slices.SortStableFunc(records, func(a, b *kgo.Record) int { return a.Timestamp.Compare(b.Timestamp) })
	if err := client(t, brokers).ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// recordsOf are a zone's happenings as records, and the zone itself.
func recordsOf(id int32, all []happening) (records []*kgo.Record) {
	records = append(records, &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(someParameters), Timestamp: all[0].at})
	for _, h := range all {
		r := &kgo.Record{Topic: TopicSensor, Key: Key(id), Timestamp: h.at}
		if h.control != nil {
			r.Topic = TopicTempset
			r.Value, _ = proto.Marshal(h.control)
		} else {
			r.Value, _ = proto.Marshal(&pb.SensorData{SensorID: &id, Temperature: &h.celsius})
		}
		records = append(records, r)
	}
	return records
}

// everything reads a topic from its beginning to its end, what was committed of it.
func everything(t *testing.T, brokers []string, topic string) (all []*kgo.Record) {
	t.Helper()
	c := client(t, brokers, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	ends, err := kadm.NewClient(c).ListEndOffsets(t.Context(), topic)
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
		for _, r := range c.PollFetches(t.Context()).Records() {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		}
	}
	return all
}

// commands are what heaters were told, as sensorID, command and moment of the switch, without what was said again.
func commands(t *testing.T, brokers []string) (all []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range everything(t, brokers, TopicCommand) {
		if line := switchOf(t, r); !seen[line] {
			seen[line] = true
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

// process is a worker that can be killed: it says nothing more to anybody.
type process struct {
	worker *Worker
	cancel context.CancelFunc

	mu    sync.Mutex
	dead  bool
	conns []net.Conn
}

func startProcess(t *testing.T, brokers []string, name string) *process {
	t.Helper()
	p := &process{}
	var err error
	p.worker, err = New(Options{Brokers: brokers, Name: name, Version: "test", Every: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), kgo: []kgo.Opt{kgo.Dialer(p.dial)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	go func() {
		if err := p.worker.Run(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", name, err)
		}
	}()
	t.Cleanup(func() {
		p.kill()
		go p.worker.Close() // it waits for answers that do not come
	})
	return p
}

func (p *process) dial(ctx context.Context, network, host string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return nil, errors.New("killed")
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err == nil {
		p.conns = append(p.conns, c)
	}
	return c, err
}

func (p *process) kill() {
	p.mu.Lock()
	p.dead = true
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.cancel()
}

// caughtUp waits until the zones of all partitions have been told of a moment.
func caughtUp(t *testing.T, brokers []string, moment time.Time) {
	t.Helper()
	for {
		reached := map[int32]bool{}
		for _, r := range everything(t, brokers, TopicState) {
			var tick Tick
			if string(r.Key) == placeKey && proto.Unmarshal(r.Value, &tick) == nil && !tick.Time.AsTime().Before(moment) {
				reached[r.Partition] = true
			}
		}
		if len(reached) == partitions {
			return
		}
		select {
		case <-t.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestKilledWorkersLoseAndDoubleNothing: an hour of records of many zones, taken by three workers of which one
// after the other is killed, makes the very switches that each zone makes by itself.
func TestKilledWorkersLoseAndDoubleNothing(t *testing.T) {
	brokers := newLog(t)
	var records []*kgo.Record
	var want []string
	p := readAll(t, someParameters)
	const zones = 60
	for id := int32(1); id <= zones; id++ {
		all := day(rand.New(rand.NewPCG(uint64(id), 1)))
		for i := range all {
			all[i].at = all[i].at.Truncate(time.Millisecond)
		}
		records = append(records, recordsOf(id, all)...)
		z := newZone(id, p)
		for _, h := range all {
			if h.control != nil {
				_ = z.obey(proto.CloneOf(h.control), h.at)
			} else {
				z.hear(recalled(h), h.at)
			}
		}
		z.advance(all[len(all)-1].at.Add(24 * time.Hour))
		for _, c := range z.take() {
			want = append(want, fmt.Sprintf("%d %v %s", id, c.GetCommand(), c.SwitchedAt.AsTime().Format("15:04:05.000")))
		}
	}
	slices.Sort(want)
	feed(t, brokers, records)
	var running []*process
	for n := range 3 {
		running = append(running, startProcess(t, brokers, fmt.Sprintf("worker-%d", n)))
	}
	for n := range 4 {
		caughtUp(t, brokers, morning.Add(time.Duration(n+1)*12*time.Minute))
		running[n%3].kill()
		running[n%3] = startProcess(t, brokers, fmt.Sprintf("worker-%d", 3+n))
	}
	caughtUp(t, brokers, morning.Add(2*time.Hour))
	got := commands(t, brokers)
	if !slices.Equal(got, want) {
		t.Errorf("%d switches, want %d\nlost %v\nmore %v", len(got), len(want), less(want, got), less(got, want))
	}
}

func recalled(h happening) (r controlloop.Reading) {
	return recallReading(&Reading{Celsius: h.celsius, At: stamp(h.at)})
}

// less gives what of one is not in the other.
func less(a, b []string) (rest []string) {
	for _, x := range a {
		if _, there := slices.BinarySearch(b, x); !there {
			rest = append(rest, x)
		}
	}
	return rest[:min(len(rest), 20)]
}
