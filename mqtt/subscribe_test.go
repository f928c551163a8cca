package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/device"
	"thermostat/mqtt/homeassistant"
	"thermostat/mqtt/wire"
)

// choosy is a broker with limits: of how many topics a SUBSCRIBE may have (AWS
// IoT ends the connection over more than 8), and that it gives what it retains
// only to who names a topic exactly (RabbitMQ).
type choosy struct {
	mochi.HookBase
	most  int // 0: any number
	exact bool

	mu    sync.Mutex
	asked []string
	over  int // SUBSCRIBEs with more
}

func (c *choosy) ID() string           { return "choosy" }
func (c *choosy) Provides(b byte) bool { return b == mochi.OnSubscribe }

func (c *choosy) OnSubscribe(cl *mochi.Client, p packets.Packet) packets.Packet {
	if cl.Net.Inline {
		return p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range p.Filters {
		c.asked = append(c.asked, f.Filter)
		if c.exact && strings.ContainsAny(f.Filter, "+#") {
			p.Filters[i].RetainHandling = 2 // MQTT 5, 3.8.3.1: send none at the time of the subscription
		}
	}
	if c.most > 0 && len(p.Filters) > c.most {
		c.over++
		cl.Stop(packets.ErrQuotaExceeded)
	}
	return p
}

// TestNoSubscriptionHasMoreThanEightTopics: a broker that ends a connection over
// more hears from every topic of an agent with many zones and devices, and from
// those of a watcher and a heater, and the setpoints are synced.
func TestNoSubscriptionHasMoreThanEightTopics(t *testing.T) {
	inHouse(t, func(h *house) {
		limits := &choosy{most: 8}
		h.add(limits)
		d := device.NewGroup(slog.New(slog.DiscardHandler))
		var want []string
		for i := range 25 {
			d.Sensor(device.SensorSpec{SensorID: int32(i + 100), Topic: fmt.Sprintf("there/%d", i), Format: "auto"})
			want = append(want, fmt.Sprintf("there/%d", i))
		}
		h.devices, h.sensor, h.relay = d, fakeSensor{18}, fakeRelay{}
		h.change = func(o *Options) {
			o.Discovery, o.Info = "ha", func() wire.Info { return wire.Info{} }
			for i := range 12 { // each prefix of old has a birth topic of its own
				o.Gone = append(o.Gone, homeassistant.Announced{Discovery: fmt.Sprintf("old%d", i)})
				want = append(want, fmt.Sprintf("old%d/status", i))
			}
			for i := range 30 {
				z := livingZone()
				z.Name, z.SensorID = fmt.Sprintf("z%d", i), int32(i+1000)
				o.Zones = append(o.Zones, z)
				want = append(want, "thermostat/cabin/"+z.Name+"/control")
			}
		}
		h.publish("living/control", `{"desired":22}`, true)
		h.startAgent(18)
		time.Sleep(20 * time.Second)
		if s := h.state(); s.Desired == nil || *s.Desired != 22 {
			t.Errorf("state %+v", s)
		}
		want = append(want, "ha/status", "homeassistant/status", "thermostat/cabin/+/set/+", "thermostat/cabin/status", "thermostat/cabin/info", "thermostat/cabin/living/control")
		r := h.person()
		defer r.Close()
		ctx, end := context.WithTimeout(context.Background(), 5*time.Second)
		defer end()
		must(t, r.Watch(ctx, "", func(client.Event) {}))
		limits.mu.Lock()
		defer limits.mu.Unlock()
		for _, topic := range want {
			if !slices.Contains(limits.asked, topic) {
				t.Errorf("nobody asked for %s", topic)
			}
		}
		if limits.over > 0 {
			t.Errorf("%d subscriptions of more than 8 topics", limits.over)
		}
	})
}

// TestARefusalAmongManyTopicsIsFound: wherever it stands.
func TestARefusalAmongManyTopicsIsFound(t *testing.T) {
	for _, which := range []int{0, 7, 8, 19} {
		inHouse(t, func(h *house) {
			h.startAgent(18)
			time.Sleep(time.Second)
			client, _, failed := broker.Connect(context.Background(), broker.Login{Access: h.access(), ClientID: "anybody"}, nil)
			if client == nil {
				t.Fatal(failed)
			}
			defer broker.Leave(client)
			var topics []string
			for i := range 20 {
				topics = append(topics, fmt.Sprintf("some/%d", i))
			}
			h.door.deny(topics[which])
			if err := broker.Subscribe(client, topics).Granted(context.Background()); err == nil || !strings.HasSuffix(err.Error(), "to "+topics[which]) {
				t.Errorf("%s: %v", topics[which], err)
			}
			h.door.deny("")
			if err := broker.Subscribe(client, topics).Granted(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// person is a [Remote] at the house's broker.
func (h *house) person() *client.Client {
	h.t.Helper()
	r, err := client.Connect(context.Background(), h.access())
	must(h.t, err)
	return r
}

// TestSetAndWatchWorkWhereOnlyExactTopicsAreRetained: set finds the zone of a device that is
// named, and keeps its mode; watch sees every zone of a device that is named at
// once, and of another as soon as a word of it comes.
func TestSetAndWatchWorkWhereOnlyExactTopicsAreRetained(t *testing.T) {
	inHouse(t, func(h *house) {
		h.add(&choosy{exact: true})
		h.change = func(o *Options) { // a room beside that has told its state long ago
			attic := livingZone()
			attic.Name, attic.SensorID = "attic", 8
			o.Zones = append(o.Zones, attic)
			o.Info = func() wire.Info {
				return wire.Info{Zones: map[string]wire.ZoneInfo{"living": {SensorID: 7}, "attic": {SensorID: 8}}}
			}
		}
		h.publish("living/control", `{"desired":21,"mode":"heat","up_delta":0.7}`, true)
		h.publish("attic/state", `{"zone":"attic"}`, true)
		h.startAgent(18)
		time.Sleep(10*time.Second + pulse/2)
		desired := 22.0
		r := h.person()
		a, err := r.Set(context.Background(), client.Request{Device: "cabin", Zone: "living", Desired: &desired})
		if err != nil || !a.Applied || *a.Desired != 22 || *a.UpDelta != 0.7 {
			t.Errorf("%+v, %v", a, err)
		}
		r.Close()
		time.Sleep(10 * time.Second)
		for device, within := range map[string]time.Duration{"cabin": 3 * time.Second, "": 65 * time.Second} {
			if missed := h.unseen(device, within); len(missed) > 0 {
				t.Errorf("watch of device %q does not see %v within %v", device, missed, within)
			}
		}
		r = h.person()
		defer r.Close()
		if _, err := r.Clear(context.Background(), "", "living"); err == nil || !strings.Contains(err.Error(), "--device") {
			t.Errorf("%v", err)
		}
	})
}

// unseen gives which of the house's zones, and whether its presence, a watcher does not see in time.
func (h *house) unseen(device string, within time.Duration) []string {
	r := h.person()
	defer r.Close()
	ctx, end := context.WithTimeout(context.Background(), within)
	defer end()
	missed := map[string]bool{"living": true, "attic": true, "presence": true}
	must(h.t, r.Watch(ctx, device, func(s client.Event) {
		delete(missed, s.Zone)
		if s.Online != nil && *s.Online {
			delete(missed, "presence")
		}
	}))
	var all []string
	for name := range missed {
		all = append(all, name)
	}
	return all
}

// TestOnlyTheConfiguredOnlineTopicCounts: only it makes the agent announce again.
func TestOnlyTheConfiguredOnlineTopicCounts(t *testing.T) {
	for own, births := range map[string][]string{
		"":               {"ha/status", "homeassistant/status"},
		"hass/is/online": {"hass/is/online"},
	} {
		inHouse(t, func(h *house) {
			h.change = func(o *Options) { o.Discovery, o.Birth = "ha", own }
			h.startAgent(18)
			time.Sleep(10 * time.Second)
			config := strings.Replace(zoneTopic, "homeassistant", "ha", 1)
			for _, topic := range []string{"ha/status", "homeassistant/status", "hass/is/online"} {
				_, before := h.told(config)
				h.say(topic, "online", false)
				time.Sleep(10 * time.Second)
				_, after := h.told(config)
				if answered := after > before; answered != slices.Contains(births, topic) {
					t.Errorf("birth_topic %q: a birth on %s is answered: %v", own, topic, answered)
				}
			}
		})
	}
}

// lines counts log lines.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

// with counts the lines with a text.
func (l *lines) with(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// TestRefusalsByTheThousandAreFewLines: whoever floods a zone with nonsense, on
// any of its topics or the page, fills no card: a few lines at once, one a minute
// after that, which says how many were left out. Each refusal is answered all
// the same, and another zone's are told.
func TestRefusalsByTheThousandAreFewLines(t *testing.T) {
	inHouse(t, func(h *house) {
		var log lines
		h.change = func(o *Options) {
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
			attic := livingZone()
			attic.Name, attic.SensorID = "attic", 8
			o.Zones = append(o.Zones, attic)
		}
		h.startAgent(18)
		time.Sleep(15 * time.Second)
		for i := range 2000 {
			h.publish("living/control", fmt.Sprintf(`{"desired":%d}`, 100+i), false)
			h.publish("living/set/desired", fmt.Sprintf("warm %d", i), false)
			h.publish("living/set/mode", fmt.Sprintf("cosy %d", i), i%2 == 0)
			_, err := h.session.Submit(context.Background(), "living", "page", fmt.Appendf(nil, `{"desired":%d}`, 100+i))
			must(t, err)
			time.Sleep(150 * time.Millisecond)
		}
		if n := log.with("zone=living") + log.with("living/set/mode"); n < 5 || n > 5+6 {
			t.Errorf("%d lines in 5 minutes", n)
		}
		if n := h.counted("living/ack"); n < 6000 {
			t.Errorf("%d of 7000 refusals are answered", n)
		}
		h.publish("attic/set/mode", "cosy", false)
		time.Sleep(2 * time.Minute)
		h.publish("living/set/mode", "cosy", false)
		synctest.Wait()
		if log.with("zone=attic") != 1 || log.with("not_logged_before=") < 2 {
			t.Errorf("%q", log.all)
		}
	})
}
