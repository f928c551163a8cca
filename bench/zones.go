package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	pb "thermostat/proto"
)

// The many rooms of one agent: zones on mqtt sensors and relays.
const (
	roomsTime  = 30 * time.Second // CPU is taken over this
	roomsWarm  = 20 * time.Second // from when the last room answers until the broker was heard out
	roomsBegin = 10 * time.Minute // until the last room answers
	roomProbes = 400              // reading -> command, agent and floor in turn
)

// zones prints a row for each number of zones in one process.
func zones(dir, binary, broker string) error {
	for _, n := range []int{10, 100, 1000, 10000} {
		if err := someZones(dir, binary, broker, n); err != nil {
			return err
		}
	}
	return nil
}

func someZones(dir, binary, broker string, n int) error {
	agent := exec.Command(binary, "run", "--config", roomsConfig(dir, broker, "bench", "rooms", "mode: heat", "", n))
	if err := agent.Start(); err != nil { // its log goes nowhere
		return err
	}
	defer end(agent)
	rooms := exec.Command("/proc/self/exe", "rooms", broker, strconv.Itoa(n), "1s")
	rooms.Stderr = os.Stderr
	if err := rooms.Start(); err != nil {
		return err
	}
	defer func() { rooms.Process.Kill(); rooms.Wait() }()
	if err := lastRoom(broker, "rooms", n); err != nil {
		return err
	}
	time.Sleep(roomsWarm)
	before, err := cpu(agent.Process.Pid)
	if err != nil {
		return err
	}
	began := time.Now()
	time.Sleep(roomsTime)
	after, err := cpu(agent.Process.Pid)
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	rss, err := resident(agent.Process.Pid)
	if err != nil {
		return err
	}
	way, floor, err := roomLatency(broker, n)
	if err != nil {
		return err
	}
	fmt.Printf("| %d zones: CPU s per 1,000 readings; %% of a core; resident MiB, KiB a zone | %.3f; %.1f; %.1f, %.1f | 0.1; 100 |\n",
		n, (after-before)/(took*float64(n))*1000, (after-before)/took*100, rss/1024, rss/float64(n))
	fmt.Printf("| the same: reading published → command seen, ms, n = %d | median %.3f, p99 %.3f; floor %.3f, %.3f | |\n",
		roomProbes, quantile(way, .5), quantile(way, .99), quantile(floor, .5), quantile(floor, .99))
	return nil
}

// lastRoom waits until the agent whose relays are below a topic answers a reading of
// the last room.
func lastRoom(broker, relays string, n int) error {
	p, err := newPath(broker, "last", fmt.Sprintf("rooms/%d/sensor", n-1), fmt.Sprintf("%s/%d/heater", relays, n-1))
	if err != nil {
		return err
	}
	defer p.close()
	for began := time.Now(); time.Since(began) < roomsBegin; {
		p.publisher.Publish(p.topic, 0, false, sensorData(n, 19))
		select {
		case command := <-p.answers:
			var c pb.HeaterControl
			if proto.Unmarshal(command, &c) == nil && c.GetCommand() == pb.HeaterCommand_On {
				return nil
			}
		case <-time.After(time.Second):
		}
	}
	return fmt.Errorf("the last of %d rooms has not begun in %v", n, roomsBegin)
}

// roomsConfig is n zones whose relays are below a topic, in a mode, and each with more
// lines of its own; the last is the one whose latency is measured.
func roomsConfig(dir, broker, device, relays, mode, more string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "device: %s\nstate_dir: %s\nmqtt: {brokers: [%q]}\nhttp: {listen: \"\"}\nclock: trust\ntimezone: Europe/Berlin\npresets: {day: 20}\nzones:\n",
		device, filepath.Join(dir, fmt.Sprint("state-", device, n)), strings.Replace(broker, "tcp:", "mqtt:", 1))
	for i := range n {
		fmt.Fprintf(&b, `  - name: r%d
    sensor_id: %d
    plant: electric
    sensor: {driver: mqtt, topic: rooms/%d/sensor}
    heater: {driver: mqtt, topic: %s/%d/heater}
    default_setpoint: {%s, desired: 20, up_delta: 0.2, down_delta: 0.2}
    limits: {max_rate: 10000}
    timing: {stale_after: 15s, min_on: 0s, min_off: 0s}
%s`, i, i+1, i, relays, i, mode, more)
	}
	file := filepath.Join(dir, fmt.Sprintf("%s%d.yaml", device, n))
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		panic(err)
	}
	return file
}

// rooms publishes readings of every room but the last, one in each such time, spread
// over it: 20 ± 0.3 °C in ten minutes, each at another point of it.
func rooms(broker string, n int, every time.Duration) {
	c, err := client(broker, "rooms")
	if err != nil {
		fmt.Fprintln(os.Stderr, "rooms:", err)
		os.Exit(1)
	}
	began := time.Now()
	for round := 0; ; round++ {
		for i := range n - 1 {
			due := began.Add(time.Duration(round)*every + every*time.Duration(i)/time.Duration(n))
			if wait := time.Until(due); wait > time.Millisecond {
				time.Sleep(wait)
			}
			at := time.Since(began).Seconds()/600 + float64(i)/float64(n)
			c.Publish(fmt.Sprintf("rooms/%d/sensor", i), 0, false, sensorData(i+1, 20+0.3*math.Sin(2*math.Pi*at)))
		}
		if n == 1 {
			time.Sleep(every)
		}
	}
}

func sensorData(id int, celsius float64) []byte {
	sensor := int32(id)
	payload, err := proto.Marshal(&pb.SensorData{SensorID: &sensor, Temperature: &celsius})
	if err != nil {
		panic(err) // two plain fields
	}
	return payload
}

// roomLatency times reading -> command in the last room, beside two bare
// clients that echo.
func roomLatency(broker string, n int) (way, floor []float64, err error) {
	echo := exec.Command("/proc/self/exe", "echo", broker)
	ready, err := echo.StdoutPipe()
	if err == nil {
		err = echo.Start()
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { echo.Process.Kill(); echo.Wait() }()
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		return nil, nil, err
	}
	base := fmt.Sprintf("rooms/%d/", n-1)
	agent, err := newPath(broker, "room", base+"sensor", base+"heater")
	if err != nil {
		return nil, nil, err
	}
	bare, err := newPath(broker, "bare", "bench/ask", "bench/answer")
	if err != nil {
		return nil, nil, err
	}
	agent.qos, agent.retain, bare.qos, bare.retain = 0, false, 0, false
	defer agent.close()
	defer bare.close()
	for i := range roomProbes + 1 {
		reading := sensorData(n, 19+2*float64(i%2)) // each one switches
		t, err := agent.time(reading)
		if err != nil && i > 0 { // the first may find it switched already
			return nil, nil, err
		}
		f, err := bare.time(reading)
		if err != nil {
			return nil, nil, err
		}
		if i > 0 {
			way, floor = append(way, t.Seconds()*1000), append(floor, f.Seconds()*1000)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return way, floor, nil
}

func disconnect(clients ...paho.Client) {
	for _, c := range clients {
		c.Disconnect(100)
	}
}
