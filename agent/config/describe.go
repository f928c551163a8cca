package config

import (
	"math"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"thermostat/agent/config/plain"
	"thermostat/agent/config/plant"
	"thermostat/agent/config/sources"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/drivers/correction"
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
	Numbers // a mapping of numbers with free keys
	Pairs   // a list of pairs of numbers
	Mapping // of Keys
	Device  // a mapping of the keys of one of Drivers
)

// Driver is a kind of sensor or relay with the keys of its mapping.
type Driver struct {
	Name, Says string
	Keys       []Key
}

// Describe tells all keys of a configuration, with the defaults of a plant.
func Describe(p plant.Plant) []Key {
	c := defaults()
	return rootKeys.describe(p, &c)
}

func (t *table) describe(p plant.Plant, of any) (keys []Key) {
	for i := range t.keys {
		keys = append(keys, t.keys[i].describe(p, t.keys[i].at(of)))
	}
	return keys
}

func (k *key) describe(p plant.Plant, value any) Key {
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
	switch value.(type) {
	case *[]Zone:
		z := freshZone(p)
		z.Plant = plant.Usual().Name
		d.Keys = k.keys.describe(p, &z)
	case *[]sources.Source:
		s := sources.Usual()
		d.Keys = k.keys.describe(p, &s)
	default:
		if k.keys != nil {
			d.Keys = k.keys.describe(p, value)
		}
	}
	for _, kind := range k.kinds {
		d.Drivers = append(d.Drivers, kind.describe(p, value))
	}
	return d
}

func (d driver) describe(p plant.Plant, value any) Driver {
	var spec any
	switch value.(type) {
	case **devices.Relay:
		spec = new(devices.DefaultRelay(d.name))
	case **devices.Contact:
		spec = new(devices.DefaultContact(d.name))
	default:
		spec = new(devices.DefaultSensor(d.name))
	}
	return Driver{d.name, d.says, d.keys.describe(p, spec)}
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
	case *map[string]float64:
		return Numbers, false
	case *correction.Points:
		return Pairs, false
	case *devices.Sensor, **devices.Relay, **devices.Contact:
		return Device, false
	case *[]devices.Sensor:
		return Device, true
	case *[]Zone, *[]sources.Source:
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
	case *[]string, *[]netip.Prefix, *[]devices.Sensor, *[]Zone, *[]sources.Source:
		return "[]"
	}
	if kind, _ := kindOf(value); kind >= Words {
		return ""
	}
	return plain.Written(reflect.ValueOf(value).Elem().Interface())
}
