package config

import (
	"errors"

	"thermostat/agent/config/yamltree"
)

// varied are the tables whose keys `simulate --vary` knows, and what of a zone
// each is read into.
var varied = []struct {
	table *table
	of    func(*zoneOfFile) any
}{
	{&setpointKeys, func(z *zoneOfFile) any { return &z.Default }},
	{&limitKeys, func(z *zoneOfFile) any { return &z.Params }},
	{&timingKeys, func(z *zoneOfFile) any { return &z.Params }},
	{&zoneKeys, func(z *zoneOfFile) any { return z }},
}

// Vary lists the keys of a zone that [SetZone] sets: desired, heat_cutout, sample.
func Vary() (names []string) {
	for _, v := range varied {
		for _, k := range v.table.keys {
			if k.vary {
				names = append(names, k.name)
			}
		}
	}
	return names
}

// SetZone sets a key of [Vary] to a value as the file would have it. Whether the
// value goes with the zone's others is the law's to say.
func SetZone(z *Zone, name, value string) error {
	read := zoneOfFile{Zone: *z}
	for _, v := range varied {
		k := v.table.key(name)
		if k == nil || !k.vary {
			continue
		}
		if wrong := take(nil, k, &node{Kind: yamltree.Scalar, Key: name, Text: value}, k.at(v.of(&read))); wrong != "" {
			return errors.New(wrong)
		}
		*z = read.Zone
		return nil
	}
	return errors.New("cannot be set")
}
