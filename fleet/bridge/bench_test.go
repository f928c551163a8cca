package bridge

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/fleet/cluster"
	"thermostat/fleet/engine"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

// backlog is what a site of 1,000 devices says in ten minutes, each every 10 s.
const backlog = 60_000

// buildBridge makes the command.
func buildBridge(b *testing.B) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "thermostat-bridge")
	if out, err := exec.Command("go", "build", "-o", file, "./thermostat-bridge").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return file
}

// start runs the command until it is connected; metric gives its figures.
func start(b *testing.B, file string, site *siteBroker, log []string) (process *rig.Process, metric func(string) float64) {
	b.Helper()
	ports, err := cluster.FreePorts(1)
	if err != nil {
		b.Fatal(err)
	}
	password := filepath.Join(b.TempDir(), "password")
	rig.Write(b, password, "bridge")
	process = rig.Start(b, file, "--site", "north", "--sensors", "1-1000", "--mqtt", "mqtt://"+site.address, "--username", "bridge",
		"--password-file", password, "--kafka", strings.Join(log, ","), "--http", ports[0])
	metric = func(name string) float64 { return metricOf(ports[0], name) }
	until(b, process, metric, "connected", 1)
	return process, metric
}

// until waits until a figure is reached.
func until(b *testing.B, process *rig.Process, metric func(string) float64, name string, least float64) {
	b.Helper()
	rig.Eventually(b, func() error {
		if x := metric(name); x < least {
			return fmt.Errorf("%s is %v: %s", name, x, process.Output())
		}
		return nil
	})
}

// BenchmarkTheBacklogOfTenMinutes queues it at a mosquitto for a bridge that is away, and has the command take it up.
// It reports memory and computing of both; the log is kfake, in this process.
func BenchmarkTheBacklogOfTenMinutes(b *testing.B) {
	file := buildBridge(b)
	for b.Loop() {
		site, log := newMosquitto(b), newLog(b)
		process, _ := start(b, file, site, log)
		process.Kill()
		before := resident(b, site.pid())
		say(b, site)
		b.ReportMetric((resident(b, site.pid())-before)/backlog, "B-in-mosquitto/message")
		cpu, began := computed(b, site.pid()), time.Now()
		process, metric := start(b, file, site, log)
		until(b, process, metric, "taken_total", backlog)
		b.ReportMetric(time.Since(began).Seconds(), "s-to-drain")
		b.ReportMetric(computed(b, process.Pid())/backlog*1e6, "µs-of-bridge/message")
		b.ReportMetric((computed(b, site.pid())-cpu)/backlog*1e6, "µs-of-mosquitto/message")
		b.ReportMetric(resident(b, process.Pid())/(1<<20), "MiB-of-bridge")
		b.ReportMetric(metric("taken_total")/backlog, "records/message")
		process.Kill()
	}
}

// BenchmarkCommands has a bridge read those of a hundred sites, of which one is its own.
func BenchmarkCommands(b *testing.B) {
	file := buildBridge(b)
	const all, sites = 200_000, 100
	for b.Loop() {
		site, log := newMosquitto(b), newLog(b)
		process, metric := start(b, file, site, log)
		before := computed(b, process.Pid())
		client, err := kgo.NewClient(kgo.SeedBrokers(log...), kgo.MaxBufferedRecords(all))
		if err != nil {
			b.Fatal(err)
		}
		bytes := 0
		for n := range all {
			id := int32(1 + n%(1000*sites))
			c := &pb.HeaterControl{SensorID: &id, Command: pb.HeaterCommand_On.Enum(), SwitchedAt: timestamppb.Now(), Reason: proto.String("too_cold")}
			r := &kgo.Record{Topic: engine.TopicCommand, Key: engine.Key(id), Value: marshal(c)}
			bytes += len(r.Key) + len(r.Value)
			client.Produce(b.Context(), r, nil)
		}
		if err := client.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		client.Close()
		until(b, process, metric, "commands_total", all/sites)
		b.ReportMetric((computed(b, process.Pid())-before)/all*1e6, "µs-of-bridge/record")
		b.ReportMetric(float64(bytes)/all, "B/record")
		process.Kill()
	}
}

// say has the devices speak, a thousand readings in flight at once.
func say(b *testing.B, site *siteBroker) {
	b.Helper()
	clients := map[int]paho.Client{}
	for id := 1; id <= devices; id++ {
		c, err := site.dial(fmt.Sprint(id), fmt.Sprintf("sensor-%d", id), nil)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Disconnect(0)
		clients[id] = c
	}
	var tokens []paho.Token
	for n := range backlog {
		id := int32(1 + n%devices)
		d := &pb.SensorData{SensorID: &id, Temperature: proto.Float64(20), ReadAt: timestamppb.Now()}
		tokens = append(tokens, clients[int(id)].Publish(fmt.Sprintf("site/%d/sensor", id), 1, false, marshal(d)))
		if len(tokens) == 1000 || n == backlog-1 {
			for _, t := range tokens {
				if err := cluster.Acknowledged(t, rig.Patience); err != nil {
					b.Fatal(err)
				}
			}
			tokens = tokens[:0]
		}
	}
}

// metricOf is a figure of a bridge; 0 where it does not answer yet.
func metricOf(address, name string) float64 {
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	_, rest, _ := bytes.Cut(text, []byte("\nthermostat_bridge_"+name+" "))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	x, _ := strconv.ParseFloat(string(line), 64)
	return x
}

// resident is what a process has in memory, in bytes.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	return stat(b, pid)[24-3] * float64(os.Getpagesize())
}

// computed is how long a process has computed, in s: utime and stime, in ticks of 10 ms (proc_pid_stat(5)).
func computed(b *testing.B, pid int) float64 {
	b.Helper()
	s := stat(b, pid)
	return (s[14-3] + s[15-3]) / 100
}

// stat gives the fields of /proc/PID/stat from the third on, whose first is no number.
func stat(b *testing.B, pid int) (fields []float64) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	for _, word := range strings.Fields(rest) {
		x, _ := strconv.ParseFloat(word, 64)
		fields = append(fields, x)
	}
	return fields
}
