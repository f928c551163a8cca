package drivers

import (
	"context"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/kernel"
)

// kernelLimit is how long the kernel may take for a chip that its own driver
// reads: a conversion of up to a second, and its second for a transfer that hangs,
// for temperature, humidity and pressure each.
const kernelLimit = 5 * time.Second

func openKernel(h *Hardware, s kernel.Spec) controlloop.Sensor {
	return &kernelChip{files: h, spec: s, readLimit: readLimit{limit: kernelLimit}}
}

// kernelChip is a chip that a driver of the kernel's reads.
type kernelChip struct {
	files     *Hardware
	spec      kernel.Spec
	readLimit readLimit
}

// Read asks the kernel.
func (k *kernelChip) Read(ctx context.Context) (controlloop.Reading, error) {
	return k.readLimit.read(ctx, func() (controlloop.Reading, error) { return k.spec.Read(k.files.Files) })
}

// busOfKernel is the bus of the header that such a chip is on.
func busOfKernel(s kernel.Spec) Bus {
	number, _, ok := s.I2C()
	return Bus{I2C: ok, Number: number}
}
