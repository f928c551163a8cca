// Command bench measures the agent beside the floor of what its surroundings
// cost, in the same run: go run ./bench. It needs mosquitto and the go tool,
// and prints the table of bench/README.md; names of rows print these alone.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	pb "thermostat/proto"
)

const (
	rounds        = 1000             // of each path, agent and floor in turn
	idleTime      = time.Minute      // memory and CPU are taken over this
	latencySample = "5s"             // rare beside the rounds
	starts        = 15               // processes started for the time to the first decision
	userHz        = 100              // of /proc/PID/stat, proc(5)
	answerIn      = 10 * time.Second // else the run is broken
)

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "echo":
		echo(os.Args[2])
	case len(os.Args) > 2 && os.Args[1] == "pair":
		if err := pairs(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	case len(os.Args) == 5 && os.Args[1] == "rooms":
		n, _ := strconv.Atoi(os.Args[3])
		every, _ := time.ParseDuration(os.Args[4])
		rooms(os.Args[2], n, every)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "thermostat")
	if err := build(binary, runtime.GOARCH); err != nil {
		return err
	}
	broker, stop, err := startMosquitto(dir)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("%s, %s/%s, %d CPUs; mosquitto with set_tcp_nodelay true, no persistence\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Println("| figure | measured | bound |\n|---|---|---|")
	for _, row := range []struct {
		name    string
		measure func(dir, binary, broker string) error
	}{{"latency", latency}, {"idle", idle}, {"pages", pages}, {"start", startTime}, {"size", size}, {"zones", zones}, {"programs", programs}} {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], row.name) {
			continue
		}
		if err := row.measure(dir, binary, broker); err != nil {
			return err
		}
	}
	return nil
}

// build makes the program as cross-build.sh does.
func build(out, arch string) error {
	cmd := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags=-s -w", "-o", out, "./agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func startMosquitto(dir string) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	conf := filepath.Join(dir, "mosquitto.conf")
	text := "listener " + port + " 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\nlog_type error\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return "", nil, err
	}
	name := "mosquitto"
	if _, err := exec.LookPath(name); err != nil {
		name = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(name, "-c", conf)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	for range 100 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return "tcp://" + addr, func() { cmd.Process.Kill(); cmd.Wait() }, nil
}

// config is one zone whose room does not change, so that only controls switch.
func config(dir, broker, sample string) string { return configOf(dir, "bench", broker, sample, "") }

func configOf(dir, device, broker, sample, listen string) string {
	text := fmt.Sprintf(`device: %s
state_dir: %s
mqtt: {brokers: ["%s"]}
http: {listen: "%s"}
zones:
  - name: room
    sensor: {driver: simulated, model: linear, start: 20, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    timing: {sample: %s, stale_after: 20m, min_on: 0s, min_off: 0s}
`, device, filepath.Join(dir, "state-"+device), strings.Replace(broker, "tcp:", "mqtt:", 1), listen, sample)
	file := filepath.Join(dir, device+".yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return file
}

// startAgent starts the agent and waits for its first decision.
func startAgent(binary, config string) (cmd *exec.Cmd, took time.Duration, err error) {
	cmd = exec.CommandContext(context.Background(), binary, "run", "--config", config)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	lines := bufio.NewScanner(pipe)
	var said []string
	for lines.Scan() {
		if strings.Contains(lines.Text(), "first decision") {
			took = time.Since(began)
			go func() {
				for lines.Scan() {
				}
			}()
			return cmd, took, nil
		}
		said = append(said, lines.Text())
	}
	return nil, 0, fmt.Errorf("the agent ended before its first decision: %v: %s", cmd.Wait(), strings.Join(said, "; "))
}

func end(cmd *exec.Cmd) {
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
}

func client(broker, id string) (paho.Client, error) {
	c := paho.NewClient(paho.NewClientOptions().AddBroker(broker).SetClientID(id).SetProtocolVersion(4))
	t := c.Connect()
	t.Wait()
	return c, t.Error()
}

// path is one way from a publish to an answer, timed by one publisher and one
// subscriber on connections of their own.
type path struct {
	publisher, subscriber paho.Client
	answers               chan []byte
	topic                 string
	qos                   byte
	retain                bool
}

func (p *path) close() { disconnect(p.publisher, p.subscriber) }

func newPath(broker, name, topic, answer string) (*path, error) {
	p := &path{answers: make(chan []byte, 100), topic: topic, qos: 1, retain: true}
	var err error
	if p.subscriber, err = client(broker, name+"-sub"); err != nil {
		return nil, err
	}
	p.subscriber.Subscribe(answer, 1, func(_ paho.Client, m paho.Message) { p.answers <- m.Payload() }).Wait()
	p.publisher, err = client(broker, name+"-pub")
	return p, err
}

func (p *path) time(payload []byte) (time.Duration, error) {
	for len(p.answers) > 0 {
		<-p.answers
	}
	began := time.Now()
	p.publisher.Publish(p.topic, p.qos, p.retain, payload)
	select {
	case <-p.answers:
		return time.Since(began), nil
	case <-time.After(answerIn):
		return 0, fmt.Errorf("no answer on the way of %s", p.topic)
	}
}

// latency compares control -> heater with two bare clients that echo.
func latency(dir, binary, broker string) error {
	agent := exec.Command(binary, "run", "--config", config(dir, broker, latencySample)) // its log goes nowhere: reading it would cost a CPU
	if err := agent.Start(); err != nil {
		return err
	}
	defer end(agent)
	if err := warm(broker, "bench"); err != nil {
		return err
	}
	other, err := startEcho(broker)
	if err != nil {
		return err
	}
	defer end(other)
	floor, err := newPath(broker, "floor", "bench/ask", "bench/answer")
	if err != nil {
		return err
	}
	way, err := newPath(broker, "way", "thermostat/bench/room/control", "thermostat/bench/room/heater")
	if err != nil {
		return err
	}
	var a, f []float64
	for i := range rounds {
		control := desired(10+15*float64((i+1)%2), i) // each one switches
		ta, err := way.time(control)
		if err != nil {
			return err
		}
		tf, err := floor.time(control)
		if err != nil {
			return err
		}
		a, f = append(a, ta.Seconds()*1000), append(f, tf.Seconds()*1000)
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Printf("| control published → `heater` seen, ms, n = %d | median %.3f, p99 %.3f; floor %.3f, %.3f; ratio of medians %.2f | 1.5 |\n",
		rounds, quantile(a, .5), quantile(a, .99), quantile(f, .5), quantile(f, .99), quantile(a, .5)/quantile(f, .5))
	return nil
}

// desired is a TemperatureControl of a temperature and an id that makes its bytes new.
func desired(celsius float64, i int) []byte {
	id := strconv.Itoa(i)
	control, err := proto.Marshal(&pb.TemperatureControl{Desired: &celsius, Id: &id})
	if err != nil {
		panic(err) // two plain fields
	}
	return control
}

// startEcho starts the floor's other half, and waits until it listens.
func startEcho(broker string) (*exec.Cmd, error) {
	other := exec.Command("/proc/self/exe", "echo", broker)
	other.Stderr = os.Stderr
	ready, err := other.StdoutPipe()
	if err == nil {
		err = other.Start()
	}
	if err != nil {
		return nil, err
	}
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		end(other)
		return nil, fmt.Errorf("the echo does not start: %w", err)
	}
	return other, nil
}

// echo is the floor's other half, a bare client in a process of its own, as the agent is.
func echo(broker string) {
	c, err := client(broker, "echo")
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
	c.Subscribe("bench/ask", 0, func(c paho.Client, m paho.Message) { c.Publish("bench/answer", 1, true, m.Payload()) }).Wait()
	fmt.Println("ready")
	select {}
}

// warm waits until the agent has connected and believes its sensor, which takes two readings.
func warm(broker, device string) error {
	p, err := newPath(broker, "warm", "bench/warm", "thermostat/"+device+"/room/state")
	if err != nil {
		return err
	}
	defer p.close()
	late := time.After(answerIn)
	for {
		select {
		case state := <-p.answers:
			if bytes.Contains(state, []byte(`"sensor":"ok"`)) {
				time.Sleep(3 * time.Second) // until it has heard the broker out
				return nil
			}
		case <-late:
			return fmt.Errorf("the agent does not reach the broker")
		}
	}
}

func quantile(x []float64, q float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[int(q*float64(len(x)-1))]
}

// idle takes memory and CPU of one zone at 1 Hz, broker connected.
func idle(dir, binary, broker string) error {
	agent, _, err := startAgent(binary, config(dir, broker, "1s"))
	if err != nil {
		return err
	}
	defer end(agent)
	time.Sleep(5 * time.Second)
	before, err := cpu(agent.Process.Pid)
	if err != nil {
		return err
	}
	time.Sleep(idleTime)
	after, err := cpu(agent.Process.Pid)
	if err != nil {
		return err
	}
	rss, err := resident(agent.Process.Pid)
	fmt.Printf("| resident memory, one zone at 1 Hz, broker connected, MiB | %.1f | 16 |\n", rss/1024)
	fmt.Printf("| CPU seconds per hour, the same | %.1f | 3.5 |\n", (after-before)*float64(time.Hour/idleTime))
	return err
}

// cpu gives user and system time in s: fields 14 and 15 of proc(5)'s stat.
func cpu(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("stat of %d: %v %v", pid, err1, err2)
	}
	return float64(user+system) / userHz, nil
}

// resident gives VmRSS in KiB.
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	return strconv.ParseFloat(strings.Fields(rest)[0], 64)
}

func startTime(dir, binary, broker string) error {
	var took []float64
	for range starts {
		agent, t, err := startAgent(binary, config(dir, broker, "1s"))
		if err != nil {
			return err
		}
		end(agent)
		took = append(took, t.Seconds()*1000)
	}
	fmt.Printf("| process start → first decision, ms, n = %d | median %.1f, max %.1f | 50 |\n", starts, quantile(took, .5), quantile(took, 1))
	return nil
}

func size(dir, _, _ string) error {
	out := filepath.Join(dir, "arm64")
	if err := build(out, "arm64"); err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	fmt.Printf("| stripped arm64 binary, bytes | %d | 16777216 |\n", info.Size())
	return nil
}
