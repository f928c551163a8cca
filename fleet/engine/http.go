package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/encoding/protojson"

	"thermostat/controlloop"
)

// PartitionOf is where a zone's records are: where any client of Kafka puts them by their key.
func PartitionOf(sensorID int32, partitions int) int32 {
	p := kgo.StickyKeyPartitioner(nil).ForTopic("")
	return int32(p.Partition(&kgo.Record{Key: Key(sensorID)}, partitions))
}

// Counts are of the zones of a worker, or of all.
type Counts struct {
	Zones        int            `json:"zones"`
	Undefined    int            `json:"undefined"` // not counted as zones: controls that wait for one
	Silent       int            `json:"silent"`    // without a reading that may be acted on
	On           int            `json:"on"`        // whose heater is on
	Reasons      map[string]int `json:"reasons"`   // by why they are as they are
	Faults       map[string]int `json:"faults"`    // by what is wrong with the last reading
	Waiting      int            `json:"waiting"`   // for a switch that is held back
	LongestWaitS float64        `json:"longest_wait_s"`
	BehindS      float64        `json:"behind_s"` // of the slowest partition
	Readings     uint64         `json:"readings"`
	Commands     uint64         `json:"commands"`
	Dead         uint64         `json:"deadletters"`
}

// Overview is what a worker tells of itself.
type Overview struct {
	Worker     string  `json:"worker"`
	Version    string  `json:"version"`
	Partitions []int32 `json:"partitions"`
	Counts
}

// Fleet is what all workers tell together.
type Fleet struct {
	Workers    int            `json:"workers"`
	Versions   map[string]int `json:"versions"`   // of the workers
	Unanswered []string       `json:"unanswered"` // the workers of the group that did not answer: their zones are not counted
	Unowned    []int32        `json:"unowned"`    // the partitions that no worker has counted
	Counts
}

// Handler answers what can be asked of a worker.
func (w *Worker) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /zones/{id}", w.serveZone)
	mux.HandleFunc("GET /overview", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, w.Overview(time.Now())) })
	mux.HandleFunc("GET /fleet/overview", w.serveFleet)
	mux.HandleFunc("GET /metrics", w.serveMetrics)
	return mux
}

// serveZone tells a zone's state, or who does.
func (w *Worker) serveZone(rw http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 32)
	if err != nil || id < 1 {
		http.Error(rw, "the id of a zone is its sensorID, from 1 on", http.StatusBadRequest)
		return
	}
	if text, there := w.zone(int32(id)); there {
		rw.Header().Set("Content-Type", "application/json")
		rw.Write(text)
		return
	}
	owner, err := w.owner(r.Context(), int32(id))
	switch {
	case err != nil:
		http.Error(rw, err.Error(), http.StatusServiceUnavailable)
	case owner == w.Name:
		http.Error(rw, "there is no such zone", http.StatusNotFound)
	default:
		http.Redirect(rw, r, "http://"+owner+r.URL.Path, http.StatusTemporaryRedirect)
	}
}

// zone is the state of a zone of this worker.
func (w *Worker) zone(id int32) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.partitions {
		z := p.zones[id]
		if z == nil || z.parameters == nil {
			continue
		}
		k, err := z.keep()
		if err != nil {
			return nil, false
		}
		text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(k)
		return text, err == nil
	}
	return nil, false
}

// owner is the worker that has a zone's partition, by the group.
func (w *Worker) owner(ctx context.Context, id int32) (string, error) {
	owners, partitions, err := w.owners(ctx)
	if err != nil {
		return "", err
	}
	number := PartitionOf(id, partitions)
	for worker, numbers := range owners {
		if slices.Contains(numbers, number) {
			return worker, nil
		}
	}
	return "", fmt.Errorf("nobody has partition %d now: try again", number)
}

// owners are the partitions of each worker of the group, and how many partitions there are.
func (w *Worker) owners(ctx context.Context) (owners map[string][]int32, partitions int, err error) {
	admin := kadm.NewClient(w.ticker)
	topics, err := admin.ListTopics(ctx, TopicTick)
	if err != nil {
		return nil, 0, err
	}
	groups, err := admin.DescribeGroups(ctx, w.Group)
	if err == nil {
		err = groups[w.Group].Err
	}
	if err != nil {
		return nil, 0, err
	}
	owners = map[string][]int32{}
	for _, m := range groups[w.Group].Members {
		owners[m.ClientID] = nil
		if a, ok := m.Assigned.AsConsumer(); ok {
			for _, t := range a.Topics {
				owners[m.ClientID] = append(owners[m.ClientID], t.Partitions...)
			}
		}
	}
	return owners, len(topics[TopicTick].Partitions), nil
}

// Overview counts the worker's zones.
func (w *Worker) Overview(now time.Time) Overview {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := Overview{Worker: w.Name, Version: w.Version, Partitions: []int32{}, Counts: newCounts()}
	for n, p := range w.partitions {
		o.Partitions = append(o.Partitions, n)
		o.count(p, now)
	}
	slices.Sort(o.Partitions)
	return o
}

func newCounts() Counts { return Counts{Reasons: map[string]int{}, Faults: map[string]int{}} }

// count adds a partition.
func (c *Counts) count(p *partition, now time.Time) {
	c.Readings, c.Commands, c.Dead = c.Readings+p.readings, c.Commands+p.commands, c.Dead+p.dead
	at := moment(p.place.GetTime())
	if !at.IsZero() {
		c.BehindS = max(c.BehindS, now.Sub(at).Seconds())
	}
	for _, z := range p.zones {
		if z.parameters == nil {
			c.Undefined++
			continue
		}
		c.Zones++
		c.Reasons[string(z.state.Reason)]++
		if z.verdict != "" && z.verdict != controlloop.VerdictOK {
			c.Faults[string(z.verdict)]++
		}
		if z.silent(at) {
			c.Silent++
		}
		if z.state.Heater.On {
			c.On++
		}
		if wait := z.state.Wait; wait > 0 {
			c.Waiting++
			c.LongestWaitS = max(c.LongestWaitS, wait.Seconds())
		}
	}
}

// add adds what another worker has counted.
func (c *Counts) add(o Counts) {
	c.Undefined += o.Undefined
	c.Zones, c.Silent, c.On, c.Waiting = c.Zones+o.Zones, c.Silent+o.Silent, c.On+o.On, c.Waiting+o.Waiting
	c.Readings, c.Commands, c.Dead = c.Readings+o.Readings, c.Commands+o.Commands, c.Dead+o.Dead
	c.LongestWaitS, c.BehindS = max(c.LongestWaitS, o.LongestWaitS), max(c.BehindS, o.BehindS)
	for word, n := range o.Reasons {
		c.Reasons[word] += n
	}
	for word, n := range o.Faults {
		c.Faults[word] += n
	}
}

// askFor is how long a worker may take to tell of its zones.
const askFor = 3 * time.Second

// serveFleet asks every worker of the group, and adds up what they say.
func (w *Worker) serveFleet(rw http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), askFor)
	defer cancel()
	owners, partitions, err := w.owners(ctx)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fleet := Fleet{Versions: map[string]int{}, Unanswered: []string{}, Unowned: []int32{}, Counts: newCounts()}
	said := make(chan Overview)
	for worker := range owners {
		go func() { said <- overviewOf(ctx, worker) }()
	}
	counted := map[int32]bool{}
	for range owners {
		o := <-said
		if o.Partitions == nil {
			fleet.Unanswered = append(fleet.Unanswered, o.Worker)
			continue
		}
		fleet.Workers++
		fleet.Versions[o.Version]++
		fleet.add(o.Counts)
		for _, n := range o.Partitions {
			counted[n] = true
		}
	}
	for n := range int32(partitions) {
		if !counted[n] {
			fleet.Unowned = append(fleet.Unowned, n)
		}
	}
	slices.Sort(fleet.Unanswered)
	answer(rw, fleet)
}

// overviewOf asks a worker; one that does not answer has no partitions.
func overviewOf(ctx context.Context, worker string) Overview {
	nothing := Overview{Worker: worker}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+worker+"/overview", nil)
	if err != nil {
		return nothing
	}
	r, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nothing
	}
	defer r.Body.Close()
	var o Overview
	if json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&o) != nil {
		return nothing
	}
	return o
}

func answer(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	json.NewEncoder(rw).Encode(v)
}

// serveMetrics writes the overview as Prometheus reads it.
func (w *Worker) serveMetrics(rw http.ResponseWriter, _ *http.Request) {
	o := w.Overview(time.Now())
	rw.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, m := range []struct {
		name, kind, help string
		value            any
	}{
		{"partitions", "gauge", "partitions that are this worker's", len(o.Partitions)},
		{"zones", "gauge", "zones that it decides for", o.Zones},
		{"silent_zones", "gauge", "zones without a reading that may be acted on", o.Silent},
		{"heating_zones", "gauge", "zones whose heater is on", o.On},
		{"behind_seconds", "gauge", "how far the slowest partition's time is behind the clock", o.BehindS},
		{"readings_total", "counter", "records of sensors that were taken", o.Readings},
		{"commands_total", "counter", "records that heaters were told", o.Commands},
		{"deadletters_total", "counter", "records that could not be taken", o.Dead},
	} {
		fmt.Fprintf(rw, "# HELP thermostat_engine_%s %s\n# TYPE thermostat_engine_%s %s\nthermostat_engine_%s %v\n", m.name, m.help, m.name, m.kind, m.name, m.value)
	}
}
