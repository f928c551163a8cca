package scenarios

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"thermostat/lab/board"
)

// watchdogPromise is the unit's sum: WatchdogSec, TimeoutAbortSec, and
// TimeoutStopSec for off.
const watchdogPromise = 23 * time.Second

// TestTheWatchdogsPromiseIsTheSumOfTheUnitsTimes, as docs/safety.md promises it.
func TestTheWatchdogsPromiseIsTheSumOfTheUnitsTimes(t *testing.T) {
	unit, err := os.ReadFile("../../systemd/thermostat.service")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for line := range strings.Lines(string(unit)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if n, err := strconv.Atoi(value); err == nil && slices.Contains([]string{"WatchdogSec", "TimeoutAbortSec", "TimeoutStopSec"}, key) {
			sum += n
		}
	}
	if got := time.Duration(sum) * time.Second; got != watchdogPromise {
		t.Errorf("the unit's times are %v together, want %v", got, watchdogPromise)
	}
}

// atOnce is for ends that the kernel or systemd notice at once.
const atOnce = 2 * time.Second

// The test follows a package through its life, with a kernel that keeps a
// dead program's outputs; and through every end of the agent with one that lets go of
// them, which makes no other part harder. There it then runs a house that shares a boiler.
func TestThePackageInstallsRunsUpgradesAndGoes(t *testing.T) {
	t.Parallel()
	for _, persist := range []bool{true, false} {
		t.Run(fmt.Sprintf("persist=%v", persist), func(t *testing.T) {
			t.Parallel()
			b := newSecureBroker(t)
			r := newSystem(t, board.Options{Network: true, PersistOutputs: persist})
			r.freshInstall()
			r.kernelThermometers()
			if !persist {
				r.configured(b)
				r.endings()
				r.sharesABoiler(b)
				return
			}
			r.probed()
			r.configured(b)
			r.follows(b)
			r.journalled()
			r.sandboxed()
			r.measured()
			r.endings()
			r.upgraded()
			r.removed()
		})
	}
}

// freshInstall: without a configuration the service does not run, does not fail,
// and the owner is told what comes next.
func (r *rig) freshInstall() {
	r.t.Helper()
	if said := r.install(labPackage); !strings.Contains(said, "sudo thermostat probe --write /etc/thermostat/config.yaml") {
		r.t.Errorf("the installation does not say what comes next:\n%s", said)
	}
	if got := r.tried("systemctl is-active thermostat; systemctl is-failed thermostat; systemctl is-enabled thermostat").Stdout; got != "inactive\ninactive\nenabled\n" {
		r.t.Errorf("after a fresh installation: %q", got)
	}
	r.sh("systemctl start thermostat")
	if got := r.property("ConditionResult") + r.property("NRestarts"); got != "no0" {
		r.t.Errorf("without a configuration: condition and restarts %q", got)
	}
}

// probed: the first configuration is one that check accepts.
func (r *rig) probed() {
	r.t.Helper()
	said := r.sh("thermostat probe --write /etc/thermostat/config.yaml && thermostat check")
	for _, word := range []string{r.one.ID(), "GPIO17"} {
		if !strings.Contains(said, word) {
			r.t.Errorf("probe and check do not tell of %s:\n%s", word, said)
		}
	}
	r.sh("systemctl start thermostat")
	if got := r.property("ActiveState"); got != "active" {
		r.t.Errorf("with the probe's configuration the service is %s", got)
	}
}

// configured: the owner's configuration, with a password and a certificate of
// an authority of one's own.
func (r *rig) configured(b *secureBroker) {
	r.t.Helper()
	r.config(b.onBroker(inService(zone("bath", bme, highRelay, warm), zone("attic", kernelSensor(r.one), lowRelay, warm))))
	for path, text := range map[string]string{"/etc/thermostat/ca.pem": b.ca, "/etc/thermostat/mqtt-password": "secret\n"} {
		if err := r.WriteFile(r.ctx(), path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	r.sh("chmod 644 /etc/thermostat/ca.pem; systemctl restart thermostat")
	r.wire(highLine, true)
	r.wire(lowLine, false)
	if got := r.property("ActiveState"); got != "active" {
		r.t.Errorf("the service is %s", got)
	}
}

// inService is a house whose state folder is the service's.
func inService(zones ...string) string {
	return strings.Replace(house(zones...), "state_dir: "+statePath+"\n", "", 1)
}

// follows: the wires follow the rooms and the retained setpoint.
func (r *rig) follows(b *secureBroker) {
	r.t.Helper()
	r.weather.Set(22, 45, 101325)
	r.one.Set(22)
	r.wire(highLine, false)
	r.wire(lowLine, true)
	r.weather.Set(20, 45, 101325)
	r.one.Set(20)
	r.wire(highLine, true)
	r.wire(lowLine, false)
	eventually(r.t, "the agent is at the broker", func() bool { return b.last("bath").Heater != nil })
	b.publish("thermostat/cabin/bath/control", `{"desired":15,"mode":"heat"}`)
	r.wire(highLine, false)
	b.publish("thermostat/cabin/bath/control", `{"desired":21,"mode":"heat"}`)
	r.wire(highLine, true)
}

// journalled: lines have the priorities of their levels, and no password.
func (r *rig) journalled() {
	r.t.Helper()
	priorities := map[string]int{}
	for _, line := range strings.Split(r.sh("journalctl -u thermostat -o json --output-fields=PRIORITY,MESSAGE"), "\n") {
		var entry struct{ PRIORITY, MESSAGE string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			r.t.Fatalf("%q: %v", line, err)
		}
		for level, priority := range map[string]string{"level=INFO": "6", "level=WARN": "4", "level=ERROR": "3"} {
			if strings.HasPrefix(entry.MESSAGE, level) {
				priorities[level]++
				if entry.PRIORITY != priority {
					r.t.Errorf("priority %s: %s", entry.PRIORITY, entry.MESSAGE)
				}
			}
		}
		if strings.Contains(entry.MESSAGE, "secret") || strings.HasPrefix(entry.MESSAGE, "<") {
			r.t.Errorf("in the journal: %s", entry.MESSAGE)
		}
	}
	if priorities["level=INFO"] == 0 {
		r.t.Error("the journal has no line of the agent")
	}
}

// endings: however the agent ends, the relays go off within the promise, and systemd
// brings it back.
func (r *rig) endings() {
	r.t.Helper()
	ends := []struct {
		name, how string
		promise   time.Duration
	}{
		{"SIGKILL", "kill -KILL $PID", atOnce},
		{"SIGSTOP", "kill -STOP $PID", watchdogPromise},
		{"out of memory", "echo 1000 > /proc/$PID/oom_score_adj; echo f > /proc/sysrq-trigger", atOnce},
		{"panic", "kill -USR1 $PID", atOnce},
		{"restart", "systemctl restart --no-block thermostat", atOnce},
	}
	for _, e := range ends {
		if e.name == "panic" {
			r.sh("cp " + labHook + " /usr/bin/thermostat.new && mv /usr/bin/thermostat.new /usr/bin/thermostat && systemctl restart thermostat")
		}
		r.ends(e.name, e.how, e.promise)
	}
}

// ends ends a heating agent in some way. The first change on the wire after
// that is an off, also where heat begins again at once.
func (r *rig) ends(name, how string, promise time.Duration) {
	r.t.Helper()
	r.wire(highLine, true)
	r.wire(lowLine, false)
	before := [...]int{len(r.GPIO.Changes(highLine)), len(r.GPIO.Changes(lowLine))}
	pid := r.property("MainPID")
	began := time.Now()
	r.sh("PID=" + pid + "; " + how)
	for i, line := range []int{highLine, lowLine} {
		eventually(r.t, fmt.Sprintf("%s: wire %d goes off", name, line), func() bool { return len(r.GPIO.Changes(line)) > before[i] })
		off := r.GPIO.Changes(line)[before[i]]
		if took := off.Time.Sub(began); took > promise+emulation {
			r.t.Errorf("%s: wire %d went off after %v only", name, line, took)
		}
		r.t.Logf("%s: wire %d went off after %.2f s (promised: %v)", name, line, off.Time.Sub(began).Seconds(), promise)
	}
	r.wire(highLine, true)
	r.wire(lowLine, false)
	if now := r.property("MainPID"); now == pid {
		r.t.Errorf("%s: the agent has not ended", name)
	}
}

// upgraded: a newer package restarts through the off state.
func (r *rig) upgraded() {
	r.t.Helper()
	r.ends("upgrade (with the time of apt)", "apt-get install -y "+labNewer, 3*time.Minute)
	if got := r.sh("dpkg-query -W -f '${Version}' thermostat"); got != "0.0.2" {
		r.t.Errorf("after the upgrade: version %s", got)
	}
	if got := r.property("ActiveState"); got != "active" {
		r.t.Errorf("after the upgrade the service is %s", got)
	}
	r.sh("systemctl stop thermostat && apt-get install -y --reinstall " + labNewer)
	if got := r.property("ActiveState"); got != "inactive" {
		r.t.Errorf("an upgrade has started what its owner had stopped: %s", got)
	}
	r.sh("systemctl start thermostat")
}

// removed: with the package the heat goes, and a purge leaves nothing.
func (r *rig) removed() {
	r.t.Helper()
	r.wire(highLine, true)
	r.sh("apt-get remove -y thermostat")
	if r.GPIO.Wire(highLine) || !r.GPIO.Wire(lowLine) {
		r.t.Error("the package is removed, and a relay is on")
	}
	if got := r.sh("ls /etc/thermostat"); !strings.Contains(got, "config.yaml") {
		r.t.Errorf("a removal takes the owner's configuration: %s", got)
	}
	r.sh("apt-get purge -y thermostat")
	left := r.sh("find / -xdev -path /proc -prune -o -iname '*thermostat*' -print; getent passwd thermostat || true; getent group thermostat || true")
	if left != "" {
		r.t.Errorf("a purge leaves:\n%s", left)
	}
}

// sandboxed tries, as the service, what the agent needs and what it must not be
// able to do.
func (r *rig) sandboxed() {
	r.t.Helper()
	allowed := []string{"write:/var/lib/thermostat/tried", "open:/dev/i2c-0", "open:/dev/gpiochip1", "socket:tcp", "ask-clock",
		"read:/sys/bus/w1/devices/" + r.one.ID() + "/w1_slave", "read:/etc/thermostat/config.yaml", "read:/run/credentials/thermostat.service/mqtt-password"}
	refused := []string{"write:/etc/thermostat/tried", "write:/usr/bin/tried", "write:/var/tried", "write:/run/tried", "write:/home/tried", "write:/sys/kernel/profiling",
		"open:/dev/vda", "open:/dev/kmsg", "open:/dev/vport0p1", "read:/etc/shadow", "read:/etc/thermostat/mqtt-password",
		"socket:raw", "socket:packet", "socket:bluetooth", "suid:/usr/local/bin/id", "exec-memory", "user-namespace", "set-clock", "tune-clock", "mount", "module"}
	r.sh("cp /usr/bin/id /usr/local/bin/id && chmod 4755 /usr/local/bin/id && rm -rf /run/systemd/system/thermostat.service.d")
	drop := "[Service]\nType=oneshot\nExecStart=\nExecStart=/run/lab/guest try " + strings.Join(append(allowed, refused...), " ") +
		"\nExecStopPost=\nRestart=no\nWatchdogSec=0\nStandardOutput=file:/run/tried\n"
	if err := r.WriteFile(r.ctx(), "/run/systemd/system/thermostat.service.d/try.conf", []byte(drop), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.sh("systemctl daemon-reload && systemctl restart thermostat")
	var tried map[string]string
	if err := json.Unmarshal([]byte(r.sh("cat /run/tried")), &tried); err != nil {
		r.t.Fatal(err)
	}
	for _, w := range allowed {
		if tried[w] != "ok" {
			r.t.Errorf("the sandbox refuses %s: %s", w, tried[w])
		}
	}
	for _, w := range refused {
		if tried[w] == "ok" || tried[w] == "" {
			r.t.Errorf("the sandbox allows %s %s", w, tried[w])
		}
		r.t.Logf("refused: %s: %s", w, tried[w])
	}
	r.sh("rm -r /run/systemd/system/thermostat.service.d /run/tried /usr/local/bin/id && rm -f /var/lib/thermostat/tried && systemctl daemon-reload && systemctl restart thermostat")
	r.wire(highLine, true)
}

// measured tells of size, memory and start; the figures are for bench/README.md.
func (r *rig) measured() {
	r.t.Helper()
	r.t.Logf("installed size: %s KiB", r.sh("dpkg-query -W -f '${Installed-Size}' thermostat"))
	r.t.Logf("memory: %s", r.sh("grep -E 'VmRSS|RssAnon' /proc/"+r.property("MainPID")+"/status | tr '\\n' ' '"))
	r.t.Logf("from start to active: %s µs before, %s µs after", r.property("ExecMainStartTimestampMonotonic"), r.property("ActiveEnterTimestampMonotonic"))
	start, err := strconv.Atoi(r.property("ExecMainStartTimestampMonotonic"))
	active, err2 := strconv.Atoi(r.property("ActiveEnterTimestampMonotonic"))
	if err != nil || err2 != nil || active < start {
		r.t.Errorf("start %d %v, active %d %v", start, err, active, err2)
	}
}

// secureBroker wants a password, and has a certificate of its own authority.
type secureBroker struct {
	*broker
	ca string
}

// onBroker is a configuration whose agent speaks with this broker.
func (b *secureBroker) onBroker(config string) string {
	return "mqtt:\n  brokers: [\"mqtts://10.0.2.2:" + b.port + "\"]\n  username: cabin\n  password_file: mqtt-password\n  tls: {ca_file: ca.pem}\n" + config
}

func newSecureBroker(t *testing.T) *secureBroker {
	t.Helper()
	needMosquitto(t)
	dir := t.TempDir()
	in := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
	}
	in("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=our own", "-keyout", "ca.key", "-out", "ca.pem")
	in("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "server.key", "-out", "server.csr")
	if err := os.WriteFile(filepath.Join(dir, "names"), []byte("subjectAltName=IP:10.0.2.2,IP:127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	in("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "names", "-out", "server.pem")
	in("mosquitto_passwd", "-c", "-b", "passwords", "cabin", "secret")
	in("chmod", "-R", "a+rX", ".") // mosquitto is a user of its own
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.ReplaceAll("allow_anonymous false\npassword_file DIR/passwords\ncertfile DIR/server.pem\nkeyfile DIR/server.key\n", "DIR", dir)
	return &secureBroker{startBroker(t, config, "--cafile", filepath.Join(dir, "ca.pem"), "-u", "cabin", "-P", "secret"), string(ca)}
}
