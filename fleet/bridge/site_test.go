package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"thermostat/fleet/cluster"
	"thermostat/fleet/engine"
	"thermostat/fleet/rig"
	"thermostat/mqtt/broker"
)

func TestMain(m *testing.M) {
	cluster.MayBeNode()
	os.Exit(m.Run())
}

const partitions = 4

// newLog is a log in this process.
func newLog(t testing.TB) []string {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, TopicAgents, engine.TopicSensor, engine.TopicTempset, engine.TopicZones,
		engine.TopicTick, engine.TopicCommand, engine.TopicState, engine.TopicDeadletter))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()
}

// siteBroker is the broker of a site.
type siteBroker struct {
	address     string
	start, stop func()
	pid         func() int // of mosquitto's process
}

// newMosquitto is one with the configuration of the example, on a port of loopback.
func newMosquitto(t testing.TB) *siteBroker {
	t.Helper()
	rig.Need(t, "mosquitto", "mosquitto_passwd")
	all, err := cluster.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, port, _ := net.SplitHostPort(all[0])
	example := func(name string) string {
		text, err := os.ReadFile("../../examples/fleet/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	changed := example("site.conf")
	for old, new := range map[string]string{
		"listener 1883": "user root\nlistener " + port + " 127.0.0.1", "/var/lib/mosquitto/": dir + "/",
		"/etc/mosquitto/passwords": dir + "/passwords", "/etc/mosquitto/site.acl": dir + "/acl",
	} {
		if strings.Count(changed, "\n"+old)+strings.Count(changed, " "+old+"\n") != 1 {
			t.Fatalf("examples/fleet/site.conf has not exactly one %q", old)
		}
		changed = strings.Replace(strings.Replace(changed, "\n"+old, "\n"+new, 1), " "+old+"\n", " "+new+"\n", 1)
	}
	passwords := "bridge:bridge\noperator:operator\nheaters:heaters\n"
	for id := 1; id <= devices; id++ {
		passwords += fmt.Sprintf("%d:%[1]d\n", id)
	}
	rig.Write(t, filepath.Join(dir, "passwords"), passwords)
	if out, err := exec.Command("mosquitto_passwd", "-U", filepath.Join(dir, "passwords")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rig.Write(t, filepath.Join(dir, "acl"), example("site.acl")+"\nuser heaters\ntopic read site/+/heatercontrol\n") // a test listens to all
	file := filepath.Join(dir, "conf")
	rig.Write(t, file, changed)
	b, process := &siteBroker{address: all[0]}, (*rig.Process)(nil)
	b.start = func() {
		process = rig.Start(t, "mosquitto", "-c", file)
		b.answers(t, process.Output)
	}
	b.stop = func() { process.End(syscall.SIGTERM) }
	b.pid = func() int { return process.Pid() }
	b.start()
	return b
}

// newNATS is a nats-server, as a leaf of a site would be.
func newNATS(t testing.TB) *siteBroker {
	t.Helper()
	c, err := cluster.New(t.TempDir(), 1, func(_ *cluster.Cluster, n *cluster.Node) string {
		return fmt.Sprintf("server_name: n\nlisten: %q\nhttp: %q\nlog_file: %q\njetstream {store_dir: %q}\nmqtt {listen: %q, ack_wait: 5s, max_ack_pending: 7000}\n", n.NATS, n.HTTP, filepath.Join(n.Dir, "log"), filepath.Join(n.Dir, "store"), n.MQTT)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b := &siteBroker{address: c.Nodes[0].MQTT, stop: c.Stop}
	b.start = func() {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		b.answers(t, func() string { return "nats-server" })
	}
	b.start()
	return b
}

// answers waits until the broker acknowledges.
func (b *siteBroker) answers(t testing.TB, output func() string) {
	t.Helper()
	rig.Eventually(t, func() error {
		c, err := b.dial("operator", "ready", nil)
		if err != nil {
			return fmt.Errorf("%w: %s", err, output())
		}
		defer c.Disconnect(0)
		return cluster.Acknowledged(c.Publish("site/ready/tempset", 1, false, "x"), time.Second)
	})
}

// dial connects a user with that name as password. With a handler it connects again by itself, and its session is kept.
func (b *siteBroker) dial(user, id string, subscribe paho.OnConnectHandler) (paho.Client, error) {
	o := paho.NewClientOptions().AddBroker("tcp://" + b.address).SetClientID(id).SetProtocolVersion(4).SetUsername(user).SetPassword(user)
	o.SetCleanSession(subscribe == nil).SetAutoReconnect(subscribe != nil).SetMaxReconnectInterval(time.Second).SetConnectTimeout(2 * time.Second)
	if subscribe != nil {
		o.SetOnConnectHandler(subscribe)
	}
	c := paho.NewClient(o)
	err := cluster.Acknowledged(c.Connect(), 3*time.Second)
	if err != nil {
		c.Disconnect(0)
		return nil, err
	}
	return c, nil
}

// wires are the network between a bridge and one side.
type wires struct {
	mu    sync.Mutex
	state int
	all   map[*cable]bool
	sides *sync.Cond
}

const (
	whole  = iota
	cut    // connections end, and none begins
	frozen // bytes arrive nowhere, and nobody is told
)

func newWires() *wires {
	w := &wires{all: map[*cable]bool{}}
	w.sides = sync.NewCond(&w.mu)
	return w
}

// cable is one connection.
type cable struct {
	net.Conn
	w      *wires
	closed bool
	doomed bool // it was frozen once: what was said then is missing
}

func (w *wires) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != whole {
		return nil, errors.New("there is no way")
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	one := &cable{Conn: c, w: w}
	w.all[one] = true
	return one, nil
}

func (w *wires) become(state int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state
	for one := range w.all {
		switch state {
		case cut:
			one.Conn.Close()
		case frozen:
			one.doomed = true
		}
	}
	w.sides.Broadcast()
}

// Read gives nothing of what comes on a cable that was frozen, until it is closed or the reader's time is up.
func (o *cable) Read(p []byte) (int, error) {
	for {
		n, err := o.Conn.Read(p)
		o.w.mu.Lock()
		late := errors.Is(err, os.ErrDeadlineExceeded)
		for o.doomed && !o.closed && err != nil && !late {
			o.w.sides.Wait() // the other side has closed it, which nobody hears
		}
		doomed, closed := o.doomed, o.closed
		o.w.mu.Unlock()
		switch {
		case closed:
			return 0, net.ErrClosed
		case !doomed || late:
			return n, err
		}
	}
}

// Write to a cable that was frozen goes well, and nowhere.
func (o *cable) Write(p []byte) (int, error) {
	o.w.mu.Lock()
	doomed := o.doomed
	o.w.mu.Unlock()
	if doomed {
		return len(p), nil
	}
	return o.Conn.Write(p)
}

// Close ends the reader, too. The other side of a frozen cable does not hear of it.
func (o *cable) Close() error {
	o.w.mu.Lock()
	defer o.w.mu.Unlock()
	o.closed = true
	delete(o.w.all, o)
	o.w.sides.Broadcast()
	if o.doomed {
		o.Conn.SetReadDeadline(time.Now()) // whoever reads is told
		time.AfterFunc(time.Minute, func() { o.Conn.Close() })
		return nil
	}
	return o.Conn.Close()
}

// siteOptions are a bridge's between a broker and a log, with wires to both.
func siteOptions(t testing.TB, b *siteBroker, log []string, toBroker, toLog *wires) Options {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	rig.Write(t, password, "bridge\n")
	return Options{
		Site: "north", Sensors: sensors(t, "1-1000"), Agents: "thermostat", Kafka: log,
		MQTT: broker.Access{Brokers: []string{"mqtt://" + b.address}, Username: "bridge", PasswordFile: password, Prefix: "site", Dial: func(u *url.URL) (net.Conn, error) {
			return toBroker.dial(context.Background(), "tcp", u.Host)
		}},
		kgo: []kgo.Opt{kgo.Dialer(toLog.dial)},
	}
}
