package blackbox

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/clitest"
	"thermostat/mqtt/setpoint"
)

var kills = flag.Int("kills", clitest.InCI(300, 60), "how often the campaign kills the agent")

// The campaign kills the real agent at random moments while controls rain
// on it, so also in the middle of writing its memory. Every start must come up
// with the last acknowledged setpoint or a newer one that was really said, its
// relay off first.
func TestAKilledAgentComesUpOffAndKnowsItsLastSetpoint(t *testing.T) {
	if testing.Short() {
		t.Skipf("-short leaves out the %d kills", *kills)
	}
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := agentConfig(t, m.url(), "")
	_, state := stateFolder(t, config)
	rain := startRain(t, m)
	random := rand.New(rand.NewPCG(1, 2))
	part := filepath.Join(state, "zones", "room.json.part")
	inWriting, acknowledged := 0, 0
	for i := range *kills {
		acked := rain.acknowledged()
		p := start(t, thermostat(t), "run", "--config", config)
		if random.IntN(4) > 0 { // the others may die before they say anything
			line := p.startsWith("room")
			if checkStart(t, line, acked, rain.saidSoFar()); t.Failed() {
				t.Fatalf("start %d, %d acknowledged before it: %s\n%s", i, acked, line, p.Output())
			}
		}
		time.Sleep(time.Duration(random.ExpFloat64() * float64(40*time.Millisecond)))
		if random.IntN(3) == 0 { // a quick disk is seldom met in a write by chance
			for end := time.Now().Add(100 * time.Millisecond); !exists(part) && time.Now().Before(end); {
			}
		}
		p.Kill()
		if exists(part) {
			inWriting++
		}
		if rain.acknowledged() > acked {
			acknowledged++
		}
		if first := p.first(`msg="heater o`, "room"); first != "" && !strings.Contains(first, "heater on") {
			t.Fatalf("start %d did not begin with the relay off: %s", i, first)
		}
	}
	t.Logf("%d kills: %d in the middle of a write, %d runs acknowledged something, %d controls said", *kills, inWriting, acknowledged, rain.saidSoFar())
	if *kills >= 100 && (acknowledged < *kills/4 || inWriting == 0) {
		t.Errorf("the campaign does not reach what it is for: %d of %d runs acknowledged, %d died in writing", acknowledged, *kills, inWriting)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var startLine = regexp.MustCompile(`msg="zone starts" zone=(\S+) mode=(\S+) desired=(\S+) source=(\S+)`)

// startsWith waits for the line that tells which setpoint a zone begins with.
func (p *process) startsWith(zone string) string {
	p.t.Helper()
	for end := time.Now().Add(clitest.Patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if line := p.first(`msg="zone starts"`, zone); line != "" {
			return line
		}
	}
	p.t.Fatalf("does not come up:\n%s", p.Output())
	return ""
}

// first gives the first line that holds a text and tells of a zone; "" if none does.
func (p *process) first(text, zone string) string {
	for line := range strings.Lines(p.Output()) {
		if strings.Contains(line, text) && strings.Contains(line, " zone="+zone+" ") {
			return line
		}
	}
	return ""
}

// checkStart compares a zone's first setpoint with what was said: the number
// of a control is written into its temperature.
func checkStart(t *testing.T, line string, acked, said int) (n int) {
	f := startLine.FindStringSubmatch(line)
	if f == nil {
		t.Error("the line is not understood")
		return 0
	}
	if f[4] == "config" {
		if acked > 0 {
			t.Error("an acknowledged setpoint is forgotten")
		}
		return 0
	}
	desired, err := strconv.ParseFloat(f[3], 64)
	n = numberOf(desired)
	if err != nil || desired != desiredOf(n) || f[2] != "heat" {
		t.Error("a setpoint that nobody said")
	}
	if n < acked || n > said {
		t.Error("an acknowledged setpoint is forgotten, or one from the future obeyed")
	}
	return n
}

// desiredOf is a temperature that tells its control's number, and heats.
func desiredOf(n int) float64 { return math.Round(20e6+float64(n)) / 1e6 }

func numberOf(desired float64) int { return int(math.Round(desired*1e6 - 20e6)) }

// rain publishes controls without end, and hears what is acknowledged.
type rain struct {
	mu    sync.Mutex
	said  int
	acked int
}

func startRain(t *testing.T, m *mosquitto) *rain {
	r := &rain{}
	c := paho.NewClient(paho.NewClientOptions().AddBroker(strings.Replace(m.url(), "mqtt:", "tcp:", 1)).SetClientID("rain").SetProtocolVersion(4))
	if token := c.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	c.Subscribe("thermostat/cabin/room/ack", 1, func(_ paho.Client, m paho.Message) { r.ack(m.Payload()) }).Wait()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for every := time.NewTicker(3 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-every.C:
				c.Publish("thermostat/cabin/room/control", 1, true, r.next()).WaitTimeout(clitest.Patience)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended; c.Disconnect(0) })
	return r
}

// next is the next control; it counts as said before it is published.
func (r *rain) next() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said++
	return fmt.Appendf(nil, `{"desired":%.6f,"mode":"heat","id":"rain-%d"}`, desiredOf(r.said), r.said)
}

func (r *rain) ack(payload []byte) {
	var a setpoint.Answer
	if json.Unmarshal(payload, &a) != nil || !a.Applied {
		return
	}
	if a.ID == nil {
		return
	}
	number, _ := strings.CutPrefix(*a.ID, "rain-")
	n, err := strconv.Atoi(number)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acked = max(r.acked, n)
}

func (r *rain) acknowledged() int { r.mu.Lock(); defer r.mu.Unlock(); return r.acked }
func (r *rain) saidSoFar() int    { r.mu.Lock(); defer r.mu.Unlock(); return r.said }
