package brokers

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// broker is a running broker of one make, or two with a bridge between them.
type broker struct {
	agents string // where agents connect, 127.0.0.1:port
	people string // where people do; elsewhere at a bridge only
	start  func()
	stop   func() // in order, as a service manager does
}

// makes are the columns of the table.
var makes = []struct {
	name string
	make func(t *testing.T) *broker
}{
	{"mosquitto", newMosquitto},
	{"two mosquittos and a bridge", newBridge},
	{"NATS", newNATS},
	{"RabbitMQ", newRabbit},
	{"aedes", newAedes},
}

func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	all, err := cluster.FreePorts(n)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// program is a broker that is one process.
func program(t *testing.T, address string, command func() *exec.Cmd) *broker {
	b := &broker{agents: address, people: address}
	var p *rig.Process
	b.start = func() {
		t.Helper()
		p = rig.StartCommand(t, command())
		takesMessages(t, address, p)
	}
	b.stop = func() { p.End(syscall.SIGTERM) }
	return b
}

// takesMessages waits until a broker acknowledges a message of the person.
func takesMessages(t *testing.T, address string, p *rig.Process) {
	t.Helper()
	rig.Eventually(t, func() error {
		c, err := tryDial(address, operator, "readiness")
		if err != nil {
			if p != nil {
				err = fmt.Errorf("%w\n%s", err, p.Output())
			}
			return err
		}
		defer c.Disconnect(0)
		return cluster.Acknowledged(c.Publish(everything+"readiness", 1, false, "x"), rig.Patience)
	})
}

func newMosquitto(t *testing.T) *broker {
	return mosquitto(t, freeAddresses(t, 1)[0], "")
}

func mosquitto(t *testing.T, address, more string) *broker {
	rig.Need(t, "mosquitto", "mosquitto_passwd")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	rig.Write(t, file("passwords"), mosquittoPasswords())
	if out, err := exec.Command("mosquitto_passwd", "-U", file("passwords")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rig.Write(t, file("acl"), mosquittoRules())
	rig.Write(t, file("conf"), fmt.Sprintf(`listener %s 127.0.0.1
user root
password_file %s
acl_file %s
persistence true
persistence_location %s/
%s`, port(address), file("passwords"), file("acl"), dir, more))
	return program(t, address, func() *exec.Cmd { return exec.Command("mosquitto", "-c", file("conf")) })
}

// newBridge is a broker in the house, where the agent is, and one far away, where
// the person is.
func newBridge(t *testing.T) *broker {
	far := newMosquitto(t)
	bridge := regexp.MustCompile("(?s)```\n(connection .*?)```").FindStringSubmatch(readDocument(t))
	if bridge == nil {
		t.Fatal("docs/brokers.md has no bridge")
	}
	near := mosquitto(t, freeAddresses(t, 1)[0], strings.NewReplacer(
		"far.example:1883", far.agents, "username bridge", "username "+operator, "password secret", "password "+operator).Replace(bridge[1]))
	return &broker{agents: near.agents, people: far.agents, start: func() { far.start(); near.start() }, stop: func() { near.stop(); far.stop() }}
}

func newNATS(t *testing.T) *broker {
	c, err := cluster.New(t.TempDir(), 1, func(_ *cluster.Cluster, n *cluster.Node) string {
		return fmt.Sprintf(`server_name: n
listen: %q
http: %q
log_file: %q
jetstream {store_dir: %q, max_file_store: 1G}
mqtt {listen: %q}
%s`, n.NATS, n.HTTP, filepath.Join(n.Dir, "log"), filepath.Join(n.Dir, "store"), n.MQTT, natsRules())
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	address := c.Nodes[0].MQTT
	start := func() {
		ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
		defer cancel()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if err := c.Healthy(ctx); err != nil {
			t.Fatal(err)
		}
		takesMessages(t, address, nil)
	}
	return &broker{agents: address, people: address, start: start, stop: c.Stop}
}

// newRabbit runs the server and the name server of Erlang that it needs without a
// service, with a folder and ports of their own, on loopback alone.
func newRabbit(t *testing.T) *broker {
	const server = "/usr/lib/rabbitmq/bin/rabbitmq-server" // not Debian's wrapper, which becomes another user
	rig.Need(t, "epmd", server)
	dir, addresses := t.TempDir(), freeAddresses(t, 3)
	file := func(name string) string { return filepath.Join(dir, name) }
	rig.Write(t, file("plugins"), "[rabbitmq_mqtt].\n")
	rig.Write(t, file("definitions.json"), rabbitDefinitions(t))
	rig.Write(t, file("rabbitmq.conf"), fmt.Sprintf(`listeners.tcp = none
mqtt.listeners.tcp.1 = %s
mqtt.allow_anonymous = false
load_definitions = %s
log.console = true
log.file = false
`, addresses[0], file("definitions.json")))
	names, distribution := port(addresses[1]), port(addresses[2])
	epmd := rig.Start(t, "epmd", "-address", "127.0.0.1", "-port", names)
	t.Cleanup(epmd.Kill)
	return program(t, addresses[0], func() *exec.Cmd {
		cmd := exec.Command(server)
		cmd.Env = append(os.Environ(), "HOME="+dir, // where Erlang's cookie is
			"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+names,
			"RABBITMQ_NODENAME=test@localhost", "RABBITMQ_DIST_PORT="+distribution,
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
			"RABBITMQ_CONFIG_FILE="+file("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE="+file("plugins"),
			"RABBITMQ_MNESIA_BASE="+file("data"), "RABBITMQ_LOG_BASE="+file("log"),
			"RUNNING_UNDER_SYSTEMD=true") // it is one process then
		return cmd
	})
}

func newAedes(t *testing.T) *broker {
	rig.Need(t, "node")
	if _, err := os.Stat("aedes/node_modules/aedes"); err != nil && os.Getenv("THERMOSTAT_CI") != "" {
		t.Fatal("aedes is missing, and CI must have it")
	} else if err != nil {
		t.Skip("aedes is not installed: npm ci in fleet/brokers/aedes")
	}
	file, address := filepath.Join(t.TempDir(), "users.json"), freeAddresses(t, 1)[0]
	rig.Write(t, file, aedesUsers())
	return program(t, address, func() *exec.Cmd {
		cmd := exec.Command("node", "aedes/broker.js", port(address), file)
		alive, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { alive.Close() })
		return cmd
	})
}

// dial opens a bare client of a user on a broker that is there. RabbitMQ may leave a
// CONNECT without an answer while it starts, and while many come at once: dial asks again.
func dial(t *testing.T, address, user, id string) (c paho.Client) {
	t.Helper()
	rig.Eventually(t, func() (err error) {
		c, err = tryDial(address, user, id)
		return err
	})
	return c
}

func tryDial(address, user, id string) (paho.Client, error) {
	o := paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID(id).SetProtocolVersion(4)
	o.SetUsername(user).SetPassword(user).SetAutoReconnect(false).SetOrderMatters(false)
	o.SetConnectTimeout(5 * time.Second)
	c := paho.NewClient(o)
	if err := cluster.Acknowledged(c.Connect(), rig.Patience); err != nil {
		c.Disconnect(0)
		return nil, err
	}
	return c, nil
}
