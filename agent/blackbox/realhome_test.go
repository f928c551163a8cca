package blackbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"thermostat/agent/clitest"
)

// realHome is a Home Assistant itself, on loopback, and a person's side of it: its
// REST and its WebSocket API. homeassistant/build.sh makes the program.
type realHome struct {
	t      *testing.T
	broker *mosquitto
	folder string // its configuration and all that it keeps
	url    string
	token  string // of its only person, once there is one
	p      *process
	log    []string         // what it complained of in its runs until now
	known  []*regexp.Regexp // complaints that the test itself gives rise to
}

// newRealHome makes the folder of a Home Assistant that nobody has ever started.
// more is added to its configuration.
func newRealHome(t *testing.T, m *mosquitto, units, more string) *realHome {
	t.Helper()
	needsHomeAssistant(t)
	port := brokerPort(t)
	h := &realHome{t: t, broker: m, folder: t.TempDir(), url: "http://127.0.0.1:" + port}
	clitest.WriteFile(t, filepath.Join(h.folder, "configuration.yaml"), fmt.Sprintf(`homeassistant:
  name: Home
  unit_system: %s
  time_zone: UTC
  currency: EUR
  country: CH
  latitude: 47
  longitude: 8
  elevation: 400
http: {server_host: 127.0.0.1, server_port: %s}
frontend:
config:
history:
recorder: {commit_interval: 1}
%s`, units, port, more))
	// The steps of the first visit that would ask the internet are behind it.
	if err := os.Mkdir(filepath.Join(h.folder, ".storage"), 0o755); err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, filepath.Join(h.folder, ".storage", "onboarding"),
		`{"version":4,"minor_version":1,"key":"onboarding","data":{"done":["core_config","analytics","integration"]}}`)
	t.Cleanup(h.complainsOfNothing)
	return h
}

// needsHomeAssistant skips where the program is not made; CI makes it and must not skip.
func needsHomeAssistant(t *testing.T) {
	t.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	_, err := os.Stat(filepath.Join(cache, "thermostat-homeassistant", "root", "config"))
	if err != nil && os.Getenv("THERMOSTAT_CI") != "" {
		t.Fatalf("there is no Home Assistant, and CI must have one: %v", err)
	} else if err != nil {
		t.Skip("there is no Home Assistant here: agent/blackbox/homeassistant/build.sh makes one")
	}
}

// start runs it until it says that it is up. With a date its clock begins then.
func (h *realHome) start(date ...string) {
	h.t.Helper()
	h.p = startCommand(h.t, exec.Command("homeassistant/run.sh", append([]string{h.folder}, date...)...))
	if h.token == "" {
		h.welcome()
	}
	clitest.Eventually(h.t, func() error {
		var config struct{ State string }
		if err := h.try("GET", "/api/config", nil, &config); err != nil || config.State != "RUNNING" {
			return fmt.Errorf("Home Assistant is %q: %w\n%s", config.State, err, h.p.Output())
		}
		return nil
	})
}

// welcome is the first visit: a person with a password, and a token that lasts.
func (h *realHome) welcome() {
	h.t.Helper()
	var visit struct {
		Code string `json:"auth_code"`
	}
	person := map[string]any{"client_id": h.url + "/", "name": "Ann", "username": "ann", "password": "ann", "language": "en"}
	clitest.Eventually(h.t, func() error { return h.try("POST", "/api/onboarding/users", person, &visit) })
	answer, err := http.PostForm(h.url+"/auth/token", url.Values{"grant_type": {"authorization_code"}, "code": {visit.Code}, "client_id": {h.url + "/"}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	var session struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&session); err != nil {
		h.t.Fatal(err)
	}
	h.token = session.Token
	h.ask("auth/long_lived_access_token", map[string]any{"client_name": "test", "lifespan": 3650}, &h.token)
}

// stop ends it as a service manager does, and keeps what it complained of.
func (h *realHome) stop() {
	h.t.Helper()
	if h.p == nil {
		return
	}
	h.p.stop()
	h.p = nil
	h.log = append(h.log, h.complaints()...)
}

// addBroker sets the MQTT integration up, as a person does on its page.
func (h *realHome) addBroker() {
	h.t.Helper()
	var flow struct {
		ID   string `json:"flow_id"`
		Type string
		Step string `json:"step_id"`
	}
	h.must("POST", "/api/config/config_entries/flow", map[string]any{"handler": "mqtt"}, &flow)
	port, _ := strconv.Atoi(h.broker.port)
	h.must("POST", "/api/config/config_entries/flow/"+flow.ID, map[string]any{"broker": "127.0.0.1", "port": port}, &flow)
	if flow.Type != "create_entry" {
		h.t.Fatalf("the MQTT integration is not set up: %+v", flow)
	}
}

// try asks the REST API; answer may be nil.
func (h *realHome) try(method, path string, body, answer any) error {
	var text io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, h.url+path, text)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, data)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}

func (h *realHome) must(method, path string, body, answer any) {
	h.t.Helper()
	if err := h.try(method, path, body, answer); err != nil {
		h.t.Fatal(err)
	}
}

// ask gives one command to the WebSocket API; answer may be nil.
func (h *realHome) ask(command string, with map[string]any, answer any) {
	h.t.Helper()
	if err := h.tryAsk(command, with, answer); err != nil {
		h.t.Fatalf("%s: %v", command, err)
	}
}

func (h *realHome) tryAsk(command string, with map[string]any, answer any) error {
	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(h.url, "http", "ws", 1)+"/api/websocket", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	say := map[string]any{"id": 1, "type": command}
	for key, value := range with {
		say[key] = value
	}
	if err := c.WriteJSON(map[string]any{"type": "auth", "access_token": h.token}); err != nil {
		return err
	}
	if err := c.WriteJSON(say); err != nil {
		return err
	}
	for {
		var heard struct {
			Type    string
			Success bool
			Result  json.RawMessage
			Error   struct{ Message string }
		}
		if err := c.ReadJSON(&heard); err != nil {
			return err
		}
		switch {
		case heard.Type == "auth_invalid":
			return fmt.Errorf("the token does not count")
		case heard.Type == "result" && !heard.Success:
			return fmt.Errorf("refused: %s", heard.Error.Message)
		case heard.Type == "result" && answer != nil:
			return json.Unmarshal(heard.Result, answer)
		case heard.Type == "result":
			return nil
		}
	}
}

// homeState is what Home Assistant shows of an entity.
type homeState struct {
	State      string
	Attributes map[string]any
}

func (h *realHome) state(entity string) (s homeState, err error) {
	return s, h.try("GET", "/api/states/"+entity, nil, &s)
}

// service calls an action on an entity, as a person, an automation and a dashboard do.
func (h *realHome) service(name, entity string, data map[string]any) error {
	domain, service, _ := strings.Cut(name, ".")
	body := map[string]any{}
	for key, value := range data {
		body[key] = value
	}
	if entity != "" {
		body["entity_id"] = entity
	}
	return h.tryAsk("call_service", map[string]any{"domain": domain, "service": service, "service_data": body}, nil)
}

var complaint = regexp.MustCompile(`^\S+ \S+ (WARNING|ERROR|CRITICAL) `)

// complaints are the lines of its log from warning on, each with what is told below it.
func (h *realHome) complaints() (all []string) {
	data, err := os.ReadFile(filepath.Join(h.folder, "home-assistant.log"))
	if err != nil {
		h.t.Errorf("Home Assistant keeps no log: %v", err)
	}
	for line := range strings.Lines(string(data)) {
		switch {
		case complaint.MatchString(line):
			all = append(all, line)
		case len(all) > 0: // such as a traceback
			all[len(all)-1] += line
		}
	}
	return all
}

// itsOwn are complaints about how it is run here.
var itsOwn = regexp.MustCompile(`\[homeassistant\.bootstrap\] Skipping pip installation|\[aiohttp_fast_zlib\] zlib_ng and isal are not available`)

// complainsOfNothing ends it, and fails for every complaint of all its runs that
// the test did not foresee.
func (h *realHome) complainsOfNothing() {
	h.stop()
	for _, text := range h.log {
		if !itsOwn.MatchString(text) && !slices.ContainsFunc(h.known, func(known *regexp.Regexp) bool { return known.MatchString(text) }) {
			h.t.Errorf("Home Assistant complains: %s", text)
		}
	}
}
