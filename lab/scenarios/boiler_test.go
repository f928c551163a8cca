package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/board"
	"thermostat/lab/chips"
)

// Short times, so that no test waits for what a house waits for. The guest decides, and switches a moment later: on the wires
// all but the first may be shorter by a slack, which is what emulation on a busy machine adds.
const (
	valveOpen   = 3 * time.Second
	pumpOverrun = 8 * time.Second
	boilerOn    = 10 * time.Second // min_on
	boilerOff   = 12 * time.Second // min_off
	slack       = 6 * time.Second
)

// boilerWires are a boiler, its pump and the valves of four rooms.
var boilerWires = map[int]string{22: "boiler", 23: "pump", highLine: "den", lowLine: "study", 24: "attic", 25: "hall"}

// shared is a house whose rooms share a boiler, and the judge's place in the log of its wires.
type shared struct {
	*rig
	hall  *chips.BME280
	seen  int   // switches that a course has named
	began int   // switches of what was before
	cuts  []int // switches from which on a guard or an end may cut min_on and overrun
}

// newShared makes the rooms, all of them warm.
func newShared(r *rig) *shared {
	h := &shared{rig: r, hall: chips.NewBME280()}
	r.I2C.Attach(0x77, h.hall)
	for _, room := range []string{"den", "study", "attic", "hall"} {
		h.is(room, 22)
	}
	return h
}

// is sets the temperature of a room: 20 °C is cold, 22 °C is warm.
func (h *shared) is(room string, celsius float64) {
	switch room {
	case "den":
		h.one.Set(celsius)
	case "study":
		h.two.Set(celsius)
	case "attic":
		h.weather.Set(celsius, 45, 101325)
	case "hall":
		h.hall.Set(celsius, 45, 101325)
	}
}

// text is the configuration of the house with these rooms.
func (h *shared) text(rooms ...string) string {
	all := map[string]string{
		"den":   zone("den", kernelSensor(h.one), highRelay, warm),
		"study": zone("study", kernelSensor(h.two), lowRelay, warm),
		"attic": zone("attic", bme, "driver: gpio, line: GPIO24", warm),
		"hall":  zone("hall", bme+", address: 0x77", "driver: gpio, line: GPIO25", warm),
	}
	source := fmt.Sprintf("sources:\n  - {name: boiler, relay: {driver: gpio, line: GPIO22}, pump: {driver: gpio, line: GPIO23},\n"+
		"     valve_open: %v, pump_overrun: %v, min_on: %v, min_off: %v}\n", valveOpen, pumpOverrun, boilerOn, boilerOff)
	var zones []string
	for _, room := range rooms {
		calls := strings.Replace(all[room], "    sensor:", "    calls: boiler\n    limits: {max_rate: 1000}\n    sensor:", 1)
		zones = append(zones, strings.Replace(nervous(calls), "sample: 1s", "sample: 2s", 1))
	}
	return strings.Replace(house(zones...), "zones:", source+"zones:", 1)
}

// heatSwitch is a change of one of the wires.
type heatSwitch struct {
	chips.Event
	name  string
	on    bool
	taken time.Time // when a program took the boiler's line last
}

func (s heatSwitch) String() string {
	return s.name + map[bool]string{true: " on", false: " off"}[s.on]
}

// switches are all of them so far, in order.
func (h *shared) switches() (all []heatSwitch) {
	var taken time.Time
	for _, e := range h.GPIO.Log() {
		name := boilerWires[e.Line]
		if name == "boiler" && e.Kind == chips.SetOutput {
			taken = e.Time
		}
		if name != "" && e.Before != e.After {
			all = append(all, heatSwitch{e, name, e.After != (e.Line == lowLine), taken})
		}
	}
	return all
}

// course waits for the wires' next switches, which must be these, in this order; none: there was none.
func (h *shared) course(what string, want ...string) {
	h.t.Helper()
	eventually(h.t, fmt.Sprintf("%s: %v", what, want), func() bool { return len(h.switches()) >= h.seen+len(want) })
	got := h.switches()[h.seen:]
	got = got[:min(len(got), max(len(want), 1))]
	if text := fmt.Sprint(got); text != fmt.Sprint(want) {
		h.t.Fatalf("%s: %v, want %v", what, text, want)
	}
	h.seen += len(want)
	h.t.Logf("%v %s", time.Now().Format(time.TimeOnly), what)
}

// cut says that what comes now may cut min_on and overrun: a guard, or an end.
func (h *shared) cut() { h.cuts = append(h.cuts, h.seen) }

// heatBook is what the judge knows of the wires.
type heatBook struct {
	on    map[string]bool
	since map[string]time.Time // of the last switch
}

// judge holds every switch against the rules, and demands that each belongs to a course.
func (h *shared) judge() {
	h.t.Helper()
	b := heatBook{map[string]bool{}, map[string]time.Time{}}
	before, all := "", h.switches()
	for i, s := range all {
		b.on[s.name] = s.on
		served := !slices.ContainsFunc(h.cuts, func(cut int) bool { return i >= cut && i < cut+3 })
		wrong := b.against(s)
		if before == "pump on" && s.String() != "boiler on" {
			wrong = append(wrong, "a pump goes on without its boiler")
		}
		if served {
			wrong = append(wrong, b.hasty(s)...)
		}
		if len(wrong) > 0 && i >= h.began && s.Kind != chips.Release { // then it was the kernel that let go, in whatever order
			h.t.Errorf("switch %d of %v: %v", i, all, wrong)
		}
		b.since[s.name], before = s.Time, s.String()
	}
	if extra := all[h.seen:]; len(extra) > 0 {
		h.t.Errorf("beside all courses: %v", extra)
	}
}

// against tells of what may never be, at no time.
func (b *heatBook) against(s heatSwitch) (wrong []string) {
	open, flows := false, false
	for name, on := range b.on {
		if on && name != "boiler" && name != "pump" {
			open = true
			flows = flows || s.Time.Sub(b.since[name]) >= valveOpen
		}
	}
	if !open && (b.on["boiler"] || b.on["pump"]) {
		wrong = append(wrong, "boiler or pump against shut valves")
	}
	if b.on["boiler"] && !b.on["pump"] {
		wrong = append(wrong, "the boiler without its pump")
	}
	if !flows && s.on && (s.name == "boiler" || s.name == "pump") {
		wrong = append(wrong, "no valve has been open for long enough")
	}
	rested := b.since["boiler"]
	if s.taken.After(rested) {
		rested = s.taken
	}
	if s.String() == "boiler on" && s.Time.Sub(rested) < boilerOff-slack {
		wrong = append(wrong, "min_off is not served")
	}
	return wrong
}

// hasty tells of what only a guard or an end may do.
func (b *heatBook) hasty(s heatSwitch) (wrong []string) {
	passed := s.Time.Sub(b.since["boiler"])
	if s.String() == "boiler off" && passed < boilerOn-slack {
		wrong = append(wrong, "min_on is not served")
	}
	if s.String() == "pump off" && passed < pumpOverrun-slack {
		wrong = append(wrong, "the overrun is not served")
	}
	return wrong
}

// sharesABoiler: the service runs a house with a boiler, from a call to the service's end: warm rooms, a room that takes over while
// the broker is gone, a bus that hangs, a kill after which the kernel lets all lines go, and a stop.
func (r *rig) sharesABoiler(b *secureBroker) {
	r.t.Helper()
	r.sh("systemctl stop thermostat")
	h := newShared(r)
	h.config(b.onBroker(strings.Replace(h.text("den", "study", "attic", "hall"), "state_dir: "+statePath+"\n", "", 1)))
	h.began = len(h.switches())
	h.seen = h.began
	h.is("den", 20)
	h.sh("systemctl start thermostat")
	h.course("a call", "den on", "pump on", "boiler on")
	h.is("den", 22)
	h.course("warm at once", "boiler off", "pump off", "den off")
	h.is("study", 20)
	h.course("another room calls", "study on", "pump on", "boiler on")
	h.withoutBroker(b.broker)

	h.cut()
	h.I2C.Stall(true)
	h.course("no sensor answers", "boiler off", "pump off", "attic off")
	h.I2C.Stall(false)
	h.course("they answer again", "attic on", "pump on", "boiler on")
	h.killed()
	h.cut()
	h.sh("systemctl stop thermostat && thermostat off")
	h.course("a stop", "boiler off", "pump off", "attic off")
	h.judge()
}

// killed: the kernel lets go in whatever order, and systemd starts the agent again.
func (h *shared) killed() {
	h.t.Helper()
	h.sh("kill -KILL " + h.property("MainPID"))
	eventually(h.t, "the kernel lets go", func() bool { return len(h.switches()) >= h.seen+3 })
	for _, s := range h.switches()[h.seen:][:3] {
		if s.on || s.Kind != chips.Release {
			h.t.Errorf("a kill: %v by %v", s, s.Kind)
		}
	}
	h.seen += 3
	h.course("systemd starts it again", "attic on", "pump on", "boiler on")
}

// withoutBroker: nothing changes when the broker goes, and one room takes over from another.
func (h *shared) withoutBroker(b *broker) {
	h.t.Helper()
	h.is("attic", 20)
	h.course("a third room calls, too", "attic on")
	eventually(h.t, "both count", func() bool { zones, _ := b.calling(); return fmt.Sprint(zones) == "[study attic]" })
	b.end()
	read := h.two.Counts().Conversions
	eventually(h.t, "more readings than stale_after has", func() bool { return h.two.Counts().Conversions > read+5 })
	h.course("the broker is gone")
	h.is("study", 22)
	h.course("a room takes over", "study off")
}

// TestNoEndOfAnAgentLeavesABoilerAgainstShutValves where the kernel keeps the outputs of a killed agent: `off`, and a start whose
// configuration has lost the room of the only open valve, switch boiler, pump and valve in this order. So does a thermometer that is unplugged.
func TestNoEndOfAnAgentLeavesABoilerAgainstShutValves(t *testing.T) {
	t.Parallel()
	h := newShared(newRig(t, board.Options{PersistOutputs: true}))
	h.kernelThermometers()
	h.config(h.text("den", "study", "attic", "hall"))
	h.is("den", 20)
	p := h.start()
	h.course("a call", "den on", "pump on", "boiler on")

	h.cut()
	h.bridge.Unplug(h.one)
	h.course("the thermometer is unplugged", "boiler off", "pump off", "den off")
	h.bridge.Plug(h.one)
	h.course("it is back", "den on", "pump on", "boiler on")

	h.end(p, syscall.SIGKILL)
	h.course("a kill")
	h.cut()
	if got := h.thermostat("off"); got.Exit != 0 {
		t.Errorf("off: %+v", got)
	}
	h.course("off", "boiler off", "pump off", "den off")
	p = h.start()
	h.course("a start", "den on", "pump on", "boiler on")

	h.end(p, syscall.SIGKILL)
	h.cut()
	h.config(h.text("study", "attic", "hall"))
	p = h.start()
	h.says(p, "first decision")
	h.course("a start without the room", "boiler off", "pump off", "den off")
	h.end(p, syscall.SIGTERM)
	h.judge()
}
