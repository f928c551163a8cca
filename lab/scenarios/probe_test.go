package scenarios

import (
	"strings"
	"testing"

	"thermostat/lab/board"
)

// What probe proposes is a configuration that check accepts, and that heats
// once its owner gives it a setpoint.
func TestWhatProbeProposesPassesCheckAndHeats(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{PersistOutputs: true, Label: "pinctrl-bcm2711"})
	r.kernelThermometers()
	quiet := len(r.I2C.Log())
	got := r.thermostat("probe")
	for _, word := range []string{r.one.ID(), r.two.ID(), "bme280", "0x76", "pinctrl-bcm2711", "strict_gpiod", "20.0"} {
		if !strings.Contains(got.Stdout, word) {
			t.Errorf("no word of %s", word)
		}
	}
	if got.Exit != 0 || t.Failed() {
		t.Errorf("exit %d\n%s%s", got.Exit, got.Stdout, got.Stderr)
	}
	for _, transfer := range r.I2C.Log()[quiet:] {
		if a := transfer.Addr; a != 0x18 && a != 0x44 && a != 0x45 && a != 0x76 && a != 0x77 {
			t.Errorf("probe asked address %#x", a)
		}
	}
	if got := r.thermostat("probe", "--write", configPath); got.Exit != 0 {
		t.Fatalf("%+v", got)
	}
	if got := r.thermostat("check"); got.Exit != 0 {
		text, _ := r.ReadFile(r.ctx(), configPath)
		t.Fatalf("%+v\n%s", got, text)
	}
	for _, e := range r.GPIO.Log() {
		if e.Before != e.After {
			t.Errorf("probe changed a wire: %v", e)
		}
	}
	text, err := r.ReadFile(r.ctx(), configPath)
	if err != nil {
		t.Fatal(err)
	}
	owned := strings.Replace(string(text), "default_setpoint: {mode: off}", "default_setpoint: {mode: heat, desired: 25}\n    timing: {sample: 1s, stale_after: 5s, min_on: 0s, min_off: 0s}", 1)
	if owned == string(text) {
		t.Fatalf("no setpoint to change in\n%s", text)
	}
	r.config(owned)
	r.start()
	r.wire(highLine, true)
}

// Without rights probe says how to get them, and goes on.
func TestProbeWithoutPermissionSaysHowToGetIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{})
	c := r.command("probe")
	c.UID, c.GID = agentUser, agentGroup
	got, err := r.Run(r.ctx(), c)
	if err != nil || got.Exit != 0 || !strings.Contains(got.Stdout, "usermod -aG") {
		t.Errorf("%+v, %v", got, err)
	}
}
