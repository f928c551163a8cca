package scenarios

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"thermostat/lab/board"
)

// broker is a mosquitto on the host's loopback, and all that it carried.
type broker struct {
	t     *testing.T
	port  string
	login []string // of mosquitto_sub and mosquitto_pub
	end   func()   // kills it

	mu     sync.Mutex
	states map[string][]state // by zone, in order
	source struct {           // the newest
		Calling []string
		Cycles  int
	}
	info  map[string]any
	bytes [][]byte // of SensorData
}

// state is what the tests read of a zone's state message.
type state struct {
	Temperature *float64
	Heater      *string
	Reason      string
	Sensor      string
	Faults      []struct{ Name, Text string }
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	return startBroker(t, "allow_anonymous true\n")
}

// startBroker starts a mosquitto that is set up so, and a listener that logs in.
func startBroker(t *testing.T, config string, login ...string) *broker {
	t.Helper()
	needMosquitto(t)
	b := &broker{t: t, port: freePort(t), login: login, states: map[string][]state{}}
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(file, []byte(fmt.Sprintf("listener %s 127.0.0.1\nuser root\n%s", b.port, config)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, b.end = b.spawn("mosquitto", "-c", file)
	eventually(t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+b.port)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	out, _ := b.spawn("mosquitto_sub", append([]string{"-h", "127.0.0.1", "-p", b.port, "-t", "thermostat/#", "-F", "%t %x"}, login...)...)
	go b.listen(out)
	t.Cleanup(func() {
		if t.Failed() {
			for zone := range b.states {
				t.Logf("last state of %s: %+v", zone, b.last(zone))
			}
		}
	})
	return b
}

func needMosquitto(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"mosquitto", "mosquitto_sub", "mosquitto_pub"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("THERMOSTAT_CI") != "" {
				t.Fatalf("%s is not installed", tool)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// spawn runs a program until the test ends. The kernel ends it with the thread
// that began it, so a goroutine keeps that thread: even a killed test leaves
// nothing behind. It gives what the program says, and what kills it.
func (b *broker) spawn(name string, args ...string) (*bufio.Scanner, func()) {
	b.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed in the end
		}
	}()
	if err := <-started; err != nil {
		b.t.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill(); <-ended }
	b.t.Cleanup(kill)
	return bufio.NewScanner(out), kill
}

func (b *broker) listen(lines *bufio.Scanner) {
	for lines.Scan() {
		topic, payload, _ := strings.Cut(lines.Text(), " ")
		data, err := hex.DecodeString(payload)
		if err != nil {
			continue
		}
		b.hear(strings.Split(topic, "/"), data)
	}
}

func (b *broker) hear(topic []string, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch topic[len(topic)-1] {
	case "state":
		var s state
		if json.Unmarshal(data, &s) == nil {
			b.states[topic[2]] = append(b.states[topic[2]], s)
		}
	case "source":
		b.source.Calling = nil // it is left out where nobody calls
		_ = json.Unmarshal(data, &b.source)
	case "info":
		b.info = nil
		_ = json.Unmarshal(data, &b.info) // nil then
	case "sensor":
		b.bytes = append(b.bytes, data)
	}
}

// last is a zone's newest state.
func (b *broker) last(zone string) state {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.states[zone]
	if len(all) == 0 {
		return state{}
	}
	return all[len(all)-1]
}

// calling are the zones whose demands count, as the source of the house tells, and how often it was on.
func (b *broker) calling() (zones []string, cycles int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.source.Calling, b.source.Cycles
}

// failsafe is info's word on a crash; nil where it says none.
func (b *broker) failsafe() any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.info["failsafe"]
}

// numbers are all temperatures that anybody could read: in states and in
// sensor messages.
func (b *broker) numbers() []float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []float64
	for _, states := range b.states {
		for _, s := range states {
			if s.Temperature != nil {
				all = append(all, *s.Temperature)
			}
		}
	}
	for _, data := range b.bytes {
		if celsius, ok := temperatureOf(data); ok {
			all = append(all, celsius)
		}
	}
	return all
}

// temperatureOf takes field 2, a double, out of a SensorData (protobuf's wire
// format: a tag of field number and type, then the value).
func temperatureOf(data []byte) (float64, bool) {
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		data = data[n:]
		switch tag & 7 {
		case 0:
			_, n = binary.Uvarint(data)
		case 1:
			if tag>>3 == 2 {
				return math.Float64frombits(binary.LittleEndian.Uint64(data)), true
			}
			n = 8
		case 2:
			size, m := binary.Uvarint(data)
			n = m + int(size)
		default:
			return 0, false
		}
		data = data[n:]
	}
	return 0, false
}

// publish sends a retained message.
func (b *broker) publish(topic, payload string) {
	b.t.Helper()
	cmd := exec.Command("mosquitto_pub", append([]string{"-h", "127.0.0.1", "-p", b.port, "-r", "-t", topic, "-m", payload}, b.login...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%v: %s", err, text)
	}
}

// onBroker is a configuration whose agent speaks with this broker.
func (b *broker) onBroker(config string) string {
	return "mqtt: {brokers: [\"mqtt://10.0.2.2:" + b.port + "\"]}\n" + config
}

// A retained setpoint, pushed before the agent starts and while it runs,
// switches the wire.
func TestRetainedSetpointSwitchesTheWire(t *testing.T) {
	t.Parallel()
	r, b := newRig(t, board.Options{Network: true}), newBroker(t)
	r.kernelThermometers()
	r.config(b.onBroker(house(zone("bath", kernelSensor(r.one), highRelay, off))))
	b.publish("thermostat/cabin/bath/control", `{"desired":22,"mode":"heat","up_delta":0.5,"down_delta":0.5}`)
	r.start()
	r.wire(highLine, true)
	b.publish("thermostat/cabin/bath/control", `{"desired":18,"mode":"heat"}`)
	r.wire(highLine, false)
	b.publish("thermostat/cabin/bath/control", `{"desired":23,"mode":"heat"}`)
	r.wire(highLine, true)
	eventually(t, "the state tells of the heat", func() bool {
		s := b.last("bath")
		return s.Heater != nil && *s.Heater == "on" && s.Reason == "too_cold"
	})
}

// While the kernel keeps outputs, info says that the net has a hole.
func TestInfoTellsOfTheKernel(t *testing.T) {
	t.Parallel()
	for _, persist := range []bool{false, true} {
		r, b := newRig(t, board.Options{Network: true, PersistOutputs: persist}), newBroker(t)
		r.config(b.onBroker(house(zone("bath", bme, highRelay, off))))
		r.start()
		eventually(t, fmt.Sprintf("failsafe is %v", !persist), func() bool { return b.failsafe() == !persist })
		r.Close()
	}
}
