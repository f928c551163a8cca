package blackbox

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/protobuf/proto"

	"thermostat/agent/clitest"
	"thermostat/agent/ramdisk"
	"thermostat/controlloop/report"
	pb "thermostat/proto"
)

// These tests run the real binary against a real mosquitto, as users do.

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); os.Getenv("THERMOSTAT_CI") == "" && parallel.Value.String() == parallel.DefValue {
		flag.Set("test.parallel", "8") // most of these tests wait for other programs
	}
	os.Exit(ramdisk.Run(func() int { return clitest.Main(m) }))
}

func thermostat(t *testing.T) string { return clitest.Thermostat(t) }

// process is a program under test.
type process struct {
	*clitest.Process
	t *testing.T
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return &process{clitest.Start(t, name, args...), t}
}

func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	return &process{clitest.StartCommand(t, cmd), t}
}

// stop ends it as systemd does.
func (p *process) stop() int { return p.End(syscall.SIGTERM) }

// mosquitto is a broker on a port of its own that can die and come back.
type mosquitto struct {
	t    *testing.T
	dir  string
	port string
	conf string
	p    *process
}

func newMosquitto(t *testing.T, settings string) *mosquitto {
	clitest.Need(t, "mosquitto", "mosquitto_pub", "mosquitto_sub")
	port := brokerPort(t)
	m := &mosquitto{t: t, dir: t.TempDir(), port: port}
	m.conf = filepath.Join(m.dir, "mosquitto.conf")
	settings = strings.ReplaceAll(settings, "DIR", m.dir)
	clitest.WriteFile(t, m.conf, "listener "+port+" 127.0.0.1\nuser root\nset_tcp_nodelay true\n"+settings)
	return m
}

var takenPorts sync.Map

// brokerPort gives a port that no other test has. Those that the kernel gives
// away begin at 32768: one of them could go to somebody else while its broker is
// not there.
func brokerPort(t *testing.T) string {
	for range 1000 {
		port := strconv.Itoa(10_000 + rand.IntN(10_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l.Close()
		if _, taken := takenPorts.LoadOrStore(port, true); !taken {
			return port
		}
	}
	t.Fatal("no free port between 10000 and 20000")
	return ""
}

const (
	open    = "allow_anonymous true\n"
	persist = open + "persistence true\npersistence_location DIR/\nautosave_interval 1\nautosave_on_changes true\n"
)

func (m *mosquitto) start() {
	m.p = start(m.t, "mosquitto", "-c", m.conf)
	clitest.Eventually(m.t, func() error {
		c, err := net.Dial("tcp", "127.0.0.1:"+m.port)
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (m *mosquitto) url() string { return "mqtt://127.0.0.1:" + m.port }

// publish says something as a user does, with mosquitto_pub.
func (m *mosquitto) publish(topic string, payload []byte, more ...string) {
	m.t.Helper()
	m.publishOn("thermostat/cabin/"+topic, payload, more...)
}

func (m *mosquitto) publishOn(topic string, payload []byte, more ...string) {
	m.t.Helper()
	args := append([]string{"-h", "127.0.0.1", "-p", m.port, "-t", topic, "-q", "1", "-s"}, more...)
	cmd := exec.Command("mosquitto_pub", args...)
	cmd.Stdin = bytes.NewReader(payload)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("mosquitto_pub %v: %v %s", args, err, out)
	}
}

// retained gives what is retained on a topic, nil if nothing is.
func (m *mosquitto) retained(topic string) []byte { return m.retainedOn("thermostat/cabin/" + topic) }

func (m *mosquitto) retainedOn(topic string) []byte {
	cmd := exec.Command("mosquitto_sub", "-h", "127.0.0.1", "-p", m.port, "-t", topic, "--retained-only", "-C", "1", "-W", "1", "-N")
	out, _ := cmd.Output() // the time-out is "nothing"
	return out
}

// shows waits until the retained state fulfils a condition.
func (m *mosquitto) shows(zone, what string, ok func(report.State) bool) {
	m.t.Helper()
	clitest.Eventually(m.t, func() error {
		var r report.State
		text := m.retained(zone + "/state")
		if err := json.Unmarshal(text, &r); err != nil || !ok(r) {
			return fmt.Errorf("state never shows %s; the last: %s", what, text)
		}
		return nil
	})
}

func (m *mosquitto) showsDesired(want float64) {
	m.t.Helper()
	m.shows("room", fmt.Sprint("desired ", want), func(r report.State) bool { return r.Desired != nil && *r.Desired == want })
}

// retainsControl waits until the broker retains a control for this temperature.
func (m *mosquitto) retainsControl(want float64) {
	m.t.Helper()
	clitest.Eventually(m.t, func() error {
		payload := m.retained("room/control")
		var c pb.TemperatureControl
		var j struct{ Desired float64 }
		if proto.Unmarshal(payload, &c) == nil && c.GetDesired() == want || json.Unmarshal(payload, &j) == nil && j.Desired == want {
			return nil
		}
		return fmt.Errorf("the broker retains %q, want desired %v", payload, want)
	})
}

func (m *mosquitto) showsStatus(want string) {
	m.t.Helper()
	clitest.Eventually(m.t, func() error {
		if got := string(m.retained("status")); got != want {
			return fmt.Errorf("status is %q, want %q", got, want)
		}
		return nil
	})
}

// agentConfig is one room at rest at 18 °C, and one that swings by itself.
func agentConfig(t *testing.T, brokerURL, more string) string {
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
mqtt:
  brokers: [%q]
%s
zones:
  - name: room
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.3, down_delta: 0.3}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
  - name: swing
    sensor: {driver: simulated, model: linear, start: 18, up: 1s, down: 1s, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 18, up_delta: 1, down_delta: 1}
    limits: {max_rate: 1000}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, t.TempDir(), brokerURL, more))
	return file
}

// stateFolder gives a configuration's text and the state folder that it names.
func stateFolder(t *testing.T, config string) (text, folder string) {
	t.Helper()
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "state_dir: ")
	folder, _, _ = strings.Cut(rest, "\n")
	return string(data), folder
}

func startAgent(t *testing.T, config string) *process {
	t.Helper()
	p := start(t, thermostat(t), "run", "--config", config)
	p.Says("first decision")
	return p
}

// TestAControlRetainedBeforeTheStartIsTheSetpoint: a control that protoc encoded, or JSON, published
// before the agent starts is its setpoint after the start.
func TestAControlRetainedBeforeTheStartIsTheSetpoint(t *testing.T) {
	clitest.Need(t, "protoc")
	encode := exec.Command("protoc", "--encode=thermostat.v1.TemperatureControl", "-I../..", "../../proto/thermostat.proto")
	encode.Stdin = strings.NewReader("desired: 21.5 upDelta: 0.25 downDelta: 0.5 mode: HEAT id: \"abc\"")
	wire, err := encode.Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string][]byte{"protobuf": wire, "json": []byte(`{"desired":21.5,"up_delta":0.25,"down_delta":0.5,"mode":"heat"}`)} {
		t.Run(name, func(t *testing.T) {
			m := newMosquitto(t, open)
			m.start()
			m.publish("room/control", payload, "-r")
			startAgent(t, agentConfig(t, m.url(), ""))
			m.shows("room", "desired 21.5, up 0.25, down 0.5, heating", func(r report.State) bool {
				return r.Desired != nil && *r.Desired == 21.5 && *r.UpDelta == 0.25 && *r.DownDelta == 0.5 && r.Action == "heating" && r.Source == "broker"
			})
			m.showsStatus("online")
			var c pb.HeaterControl
			if err := proto.Unmarshal(m.retained("room/heater"), &c); err != nil || c.Command == nil || *c.Command != pb.HeaterCommand_On || c.SensorID == nil {
				t.Errorf("heater is %v (%v)", &c, err)
			}
		})
	}
}

// TestABrokerThatDiesCostsNoTick: killed for a while and back with its memory, with an old
// save, or with none. Control never pauses, and in the end all is right again.
func TestABrokerThatDiesCostsNoTick(t *testing.T) {
	for name, forget := range map[string]func(t *testing.T, m *mosquitto){
		"with persistence":    func(t *testing.T, m *mosquitto) {},
		"without persistence": func(t *testing.T, m *mosquitto) { os.Remove(filepath.Join(m.dir, "mosquitto.db")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMosquitto(t, persist)
			m.start()
			p := startAgent(t, agentConfig(t, m.url(), ""))
			m.publish("room/control", []byte(`{"desired":21.5}`), "-r")
			m.showsDesired(21.5)
			m.p.stop()
			switches := p.Count("zone=swing")
			forget(t, m)
			clitest.Eventually(t, func() error { // control goes on without a broker
				if p.Count("zone=swing") < switches+4 {
					return fmt.Errorf("control pauses while the broker is away:\n%s", p.Output())
				}
				return nil
			})
			m.start()
			m.showsStatus("online")
			m.showsDesired(21.5)
			m.retainsControl(21.5)
			if len(m.retained("room/heater")) == 0 {
				t.Error("no heater after the broker came back")
			}
		})
	}
}

// TestAControlOfTheBrokersOldSaveIsObeyed: what it retains then is a word again, and is obeyed.
func TestAControlOfTheBrokersOldSaveIsObeyed(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, persist)
	m.start()
	startAgent(t, agentConfig(t, m.url(), ""))
	m.publish("room/control", []byte(`{"desired":20}`), "-r")
	m.showsDesired(20)
	m.p.stop()
	db := filepath.Join(m.dir, "mosquitto.db")
	old, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	m.start()
	m.showsStatus("online")
	m.publish("room/control", []byte(`{"desired":22}`), "-r")
	m.showsDesired(22)
	m.p.stop()
	if err := os.WriteFile(db, old, 0o600); err != nil {
		t.Fatal(err)
	}
	m.start()
	m.showsStatus("online")
	m.showsDesired(20)
	m.retainsControl(20)
}

// TestAKilledAgentIsOfflineAndKeepsItsSetpoint: offline appears by the will; after the restart the last
// acknowledged setpoint holds, even with no broker at all.
func TestAKilledAgentIsOfflineAndKeepsItsSetpoint(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := agentConfig(t, m.url(), "")
	p := startAgent(t, config)
	m.showsStatus("online")
	set := start(t, thermostat(t), "set", "room", "23.25", "--broker", m.url())
	if set.Code() != 0 || set.Count("desired 23.25") != 1 {
		t.Fatalf("set: exit %d\n%s", set.Code(), set.Output())
	}
	p.Kill()
	m.showsStatus("offline")
	m.p.stop()
	p = start(t, thermostat(t), "run", "--config", config)
	p.Says(`zone=room mode=heat desired=23.25 source=memory`)
	p.Says(`msg="heater on" zone=room`)
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
	p.Says("every relay is off")
}

// TestDamagedMemoryIsToldAndSurvived: the zone falls back to its configured
// setpoint and says so, the other runs on; the broker's word mends it.
func TestDamagedMemoryIsToldAndSurvived(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := agentConfig(t, m.url(), "")
	_, state := stateFolder(t, config)
	p := startAgent(t, config)
	m.publish("room/control", []byte(`{"desired":21}`), "-r")
	m.showsDesired(21)
	clitest.Eventually(t, func() error {
		_, err := os.Stat(filepath.Join(state, "zones", "room.json"))
		return err
	})
	p.stop()
	m.p.stop()
	clitest.WriteFile(t, filepath.Join(state, "zones", "room.json"), "rubbish")
	p = start(t, thermostat(t), "run", "--config", config)
	p.Says(`zone=room mode=heat desired=17 source=config`)
	p.Says(`msg=fault zone=room name=memory`)
	p.Says(`msg="heater on" zone=swing`)
	if p.Count("msg=fault zone=swing") != 0 {
		t.Errorf("the other zone has a fault:\n%s", p.Output())
	}
	m.start()
	m.publish("room/control", []byte(`{"desired":22}`), "-r")
	m.shows("room", "desired 22 and no fault", func(r report.State) bool {
		return r.Desired != nil && *r.Desired == 22 && len(r.Faults) == 0
	})
}

// TestMemoryWorksBelowAClosedParentFolder: a service's own folder may lie in one that
// it cannot open, as under systemd's DynamicUser; its memory works all the same.
func TestMemoryWorksBelowAClosedParentFolder(t *testing.T) {
	t.Parallel()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "closed")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	state, config := filepath.Join(dir, "state"), filepath.Join(dir, "config.yaml")
	clitest.WriteFile(t, config, "device: cabin\nstate_dir: "+state+"\nzones:\n  - {name: room, sensor: {driver: simulated}, heater: {driver: simulated}}\n")
	mode := os.FileMode(0o311) // may be entered, not read
	cmd := exec.Command(thermostat(t), "run", "--config", config)
	if os.Getuid() == 0 { // whom nothing is closed to
		mode = 0o711
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	for _, err := range []error{os.Mkdir(state, 0o777), os.Chmod(state, 0o777), os.Chmod(config, 0o644), os.Chmod(dir, mode), os.Chmod(filepath.Dir(cmd.Path), 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := startCommand(t, cmd)
	p.Says("first decision")
	p.stop()
	if p.Count("memory") > 0 {
		t.Errorf("the memory does not work:\n%s", p.Output())
	}
	if _, err := os.Stat(filepath.Join(state, "instance.json")); err != nil {
		t.Error(err)
	}
}

// TestWithoutAStateFolderAllButTheMemoryWorks: nothing can be kept, everything else works, and it is said.
func TestWithoutAStateFolderAllButTheMemoryWorks(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := agentConfig(t, m.url(), "")
	text, state := stateFolder(t, config)
	clitest.WriteFile(t, config, strings.Replace(text, state, "/proc/nowhere", 1))
	startAgent(t, config)
	m.showsStatus("online")
	set := start(t, thermostat(t), "set", "room", "21", "--broker", m.url())
	if set.Code() != 0 || set.Count("(not saved)") != 1 {
		t.Errorf("set: exit %d\n%s", set.Code(), set.Output())
	}
	m.shows("room", "desired 21 and the fault memory", func(r report.State) bool {
		return r.Desired != nil && *r.Desired == 21 && len(r.Faults) == 1 && r.Faults[0].Name == "memory"
	})
}

// TestRefusedRetainedControlIsPutRight: a bad retained message does not stay.
func TestRefusedRetainedControlIsPutRight(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	startAgent(t, agentConfig(t, m.url(), ""))
	m.publish("room/control", []byte(`{"desired":21}`), "-r")
	m.showsDesired(21)
	m.publish("room/control", []byte(`{"desired":99}`), "-r")
	m.retainsControl(21)
	m.showsDesired(21)
}

// TestSetAndWatchWorkOverTLS: with our own authority, user and password.
func TestSetAndWatchWorkOverTLS(t *testing.T) {
	t.Parallel()
	clitest.Need(t, "openssl", "mosquitto_passwd")
	m := newMosquitto(t, "allow_anonymous false\npassword_file DIR/passwords\ncafile DIR/ca.crt\ncertfile DIR/server.crt\nkeyfile DIR/server.key\n")
	certificates(t, m.dir)
	mustRun(t, "mosquitto_passwd", "-b", "-c", filepath.Join(m.dir, "passwords"), "ann", "se cret")
	password, ca := filepath.Join(m.dir, "password"), filepath.Join(m.dir, "ca.crt")
	clitest.WriteFile(t, password, "se cret\n")
	m.start()
	url := "mqtts://localhost:" + m.port
	p := startAgent(t, agentConfig(t, url, fmt.Sprintf("  username: ann\n  password_file: %s\n  tls: {ca_file: %s}", password, ca)))
	p.Says("broker connected")
	access := []string{"--broker", url, "--username", "ann", "--password-file", password, "--ca-file", ca}
	watch := start(t, thermostat(t), append([]string{"watch", "--json"}, access...)...)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"room", "70F", "--up-delta", "0.4"}, 0, "desired 21.11 °C"},
		{[]string{"room", "99"}, 3, "refused: desired: 99 is outside 5..28 °C"},
		{[]string{"room", "--mode", "cool"}, 3, "needs a cooler"},
		{[]string{"room", "--default"}, 0, "mode heat, desired 17.00 °C"},
		{[]string{"attic", "20", "--timeout", "2s"}, 4, `no agent with a zone "attic"`},
		{[]string{"room", "warm"}, 2, "want a number like 21.5"},
		{[]string{"room"}, 2, "name a temperature"},
	} {
		set := start(t, thermostat(t), append(append([]string{"set"}, c.args...), access...)...)
		if set.Code() != c.code || set.Count(c.says) == 0 {
			t.Errorf("set %v: exit %d, want %d and %q\n%s", c.args, set.Code(), c.code, c.says, set.Output())
		}
	}
	clear := start(t, thermostat(t), append([]string{"clear", "room"}, access...)...)
	if clear.Code() != 0 {
		t.Errorf("clear: exit %d\n%s", clear.Code(), clear.Output())
	}
	watch.Says(`"desired":21.1111`)
	watch.Says(`"online":true`)
	if code := watch.stop(); code != 0 {
		t.Errorf("watch: exit %d\n%s", code, watch.Output())
	}
	wrong := filepath.Join(m.dir, "wrong")
	clitest.WriteFile(t, wrong, "no")
	set := start(t, thermostat(t), "set", "room", "20", "--broker", url, "--username", "ann", "--password-file", wrong, "--ca-file", ca)
	if set.Code() != 4 || set.Count("refuses user name or password") == 0 || set.Count("se cret") > 0 {
		t.Errorf("wrong password: exit %d\n%s", set.Code(), set.Output())
	}
}

// TestSeveralDevicesThatMayBeMeantAreWrongUseUntilOneIsNamed: they are told in their order.
func TestSeveralDevicesThatMayBeMeantAreWrongUseUntilOneIsNamed(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	for _, device := range []string{"barn", "cabin", "attic"} {
		base := "thermostat/" + device
		mustRun(t, "mosquitto_pub", "-h", "127.0.0.1", "-p", m.port, "-r", "-t", base+"/info", "-m", `{"zones":{"hall":{}}}`)
		mustRun(t, "mosquitto_pub", "-h", "127.0.0.1", "-p", m.port, "-r", "-t", base+"/hall/state", "-m", `{"zone":"hall","mode":"heat"}`)
	}
	for _, command := range []string{"set hall 20", "boost hall", "explain hall", "clear hall", "away"} {
		code, out := said(t, append(strings.Fields(command), "--broker", m.url())...)
		if code != 2 || !strings.Contains(out, "name one of attic, barn, cabin by --device") {
			t.Errorf("%s: exit %d, %s", command, code, out)
		}
	}
}

func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// certificates makes an authority and a server's certificate for localhost.
func certificates(t *testing.T, dir string) {
	in := func(f string) string { return filepath.Join(dir, f) }
	mustRun(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority", "-keyout", in("ca.key"), "-out", in("ca.crt"))
	mustRun(t, "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", in("server.key"), "-out", in("server.csr"))
	clitest.WriteFile(t, in("san"), "subjectAltName=DNS:localhost,IP:127.0.0.1")
	mustRun(t, "openssl", "x509", "-req", "-days", "2", "-in", in("server.csr"), "-CA", in("ca.crt"), "-CAkey", in("ca.key"), "-CAcreateserial", "-extfile", in("san"), "-out", in("server.crt"))
}
