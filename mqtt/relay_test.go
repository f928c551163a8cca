package mqtt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// plug is a device on the broker that obeys ON and OFF. It keeps the books of the test:
// every command it was sent, and when.
type plug struct {
	h        *house
	onChange bool   // it tells its position only when that changes
	retains  bool   // and the broker keeps it
	form     string // of its words, with one %s
	trips    string // what it says half a second after each On; empty: it stays on

	mu       sync.Mutex
	on       bool
	deaf     bool
	commands []command
}

type command struct {
	on bool
	at time.Time
}

func (p *plug) obey(topic string, text []byte) {
	if topic != "there/relay" {
		return
	}
	p.mu.Lock()
	want := string(text) == "ON"
	p.commands = append(p.commands, command{want, time.Now()})
	heard, changed := !p.deaf, want != p.on
	if heard {
		p.on = want
	}
	p.mu.Unlock()
	if heard && (changed || !p.onChange) {
		p.tell(want)
	}
	if heard && want && p.trips != "" {
		go func() {
			time.Sleep(500 * time.Millisecond)
			p.mu.Lock()
			p.on = false
			p.mu.Unlock()
			p.h.say("there/state", p.trips, p.retains)
		}()
	}
}

func (p *plug) tell(on bool) {
	p.h.say("there/state", fmt.Sprintf(p.form, map[bool]string{true: "true", false: "false"}[on]), p.retains)
}

// turn is a hand at the device, or its own timer, or a cut of its power that nobody tells.
func (p *plug) turn(on, told bool) {
	p.mu.Lock()
	changed := p.on != on
	p.on = on
	p.mu.Unlock()
	if told && changed {
		p.tell(on)
	}
}

func (p *plug) setDeaf(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
}

func (p *plug) isOn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.on
}

// ons are the times of the first On after each other command, or pause.
func (p *plug) ons() (at []time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := command{}
	for _, c := range p.commands {
		if c.on && !before.on {
			at = append(at, c.at)
		}
		before = c
	}
	return at
}

const plugRest = 90 * time.Second

// inPlugHouse is an agent whose zone has a plug, with a min_off of 90 s.
func inPlugHouse(t *testing.T, p *plug, spec RelaySpec, test func(h *house)) {
	spec.On, spec.Off, spec.StateTopic, spec.MinOff, spec.Sample = "ON", "OFF", "there/state", plugRest, time.Second
	inRemoteHouse(t, spec, func(h *house) {
		p.h = h
		h.add(&device{says: p.obey})
		h.change = func(o *Options) { o.Zones[0].Params.MinOff, o.Zones[0].Params.StaleAfter = plugRest, 10*time.Minute }
		test(h)
	})
}

// TestARelayThatTellsItsPositionOnlyWhenItChangesGoesOnAfterItsRest: also with a
// position that the broker keeps, after a reconnection, and again and again.
func TestARelayThatTellsItsPositionOnlyWhenItChangesGoesOnAfterItsRest(t *testing.T) {
	for _, retains := range []bool{false, true} {
		p := &plug{onChange: true, retains: retains, form: `{"id":0,"output":%s}`}
		inPlugHouse(t, p, RelaySpec{StateField: "output"}, func(h *house) {
			if retains {
				p.tell(false)
			}
			h.startAgent(0)
			time.Sleep(time.Second)
			for range 3 {
				h.stay("15", 100)
				if !p.isOn() || h.fault("relay") != "" {
					t.Fatalf("retained %v: after its rest it is on: %v, fault %q", retains, p.isOn(), h.fault("relay"))
				}
				h.stopBroker()
				h.startBroker()
				h.add(&device{says: p.obey})
				time.Sleep(15 * time.Second)
				h.stay("15", 90)
				if !p.isOn() || h.fault("relay") != "" {
					t.Fatalf("retained %v: after a reconnection it is on: %v, fault %q", retains, p.isOn(), h.fault("relay"))
				}
				h.stay("25", 30)
				h.stopBroker()
				h.startBroker()
				h.add(&device{says: p.obey})
				time.Sleep(15 * time.Second)
				h.stay("25", 120)
				if p.isOn() || h.fault("relay") != "" {
					t.Fatalf("retained %v: switched off it is on: %v, fault %q", retains, p.isOn(), h.fault("relay"))
				}
			}
		})
	}
}

// TestAWordThatIsNoPositionIsAFaultAndARestBeforeTheNextOn, whatever the word is.
func TestAWordThatIsNoPositionIsAFaultAndARestBeforeTheNextOn(t *testing.T) {
	for word, form := range map[string]string{
		"overpower":           "%s",
		"unavailable":         "%s",
		"\x1b[2J":             "%s",
		`{"state":"tripped"}`: `{"state":%s}`,
		`{"state":null}`:      `{"state":%s}`,
		`{"state":2}`:         `{"state":%s}`,
		`{"state":`:           `{"state":%s}`,
	} {
		for _, repeats := range []bool{false, true} {
			p := &plug{form: form, trips: word}
			inPlugHouse(t, p, RelaySpec{}, func(h *house) {
				h.startAgent(0)
				time.Sleep(time.Second)
				for range 20 {
					h.stay("15", 60)
					if repeats && len(p.ons()) > 0 {
						h.say("there/state", word, false)
					}
				}
				ons := p.ons()
				for i := 1; i < len(ons); i++ {
					if rest := ons[i].Sub(ons[i-1]); rest < plugRest {
						t.Errorf("%q: On again after %v", word, rest)
					}
				}
				if len(ons) < 8 || len(ons) > 14 {
					t.Errorf("%q: On said %d times in 20 minutes", word, len(ons))
				}
				text := h.fault("relay")
				if !strings.Contains(text, "nobody knows whether it is on") || strings.ContainsRune(text, '\x1b') {
					t.Errorf("%q: fault %q", word, text)
				}
				p.mu.Lock()
				p.trips = ""
				p.mu.Unlock()
				h.stay("15", 120)
				if text := h.fault("relay"); text != "" || !p.isOn() {
					t.Errorf("%q: when it is mended the fault is %q, on %v", word, text, p.isOn())
				}
			})
		}
	}
}

// TestAfterTheLastDisturbanceARelayComesToObey: brokers that restart, devices that
// lose power, are deaf, are turned by hand or say what is no position, in any order.
// The plug keeps the books: it comes to its order, and between an odd word and the next
// On, or an Off and the next On, lies the whole rest.
func TestAfterTheLastDisturbanceARelayComesToObey(t *testing.T) {
	for seed := range uint64(25) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := &plug{onChange: rnd.IntN(2) == 0, retains: rnd.IntN(2) == 0, form: "%s"}
		inPlugHouse(t, p, RelaySpec{}, func(h *house) {
			h.startAgent(0)
			time.Sleep(time.Second)
			did := disturb(h, p, rnd)
			for _, room := range []string{"15", "25", "15"} {
				h.stay(room, 200)
				if want := room == "15"; p.isOn() != want {
					t.Errorf("seed %d, %v, in a room of %s: on %v, fault %q", seed, did, room, p.isOn(), h.fault("relay"))
				}
			}
			if text := h.fault("relay"); text != "" {
				t.Errorf("seed %d, %v: fault %q", seed, did, text)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			var off time.Time
			for _, c := range p.commands {
				if c.on && !off.IsZero() && c.at.Sub(off) < plugRest-2*time.Second {
					t.Errorf("seed %d, %v: On %v after the first Off", seed, did, c.at.Sub(off))
				}
				if c.on {
					off = time.Time{}
				} else if off.IsZero() {
					off = c.at
				}
			}
		})
	}
}

// stay keeps the room at a temperature, told every 30 s.
func (h *house) stay(celsius string, seconds int) {
	for ; seconds > 0; seconds -= 30 {
		h.say("there/sensor", celsius, false)
		time.Sleep(time.Duration(min(seconds, 30)) * time.Second)
	}
}

func disturb(h *house, p *plug, rnd *rand.Rand) (did []string) {
	for range 8 {
		h.stay([]string{"15", "25"}[rnd.IntN(2)], 1+rnd.IntN(200))
		switch rnd.IntN(6) {
		case 0:
			did = append(did, "broker")
			h.stopBroker()
			time.Sleep(time.Duration(rnd.IntN(60)) * time.Second)
			h.startBroker()
			h.add(&device{says: p.obey})
			time.Sleep(70 * time.Second)
		case 1:
			did = append(did, "power")
			p.turn(false, false)
			p.tell(false) // it boots
		case 2:
			did = append(did, "hand")
			p.turn(rnd.IntN(2) == 0, true)
		case 3:
			did = append(did, "deaf")
			p.setDeaf(true)
			h.stay("15", 1+rnd.IntN(100))
			p.setDeaf(false)
		case 4:
			did = append(did, "odd")
			h.say("there/state", "overpower", p.retains)
		case 5:
			did = append(did, "retained odd")
			h.say("there/state", "unavailable", true)
		}
	}
	return did
}
