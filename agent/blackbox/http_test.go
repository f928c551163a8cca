package blackbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// pageConfig is one room without a broker, and a page at an address.
func pageConfig(t *testing.T, listen string) (file, stateDir string) {
	dir := t.TempDir()
	file, stateDir = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "state")
	clitest.WriteFile(t, file, fmt.Sprintf(`device: cabin
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
	clitest.Eventually(p.t, func() error {
		if !form.MatchString(p.Output()) {
			return fmt.Errorf("no page in:\n%s", p.Output())
		}
		return nil
	})
	return form.FindStringSubmatch(p.Output())[1]
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
