package scenarios

import (
	"strings"
	"testing"
	"time"

	"thermostat/lab/board"
)

// restOf is the minimum off time of the zone below; min_on lets it switch off at once.
const restOf = 20 * time.Second

// TestRelaysStayOffAfterABootWithoutNetworkOrClock: no network, a clock in 1970, and the power fails
// while it heats. The relays stay off until the agent has decided, and the loop
// and its timers run.
func TestRelaysStayOffAfterABootWithoutNetworkOrClock(t *testing.T) {
	t.Parallel()
	o := board.Options{PersistOutputs: true, Date: time.Unix(0, 0), Disk: board.NewDisk(t)}
	r := newSystem(t, o)
	// systemd moves a clock that is before its own build: set it back.
	r.clock(time.Unix(1000, 0))
	r.config("mqtt: {brokers: [\"mqtt://10.0.2.2:1883\"]}\n" + inService(strings.Replace(zone("hall", bme, highRelay, warm), "min_off: 0s", "min_off: 20s", 1))) // set by hand: without a clock a program does not step
	r.install(labPackage)
	r.wire(highLine, true)

	r.weather.Set(22, 45, 101325)
	r.wire(highLine, false)
	r.weather.Set(20, 45, 101325)
	r.clock(time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)) // a time server at last
	r.wire(highLine, true)
	r.rested("the clock jumps forward")
	if got := r.property("ActiveState") + r.property("NRestarts"); got != "active0" {
		t.Errorf("after the jump the service is %s", got)
	}

	r.sh("sync")
	before := len(r.GPIO.Changes(highLine))
	r.PowerCut()
	if r.GPIO.Wire(highLine) {
		t.Fatal("the power is cut, and the relay is on")
	}
	r.Board = r.again(o)
	r.sh("systemctl is-system-running --wait || true") // how long a boot takes is no matter
	r.wire(highLine, true)
	changes := r.GPIO.Changes(highLine)[before:]
	if len(changes) != 2 || changes[0].Kind.String() != "power cut" || !changes[1].After {
		t.Errorf("from the power cut on: %v, want off and, in the end, on", changes)
	}
	journal := r.sh("journalctl -b -u thermostat -o cat")
	decision, heat := strings.Index(journal, "first decision"), strings.Index(journal, "heater on")
	if decision < 0 || heat < decision {
		t.Errorf("heat before the first decision:\n%s", journal)
	}
}

// again boots the board anew: the same chips, the same disk.
func (r *rig) again(o board.Options) *board.Board {
	r.t.Helper()
	b, err := board.Boot(r.t.Context(), system(r.t, o), r.I2C, r.GPIO)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(b.Close)
	return b
}

func (r *rig) clock(to time.Time) {
	r.t.Helper()
	if err := r.SetClock(r.ctx(), to); err != nil {
		r.t.Fatal(err)
	}
}

// rested demands that the minimum off time was served between the last two
// changes of the wire. A busy machine may show the first of them late, hence the half.
func (r *rig) rested(when string) {
	r.t.Helper()
	changes := r.GPIO.Changes(highLine)
	off, on := changes[len(changes)-2], changes[len(changes)-1]
	if rest := on.Time.Sub(off.Time); off.After || !on.After || rest < restOf/2 {
		r.t.Errorf("%s: %v off and %v on are %v apart, want %v", when, off, on, rest, restOf)
	}
	r.t.Logf("%s: rested %.1f s of %v", when, on.Time.Sub(off.Time).Seconds(), restOf)
}
