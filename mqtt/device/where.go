package device

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"thermostat/mqtt/wire"
)

// pick finds the value of a field in a document. With where it counts only
// beside the words that where names; the first names of the field may then be
// others than configured: Tasmota counts its sensors anew when one of them dies.
func (s SensorSpec) pick(document any, field string) (spot, error) {
	at, there := find(document, field, nil)
	switch {
	case len(s.Where) == 0 && there, there && s.isMeant(at):
		return at, nil
	case len(s.Where) == 0:
		return spot{}, fmt.Errorf("%w: it has no field %s", wire.ErrOther, field)
	}
	switch found := s.elsewhere(document, field); {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return spot{}, fmt.Errorf("%d values are beside %s: which of them is meant is not known", len(found), s.wanted())
	case there:
		return spot{}, fmt.Errorf("%w: it is of %s, not %s", wire.ErrOther, s.shows(at), s.wanted())
	}
	return spot{}, fmt.Errorf("%w: it has no field %s of %s", wire.ErrOther, field, s.wanted())
}

// elsewhere finds the values that bear the last names of a field, as many as
// can be, and are beside the words of where. One of these at least must be in the
// object that bears another name: what the whole message says is not of it alone.
func (s SensorSpec) elsewhere(document any, field string) (found []spot) {
	for {
		_, rest, more := strings.Cut(field, ".")
		if !more || len(found) > 0 {
			return found
		}
		field = rest
		objects(document, nil, func(o map[string]any, outside []map[string]any) {
			at, there := find(o, field, outside)
			if inside := (spot{around: at.around[min(len(outside), len(at.around)):]}); there && s.isMeant(at) && s.namesOf(inside) {
				found = append(found, at)
			}
		})
	}
}

// namesOf reports whether a word of where stands there.
func (s SensorSpec) namesOf(at spot) bool {
	for path := range s.Where {
		if _, there := around(at, path); there {
			return true
		}
	}
	return false
}

// isMeant reports whether all words of where stand around a value. The object
// that holds the value is asked first, then those around it.
func (s SensorSpec) isMeant(at spot) bool {
	for path, want := range s.Where {
		if value, there := around(at, path); !there || !sameText(value, want) {
			return false
		}
	}
	return true
}

func around(at spot, path string) (value any, there bool) {
	for _, object := range slices.Backward(at.around) {
		if value, there = lookUp(object, path); there {
			return value, true
		}
	}
	return nil, false
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// maxExact is the first whole number whose neighbour a float64 cannot tell from it.
const maxExact = 1 << 53

// sameText compares a value with a configured word: as texts, and where the value
// is a number also as numbers, so that 37.0 is 37. An id such as 12e3 is a text.
func sameText(value any, want string) bool {
	text, ok := textOf(value)
	if _, number := value.(json.Number); !ok || text == want || !number || !plainNumber.MatchString(want) {
		return ok && text == want
	}
	a, errA := strconv.ParseFloat(text, 64)
	b, errB := strconv.ParseFloat(want, 64)
	return errA == nil && errB == nil && a == b && -maxExact < a && a < maxExact
}

// wanted shows the words of where.
func (s SensorSpec) wanted() string {
	var words []string
	for _, path := range slices.Sorted(maps.Keys(s.Where)) {
		words = append(words, path+" "+wire.Quoted(s.Where[path]))
	}
	return strings.Join(words, ", ")
}

// shows gives what stands around a value instead.
func (s SensorSpec) shows(at spot) string {
	var words []string
	for _, path := range slices.Sorted(maps.Keys(s.Where)) {
		value, there := around(at, path)
		if text, ok := textOf(value); ok {
			words = append(words, path+" "+wire.Quoted(text))
		} else if !there {
			words = append(words, "no "+path)
		} else {
			words = append(words, path+" that is no word")
		}
	}
	return strings.Join(words, ", ")
}

// identityKeys are what devices and gateways call the name of a sensor.
var identityKeys = []string{"id", "mac", "macaddress", "addr", "address", "ieeeaddr", "ieeeaddress", "deviceid", "devid", "deveui", "sensorid", "serial", "serialnumber", "rom"}

// identity tells of which sensor a value is, as far as the object that holds it
// says that, else the whole document; "" if none does.
func identity(at spot) string {
	if len(at.around) == 0 {
		return ""
	}
	if words := identityIn(at.beside()); words != "" {
		return words
	}
	return identityIn(at.around[0])
}

// identityIn reads one object. Model and channel tell sensors apart only together,
// as rtl_433 has them: alone the latter may be that of a radio network.
func identityIn(object map[string]any) string {
	keys := identityKeys
	if _, there := object["model"]; there {
		keys = append(slices.Clone(keys), "model", "channel")
	}
	var words []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text, ok := textOf(object[key])
		if ok && text != "" && slices.Contains(keys, folded(key)) && !isIPv4(text) {
			words = append(words, key+" "+wire.Quoted(text))
		}
	}
	return strings.Join(words, ", ")
}

// isIPv4 reports whether an address is lent by a router, and no name.
func isIPv4(text string) bool {
	a, err := netip.ParseAddr(text)
	return err == nil && a.Is4()
}
