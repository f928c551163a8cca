package blackbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
)

// fleetBroker is a mosquitto with the very files of examples/fleet; only paths
// and ports are this test's own.
type fleetBroker struct {
	*mosquitto
	certPort  string // where a client certificate is wanted
	authority authority
}

// unusedPort gives a port of loopback that nobody listens on.
func unusedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func newFleetBroker(t *testing.T, users ...string) fleetBroker {
	clitest.Need(t, "mosquitto", "mosquitto_pub", "mosquitto_sub", "mosquitto_passwd")
	dir := t.TempDir()
	b := fleetBroker{mosquitto: &mosquitto{t: t, dir: dir, port: unusedPort(t), conf: filepath.Join(dir, "mosquitto.conf")}, certPort: unusedPort(t)}
	b.authority = newAuthority(t, dir)
	b.authority.issue("server", "localhost", time.Now().AddDate(0, 0, 2))
	passwords := filepath.Join(dir, "passwords")
	clitest.WriteFile(t, passwords, "")
	for _, u := range users {
		mustRun(t, "mosquitto_passwd", "-b", passwords, u, "secret of "+u)
		clitest.WriteFile(t, b.password(u), "secret of "+u)
	}
	acl, err := os.ReadFile("../../examples/fleet/mosquitto.acl")
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, filepath.Join(dir, "mosquitto.acl"), string(acl))
	conf, err := os.ReadFile("../../examples/fleet/mosquitto.conf")
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, b.conf, "user root\n"+strings.NewReplacer(
		"/etc/mosquitto/certs/", dir+"/", "/etc/mosquitto/", dir+"/", "/var/lib/mosquitto/", dir+"/",
		"listener 8883", "listener "+b.port+" 127.0.0.1", "listener 8884", "listener "+b.certPort+" 127.0.0.1",
	).Replace(string(conf)))
	b.start()
	return b
}

func (b fleetBroker) password(user string) string { return filepath.Join(b.dir, "password of "+user) }

func (b fleetBroker) ca() string { return filepath.Join(b.dir, "ca.crt") }

// access is how an agent of that user enters, as keys of the configuration.
func (b fleetBroker) access(user string) string {
	return fmt.Sprintf("  username: %s\n  password_file: %q\n  tls: {ca_file: %q}", user, b.password(user), b.ca())
}

// client is a program of mosquitto-clients that enters as a user.
func (b fleetBroker) client(user, program string, more ...string) *exec.Cmd {
	args := []string{"-h", "localhost", "-p", b.port, "--cafile", b.ca(), "-u", user, "-P", "secret of " + user}
	return exec.Command(program, append(args, more...)...)
}

// says publishes as a user; the broker acknowledges also what it drops.
func (b fleetBroker) says(user, topic, payload string) {
	b.t.Helper()
	if out, err := b.client(user, "mosquitto_pub", "-t", topic, "-m", payload, "-r", "-q", "1").CombinedOutput(); err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}
}

// retains gives what a user gets of a topic, empty if nothing.
func (b fleetBroker) retains(user, topic string) string {
	out, _ := b.client(user, "mosquitto_sub", "-t", topic, "--retained-only", "-C", "1", "-W", "2", "-N").Output() // the time-out is "nothing"
	return string(out)
}

// readsItsOwn holds the rules against what an agent subscribes, topic by topic.
func (b fleetBroker) readsItsOwn(device string) {
	b.t.Helper()
	for _, topic := range []string{"/set/restart", "/set/away"} {
		b.says("operator", "thermostat/"+device+topic, "retained, and therefore ignored")
	}
	b.says("operator", "thermostat/"+device+"/hall/program", `{"week":""}`) // of a zone that is not there
	discovery := b.client("homeassistant", "mosquitto_sub", "-t", "homeassistant/device/+/config", "-C", "1", "-W", "30")
	out := make(chan string, 1)
	go func() {
		text, _ := discovery.Output() // the time-out is "nothing"
		out <- string(text)
	}()
	b.says("homeassistant", "homeassistant/status", "online")
	base := "thermostat/" + device
	for _, topic := range []string{base + "/room/control", base + "/hall/program", base + "/room/set/desired", base + "/set/restart", base + "/set/away", base + "/status", base + "/info", "homeassistant/status"} {
		if b.retains(device, topic) == "" {
			b.t.Errorf("%s does not read %s", device, topic)
		}
	}
	if !strings.Contains(<-out, "identifiers") {
		b.t.Errorf("%s does not announce itself to Home Assistant", device)
	}
}

// TestThePublishedRulesKeepADeviceToItsOwnTopics: with the published rules a device works in full, and neither
// reads nor writes anything of another one.
func TestThePublishedRulesKeepADeviceToItsOwnTopics(t *testing.T) {
	t.Parallel()
	b := newFleetBroker(t, "cabin", "hut", "operator", "homeassistant")
	url := "mqtts://localhost:" + b.port
	p := startAgent(t, agentConfig(t, url, b.access("cabin")))
	p.Says("broker connected")
	as := func(user string, args ...string) *process {
		return start(t, thermostat(t), append(args, "--broker", url, "--username", user, "--password-file", b.password(user), "--ca-file", b.ca())...)
	}
	set := as("operator", "set", "room", "21.5")
	if set.Code() != 0 {
		t.Errorf("the operator's set: exit %d\n%s", set.Code(), set.Output())
	}
	b.says("homeassistant", "thermostat/cabin/room/set/desired", "22") // retained, and therefore ignored
	b.client("homeassistant", "mosquitto_pub", "-t", "thermostat/cabin/room/set/desired", "-m", "23", "-q", "1").Run()
	clitest.Eventually(t, func() error {
		if got := b.retains("operator", "thermostat/cabin/room/state"); !strings.Contains(got, `"desired":23,`) {
			return fmt.Errorf("state is %s", got)
		}
		return nil
	})
	b.readsItsOwn("cabin")
	b.says("hut", "thermostat/cabin/room/control", `{"desired":5}`)
	b.says("hut", "thermostat/cabin/status", "offline")
	b.says("hut", "thermostat/cabin/attic/program", `{"week":"00:00 5"}`)
	b.says("hut", "thermostat/cabin/set/away", "on")
	b.says("operator", "thermostat/hut/room/control", `{"desired":20}`) // behind the others: they have been dropped by now
	if got := b.retains("hut", "thermostat/hut/room/control"); got != `{"desired":20}` {
		t.Errorf("hut does not read its own control: %q", got)
	}
	for _, topic := range []string{"thermostat/cabin/room/control", "thermostat/cabin/#", "thermostat/#", "#"} {
		if got := b.retains("hut", topic); got != "" && got != `{"desired":20}` {
			t.Errorf("hut reads %s: %q", topic, got)
		}
	}
	if got := b.retains("operator", "thermostat/cabin/attic/program"); got != "" {
		t.Errorf("hut wrote cabin's program: %q", got)
	}
	if got := b.retains("operator", "thermostat/cabin/set/away"); got == "on" {
		t.Error("hut sends cabin's people away")
	}
	if got := b.retains("operator", "thermostat/cabin/status"); got != "online" {
		t.Errorf("hut wrote cabin's status: %q", got)
	}
	if got := b.retains("operator", "thermostat/cabin/room/state"); !strings.Contains(got, `"desired":23,`) {
		t.Errorf("hut wrote cabin's control: %s", got)
	}
	if n := p.Count("msg=fault"); n > 0 {
		t.Errorf("a device in its own place has faults:\n%s", p.Output())
	}
}

// TestADeviceUnderAWrongUserNameIsTold: a device whose user name is not its own is told,
// though mosquitto refuses nothing aloud.
func TestADeviceUnderAWrongUserNameIsTold(t *testing.T) {
	t.Parallel()
	b := newFleetBroker(t, "hut")
	a := startPageAgent(t, b.access("hut"), "mqtts://localhost:"+b.port)
	a.shows("publish_refused", "allowed to write and read below thermostat/cabin/?")
	acl := filepath.Join(b.dir, "mosquitto.acl")
	rules, err := os.ReadFile(acl)
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, acl, string(rules)+"\nuser hut\ntopic readwrite thermostat/cabin/#\n")
	b.p.stop()
	b.start()
	a.showsNo("publish_refused")
}

// TestTheCommonNameOfACertificateIsTheUserName: the Common Name of its certificate is the device's user name.
func TestTheCommonNameOfACertificateIsTheUserName(t *testing.T) {
	t.Parallel()
	b := newFleetBroker(t, "operator")
	b.authority.issue("device", "cabin", time.Now().AddDate(0, 0, 2))
	p := startAgent(t, agentConfig(t, "mqtts://localhost:"+b.certPort, b.authority.device()))
	p.Says("broker connected")
	b.says("operator", "thermostat/cabin/room/control", `{"desired":21}`)
	clitest.Eventually(t, func() error {
		if got := b.retains("operator", "thermostat/cabin/room/state"); !strings.Contains(got, `"desired":21,`) {
			return fmt.Errorf("state is %s", got)
		}
		return nil
	})
	if n := p.Count("msg=fault"); n > 0 {
		t.Errorf("faults:\n%s", p.Output())
	}
}
