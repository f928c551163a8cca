package scenarios

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"thermostat/lab/board"
	"thermostat/lab/chips"
)

// expander is a chip, the kernel's driver of it, and a relay on its line 3.
type expander struct {
	*chips.Expander
	name, module, chip string // a module that is empty is built into the kernel
	address            uint16
	activeLow, forgets bool // a chip that forgets is an input after a loss of its supply until its driver is bound anew
}

func expanders() []expander {
	return []expander{
		{chips.NewPCA9534(), "pca9534", "", "0-0020", 0x20, false, true},
		{chips.NewMCP23017(), "mcp23017", "mcp23s08", "mcp23017", 0x21, false, true},
		{chips.NewPCF8574(), "pcf8574", "pcf857x", "pcf8574", 0x38, true, false},
	}
}

func (e expander) relay() string {
	return fmt.Sprintf("driver: gpio, line: 3, chip: %s, active_low: %v", e.chip, e.activeLow)
}

// on reports whether the relay is.
func (e expander) on() bool { return e.Wire(3) != e.activeLow }

// TestARelayOnAnI2CExpanderOutlivesItsAgent: the full way from a chip to the wire of each
// expander. A killed agent leaves it on, which is told, and `off` ends that. A chip that
// answers no more, has lost its supply or hangs with its bus is a fault of the relay.
func TestARelayOnAnI2CExpanderOutlivesItsAgent(t *testing.T) {
	t.Parallel()
	board.Need(t)
	bus, all, b := chips.NewBus(), expanders(), newBroker(t)
	r := &rig{t: t, weather: chips.NewBME280()}
	bus.Attach(0x76, r.weather)
	for _, e := range all {
		bus.Attach(e.address, e)
	}
	r.boot(board.Options{Network: true}, bus, chips.NewBank(board.Lines))
	for _, e := range all {
		r.bind(e)
		if e.on() {
			t.Errorf("%s: the relay is on before anybody asked", e.name)
		}
	}
	for _, e := range all {
		r.expands(e, b)
	}
}

// bind has the kernel drive an expander.
func (r *rig) bind(e expander) {
	r.t.Helper()
	if e.module != "" {
		if err := r.Load(r.ctx(), e.module); err != nil {
			board.Missing(r.t, err.Error()+": lab/build.sh makes it")
		}
	}
	if err := r.NewI2C(r.ctx(), fmt.Sprintf("%s %#x", e.name, e.address)); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "the kernel finds the "+e.name, func() bool {
		chips, err := r.Glob(r.ctx(), fmt.Sprintf("/sys/bus/i2c/devices/0-%04x/gpiochip*", e.address))
		return err == nil && len(chips) > 0
	})
}

func (r *rig) expands(e expander, b *broker) {
	r.t.Helper()
	cold, warmRoom := func() { r.weather.Set(20, 45, 101325) }, func() { r.weather.Set(22, 45, 101325) }
	is := func(want bool) {
		r.t.Helper()
		eventually(r.t, fmt.Sprintf("%s: the relay is on: %v", e.name, want), func() bool { return e.on() == want })
	}
	cold()
	r.config(b.onBroker(house(zone("attic", bme, e.relay(), warm))))
	if got := r.thermostat("check"); got.Exit != 0 || !strings.Contains(got.Stderr, "is on an I2C expander ("+e.name+"), which keeps its outputs") || strings.Contains(got.Stderr, "is high from the first supply on") {
		r.t.Errorf("check: %+v", got)
	}
	if got := r.thermostat("probe"); !strings.Contains(got.Stdout, fmt.Sprintf("the I2C expander %s at 0-%04x", e.name, e.address)) {
		r.t.Errorf("probe: %+v", got)
	}
	p := r.start()
	is(true)
	eventually(r.t, "failsafe is false", func() bool { return b.failsafe() == false })
	warmRoom()
	is(false)
	cold()
	is(true)
	r.end(p, syscall.SIGKILL)
	if !e.on() {
		r.t.Errorf("%s let go by itself: docs/safety.md says otherwise", e.name)
	}
	if got := r.thermostat("off"); got.Exit != 0 {
		r.t.Errorf("off: %+v", got)
	}
	is(false)

	p = r.start()
	is(true)
	e.Break(true)
	r.says(p, "a relay does not obey")
	warmRoom()
	e.Break(false)
	is(false)
	cold()
	is(true)
	r.I2C.Stall(true)
	r.says(p, "its bus has not answered since")
	r.I2C.Stall(false)
	warmRoom()
	is(false)
	r.end(p, syscall.SIGTERM)

	cold()
	p = r.start()
	is(true)
	e.PowerLoss()
	if e.on() {
		r.t.Errorf("%s: the relay is on after a loss of the supply", e.name)
	}
	if e.forgets {
		r.says(p, "it was switched, and reads otherwise")
	} else {
		is(true)
	}
	r.end(p, syscall.SIGTERM)
	is(false)
}

// TestAPCF8574BeginsWithItsLinesHigh: of a relay that is on while high it is told.
func TestAPCF8574BeginsWithItsLinesHigh(t *testing.T) {
	t.Parallel()
	board.Need(t)
	bus, e := chips.NewBus(), expanders()[2]
	e.activeLow = false
	r := &rig{t: t, weather: chips.NewBME280()}
	r.weather.Set(22, 45, 101325)
	bus.Attach(0x76, r.weather)
	bus.Attach(e.address, e)
	r.boot(board.Options{}, bus, chips.NewBank(board.Lines))
	r.bind(e)
	if !e.on() {
		t.Error("an active-high relay is off after the first supply: docs/devices.md says otherwise")
	}
	r.config(house(zone("attic", bme, e.relay(), warm)))
	if got := r.thermostat("check"); got.Exit != 0 || !strings.Contains(got.Stderr, "is high from the first supply on") {
		t.Errorf("check: %+v", got)
	}
	r.start()
	eventually(t, "the agent has switched it off", func() bool { return !e.on() })
}
