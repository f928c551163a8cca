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
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

// backlog is what a site of 1,000 devices says in ten minutes, each every 10 s.
const backlog = 60_000

// BenchmarkTheBacklogOfTenMinutes queues it at a mosquitto for a bridge that is away, and has the command take it up.
// It reports memory and computing of both; the log is kfake, in this process.
func BenchmarkTheBacklogOfTenMinutes(b *testing.B) {
	file := filepath.Join(b.TempDir(), "thermostat-bridge")
	if out, err := exec.Command("go", "build", "-o", file, "./thermostat-bridge").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for b.Loop() {
		site, log := newMosquitto(b), newLog(b)
		begin := func() (process *rig.Process, metric func(string) float64) {
			ports, err := cluster.FreePorts(1)
			if err != nil {
				b.Fatal(err)
			}
			password := filepath.Join(b.TempDir(), "password")
			rig.Write(b, password, "bridge")
			process = rig.Start(b, file, "--site", "north", "--sensors", "1-1000", "--mqtt", "mqtt://"+site.address, "--username", "bridge",
				"--password-file", password, "--kafka", strings.Join(log, ","), "--http", ports[0])
			return process, func(name string) float64 { return metricOf(ports[0], name) }
		}
		process, metric := begin()
		rig.Eventually(b, func() error {
			if metric("connected") != 1 {
				return fmt.Errorf("not connected: %s", process.Output())
			}
			return nil
		})
		process.Kill()
		before := resident(b, site.pid())
		say(b, site)
		b.ReportMetric((resident(b, site.pid())-before)/backlog, "B-in-mosquitto/message")
		cpu, began := computed(b, site.pid()), time.Now()
		process, metric = begin()
		rig.Eventually(b, func() error {
			if n := metric("taken_total"); n < backlog {
				return fmt.Errorf("%v taken: %s", n, process.Output())
			}
			return nil
		})
		b.ReportMetric(time.Since(began).Seconds(), "s-to-drain")
		b.ReportMetric(computed(b, process.Pid())/backlog*1e6, "µs-of-bridge/message")
		b.ReportMetric((computed(b, site.pid())-cpu)/backlog*1e6, "µs-of-mosquitto/message")
		b.ReportMetric(resident(b, process.Pid())/(1<<20), "MiB-of-bridge")
		b.ReportMetric(metric("taken_total")/backlog, "records/message")
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
