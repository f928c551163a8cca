package config

import (
	"math"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
)

// Key is what the tables say of one key, for documents and schemas.
type Key struct {
	Name, Says string
	Kind       Kind
	List       bool // of what Kind says
	Words      []string
	Pattern    string // that a text matches
	Looks      string // the same in words: is made of a-z; empty: the pattern must do
	Empty      bool   // "" is a value of the text
	Numeric    bool   // a text that YAML takes for a number is one of these texts
	Low, High  any    // a number or a duration; a string where it hangs on other keys; nil: none
	Bounds     string // the two as people write them, with the unit
	Unit       string
	Default    string // as the file would have it; empty: none, or that of Usual
	Usual      string // the default in words, where it is the machine's or another key's
	More       string // where docs/configuration.md says more; empty: nowhere
	Must       bool   // a mapping must have it, and where it hangs on another key, beside that
	Beside     string // the key that it hangs on; empty: none
	BesideIs   []string
	Keys       []Key    // of a mapping
	Drivers    []Driver // of a device
}

// Kind is what a value looks like.
type Kind uint8

// The kinds of values.
const (
	Text Kind = iota
	Number
	Whole
	Address // a whole number, mostly in hex, that is Low or High
	Duration
	Boolean
	Words   // a mapping of texts with free keys
	Mapping // of Keys
	Device  // a mapping of the keys of one of Drivers
)

// Driver is a kind of sensor or relay with the keys of its mapping.
type Driver struct {
	Name, Says string
	Keys       []Key
}

// Describe tells all keys of a configuration, with the defaults of a plant.
func Describe(plant Plant) []Key {
	c := defaults()
	return rootKeys.describe(plant, &c)
}

func (t *table) describe(plant Plant, of any) (keys []Key) {
	for i := range t.keys {
		keys = append(keys, t.keys[i].describe(plant, t.keys[i].at(of)))
	}
	return keys
}

func (k *key) describe(plant Plant, value any) Key {
	kind, list := kindOf(value)
	d := Key{
		Name: k.name, Says: k.says, Kind: kind, List: list, Words: k.form.words, Empty: k.form.empty,
		Low: k.bound.low, High: k.bound.high, Bounds: boundText(k), Unit: k.unit,
		Usual: k.usual, More: k.more, Must: k.must != "", Beside: k.only.key, BesideIs: k.only.is,
	}
	d.Numeric = k.form.refuse(&reader{config: &Config{}}, "17") == ""
	if k.form.match != nil {
		d.Pattern = k.form.match.String()
		_, d.Looks, _ = strings.Cut(k.form.is, ", which ")
	}
	if k.usual == "" && !d.Must {
		d.Default = defaultText(value)
	}
	switch zones, ok := value.(*[]Zone); {
	case ok && zones != nil:
		z := freshZone(plant)
		z.Plant = usualPlant().Name
		d.Keys = k.keys.describe(plant, &z)
	case k.keys != nil:
		d.Keys = k.keys.describe(plant, value)
	}
	for _, kind := range k.kinds {
		d.Drivers = append(d.Drivers, kind.describe(plant, value))
	}
	return d
}

func (d driver) describe(plant Plant, value any) Driver {
	if _, isRelay := value.(**drivers.RelaySpec); isRelay {
		spec := drivers.DefaultRelay(d.name)
		return Driver{d.name, d.says, d.keys.describe(plant, &spec)}
	}
	spec := drivers.DefaultSensor(d.name)
	return Driver{d.name, d.says, d.keys.describe(plant, &spec)}
}

// kindOf tells the kind of what a pointer points to.
func kindOf(value any) (kind Kind, list bool) {
	switch value.(type) {
	case *string, *controlloop.Mode:
		return Text, false
	case *[]string, *[]netip.Prefix:
		return Text, true
	case *float64:
		return Number, false
	case *int, *int32, *uint64:
		return Whole, false
	case *uint16:
		return Address, false
	case *time.Duration:
		return Duration, false
	case *bool:
		return Boolean, false
	case *map[string]string:
		return Words, false
	case *drivers.SensorSpec, **drivers.RelaySpec:
		return Device, false
	case *[]drivers.SensorSpec:
		return Device, true
	case *[]Zone:
		return Mapping, true
	}
	return Mapping, false
}

// defaultText is a plain value as the file would have it; empty where there is none.
func defaultText(value any) string {
	switch v := value.(type) {
	case *float64:
		if math.IsNaN(*v) {
			return ""
		}
	case *[]string, *[]netip.Prefix, *[]drivers.SensorSpec, *[]Zone:
		return "[]"
	}
	if kind, _ := kindOf(value); kind >= Words {
		return ""
	}
	return written(reflect.ValueOf(value).Elem().Interface())
}
