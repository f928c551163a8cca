// Package clocktest makes the times that package time makes once the wall clock was
// set: no function of its own does, and no test may set the clock of its machine.
package clocktest

import (
	"fmt"
	"time"
	"unsafe"
)

// began is a whole second on the clock that nobody sets.
var began = func() time.Time { now := time.Now(); return now.Add(-time.Duration(now.Nanosecond())) }()

// Shown is what time.Now gives on a machine that runs so long, when its wall clock
// shows that: of two such times Sub tells what passed, whatever the wall clock was set
// to between them.
func Shown(boot time.Duration, wall time.Time) time.Time {
	t := began.Add(boot)
	const second = 1 << 30 // of time.Time's first field: nanoseconds below, seconds above
	*(*uint64)(unsafe.Pointer(&t)) += uint64(wall.Unix()-t.Unix())*second + uint64(wall.Nanosecond()-t.Nanosecond())
	if !t.Equal(wall) || t.Sub(began) != boot {
		panic(fmt.Sprintf("package time no longer keeps two clocks as it did: %v, want %v after %v", t, wall, boot))
	}
	return t
}
