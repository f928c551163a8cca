package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/config/plant"
	"thermostat/controlloop"
	"thermostat/controlloop/limits"
)

// everyKey calls with all keys by their paths, those of each driver among them.
func everyKey(keys []Key, path string, each func(path string, k Key)) {
	for _, k := range keys {
		each(path+k.Name, k)
		everyKey(k.Keys, path+k.Name+".", each)
		for _, d := range k.Drivers {
			everyKey(d.Keys, path+k.Name+"."+d.Name+".", each)
		}
	}
}

// Every key is told in one sentence without its point; bounds come in pairs, and
// are those of the law where the law has some.
func TestEveryKeyIsTold(t *testing.T) {
	told := 0
	everyKey(Describe(plant.Usual()), "", func(path string, k Key) {
		told++
		if k.Says == "" || strings.HasSuffix(k.Says, ".") || strings.Contains(k.Says, "\n") {
			t.Errorf("%s: %q", path, k.Says)
		}
		bounded := k.Kind == Duration || k.Kind == Number || k.Kind == Address || k.Kind == Whole && k.Name != "seed"
		if (k.Low != nil) != (k.High != nil) || (k.Low != nil) != bounded {
			t.Errorf("%s: %v..%v", path, k.Low, k.High)
		}
		if law, ok := ofLaw[strings.TrimPrefix(path, "zones.")]; ok && (law.Low != k.Low || law.High != k.High) {
			t.Errorf("%s: %v..%v, the law has %v", path, k.Low, k.High, law)
		}
	})
	if told < 100 {
		t.Errorf("%d keys", told)
	}
}

// Each bound of the law has its key.
func TestEveryBoundOfTheLawHasItsKey(t *testing.T) {
	var paths []string
	everyKey(Describe(plant.Usual()), "", func(path string, _ Key) { paths = append(paths, path) })
	for field := range ofLaw {
		if !slices.Contains(paths, "zones."+field) {
			t.Errorf("no key %s", field)
		}
	}
}

// A default that is told is the one that counts: a configuration that writes every
// one of them out is the same as the one that writes none.
func TestDefaultsThatAreToldAreThoseThatCount(t *testing.T) {
	for _, name := range plant.Names() {
		plain := "device: den\nzones:\n- name: a\n  plant: " + name + "\n  sensor: {driver: simulated}\n  heater: {driver: simulated}\n  cooler: {driver: simulated}\n"
		text := plain
		for _, zone := range Describe(plant.Of(name)) {
			for _, k := range zone.Keys {
				if zone.Name == "zones" && (k.Name == "limits" || k.Name == "timing") {
					text += fmt.Sprintf("  %s: {%s}\n", k.Name, asWritten(k.Keys))
				}
			}
		}
		want, got := mustBeClean(t, plain).Zones[0], mustBeClean(t, text).Zones[0]
		if got.Params != want.Params || strings.Count(text, ":") < 20 {
			t.Errorf("%s\n%+v\nwant\n%+v", text, got.Params, want.Params)
		}
	}
}

// asWritten writes out the defaults of keys.
func asWritten(keys []Key) string {
	var pairs []string
	for _, k := range keys {
		pairs = append(pairs, k.Name+": "+k.Default)
	}
	return strings.Join(pairs, ", ")
}

// Where two constants must be something to each other, the sentence or the bound of
// one of them names the other.
func TestRelationsOfTheLawAreTold(t *testing.T) {
	about := map[string]string{}
	everyKey(Describe(plant.Usual()), "", func(path string, k Key) {
		about[strings.TrimPrefix(path, "zones.")] = k.Says + " " + k.Bounds
	})
	p := plant.Usual().Params
	p.Heater, p.Cooler, p.Sample, p.MinOn = true, true, p.StaleAfter, p.StaleAfter
	p.DesiredMin, p.HeatCutout, p.PlausibleMax, p.CoolCutout, p.PlausibleMin = 29, 27, 27, 30, 30
	p.MaxOn, p.FrozenAfter = p.Sample/2, p.Sample
	found := 0
	for _, v := range limits.Validate(p) {
		for _, other := range []string{"desired_min", "desired_max", "sample", "min_on"} {
			if !strings.Contains(v.Bound, other) {
				continue
			}
			found++
			if !strings.Contains(about[v.Field], other) {
				t.Errorf("%s %s, but its key says %q", v.Field, v.Bound, about[v.Field])
			}
		}
	}
	if found < 7 {
		t.Errorf("%d relations", found)
	}
}

// The keys that simulate --vary knows, in the order that it tells them.
func TestVaryKnowsTheSetpointTheCutoutsTheTimesAndTheLaw(t *testing.T) {
	want := strings.Fields("desired up_delta down_delta heat_cutout cool_cutout max_rate sample stale_after min_on min_off max_on changeover frozen_after law starts_per_day")
	if !slices.Equal(Vary(), want) {
		t.Errorf("%v", Vary())
	}
	for _, key := range want {
		z := freshZone(plant.Usual()).Zone
		value, after := "6", "6"
		if k := timingKeys.key(key); k != nil {
			value, after = "7m", "7m"
		}
		if key == "law" {
			value, after = "foresee", "foresee"
		}
		if err := SetZone(&z, key, value); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if got := keyText(&z, key); got != after {
			t.Errorf("%s is %s", key, got)
		}
	}
	for key, value := range map[string]string{"plausible_min": "6", "law": "guess", "starts_per_day": "0.5"} {
		if z := new(Zone); SetZone(z, key, value) == nil || z.Params != (controlloop.Params{}) {
			t.Errorf("%s: %s is taken", key, value)
		}
	}
}

func keyText(z *Zone, name string) string {
	for _, v := range varied {
		if k := v.table.key(name); k != nil {
			return defaultText(k.at(v.of(&zoneOfFile{Zone: *z})))
		}
	}
	return ""
}
