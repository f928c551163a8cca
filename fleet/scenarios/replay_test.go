package scenarios

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
	pb "thermostat/proto"
)

const (
	replayZones    = 100
	replayReadings = 10_000
	firstSensor    = 1000 // sensor_id of zone z0
)

// TestReplayOfTheLogDecidesAsTheLiveAgent: a live agent with sensors on the broker, setpoints that
// change, programs that step, and timers that matter; replay decides the same from the log alone.
func TestReplayOfTheLogDecidesAsTheLiveAgent(t *testing.T) {
	if testing.Short() {
		t.Skip("two minutes of readings")
	}
	const clusters = 3
	for n := range clusters {
		shown := false
		t.Run(fmt.Sprintf("cluster %d", n+1), func(t *testing.T) { // skipped if this cluster failed, so that its log proves nothing
			replayDecidesAsLive(t)
			shown = true
		})
		if shown || t.Failed() {
			return
		}
	}
	t.Errorf("none of %d clusters kept all that the agent said", clusters)
}

func replayDecidesAsLive(t *testing.T) {
	// Not beside the other tests: an agent that a busy cluster cuts off says less than the log needs.
	c := startCluster(t, (*cluster.Cluster).Config)
	heal(t, c, nil)
	log := openLog(t, c)
	config := streamOf(t, "log.json")
	config.Subjects = append(config.Subjects, "thermostat.*.*.state")
	stream := log.create(config)

	follower := rig.Start(t, linesBinary(t), "--server", "nats://"+c.Nodes[1].NATS)

	file := replayConfig(t, c)
	agent := rig.Start(t, rig.Thermostat(t), "run", "--config", file)
	agent.Says("broker connected")
	rig.Eventually(t, func() error { // each zone has begun, at a moment of its own within a sample
		if n := strings.Count(agent.Output(), "first decision"); n < replayZones {
			return fmt.Errorf("only %d zones have begun", n)
		}
		return nil
	})
	run := newPremise(t, c, agent)
	log.feed(c.Nodes[0], stream, run)
	log.settles(stream)
	run.holds()
	agent.Kill()

	records := readLines(t, c)
	checkFollower(t, follower.Log(), records)
	checkSuffix(t, records, readLines(t, c, "--from-seq", "9000"))
	decisions := replay(t, file, records)
	readLive(t, log.all(stream, jetstream.OrderedConsumerConfig{})).compare(t, records, decisions)
}

func replayConfig(t *testing.T, c *cluster.Cluster) string {
	var text strings.Builder
	fmt.Fprintf(&text, "device: cabin\nhttp: {listen: \"\"}\nstate_dir: %s\nclock: trust\ntimezone: UTC\nmqtt: {discovery_prefix: \"\", %s}\nzones:\n", t.TempDir(), rig.Brokers(c.MQTTs(1)))
	setpoints := []string{"default_setpoint: {mode: heat, desired: 20, up_delta: 0.3, down_delta: 0.3}",
		"default_setpoint: {mode: auto, up_delta: 0.3, down_delta: 0.3}\n    program: " + stepsSoon()}
	for i := range replayZones {
		fmt.Fprintf(&text, `  - name: z%d
    sensor_id: %d
    sensor: {driver: mqtt, topic: feed/z%d, format: number}
    heater: {driver: mqtt, topic: relay/z%d}
    %s
    limits: {max_rate: 60}
    timing: {sample: 1s, stale_after: 3s, min_on: 2s, min_off: 3s, max_on: 8s}
`, i, firstSensor+i, i, i, setpoints[i%len(setpoints)])
	}
	file := filepath.Join(t.TempDir(), "replay.yaml")
	rig.Write(t, file, text.String())
	return file
}

// stepsSoon is a program that steps at each of the next three minutes.
func stepsSoon() string {
	var steps []string
	for i, celsius := range []string{"20.5", "19.5", "20.3"} {
		at := time.Now().UTC().Add(time.Duration(i+1) * time.Minute)
		steps = append(steps, at.Format("15:04 ")+celsius)
	}
	slices.Sort(steps) // around midnight
	return strings.Join(steps, ", ")
}

// premise is what the log must have for a run to prove anything: a cluster that keeps what it is told.
type premise struct {
	t     *testing.T
	c     *cluster.Cluster
	agent *rig.Process
	began []int // how long each node's log was when the agent had connected
}

// clusterFails is what a node says of itself that does not keep what it is told, or not soon.
var clusterFails = regexp.MustCompile(`[^\n]*(timeout after|JetStream failed|Stale Connection|Slow Consumer|Readloop processing time: [0-9.]+s)[^\n]*`)

func newPremise(t *testing.T, c *cluster.Cluster, agent *rig.Process) premise {
	p := premise{t: t, c: c, agent: agent}
	for _, n := range c.Nodes {
		p.began = append(p.began, len(p.log(n)))
	}
	return p
}

func (p premise) log(n *cluster.Node) []byte {
	log, err := os.ReadFile(filepath.Join(n.Dir, "log"))
	if err != nil {
		p.t.Fatal(err)
	}
	return log
}

// holds gives the run up if the agent lost the cluster: what it said meanwhile is not there.
func (p premise) holds() {
	p.t.Helper()
	if p.agent.Count("broker lost") > 0 {
		p.broken("the agent lost the cluster")
	}
}

// broken gives a run up, for another one with another cluster, only where a node of this one says that it failed. Else
// it is the agent's fault, and no chance.
func (p premise) broken(what string) {
	p.t.Helper()
	for i, n := range p.c.Nodes {
		if said := clusterFails.Find(p.log(n)[p.began[i]:]); said != nil {
			p.t.Skipf("%s, and %s says why: %s", what, n.Name, said)
		}
	}
	p.t.Fatalf("%s, and no node says that it failed", what)
}

// feed says readings of random zones, some of them too far from the last to be
// believed, and now and then a new setpoint, until the log has enough of them.
func (s streams) feed(n *cluster.Node, stream jetstream.Stream, run premise) {
	s.t.Helper()
	client, err := n.Dial(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Disconnect(250)
	random := rand.New(rand.NewPCG(1, 2))
	celsius := slices.Repeat([]float64{20}, replayZones)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range 3 * replayReadings {
		<-tick.C
		z := random.IntN(replayZones)
		celsius[z] = min(max(celsius[z]+1.6*random.Float64()-0.8, 18), 22)
		client.Publish(fmt.Sprintf("feed/z%d", z), 0, false, fmt.Sprintf("%.3f", celsius[z]))
		if i%100 == 50 {
			control := fmt.Sprintf(`{"desired":%.1f}`, 19+2*random.Float64()) // where a program steps, until it does
			client.Publish(fmt.Sprintf("thermostat/cabin/z%d/control", random.IntN(replayZones)), 1, true, control)
			run.holds()
			if s.count(stream, run, "thermostat.*.*.sensor") >= replayReadings+4*replayZones { // each zone begins with none, and believes its first one late
				return
			}
		}
	}
	run.broken("the log takes too few of the readings")
}

// count tells how many messages of some subjects a stream holds.
func (s streams) count(stream jetstream.Stream, run premise, subjects string) (n uint64) {
	s.t.Helper()
	info, err := stream.Info(s.t.Context(), jetstream.WithSubjectFilter(subjects))
	if err != nil {
		run.broken(fmt.Sprintf("the cluster does not tell what the log holds (%v)", err))
	}
	for _, of := range info.State.Subjects {
		n += of
	}
	return n
}

// settles waits until nothing more comes for two seconds: a zone at rest says
// no reading, and its state once a minute.
func (s streams) settles(stream jetstream.Stream) {
	s.t.Helper()
	var last uint64
	var since time.Time
	rig.Eventually(s.t, func() error {
		info, err := stream.Info(s.t.Context())
		if err != nil {
			return err
		}
		if info.State.LastSeq != last {
			last, since = info.State.LastSeq, time.Now()
		}
		if time.Since(since) < 2*time.Second {
			return fmt.Errorf("the log still grows, it holds %d messages", info.State.Msgs)
		}
		s.t.Logf("the log holds %d messages in %d bytes", info.State.Msgs, info.State.Bytes)
		return nil
	})
}

// record is a line of `lines`, decision the answer of replay to it.
type record struct {
	Time        time.Time
	SensorID    int32 `json:"sensor_id"`
	Temperature *float64
	Mode        string
	Verdict     string
	Target      *string
	text        string
}

type decision struct {
	Time     time.Time
	SensorID int32 `json:"sensor_id"`
	Heater   string
	Action   string
	Reason   string
}

func linesBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "lines")
	if out, err := exec.Command("go", "build", "-o", binary, "../lines").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// readLines gives what lines makes of the log as it is.
func readLines(t *testing.T, c *cluster.Cluster, args ...string) (records []record) {
	t.Helper()
	cmd := exec.Command(linesBinary(t), append(args, "--server", "nats://"+c.Nodes[0].NATS, "--follow=false")...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("lines: %v %s", err, complaints.String())
	}
	return parse(t, out, func(r *record, text string) { r.text = text })
}

// checkFollower: who followed has had the same lines in the same order, but for
// the last minute.
func checkFollower(t *testing.T, followed []string, records []record) {
	t.Helper()
	if len(followed) < len(records)/10 {
		t.Errorf("who follows has had %d lines of %d", len(followed), len(records))
	}
	for i, text := range followed {
		if text != records[i].text {
			t.Fatalf("line %d of who follows is %s, want %s", i, text, records[i].text)
		}
	}
}

// checkSuffix: from the middle on, nothing but the rest.
func checkSuffix(t *testing.T, records, rest []record) {
	t.Helper()
	from := len(records) - len(rest)
	if from <= 0 || len(rest) == 0 {
		t.Fatalf("from the middle on there are %d lines of %d", len(rest), len(records))
	}
	last := records[len(records)-1].text
	if rest[len(rest)-1].text != last {
		t.Errorf("from the middle on it ends with %s, want %s", rest[len(rest)-1].text, last)
	}
}

func replay(t *testing.T, config string, records []record) []decision {
	t.Helper()
	var in strings.Builder
	for _, r := range records {
		in.WriteString(r.text + "\n")
	}
	cmd := exec.Command(rig.Thermostat(t), "replay", "--config", config)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("replay: %v\n%.2000s", err, out)
	}
	return parse(t, out, func(*decision, string) {})
}

func parse[T any](t *testing.T, out []byte, also func(*T, string)) (all []T) {
	t.Helper()
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		var one T
		if err := json.Unmarshal(s.Bytes(), &one); err != nil {
			t.Fatalf("%v: %s", err, s.Text())
		}
		also(&one, s.Text())
		all = append(all, one)
	}
	return all
}

// live is what the agent said of its decisions: each switch with its instant and
// reason, and the states.
type live struct {
	switches map[int32][]*pb.HeaterControl
	states   map[int32][]state
}

type state struct {
	Time     time.Time // in milliseconds
	SensorID int32     `json:"sensor_id"`
	Action   string
	Reason   string
}

func readLive(t *testing.T, messages []jetstream.Msg) live {
	t.Helper()
	l := live{map[int32][]*pb.HeaterControl{}, map[int32][]state{}}
	for _, m := range messages {
		switch {
		case strings.HasSuffix(m.Subject(), ".heater"):
			var h pb.HeaterControl
			if err := proto.Unmarshal(m.Data(), &h); err != nil {
				t.Fatal(err)
			}
			of := l.switches[h.GetSensorID()]
			if len(of) == 0 || of[len(of)-1].GetCommand() != h.GetCommand() { // else an On said again
				l.switches[h.GetSensorID()] = append(of, &h)
			}
		case strings.HasSuffix(m.Subject(), ".state"):
			var s state
			if err := json.Unmarshal(m.Data(), &s); err != nil {
				t.Fatal(err)
			}
			l.states[s.SensorID] = append(l.states[s.SensorID], s)
		}
	}
	return l
}

// heaterAt is what the relay was told last, and why if that was at this instant.
func (l live) heaterAt(sensor int32, at time.Time) (heater, reason string) {
	heater = "off"
	for _, h := range l.switches[sensor] {
		if h.SwitchedAt.AsTime().After(at) {
			break
		}
		heater, reason = strings.ToLower(h.GetCommand().String()), ""
		if h.SwitchedAt.AsTime().Equal(at) {
			reason = h.GetReason()
		}
	}
	return heater, reason
}

// alone reports whether a record has its millisecond, all that a state tells of
// its time, for itself: no other one of its zone and no tick falls into it.
func alone(records []record, i int) bool {
	at, sensor := records[i].Time, records[i].SensorID
	same := func(other time.Time) bool {
		return other.Truncate(time.Millisecond).Equal(at.Truncate(time.Millisecond))
	}
	for _, step := range []int{-1, 1} {
		for k := i + step; k >= 0 && k < len(records) && same(records[k].Time); k += step {
			if records[k].SensorID == sensor {
				return false
			}
		}
	}
	began := records[slices.IndexFunc(records, func(r record) bool { return r.SensorID == sensor && r.Verdict == "no_reading" })].Time
	tick := at.Add(-(at.Sub(began) % time.Second)) // a sample
	return at.Equal(began) || !same(tick) && !same(tick.Add(time.Second))
}

// goesOn reports whether another record of the zone is of the same step, and so the
// answer to this one not yet its whole decision.
func goesOn(records []record, i int) bool {
	for k := i + 1; k < len(records) && records[k].Time.Equal(records[i].Time); k++ {
		if records[k].SensorID == records[i].SensorID {
			return true
		}
	}
	return false
}

func (l live) compare(t *testing.T, records []record, decisions []decision) {
	t.Helper()
	if len(decisions) != len(records) {
		t.Fatalf("%d decisions on %d records", len(decisions), len(records))
	}
	readings, setpoints, targets, bad, switches, reasons, states, differences := 0, 0, 0, 0, 0, 0, 0, 0
	differ := func(i int, what, want string) {
		if differences++; differences <= 5 {
			t.Errorf("%s: live %s %s, replayed %+v", records[i].text, what, want, decisions[i])
		}
	}
	for i, d := range decisions {
		switch r := records[i]; {
		case r.Temperature != nil:
			readings++
		case r.Verdict != "":
			bad++
		case r.Target != nil:
			targets++
		default:
			setpoints++
		}
		if goesOn(records, i) {
			continue
		}
		heater, reason := l.heaterAt(d.SensorID, d.Time)
		if d.Heater != heater {
			differ(i, "heater", heater)
		}
		if reason != "" {
			if reasons++; d.Reason != reason {
				differ(i, "reason", reason)
			}
		}
		for _, s := range l.states[d.SensorID] {
			if !s.Time.Equal(d.Time.Truncate(time.Millisecond)) || !alone(records, i) {
				continue
			}
			if states++; s.Action != d.Action || s.Reason != d.Reason {
				differ(i, "state", s.Action+", "+s.Reason)
			}
		}
	}
	for _, of := range l.switches {
		switches += len(of)
	}
	t.Logf("%d readings, %d answers that were none, %d setpoints, %d targets, %d switches: %d differences in the heater at each record, in %d reasons of switches and %d states",
		readings, bad, setpoints, targets, switches, differences, reasons, states)
	if readings < replayReadings || switches < 300 || states < 1000 || setpoints < 50 || targets < 2*replayZones {
		t.Error("too few for this to show anything")
	}
}
