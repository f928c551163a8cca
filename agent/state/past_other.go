//go:build !linux

package state

import "time"

// ThisBoot knows nothing here: every start serves all of its rest.
func ThisBoot() BootClock { return BootClock{Now: func() time.Duration { return 0 }} }
