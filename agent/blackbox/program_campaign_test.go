package blackbox

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
	"thermostat/mqtt/setpoint"
)

var programKills = flag.Int("program-kills", clitest.InCI(60, 24), "how often the campaign kills agents whose zones follow programs")

const (
	programAgents = 3                      // at one time, so that more of them die at a whole minute
	programZones  = 9                      // of each
	wordEvery     = 400 * time.Millisecond // on the average, to one of an agent's zones
)

// TestAKilledAgentAimsAtWhatItsProgramAndHoldsSay kills real agents around the ends of
// holds and the transitions of programs. After each restart every zone aims at what the
// last acknowledged word says at that moment, or a newer word that was really said.
func TestAKilledAgentAimsAtWhatItsProgramAndHoldsSay(t *testing.T) {
	if testing.Short() {
		t.Skipf("-short leaves out the %d kills of agents with programs", *programKills)
	}
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	for i := range programAgents {
		t.Run(fmt.Sprint("agent", i), func(t *testing.T) {
			t.Parallel()
			h := startHolder(t, m, fmt.Sprint("cabin", i), rand.New(rand.NewPCG(uint64(i), 5)))
			kills, near, missed, transitions := *programKills/programAgents, 0, 0, 0
			for k := range kills {
				h.starts()
				p := start(t, thermostat(t), "run", "--config", h.config)
				if h.comesUp(); t.Failed() {
					t.Fatalf("start %d: %s", k, p.Output())
				}
				time.Sleep(h.untilKill(k == kills-1 && transitions == 0))
				h.dies()
				p.Kill()
				killed := time.Now()
				if killed.Add(time.Second).Minute() != killed.Add(-time.Second).Minute() {
					transitions++
				}
				if h.random.IntN(3) == 0 { // so that some of it happens while nobody is there
					time.Sleep(time.Duration(h.random.IntN(1500)) * time.Millisecond)
				}
				near += h.happened(killed.Add(-time.Second), killed.Add(time.Second))
				missed += h.happened(killed, time.Now())
			}
			h.starts() // once more, after what the last kill was for
			p := start(t, thermostat(t), "run", "--config", h.config)
			if h.comesUp(); t.Failed() {
				t.Fatalf("the last start: %s", p.Output())
			}
			t.Logf("%d kills, %d of them within a second of a transition; %d ends of holds and transitions within a second of one, %d while no agent was there; %d states held against the books",
				kills, transitions, near, missed, h.checked)
			if near < kills {
				t.Errorf("only %d ends and transitions near %d kills: this shows little", near, kills)
			}
		})
	}
}

// heldWord is a control that a zone may obey: a temperature until a moment, and what
// follows it.
type heldWord struct {
	said    time.Time
	desired float64
	until   time.Time // zero: nobody said anything, so the program chooses
	then    float64   // 0: the program
	thenTo  time.Time // zero: for ever
}

func randomWord(random *rand.Rand, n int) heldWord {
	now := time.Now().UTC().Truncate(time.Millisecond)
	span := func(most int) time.Duration { return time.Duration(100+random.IntN(most)) * time.Millisecond }
	w := heldWord{said: now, desired: 20 + float64(n)/1e5, until: now.Add(span(4000))}
	if random.IntN(2) == 0 {
		w.then = 24 + float64(n)/1e5
	}
	if random.IntN(2) == 0 {
		w.thenTo = w.until.Add(span(2000))
	}
	return w
}

// json is the word as it is published.
func (w heldWord) json(n int) string {
	then := ""
	if w.then != 0 {
		to := ""
		if !w.thenTo.IsZero() {
			to = fmt.Sprintf(`,"hold_until":%q`, w.thenTo.Format(time.RFC3339Nano))
		}
		then = fmt.Sprintf(`,"then":{"mode":"heat","desired":%.5f%s}`, w.then, to)
	}
	return fmt.Sprintf(`{"program":true,"desired":%.5f,"hold_until":%q,"id":"hold-%d"%s}`, w.desired, w.until.Format(time.RFC3339Nano), n, then)
}

// at is what the word means at a time at which the program says something.
func (w heldWord) at(now time.Time, program float64) (desired float64, why string) {
	switch {
	case now.Before(w.until):
		return w.desired, "hold"
	case w.then == 0 || !w.thenTo.IsZero() && !now.Before(w.thenTo):
		return program, "program"
	case w.thenTo.IsZero():
		return w.then, "manual"
	}
	return w.then, "hold"
}

// heldZone is what was said to a zone, and what it answered.
type heldZone struct {
	begin int // the minute of the day at which its transitions begin, one a minute
	words []heldWord
	acked int       // the newest word that is known to be obeyed
	floor int       // the same before the last kill
	came  time.Time // of the newest state that was held against the books
}

const weekMinutes = 10 // with a transition each: a day has no more of them

// program is what the zone's week says at a time.
func (z *heldZone) program(now time.Time) float64 {
	minute := now.UTC().Hour()*60 + now.UTC().Minute()
	since := (minute - z.begin + 24*60) % (24 * 60)
	return 16 + float64(min(since, weekMinutes-1))/100
}

// week is the text of the same.
func (z *heldZone) week() string {
	var items []string
	for k := range weekMinutes {
		minute := (z.begin + k) % (24 * 60)
		items = append(items, fmt.Sprintf("%02d:%02d %.2f", minute/60, minute%60, 16+float64(k)/100))
	}
	slices.Sort(items)
	return strings.Join(items, ", ")
}

// holder says holds to the zones of one agent, and keeps books of what they aim at.
type holder struct {
	t       *testing.T
	random  *rand.Rand // of the test's goroutine
	config  string
	mu      sync.Mutex
	zones   map[string]*heldZone
	started time.Time // the agent
	checked int
	wrong   error // the first state that is against the books
}

func startHolder(t *testing.T, m *mosquitto, device string, random *rand.Rand) *holder {
	h := &holder{t: t, random: random, zones: map[string]*heldZone{}, config: filepath.Join(t.TempDir(), "config.yaml")}
	now := time.Now().UTC()
	text := fmt.Sprintf("device: %s\nhttp: {listen: \"\"}\nstate_dir: %s\nmqtt: {brokers: [%q]}\nclock: trust\ntimezone: UTC\nzones:\n", device, t.TempDir(), m.url())
	for i := range programZones {
		z := &heldZone{begin: (now.Hour()*60 + now.Minute() + weekMinutes*(i%3)) % (24 * 60), words: []heldWord{{}}}
		name := fmt.Sprint("room", i)
		h.zones[name] = z
		text += fmt.Sprintf(`  - name: %s
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    program: %q
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, name, z.week())
	}
	clitest.WriteFile(t, h.config, text)
	c := paho.NewClient(paho.NewClientOptions().AddBroker(strings.Replace(m.url(), "mqtt:", "tcp:", 1)).SetClientID("holder-" + device).SetProtocolVersion(4))
	if token := c.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	c.Subscribe("thermostat/"+device+"/+/state", 1, func(_ paho.Client, m paho.Message) { h.state(m.Payload()) }).Wait()
	c.Subscribe("thermostat/"+device+"/+/ack", 1, func(_ paho.Client, m paho.Message) { h.answer(m.Topic(), m.Payload()) }).Wait()
	stop, ended := make(chan struct{}), make(chan struct{})
	go h.speak(c, "thermostat/"+device+"/", rand.New(rand.NewPCG(random.Uint64(), 6)), stop, ended)
	t.Cleanup(func() { close(stop); <-ended; c.Disconnect(0) })
	return h
}

// speak says words until it is stopped.
func (h *holder) speak(c paho.Client, base string, random *rand.Rand, stop, ended chan struct{}) {
	defer close(ended)
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(random.ExpFloat64() * float64(wordEvery))):
		}
		name := fmt.Sprint("room", random.IntN(programZones))
		h.mu.Lock() // a word counts as said before it is published
		w := randomWord(random, n)
		z := h.zones[name]
		z.words = append(z.words, w)
		number := len(z.words) - 1
		h.mu.Unlock()
		c.Publish(base+name+"/control", 1, true, w.json(number)).WaitTimeout(clitest.Patience)
	}
}

// answer notes that a word is obeyed.
func (h *holder) answer(topic string, payload []byte) {
	var a setpoint.Answer
	if json.Unmarshal(payload, &a) != nil || a.ID == nil {
		return
	}
	digits, _ := strings.CutPrefix(*a.ID, "hold-")
	n, err := strconv.Atoi(digits)
	h.mu.Lock()
	defer h.mu.Unlock()
	if z := h.zones[strings.Split(topic, "/")[2]]; err == nil && a.Applied {
		z.acked = max(z.acked, n)
	} else if h.wrong == nil {
		h.wrong = fmt.Errorf("the agent answers %s", payload)
	}
}

// state holds a state of this life of the agent against the books.
func (h *holder) state(payload []byte) {
	var s report.State
	err := json.Unmarshal(payload, &s)
	h.mu.Lock()
	defer h.mu.Unlock()
	z := h.zones[s.Zone]
	if err != nil || s.Time.Before(h.started) || h.started.IsZero() {
		return
	}
	z.came = s.Time
	h.checked++
	for _, w := range z.words[z.floor:] {
		for _, at := range []time.Time{s.Time, s.Time.Add(time.Millisecond - 1)} { // its time is told in whole ms
			desired, why := w.at(at, z.program(at))
			if s.Desired != nil && s.Target != nil && *s.Desired == desired && *s.Target == why {
				return
			}
		}
	}
	if h.wrong == nil {
		h.wrong = fmt.Errorf("none of the words from the %dth on says so: %s\n%+v", z.floor, payload, z.words[z.floor:])
	}
}

// starts is told before the agent is started.
func (h *holder) starts() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = time.Now()
}

// comesUp waits until every zone has said since its start what it aims at.
func (h *holder) comesUp() {
	clitest.Eventually(h.t, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		for name, z := range h.zones {
			if z.came.Before(h.started) {
				return fmt.Errorf("%s says nothing", name)
			}
		}
		return nil
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wrong != nil {
		h.t.Error(h.wrong)
	}
}

// untilKill is how long the agent lives on: to the next whole minute, if that is near or must be.
func (h *holder) untilKill(must bool) time.Duration {
	now := time.Now()
	minute := now.Truncate(time.Minute).Add(time.Minute)
	if left := minute.Sub(now); must || left < 4*time.Second {
		return max(0, left+time.Duration(h.random.IntN(2000)-1000)*time.Millisecond)
	}
	return time.Duration(h.random.IntN(1000)) * time.Millisecond
}

// dies is told before the agent is killed.
func (h *holder) dies() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, z := range h.zones {
		z.floor = z.acked
	}
}

// happened counts the ends of holds and the transitions from one moment to another that
// changed what a zone aims at.
func (h *holder) happened(from, to time.Time) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	within := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	for _, z := range h.zones {
		i := len(z.words) - 1
		for i > 0 && !z.words[i].said.Before(from) {
			i--
		}
		w := z.words[i] // which was the newest when it began
		before, _ := w.at(from, z.program(from))
		after, _ := w.at(to, z.program(to))
		if before != after || within(w.until) {
			n++
		}
	}
	return n
}
