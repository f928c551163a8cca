package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/mqtt"
)

// said gives the exit code and the words of a command.
func said(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	p := start(t, thermostat(t), args...)
	<-p.ended
	return p.code, p.output()
}

// TestSetWithoutABrokerSpeaksToThePage: where the configuration names no broker
// set and clear reach the agent through its page, with the exit codes of old.
func TestSetWithoutABrokerSpeaksToThePage(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, "127.0.0.1:"+brokerPort(t))
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	agent.says(`msg="first decision"`)
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
	write(t, file, strings.Replace(string(text), "http: {", "http: {password_file: http-password, ", 1))
	secret := filepath.Join(filepath.Dir(file), "http-password")
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	agent.says(`msg="first decision"`)
	if code, text := said(t, "set", "room", "21", "--config", file); code != 1 || !strings.Contains(text, "http.password_file: open "+secret+": no such file") {
		t.Errorf("without its file: exit %d\n%s", code, text)
	}
	write(t, secret, "a\n")
	if code, text := said(t, "set", "room", "21", "--config", file); code != 0 {
		t.Errorf("exit %d\n%s", code, text)
	}
	other := filepath.Join(t.TempDir(), "config.yaml")
	write(t, other, strings.Replace(string(text), "http: {", "http: {password_file: "+other+", ", 1))
	if code, text := said(t, "set", "room", "22", "--config", other); code != 3 || !strings.Contains(text, "refused: the password is wrong") {
		t.Errorf("with a wrong password: exit %d\n%s", code, text)
	}
}

// TestWatchOfAPage: an agent that goes is offline, one that comes back is
// found again, and a zone that it has no more is gone.
func TestWatchOfAPage(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, "127.0.0.1:"+brokerPort(t))
	if code, text := said(t, "watch", "--config", file); code != 1 || !strings.Contains(text, "no agent has its page") {
		t.Errorf("without an agent: exit %d\n%s", code, text)
	}
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	w := start(t, thermostat(t), "watch", "--json", "--config", file)
	w.says(`"device":"cabin"`)
	w.says(`"online":true,"presence":"online"`)
	w.says(`"zone":"room"`)
	if code, text := said(t, "set", "room", "21.25", "--config", file); code != 0 {
		t.Errorf("exit %d\n%s", code, text)
	}
	w.says(`"desired":21.25`)
	agent.stop()
	w.says(`"online":false,"presence":"offline"`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(text), "name: room", "name: hall", 1))
	agent = start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	w.says(`"gone":true,"zone":"room"`)
	w.says(`"zone":"hall"`)
	if code := w.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, w.output())
	}
}

// hostilePage is one of somebody who means harm, in front of set and watch.
func hostilePage(t *testing.T, handle http.HandlerFunc) *page {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return &page{listen: s.Listener.Addr().String()}
}

// TestPageOfSomebodyElse: what answers is no agent, or one that means harm:
// nothing of it reaches the terminal as it is, and nothing is believed.
func TestPageOfSomebodyElse(t *testing.T) {
	const evil = `\u001b[2J\u009b\u202e\u007f`
	zones := `[{"zone":"room","sensor_id":7,"desired":20,"mode":"heat","reason":"in_band"}]`
	answer := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, zones)
				return
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	desired := 21.0
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		code   int
		says   string
	}{
		{"applied", answer(200, `{"applied":true,"mode":"`+evil+`","reason":"`+evil+`"}`), 0, "applied"},
		{"refused", answer(422, `{"applied":false,"reason":"`+evil+`"}`), 3, "refused"},
		{"busy", answer(503, `{"applied":false,"reason":"`+evil+`"}`), 4, "no answer"},
		{"no JSON", answer(200, "<html>\x1b[2J"), 4, "answers as no agent does"},
		{"endless", answer(200, `{"reason":"`+strings.Repeat("x", 2*maxPageAnswer)+`"}`), 4, "answers as no agent does"},
		{"no zones", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x1b[2J") }, 4, "answers as no agent does"},
		{"a zone's name", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"zone":"\u001b[2J"}]`) }, 4, "has no zone"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, 4, "answers as no agent does"},
	} {
		var out bytes.Buffer
		cmd := setCommand()
		cmd.SetContext(t.Context())
		cmd.SetOut(&out)
		w := way{page: hostilePage(t, c.handle), pageOnly: true, units: "C"}
		err := askAgent(cmd, w, patience, func(ctx context.Context, r agents) (mqtt.Answer, error) {
			return r.Set(ctx, mqtt.Request{Zone: "room", Desired: &desired})
		})
		code := report(&out, err)
		if code != c.code || !strings.Contains(out.String(), c.says) || strings.ContainsAny(out.String(), "\x1b\x7f\u009b\u202e") {
			t.Errorf("%s: exit %d, %q", c.name, code, out.String())
		}
	}
}

// TestPageThatFallsSilent: nothing for 15 s is the end of a look.
func TestPageThatFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		go func() {
			r := make([]byte, 4096)
			_, _ = there.Read(r)
			fmt.Fprint(there, "HTTP/1.1 200 OK\r\n\r\nevent: hello\ndata: {\"device\":\"cabin\",\"zones\":[{\"name\":\"room\"}]}\n\n"+
				"event: zone\ndata: {\"zone\":\"room\"}\n\nevent: zone\ndata: {\"zone\":\"strange\"}\n\nevent: zone\ndata: nonsense\n\n")
		}()
		var seen []string
		p := &page{listen: "cabin:8466", dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }}
		began := time.Now()
		err := p.look(t.Context(), &pageLook{saw: func(s mqtt.Sight) { seen = append(seen, s.Device+"/"+s.Zone) }})
		if err == nil || time.Since(began) != pageSilence || fmt.Sprint(seen) != "[cabin/ cabin/room]" {
			t.Errorf("%v after %v, seen %q", err, time.Since(began), seen)
		}
	})
}

// TestWhatOnlyRootMayReadIsSaidSo: with the command to type.
func TestWhatOnlyRootMayReadIsSaidSo(t *testing.T) {
	t.Parallel()
	file, _ := pageConfig(t, "127.0.0.1:"+brokerPort(t))
	agent := start(t, thermostat(t), "run", "--config", file)
	agent.pageURL()
	agent.says(`msg="first decision"`)
	text, _ := os.ReadFile(file)
	dir := openFolder(t)
	secret, unreadable := filepath.Join(dir, "http-password"), filepath.Join(dir, "unreadable.yaml")
	own, broker := filepath.Join(dir, "own.yaml"), filepath.Join(dir, "broker.yaml")
	write(t, secret, "secret\n")
	write(t, unreadable, string(text))
	write(t, own, strings.Replace(string(text), "http: {", "http: {password_file: http-password, ", 1))
	write(t, broker, "device: cabin\nmqtt: {brokers: [\"mqtt://127.0.0.1:1\"], username: ann, password_file: http-password}\nzones: []\n")
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

// openFolder is one that everybody may look into.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "thermostat-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestTypedAsAPersonTypesIt(t *testing.T) {
	if got := typed([]string{"set", "hall", "it's", "", "--up-delta=0.5"}); got != `set hall 'it'\''s' '' --up-delta=0.5` {
		t.Error(got)
	}
}

// TestWithoutConfigurationThePageStandsInForTheBroker: where no broker is
// named and none is at the usual place; and where the configuration is there
// and cannot be read, that is said beside what went wrong.
func TestWithoutConfigurationThePageStandsInForTheBroker(t *testing.T) {
	p := hostilePage(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	w := way{access: mqtt.Access{Brokers: []string{"mqtt://127.0.0.1:1"}, Prefix: "thermostat"}, units: "C", page: p}
	w.unread = &fs.PathError{Op: "open", Path: defaultConfig, Err: fs.ErrPermission}
	if got, err := w.connect(t.Context()); got != agents(p) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	w.page = &page{listen: "127.0.0.1:1"}
	if got, err := w.connect(t.Context()); got != nil || err == nil || !strings.Contains(err.Error(), "broker mqtt://127.0.0.1:1") {
		t.Errorf("%v, %v", got, err)
	}
	cmd := setCommand()
	cmd.SetContext(t.Context())
	err := askAgent(cmd, w, time.Second, func(context.Context, agents) (mqtt.Answer, error) { return mqtt.Answer{}, nil })
	if codeOf(err) != exitNoAnswer || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), defaultConfig) {
		t.Errorf("%v", err)
	}
}
