package blackbox

import (
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/clitest"
	"thermostat/house"
)

var (
	besideRounds  = flag.Int("rounds", 10, "setpoints that TestARealHomeAssistantHasAThermostatOfItsOwn gives to each thermostat")
	besideSilence = flag.Duration("silence", 0, "how long TestARealHomeAssistantHasAThermostatOfItsOwn waits for the heat to end after the sensor is lost; until the agent's has, if that is longer")
)

const plantSpeed = 180 // room time, times the clock's

// plant is a room whose thermometer and plug are on the broker, whoever commands them.
type plant struct {
	name string
	c    paho.Client

	mu     sync.Mutex
	room   house.Model
	silent bool // the thermometer is lost
	on     bool
	edge   float64              // the temperature at which the heat should end
	over   time.Time            // when the room got there; zero: not yet
	heard  map[string]time.Time // the first command of each kind since the last forget
	hold   bool                 // its time is to stand still shortly before the edge
	waits  bool                 // and does
}

// newPlant makes a room with an electric panel, and lets its time run.
func newPlant(t *testing.T, m *mosquitto, name string) *plant {
	t.Helper()
	params, _ := house.Preset("panel")
	p := &plant{name: name, room: house.NewPhysical(params), edge: math.Inf(1), heard: map[string]time.Time{}}
	o := paho.NewClientOptions().AddBroker("tcp://127.0.0.1:" + m.port).SetClientID(name).
		SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).SetMaxReconnectInterval(time.Second)
	o.SetOnConnectHandler(func(c paho.Client) {
		c.Subscribe(name+"/heater", 0, func(_ paho.Client, message paho.Message) { p.command(string(message.Payload())) })
	})
	p.c = paho.NewClient(o)
	p.c.Connect()
	tick, ended := time.NewTicker(time.Second), make(chan struct{})
	t.Cleanup(func() {
		close(ended)
		tick.Stop()
		p.c.Disconnect(100)
	})
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				p.pass()
			}
		}
	}()
	return p
}

// pass lets a second go by.
func (p *plant) pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits = p.hold && p.on && p.room.Sensed() > p.edge-0.2; !p.waits {
		p.room.Heat(p.on)
		p.room.Advance(plantSpeed * time.Second)
	}
	if p.over.IsZero() && p.room.Sensed() > p.edge {
		p.over = time.Now()
	}
	if !p.silent && p.c.IsConnectionOpen() {
		p.c.Publish(p.name+"/temperature", 0, false, fmt.Sprintf("%.3f", p.room.Sensed()))
	}
}

func (p *plant) command(word string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on = word == "ON"
	if p.heard[word].IsZero() {
		p.heard[word] = time.Now()
	}
	p.c.Publish(p.name+"/heater/state", 0, true, word)
}

// forget begins to listen anew.
func (p *plant) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.over, p.edge = map[string]time.Time{}, time.Time{}, math.Inf(1)
}

// when tells when a command came since the last forget; zero: not yet.
func (p *plant) when(word string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard[word]
}

func (p *plant) look() (celsius float64, on bool, over time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room.Sensed(), p.on, p.over
}

func (p *plant) lose(lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = lost
}

// hears waits for a command.
func (p *plant) hears(t *testing.T, word string, within time.Duration) time.Time {
	t.Helper()
	clitest.WaitFor(t, within, func() error {
		if p.when(word).IsZero() {
			return fmt.Errorf("the heater of %s is not told %s", p.name, word)
		}
		return nil
	})
	return p.when(word)
}

// rivals are two thermostats on rooms of their own: the agent's zone, and Home
// Assistant's generic_thermostat. A third zone has its devices on the board.
type rivals struct {
	t            *testing.T
	h            *realHome
	agent        *process
	ours, theirs *plant
}

const besideHome = `mqtt:
  sensor:
    - {name: theirs, unique_id: theirs_t, state_topic: theirs/temperature, unit_of_measurement: °C, device_class: temperature, state_class: measurement, expire_after: 60}
  switch:
    - {name: theirs, unique_id: theirs_h, command_topic: theirs/heater, state_topic: theirs/heater/state}
climate:
  - {platform: generic_thermostat, name: theirs, heater: switch.theirs, target_sensor: sensor.theirs, min_temp: 5, max_temp: 28,
     cold_tolerance: 0.3, hot_tolerance: 0.3, initial_hvac_mode: heat, precision: 0.1}
`

func newRivals(t *testing.T) *rivals {
	m := newMosquitto(t, persist)
	m.start()
	h := newRealHome(t, m, "metric", besideHome)
	h.known = append([]*regexp.Regexp{regexp.MustCompile(`generic_thermostat.*No previously saved temperature`)}, away...)
	h.start()
	h.addBroker()
	config := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, config, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
mqtt:
  brokers: [%q]
zones:
  - name: ours
    sensor: {driver: mqtt, topic: ours/temperature, format: number}
    heater: {driver: mqtt, topic: ours/heater, on: "ON", off: "OFF", state_topic: ours/heater/state}
    default_setpoint: {mode: heat, desired: 5, up_delta: 0.3, down_delta: 0.3}
    limits: {max_rate: 1000}
    timing: {sample: 1s, stale_after: 1m, min_on: 0s, min_off: 0s}
  - name: board
    sensor: {driver: simulated, model: panel, speed: %d, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 20, up_delta: 0.1, down_delta: 0.1}
    limits: {max_rate: 1000}
    timing: {sample: 1s, stale_after: 1m, min_on: 0s, min_off: 0s}
`, t.TempDir(), m.url(), plantSpeed))
	r := &rivals{t: t, h: h, ours: newPlant(t, m, "ours"), theirs: newPlant(t, m, "theirs"), agent: startAgent(t, config)}
	r.ready()
	return r
}

// ready waits until Home Assistant shows both.
func (r *rivals) ready() {
	r.t.Helper()
	for _, p := range r.both() {
		clitest.Eventually(r.t, func() error {
			s, err := r.h.state("climate." + p.name)
			if err == nil && s.Attributes["current_temperature"] == nil {
				err = fmt.Errorf("%s has no temperature", p.name)
			}
			return err
		})
	}
}

func (r *rivals) both() []*plant { return []*plant{r.ours, r.theirs} }

// set is a person at Home Assistant, for either.
func (r *rivals) set(p *plant, celsius float64) {
	r.t.Helper()
	r.h.must("POST", "/api/services/climate/set_temperature", map[string]any{"entity_id": "climate." + p.name, "temperature": celsius}, nil)
}

// heat has both rooms heated, and holds their time where they are about to come to the edge at which the heat should end.
func (r *rivals) heat() {
	r.t.Helper()
	r.ready()
	for _, p := range r.both() {
		r.set(p, 5)
		clitest.Eventually(r.t, func() error {
			if celsius, on, _ := p.look(); on || celsius > 24 {
				return fmt.Errorf("%s does not rest: %.1f °C, on %v", p.name, celsius, on)
			}
			return nil
		})
		p.forget()
		celsius, _, _ := p.look()
		desired := math.Round(celsius*10)/10 + 0.5
		r.set(p, desired)
		p.hears(r.t, "ON", clitest.Patience)
		p.mu.Lock()
		p.edge, p.hold = desired+0.3, true
		p.mu.Unlock()
	}
	for _, p := range r.both() {
		clitest.WaitFor(r.t, 5*time.Minute, func() error {
			p.mu.Lock()
			defer p.mu.Unlock()
			if !p.waits {
				return fmt.Errorf("%s comes to no edge: %.2f °C, on %v", p.name, p.room.Sensed(), p.on)
			}
			return nil
		})
	}
}

// TestARealHomeAssistantHasAThermostatOfItsOwn: Home Assistant's generic_thermostat beside a zone of the agent, each on the
// same room with its thermometer and plug on the broker. It prints the table of bench/README.md, which names the command.
func TestARealHomeAssistantHasAThermostatOfItsOwn(t *testing.T) {
	t.Parallel()
	r := newRivals(t)
	t.Logf("figure | | the agent | generic_thermostat |")
	r.latency()
	r.sensorLost()
	r.homeRestarts()
	r.brokerLost()
}

// latency is the way from a setpoint to the plug, of each in turn.
func (r *rivals) latency() {
	took := map[*plant][]float64{}
	for i := range 2 * *besideRounds {
		for _, p := range r.both() {
			word, celsius := "ON", 28.0
			if i%2 == 1 {
				word, celsius = "OFF", 5
			}
			p.forget()
			began := time.Now()
			r.set(p, celsius)
			took[p] = append(took[p], p.hears(r.t, word, clitest.Patience).Sub(began).Seconds()*1000)
		}
	}
	row := func(p *plant) string {
		slices.Sort(took[p])
		n := len(took[p])
		return fmt.Sprintf("median %.1f, 95 %% %.1f", took[p][n/2], took[p][n*95/100])
	}
	r.t.Logf("figure | setpoint in Home Assistant → command at the plug, ms, n = %d each | %s | %s |", 2**besideRounds, row(r.ours), row(r.theirs))
}

// sensorLost takes the thermometers away while both heat.
func (r *rivals) sensorLost() {
	r.heatLong()
	began := time.Now()
	for _, p := range r.both() {
		p.lose(true)
	}
	ours := r.ours.hears(r.t, "OFF", 3*time.Minute).Sub(began)
	if _, on, _ := r.theirs.look(); !on {
		r.t.Error("the other thermostat ends the heat as well: docs and bench/README.md say that it does not")
	}
	time.Sleep(*besideSilence - time.Since(began)) // measured, not proven
	waited := time.Since(began)
	theirs := fmt.Sprintf("still on after %.0f s, the room at %s °C", waited.Seconds(), celsius(r.theirs))
	if at := r.theirs.when("OFF"); !at.IsZero() {
		theirs = fmt.Sprintf("%.0f s", at.Sub(began).Seconds())
	}
	r.t.Logf("figure | sensor silent while it heats → heat off | %.0f s (`stale_after` 1m), the room at %s °C | %s |", ours.Seconds(), celsius(r.ours), theirs)
	for _, p := range r.both() {
		p.lose(false)
	}
}

// heatLong has both rooms heated with nothing to end it.
func (r *rivals) heatLong() {
	r.t.Helper()
	for _, p := range r.both() {
		p.forget()
		r.set(p, 28)
		p.hears(r.t, "ON", clitest.Patience)
	}
}

func celsius(p *plant) string {
	c, _, _ := p.look()
	return strconv.FormatFloat(c, 'f', 1, 64)
}

// homeRestarts ends and starts Home Assistant while both rooms come to the edge.
func (r *rivals) homeRestarts() {
	r.heat()
	began := time.Now()
	r.h.stop()
	r.pastTheEdge()
	started := time.Now()
	r.h.start()
	ours, theirs := r.late(r.ours), r.late(r.theirs)
	r.t.Logf("figure | Home Assistant ends, and starts %.0f s later: room at the edge of its band → heat off | %s | %s, which is %.1f s after the start |",
		started.Sub(began).Seconds(), ours, theirs, r.theirs.when("OFF").Sub(started).Seconds())
	if r.ours.when("OFF").After(started) {
		r.t.Error("the agent waited for Home Assistant")
	}
}

// pastTheEdge lets their time go on, and waits until both rooms were beyond the edge for a while.
func (r *rivals) pastTheEdge() {
	r.t.Helper()
	for _, p := range r.both() {
		p.mu.Lock()
		p.hold = false
		p.mu.Unlock()
	}
	for _, p := range r.both() {
		clitest.WaitFor(r.t, 3*time.Minute, func() error {
			if c, _, over := p.look(); over.IsZero() || time.Since(over) < 20*time.Second {
				return fmt.Errorf("%s is not past the edge for long: %.2f °C", p.name, c)
			}
			return nil
		})
	}
}

// late waits until the heat ends, and tells how long after the room came to the edge that was.
func (r *rivals) late(p *plant) string {
	r.t.Helper()
	off := p.hears(r.t, "OFF", 3*time.Minute)
	c, _, over := p.look()
	if over.IsZero() {
		r.t.Errorf("the heat of %s ends before the edge, at %.2f °C", p.name, c)
	}
	return fmt.Sprintf("%.1f s", off.Sub(over).Seconds())
}

// brokerLost takes the broker away while both rooms come to the edge.
func (r *rivals) brokerLost() {
	r.heat()
	switches := r.agent.Count("zone=board")
	began := time.Now()
	r.h.broker.p.stop()
	r.pastTheEdge()
	onBoard := r.agent.Count("zone=board") - switches
	r.h.broker.start()
	back := time.Now()
	ours, theirs := r.late(r.ours), r.late(r.theirs)
	r.t.Logf("figure | broker away for %.0f s: room at the edge of its band → heat off, devices on the broker | %s, which is %.1f s after it is back | %s, which is %.1f s after it is back |",
		back.Sub(began).Seconds(), ours, r.ours.when("OFF").Sub(back).Seconds(), theirs, r.theirs.when("OFF").Sub(back).Seconds())
	r.t.Logf("figure | the same, sensor and relay on the board | control goes on: %d switches meanwhile | has none |", onBoard)
	if onBoard == 0 {
		r.t.Error("the zone on the board did not switch while the broker was away")
	}
}
