package clitest

import (
	"fmt"
	"sync"
	"time"
)

// Forenoon names a time zone in which it was between nine and ten when a test first asked. A
// test that lives by the real clock is far there from midnight, and from the steps of a usual week.
var Forenoon = sync.OnceValue(func() string {
	east := 9 - time.Now().UTC().Hour()
	if east < -12 {
		east += 24
	}
	return fmt.Sprintf("Etc/GMT%+d", -east) // the names of these count to the west
})
