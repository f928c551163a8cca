package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Options are what a worker must know.
type Options struct {
	Brokers []string
	Group   string        // of the workers; empty: "thermostat-engine"
	Name    string        // the worker's address, HOST:PORT, where it answers over HTTP; others redirect to it
	Version string        // of the program, for who asks
	Every   time.Duration // between two ticks of a partition; 0: 250 ms
	Log     *slog.Logger
	kgo     []kgo.Opt        // of tests
	clock   func() time.Time // of tests
}

// Session is how long a worker may be silent before the others take its partitions over; so long, too, may
// a transaction stand open whose worker is gone.
const Session = 6 * time.Second

// behind is how far the log's time stays behind the clock: a record that takes less to
// be seen is not late.
const behind = 250 * time.Millisecond

// span is how far one tick goes at most, where much is left to be caught up with.
const span = time.Minute

// Worker takes partitions of the topic tick and decides for their zones.
type Worker struct {
	Options
	group  *kgo.GroupTransactSession
	inputs *inputs     // where ranges of records are read
	ticker *kgo.Client // which writes ticks, each by itself
	known  catalogue
	most   int // ticks of one transaction

	mu         sync.Mutex // of what follows, which is asked for over HTTP
	partitions map[int32]*partition
	mine       map[int32]bool  // the partitions that are this worker's
	stale      map[int32]bool  // those that were another's since they were read
	round      time.Time       // of Run: when it began, on the brokers' clock
	wrong      time.Duration   // by how much this machine's clock is behind the brokers'; small differences do not count
	pending    map[int32]wrote // this worker's own tick that it has not taken yet, by partition
}

// wrote is a tick that a worker has written, and when, by its clock.
type wrote struct {
	offset        int64
	before, after time.Time
}

// New connects a worker. It decides once [Worker.Run] runs.
func New(o Options) (*Worker, error) {
	if o.Group == "" {
		o.Group = "thermostat-engine"
	}
	if o.Every == 0 {
		o.Every = 250 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.clock == nil {
		o.clock = time.Now
	}
	w := &Worker{Options: o, most: 1, partitions: map[int32]*partition{}, mine: map[int32]bool{}, stale: map[int32]bool{}, pending: map[int32]wrote{}}
	common := append([]kgo.Opt{kgo.SeedBrokers(o.Brokers...), kgo.ClientID(o.Name)}, o.kgo...)
	var err error
	w.group, err = kgo.NewGroupTransactSession(append(slices.Clone(common),
		kgo.ConsumerGroup(o.Group), kgo.ConsumeTopics(TopicTick), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.SessionTimeout(Session), kgo.HeartbeatInterval(Session/6), kgo.RebalanceTimeout(2*Session),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(time.Second),
		kgo.InstanceID(o.Name), // a worker that is started again at once goes on with what was its own
		kgo.TransactionalID(o.Group+" "+o.Name), kgo.TransactionTimeout(Session), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.OnPartitionsAssigned(w.join), kgo.OnPartitionsRevoked(w.leave), kgo.OnPartitionsLost(w.leave),
	)...)
	if err != nil {
		return nil, err
	}
	if w.inputs, err = newInputs(common); err != nil {
		w.group.Close()
		return nil, err
	}
	w.ticker, err = kgo.NewClient(append(slices.Clone(common), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordDeliveryTimeout(2*Session))...)
	if err != nil {
		w.inputs.close()
		w.group.Close()
	}
	return w, err
}

// Close leaves the group: the others take over at once.
func (w *Worker) Close() {
	w.group.Close()
	w.inputs.close()
	w.ticker.Close()
}

// join takes partitions over.
func (w *Worker) join(_ context.Context, _ *kgo.Client, gained map[string][]int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range gained[TopicTick] {
		w.mine[n] = true
	}
}

// leave notes that partitions are another's from now on.
func (w *Worker) leave(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range lost[TopicTick] {
		delete(w.mine, n)
		w.stale[n] = true
	}
}

// forget forgets the zones of partitions that are another's now, or of all.
func (w *Worker) forget(all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var gone []int32
	for n := range w.partitions {
		if all || w.stale[n] {
			gone = append(gone, n)
			delete(w.partitions, n)
			delete(w.pending, n)
		}
	}
	clear(w.stale)
	w.inputs.leave(gone)
}

// retryAfter is how long a worker waits after the log could not be had.
const retryAfter = time.Second

// Run decides until the context ends. It gives an error where this worker cannot go on: another one with its
// name has begun.
func (w *Worker) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := w.turn(ctx)
		if errors.Is(err, errFatal) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("the log cannot be had", "error", err)
			w.forget(true)
			select {
			case <-ctx.Done():
			case <-time.After(retryAfter):
			}
		}
	}
	return nil
}

var errFatal = errors.New("the worker cannot go on")

// turn writes ticks, and takes what comes of them.
func (w *Worker) turn(ctx context.Context) error {
	w.forget(false)
	w.round = w.clock().Add(w.wrong)
	if err := w.tick(ctx); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, w.Every)
	defer cancel()
	fetches := w.group.PollRecords(wait, w.most)
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) && !errors.Is(e.Err, context.Canceled) {
			w.Log.Warn("fetch", "topic", e.Topic, "partition", e.Partition, "error", e.Err)
		}
	}
	if fetches.NumRecords() == 0 {
		return nil
	}
	began := time.Now()
	err := w.commit(context.WithoutCancel(ctx), fetches.Records()) // an orderly end comes between two
	w.most = paced(w.most, time.Since(began))
	return err
}

// maxTicks is how many ticks a transaction may take where the last ones were quick.
const maxTicks = 1024

// paced is how many ticks the next transaction may take. One that takes longer than [Session] is given up by the broker and its
// worker ends; the next worker would begin with the same ticks, and end as well.
func paced(most int, took time.Duration) int {
	switch {
	case took > Session/3:
		return max(most/2, 1)
	case took < Session/6:
		return min(2*most, maxTicks)
	}
	return most
}

// commit decides what ticks say and commits all that comes of it, with the worker's place in
// the topic tick, as one. If that fails nothing of it has happened, so what is remembered of it
// must go as well: all is read again from the log.
func (w *Worker) commit(ctx context.Context, ticks []*kgo.Record) error {
	if err := w.group.Begin(); err != nil {
		return errors.Join(errFatal, err)
	}
	w.forget(false) // from here on the transaction fails if partitions become another's
	produced := kgo.AbortingFirstErrPromise(w.group.Client())
	err := w.decide(ctx, ticks, produced)
	err = errors.Join(err, produced.Err())
	committed, ended := w.group.End(ctx, kgo.TransactionEndTry(err == nil))
	if err == nil && ended == nil && committed {
		return nil
	}
	w.Log.Info("aborted", "error", errors.Join(err, ended))
	w.forget(true)
	if ended != nil {
		return errors.Join(errFatal, ended)
	}
	return err
}

func (w *Worker) decide(ctx context.Context, ticks []*kgo.Record, produced *kgo.FirstErrPromise) error {
	for _, r := range ticks {
		if own, waits := w.pending[r.Partition]; waits && r.Offset >= own.offset {
			delete(w.pending, r.Partition)
			if r.Offset == own.offset {
				w.compare(r.Timestamp, own)
			}
		}
		t := tickOf(r)
		if t == nil {
			continue
		}
		p, err := w.partition(ctx, r.Partition)
		if err != nil {
			return err
		}
		if !p.follows(t) {
			continue
		}
		records, err := w.inputs.read(ctx, r.Partition, t)
		if err != nil {
			return err
		}
		w.mu.Lock()
		out, err := p.take(t, records)
		w.mu.Unlock()
		if err != nil {
			return err
		}
		for _, o := range out {
			w.group.Produce(ctx, o, produced.Promise())
		}
	}
	return nil
}

// partition is one of this worker's, read back from the log if it was not its own until now.
func (w *Worker) partition(ctx context.Context, number int32) (*partition, error) {
	w.mu.Lock()
	p := w.partitions[number]
	w.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, began := newPartition(number, &w.known), time.Now()
	if err := w.inputs.recall(ctx, p); err != nil {
		return nil, fmt.Errorf("zonestate/%d: %w", number, err)
	}
	w.Log.Info("partition", "number", number, "zones", len(p.zones), "read_in", time.Since(began).Round(time.Millisecond))
	w.mu.Lock()
	w.partitions[number] = p
	w.mu.Unlock()
	return p, nil
}

// tick writes the next tick of each partition whose last one has been taken.
func (w *Worker) tick(ctx context.Context) error {
	due, err := w.due(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	var ticks []*kgo.Record
	found := map[time.Time]offsets{}
	for _, p := range due {
		t, err := w.next(ctx, p, found)
		if err != nil {
			return err
		}
		value, err := proto.Marshal(t)
		if err != nil {
			return err
		}
		ticks = append(ticks, &kgo.Record{Topic: TopicTick, Partition: p.number, Value: value})
	}
	before := w.clock()
	for _, r := range w.ticker.ProduceSync(ctx, ticks...) {
		if r.Err != nil {
			return fmt.Errorf("tick: %w", r.Err)
		}
		w.pending[r.Record.Partition] = wrote{r.Record.Offset, before, w.clock()}
	}
	return nil
}

// due are the partitions of this worker that have no tick of its own to take.
func (w *Worker) due(ctx context.Context) (due []*partition, err error) {
	w.mu.Lock()
	mine := slices.Sorted(maps.Keys(w.mine))
	w.mu.Unlock()
	for _, n := range mine {
		if _, waits := w.pending[n]; waits {
			continue
		}
		p, err := w.partition(ctx, n)
		if err != nil {
			return nil, err
		}
		due = append(due, p)
	}
	return due, nil
}

// next is the tick that follows a partition's last one: to a moment just gone, or as far as one tick
// goes. found keeps where moments are.
func (w *Worker) next(ctx context.Context, p *partition, found map[time.Time]offsets) (*Tick, error) {
	find := func(t time.Time) (_ offsets, err error) {
		if found[t] == nil {
			found[t], err = w.inputs.at(ctx, t)
		}
		return found[t], err
	}
	now := w.round.Add(-behind).Truncate(time.Millisecond).UTC()
	before := moment(p.place.GetTime())
	if p.place == nil { // the log begins with its oldest record
		begin, err := find(time.UnixMilli(0))
		if err != nil {
			return nil, err
		}
		before = now
		for _, topic := range Inputs {
			if first := begin[topic][p.number].Timestamp; first > 0 && first < before.UnixMilli() {
				before = time.UnixMilli(first).UTC()
			}
		}
	}
	now = latest(before, earliest(now, before.Add(span)))
	ends, err := find(now)
	if err != nil {
		return nil, err
	}
	t := &Tick{Time: timestamppb.New(now)}
	for i, to := range []**Range{&t.Zones, &t.Tempset, &t.Sensor} {
		from := p.place.ranges()[i].GetTo()
		*to = &Range{From: from, To: max(from, ends[Inputs[i]][p.number].Offset)}
	}
	return t, nil
}

// tickOf is the tick of a record; nil: whatever it is, it is none. One that is ahead of its record is none: whoever wrote it
// had a wrong clock, and all would wait for that time.
func tickOf(r *kgo.Record) *Tick {
	t := &Tick{}
	if proto.Unmarshal(r.Value, t) != nil || moment(t.Time).Sub(r.Timestamp) > 2*maxWrong {
		return nil
	}
	return t
}

// maxWrong is by how much a machine's clock may differ from the brokers' and still be followed.
const maxWrong = 5 * time.Second

// compare learns from a tick of its own, which the broker has stamped between two moments, how wrong this machine's clock is.
func (w *Worker) compare(stamped time.Time, own wrote) {
	atMost, wrong := stamped.Sub(own.before), stamped.Sub(own.after)
	if atMost >= -maxWrong && wrong <= maxWrong {
		wrong = 0
	}
	if (wrong - w.wrong).Abs() > maxWrong {
		w.wrong = wrong
		w.Log.Warn("how far this machine's clock is behind the brokers' has changed: ticks go by theirs", "behind", wrong.Round(time.Millisecond))
	}
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
