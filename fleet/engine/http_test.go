package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

// TestAnyWorkerTellsAZoneOrLeadsToItsOwner: two workers, and zones on all partitions.
func TestAnyWorkerTellsAZoneOrLeadsToItsOwner(t *testing.T) {
	brokers := newLog(t)
	var servers []*httptest.Server
	for range 2 {
		server := httptest.NewUnstartedServer(nil)
		p := startProcess(t, brokers, server.Listener.Addr().String())
		server.Config.Handler = p.worker.Handler()
		server.Start()
		t.Cleanup(server.Close)
		servers = append(servers, server)
	}
	const zones = 20
	var records []*kgo.Record
	now, celsius := time.Now(), 18.5
	for id := int32(1); id <= zones; id++ {
		records = append(records, &kgo.Record{Topic: TopicZones, Key: Key(id), Value: []byte(quickParameters), Timestamp: now},
			&kgo.Record{Topic: TopicSensor, Key: Key(id), Value: wireOf(t, &pb.SensorData{Temperature: &celsius}), Timestamp: now})
	}
	records = append(records, &kgo.Record{Topic: TopicSensor, Key: Key(zones), Value: wireOf(t, &pb.SensorData{Verdict: proto.String("absent")}), Timestamp: now})
	feed(t, brokers, records)
	get := func(server *httptest.Server, path string) (int, string) {
		r, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(text)
	}
	for _, server := range servers {
		for id := 1; id <= zones; id++ {
			rig.Eventually(t, func() error {
				code, text := get(server, fmt.Sprintf("/zones/%d", id))
				var state struct {
					SensorID int
					Shown    struct{ Celsius float64 }
				}
				if code != http.StatusOK || json.Unmarshal([]byte(text), &state) != nil || state.SensorID != id || math.Abs(state.Shown.Celsius-celsius) > 1e-9 {
					return fmt.Errorf("zone %d: %d %s", id, code, text)
				}
				return nil
			})
		}
		if code, _ := get(server, "/zones/9999"); code != http.StatusNotFound {
			t.Errorf("a zone that is not there: %d", code)
		}
		if code, _ := get(server, "/zones/hall"); code != http.StatusBadRequest {
			t.Errorf("a zone that is no number: %d", code)
		}
	}
	rig.Eventually(t, func() error {
		var all Fleet
		sum := 0
		for _, server := range servers {
			var o Overview
			_, text := get(server, "/overview")
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				return err
			}
			sum += o.Zones
			if _, text = get(server, "/fleet/overview"); json.Unmarshal([]byte(text), &all) != nil {
				return errors.New(text)
			}
			if all.Zones != zones || all.Workers != 2 || all.Versions["test"] != 2 || len(all.Unanswered)+len(all.Unowned) != 0 || all.Faults["absent"] != 1 {
				return errors.New(text)
			}
		}
		if sum != zones {
			return fmt.Errorf("%d zones", sum)
		}
		return nil
	})
	if _, text := get(servers[0], "/metrics"); !strings.Contains(text, "thermostat_engine_zones ") {
		t.Error(text)
	}
}
