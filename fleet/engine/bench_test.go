package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/fleet/cluster"
	"thermostat/fleet/kafka"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

// bench is a cluster and workers of a benchmark.
type bench struct {
	b       *testing.B
	file    string
	brokers []string
	workers []*rig.Process
	names   []string
	client  *kgo.Client
}

func newBench(b *testing.B) *bench {
	c := kafka.New(b, 3)
	w := &bench{b: b, brokers: c.Brokers()}
	w.file = buildWorker(b)
	createTopics(b, w.file, w.brokers)
	for _, n := range c.Nodes {
		pin(b, n.Pid(), "0")
	}
	var err error
	if w.client, err = kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.MaxBufferedRecords(1_000_000)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(w.client.Close)
	return w
}

// pin holds a process on cores, where there is more than one.
func pin(b *testing.B, pid int, cores string) {
	if runtime.NumCPU() < 2 {
		return
	}
	if out, err := exec.Command("taskset", "-a", "-c", "-p", cores, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		b.Logf("taskset: %v: %s", err, out)
	}
}

func (w *bench) define(zones int) {
	for id := range int32(zones) {
		w.client.Produce(w.b.Context(), &kgo.Record{Topic: TopicZones, Key: Key(id + 1), Value: []byte(someParameters)}, nil)
	}
	w.flush()
}

func (w *bench) say(id int32, n int) {
	celsius := 19.5 + float64((n*7+int(id))%20)/20
	value, _ := proto.Marshal(&pb.SensorData{SensorID: &id, Temperature: &celsius})
	w.client.Produce(w.b.Context(), &kgo.Record{Topic: TopicSensor, Key: Key(id), Value: value}, nil)
}

func (w *bench) flush() {
	if err := w.client.Flush(w.b.Context()); err != nil {
		w.b.Fatal(err)
	}
}

func (w *bench) start(n int) {
	ports, err := cluster.FreePorts(n)
	if err != nil {
		w.b.Fatal(err)
	}
	w.names, w.workers = ports, nil
	for _, name := range ports {
		p := rig.StartCommand(w.b, exec.Command("taskset", "-c", strconv.Itoa(min(1, runtime.NumCPU()-1)), w.file, "--brokers", strings.Join(w.brokers, ","), "--http", name))
		w.workers = append(w.workers, p)
	}
}

// overview is the sum of all workers'.
func (w *bench) overview() (sum Overview) {
	for _, name := range w.names {
		r, err := http.Get("http://" + name + "/overview")
		if err != nil {
			continue
		}
		var o Overview
		json.NewDecoder(r.Body).Decode(&o)
		r.Body.Close()
		sum.Zones, sum.Readings, sum.BehindS = sum.Zones+o.Zones, sum.Readings+o.Readings, max(sum.BehindS, o.BehindS)
	}
	return sum
}

func (w *bench) until(is func(o Overview) bool) {
	for !is(w.overview()) {
		time.Sleep(50 * time.Millisecond)
	}
}

// computed is the processor time of the workers, s, and their memory, MiB.
func (w *bench) computed() (seconds, mebibytes float64) {
	for _, p := range w.workers {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid()))
		if err != nil {
			w.b.Fatal(err)
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		for _, f := range fields[11:13] { // utime, stime: proc(5)
			ticks, _ := strconv.ParseFloat(f, 64)
			seconds += ticks / 100
		}
		pages, _ := strconv.ParseFloat(fields[21], 64) // rss
		mebibytes += pages * float64(os.Getpagesize()) / (1 << 20)
	}
	return seconds, mebibytes
}

// BenchmarkCatchUp is how fast one to four workers on one core take a log that is there already, brokers on another.
func BenchmarkCatchUp(b *testing.B) {
	const zones, readings = 2000, 1_000_000
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("%d workers", n), func(b *testing.B) {
			w := newBench(b)
			w.define(zones)
			for i := range readings {
				w.say(int32(i%zones)+1, i/zones)
			}
			w.flush()
			began := time.Now()
			w.start(n)
			w.until(func(o Overview) bool { return o.Readings >= readings })
			took := time.Since(began)
			seconds, mebibytes := w.computed()
			b.ReportMetric(readings/took.Seconds(), "readings/s")
			b.ReportMetric(seconds*1000/readings*1000, "cpu-ms/1000readings")
			b.ReportMetric(mebibytes, "MiB")
		})
	}
}

// BenchmarkTakeOver is how long a worker reads the state of 25,000 zones back.
func BenchmarkTakeOver(b *testing.B) {
	const zones = 25_000
	w := newBench(b)
	w.define(zones)
	for id := range int32(zones) {
		w.say(id+1, 0)
	}
	w.flush()
	w.start(1)
	w.until(func(o Overview) bool { return o.Readings >= zones && o.BehindS < 2 })
	w.workers[0].End(os.Interrupt)
	began := time.Now()
	w.start(1)
	w.until(func(o Overview) bool { return o.Zones >= zones })
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.Log(w.workers[0].Output())
}

// BenchmarkHundredThousand is two workers with 100,000 zones at a reading a minute.
func BenchmarkHundredThousand(b *testing.B) {
	const zones = 100_000
	w := newBench(b)
	w.define(zones)
	w.start(2)
	w.until(func(o Overview) bool { return o.Zones >= zones && o.BehindS < 2 })
	before, _ := w.computed()
	worst, sent := 0.0, 0
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	const lasts = 90 // s
	for n := range lasts * 10 {
		for ; sent < (n+1)*zones/600; sent++ {
			w.say(int32(sent%zones)+1, sent/zones)
		}
		<-every.C
		if n%10 == 9 {
			worst = max(worst, w.overview().BehindS)
		}
	}
	after, mebibytes := w.computed()
	b.ReportMetric(worst, "s-behind")
	b.ReportMetric((after-before)/lasts*100, "%cpu")
	b.ReportMetric(mebibytes, "MiB")
}
