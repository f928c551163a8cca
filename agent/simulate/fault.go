package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thermostat/agent/config"
	"thermostat/drivers/simulated"
)

// simulatedFault is something that breaks in a simulated room, so long after
// the beginning in room time.
type simulatedFault struct {
	simulated.Fault
	at time.Duration
}

// simulatedFaults are those that a room can have.
func simulatedFaults() []simulated.Fault {
	return slices.DeleteFunc(simulated.Faults(), func(f simulated.Fault) bool { return f.Break == nil })
}

func simulatedFaultNames() string {
	var names []string
	for _, f := range simulatedFaults() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// parseSimulatedFaults reads NAME@TIME, and gives them in the order of their times.
func parseSimulatedFaults(texts []string) ([]simulatedFault, error) {
	var all []simulatedFault
	for _, text := range texts {
		name, at, ok := strings.Cut(text, "@")
		known := simulatedFaults()
		i := slices.IndexFunc(known, func(f simulated.Fault) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("fault: %s is none of %s", config.Shown(name), simulatedFaultNames())
		}
		d, err := time.ParseDuration(at)
		if !ok || err != nil || d < 0 {
			return nil, fmt.Errorf("fault: %s needs a time like %s@30h", config.Shown(text), name)
		}
		all = append(all, simulatedFault{known[i], d})
	}
	slices.SortStableFunc(all, func(a, b simulatedFault) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}
