package scenarios

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/crypto/bcrypt"

	"thermostat/fleet/cluster"
	"thermostat/fleet/rig"
)

// The examples are started as they stand but for addresses, folders and
// passwords, with a second device beside cabin.
const examples = "../../examples/fleet/"

// TestTheExamplesRulesKeepADeviceToItsOwnTopics: with the example's rules a device works, reads nothing of
// another one, and writes nothing there.
func TestTheExamplesRulesKeepADeviceToItsOwnTopics(t *testing.T) {
	keys := newAuthority(t)
	c := startCluster(t, exampleConfig(t, keys, func(text string) string { return text }))
	heal(t, c, keys.as("probe", "probe"))
	r := rules{c: c, keys: keys, login: "username: cabin, password_file: " + keys.passwordFile("cabin") + ", "}
	r.operator = []string{"--username", "operator", "--password-file", keys.passwordFile("operator")}
	r.check(t, keys.as("barn", "barn"))

	checkLog(t, c, keys)
	if _, err := c.Nodes[0].Dial(keys.as("cabin", "guessed")); err == nil {
		t.Error("a wrong password is let in")
	} else {
		t.Log("wrong password:", err)
	}
}

// TestTheRulesHoldWithClientCertificates: the same rules, with client certificates for names
// and passwords.
func TestTheRulesHoldWithClientCertificates(t *testing.T) {
	keys := newAuthority(t)
	c := startCluster(t, exampleConfig(t, keys, func(text string) string {
		text = strings.ReplaceAll(text, "# ca_file", "ca_file")
		text = strings.ReplaceAll(text, "# verify_and_map", "verify_and_map")
		text = passwordLine.ReplaceAllString(text, "")
		for _, name := range []string{"probe", "operator", "cabin", "barn"} {
			text = strings.ReplaceAll(text, "user: "+name, `user: "CN=`+name+`"`)
		}
		return text
	}))
	heal(t, c, keys.certified("probe"))
	operator := keys.clientFiles("operator")
	r := rules{c: c, keys: keys, operator: []string{"--cert-file", operator.cert, "--key-file", operator.key}}
	r.check(t, keys.certified("barn"))

	if _, err := c.Nodes[0].Dial(keys.as("cabin", "cabin")); err == nil {
		t.Error("a client without a certificate is let in")
	} else {
		t.Log("no certificate:", err)
	}
}

// checkLog: the log's user makes its stream and reads it, and removes nothing of
// what the brokers keep.
func checkLog(t *testing.T, c *cluster.Cluster, keys *authority) {
	t.Helper()
	refused := make(chan error, 10)
	nc, err := nats.Connect("tls://"+c.Nodes[0].NATS, nats.UserInfo("log", "log"), nats.RootCAs(keys.caFile),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	log := streams{t, js}
	central := log.create(streamOf(t, "log.json"))
	log.fetch(log.durable(central, "reader"), 1, 1)

	before, err := js.Stream(t.Context(), "$MQTT_rmsgs")
	if err != nil {
		t.Fatal(err)
	}
	if n := before.CachedInfo().State.Msgs; n == 0 {
		t.Fatal("nothing is retained")
	}
	for _, try := range []string{"STREAM.PURGE.$MQTT_rmsgs", "STREAM.DELETE.$MQTT_rmsgs", "STREAM.MSG.DELETE.$MQTT_rmsgs", "STREAM.UPDATE.$MQTT_rmsgs"} {
		if err := nc.PublishRequest("$JS.API."+try, nats.NewInbox(), []byte(`{"seq":1}`)); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-refused:
			if !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
				t.Errorf("%s: %v", try, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s is not refused", try)
		}
	}
}

var passwordLine = regexp.MustCompile(`\n *password: .*`)

// exampleConfig makes a node's configuration of the examples.
func exampleConfig(t *testing.T, keys *authority, change func(string) string) func(*cluster.Cluster, *cluster.Node) string {
	text, users := read(t, examples+"nats.conf"), withBarn(t, read(t, examples+"users.conf"))
	for _, name := range []string{"operator", "log", "cabin", "barn", "probe"} {
		users = strings.ReplaceAll(users, `"$2a$11$`+name+`.hash.goes.here"`, `"`+hash(t, name)+`"`)
	}
	return func(c *cluster.Cluster, n *cluster.Node) string {
		rig.Write(t, filepath.Join(n.Dir, "users.conf"), change(users))
		place := strings.NewReplacer(
			"server_name: fleet-1", "server_name: "+n.Name,
			"0.0.0.0:4222", n.NATS, "127.0.0.1:8222", n.HTTP, "0.0.0.0:6222", n.Route, "0.0.0.0:8883", n.MQTT,
			"fleet-1.lan:6222", c.Nodes[0].Route, "fleet-2.lan:6222", c.Nodes[1].Route, "fleet-3.lan:6222", c.Nodes[2].Route,
			"/var/lib/nats", filepath.Join(n.Dir, "store"), "/etc/nats", keys.dir,
		)
		return change(place.Replace(text))
	}
}

// withBarn puts a second device beside cabin, and one that tries the nodes.
func withBarn(t *testing.T, users string) string {
	begin := strings.Index(users, "    {\n      user: cabin")
	end := strings.LastIndex(users, "  ]\n}")
	if begin < 0 || end < begin {
		t.Fatal("the example has no block for cabin at its end")
	}
	cabin := users[begin:end]
	barn := strings.ReplaceAll(strings.ReplaceAll(cabin, "user: cabin", "user: barn"), "cabin", "barn")
	probe := "    {user: probe\n password: \"$2a$11$probe.hash.goes.here\"\n permissions {publish: [\"probe.>\"]}}\n"
	return users[:end] + barn + probe + users[end:]
}

func hash(t *testing.T, password string) string {
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

// rules is a cluster with the example's rules, and how to enter it.
type rules struct {
	c        *cluster.Cluster
	keys     *authority
	login    string   // of cabin, in its configuration
	operator []string // flags of `thermostat set`
}

// check runs the device cabin, commands it as an operator, and lets barn,
// another device, try what it must not.
func (r rules) check(t *testing.T, barn func(*paho.ClientOptions)) {
	t.Helper()
	files := r.keys.clientFiles("cabin")
	cabin := rig.StartDevice(t, "cabin", r.login+rig.Brokers([]string{"mqtts://" + r.c.Nodes[0].MQTT, "mqtts://" + r.c.Nodes[1].MQTT})+
		", tls: {ca_file: "+r.keys.caFile+", cert_file: "+files.cert+", key_file: "+files.key+"}")
	cabin.Says("broker connected")
	r.operate(t, "19.5")

	foreign, err := r.c.Nodes[2].Dial(barn)
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Disconnect(0)
	checkSubscriptions(t, foreign)
	tryPublish(t, foreign, 0, false, `{"desired":25.25,"mode":"heat"}`)
	tryPublish(t, foreign, 0, true, `{"desired":25.5,"mode":"heat"}`)
	tryPublish(t, foreign, 1, true, `{"desired":25.75,"mode":"heat"}`)

	r.operate(t, "20.5") // what barn said would have come before it
	for _, l := range cabin.Log() {
		if strings.Contains(l, "desired=25") || strings.Contains(l, "refuses") {
			t.Error(l)
		}
	}
}

// operate commands cabin by `thermostat set` as an operator; its answer comes
// from the agent, after the zone obeys.
func (r rules) operate(t *testing.T, celsius string) {
	t.Helper()
	args := []string{"set", "room", celsius, "--device", "cabin", "--broker", "mqtts://" + r.c.Nodes[2].MQTT, "--ca-file", r.keys.caFile}
	set := rig.Start(t, rig.Thermostat(t), append(args, r.operator...)...)
	if code := set.Code(); code != 0 {
		t.Fatalf("set ends with %d:\n%s", code, set.Output())
	}
}

// checkSubscriptions: what is barn's own is granted, all else refused in the SUBACK.
func checkSubscriptions(t *testing.T, barn paho.Client) {
	t.Helper()
	for filter, granted := range map[string]bool{
		"thermostat/barn/+/control": true, "thermostat/barn/+/set/+": true, "thermostat/barn/room/control": true,
		"thermostat/barn/room/program": true, "thermostat/barn/set/away": true, "thermostat/cabin/room/program": false, "thermostat/cabin/set/away": false,
		"thermostat/barn/set/restart": true, "thermostat/barn/status": true, "thermostat/barn/info": true, "homeassistant/status": true,
		"thermostat/cabin/room/control": false, "thermostat/+/room/control": false, "thermostat/cabin/room/state": false,
		"thermostat/#": false, "#": false, "+/+/status": false, "$MQTT/#": false, "$JS/#": false,
	} {
		token := barn.Subscribe(filter, 0, nil).(*paho.SubscribeToken)
		if err := cluster.Acknowledged(token, 10*time.Second); err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		if code := token.Result()[filter]; code != 0x80 != granted {
			t.Errorf("%s: SUBACK %#x, granted should be %v", filter, code, granted)
		}
	}
}

// tryPublish speaks on another device's topic, and notes what the server says.
func tryPublish(t *testing.T, barn paho.Client, qos byte, retained bool, control string) {
	t.Helper()
	err := cluster.Acknowledged(barn.Publish("thermostat/cabin/room/control", qos, retained, control), 3*time.Second)
	t.Logf("foreign publish, QoS %d, retained %v: answer %v, still connected %v", qos, retained, err, barn.IsConnected())
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// as enters a node with a password.
func (a *authority) as(user, password string) func(*paho.ClientOptions) {
	return func(o *paho.ClientOptions) { a.secure(o).SetUsername(user).SetPassword(password) }
}

// certified enters a node with a certificate.
func (a *authority) certified(name string) func(*paho.ClientOptions) {
	files := a.clientFiles(name)
	cert, err := tls.LoadX509KeyPair(files.cert, files.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return func(o *paho.ClientOptions) { a.secure(o, cert) }
}

func (a *authority) secure(o *paho.ClientOptions, certs ...tls.Certificate) *paho.ClientOptions {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	o.Servers[0].Scheme = "ssl"
	return o.SetTLSConfig(&tls.Config{RootCAs: roots, Certificates: slices.Clone(certs), MinVersion: tls.VersionTLS12})
}
