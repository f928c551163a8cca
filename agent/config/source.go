package config

import (
	"thermostat/agent/config/machine"
	"thermostat/agent/config/plain"
	"thermostat/agent/config/sources"
	"thermostat/agent/config/unique"
)

// takeSource is what a source's keys say together.
func takeSource(r *reader, n *node, s *sources.Source, unread badKeys) {
	switch at := n.Child("pump_overrun"); {
	case s.Pump != nil:
	case at != nil && s.Law.PumpOverrun > 0 && !unread.has("pump_overrun"):
		r.complain(at, "%s needs a pump, and the source has none here: leave it out where the source has its own", plain.Written(s.Law.PumpOverrun))
	default:
		s.Law.PumpOverrun = 0
	}
	if n.Child("exercise") == nil {
		s.Exercise = sources.Exercise{}
	}
	s.Law.Pump, s.Law.Move = s.Pump != nil, s.Exercise.For
	s.Identify(machine.SensorID(r.config.Device, s.Name))
}

// wholeFile is what the mappings of the file say together.
func wholeFile(r *reader, n *node, c *Config, unread badKeys) {
	stateFolder(r, n, c, unread)
	if unread.has("sources") || unread.has("zones") {
		return
	}
	warnOfTimezone(r, n, c)
	presetsForNobody(r, n, c)
	var zones []sources.Zone
	for _, z := range c.Zones {
		zones = append(zones, sources.Zone{Name: z.Name, Calls: z.Calls, Devices: z.Devices})
	}
	for _, w := range sources.Check(c.Sources, zones) {
		list, i := n.Child("zones"), w.Zone
		if w.Source >= 0 {
			list, i = n.Child("sources"), w.Source
		}
		r.addOfField(list.Children[i], w.Field, w.Text, w.Warning)
	}
}

// addSources notes the relays of sources, which zones must not have too.
func addSources(u *unique.Finder, all []sources.Source, list *node) {
	for i, s := range all {
		u.AddRelay(list.Children[i].Child("relay"), s.Relay)
		u.AddRelay(list.Children[i].Child("pump"), s.Pump)
	}
}
