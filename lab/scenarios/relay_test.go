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

// The full way, without a network: the room cools, the wire switches.
func TestColdRoomSwitchesTheWire(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{})
	r.kernelThermometers()
	r.config(house(
		zone("bath", kernelSensor(r.one), highRelay, warm),
		zone("attic", bme, lowRelay, warm)))
	r.one.Set(21)
	r.weather.Set(21, 45, 101325)
	p := r.start()
	r.says(p, "zone=attic")
	r.changes(highLine, 0)
	r.changes(lowLine, 0)

	r.one.Set(20.3)
	r.wire(highLine, true)
	r.one.Set(21.6)
	r.wire(highLine, false)
	r.weather.Set(20.3, 45, 101325)
	r.wire(lowLine, false)
	r.weather.Set(21.6, 45, 101325)
	r.wire(lowLine, true)
	r.changes(highLine, 2)
	r.changes(lowLine, 2)
}

// TestAnOpenWindowEndsTheHeat: a window's contact on a line of the board ends the heat of
// its room alone, which comes back once the window is shut. A stopped agent gives the line back.
func TestAnOpenWindowEndsTheHeat(t *testing.T) {
	t.Parallel()
	const contact = 27
	r := newRig(t, board.Options{})
	r.kernelThermometers()
	window := "    window: {contact: {driver: gpio, line: GPIO27}, delay: 2s, close_delay: 2s}\n"
	r.config(house(zone("bath", bme, highRelay, warm)+window, zone("attic", kernelSensor(r.one), lowRelay, warm)))
	r.GPIO.Drive(contact, false) // shut: it goes to ground
	r.one.Set(20)
	r.weather.Set(20, 45, 101325)
	p := r.start()
	r.wire(highLine, true)
	r.wire(lowLine, false)

	r.GPIO.Drive(contact, true)
	r.wire(highLine, false)
	r.says(p, "window_open")
	r.GPIO.Drive(contact, false)
	r.wire(highLine, true)
	r.changes(highLine, 3)
	r.changes(lowLine, 1)
	r.end(p, syscall.SIGTERM)
	if log := r.GPIO.Log(); !slices.ContainsFunc(log, func(e chips.Event) bool { return e.Line == contact && e.Kind == chips.Release }) {
		t.Error("the contact's line is not given back")
	}
}

// Neither start nor stop makes a glitch on either kind of relay board, under
// either behaviour of a released line.
func TestStartAndStopMakeNoGlitch(t *testing.T) {
	t.Parallel()
	for _, persist := range []bool{false, true} {
		t.Run(fmt.Sprintf("persist=%v", persist), func(t *testing.T) {
			r := newRig(t, board.Options{PersistOutputs: persist})
			r.config(house(
				zone("bath", bme, highRelay, off),
				zone("attic", bme, lowRelay, off)))
			quiet := func(when string) {
				t.Helper()
				for _, line := range []int{highLine, lowLine} {
					if got := r.GPIO.Changes(line); len(got) != 0 {
						t.Errorf("%s: wire %d: %v", when, line, got)
					}
				}
			}
			for range 3 { // a restart while off is another start
				p := r.start()
				r.says(p, "first decision")
				r.driven(highLine)
				r.driven(lowLine)
				quiet("start")
				if exit := r.end(p, syscall.SIGTERM); exit != 0 {
					t.Errorf("SIGTERM: exit %d", exit)
				}
				quiet("SIGTERM")
				if got := r.thermostat("off"); got.Exit != 0 {
					t.Errorf("off: %+v", got)
				}
				quiet("off")
			}
			p := r.start()
			r.says(p, "first decision")
			r.end(p, syscall.SIGKILL)
			quiet("SIGKILL while off")
		})
	}
}

// driven waits until the guest drives a line.
func (r *rig) driven(line int) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("line %d is driven", line), func() bool {
		for _, e := range r.GPIO.Log() {
			if e.Line == line && e.Kind.String() == "set output" {
				return true
			}
		}
		return false
	})
}

// heating starts an agent whose two relays are on.
func heating(t *testing.T, persist bool) (*rig, *board.Process) {
	t.Helper()
	r := newRig(t, board.Options{PersistOutputs: persist})
	r.config(house(
		zone("bath", bme, highRelay, warm),
		zone("attic", bme, lowRelay, warm)))
	p := r.start()
	r.wire(highLine, true)
	r.wire(lowLine, false)
	return r, p
}

func (r *rig) bothOff(when string) {
	r.t.Helper()
	if r.GPIO.Wire(highLine) || !r.GPIO.Wire(lowLine) {
		r.t.Errorf("%s: a relay is on", when)
	}
	r.changes(highLine, 2)
	r.changes(lowLine, 2)
}

func TestSIGTERMSwitchesEveryRelayOff(t *testing.T) {
	t.Parallel()
	r, p := heating(t, true)
	if exit := r.end(p, syscall.SIGTERM); exit != 0 {
		t.Errorf("exit %d", exit)
	}
	r.bothOff("after SIGTERM")
}

// A killed agent cannot switch off. Mainline lets go of its lines; Raspberry
// Pi's kernel keeps them, and `off` releases the heat.
func TestOffEndsTheHeatOfAKilledAgent(t *testing.T) {
	t.Parallel()
	t.Run("mainline", func(t *testing.T) {
		r, p := heating(t, false)
		r.end(p, syscall.SIGKILL)
		r.wire(highLine, false)
		r.wire(lowLine, true)
		r.bothOff("after SIGKILL")
	})
	t.Run("Raspberry Pi", func(t *testing.T) {
		r, p := heating(t, true)
		r.says(p, "strict_gpiod")
		r.end(p, syscall.SIGKILL)
		if !r.GPIO.Wire(highLine) || r.GPIO.Wire(lowLine) {
			t.Fatal("this kernel was to keep the lines")
		}
		got := r.thermostat("off")
		if got.Exit != 0 || !strings.Contains(got.Stdout, "GPIO17 is off") || !strings.Contains(got.Stdout, "GPIO5 is off") {
			t.Errorf("off: %+v", got)
		}
		r.bothOff("after off")
	})
}

func TestAPowerCutLeavesNothingOn(t *testing.T) {
	t.Parallel()
	r, _ := heating(t, true)
	r.PowerCut()
	r.bothOff("after the power cut")
	r.boot(board.Options{PersistOutputs: true}, r.I2C, r.GPIO)
	r.bothOff("after the boot")
	r.config(house(zone("bath", bme, highRelay, warm)))
	r.start()
	r.wire(highLine, true)
	r.changes(highLine, 3)
}

// Only one agent can hold a line.
func TestASecondAgentGetsNoLineThatIsHeld(t *testing.T) {
	t.Parallel()
	r, first := heating(t, true)
	before := len(r.GPIO.Log())
	second := r.start()
	if exit := r.exits(second); exit != 1 || !strings.Contains(second.Stderr(), `GPIO17 of gpiochip`) || !strings.Contains(second.Stderr(), `"thermostat" holds it`) {
		t.Errorf("exit %d: %s", exit, second.Stderr())
	}
	if got := r.thermostat("off"); got.Exit != 1 || !strings.Contains(got.Stderr, `"thermostat" holds it`) {
		t.Errorf("off beside a running agent: %+v", got)
	}
	for _, e := range r.GPIO.Log()[before:] {
		if e.Before != e.After {
			t.Errorf("the second agent changed a wire: %v", e)
		}
	}
	r.weather.Set(22, 45, 101325)
	r.wire(highLine, false)
	r.end(first, syscall.SIGTERM)
}

// off waits for a dying agent to let go of its lines.
func TestOffWaitsForABusyLine(t *testing.T) {
	t.Parallel()
	r, p := heating(t, true)
	off, err := r.Start(r.ctx(), r.command("off"))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // it has met the busy line by now; if not, it proves less but fails no more
	r.end(p, syscall.SIGKILL)
	if exit := r.exits(off); exit != 0 {
		t.Errorf("exit %d: %s", exit, off.Stderr())
	}
	r.bothOff("after off")
}

func TestWithoutPermissionTheAgentNamesTheGroup(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{})
	r.config(house(zone("bath", bme, highRelay, warm)))
	run := func(groups ...uint32) board.Result {
		c := r.command("run")
		c.UID, c.GID, c.Groups, c.Env = agentUser, agentGroup, groups, []string{"HOME=/tmp", "STATE_DIRECTORY=/tmp/state"}
		p, err := r.Start(r.ctx(), c)
		if err != nil {
			t.Fatal(err)
		}
		if len(groups) == 1 { // it may open the line, and goes on
			r.says(p, "no_permission")
			return board.Result{Exit: r.end(p, syscall.SIGTERM), Stderr: p.Stderr()}
		}
		return board.Result{Exit: r.exits(p), Stderr: p.Stderr()}
	}
	r.config("device: cabin\nzones:\n" + zone("bath", bme, highRelay, warm))
	if got := run(); got.Exit != 2 || !strings.Contains(got.Stderr, "group gpio") {
		t.Errorf("without a right on the line: %+v, want exit 2 and the group", got)
	}
	if got := run(board.GroupGPIO); got.Exit != 0 || !strings.Contains(got.Stderr, "group i2c") {
		t.Errorf("without a right on the bus: %+v, want an agent that runs and names the group", got)
	}
	r.changes(highLine, 0)
}

// The owner changes the line, the agent is killed: off releases the old line
// too, and so does an agent that starts before anybody called off.
func TestChangedLineIsReleased(t *testing.T) {
	t.Parallel()
	for _, with := range []string{"off", "run"} {
		t.Run(with, func(t *testing.T) {
			r := newRig(t, board.Options{PersistOutputs: true})
			r.config(house(zone("bath", bme, highRelay, warm)))
			p := r.start()
			r.wire(highLine, true)
			r.config(house(zone("bath", bme, "driver: gpio, line: GPIO27", off)))
			r.end(p, syscall.SIGKILL)
			if !r.GPIO.Wire(highLine) {
				t.Fatal("this kernel was to keep the line")
			}
			if with == "off" {
				if got := r.thermostat("off"); got.Exit != 0 {
					t.Errorf("%+v", got)
				}
			} else {
				r.says(r.start(), "first decision")
			}
			r.wire(highLine, false)
			r.changes(highLine, 2)
			r.changes(27, 0)
		})
	}
}

// The agent cannot start, since another program holds its new line: the old
// one is released all the same.
func TestChangedLineIsReleasedByAStartThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{PersistOutputs: true})
	r.config(house(zone("bath", bme, highRelay, warm)))
	p := r.start()
	r.wire(highLine, true)
	r.end(p, syscall.SIGKILL)
	r.config(strings.Replace(house(zone("attic", bme, lowRelay, off)), statePath, "/tmp/other", 1))
	other := r.start()
	r.says(other, "first decision")
	r.config(house(zone("bath", bme, lowRelay, off)))
	if exit := r.exits(r.start()); exit != 1 {
		t.Errorf("exit %d, want 1: the line is busy", exit)
	}
	r.changes(highLine, 2)
	if r.GPIO.Wire(highLine) {
		t.Error("the old line is on")
	}
}

// A configuration that became unreadable, and none at all.
func TestOffNeedsOnlyOneFile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"zones: [", ""} {
		r, p := heating(t, true)
		r.end(p, syscall.SIGKILL)
		if text == "" {
			if err := r.Remove(r.ctx(), configPath); err != nil {
				t.Fatal(err)
			}
		} else {
			r.config(text)
		}
		if got := r.thermostat("off"); got.Exit != 0 {
			t.Errorf("configuration %q: %+v", text, got)
		}
		r.bothOff("after off")
	}
}
