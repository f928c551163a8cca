package survey

import (
	"context"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/kernel"
)

// KernelChip is a chip that a driver of the kernel's reads.
type KernelChip struct {
	kernel.Spec
	kernel.Bound
	Answer
}

// kernelChips reads each once, also those whose answers nobody checks.
func kernelChips(ctx context.Context, h machine) []KernelChip {
	var all []KernelChip
	for _, s := range kernel.Found(h.Files) {
		bound, _ := s.BoundTo(h.Files)
		s.Unchecked = !bound.Checked
		all = append(all, KernelChip{s, bound, h.ask(ctx, drivers.SensorSpec{Driver: "kernel", Kernel: &s})})
	}
	return all
}

// Needs reports whether the chip cannot be read before its owner says more of it,
// such as the channel or the resistor; the answer's text tells what.
func (k KernelChip) Needs() bool {
	return k.Verdict == controlloop.VerdictError || k.Verdict == controlloop.VerdictWrongChip
}
