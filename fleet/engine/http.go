package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/encoding/protojson"
)

// PartitionOf is where a zone's records are: where any client of Kafka puts them by their key.
func PartitionOf(sensorID int32, partitions int) int32 {
	p := kgo.StickyKeyPartitioner(nil).ForTopic("")
	return int32(p.Partition(&kgo.Record{Key: Key(sensorID)}, partitions))
}

// Overview counts the zones of a worker.
type Overview struct {
	Worker     string         `json:"worker"`
	Partitions []int32        `json:"partitions"`
	Zones      int            `json:"zones"`
	Silent     int            `json:"silent"`  // without a reading that may be acted on
	On         int            `json:"on"`      // whose heater is on
	Reasons    map[string]int `json:"reasons"` // by why they are as they are
	BehindS    float64        `json:"behind_s"`
	Readings   uint64         `json:"readings"`
	Commands   uint64         `json:"commands"`
	Dead       uint64         `json:"deadletters"`
}

// Handler answers what can be asked of a worker.
func (w *Worker) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /zones/{id}", w.serveZone)
	mux.HandleFunc("GET /overview", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, w.Overview(time.Now())) })
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
	owner, err := w.owner(r, int32(id))
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
		if z == nil {
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
func (w *Worker) owner(r *http.Request, id int32) (string, error) {
	admin := kadm.NewClient(w.ticker)
	topics, err := admin.ListTopics(r.Context(), TopicTick)
	if err != nil {
		return "", err
	}
	number := PartitionOf(id, len(topics[TopicTick].Partitions))
	groups, err := admin.DescribeGroups(r.Context(), w.Group)
	if err != nil {
		return "", err
	}
	for _, m := range groups[w.Group].Members {
		if a, ok := m.Assigned.AsConsumer(); ok {
			for _, t := range a.Topics {
				for _, n := range t.Partitions {
					if n == number {
						return m.ClientID, nil
					}
				}
			}
		}
	}
	return "", fmt.Errorf("nobody has partition %d now: try again", number)
}

// Overview counts the worker's zones.
func (w *Worker) Overview(now time.Time) Overview {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := Overview{Worker: w.Name, Partitions: []int32{}, Reasons: map[string]int{}}
	for n, p := range w.partitions {
		o.Partitions = append(o.Partitions, n)
		o.Zones += len(p.zones)
		o.Readings, o.Commands, o.Dead = o.Readings+p.readings, o.Commands+p.commands, o.Dead+p.dead
		at := moment(p.place.GetTime())
		if !at.IsZero() {
			o.BehindS = max(o.BehindS, now.Sub(at).Seconds())
		}
		for _, z := range p.zones {
			o.Reasons[string(z.state.Reason)]++
			if z.silent(at) {
				o.Silent++
			}
			if z.state.Heater.On {
				o.On++
			}
		}
	}
	slices.Sort(o.Partitions)
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
