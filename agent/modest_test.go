package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestAHousesAgentTakesOneProcessorUnlessGosVariablesSayOtherwise: and collects at half of Go's usual growth.
func TestAHousesAgentTakesOneProcessorUnlessGosVariablesSayOtherwise(t *testing.T) {
	processors, percent := runtime.GOMAXPROCS(3), debug.SetGCPercent(90)
	defer func() {
		runtime.GOMAXPROCS(processors)
		debug.SetGCPercent(percent)
	}()
	for _, c := range []struct {
		set                 string
		processors, percent int
	}{{"3", 3, 90}, {"", 1, 50}} {
		beModest(func(string) string { return c.set })
		growth := debug.SetGCPercent(90)
		if n := runtime.GOMAXPROCS(0); n != c.processors || growth != c.percent {
			t.Errorf("set %q: %d processors, %d %%", c.set, n, growth)
		}
	}
}
