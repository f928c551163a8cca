package service

import (
	"log/slog"
	"slices"

	"thermostat/drivers"
	"thermostat/drivers/hostfs"
	"thermostat/drivers/survey"
)

// Failsafe gives what tells whether the relays are let go of when the agent dies: those on
// lines by the kernel, those of Modbus boards by their lease. It answers nil where that is
// not known of each, or nothing hangs on it.
func Failsafe(h *drivers.Hardware, relays []drivers.Held, log *slog.Logger) func() *bool {
	var lines []drivers.GPIO
	for _, r := range relays {
		if r.Line != "" {
			lines = append(lines, r.GPIO)
		}
	}
	var known []*bool
	if len(lines) > 0 {
		known = append(known, linesLetGo(h, lines, log))
	}
	return func() *bool { return eachLetsGo(slices.Concat(known, h.Boards.LetGo())) }
}

// eachLetsGo is no where one is not, else not known where that is not known of one.
func eachLetsGo(all []*bool) (each *bool) {
	for i, one := range all {
		switch {
		case one != nil && !*one:
			return one
		case i == 0, one == nil:
			each = one
		}
	}
	return each
}

// linesLetGo reports whether the kernel lets go of the lines.
func linesLetGo(h *drivers.Hardware, lines []drivers.GPIO, log *slog.Logger) *bool {
	letsGo := false
	if slices.ContainsFunc(lines, func(g drivers.GPIO) bool { return survey.ExpanderOf(h.Files, g) != "" }) {
		return &letsGo // check and run have told which
	}
	keeps, known := survey.KeepsOutputs(h.Files)
	if !known || !keeps && slices.ContainsFunc(lines, func(g drivers.GPIO) bool { return !onHeader(h.Files, g) }) {
		log.Warn("whether a relay stays on after the agent was killed is not known of this kernel and chip, so only thermostat off ends that: run the agent as a service, which runs it after every end")
		return nil
	}
	if keeps {
		log.Warn("the kernel keeps GPIO outputs when a program dies, so a killed agent leaves a relay on until thermostat off runs: add dtparam=strict_gpiod to config.txt")
	}
	letsGo = !keeps
	return &letsGo
}

// onHeader reports whether a relay is on the chip behind the header of a
// Raspberry Pi: what the kernel does with a dead program's lines is known of that one alone.
func onHeader(files hostfs.Root, g drivers.GPIO) bool {
	at, err := drivers.ReadGPIOChips(files.Path("/dev")).Find(g)
	return err == nil && at.Chip.Header()
}
