package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thermostat/controlloop"
)

// pageConfig is one room without a broker, and a page at an address.
func pageConfig(t *testing.T, listen string) (file, stateDir string) {
	dir := t.TempDir()
	file, stateDir = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "state")
	write(t, file, fmt.Sprintf(`device: cabin
state_dir: %s
http: {listen: %q}
zones:
  - name: room
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, stateDir, listen))
	return file, stateDir
}

// pageURL waits until the page is there.
func (p *process) pageURL() string {
	p.t.Helper()
	form := regexp.MustCompile(`msg=page url=(http://\S+)`)
	eventually(p.t, func() error {
		if !form.MatchString(p.output()) {
			return fmt.Errorf("no page in:\n%s", p.output())
		}
		return nil
	})
	return form.FindStringSubmatch(p.output())[1]
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, url, body string) (code int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequest("PUT", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// readings counts the points of the room's history that have a temperature.
func readings(t *testing.T, url string) (n int) {
	t.Helper()
	var history struct{ Temperature []*float64 }
	if err := json.Unmarshal([]byte(get(t, url+"/api/zones/room/history")), &history); err != nil {
		t.Fatal(err)
	}
	for _, c := range history.Temperature {
		if c != nil {
			n++
		}
	}
	return n
}

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
	p.says(`msg="heater on" zone=room reason=too_cold`)
	for body, why := range map[string]string{
		`{"desired":40}`: "desired: 40 is outside 5..28 °C", `{"desired":21,"mode":"cool"}`: "needs a cooler", `{"hot":1}`: `key "hot" is unknown`, `{`: "not JSON",
	} {
		if code, answer := put(t, url+"/api/zones/room/control", body); code != 422 || !strings.Contains(answer["reason"].(string), why) || answer["desired"] != 21.0 {
			t.Errorf("%s: %d %v", body, code, answer)
		}
	}
	eventually(t, func() error {
		var zones []controlloop.Report
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
		t.Errorf("exit %d\n%s", code, p.output())
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
	write(t, filepath.Join(stateDir, "history.json"), "thermostat-memory-1 00000000\n{}")
	p = start(t, thermostat(t), "run", "--config", file)
	p.says(`msg="the chart begins anew"`)
	p.says(`msg="first decision"`)
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
	p.says(`msg="no page, no metrics: tried again every 10 s; the zones run"`)
	p.says(`msg="first decision"`)
	l.Close()
	url := p.pageURL()
	if got := get(t, url+"/healthz"); got != "ok\n" {
		t.Errorf("%s", got)
	}
	if n := p.count("no page"); n != 1 {
		t.Errorf("told %d times\n%s", n, p.output())
	}
	p.stop()
}

// TestDemoPage: a taken port is no reason to fail, and is said.
func TestDemoPage(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0", "--http", l.Addr().String())
	p.says(l.Addr().String() + " is taken; using 127.0.0.1:")
	p.says("The page: http://127.0.0.1:")
	url := regexp.MustCompile(`The page: (http://\S+)`).FindStringSubmatch(p.output())[1]
	if text := get(t, url); !strings.Contains(text, "<title>Thermostat</title>") {
		t.Errorf("%.200s", text)
	}
	p.stop()
	none := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0", "--http", "", "--for", "1s")
	<-none.ended
	if none.code != 0 || strings.Contains(none.output(), "The page") {
		t.Errorf("exit %d\n%s", none.code, none.output())
	}
}
