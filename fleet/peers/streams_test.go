package peers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	fleet "thermostat/fleet/engine"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

const partitions = 4

// strictRule are the parameters by which our law is the published rule, as near as can be: no timers, no
// reading ever stale, and no jump too fast that takes a millisecond.
const strictRule = `
plant: electric
timing: {sample: 10m, stale_after: 24h, min_on: 0s, min_off: 0s, frozen_after: 0s}
limits: {max_rate: 100000}
default_setpoint: {mode: heat, desired: 20, up_delta: 0.3, down_delta: 0.3}
`

// pekkoState is where the operator on Pekko Streams keeps its states.
const pekkoState = "peers-pekko-zones"

// setpoint is what a sensor's room is held at: °C, K, K.
type setpoint struct{ desired, up, down float64 }

func setpointOf(id int32) setpoint {
	return setpoint{18 + float64(id%5)/2, 0.2 + float64(id%3)/10, 0.2 + float64(id%4)/20}
}

// streams are the topics, what is written to them, and the commands that are seen.
type streams struct {
	t       testing.TB
	engine  engine
	brokers []string
	client  *kgo.Client
	keys    int32
	probes  []int32 // a sensor in each partition, whose commands tell how far that was read
	random  *rand.Rand

	mu      sync.Mutex
	seen    []command
	reached map[int32]int64 // how far the commands were seen, by partition
}

// command is one that was committed.
type command struct {
	id      int32
	is      pb.HeaterCommand
	at      time.Time // of the reading
	arrived time.Time // here
}

func (c command) String() string {
	return fmt.Sprintf("%d %v %s", c.id, c.is, c.at.Format("15:04:05.000"))
}

// newStreams makes the topics of an engine with setpoints of so many sensors, and looks at the commands from now on.
func newStreams(t testing.TB, e engine, brokers []string, keys int32) *streams {
	t.Helper()
	s := &streams{t: t, engine: e, brokers: brokers, keys: keys, random: rand.New(rand.NewPCG(28, 5)), reached: map[int32]int64{}}
	rig.Eventually(t, func() error { return fleet.CreateTopics(t.Context(), s.brokers, partitions, s.copies()) })
	s.client = s.connect(kgo.MaxBufferedRecords(1_000_000), kgo.ConsumeTopics(fleet.TopicCommand), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond), kgo.KeepControlRecords())
	if _, err := kadm.NewClient(s.client).CreateTopic(t.Context(), partitions, s.copies(), map[string]*string{"cleanup.policy": kadm.StringPtr("compact")}, pekkoState); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		t.Fatal(err)
	}
	go s.watch()
	for id := keys + 1; len(s.probes) < partitions; id++ {
		if fleet.PartitionOf(id, partitions) == int32(len(s.probes)) {
			s.probes = append(s.probes, id)
		}
	}
	var zones, setpoints []*kgo.Record
	for id := int32(1); id <= keys; id++ {
		zones = append(zones, record(fleet.TopicZones, id, []byte(strictRule)))
		setpoints = append(setpoints, tempset(id))
	}
	for _, id := range s.probes { // behind all others of their partition
		zones = append(zones, record(fleet.TopicZones, id, []byte(strictRule)))
	}
	s.write(zones)
	s.write(setpoints)
	for _, id := range s.probes {
		s.write([]*kgo.Record{tempset(id)})
	}
	return s
}

// copies is how many of a topic there are: on each node one.
func (s *streams) copies() int16 { return int16(len(s.brokers)) }

func (s *streams) connect(more ...kgo.Opt) *kgo.Client {
	s.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.brokers...)}, more...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.Close)
	return client
}

func record(topic string, id int32, value []byte) *kgo.Record {
	return &kgo.Record{Topic: topic, Key: fleet.Key(id), Value: value}
}

func tempset(id int32) *kgo.Record {
	p := setpointOf(id)
	value, _ := proto.Marshal(&pb.TemperatureControl{SensorID: &id, Desired: &p.desired, UpDelta: &p.up, DownDelta: &p.down})
	return record(fleet.TopicTempset, id, value)
}

func reading(id int32, celsius float64) *kgo.Record {
	value, _ := proto.Marshal(&pb.SensorData{SensorID: &id, Temperature: &celsius})
	return record(fleet.TopicSensor, id, value)
}

func (s *streams) write(records []*kgo.Record) {
	if err := s.client.ProduceSync(s.t.Context(), records...).FirstErr(); err != nil && s.t.Context().Err() == nil {
		s.t.Error(err)
	}
}

// watch takes the commands as they are committed. What ours says again of a heater that is on is no new command.
func (s *streams) watch() {
	for {
		fetches := s.client.PollFetches(s.t.Context())
		if s.t.Context().Err() != nil || fetches.IsClientClosed() {
			return
		}
		now := time.Now()
		s.mu.Lock()
		fetches.EachRecord(func(r *kgo.Record) {
			s.reached[r.Partition] = r.Offset + 1
			if r.Attrs.IsControl() {
				return
			}
			var h pb.HeaterControl
			if err := proto.Unmarshal(r.Value, &h); err != nil || string(r.Key) != strconv.Itoa(int(h.GetSensorID())) {
				s.t.Errorf("no command: %q %q: %v", r.Key, r.Value, err)
			}
			renewed := h.SwitchedAt != nil && h.GetCommand() == pb.HeaterCommand_On && r.Timestamp.UnixMilli() > h.SwitchedAt.AsTime().UnixMilli()
			if !renewed {
				s.seen = append(s.seen, command{h.GetSensorID(), h.GetCommand(), r.Timestamp.UTC(), now})
			}
		})
		s.mu.Unlock()
	}
}

// commands are those of the sensors, by sensor, in the order of the log.
func (s *streams) commands() map[int32][]command {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[int32][]command{}
	for _, c := range s.seen {
		if c.id <= s.keys {
			all[c.id] = append(all[c.id], c)
		}
	}
	return all
}

// last is the last command to each probe.
func (s *streams) last() (all []command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.probes {
		for i := len(s.seen) - 1; i >= 0; i-- {
			if s.seen[i].id == id {
				all = append(all, s.seen[i])
				break
			}
		}
	}
	return all
}

// probe lets the probes be far too cold or too warm, and waits until the engine has said so of each. Each
// partition was read that far then, and what came of it is committed. The first time, that must be said until the
// setpoint is known: then all setpoints are, for the probe's is the last of its partition.
func (s *streams) probe(want pb.HeaterCommand, again bool) {
	s.t.Helper()
	s.probeWritten(want)
	s.probed(want, func() {
		if again {
			s.probeWritten(want)
		}
	})
}

func (s *streams) probeWritten(want pb.HeaterCommand) {
	var all []*kgo.Record
	for _, id := range s.probes {
		celsius := setpointOf(id).desired - 5
		if want == pb.HeaterCommand_Off {
			celsius += 10
		}
		all = append(all, reading(id, celsius))
	}
	s.write(all)
}

func (s *streams) probed(want pb.HeaterCommand, between func()) {
	s.t.Helper()
	end := time.Now().Add(rig.Patience)
	for rounds := 1; ; rounds++ {
		last := s.last()
		if len(last) == partitions && !slices.ContainsFunc(last, func(c command) bool { return c.is != want }) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("no %v for each probe: %v", want, last)
		}
		time.Sleep(10 * time.Millisecond)
		if rounds%20 == 0 {
			between()
		}
	}
}

// begin waits until the setpoints are known, and lets each sensor be heard twice within its band: ours believes no
// sensor's first reading.
func (s *streams) begin() {
	s.t.Helper()
	s.probe(pb.HeaterCommand_On, true)
	for range 2 {
		s.round(func(p setpoint) float64 { return p.desired })
		time.Sleep(150 * time.Millisecond) // a reading that confirms another is 0.1 s younger
	}
}

// round is a reading of each sensor.
func (s *streams) round(celsius func(setpoint) float64) { s.readingsOf(1, s.keys, celsius) }

// readingsOf are of some sensors, first to last. The next ones are of another millisecond, for ours switches a heater once in an
// instant.
func (s *streams) readingsOf(first, last int32, celsius func(setpoint) float64) {
	var all []*kgo.Record
	for id := first; id <= last; id++ {
		all = append(all, reading(id, celsius(setpointOf(id))))
	}
	s.write(all)
	time.Sleep(2 * time.Millisecond)
}

// somewhere is a temperature within or beyond the band, often at its very edge, and at most 1 K from the one before.
func (s *streams) somewhere(p setpoint) float64 {
	switch s.random.IntN(5) {
	case 0:
		return p.desired + p.up
	case 1:
		return p.desired - p.down
	}
	return p.desired + s.random.Float64() - 0.5
}

// load is so many rounds, as fast as Kafka takes them.
func (s *streams) load(rounds int) {
	for range rounds {
		s.round(s.somewhere)
	}
}

// flow is 2,000 readings a second until the context ends, one sensor after the other.
func (s *streams) flow(ctx context.Context) {
	const together = 50
	next := time.NewTicker(time.Second * together / 2000)
	defer next.Stop()
	for first := int32(1); ctx.Err() == nil; first = (first-1+together)%s.keys + 1 {
		s.readingsOf(first, min(first+together-1, s.keys), s.somewhere)
		<-next.C
	}
}

// flowFor is the same for some time.
func (s *streams) flowFor(d time.Duration) {
	ctx, stop := context.WithTimeout(s.t.Context(), d)
	defer stop()
	s.flow(ctx)
}

// end lets the engine come to the end of the topics, and waits until all is seen that came of it.
func (s *streams) end() {
	s.t.Helper()
	s.probe(pb.HeaterCommand_Off, false)
	ends, err := kadm.NewClient(s.client).ListCommittedOffsets(s.t.Context(), fleet.TopicCommand)
	if err != nil {
		s.t.Fatal(err)
	}
	rig.Eventually(s.t, func() (err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		ends.Each(func(o kadm.ListedOffset) {
			if s.reached[o.Partition] < o.Offset {
				err = fmt.Errorf("commands of partition %d seen up to %d, committed to %d", o.Partition, s.reached[o.Partition], o.Offset)
			}
		})
		return err
	})
}

// oracle is what the rule makes of the readings in the log, with books of its own. Ours begins a zone with Off.
func (s *streams) oracle() map[int32][]command {
	s.t.Helper()
	want, said := map[int32][]command{}, map[int32]pb.HeaterCommand{}
	for _, r := range s.readings() {
		var d pb.SensorData
		if err := proto.Unmarshal(r.Value, &d); err != nil {
			s.t.Fatal(err)
		}
		id, p, now := d.GetSensorID(), setpointOf(d.GetSensorID()), pb.HeaterCommand_Off
		switch t := d.GetTemperature(); {
		case t > p.desired+p.up:
		case t < p.desired-p.down:
			now = pb.HeaterCommand_On
		default:
			continue
		}
		before, any := said[id]
		if !any && s.engine.ours {
			before, any = pb.HeaterCommand_Off, true
		}
		if said[id] = now; id <= s.keys && (!any || before != now) {
			want[id] = append(want[id], command{id: id, is: now, at: r.Timestamp.UTC()})
		}
	}
	return want
}

// readings are all of the log, each partition's in its order.
func (s *streams) readings() (all []*kgo.Record) {
	s.t.Helper()
	c := s.connect(kgo.ConsumeTopics(fleet.TopicSensor), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ends, err := kadm.NewClient(c).ListEndOffsets(s.t.Context(), fleet.TopicSensor)
	if err != nil {
		s.t.Fatal(err)
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	for int64(len(all)) < left {
		all = append(all, c.PollFetches(s.t.Context()).Records()...)
	}
	return all
}

// judge holds the commands against the oracle: those of it that never came, and those that came without it.
func (s *streams) judge() (lost, doubled []command, all int) {
	s.t.Helper()
	want, got := s.oracle(), s.commands()
	for id := int32(1); id <= s.keys; id++ {
		w, g := want[id], got[id]
		if s.engine.ours && len(g) > 0 && g[0].is == pb.HeaterCommand_Off { // of the zone's beginning
			g = g[1:]
		}
		all += len(w)
		count := map[string]int{}
		for _, c := range g {
			count[c.String()]++
		}
		for _, c := range w {
			if count[c.String()]--; count[c.String()] < 0 {
				lost = append(lost, c)
			}
		}
		for _, c := range g {
			if count[c.String()] > 0 {
				count[c.String()]--
				doubled = append(doubled, c)
			}
		}
		if len(lost)+len(doubled) == 0 && slices.CompareFunc(w, g, func(a, b command) int { return a.at.Compare(b.at) }) != 0 {
			s.t.Errorf("sensor %d: the commands are not in the order of the readings: %v, want %v", id, g, w)
		}
	}
	return lost, doubled, all
}

// latencies are the times from a reading to its command, of readings after a moment.
func (s *streams) latencies(after time.Time) (all []time.Duration) {
	for _, of := range s.commands() {
		for _, c := range of {
			if c.at.After(after) {
				all = append(all, c.arrived.Sub(c.at))
			}
		}
	}
	return all
}

// decidedAfter waits until a reading that came after a moment has made a command in each partition.
func (s *streams) decidedAfter(moment time.Time) {
	s.t.Helper()
	rig.Eventually(s.t, func() error {
		decided := map[int32]bool{}
		for id, of := range s.commands() {
			if of[len(of)-1].at.After(moment) {
				decided[fleet.PartitionOf(id, partitions)] = true
			}
		}
		if len(decided) < partitions {
			return fmt.Errorf("after the kill only partitions %v go on", decided)
		}
		return nil
	})
}
