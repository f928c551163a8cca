package scenarios

import (
	"strings"
	"syscall"
	"testing"

	"thermostat/lab/board"
)

// TestOffDrivesALineOfTwoNamesOnce: the polarity was wrong and is corrected, and the
// line is called otherwise now; off drives it once, and off.
func TestOffDrivesALineOfTwoNamesOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{PersistOutputs: true})
	r.config(house(zone("bath", bme, "driver: gpio, line: GPIO17, chip: gpiochip1, active_low: true", off)))
	p := r.start()
	r.says(p, "first decision")
	r.end(p, syscall.SIGKILL)
	r.config(house(zone("bath", bme, "driver: gpio, line: GPIO17", off)))
	if got := r.thermostat("off"); got.Exit != 0 || strings.Count(got.Stdout, "is off") != 1 {
		t.Errorf("off: %+v", got)
	}
	if r.GPIO.Wire(17) {
		t.Error("off has left the relay on")
	}
}

// TestFailedStartLeavesNothingOn: an agent that cannot start, for whatever
// reason, switches off what a killed one has left on.
func TestFailedStartLeavesNothingOn(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"another relay is missing": house(zone("attic", bme, "driver: gpio, line: GPIO99", off), zone("bath", bme, highRelay, warm)),
		"a broken configuration":   strings.Replace(house(zone("bath", bme, highRelay, warm)), "desired:", "dezired:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, board.Options{PersistOutputs: true})
			r.config(house(zone("bath", bme, highRelay, warm)))
			p := r.start()
			r.wire(highLine, true)
			r.end(p, syscall.SIGKILL)
			r.config(config)
			if code := r.exits(r.start()); code != 2 {
				t.Errorf("exit %d", code)
			}
			if r.GPIO.Wire(highLine) {
				t.Error("the heat is left on")
			}
		})
	}
}
