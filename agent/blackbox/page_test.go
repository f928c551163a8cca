package blackbox

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// TestPageReachesTheZone: a control from the page is judged by the same rules,
// obeyed, counted and kept over a restart, and so is the history.
func TestPageReachesTheZone(t *testing.T) {
	t.Parallel()
	file, stateDir := pageConfig(t, "127.0.0.1:0")
	p := start(t, thermostat(t), "run", "--config", file)
	url := p.pageURL()
	if code, answer := put(t, url+"/api/zones/room/control", `{"desired":21,"mode":"heat"}`); code != 200 || answer["applied"] != true || answer["desired"] != 21.0 {
		t.Errorf("%d %v", code, answer)
	}
	p.Says(`msg="heater on" zone=room reason=too_cold`)
	for body, why := range map[string]string{
		`{"desired":40}`: "desired: 40 is outside 5..28 °C", `{"desired":21,"mode":"cool"}`: "needs a cooler", `{"hot":1}`: `key "hot" is unknown`, `{`: "not JSON",
	} {
		if code, answer := put(t, url+"/api/zones/room/control", body); code != 422 || !strings.Contains(answer["reason"].(string), why) || answer["desired"] != 21.0 {
			t.Errorf("%s: %d %v", body, code, answer)
		}
	}
	clitest.Eventually(t, func() error {
		var zones []report.State
		text := get(t, url+"/api/zones")
		if err := json.Unmarshal([]byte(text), &zones); err != nil || *zones[0].Desired != 21 || zones[0].Source != "page" || *zones[0].Heater != "on" {
			return fmt.Errorf("%s %v", text, err)
		}
		if text := get(t, url+"/metrics"); !strings.Contains(text, `thermostat_controls_total{result="refused",zone="room"} 4`) {
			return fmt.Errorf("refused controls are not counted: %s", text)
		}
		if n := readings(t, url); n < 5 {
			return fmt.Errorf("a history of %d points", n)
		}
		return nil
	})
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}

	if _, err := os.Stat(filepath.Join(stateDir, "history.json")); err != nil {
		t.Error(err)
	}
	p = start(t, thermostat(t), "run", "--config", file)
	url = p.pageURL()
	if n := readings(t, url); n < 4 { // the last point was not whole
		t.Errorf("after a restart: a history of %d points", n)
	}
	p.stop()
	clitest.WriteFile(t, filepath.Join(stateDir, "history.json"), "thermostat-memory-1 00000000\n{}")
	p = start(t, thermostat(t), "run", "--config", file)
	p.Says(`msg="the chart begins anew"`)
	p.Says(`msg="first decision"`)
	p.stop()
}

// TestBusyPageDoesNotKeepTheHouseCold: the zones run, it is told once, and once
// the address is free the page is there.
func TestBusyPageDoesNotKeepTheHouseCold(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, _ := pageConfig(t, l.Addr().String())
	p := start(t, thermostat(t), "run", "--config", file)
	p.Says(`msg="no page, no metrics: tried again every 10 s; the zones run"`)
	p.Says(`msg="first decision"`)
	l.Close()
	url := p.pageURL()
	if got := get(t, url+"/healthz"); got != "ok\n" {
		t.Errorf("%s", got)
	}
	if n := p.Count("no page"); n != 1 {
		t.Errorf("told %d times\n%s", n, p.Output())
	}
	p.stop()
}

// said gives the exit code and the words of a command.
func said(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	p := start(t, thermostat(t), args...)
	return p.Code(), p.Output()
}

// TestSetWithoutABrokerSpeaksToThePage: where the configuration names no broker
// set and clear reach the agent through its page, with the exit codes of old.
func TestSetWithoutABrokerSpeaksToThePage(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, "127.0.0.1:"+brokerPort(t))
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	agent.Says(`msg="first decision"`)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"set room 21", 0, "applied: mode heat, desired 21.00 °C"},
		{"set room --mode off", 0, "applied: mode off, desired 21.00 °C"},
		{"set room 20.5 --up-delta 0.7", 0, "applied: mode off, desired 20.50 °C"},
		{"set room 40", 3, "refused: desired: 40 is outside 5..28 °C"},
		{"set room --default", 0, "applied: mode heat, desired 17.00 °C"},
		{"set room 19 --device cabin", 0, "desired 19.00 °C"},
		{"clear room", 0, "applied"},
		{"set hall 20", 4, `has no zone "hall"; there are room`},
		{"clear hall", 4, `has no zone "hall"`},
		{"set room 20 --broker mqtt://127.0.0.1:1 --timeout 2s", 4, "broker mqtt://127.0.0.1:1"},
	} {
		code, text := said(t, append(strings.Fields(c.args), "--config", file)...)
		if code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%s: exit %d, want %d and %q\n%s", c.args, code, c.code, c.says, text)
		}
	}
	agent.stop()
	if code, text := said(t, "set", "room", "20", "--config", file); code != 4 || !strings.Contains(text, "no agent has its page at http://127.0.0.1:") {
		t.Errorf("without an agent: exit %d\n%s", code, text)
	}
}

// TestSetKnowsThePassword: on a page that the network sees.
func TestSetKnowsThePassword(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, ":"+brokerPort(t))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, file, strings.Replace(string(text), "http: {", "http: {password_file: http-password, ", 1))
	secret := filepath.Join(filepath.Dir(file), "http-password")
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	agent.Says(`msg="first decision"`)
	if code, text := said(t, "set", "room", "21", "--config", file); code != 1 || !strings.Contains(text, "http.password_file: open "+secret+": no such file") {
		t.Errorf("without its file: exit %d\n%s", code, text)
	}
	clitest.WriteFile(t, secret, "a\n")
	if code, text := said(t, "set", "room", "21", "--config", file); code != 0 {
		t.Errorf("exit %d\n%s", code, text)
	}
	other := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, other, strings.Replace(string(text), "http: {", "http: {password_file: "+other+", ", 1))
	if code, text := said(t, "set", "room", "22", "--config", other); code != 3 || !strings.Contains(text, "refused: the password is wrong") {
		t.Errorf("with a wrong password: exit %d\n%s", code, text)
	}
}

// TestWatchOfAPageSeesItsAgentGoAndComeBack: an agent that goes is offline, one that comes back is
// found again, and a zone that it has no more is gone.
func TestWatchOfAPageSeesItsAgentGoAndComeBack(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, "127.0.0.1:"+brokerPort(t))
	if code, text := said(t, "watch", "--config", file); code != 1 || !strings.Contains(text, "no agent has its page") {
		t.Errorf("without an agent: exit %d\n%s", code, text)
	}
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	w := start(t, thermostat(t), "watch", "--json", "--config", file)
	w.Says(`"device":"cabin"`)
	w.Says(`"online":true,"presence":"online"`)
	w.Says(`"zone":"room"`)
	if code, text := said(t, "set", "room", "21.25", "--config", file); code != 0 {
		t.Errorf("exit %d\n%s", code, text)
	}
	w.Says(`"desired":21.25`)
	agent.stop()
	w.Says(`"online":false,"presence":"offline"`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, file, strings.Replace(string(text), "name: room", "name: hall", 1))
	agent = start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	w.Says(`"gone":true,"zone":"room"`)
	w.Says(`"zone":"hall"`)
	if code := w.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, w.Output())
	}
}

// TestWhatOnlyRootMayReadIsSaidSo: with the command to type.
func TestWhatOnlyRootMayReadIsSaidSo(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, "127.0.0.1:"+brokerPort(t))
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	agent.Says(`msg="first decision"`)
	text, _ := os.ReadFile(file)
	dir := openFolder(t)
	secret, unreadable := filepath.Join(dir, "http-password"), filepath.Join(dir, "unreadable.yaml")
	own, broker := filepath.Join(dir, "own.yaml"), filepath.Join(dir, "broker.yaml")
	clitest.WriteFile(t, secret, "secret\n")
	clitest.WriteFile(t, unreadable, string(text))
	clitest.WriteFile(t, own, strings.Replace(string(text), "http: {", "http: {password_file: http-password, ", 1))
	clitest.WriteFile(t, broker, "device: cabin\nmqtt: {brokers: [\"mqtt://127.0.0.1:1\"], username: ann, password_file: http-password}\nzones: []\n")
	for path, mode := range map[string]os.FileMode{secret: 0, unreadable: 0, own: 0o644, broker: 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]string{
		"check --config " + unreadable:        "unreadable.yaml: permission denied",
		"watch --config " + unreadable:        "unreadable.yaml: permission denied",
		"set room 21 --config " + own:         "http-password: permission denied",
		"set room 21 --config " + broker:      "http-password: permission denied",
		"probe --write /etc/thermostat-x/new": "permission denied",
	} {
		code, text := saidToNobody(t, strings.Fields(args)...)
		if code == 0 || !strings.Contains(text, want) || !strings.Contains(text, "only root may do this: type sudo ") || !strings.HasSuffix(text, args+"\n") {
			t.Errorf("%s: exit %d\n%s", args, code, text)
		}
	}
}

// saidToNobody runs a command as a user who is not root.
func saidToNobody(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	program := filepath.Join(openFolder(t), "thermostat") // that of the other tests lies where nobody may look
	// Another program writes it: what we have open for writing a fork of another test would hold busy.
	if out, err := exec.Command("install", "-m", "755", thermostat(t), program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program, args...)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// openFolder is one that everybody may look into, and not below /dev: what is there is
// taken for a device.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "thermostat-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
