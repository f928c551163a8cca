package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// inputs reads ranges of the log that a tick names, and what is kept of a partition's zones.
type inputs struct {
	options []kgo.Opt // of every client
	client  *kgo.Client
	admin   *kadm.Client
	queues  map[place]*queue
}

// fetchWait is how long a broker may think about a fetch that has nothing: a partition that is added waits for that.
const fetchWait = 100 * time.Millisecond

// place is a partition of a topic.
type place struct {
	topic  string
	number int32
}

// queue is what was fetched of a partition, and not asked for yet.
type queue struct {
	records []*kgo.Record
	reached int64 // the offset behind the last record that came
}

func newInputs(options []kgo.Opt) (*inputs, error) {
	// Whoever writes in transactions leaves records without content: they are kept, to know how far the log was read.
	client, err := kgo.NewClient(append(slices.Clone(options), kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(fetchWait))...)
	if err != nil {
		return nil, err
	}
	return &inputs{options: options, client: client, admin: kadm.NewClient(client), queues: map[place]*queue{}}, nil
}

func (in *inputs) close() { in.client.Close() }

// leave forgets what was fetched of partitions.
func (in *inputs) leave(numbers []int32) {
	gone := map[string][]int32{}
	for p := range in.queues {
		if slices.Contains(numbers, p.number) {
			gone[p.topic] = append(gone[p.topic], p.number)
			delete(in.queues, p)
		}
	}
	in.client.RemoveConsumePartitions(gone)
}

// offsets are where a moment is in each partition, by topic: of the first record of that time or later, else
// behind the last.
type offsets map[string]map[int32]kadm.ListedOffset

// at finds a moment in all inputs, or where a transaction stands open before it: nobody knows yet what of that counts.
func (in *inputs) at(ctx context.Context, t time.Time) (offsets, error) {
	listed, err := in.admin.ListOffsetsAfterMilli(ctx, t.UnixMilli(), Inputs...)
	if err != nil {
		return nil, err
	}
	ended, err := in.admin.ListCommittedOffsets(ctx, Inputs...)
	if err = errors.Join(err, listed.Error(), ended.Error()); err != nil {
		return nil, err
	}
	for topic, of := range listed {
		for number, o := range of {
			if end, there := ended.Lookup(topic, number); there && end.Offset < o.Offset {
				o.Offset = end.Offset
				of[number] = o
			}
		}
	}
	return offsets(listed), nil
}

// read gives the records that a tick names, topic by topic.
func (in *inputs) read(ctx context.Context, number int32, t *Tick) (all []*kgo.Record, err error) {
	fresh := false
	for i, r := range t.ranges() {
		p := place{Inputs[i], number}
		if in.queues[p] == nil {
			in.queues[p] = &queue{reached: r.GetFrom()}
			in.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{p.topic: {number: kgo.NewOffset().At(r.GetFrom())}})
			fresh = true
		}
	}
	if fresh {
		if err := in.skip(ctx); err != nil {
			return nil, err
		}
	}
	for i, r := range t.ranges() {
		q := in.queues[place{Inputs[i], number}]
		for q.reached < r.GetTo() {
			if err := in.fetch(ctx); err != nil {
				return nil, err
			}
		}
		all = append(all, q.take(r)...)
	}
	return all, nil
}

// askAfter is how long nothing may come before the log is asked whether it has that still.
const askAfter = 2 * time.Second

// fetch puts what comes into the queues.
func (in *inputs) fetch(ctx context.Context) error {
	wait, stop := context.WithTimeout(ctx, askAfter)
	defer stop()
	fetches := in.client.PollFetches(wait)
	fetches.EachRecord(func(r *kgo.Record) {
		if q := in.queues[place{r.Topic, r.Partition}]; q != nil && r.Offset >= q.reached {
			q.records, q.reached = append(q.records, r), r.Offset+1
		}
	})
	err := fetches.Err()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return in.skip(ctx)
	}
	return err
}

// skip moves on behind what Kafka has deleted: of a tick that names it nothing would come.
func (in *inputs) skip(ctx context.Context) error {
	starts, err := in.admin.ListStartOffsets(ctx, Inputs...)
	if err = errors.Join(err, starts.Error()); err != nil {
		return err
	}
	for p, q := range in.queues {
		if start, there := starts.Lookup(p.topic, p.number); there {
			q.reached = max(q.reached, start.Offset)
		}
	}
	return nil
}

// take gives the records of a range, and forgets those before it.
func (q *queue) take(r *Range) (records []*kgo.Record) {
	n := 0
	for ; n < len(q.records) && q.records[n].Offset < r.GetTo(); n++ {
		if of := q.records[n]; of.Offset >= r.GetFrom() && !of.Attrs.IsControl() {
			records = append(records, of)
		}
	}
	q.records = slices.Clone(q.records[n:])
	return records
}

// recall reads what is kept of a partition's zones, to the end that the topic has now: also behind a
// transaction that stands open still, since records that count may follow it. The broker ends one whose
// worker is gone after [Session].
func (in *inputs) recall(ctx context.Context, p *partition) error {
	listed, err := in.admin.ListEndOffsets(ctx, TopicState)
	if err != nil {
		return err
	}
	end, there := listed.Lookup(TopicState, p.number)
	if !there || end.Err != nil {
		return fmt.Errorf("no end: %w", end.Err)
	}
	begin, err := in.admin.ListStartOffsets(ctx, TopicState)
	if err != nil {
		return err
	}
	first, _ := begin.Lookup(TopicState, p.number)
	if end.Offset <= first.Offset {
		return nil
	}
	reader, err := kgo.NewClient(append(slices.Clone(in.options), kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{TopicState: {p.number: kgo.NewOffset().AtStart()}}))...)
	if err != nil {
		return err
	}
	defer reader.Close()
	for reached := int64(0); reached < end.Offset; {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, r := range fetches.Records() {
			reached = r.Offset + 1
			if !r.Attrs.IsControl() {
				p.recall(r)
			}
		}
	}
	return nil
}
