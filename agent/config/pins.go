package config

import (
	"fmt"

	"thermostat/agent/config/advice"
	"thermostat/drivers"
)

// checkHeaderLine knows other spellings of a line on the header, where GPIO17 is
// the only one. Lines of other boards may have blanks.
func checkHeaderLine(r *reader, n *node, g *drivers.GPIO) {
	switch line, pin := advice.HeaderLine(g.Line); {
	case pin != 0:
		r.warn(n, fmt.Sprintf("%s is no line of a Raspberry Pi's header: its pin %d is %s", Shown(g.Line), pin, line))
	case line != "" && line != g.Line:
		r.complain(n, "%s is no line of a Raspberry Pi's header: write %s; of another board, name the chip as well", Shown(g.Line), line)
		g.Line = ""
	}
}
