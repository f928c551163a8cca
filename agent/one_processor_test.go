package main

import (
	"runtime"
	"testing"
)

// TestAHousesAgentTakesOneProcessorUnlessGosVariableSaysOtherwise: GOMAXPROCS.
func TestAHousesAgentTakesOneProcessorUnlessGosVariableSaysOtherwise(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	for set, want := range map[string]int{"3": 3, "": 1} {
		runtime.GOMAXPROCS(3)
		onOneProcessor(func(string) string { return set })
		if n := runtime.GOMAXPROCS(0); n != want {
			t.Errorf("set %q: %d processors, want %d", set, n, want)
		}
	}
}
