package blackbox

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
	pb "thermostat/proto"
)

var blows = flag.Int("blows", clitest.InCI(16, 8), "how many blows TestAZoneGoesOnUnderEveryBlowToTheBroker deals")

const (
	burst    = 100_000 // controls in one go
	mostMiB  = 48      // resident memory at its peak; 21 to 24 are usual
	converge = 5 * time.Minute
)

// The campaign beats the broker and the way to it while one zone, which follows a
// program and is held now and then, switches at every sample. That zone goes on under each blow, memory stays bounded, and
// when the quiet returns the other zone obeys what the broker retains. That no
// tick waits for the broker is proven in virtual time: mqtt,
// TestALocalChangeWaitsForNoBroker.
func TestAZoneGoesOnUnderEveryBlowToTheBroker(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of blows")
	}
	t.Parallel()
	m := newMosquitto(t, persist)
	m.start()
	wire := startWire(t, "127.0.0.1:"+m.port)
	config := agentConfig(t, "mqtt://"+wire.addr, "")
	text, _ := stateFolder(t, config)
	// 1 °C a second and narrow deltas: every reading switches.
	clitest.WriteFile(t, config, strings.NewReplacer(
		"device: cabin", "device: cabin\nclock: trust\ntimezone: UTC",
		"mode: heat, desired: 18, up_delta: 1, down_delta: 1}", "mode: auto, up_delta: 0.05, down_delta: 0.05}\n    program: 00:00 17.5",
	).Replace(text))
	p := startAgent(t, config)
	m.showsStatus("online")

	random := rand.New(rand.NewPCG(3, 4))
	for i := range *blows {
		blow := allBlows[i%len(allBlows)]
		if i >= len(allBlows) {
			blow = allBlows[random.IntN(len(allBlows))]
		}
		t.Logf("blow %d: %s", i, blow.name)
		blow.deal(t, m, wire, random, p)
		m.tryPublish(t, random)
	}
	wire.set(passing)
	m.agreesWith(t, p)
	p.goesOn("swing")
	m.shows("swing", "its program once no hold is left", aims("auto", "program", 17.5))
	if peak := peakMiB(t, p); peak > mostMiB {
		t.Errorf("%.1f MiB of memory at the peak, more than %d", peak, mostMiB)
	} else {
		t.Logf("%.1f MiB of memory at the peak", peak)
	}
}

type blow struct {
	name string
	deal func(t *testing.T, m *mosquitto, w *wire, random *rand.Rand, p *process) // it lasts until the zone has gone on
}

var allBlows = []blow{
	{"broker killed", func(t *testing.T, m *mosquitto, _ *wire, random *rand.Rand, p *process) {
		m.p.Kill()
		p.goesOn("swing")
		m.start()
	}},
	{"broker frozen", func(t *testing.T, m *mosquitto, _ *wire, random *rand.Rand, p *process) {
		m.p.Signal(syscall.SIGSTOP)
		p.goesOn("swing")
		m.p.Signal(syscall.SIGCONT)
	}},
	{"slow connection", func(t *testing.T, _ *mosquitto, w *wire, random *rand.Rand, p *process) {
		w.set(slow)
		p.goesOn("swing")
		w.set(passing)
	}},
	{"silent connection", func(t *testing.T, _ *mosquitto, w *wire, random *rand.Rand, p *process) {
		w.set(silent)
		p.goesOn("swing")
		w.set(passing)
	}},
	{"cut connection", func(t *testing.T, _ *mosquitto, w *wire, random *rand.Rand, p *process) {
		w.cut()
		p.goesOn("swing")
	}},
	{"garbage on the connection", func(t *testing.T, _ *mosquitto, w *wire, random *rand.Rand, p *process) {
		w.garbage(random)
		p.goesOn("swing")
	}},
	{"garbage as controls", func(t *testing.T, m *mosquitto, _ *wire, random *rand.Rand, p *process) {
		m.flood(t, 1000, func(int) []byte { return rubbish(random, 300) })
		p.goesOn("swing")
	}},
	{"burst of controls", func(t *testing.T, m *mosquitto, _ *wire, random *rand.Rand, p *process) {
		m.flood(t, burst, func(i int) []byte { return fmt.Appendf(nil, `{"desired":%d.%d}`, 15+i%5, random.IntN(1000)) })
		p.goesOn("swing")
	}},
}

func rubbish(random *rand.Rand, most int) []byte {
	b := make([]byte, 1+random.IntN(most))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// connect gives a bare client, or the reason why there is none.
func (m *mosquitto) connect(id string) (paho.Client, error) {
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://127.0.0.1:" + m.port).SetClientID(id).SetProtocolVersion(4).SetAutoReconnect(false))
	token := c.Connect()
	token.Wait()
	return c, token.Error()
}

// flood publishes many controls at QoS 0, as fast as the broker takes them.
func (m *mosquitto) flood(t *testing.T, n int, payload func(int) []byte) {
	c, err := m.connect("flood")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Disconnect(100)
	for i := range n {
		c.Publish("thermostat/cabin/room/control", 0, i%2 == 0, payload(i)).WaitTimeout(clitest.Patience)
	}
}

// tryPublish retains a new control and a hold, as an owner does between the blows.
func (m *mosquitto) tryPublish(t *testing.T, random *rand.Rand) {
	c, err := m.connect("owner")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Disconnect(100)
	c.Publish("thermostat/cabin/room/control", 1, true, fmt.Appendf(nil, `{"desired":%.3f}`, 10+10*random.Float64())).WaitTimeout(clitest.Patience)
	c.Publish("thermostat/cabin/swing/control", 1, true, fmt.Appendf(nil, `{"program":true,"desired":17.45,"hold_s":%d}`, 1+random.IntN(20))).WaitTimeout(clitest.Patience)
}

// agreesWith waits until the zone shows what the broker retains.
func (m *mosquitto) agreesWith(t *testing.T, p *process) {
	t.Helper()
	var control, state float64
	for end := time.Now().Add(converge); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		control, state = m.retainedDesired(), -1
		var r report.State
		if json.Unmarshal(m.retained("room/state"), &r) == nil && r.Desired != nil {
			state = *r.Desired
		}
		if control == state && string(m.retained("status")) == "online" && m.retainedDesired() == control {
			return
		}
	}
	t.Fatalf("the broker retains %v, the zone shows %v\n%s", control, state, p.Output())
}

func (m *mosquitto) retainedDesired() float64 {
	payload := m.retained("room/control")
	var c pb.TemperatureControl
	var j struct{ Desired float64 }
	if json.Unmarshal(payload, &j) == nil {
		return j.Desired
	}
	if proto.Unmarshal(payload, &c) == nil {
		return c.GetDesired()
	}
	return -2
}

// goesOn waits until a zone has switched a few times more: how soon says more of
// the machine than of the agent.
func (p *process) goesOn(zone string) {
	p.t.Helper()
	switches := func() (n int) {
		for line := range strings.Lines(p.Output()) {
			if strings.Contains(line, ` msg="heater o`) && strings.Contains(line, " zone="+zone+" ") {
				n++
			}
		}
		return n
	}
	before := switches()
	clitest.WaitFor(p.t, converge, func() error {
		if n := switches() - before; n < 3 {
			return fmt.Errorf("zone %s switched %d times:\n%s", zone, n, p.Output())
		}
		return nil
	})
}

// peakMiB is the most resident memory a process ever had: VmHWM of proc(5).
func peakMiB(t *testing.T, p *process) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}

// wire is the way between agent and broker, on which things go wrong.
type wire struct {
	addr   string
	broker string
	mu     sync.Mutex
	how    condition
	ends   map[net.Conn]bool // the agent's ends
}

type condition int

const (
	passing condition = iota
	slow              // a few bytes at a time
	silent            // nothing passes, nothing ends
)

func startWire(t *testing.T, broker string) *wire {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String(), broker: broker, ends: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); w.cut() })
	go func() {
		for {
			agent, err := l.Accept()
			if err != nil {
				return
			}
			go w.join(agent)
		}
	}()
	return w
}

func (w *wire) join(agent net.Conn) {
	defer agent.Close()
	broker, err := net.Dial("tcp", w.broker)
	if err != nil {
		return
	}
	w.keep(agent, true)
	defer w.keep(agent, false)
	go w.carry(broker, agent)
	w.carry(agent, broker)
}

func (w *wire) keep(c net.Conn, there bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if there {
		w.ends[c] = true
	} else {
		delete(w.ends, c)
	}
}

// carry takes bytes from one end to the other until one of them closes.
func (w *wire) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		for rest := buffer[:n]; len(rest) > 0; {
			part := w.passes(len(rest))
			if _, err := to.Write(rest[:part]); err != nil {
				return
			}
			rest = rest[part:]
		}
	}
}

// passes waits as the wire's condition wants, and says how much may pass then.
func (w *wire) passes(n int) int {
	for {
		w.mu.Lock()
		how := w.how
		w.mu.Unlock()
		switch how {
		case passing:
			return n
		case slow:
			time.Sleep(20 * time.Millisecond)
			return min(n, 7)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (w *wire) set(how condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.how = how
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.ends {
		c.Close()
	}
}

// garbage puts bytes on the wire that no broker said.
func (w *wire) garbage(random *rand.Rand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.ends {
		c.Write(rubbish(random, 2000))
	}
}
