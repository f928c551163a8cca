package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	"thermostat/agent/config"
	"thermostat/agent/devices"
	"thermostat/drivers"
	"thermostat/mqtt/device"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// triedDevice is a row of docs/devices.md's tables: a device, what to write, and the
// recordings with which that was tried.
type triedDevice struct {
	name, write string
	stale       string // of a sensor
	recordings  []string
}

// triedDevices reads the table that begins so.
func triedDevices(t *testing.T, head string) (rows []triedDevice) {
	t.Helper()
	text, err := os.ReadFile("../docs/devices.md")
	_, table, found := strings.Cut(string(text), "\n"+head)
	if err != nil || !found {
		t.Fatal(head, err)
	}
	for line := range strings.Lines(table) {
		switch {
		case !strings.HasPrefix(line, "|") && len(rows) > 0:
			return rows
		case !strings.HasPrefix(line, "|"), strings.HasPrefix(line, "|-"): // the rest of the head
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		code := regexp.MustCompile("`([^`]+)`").FindStringSubmatch(cells[min(1, len(cells)-1)])
		if len(cells) < 4 || code == nil {
			t.Errorf("a row without what to write: %s", line)
			continue
		}
		row := triedDevice{name: strings.TrimSpace(cells[0]), write: code[1]}
		row.stale = regexp.MustCompile(`^\d+[smh]`).FindString(strings.TrimSpace(cells[len(cells)-2]))
		folder, files, _ := strings.Cut(strings.TrimSpace(cells[len(cells)-1]), "/ ")
		for file := range strings.SplitSeq(files, ", ") {
			row.recordings = append(row.recordings, filepath.Join(folder, file))
		}
		rows = append(rows, row)
	}
	return rows
}

// recorded is a file of mqtt/device/testdata: what a device published, and when.
type recorded struct {
	Steps []struct {
		Celsius   json.RawMessage
		Told      string
		Payload   string
		Published []struct {
			Topic   string
			Payload json.RawMessage
		}
	}
}

// message is one of them, with the temperature that its device had measured.
type message struct {
	topic, payload string
	celsius        float64
	nothing        bool // it means no temperature that counts
}

// messagesOf reads a recording; "itself" is `thermostat heater`. Told are its commands by topic.
func messagesOf(t *testing.T, name string) (all []message, told map[string][]string) {
	t.Helper()
	told = map[string][]string{}
	if name == "itself" {
		own := &pb.SensorData{SensorID: proto.Int32(7), Temperature: proto.Float64(21.5)}
		off := &pb.HeaterControl{SensorID: proto.Int32(7), Command: pb.HeaterCommand_Off.Enum()}
		return []message{{"thermostat/heaters/7/sensor", string(wire.Marshal(own)), 21.5, false}, {"thermostat/heaters/7/heater", string(wire.Marshal(off)), 0, false}}, told
	}
	text, err := os.ReadFile("../mqtt/device/testdata/" + name + ".json")
	var r recorded
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(name, err)
	}
	measured := math.NaN()
	for _, step := range r.Steps {
		_ = json.Unmarshal(step.Celsius, &measured)
		told[step.Told] = append(told[step.Told], step.Payload)
		for _, m := range step.Published {
			payload := string(m.Payload)
			_ = json.Unmarshal(m.Payload, &payload) // a text
			all = append(all, message{m.Topic, payload, measured, string(step.Celsius) == "null"})
		}
	}
	return all, told
}

// nameIn finds what NAME of a topic is in a recording; the topic itself where it has none.
func nameIn(messages []message, topic string) (name string, found bool) {
	is := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(topic), "NAME", "([^/]+)") + "$")
	for _, m := range messages {
		if part := is.FindStringSubmatch(m.topic); part != nil {
			return strings.Join(part[1:], ""), true
		}
	}
	return "", false
}

// openTried opens a sensor and a relay as the agent does, from a configuration.
func openTried(t *testing.T, sensor, relay, stale string) (devices.Opened, *device.Group, config.Zone) {
	t.Helper()
	text := fmt.Sprintf("device: t\nmqtt: {brokers: ['mqtt://127.0.0.1']}\nzones:\n  - name: z\n    sensor_id: 7\n    sensor: {driver: mqtt, %s}\n    heater: {driver: mqtt, %s}\n    timing: {stale_after: %s}\n", sensor, relay, stale)
	c, complaints := config.Read("row.yaml", []byte(text))
	if len(complaints) > 0 {
		t.Fatalf("%v\n%s", complaints, text)
	}
	group := device.NewGroup(slog.New(slog.DiscardHandler))
	group.Contain = func(_ string, f func()) { f() }
	d, err := c.Zones[0].Devices.Open(drivers.NewHardware(t.TempDir()), group)
	if err != nil {
		t.Fatal(err, text)
	}
	return d, group, c.Zones[0]
}

var topicKey = regexp.MustCompile(`(?:^|, )topic: ([^,]+)`)

// TestEachSensorInTheDocumentsWasTried: with what a row says to write the agent takes, of
// each of its recordings, what the device has measured, and nothing else.
func TestEachSensorInTheDocumentsWasTried(t *testing.T) {
	rows := triedDevices(t, "| sensor |")
	for _, row := range rows {
		for _, recording := range row.recordings {
			t.Run(row.name+" "+recording, func(t *testing.T) {
				messages, _ := messagesOf(t, strings.TrimPrefix(recording, "itself/"))
				topic := topicKey.FindStringSubmatch(row.write)[1]
				name, found := nameIn(messages, topic)
				if !found {
					t.Fatalf("no message on %s", topic)
				}
				d, group, zone := openTried(t, strings.ReplaceAll(row.write, "NAME", name), "topic: other", row.stale)
				taken := 0
				for _, m := range messages {
					if !group.Take(m.topic, []byte(m.payload), false) {
						continue
					}
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					r, err := d.Sensor.Read(ctx)
					cancel()
					if err == nil && !(zone.Params.PlausibleMin <= r.Celsius && r.Celsius <= zone.Params.PlausibleMax) {
						continue // no reading for the zone
					}
					if other := strings.Contains(row.write, "probe"); err == nil && (m.nothing || !other && !(math.Abs(r.Celsius-m.celsius) < 0.005)) {
						t.Errorf("%s is %v °C, but %v was measured", m.payload, r.Celsius, m.celsius)
					}
					if err == nil {
						taken++
					}
				}
				if taken == 0 {
					t.Error("nothing was taken")
				}
			})
		}
	}
	if len(rows) < 25 {
		t.Errorf("%d rows", len(rows))
	}
}

// postbox is a connection that takes what is published, and answers nothing else.
type postbox struct {
	paho.Client
	mu   sync.Mutex
	sent []string // topic and payload
}

type delivered struct{ paho.Token }

func (delivered) WaitTimeout(time.Duration) bool { return true }
func (delivered) Error() error                   { return nil }
func (delivered) Done() <-chan struct{}          { done := make(chan struct{}); close(done); return done }

type unanswered struct{ paho.Token }

func (unanswered) WaitTimeout(time.Duration) bool { return false }

func (p *postbox) IsConnectionOpen() bool { return true }
func (p *postbox) Subscribe(string, byte, paho.MessageHandler) paho.Token {
	return unanswered{}
}
func (p *postbox) SubscribeMultiple(map[string]byte, paho.MessageHandler) paho.Token {
	return unanswered{}
}
func (p *postbox) Publish(topic string, _ byte, _ bool, payload any) paho.Token {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, topic+" "+string(payload.([]byte)))
	return delivered{}
}

func (p *postbox) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[len(p.sent)-1]
}

// TestEachRelayInTheDocumentsWasTried: with what a row says to write the agent says what the
// recorded device understands, and hears of it where it is.
func TestEachRelayInTheDocumentsWasTried(t *testing.T) {
	rows := triedDevices(t, "| relay |")
	for _, row := range rows {
		for _, recording := range row.recordings {
			t.Run(row.name+" "+recording, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tryRelay(t, row.write, strings.TrimPrefix(recording, "itself/")) })
			})
		}
	}
	if len(rows) < 8 {
		t.Errorf("%d rows", len(rows))
	}
}

func tryRelay(t *testing.T, write, recording string) {
	messages, told := messagesOf(t, recording)
	state := regexp.MustCompile(`state_topic: ([^,]+)`).FindStringSubmatch(write + ", state_topic: " + topicKey.FindStringSubmatch(write)[1])[1]
	name, found := nameIn(messages, state)
	if !found {
		t.Fatalf("no message on %s", state)
	}
	write, state = strings.ReplaceAll(write, "NAME", name), strings.ReplaceAll(state, "NAME", name)
	d, group, zone := openTried(t, "topic: other", write, "1h")
	box := &postbox{}
	group.Connected(box, func() {})
	ctx, end := context.WithCancel(t.Context())
	go group.Run(ctx)
	defer synctest.Wait()
	defer end()

	// demands says a demand again and again, as a zone does, and gives what comes of it in the end.
	demands := func(on bool, seconds int) (err error) {
		for range seconds {
			err = d.Heater.Set(on)
			time.Sleep(time.Second)
		}
		return err
	}
	said := map[bool]string{}
	for _, on := range []bool{false, true} {
		if strings.Contains(write, "state_topic") { // what it says of itself by then
			group.Take(state, []byte(stateOf(messages, state, false, write)), false)
		}
		_ = demands(on, 3+int(zone.Params.MinOff.Seconds()))
		topic, payload, _ := strings.Cut(box.last(), " ")
		said[on] = payload
		if recording != "itself" && !slices.Contains(told[topic], payload) {
			t.Errorf("%s on %s was not tried: %q", payload, topic, told)
		}
	}
	if recording == "itself" {
		on, errOn := wire.DecodeCommand(7, []byte(said[true]))
		off, errOff := wire.DecodeCommand(7, []byte(said[false]))
		if !on || off || errOn != nil || errOff != nil {
			t.Errorf("On is %q, Off %q", said[true], said[false])
		}
		return
	}
	group.Take(state, []byte(stateOf(messages, state, true, write)), false)
	if err := demands(true, 70); err != nil {
		t.Errorf("it says that it is on, and: %v", err)
	}
	group.Take(state, []byte(stateOf(messages, state, false, write)), false)
	if err := demands(true, 12); err == nil {
		t.Error("it says that it is off, and nobody hears it")
	}
}

// stateOf is a message of the recording that says On, or Off: by its words, as a person reads them.
func stateOf(messages []message, state string, on bool, write string) string {
	word := map[bool]string{true: `(?i)^on$|"(state|state_l1|POWER)":"ON"|"output": ?true|"system_mode":"heat"`, false: `(?i)^off$|"(state|state_l1|POWER)":"OFF"|"output": ?false|"system_mode":"off"`}[on]
	for _, m := range messages {
		if m.topic == state && regexp.MustCompile(word).MatchString(m.payload) {
			return m.payload
		}
	}
	return "none in the recording: " + write
}

// TestThePlugsThatKnowOnTimeAreCounted: the document's figures are those of Zigbee2MQTT.
func TestThePlugsThatKnowOnTimeAreCounted(t *testing.T) {
	text, err := os.ReadFile("../mqtt/device/testdata/plugs.json")
	var plugs struct {
		Relays int
		OnTime int `json:"on_time"`
	}
	if err == nil {
		err = json.Unmarshal(text, &plugs)
	}
	want := fmt.Sprintf("Of %d plugs and relays that Zigbee2MQTT", plugs.Relays)
	and := fmt.Sprintf("passes `on_time` on to %d.", plugs.OnTime)
	if page := pages(t)["../docs/devices.md"]; err != nil || !strings.Contains(page, want) || !strings.Contains(page, and) {
		t.Errorf("docs/devices.md does not say %q and %q (%v)", want, and, err)
	}
}
