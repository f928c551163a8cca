package mqtt

import (
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/mqtt/device"
)

var (
	worlds     = flag.Int("worlds", 25, "random lives of a relay on the broker")
	firstWorld = flag.Int("first-world", 0, "the seed of the first of them")
)

// What a relay's device is like in TestARelayComesToObeyAfterTheLastDisturbance.
type habits struct {
	answers bool          // each command, else only changes
	every   time.Duration // says its position so often as well; 0: never
	keeps   bool          // the broker keeps its words
	greets  bool          // says its position when the broker comes back
	lease   bool          // lets go by itself
	words   [2]string     // off, on
	program string        // of the zone; empty: it has none
}

// relayWorld is a house with such a device, and an oracle that keeps books of what
// was said on either topic.
type relayWorld struct {
	mochi.HookBase
	*house
	habits
	rnd    *rand.Rand
	hook   func() // gives a new broker its ears
	minOff time.Duration
	log    strings.Builder

	mu       sync.Mutex // of server and session as well, which are made anew
	on       bool       // the device
	leaseEnd *time.Timer
	deaf     bool // commands vanish behind the broker
	mute     bool // its words vanish
	trips    bool // each On ends in an overpower

	// the books: what this agent may know
	entered time.Time // when it last connected
	mayBeOn bool
	wasOn   bool      // by the device's last word that it heard
	restsTo time.Time // no On before
	heard   string
	lastOn  time.Time
}

func (w *relayWorld) ID() string { return "world" }

func (w *relayWorld) Provides(b byte) bool {
	return b == mochi.OnPublish || b == mochi.OnSubscribed
}

func (w *relayWorld) OnSubscribed(cl *mochi.Client, p packets.Packet, _ []byte) {
	for _, f := range p.Filters {
		if f.Filter == "there/state" {
			w.mu.Lock()
			w.entered = time.Now()
			w.mu.Unlock()
		}
	}
}

func (w *relayWorld) OnPublish(cl *mochi.Client, p packets.Packet) (packets.Packet, error) {
	if p.TopicName != "there/relay" || cl.Net.Inline {
		return p, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.book(string(p.Payload) == "ON")
	if !w.deaf {
		go w.obey(string(p.Payload) == "ON")
	}
	return p, nil
}

func (w *relayWorld) note(format string, args ...any) {
	fmt.Fprintf(&w.log, "%s %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (w *relayWorld) bad(format string, args ...any) {
	w.note("BAD "+format, args...)
	w.t.Fail()
}

// book holds a command of the agent against what it may know.
func (w *relayWorld) book(on bool) {
	now := time.Now()
	w.note("told %v", on)
	switch {
	case !on && w.mayBeOn:
		w.mayBeOn, w.restsTo = false, now.Add(w.minOff)
	case on && now.Before(w.restsTo):
		w.bad("an On %v before the end of its rest", w.restsTo.Sub(now))
	case on:
		if gap := now.Sub(w.lastOn); gap < 6*time.Second && now.Sub(w.entered) > 3*time.Second && w.mayBeOn {
			w.bad("an On %v after the one before", gap)
		}
		w.mayBeOn, w.lastOn = true, now
	}
}

// obey is the device's doing.
func (w *relayWorld) obey(on bool) {
	time.Sleep(50 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.put(on)
	if on && w.lease {
		w.leaseEnd.Reset(30 * time.Second)
	}
	if on && w.trips {
		w.on = false
		go w.tell("overpower")
	}
}

// put switches the device, and it says so if that is its habit.
func (w *relayWorld) put(on bool) {
	if on != w.on || w.answers {
		w.on = on
		go w.tell(w.word())
	}
}

func (w *relayWorld) word() string {
	if w.on {
		return w.words[1]
	}
	return w.words[0]
}

// tell publishes a word, and notes it if the agent hears it.
func (w *relayWorld) tell(text string) {
	time.Sleep(10 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	hears := w.session.Connected() && time.Since(w.entered) > 0 && !w.entered.IsZero() && !w.mute
	w.note("says %q, heard %v", text, hears)
	if hears {
		w.bookWord(text)
	}
	if !w.mute {
		_ = w.server.Publish("there/state", []byte(text), w.keeps, 0) // a broker that is down loses it
	}
}

func (w *relayWorld) bookWord(text string) {
	now := time.Now()
	if text == `{"power":12}` {
		return
	}
	if text != w.heard {
		w.heard, w.lastOn = text, time.Time{} // what moved is told anew at once
	}
	switch text {
	case w.words[1]:
		w.mayBeOn, w.wasOn = true, true
	case w.words[0]:
		if w.wasOn {
			w.mayBeOn, w.wasOn, w.restsTo = false, false, now.Add(w.minOff)
		}
	default:
		if w.mayBeOn || w.wasOn {
			w.mayBeOn, w.wasOn, w.restsTo = false, false, now.Add(w.minOff)
		}
	}
}

// TestARelayComesToObeyAfterTheLastDisturbance: whatever devices, broker and agent do, after the last disturbance
// the device comes to obey within a bounded time; no On is said in a rest that the
// agent knows of, nor more often than its lease asks for.
func TestARelayComesToObeyAfterTheLastDisturbance(t *testing.T) {
	lives := *worlds
	if testing.Short() {
		lives = min(lives, 6)
	}
	for seed := *firstWorld; seed < *firstWorld+lives; seed++ {
		if t.Failed() {
			return
		}
		rnd := rand.New(rand.NewPCG(uint64(seed), 18))
		h := habits{
			answers: rnd.IntN(2) == 0, keeps: rnd.IntN(3) == 0, greets: rnd.IntN(2) == 0, lease: rnd.IntN(2) == 0,
			words: [][2]string{{"OFF", "ON"}, {"false", "true"}, {`{"id":0,"state":false}`, `{"id":0,"state":true}`}}[rnd.IntN(3)],
		}
		if rnd.IntN(2) == 0 {
			h.every = time.Duration(5+rnd.IntN(60)) * time.Second
		}
		minOff := time.Duration(10+rnd.IntN(200)) * time.Second
		if seed%2 == 1 {
			h.program = stepsEachTwoMinutes(rnd)
		}
		spec := device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", MinOff: minOff, Sample: time.Second}
		inRemoteHouse(t, spec, func(house *house) {
			w := &relayWorld{house: house, habits: h, rnd: rnd, minOff: minOff}
			house.minOff = minOff
			if h.program != "" {
				house.programmable(h.program, nil, func(*Options) {})
			}
			w.hook = func() { must(t, house.server.AddHook(w, nil)) }
			w.hook()
			w.live()
			w.mu.Lock()
			defer w.mu.Unlock()
			if t.Failed() {
				t.Errorf("seed %d, %+v, min_off %v:\n%s", seed, h, minOff, w.log.String())
			}
		})
	}
}

// stepsEachTwoMinutes is a program whose target goes up and down for twenty
// minutes, between what the room never is and what it may be.
func stepsEachTwoMinutes(rnd *rand.Rand) string {
	var steps []string
	for i := range 10 {
		steps = append(steps, fmt.Sprintf("00:%02d %d", 2*i+rnd.IntN(2), []int{12, 20, 27}[rnd.IntN(3)]))
	}
	return strings.Join(steps, ", ")
}

func (w *relayWorld) live() {
	w.on = w.rnd.IntN(4) == 0
	w.leaseEnd = time.AfterFunc(time.Hour, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.put(false)
	})
	defer w.leaseEnd.Stop()
	ended := make(chan struct{})
	defer close(ended)
	if w.every > 0 {
		go w.sayNowAndThen(ended)
	}
	if w.rnd.IntN(3) == 0 {
		w.say("there/state", []string{w.words[0], w.words[1], "offline"}[w.rnd.IntN(3)], true)
	}
	warm := false
	w.mu.Lock()
	w.startAgent(0)
	w.mu.Unlock()
	for range 5 + w.rnd.IntN(15) {
		if w.rnd.IntN(4) == 0 {
			warm = !warm
		}
		w.measure(map[bool]string{true: "25", false: "15"}[warm], 1+w.rnd.IntN(80))
		w.disturb()
	}
	w.mu.Lock()
	w.deaf, w.mute, w.trips = false, false, false
	w.note("now it is quiet, warm %v", warm)
	w.mu.Unlock()
	for _, want := range []bool{!warm, warm, !warm} {
		w.measure(map[bool]string{true: "10", false: "29"}[want], int((2*w.minOff+2*time.Minute)/time.Second))
		synctest.Wait()
		w.mu.Lock()
		if w.on != want {
			w.bad("it is %v, want %v, fault %q", w.on, want, w.fault("relay"))
		}
		w.mu.Unlock()
	}
	if text := w.fault("relay"); text != "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.bad("fault %q", text)
	}
}

func (w *relayWorld) sayNowAndThen(ended chan struct{}) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.mu.Lock()
			go w.tell(w.word())
			w.mu.Unlock()
		case <-ended:
			return
		}
	}
}

// disturb does one thing to broker, agent or device.
func (w *relayWorld) disturb() {
	w.mu.Lock()
	n := w.rnd.IntN(10)
	if w.program != "" {
		n = w.rnd.IntN(11)
	}
	w.note("disturbance %d", n)
	defer w.mu.Unlock()
	switch n {
	case 0:
		w.restartBroker()
	case 1:
		w.restartAgent()
	case 2: // the device starts anew, off
		if w.on = false; w.greets {
			go w.tell(w.word())
		}
	case 3: // a hand
		w.put(!w.on)
	case 4:
		go w.tell([]string{"overpower", "unavailable", "", `{"state":null}`, `{"power":12}`}[w.rnd.IntN(5)])
	case 5:
		w.deaf = !w.deaf
	case 6:
		w.mute = !w.mute
	case 7:
		w.trips = !w.trips
	case 8:
		go w.tell(w.word()) // once more
	case 9: // another's command
		go w.foreign(w.rnd.IntN(2) == 0)
	case 10: // a hold, over whatever the program chooses, which ends by itself
		go w.say("thermostat/cabin/living/control", fmt.Sprintf(`{"program":true,"desired":%d,"hold_s":%d}`, []int{12, 20, 27}[w.rnd.IntN(3)], 60+w.rnd.IntN(300)), true)
	}
}

func (w *relayWorld) foreign(on bool) {
	w.mu.Lock()
	server := w.server
	w.mu.Unlock()
	_ = server.Publish("there/relay", []byte(map[bool]string{true: "ON", false: "OFF"}[on]), false, 0)
	w.obey(on)
}

func (w *relayWorld) restartBroker() {
	out := time.Duration(w.rnd.IntN(100)) * time.Second
	w.entered, w.wasOn, w.heard = time.Time{}, false, "" // answers may be lost, and the next word is news
	w.mu.Unlock()
	w.stopBroker()
	time.Sleep(out)
	w.mu.Lock()
	w.startBroker()
	w.hook()
	w.mu.Unlock()
	time.Sleep(time.Duration(w.rnd.IntN(5000)) * time.Millisecond)
	w.mu.Lock()
	if w.greets {
		go w.tell(w.word())
	}
}

// restartAgent ends it, in order; the next one knows nothing of before.
func (w *relayWorld) restartAgent() {
	w.mu.Unlock()
	w.stopAgent()
	w.mu.Lock()
	w.mayBeOn, w.wasOn, w.heard = false, false, ""
	w.restsTo, w.lastOn, w.entered = time.Time{}, time.Time{}, time.Time{}
	d := device.NewGroup(slog.New(slog.DiscardHandler))
	w.devices, w.sensor, w.relay = d, d.Sensor(device.SensorSpec{SensorID: 7, Topic: "there/sensor", Format: "auto"}), d.Relay(w.spec)
	w.startAgent(0)
}
