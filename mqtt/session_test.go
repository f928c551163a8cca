package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/device"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// pipes is a network of one process, so that a bubble's clock can run: real
// sockets would hold it.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() (net.Conn, error) {
	a, b := net.Pipe()
	select {
	case p.conns <- b:
		return a, nil
	case <-p.done:
		return nil, errors.New("connection refused")
	}
}

// fakeSensor always measures the same.
type fakeSensor struct{ celsius float64 }

func (f fakeSensor) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Temperature(f.celsius, time.Now()), nil
}

type fakeRelay struct{}

func (fakeRelay) Set(bool) error { return nil }

// house is an agent with one real zone and a broker, all inside one bubble.
type house struct {
	t       *testing.T
	pipes   *pipes
	server  *mochi.Server
	session *Session
	zone    *controlloop.Zone
	change  func(*Options)                                                  // before the session is made; may be nil
	plan    func(controlloop.Setpoint, controlloop.Look) controlloop.Target // of the zone; may be nil
	after   func()                                                          // after each step of the zone; may be nil
	door    door
	minOff  time.Duration    // of the zone
	devices *device.Group    // nil: sensor and relay are fakes
	spec    device.RelaySpec // of the relay among them
	sensor  controlloop.Sensor
	relay   controlloop.Relay
	cancel  context.CancelFunc
	wait    sync.WaitGroup

	mu    sync.Mutex
	log   []string // what the broker saw and what was saved, in order
	saved setpoint.Memory
	fails error // of saving
	last  map[string][]byte
	count map[string]int
}

func newHouse(t *testing.T) *house {
	// One processor: the race detector of Go 1.26 crashes now and then where two
	// threads run timers of one bubble at once, since they share one context.
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	h := &house{t: t, last: map[string][]byte{}, count: map[string]int{}}
	h.startBroker()
	return h
}

func (h *house) startBroker() {
	h.mu.Lock()
	h.pipes = newPipes()
	h.mu.Unlock()
	caps := mochi.NewDefaultServerCapabilities()
	caps.MaximumMessageExpiryInterval = 0
	h.server = mochi.New(&mochi.Options{Capabilities: caps, InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	must(h.t, h.server.AddHook(&h.door, nil))
	must(h.t, h.server.AddListener(listeners.NewNet("t", h.pipes)))
	must(h.t, h.server.Subscribe("#", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.log = append(h.log, p.TopicName)
		h.last[p.TopicName] = p.Payload
		h.count[p.TopicName]++
	}))
	go h.server.Serve()
}

func (h *house) stopBroker() {
	h.pipes.Close()
	synctest.Wait() // a connection that was taken just now: the library begins it and ends without a lock
	must(h.t, h.server.Close())
}

// startAgent starts zone and session with what is on disk.
func (h *house) startAgent(celsius float64) { h.startAgentThat(celsius, func(*Session) {}) }

func (h *house) startAgentThat(celsius float64, does func(*Session)) {
	z := livingZone()
	z.Memory = h.saved
	z.Setpoints, z.Alarms = mailbox.New[controlloop.Setpoint](), controlloop.NewAlarms()
	o := Options{
		Access: h.access(), Device: "cabin", Instance: "word",
		Zones: []setpoint.Zone{z}, StateEvery: time.Minute, Log: slog.New(slog.DiscardHandler),
		Info: func() wire.Info { return wire.Info{Version: "test"} },
		Save: h.save,
	}
	if h.change != nil {
		h.change(&o)
	}
	var sensor controlloop.Sensor = fakeSensor{celsius}
	var relay controlloop.Relay = fakeRelay{}
	if h.devices != nil {
		o.Devices, sensor, relay = h.devices, h.sensor, h.relay
	}
	o.Zones[0].Params.MinOff = h.minOff
	h.session = NewSession(o)
	does(h.session)
	h.zone = &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: o.Zones[0].Params, Sensor: sensor, Heater: relay,
		Setpoints: z.Setpoints, Alarms: z.Alarms, Observe: h.observe, Plan: h.plan,
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	sctx, scancel := context.WithCancel(context.Background())
	h.wait.Go(func() { h.session.Run(sctx) })
	h.wait.Go(func() {
		h.zone.Run(ctx, h.session.Start(z.Name))
		scancel()
	})
}

// livingZone is the zone of the house.
func livingZone() setpoint.Zone {
	return setpoint.Zone{
		Name: "living", SensorID: 7,
		Params: controlloop.Params{
			Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3,
			PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5, Sample: time.Second, StaleAfter: 5 * time.Second,
		},
		Default:   controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.3, DownDelta: 0.3, Source: "config"},
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Alarms:    controlloop.NewAlarms(),
	}
}

// access is the way to the broker.
func (h *house) access() broker.Access {
	return broker.Access{Brokers: []string{"mqtt://pipe"}, Prefix: "thermostat", Dial: h.dial}
}

func (h *house) dial(*url.URL) (net.Conn, error) {
	h.mu.Lock()
	network := h.pipes
	h.mu.Unlock()
	return network.dial()
}

func (h *house) observe(s controlloop.Snapshot) {
	h.session.Observe(s)
	if h.after != nil {
		h.after()
	}
}

func (h *house) stopAgent() {
	h.cancel()
	h.wait.Wait()
}

func (h *house) save(_ string, m setpoint.Memory) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fails != nil {
		return h.fails
	}
	h.log = append(h.log, "saved")
	h.saved = m
	return nil
}

func (h *house) publish(topic, payload string, retained bool) {
	must(h.t, h.server.Publish("thermostat/cabin/"+topic, []byte(payload), retained, 0))
}

// retained gives what the broker retains on a topic of the device.
func (h *house) retained(topic string) []byte {
	if p, ok := h.server.Topics.Retained.Get("thermostat/cabin/" + topic); ok {
		return p.Payload
	}
	return nil
}

func (h *house) state() report.State {
	var r report.State
	must(h.t, json.Unmarshal(h.retained("living/state"), &r))
	return r
}

// ack gives the last answer and how many there were.
func (h *house) ack() (a setpoint.Answer, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if payload := h.last["thermostat/cabin/living/ack"]; payload != nil {
		must(h.t, json.Unmarshal(payload, &a))
	}
	return a, h.count["thermostat/cabin/living/ack"]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inHouse runs a test with an agent at 18 °C in a house that ends tidily.
func inHouse(t *testing.T, test func(h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		test(h)
		h.stopAgent()
		h.stopBroker()
		time.Sleep(time.Minute) // the last back-off and paho's goroutines end
	})
}

func TestRetainedControlIsTheSetpointAfterStart(t *testing.T) {
	inHouse(t, func(h *house) {
		h.publish("living/control", `{"desired":21.5,"mode":"heat","id":"first"}`, true)
		h.startAgent(18)
		time.Sleep(3 * time.Second)
		s := h.state()
		if *s.Desired != 21.5 || s.Source != "broker" || *s.Heater != "on" || s.Action != "heating" {
			t.Errorf("state %+v", s)
		}
		if string(h.retained("status")) != "online" {
			t.Errorf("status %q", h.retained("status"))
		}
		var c pb.HeaterControl
		must(t, proto.Unmarshal(h.retained("living/heater"), &c))
		if c.GetCommand() != pb.HeaterCommand_On || c.SensorID == nil || *c.SensorID != 7 {
			t.Errorf("heater %v", &c)
		}
		if a, n := h.ack(); n != 1 || !a.Applied || *a.ID != "first" || *a.Desired != 21.5 || a.Mode != "heat" {
			t.Errorf("%d answers, last %+v", n, a)
		}
		if string(h.saved.Cur) != `{"desired":21.5,"mode":"heat","id":"first"}` {
			t.Errorf("saved %q", h.saved.Cur)
		}
	})
}

// TestRelayHeaterStateDiskAckInThisOrder: relay, heater, state, saved to disk, ack.
func TestRelayHeaterStateDiskAckInThisOrder(t *testing.T) {
	inHouse(t, func(h *house) {
		h.startAgent(20)
		time.Sleep(20 * time.Second)
		h.mu.Lock()
		h.log = nil
		h.mu.Unlock()
		h.publish("living/control", `{"desired":25}`, true)
		time.Sleep(100 * time.Millisecond)
		h.mu.Lock()
		defer h.mu.Unlock()
		at := func(what string) int { return slices.Index(h.log, what) }
		heater, state := at("thermostat/cabin/living/heater"), at("thermostat/cabin/living/state")
		saved, ack := at("saved"), at("thermostat/cabin/living/ack")
		if heater < 0 || saved < 0 || !(heater < state && state < ack && saved < ack) {
			t.Errorf("order %v", h.log)
		}
	})
}

// TestAChangeInAnOutageIsPublishedAfterIt: three hours without a broker; a change made meanwhile is said
// again to one that forgot everything.
func TestAChangeInAnOutageIsPublishedAfterIt(t *testing.T) {
	inHouse(t, func(h *house) {
		h.publish("living/control", `{"desired":21}`, true)
		h.startAgent(18)
		time.Sleep(time.Minute)
		h.stopBroker()
		time.Sleep(time.Hour)
		a, err := h.session.Submit(context.Background(), "living", "page", []byte(`{"desired":22}`))
		if err != nil || !a.Applied || *a.Desired != 22 {
			t.Fatalf("%+v %v", a, err)
		}
		if string(h.saved.Cur) == "" || h.saved.N != 1 {
			t.Errorf("saved %+v", h.saved)
		}
		time.Sleep(2 * time.Hour)
		h.startBroker()
		time.Sleep(2 * time.Minute)
		c, err := setpoint.DecodeControl(h.retained("living/control"))
		if err != nil || c.GetDesired() != 22 || c.GetSource() != "page" {
			t.Errorf("the new broker retains %v (%v)", c, err)
		}
		if s := h.state(); *s.Desired != 22 || s.Source != "page" {
			t.Errorf("state %+v", s)
		}
		if string(h.retained("status")) != "online" {
			t.Errorf("status %q", h.retained("status"))
		}
	})
}

// TestASetpointOutlivesARestartWithoutBroker: the last acknowledged setpoint holds.
func TestASetpointOutlivesARestartWithoutBroker(t *testing.T) {
	inHouse(t, func(h *house) {
		h.startAgent(18)
		h.publish("living/control", `{"desired":23}`, true)
		time.Sleep(10 * time.Second)
		h.stopAgent()
		h.stopBroker()
		h.startAgent(18)
		time.Sleep(time.Minute)
		if sp := h.session.Start("living"); sp.Desired != 23 || sp.Source != "memory" {
			t.Errorf("starts with %+v", sp)
		}
		h.startBroker()
		time.Sleep(2 * time.Minute)
		if s := h.state(); *s.Desired != 23 {
			t.Errorf("state %+v", s)
		}
		if c, err := setpoint.DecodeControl(h.retained("living/control")); err != nil || c.GetDesired() != 23 || c.GetSource() != "broker" {
			t.Errorf("said again to a broker that forgot it: %v (%v)", c, err)
		}
	})
}

func TestPlainTextTopicsSetAndClear(t *testing.T) {
	inHouse(t, func(h *house) {
		h.publish("living/set/desired", "27", true) // retained: must be ignored
		h.startAgent(18)
		time.Sleep(20 * time.Second)
		if s := h.state(); *s.Desired != 19 || s.Source != "config" {
			t.Fatalf("a retained command was obeyed: %+v", s)
		}
		for _, c := range []struct {
			topic, payload string
			applied        bool
			desired        float64
			mode           string
		}{
			{"living/set/desired", "21.5", true, 21.5, "heat"},
			{"living/set/mode", "off", true, 21.5, "off"},
			{"living/set/desired", "22", true, 22, "off"}, // only local changes merge
			{"living/set/mode", "cool", false, 22, "off"},
			{"living/set/desired", "99", false, 22, "off"},
			{"living/set/desired", "NaN", false, 22, "off"},
			{"living/set/desired", "2_1", false, 22, "off"},
			{"living/set/desired", "1_9.5", false, 22, "off"},
			{"living/set/desired", "0x1.8p4", false, 22, "off"},
			{"living/set/desired", "+21", false, 22, "off"},
			{"living/set/desired", "\u00a021", false, 22, "off"},
			{"living/set/desired", "warm", false, 22, "off"},
			{"living/set/power", "on", true, 22, "heat"}, // the configured one
			{"living/set/power", "yes", false, 22, "heat"},
			{"living/set/clear", "", true, 22, "heat"},
		} {
			_, before := h.ack()
			h.publish(c.topic, c.payload, false)
			time.Sleep(2 * time.Second)
			a, n := h.ack()
			if n != before+1 || a.Applied != c.applied || *a.Desired != c.desired || a.Mode != c.mode || a.Applied == (a.Reason != "") {
				t.Errorf("%s %q: %d answers, %+v", c.topic, c.payload, n-before, a)
			}
			if s := h.state(); *s.Desired != c.desired || s.Mode != c.mode {
				t.Errorf("%s %q: state %v %s", c.topic, c.payload, *s.Desired, s.Mode)
			}
		}
		kept, err := setpoint.DecodeControl(h.retained("living/control"))
		if err != nil || kept.GetDesired() != 22 || kept.GetSource() != "home_assistant" || kept.GetId() != "word/4" {
			t.Errorf("retained %v (%v)", kept, err)
		}
	})
}

func TestAControlThatIsNotSavedIsAnsweredSo(t *testing.T) {
	inHouse(t, func(h *house) {
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		h.mu.Lock()
		h.fails = errors.New("disk full")
		h.mu.Unlock()
		h.publish("living/control", `{"desired":21}`, true)
		time.Sleep(2 * time.Second)
		if a, _ := h.ack(); !a.Applied || a.Reason != "not saved" {
			t.Errorf("%+v", a)
		}
	})
}

func TestALateWillIsContradicted(t *testing.T) {
	inHouse(t, func(h *house) {
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		h.publish("status", "offline", true)
		time.Sleep(time.Second)
		if got := string(h.retained("status")); got != "online" {
			t.Errorf("status %q", got)
		}
	})
}

func TestTheLastStatesAndOfflineArePublishedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.publish("living/control", `{"desired":25}`, true)
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		h.stopAgent()
		if got := string(h.retained("status")); got != "offline" {
			t.Errorf("status %q", got)
		}
		s := h.state()
		if *s.Heater != "off" || s.Reason != controlloop.ReasonStopped {
			t.Errorf("state %+v", s)
		}
		h.stopBroker()
		time.Sleep(time.Minute)
	})
}

// TestChangesAreToldAtMostOnceASecond: changes are told at most once a second, a relay at
// once, and all of it once a minute.
func TestChangesAreToldAtMostOnceASecond(t *testing.T) {
	t0 := time.Now()
	snap := func(celsius float64, at time.Duration, relay controlloop.RelayState) controlloop.Snapshot {
		s := controlloop.Snapshot{Zone: "z", Time: t0.Add(at), Fresh: true, Sensor: controlloop.VerdictOK, HasHeater: true, HeaterRelay: relay}
		s.State.Reading = controlloop.Temperature(celsius, t0.Add(at))
		s.Setpoint.Desired, s.Setpoint.UpDelta = 20, math.Pi
		return s
	}
	var tel telemetry
	told := func(at time.Duration, s controlloop.Snapshot) (heater, state int) {
		tel.latest, tel.known = s, true
		count := func(m outgoing) {
			switch m.topic {
			case "p/d/z/heater":
				heater++
			case "p/d/z/state":
				state++
			}
		}
		tel.relays(t0.Add(at), wire.NewTopics("p", "d"), count)
		tel.state(t0.Add(at), wire.NewTopics("p", "d"), time.Minute, count)
		if state > 0 && heater > 0 {
			t.Error("the state does not give way to the relay")
		}
		tel.state(t0.Add(at+relayHeadStart), wire.NewTopics("p", "d"), time.Minute, count)
		return heater, state
	}
	for _, step := range []struct {
		name          string
		at            time.Duration
		celsius       float64
		relay         controlloop.RelayState
		heater, state int
	}{
		{"everything is told first", 0, 20, controlloop.RelayOff, 1, 1},
		{"0.1 K within a second waits", 500 * time.Millisecond, 20.1, controlloop.RelayOff, 0, 0},
		{"and is told after it", time.Second, 20.1, controlloop.RelayOff, 0, 1},
		{"0.05 K is not told", 3 * time.Second, 20.15, controlloop.RelayOff, 0, 0},
		{"a relay is told at once", 3100 * time.Millisecond, 20.15, controlloop.RelayOn, 1, 1},
		{"an On is said again after 10 s", 13100 * time.Millisecond, 20.15, controlloop.RelayOn, 1, 0},
		{"an Off is not", 13200 * time.Millisecond, 20.15, controlloop.RelayOff, 1, 1},
		{"for a minute nothing", 73 * time.Second, 20.15, controlloop.RelayOff, 0, 0},
		{"then the state again", 74 * time.Second, 20.15, controlloop.RelayOff, 0, 1},
	} {
		if heater, state := told(step.at, snap(step.celsius, step.at, step.relay)); heater != step.heater || state != step.state {
			t.Errorf("%s: %d heater, %d state; want %d, %d", step.name, heater, state, step.heater, step.state)
		}
	}
}

// TestHoweverOftenStatesAreAskedForOneIsToldASecond: also where state_every is 0s, and nothing has changed.
func TestHoweverOftenStatesAreAskedForOneIsToldASecond(t *testing.T) {
	t0 := time.Now()
	var tel telemetry
	var sources Sources
	states, boilers := 0, 0
	for at := time.Duration(0); at < 10*time.Second; at += 100 * time.Millisecond {
		tel.latest, tel.known = controlloop.Snapshot{Zone: "z", Time: t0.Add(at)}, true
		tel.state(t0.Add(at), wire.NewTopics("p", "d"), 0, func(outgoing) { states++ })
		sources.Observe(report.SourceSnapshot{Name: "boiler", Time: t0.Add(at)})
		boilers += len(sources.due(t0.Add(at), wire.NewTopics("p", "d"), 0))
	}
	if states != 10 || boilers != 10 {
		t.Errorf("%d states of the zone, %d of the boiler in 10 s", states, boilers)
	}
}

// TestAMistakeInTheSessionCostsAConnectionAndNoZone: whatever part of it panics, the
// zone ticks on, and the next connection hears and tells everything anew.
func TestAMistakeInTheSessionCostsAConnectionAndNoZone(t *testing.T) {
	for name, breaks := range map[string]func(o *Options, mistake func()){
		"while answering": func(o *Options, mistake func()) { o.Answered = func(string, bool) { mistake() } },
		"while telling": func(o *Options, mistake func()) {
			o.Info = func() wire.Info { mistake(); return wire.Info{Version: "test"} }
		},
		"while saving": func(o *Options, mistake func()) {
			save := o.Save
			o.Save = func(zone string, m setpoint.Memory) error { mistake(); return save(zone, m) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				var broken atomic.Bool
				survived := 0
				h.change = func(o *Options) {
					breaks(o, func() {
						if broken.Swap(false) {
							panic("a mistake")
						}
					})
					o.Contain = func(_ string, f func()) {
						defer func() {
							if recover() != nil {
								survived++
							}
						}()
						f()
					}
				}
				h.startAgent(18)
				time.Sleep(time.Minute)
				broken.Store(true)
				h.publish("living/control", `{"desired":25}`, true)
				time.Sleep(3 * time.Minute)
				if snap := h.snapshot(); survived != 1 || time.Since(snap.Time) > time.Second || snap.Setpoint.Desired != 25 {
					t.Errorf("survived %d panics; %+v", survived, snap)
				}
				h.publish("living/control", `{"desired":26}`, true)
				time.Sleep(time.Minute)
				if a, _ := h.ack(); !a.Applied || *a.Desired != 26 {
					t.Errorf("the answer afterwards: %+v", a)
				}
				if s := h.state(); *s.Desired != 26 || string(h.retained("status")) != "online" {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}
