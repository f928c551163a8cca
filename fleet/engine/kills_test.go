package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/fleet/cluster"
	"thermostat/fleet/kafka"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

const quickParameters = `
plant: electric
timing: {sample: 2s, stale_after: 10s, min_on: 5s, min_off: 5s}
limits: {max_rate: 60}
default_setpoint: {mode: heat, desired: 20, up_delta: 0.3, down_delta: 0.3}
`

// field are the sensors of a campaign, which also fall silent, and the people who set their zones.
type field struct {
	client *kgo.Client
	keys   int
	random *rand.Rand
	quiet  map[int]int // rounds for which a sensor still says nothing
}

func (f *field) begin(t *testing.T) {
	var all []*kgo.Record
	for k := range f.keys {
		all = append(all, &kgo.Record{Topic: TopicZones, Key: Key(int32(k + 1)), Value: []byte(quickParameters)})
	}
	if err := f.client.ProduceSync(t.Context(), all...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// round is a second of all sensors.
func (f *field) round(ctx context.Context, n int) {
	for k := range f.keys {
		id := int32(k + 1)
		if f.quiet[k] > 0 {
			f.quiet[k]--
			continue
		}
		if f.random.IntN(2000) == 0 {
			f.quiet[k] = 25
		}
		celsius := 20 + math.Sin(float64(n+7*k)/12) + f.random.Float64()/10
		value, _ := proto.Marshal(&pb.SensorData{SensorID: &id, Temperature: &celsius})
		f.client.Produce(ctx, &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: value}, nil)
		if f.random.IntN(300) == 0 {
			value, _ := proto.Marshal(&pb.TemperatureControl{Mode: pb.Mode_HEAT.Enum(), Desired: proto.Float64(19.5 + f.random.Float64())})
			f.client.Produce(ctx, &kgo.Record{Topic: TopicTempset, Key: Key(id), Value: value}, nil)
		}
	}
}

// workers are processes of the real command.
type workers struct {
	t       *testing.T
	file    string
	brokers string
	running []*rig.Process
	names   []string
}

// buildWorker makes the command.
func buildWorker(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "worker")
	if out, err := exec.Command("go", "build", "-o", file, "../worker").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// createTopics makes the topics once the brokers take them.
func createTopics(t testing.TB, worker string, brokers []string) {
	t.Helper()
	rig.Eventually(t, func() error {
		out, err := exec.Command(worker, "--brokers", strings.Join(brokers, ","), "--create", fmt.Sprint(partitions), "--copies", fmt.Sprint(min(3, len(brokers)))).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

func startWorkers(t *testing.T, brokers []string, n int) *workers {
	t.Helper()
	w := &workers{t: t, file: buildWorker(t), brokers: strings.Join(brokers, ",")}
	createTopics(t, w.file, brokers)
	ports, err := cluster.FreePorts(n)
	if err != nil {
		t.Fatal(err)
	}
	w.names = ports
	for i := range n {
		w.running = append(w.running, nil)
		w.start(i)
	}
	return w
}

func (w *workers) start(i int) {
	w.running[i] = rig.Start(w.t, w.file, "--brokers", w.brokers, "--http", w.names[i])
}

// revive starts a worker again that ended by itself, as a service manager does.
func (w *workers) revive() {
	for i, p := range w.running {
		if p.Ended() {
			w.start(i)
		}
	}
}

// uninterrupted gives the commands of one worker that nothing happens to: it takes the ticks of the log one after
// the other. It also gives the last tick of each partition.
func uninterrupted(t *testing.T, brokers []string, until map[int32]*Tick) (all []string) {
	t.Helper()
	in, err := newInputs([]kgo.Opt{kgo.SeedBrokers(brokers...)})
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	zones, seen := map[int32]*partition{}, map[string]bool{}
	for _, r := range everything(t, brokers, TopicTick) {
		p, tick := zones[r.Partition], &Tick{}
		if p == nil {
			p = newPartition(r.Partition, &known)
			zones[r.Partition] = p
		}
		if err := proto.Unmarshal(r.Value, tick); err != nil {
			t.Fatal(err)
		}
		if end := until[r.Partition]; !p.follows(tick) || p.place != nil && proto.Equal(p.place, end) {
			continue
		}
		records, err := in.read(t.Context(), r.Partition, tick)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.take(tick, records)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			if o.Topic == TopicCommand {
				if line := switchOf(t, o); !seen[line] {
					seen[line] = true
					all = append(all, line)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

func switchOf(t *testing.T, r *kgo.Record) string {
	t.Helper()
	var c pb.HeaterControl
	if err := proto.Unmarshal(r.Value, &c); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %v %s", c.GetSensorID(), c.GetCommand(), c.SwitchedAt.AsTime().Format("15:04:05.000"))
}

// places are the ticks that were taken, by partition, in the order in which that was committed.
func places(t *testing.T, brokers []string) map[int32][]*Tick {
	t.Helper()
	all := map[int32][]*Tick{}
	for _, r := range everything(t, brokers, TopicState) {
		if string(r.Key) == placeKey {
			tick := &Tick{}
			if err := proto.Unmarshal(r.Value, tick); err != nil {
				t.Fatal(err)
			}
			all[r.Partition] = append(all[r.Partition], tick)
		}
	}
	return all
}

// TestKilledWorkersAndNodesChangeNothing: workers and nodes of a Kafka cluster are killed in turn while thousands of sensors
// go on. What heaters are told is what a worker tells them that nothing happens to; each tick is taken once, and the
// ticks that are taken follow each other.
func TestKilledWorkersAndNodesChangeNothing(t *testing.T) {
	workerKills, nodeKills, keys := 30, 10, 2000
	if testing.Short() {
		workerKills, nodeKills, keys = 4, 1, 400
	}
	c := kafka.New(t, 3)
	w := startWorkers(t, c.Brokers(), 3)
	f := &field{client: client(t, c.Brokers(), kgo.RecordDeliveryTimeout(time.Minute)), keys: keys, random: rand.New(rand.NewPCG(1, 28)), quiet: map[int]int{}}
	f.begin(t)
	ctx, stop := context.WithCancel(t.Context())
	var feeding sync.WaitGroup
	feeding.Go(func() {
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for n := 0; ctx.Err() == nil; n++ {
			f.round(t.Context(), n)
			<-every.C
		}
	})
	pause := func(d time.Duration) { time.Sleep(d) } // the campaign's own pace; nothing is measured by it
	pause(10 * time.Second)
	for n := range workerKills {
		if n*nodeKills/workerKills < (n+1)*nodeKills/workerKills {
			node := c.Nodes[n%len(c.Nodes)]
			node.Kill()
			pause(4 * time.Second)
			node.Start()
			pause(4 * time.Second)
		}
		w.running[n%3].Kill()
		w.start(n % 3)
		pause(time.Duration(2000+f.random.IntN(6000)) * time.Millisecond)
		w.revive()
	}
	pause(15 * time.Second) // the silent fall silent, the others catch up
	stop()
	feeding.Wait()
	if err := f.client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	pause(15 * time.Second)
	for _, p := range w.running {
		p.Kill() // what it has begun is nothing
	}

	taken, last, gaps := places(t, c.Brokers()), map[int32]*Tick{}, []time.Duration{}
	for n, ticks := range taken {
		last[n] = ticks[len(ticks)-1]
		p := newPartition(n, &known)
		for i, tick := range ticks {
			if !p.follows(tick) {
				t.Fatalf("partition %d: tick %d does not follow the one before it: %v after %v", n, i, tick, p.place)
			}
			if p.place != nil {
				gaps = append(gaps, tick.Time.AsTime().Sub(p.place.Time.AsTime()))
			}
			p.place = tick
		}
	}
	want := uninterrupted(t, c.Brokers(), last)
	got := commands(t, c.Brokers())
	slices.Sort(gaps)
	t.Logf("%d workers and %d nodes killed: %d switches of %d zones; longest times between two ticks %v", workerKills, nodeKills, len(want), keys, gaps[max(len(gaps)-10, 0):])
	if len(taken) != partitions || len(want) < 2*keys {
		t.Errorf("%d partitions, %d switches", len(taken), len(want))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d switches, want %d\nlost %v\nmore %v", len(got), len(want), less(want, got), less(got, want))
	}
}
