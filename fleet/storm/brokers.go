package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/fleet/cluster"
)

// broker is what the agents hang on.
type broker interface {
	start() error
	kill() // at once
	stop() // the whole of it
	ready(ctx context.Context) error
	urls(agent int) []string
	dial() (paho.Client, error) // of what is alive
	memory() string             // resident, for people
}

// nodes is a cluster; victims of its nodes die.
type nodes struct {
	*cluster.Cluster
	victims int
}

func (n *nodes) start() error { return n.Start() }

func (n *nodes) kill() {
	for _, node := range n.Nodes[:n.victims] {
		node.Kill()
	}
}

func (n *nodes) stop() { n.Stop() }

func (n *nodes) ready(ctx context.Context) error {
	if err := n.TakesQoS1(ctx, nil); err != nil {
		return err
	}
	return n.Healthy(ctx)
}

func (n *nodes) urls(agent int) []string { return n.MQTTs(agent % len(n.Nodes)) }

func (n *nodes) dial() (paho.Client, error) { return n.Nodes[len(n.Nodes)-1].Dial(nil) }

func (n *nodes) memory() (text string) {
	for _, node := range n.Nodes {
		if node.Running() {
			text += fmt.Sprintf(" %s %s", node.Name, residentMiB(node.Pid()))
		}
	}
	return text
}

// mosquitto is one broker.
type mosquitto struct {
	cluster.Node // its name and address alone
	conf         string
	cmd          *exec.Cmd
}

func newMosquitto(dir string) (*mosquitto, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	m := &mosquitto{Node: cluster.Node{Name: "mosquitto", MQTT: l.Addr().String()}, conf: filepath.Join(dir, "mosquitto.conf")}
	_, port, _ := net.SplitHostPort(m.MQTT)
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nuser root\npersistence true\npersistence_location %s/\nautosave_interval 1\n", port, dir)
	return m, os.WriteFile(m.conf, []byte(text), 0o600)
}

func (m *mosquitto) start() error {
	m.cmd = exec.Command("mosquitto", "-c", m.conf)
	m.cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	if path, err := exec.LookPath("/usr/sbin/mosquitto"); err == nil { // Debian keeps it outside a user's PATH
		m.cmd.Path, m.cmd.Err = path, nil
	}
	return m.cmd.Start()
}

func (m *mosquitto) kill() {
	m.cmd.Process.Kill()
	m.cmd.Wait()
}

func (m *mosquitto) stop() { m.kill() }

func (m *mosquitto) ready(ctx context.Context) error {
	for {
		c, err := m.dial()
		if err == nil {
			c.Disconnect(0)
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (m *mosquitto) urls(int) []string { return []string{"mqtt://" + m.MQTT} }

func (m *mosquitto) dial() (paho.Client, error) { return m.Dial(nil) }

func (m *mosquitto) memory() string { return " mosquitto " + residentMiB(m.cmd.Process.Pid) }

// residentMiB is VmRSS of proc(5).
func residentMiB(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, resident int
	if _, scanErr := fmt.Sscan(string(text), &size, &resident); err != nil || scanErr != nil {
		return "?"
	}
	return fmt.Sprintf("%d MiB", resident*os.Getpagesize()>>20)
}
