package peers

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"thermostat/fleet/kafka"
	pb "thermostat/proto"
)

var table = flag.Bool("table", false, "measure the table of README.md, some minutes an engine")

// TestTable prints the table of README.md. Nothing is asserted but that all of it can be measured.
func TestTable(t *testing.T) {
	if !*table {
		t.Skip("it measures for some minutes an engine: -table")
	}
	pin(t, os.Getpid(), "0")
	rows := []string{
		"| | starts in, s | readings/s on one core | processor, µs a reading | p50, ms | p99, ms | RSS, MiB | killed and started again: longest wait, s | lost, doubled | a second takes over: longest wait, s | lost, doubled |",
		"|---|---|---|---|---|---|---|---|---|---|---|",
	}
	defer func() { t.Log("\n" + strings.Join(rows, "\n")) }()
	for _, e := range engines {
		row := "| " + e.name
		measure := func(name string, figures func(*testing.T, engine) string) {
			t.Run(e.name+" "+name, func(t *testing.T) { // its processes end before the next begins
				row += " | " + figures(t, e)
			})
		}
		measure("throughput", throughput)
		measure("steady", steady)
		measure("takes over", takeOver)
		rows = append(rows, row+" |")
	}
}

// pinned is a cluster on one core, beside this process; the engine has the other.
func pinned(t *testing.T) []string {
	jars(t)
	c := kafka.New(t, 3)
	for _, n := range c.Nodes {
		pin(t, n.Pid(), "0")
	}
	return c.Brokers()
}

func pin(t *testing.T, pid int, core string) {
	t.Helper()
	if out, err := exec.Command("taskset", "-a", "-c", "-p", core, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		t.Fatalf("taskset: %v: %s", err, out)
	}
}

func alone(t *testing.T, e engine, brokers []string) *member {
	m := newMember(t, e, brokers)
	m.core = "1"
	return m
}

// throughput starts an engine on a log that holds a million readings, and, to know what the start alone takes,
// on one that holds none.
func throughput(t *testing.T, e engine) string {
	const rounds, keys = 500, 2000
	brokers := pinned(t)
	s, m := newStreams(t, e, brokers, keys), alone(t, e, brokers)
	m.start()
	s.begin()
	timed := func(want pb.HeaterCommand) (wall, processor float64) {
		s.probeWritten(want)
		began := time.Now()
		m.start()
		s.probed(want, func() {})
		processor, _ = m.used()
		return time.Since(began).Seconds(), processor
	}
	m.process.Kill()
	start, startUsed := timed(pb.HeaterCommand_Off)
	m.process.Kill()
	s.load(rounds)
	wall, used := timed(pb.HeaterCommand_On)
	m.process.Kill()
	if lost, doubled, _ := s.judge(); len(lost) > 0 || len(doubled) > 0 {
		t.Logf("of a million readings %d commands lost, %d doubled", len(lost), len(doubled))
	}
	const n = rounds * keys
	return fmt.Sprintf("%.1f | %.0f | %.1f", start, n/(wall-start), (used-startUsed)/n*1e6)
}

// steady is an engine with 2,000 readings a second, which is killed then, and started again.
func steady(t *testing.T, e engine) string {
	brokers := pinned(t)
	s, m := newStreams(t, e, brokers, 1000), alone(t, e, brokers)
	m.start()
	s.begin()
	s.flowFor(20 * time.Second) // it warms up
	from := time.Now()
	s.flowFor(30 * time.Second)
	took := s.latencies(from)
	slices.Sort(took)
	_, mebibytes := m.used()
	gap, lost, doubled, _ := killed(s, m, m.start)
	ms := func(share float64) int64 { return took[int(share*float64(len(took)-1))].Milliseconds() }
	return fmt.Sprintf("%d | %d | %.0f | %.1f | %d, %d", ms(0.5), ms(0.99), mebibytes, gap.Seconds(), len(lost), len(doubled))
}

// takeOver is two processes of an engine, of which one is killed and stays so.
func takeOver(t *testing.T, e engine) string {
	if !e.group {
		return "- | -"
	}
	brokers := pinned(t)
	s, one, other := newStreams(t, e, brokers, 1000), alone(t, e, brokers), alone(t, e, brokers)
	one.start()
	other.start()
	s.begin()
	s.flowFor(15 * time.Second) // both have their share by then
	gap, lost, doubled, _ := killed(s, one, func() {})
	return fmt.Sprintf("%.1f | %d, %d", gap.Seconds(), len(lost), len(doubled))
}

// used is the processor time of a member, s, and its memory, MiB.
func (m *member) used() (seconds, mebibytes float64) {
	m.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.process.Pid()))
	if err != nil {
		m.t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	for _, f := range fields[11:13] { // utime, stime: proc(5)
		ticks, _ := strconv.ParseFloat(f, 64)
		seconds += ticks / 100
	}
	pages, _ := strconv.ParseFloat(fields[21], 64) // rss
	return seconds, pages * float64(os.Getpagesize()) / (1 << 20)
}
