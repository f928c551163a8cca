package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thermostat/agent/config"
	"thermostat/drivers"
)

// simulatedFault is something that breaks in a simulated room, so long after
// the beginning in room time.
type simulatedFault struct {
	name string
	at   time.Duration
	does func(*drivers.Room)
}

// simulatedFaults are those of demo that a room can have, and mended, which
// ends them all.
func simulatedFaults() []simulatedFault {
	sensor := func(f drivers.Fault) func(*drivers.Room) {
		return func(r *drivers.Room) { r.Break(f) }
	}
	relays := func(f drivers.RelayFault) func(*drivers.Room) {
		return func(r *drivers.Room) { r.BreakRelays(f) }
	}
	return []simulatedFault{
		{name: "sensor-gone", does: sensor(drivers.FaultGone)},
		{name: "sensor-hang", does: sensor(drivers.FaultHang)},
		{name: "sensor-frozen", does: sensor(drivers.FaultFrozen)},
		{name: "sensor-85", does: sensor(drivers.FaultPowerOn)},
		{name: "clock-jump", does: sensor(drivers.FaultClock)},
		{name: "relay-dead", does: relays(drivers.RelayDead)},
		{name: "relay-welded", does: relays(drivers.RelayWelded)},
		{name: "mended", does: func(r *drivers.Room) {
			r.Break(drivers.FaultNone)
			r.BreakRelays(drivers.RelayGood)
		}},
	}
}

func simulatedFaultNames() string {
	var names []string
	for _, f := range simulatedFaults() {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// parseSimulatedFaults reads NAME@TIME, and gives them in the order of their times.
func parseSimulatedFaults(texts []string) ([]simulatedFault, error) {
	var all []simulatedFault
	for _, text := range texts {
		name, at, ok := strings.Cut(text, "@")
		known := simulatedFaults()
		i := slices.IndexFunc(known, func(f simulatedFault) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("fault: %s is none of %s", config.Shown(name), simulatedFaultNames())
		}
		d, err := time.ParseDuration(at)
		if !ok || err != nil || d < 0 {
			return nil, fmt.Errorf("fault: %s needs a time like %s@30h", config.Shown(text), name)
		}
		known[i].at = d
		all = append(all, known[i])
	}
	slices.SortStableFunc(all, func(a, b simulatedFault) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}
