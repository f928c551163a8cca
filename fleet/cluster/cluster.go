// Package cluster runs nats-servers as MQTT brokers, each a process of its own
// that can be killed and started again.
package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Cluster is some nodes that know each other.
type Cluster struct{ Nodes []*Node }

// New writes the configurations of so many nodes below a folder, each as write
// tells; [Cluster.Config] is the usual one.
func New(dir string, nodes int, write func(*Cluster, *Node) string) (*Cluster, error) {
	c := &Cluster{}
	ports, err := FreePorts(4 * nodes)
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		n := &Node{Name: fmt.Sprintf("n%d", i), MQTT: ports[4*i], NATS: ports[4*i+1], Route: ports[4*i+2], HTTP: ports[4*i+3]}
		n.Dir = filepath.Join(dir, n.Name)
		c.Nodes = append(c.Nodes, n)
	}
	for _, n := range c.Nodes {
		if err := os.MkdirAll(n.Dir, 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(n.configFile(), []byte(write(c, n)), 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Config is a node of a cluster without passwords, otherwise as docs/fleet.md
// tells to write it.
func (c *Cluster) Config(n *Node) string {
	var routes []string
	for _, other := range c.Nodes {
		routes = append(routes, "nats://"+other.Route)
	}
	return fmt.Sprintf(`server_name: %s
listen: %q
http: %q
log_file: %q
jetstream {store_dir: %q, max_file_store: 1G}
cluster {name: fleet, listen: %q, routes: [%s]}
mqtt {listen: %q, stream_replicas: %d}
`, n.Name, n.NATS, n.HTTP, filepath.Join(n.Dir, "log"), filepath.Join(n.Dir, "store"), n.Route, strings.Join(routes, ", "), n.MQTT, len(c.Nodes))
}

// Start begins every node that does not run.
func (c *Cluster) Start() error {
	for _, n := range c.Nodes {
		if n.Running() {
			continue
		}
		if err := n.Start(); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends every node.
func (c *Cluster) Stop() {
	for _, n := range c.Nodes {
		n.Kill()
	}
}

// Healthy waits until every node says that it is, with all its streams as new
// as the others'.
func (c *Cluster) Healthy(ctx context.Context) error {
	for _, n := range c.Nodes {
		if err := n.healthy(ctx); err != nil {
			return err
		}
	}
	return nil
}

// TakesQoS1 waits until every node acknowledges a publish, as some user.
func (c *Cluster) TakesQoS1(ctx context.Context, login func(*paho.ClientOptions)) error {
	for _, n := range c.Nodes {
		if err := n.takesQoS1(ctx, login); err != nil {
			return err
		}
	}
	return nil
}

// MQTTs are all nodes as brokers' URLs, the given one first.
func (c *Cluster) MQTTs(first int) (urls []string) {
	for i := range c.Nodes {
		urls = append(urls, "mqtt://"+c.Nodes[(first+i)%len(c.Nodes)].MQTT)
	}
	return urls
}

const lookEvery = 50 * time.Millisecond

// until tries again until it works or the context ends.
func until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lookEvery):
		}
	}
}

func (n *Node) healthy(ctx context.Context) error {
	return until(ctx, func() error {
		answer, err := http.Get("http://" + n.HTTP + "/healthz")
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", n.Name, answer.Status)
		}
		return nil
	})
}

func (n *Node) takesQoS1(ctx context.Context, login func(*paho.ClientOptions)) error {
	return until(ctx, func() error {
		c, err := n.Dial(login)
		if err != nil {
			return err
		}
		defer c.Disconnect(0)
		return Acknowledged(c.Publish("probe/"+n.Name, 1, false, "x"), time.Second)
	})
}

// Dial opens a bare client on the node, that tries once and answers soon.
func (n *Node) Dial(login func(*paho.ClientOptions)) (paho.Client, error) {
	o := paho.NewClientOptions().AddBroker("tcp://" + n.MQTT)
	o.SetClientID(fmt.Sprintf("bare-%08x", rand.Uint32())).SetProtocolVersion(4)
	o.SetAutoReconnect(false).SetConnectTimeout(2 * time.Second)
	if login != nil {
		login(o)
	}
	c := paho.NewClient(o)
	err := Acknowledged(c.Connect(), 3*time.Second)
	if err != nil {
		c.Disconnect(0)
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	return c, nil
}

// Acknowledged waits for a broker's answer.
func Acknowledged(t paho.Token, patience time.Duration) error {
	if !t.WaitTimeout(patience) {
		return fmt.Errorf("no answer within %v", patience)
	}
	return t.Error()
}

// Ports that the kernel gives to outgoing connections begin at 32768: one of
// those could be taken, or dial itself, while its node is down.
const lowest, highest = 20000, 32000

// givenPorts are those that a cluster of this process has had: a second one would
// take a port for free whose node has not begun to listen.
var givenPorts sync.Map

// FreePorts gives addresses of loopback that nobody listens on, and that no other
// test of this process gets.
func FreePorts(count int) (addresses []string, err error) {
	for tries := 0; len(addresses) < count; tries++ {
		if tries > 100*count {
			return nil, fmt.Errorf("no %d free ports between %d and %d", count, lowest, highest)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(highest-lowest)))
		if err != nil {
			continue
		}
		defer l.Close() // not before all are found, or one could be found twice
		if _, given := givenPorts.LoadOrStore(l.Addr().String(), true); !given {
			addresses = append(addresses, l.Addr().String())
		}
	}
	return addresses, nil
}
