package service

import (
	"time"

	"golang.org/x/sys/unix"
)

// BootAhead is how far CLOCK_BOOTTIME, which counts on in a suspend, is ahead of
// CLOCK_MONOTONIC, which does not and which is Go's. The reading of three that
// was disturbed least counts.
func BootAhead() (ahead time.Duration) {
	least := time.Duration(-1)
	for range 3 {
		var before, boot, after unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &before) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &after) != nil {
			return 0
		}
		if took := time.Duration(after.Nano() - before.Nano()); least < 0 || took < least {
			least, ahead = took, time.Duration(boot.Nano()-after.Nano())
		}
	}
	return ahead
}
