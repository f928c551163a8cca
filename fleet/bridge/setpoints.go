package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"thermostat/fleet/engine"
)

// setpoints are the keys of this site whose setpoint the log has had since the session on the broker began, also those
// that were taken back. Nobody knows them until the log was read, or the session began under our eyes.
type setpoints struct {
	known chan struct{} // closed: they are known

	mu   sync.Mutex
	keys map[string]bool
}

func newSetpoints() *setpoints {
	return &setpoints{known: make(chan struct{}), keys: map[string]bool{}}
}

// begin forgets all: with a new session the broker says all setpoints that it has retained.
func (s *setpoints) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
	s.know()
}

// learn adds what was read of the log, unless they are known by now.
func (s *setpoints) learn(keys map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.areKnown() {
		maps.Copy(s.keys, keys)
		s.know()
	}
}

func (s *setpoints) know() {
	if !s.areKnown() {
		close(s.known)
	}
}

func (s *setpoints) areKnown() bool {
	select {
	case <-s.known:
		return true
	default:
		return false
	}
}

// await waits until they are known, and reports whether they are.
func (s *setpoints) await(ctx context.Context) bool {
	select {
	case <-s.known:
		return true
	case <-ctx.Done():
		return false
	}
}

// add notes that the log has one.
func (s *setpoints) add(key []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[string(key)] = true
}

func (s *setpoints) has(key []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[string(key)]
}

// readLimit is how long the log may give nothing while its setpoints are read: a transaction that stands open
// holds back what follows it.
const readLimit = time.Minute

// readSetpoints gives the keys of this site that the log has, to the end that it has now.
func (b *Bridge) readSetpoints(ctx context.Context) (keys map[string]bool, err error) {
	left, err := b.ends(ctx)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	from := map[int32]kgo.Offset{}
	for partition := range left {
		from[partition] = kgo.NewOffset().AtStart()
	}
	// Markers of transactions are kept: the last offset may be one.
	reader, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.Kafka...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{engine.TopicTempset: from}),
	}, b.kgo...)...)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	keys = map[string]bool{}
	for len(left) > 0 {
		wait, stop := context.WithTimeout(ctx, readLimit)
		fetches := reader.PollFetches(wait)
		stop()
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		for r := range fetches.RecordsAll() {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() && b.owns(r.Key) {
				keys[string(r.Key)] = true
			}
		}
	}
	return keys, nil
}

// ends gives where each partition of setpoints ends that has any.
func (b *Bridge) ends(ctx context.Context) (map[int32]int64, error) {
	admin := kadm.NewClient(b.log)
	starts, err := admin.ListStartOffsets(ctx, engine.TopicTempset)
	if err != nil {
		return nil, err
	}
	listed, err := admin.ListEndOffsets(ctx, engine.TopicTempset)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(starts.Error(), listed.Error()); err != nil {
		return nil, fmt.Errorf("%s: %w", engine.TopicTempset, err)
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) {
		if first, ok := starts.Lookup(o.Topic, o.Partition); ok && o.Offset > first.Offset {
			ends[o.Partition] = o.Offset
		}
	})
	return ends, nil
}

// owns reports whether a key is a sensorID of this site, as the bridge writes it.
func (b *Bridge) owns(key []byte) bool {
	id, err := strconv.ParseInt(string(key), 10, 32)
	return err == nil && b.Sensors.Has(int32(id)) && string(engine.Key(int32(id))) == string(key)
}
