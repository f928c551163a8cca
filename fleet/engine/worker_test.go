package engine

import (
	"bytes"
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
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

const partitions = 4

// newLog is a broker in this process with the topics of the engine.
func newLog(t *testing.T) []string {
	t.Helper()
	return newCluster(t).ListenAddrs()
}

func newCluster(t *testing.T) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, TopicSensor, TopicTempset, TopicZones, TopicTick, TopicCommand, TopicState, TopicDeadletter))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
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

func startProcess(t *testing.T, brokers []string, name string, with ...func(*Options)) *process {
	t.Helper()
	p := &process{}
	o := Options{Brokers: brokers, Name: name, Version: "test", Every: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), kgo: []kgo.Opt{kgo.Dialer(p.dial)}}
	for _, change := range with {
		change(&o)
	}
	var err error
	p.worker, err = New(o)
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

// defined writes the records that make zones.
func defined(t *testing.T, brokers []string, ids ...int32) {
	t.Helper()
	var records []*kgo.Record
	for _, id := range ids {
		records = append(records, &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(quickParameters)})
	}
	feed(t, brokers, records)
}

// holds is the mode that a zone of this worker holds; empty: it has none.
func (p *process) holds(id int32) string {
	p.worker.mu.Lock()
	defer p.worker.mu.Unlock()
	for _, some := range p.worker.partitions {
		if z := some.zones[id]; z.lives() {
			return z.said.Mode.String()
		}
	}
	return ""
}

// TestRecordsThatKafkaHasDeletedHoldNothingUp: a topic is older than the engine, or the workers were away for longer than it
// keeps its records.
func TestRecordsThatKafkaHasDeletedHoldNothingUp(t *testing.T) {
	brokers := newLog(t)
	admin := kadm.NewClient(client(t, brokers))
	c := client(t, brokers, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	forget := func() {
		gone := kadm.Offsets{}
		for n := range int32(partitions) {
			r := &kgo.Record{Topic: TopicSensor, Partition: n, Key: Key(1)}
			if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
			gone.AddOffset(TopicSensor, n, r.Offset+1, -1)
		}
		if _, err := admin.DeleteRecords(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	p := startProcess(t, brokers, "first")
	caughtUp(t, brokers, time.Now())
	p.kill()
	forget()
	startProcess(t, brokers, "second")
	caughtUp(t, brokers, time.Now())
}

// TestALargeKeyDoesNotStopThePartition: with what is said of it, it would be longer than Kafka takes.
func TestALargeKeyDoesNotStopThePartition(t *testing.T) {
	brokers := newLog(t)
	feed(t, brokers, []*kgo.Record{{Topic: TopicSensor, Key: bytes.Repeat([]byte("7"), 999_900)}})
	startProcess(t, brokers, "worker")
	caughtUp(t, brokers, time.Now())
	dead := everything(t, brokers, TopicDeadletter)
	if len(dead) != 1 || string(dead[0].Headers[0].Value) != errKey.Error() {
		t.Errorf("%d dead letters", len(dead))
	}
}

// TestWhatATransactionGaveUpIsNotObeyed, and one that stands open holds back what it says alone.
func TestWhatATransactionGaveUpIsNotObeyed(t *testing.T) {
	brokers := newLog(t)
	defined(t, brokers, 7, 8, 9)
	off := func(id int32) *kgo.Record {
		return &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: []byte(`{"mode":"off"}`)}
	}
	begin := func(id int32) *kgo.Client {
		c := client(t, brokers, kgo.TransactionalID(fmt.Sprint("other ", id)))
		if err := errors.Join(c.BeginTransaction(), c.ProduceSync(t.Context(), off(id)).FirstErr()); err != nil {
			t.Fatal(err)
		}
		return c
	}
	end := func(c *kgo.Client, how kgo.TransactionEndTry) {
		if err := c.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	end(begin(7), kgo.TryAbort)
	end(begin(8), kgo.TryCommit)
	open := begin(9)
	p := startProcess(t, brokers, "worker")
	caughtUp(t, brokers, time.Now())
	for id, want := range map[int32]string{7: "heat", 8: "off", 9: "heat"} {
		if got := p.holds(id); got != want {
			t.Errorf("zone %d holds %q, want %q", id, got, want)
		}
	}
	end(open, kgo.TryCommit)
	caughtUp(t, brokers, time.Now())
	if got := p.holds(9); got != "off" {
		t.Errorf("zone 9 holds %q once the transaction is ended", got)
	}
}

// TestATickThatIsAheadOfItsRecordIsNone: whoever wrote it had a wrong clock. It would end all decisions until that time has come.
func TestATickThatIsAheadOfItsRecordIsNone(t *testing.T) {
	brokers := newLog(t)
	defined(t, brokers, 7)
	value := wireOf(t, &Tick{Time: timestamppb.New(time.Now().Add(time.Hour))})
	for n := range int32(partitions) {
		if err := client(t, brokers, kgo.RecordPartitioner(kgo.ManualPartitioner())).ProduceSync(t.Context(), &kgo.Record{Topic: TopicTick, Partition: n, Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	p := startProcess(t, brokers, "worker")
	rig.Eventually(t, func() error {
		if p.worker.Overview(time.Now()).Zones != 1 {
			return errors.New("there is no zone yet")
		}
		return nil
	})
	caughtUp(t, brokers, time.Now())
	for n, ticks := range places(t, brokers) {
		if ahead := time.Until(ticks[len(ticks)-1].Time.AsTime()); ahead > 2*maxWrong {
			t.Errorf("partition %d is %v ahead", n, ahead)
		}
	}
}

// TestAWorkerWhoseClockIsWrongGoesByTheBrokers: its ticks are of now all the same.
func TestAWorkerWhoseClockIsWrongGoesByTheBrokers(t *testing.T) {
	for _, wrong := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(wrong.String(), func(t *testing.T) {
			c, err := kfake.NewCluster(kfake.NumBrokers(1))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			brokers := c.ListenAddrs()
			if err := CreateTopics(t.Context(), brokers, partitions, 1); err != nil {
				t.Fatal(err)
			}
			defined(t, brokers, 7)
			p := startProcess(t, brokers, "worker", func(o *Options) {
				o.clock = func() time.Time { return time.Now().Add(wrong) }
			})
			began := time.Now()
			caughtUp(t, brokers, began.Add(time.Second))
			for n, ticks := range places(t, brokers) {
				if ahead := time.Until(ticks[len(ticks)-1].Time.AsTime()); ahead > 2*maxWrong {
					t.Errorf("partition %d is %v ahead", n, ahead)
				}
			}
			if p.holds(7) != "heat" {
				t.Error("there is no zone")
			}
		})
	}
}

// TestAPartitionThatWasAnothersBetweenTwoTicksIsReadAgain: what is remembered of it is of before.
func TestAPartitionThatWasAnothersBetweenTwoTicksIsReadAgain(t *testing.T) {
	brokers := newLog(t)
	w, err := New(Options{Brokers: brokers, Name: "worker", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	old := newPartition(0, &w.known)
	w.mu.Lock()
	w.partitions[0] = old
	w.mu.Unlock()
	ids := map[string][]int32{TopicTick: {0}}
	w.leave(t.Context(), w.group.Client(), ids)
	w.join(t.Context(), w.group.Client(), ids)
	value := wireOf(t, &Tick{Time: timestamppb.New(time.Now())})
	if err := w.commit(t.Context(), []*kgo.Record{{Topic: TopicTick, Timestamp: time.Now(), Value: value}}); err != nil {
		t.Fatal(err)
	}
	if p := w.partitions[0]; p == old || p.place == nil {
		t.Errorf("it was not read again: %v", p)
	}
}

// TestWhatFailsIsNotTriedAgainAtOnce: a log that gives an error each time would be read back from its begin many times a second.
func TestWhatFailsIsNotTriedAgainAtOnce(t *testing.T) {
	w, err := New(Options{Brokers: newLog(t), Name: "worker", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.inputs.close()
	value := wireOf(t, &Tick{Time: timestamppb.New(time.Now())})
	if err := w.commit(t.Context(), []*kgo.Record{{Topic: TopicTick, Timestamp: time.Now(), Value: value}}); err == nil || errors.Is(err, errFatal) {
		t.Errorf("%v: who does not hear of it goes on at once", err)
	}
}

// slow has a worker take its time for each reading.
type slow time.Duration

func (s slow) OnFetchRecordUnbuffered(r *kgo.Record, polled bool) {
	if r.Topic == TopicSensor && polled {
		time.Sleep(time.Duration(s))
	}
}

// TestWhatTakesLongIsTakenInSeveralTransactions: one that takes longer than the broker lets it stand open would end this worker, and
// then the next one that takes the same ticks.
func TestWhatTakesLongIsTakenInSeveralTransactions(t *testing.T) {
	brokers := newLog(t)
	c := client(t, brokers, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for n := range int32(partitions) {
		reading := &kgo.Record{Topic: TopicSensor, Partition: n, Key: Key(1)} // for deadletter: that is written as well
		tick := &kgo.Record{Topic: TopicTick, Partition: n, Value: wireOf(t, &Tick{Time: timestamppb.New(time.Now()), Sensor: &Range{To: 1}})}
		if err := c.ProduceSync(t.Context(), reading, tick).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	startProcess(t, brokers, "worker", func(o *Options) { o.kgo = append(o.kgo, kgo.WithHooks(slow(2*Session/partitions))) })
	caughtUp(t, brokers, now)
}
