package blackbox

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// bridged is a broker with a bridge to a far one, over a wire that can be cut,
// and what an agent at it says.
type bridged struct {
	near, far *mosquitto
	wire      *wire
	mu        sync.Mutex
	replays   int // how often the sensor's topic spoke at the near broker
	heated    int // how often the heater was told to go on
	read      int // states with a temperature
	faults    int // states with the fault sensor
	told      bool
	last      report.State
}

func newBridged(t *testing.T, settings string) *bridged {
	b := &bridged{far: newMosquitto(t, open)}
	b.far.start()
	b.wire = startWire(t, "127.0.0.1:"+b.far.port)
	b.near = newMosquitto(t, open+"connection far\naddress "+b.wire.addr+"\ntopic tele/# in 1\nrestart_timeout 1\n"+settings)
	return b
}

// listen hears everything at the near broker.
func (b *bridged) listen(t *testing.T) {
	c, err := b.near.connect("listener")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(0) })
	handle := func(_ paho.Client, m paho.Message) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch m.Topic() {
		case "tele/sensor":
			b.replays++
		case "there/relay":
			if string(m.Payload()) == "ON" {
				b.heated++
			}
		case "thermostat/cabin/room/state":
			b.last = report.State{}
			json.Unmarshal(m.Payload(), &b.last)
			b.told = b.told || strings.Contains(b.last.ProblemText, "times in a row nothing new came")
			if b.last.Temperature != nil {
				b.read++
			}
			for _, f := range b.last.Faults {
				if f.Name == "sensor" {
					b.faults++
				}
			}
		}
	}
	if token := c.Subscribe("#", 1, handle); !token.WaitTimeout(clitest.Patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
}

func (b *bridged) seen() (replays, heated, read, faults int, last report.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.replays, b.heated, b.read, b.faults, b.last
}

// cutAndWait cuts the bridge's wire and waits until it has said the old word again.
func (b *bridged) cutAndWait(t *testing.T) {
	t.Helper()
	before, _, _, _, _ := b.seen()
	b.wire.cut()
	clitest.Eventually(t, func() error {
		if now, _, _, _, _ := b.seen(); now == before {
			return fmt.Errorf("the bridge does not say the old word again")
		}
		return nil
	})
}

func (b *bridged) agent(t *testing.T, staleAfter string) *process {
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
mqtt: {brokers: [%q]}
zones:
  - name: room
    sensor: {driver: mqtt, topic: tele/sensor}
    heater: {driver: mqtt, topic: there/relay, on: ON, off: OFF}
    default_setpoint: {mode: heat, desired: 20}
    timing: {sample: 1s, stale_after: %s, min_on: 0s, min_off: 0s}
`, t.TempDir(), b.near.url(), staleAfter))
	return startAgent(t, file)
}

// TestADeadSensorBehindAReconnectingBridgeNeverHeats: the last word of a dead sensor, kept by a
// far broker, comes live at each connection of the bridge, however often, and
// never heats; a sensor that lives behind the same bridge does, and says the
// same number through more cuts without a fault.
func TestADeadSensorBehindAReconnectingBridgeNeverHeats(t *testing.T) {
	t.Parallel()
	for name, agentFirst := range map[string]bool{"the agent is there first": true, "the bridge was there before": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBridged(t, "")
			b.far.publishOn("tele/sensor", []byte("15.0"), "-r")
			if agentFirst {
				b.wire.set(silent)
			}
			b.near.start()
			b.listen(t)
			b.agent(t, "60s")
			b.wire.set(passing)
			cuts := clitest.InCI(12, 5)
			if testing.Short() {
				cuts = 3
			}
			for range cuts {
				b.cutAndWait(t)
			}
			time.Sleep(2 * time.Second) // for what would follow
			if _, heated, read, _, last := b.seen(); heated > 0 || read > 0 {
				t.Fatalf("heated %d times, %d readings, %+v", heated, read, last)
			}
			b.staysWell(t)
		})
	}
}

// staysWell lets the sensor live, and cuts the wire.
func (b *bridged) staysWell(t *testing.T) {
	t.Helper()
	speak := func() { b.far.publishOn("tele/sensor", []byte("15.0"), "-r") }
	clitest.Eventually(t, func() error {
		speak()
		time.Sleep(time.Second)
		if _, heated, _, _, last := b.seen(); heated == 0 || len(last.Faults) > 0 {
			return fmt.Errorf("a sensor that lives does not heat: %+v", last)
		}
		return nil
	})
	_, _, _, before, _ := b.seen()
	for range 3 {
		b.wire.cut()
		for range 6 {
			speak()
			time.Sleep(time.Second)
		}
	}
	if _, _, _, faults, last := b.seen(); faults > before || last.Temperature == nil || *last.Heater != "on" {
		t.Errorf("%d faults more, %+v", faults-before, last)
	}
}

// TestAnOldReadingOfABridgeWithoutNotificationsNeverHeats: a bridge without notifications, whose old word comes
// at longer intervals than stale_after, never heats either, and is told.
func TestAnOldReadingOfABridgeWithoutNotificationsNeverHeats(t *testing.T) {
	t.Parallel()
	b := newBridged(t, "notifications false\n")
	b.far.publishOn("tele/sensor", []byte("15.0"), "-r")
	b.near.start()
	clitest.Eventually(t, func() error {
		if string(b.near.retainedOn("tele/sensor")) == "" {
			return fmt.Errorf("the bridge is not there")
		}
		return nil
	})
	b.listen(t)
	b.agent(t, "2s")
	for range 4 {
		b.cutAndWait(t)
		time.Sleep(3 * time.Second) // longer than stale_after
	}
	if _, heated, read, _, last := b.seen(); heated > 0 || read > 0 || !b.told {
		t.Errorf("heated %d times, %d readings, told %v, %+v", heated, read, b.told, last)
	}
}
