// Package kafka runs a cluster of Apache Kafka on loopback for the tests of this module, each
// node a process of its own that can be killed and started again.
package kafka

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// Cluster is some nodes that know each other. Each is broker and controller.
type Cluster struct {
	t     testing.TB
	jars  string
	Nodes []*Node
}

// Node is one of them.
type Node struct {
	Address string // where clients connect, 127.0.0.1:port
	c       *Cluster
	dir     string
	process *rig.Process
}

// New formats and starts a cluster, until the test ends. It skips where there is no Kafka.
func New(t testing.TB, nodes int) *Cluster {
	t.Helper()
	rig.Need(t, "java")
	c := &Cluster{t: t, jars: jars(t)}
	addresses, err := cluster.FreePorts(2 * nodes)
	if err != nil {
		t.Fatal(err)
	}
	var voters []string
	for i := range nodes {
		voters = append(voters, fmt.Sprintf("%d@%s", i+1, addresses[2*i+1]))
	}
	for i := range nodes {
		n := &Node{Address: addresses[2*i], c: c, dir: t.TempDir()}
		rig.Write(t, n.file("properties"), fmt.Sprintf(properties, i+1, strings.Join(voters, ","), n.Address, addresses[2*i+1], n.file("log"), min(nodes, 3), min(nodes, 2)))
		rig.Write(t, n.file("log4j.properties"), log4j)
		if out, err := n.java("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c", n.file("properties")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		c.Nodes = append(c.Nodes, n)
		n.Start()
	}
	return c
}

// Brokers are the addresses of all nodes.
func (c *Cluster) Brokers() (all []string) {
	for _, n := range c.Nodes {
		all = append(all, n.Address)
	}
	return all
}

// Start begins a node that does not run.
func (n *Node) Start() {
	n.c.t.Helper()
	n.process = rig.StartCommand(n.c.t, n.java("kafka.Kafka", n.file("properties")))
}

// Kill ends it at once (SIGKILL).
func (n *Node) Kill() { n.process.Kill() }

// Pid is the process of a node that runs.
func (n *Node) Pid() int { return n.process.Pid() }

func (n *Node) file(name string) string { return filepath.Join(n.dir, name) }

func (n *Node) java(class string, args ...string) *exec.Cmd {
	options := []string{"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j.configuration=file:" + n.file("log4j.properties"), "-cp", n.c.jars + "/*", class}
	return exec.Command("java", append(options, args...)...)
}

// jars is the folder that build.sh fills.
func jars(t testing.TB) string {
	t.Helper()
	cache := os.Getenv("THERMOSTAT_KAFKA")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(user, "thermostat-kafka")
	}
	if _, err := os.Stat(filepath.Join(cache, "stamp")); err != nil {
		if os.Getenv("THERMOSTAT_CI") != "" {
			t.Fatal("Apache Kafka is missing, and CI must have it: fleet/kafka/build.sh")
		}
		t.Skip("Apache Kafka is not in the cache: fleet/kafka/build.sh")
	}
	return filepath.Join(cache, "jars")
}

// properties are those of a node: a cluster that loses nothing when a node dies, and finds that out soon.
const properties = `process.roles=broker,controller
node.id=%d
controller.quorum.voters=%s
listeners=BROKER://%s,CONTROLLER://%s
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs=%s
default.replication.factor=%[6]d
offsets.topic.replication.factor=%[6]d
transaction.state.log.replication.factor=%[6]d
min.insync.replicas=%[7]d
transaction.state.log.min.isr=%[7]d
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=3000
log.cleaner.dedupe.buffer.size=16777216
`

const log4j = `log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n
`
