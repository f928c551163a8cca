package main

import (
	"fmt"
	"log/slog"
	"runtime/debug"

	"thermostat/controlloop"
)

// containment keeps a mistake in a part of the agent that drives no relay from
// ending the zones with it: a panic there is a fault of every zone, in the words
// of the part that failed, until the agent is started anew.
type containment struct {
	log   *slog.Logger
	zones []*controlloop.Zone
}

// run does something of a part; a panic ends that, and no more.
func (c *containment) run(part string, f func()) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		c.log.Error("a part of the agent failed: the zones go on. Please report this", "part", part, "cause", cause, "stack", string(debug.Stack()))
		text := fmt.Sprintf("%s failed by a mistake of this program: the zones go on, restart the agent when it suits, and report what its log says (%.80v)", part, cause)
		for _, z := range c.zones {
			z.Alarms.Set(controlloop.FaultInternalError, true, text)
		}
	}()
	f()
}
