package state

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ThisBoot reads the machine's boot id and its clock since boot.
func ThisBoot() BootClock {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var t unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return BootClock{Now: func() time.Duration { return 0 }}
	}
	return BootClock{strings.TrimSpace(string(id)), sinceBoot}
}

// sinceBoot is CLOCK_BOOTTIME: unlike CLOCK_MONOTONIC it counts on while the
// machine is suspended, as a compressor's rest does.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
