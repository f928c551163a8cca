package blackbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/clitest"
)

// homeAssistant does at the broker what Home Assistant does. What it knows of
// devices outlives its restarts, as Home Assistant's registry does; what it has
// discovered in this run does not, and only that can be removed by a message.
type homeAssistant struct {
	t   *testing.T
	url string

	mu        sync.Mutex
	client    paho.Client
	registry  map[string]haDevice       // by the id in the config topic
	run       map[string]bool           // discovered in this run, by the same
	last      map[string]string         // of each topic, in this run
	log       []string                  // what came: config ID, gone ID, topics
	available map[string][]string       // what the availability topics said, in order, over all runs
	entities  map[string]map[string]any // by unique_id
	mistakes  []string
}

type haDevice struct {
	Device struct {
		Identifiers []string
		Name        string
		Via         string `json:"via_device"`
		Version     string `json:"sw_version"`
	}
	Availability string `json:"availability_topic"`
	Components   map[string]map[string]any
}

func newHomeAssistant(t *testing.T, url string) *homeAssistant {
	h := &homeAssistant{
		t: t, url: strings.Replace(url, "mqtt://", "tcp://", 1),
		registry: map[string]haDevice{}, available: map[string][]string{},
	}
	t.Cleanup(h.stop)
	return h
}

// start begins a run: nothing is discovered, and the birth message is said at
// each connection.
func (h *homeAssistant) start() {
	h.mu.Lock()
	h.run, h.last, h.log, h.entities = map[string]bool{}, map[string]string{}, nil, map[string]map[string]any{}
	h.mu.Unlock()
	o := paho.NewClientOptions().AddBroker(h.url).SetClientID("homeassistant").SetCleanSession(true).
		SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).SetMaxReconnectInterval(time.Second)
	o.SetOnConnectHandler(func(c paho.Client) {
		go func() { // waiting in the handler would hold the client
			c.SubscribeMultiple(map[string]byte{"homeassistant/device/+/config": 0, "homeassistant/device/+/+/config": 0}, h.discover).Wait()
			h.mu.Lock()
			topics := slices.Sorted(maps.Keys(h.last))
			h.mu.Unlock()
			for _, topic := range topics {
				c.Subscribe(topic, 0, h.receive).Wait()
			}
			c.Publish("homeassistant/status", 0, false, "online").Wait()
		}()
	})
	c := paho.NewClient(o)
	h.mu.Lock()
	h.client = c
	h.mu.Unlock()
	c.Connect()
	clitest.Eventually(h.t, func() error {
		if !c.IsConnectionOpen() {
			return fmt.Errorf("Home Assistant does not reach %s", h.url)
		}
		return nil
	})
}

// stop says goodbye as Home Assistant does on a clean end.
func (h *homeAssistant) stop() {
	if h.client != nil {
		h.client.Publish("homeassistant/status", 0, false, "offline").WaitTimeout(time.Second)
		h.client.Disconnect(100)
	}
	h.client = nil
}

func (h *homeAssistant) discover(c paho.Client, m paho.Message) {
	id := strings.Split(m.Topic(), "/")[2]
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Retained() {
		h.mistakes = append(h.mistakes, "a retained announcement of "+id)
	}
	var d haDevice
	if err := json.Unmarshal(m.Payload(), &d); err != nil || len(d.Device.Identifiers) == 0 {
		h.mistakes = append(h.mistakes, fmt.Sprintf("announcement of %s: %v", id, err))
		return
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(d.Components)), func(e map[string]any) bool { return len(e) > 1 }) {
		if h.run[id] { // what this run has not discovered cannot be removed
			delete(h.registry, id)
			delete(h.run, id)
			h.log = append(h.log, "gone "+id)
		}
		return
	}
	if d.Device.Via != "" && !slices.ContainsFunc(slices.Collect(maps.Values(h.registry)), func(o haDevice) bool { return o.Device.Identifiers[0] == d.Device.Via }) {
		h.mistakes = append(h.mistakes, id+" comes by "+d.Device.Via+", which is not there")
	}
	h.registry[id], h.run[id] = d, true
	h.log = append(h.log, "config "+id)
	h.entitiesOf(c, d)
}

// entitiesOf subscribes to what the components name.
func (h *homeAssistant) entitiesOf(c paho.Client, d haDevice) {
	topics := []string{d.Availability}
	for _, e := range d.Components {
		if len(e) == 1 {
			continue
		}
		h.entities[e["unique_id"].(string)] = e
		for key, v := range e {
			if strings.HasSuffix(key, "_topic") && !strings.HasSuffix(key, "command_topic") {
				topics = append(topics, v.(string))
			}
		}
	}
	for _, topic := range topics {
		if _, known := h.last[topic]; !known && topic != "" {
			h.last[topic] = ""
			go c.Subscribe(topic, 0, h.receive)
		}
	}
}

func (h *homeAssistant) receive(_ paho.Client, m paho.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	payload := string(m.Payload())
	h.last[m.Topic()] = payload
	h.log = append(h.log, m.Topic())
	h.judge(m.Topic())
	if strings.HasSuffix(m.Topic(), "/status") {
		if all := h.available[m.Topic()]; len(all) == 0 || all[len(all)-1] != payload {
			h.available[m.Topic()] = append(all, payload)
		}
	}
}

// judge notes a mode that a thermostat was not announced with, of which Home Assistant warns.
func (h *homeAssistant) judge(topic string) {
	for id, e := range h.entities {
		if e["mode_state_topic"] != topic || h.last[topic] == "" { // an empty message is that the zone is no more
			continue
		}
		modes, _ := e["modes"].([]any)
		if mode := h.render(id, "mode_state_topic", "mode_state_template"); !slices.Contains(modes, any(mode)) {
			h.mistakes = append(h.mistakes, fmt.Sprintf("%s shows mode %s, and is announced with %v", id, mode, modes))
		}
	}
}

// The forms of template that the agent uses. In the last three the condition is on one key.
var (
	haTemplate  = regexp.MustCompile(`^\{\{ value_json\.(\w+) \}\}$`)
	haInstead   = regexp.MustCompile(`^\{\{ '(\w+)' if value_json\.(\w+) == '(\w+)' else value_json\.(\w+) \}\}$`)
	haOneOf     = regexp.MustCompile(`^\{\{ value_json\.(\w+) if value_json\.\w+ in \[(.*)\] else '(\w+)' \}\}$`)
	haPartOfOne = regexp.MustCompile(`^\{\{ value_json\.(\w+)\.(\w+) if value_json\.\w+ else None \}\}$`)
)

// render gives what an entity shows for one of its topics, and nothing while nothing has come.
func (h *homeAssistant) render(id, topicKey, templateKey string) string {
	e := h.entities[id]
	topic, _ := e[topicKey].(string)
	template, _ := e[templateKey].(string)
	if template == "" {
		return h.last[topic]
	}
	var object map[string]any
	if json.Unmarshal([]byte(h.last[topic]), &object) != nil {
		return ""
	}
	return haRender(template, object)
}

// haRender gives what a template makes of JSON: None for null, True and False.
func haRender(template string, object map[string]any) string {
	if form := haTemplate.FindStringSubmatch(template); form != nil {
		return haText(object[form[1]])
	}
	if form := haInstead.FindStringSubmatch(template); form != nil {
		if haText(object[form[2]]) == form[3] {
			return form[1]
		}
		return haText(object[form[4]])
	}
	if form := haOneOf.FindStringSubmatch(template); form != nil {
		if text := haText(object[form[1]]); slices.Contains(strings.Split(form[2], ", "), "'"+text+"'") {
			return text
		}
		return form[3]
	}
	if form := haPartOfOne.FindStringSubmatch(template); form != nil {
		part, _ := object[form[1]].(map[string]any)
		return haText(part[form[2]])
	}
	return "a template of no known form"
}

func haText(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return strings.ToUpper(fmt.Sprint(v)[:1]) + fmt.Sprint(v)[1:]
	}
	return fmt.Sprint(v)
}

// shows waits until an entity shows something; keys are those of its topic, or
// "" for a sensor's.
func (h *homeAssistant) shows(id, property, want string) {
	h.t.Helper()
	topicKey, templateKey := property+"_topic", property+"_template"
	if property == "" {
		topicKey, templateKey = "state_topic", "value_template"
	}
	clitest.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if got := h.render(id, topicKey, templateKey); got != want {
			return fmt.Errorf("%s shows %s %q, want %q", id, property, got, want)
		}
		return nil
	})
}

// knows waits until the registry holds exactly these devices.
func (h *homeAssistant) knows(ids ...string) {
	h.t.Helper()
	slices.Sort(ids)
	clitest.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if got := slices.Sorted(maps.Keys(h.registry)); !slices.Equal(got, ids) {
			return fmt.Errorf("knows %q, want %q", got, ids)
		}
		return nil
	})
}

// discovers waits until this run has discovered these devices.
func (h *homeAssistant) discovers(ids ...string) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, id := range ids {
			if !h.run[id] {
				return fmt.Errorf("%s is not discovered; so far %q", id, h.log)
			}
		}
		return nil
	})
}

// forgets makes the log begin anew.
func (h *homeAssistant) forgets() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = nil
}

// hears waits until all of these came, one behind the other.
func (h *homeAssistant) hears(want ...string) {
	h.t.Helper()
	clitest.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		rest := h.log
		for _, what := range want {
			i := slices.Index(rest, what)
			if i < 0 {
				return fmt.Errorf("no %q where it should be in %q", what, h.log)
			}
			rest = rest[i+1:]
		}
		return nil
	})
}

// command says something on a command topic of an entity, as its options say.
func (h *homeAssistant) command(id, key, payload string) {
	h.t.Helper()
	h.mu.Lock()
	topic, _ := h.entities[id][key].(string)
	h.mu.Unlock()
	if topic == "" {
		h.t.Fatalf("%s has no %s", id, key)
	}
	if token := h.client.Publish(topic, 1, false, payload); !token.WaitTimeout(clitest.Patience) || token.Error() != nil {
		h.t.Fatalf("%s: %v", topic, token.Error())
	}
}

// setTemperature is the service climate.set_temperature: the mode first.
func (h *homeAssistant) setTemperature(climate, mode, temperature string) {
	h.t.Helper()
	h.command(climate, "mode_command_topic", mode)
	h.command(climate, "temperature_command_topic", temperature)
}

// wasAvailable gives what the availability topic said over all runs, without repetitions.
func (h *homeAssistant) wasAvailable() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.available["thermostat/cabin/status"])
}
