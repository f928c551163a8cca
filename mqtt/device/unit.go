package device

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"thermostat/mqtt/wire"
)

// The units of a temperature, as a configuration names them.
const (
	celsius    = "C"
	fahrenheit = "F"
	otherUnit  = "another" // what we do not convert: kelvin above all
)

// SensorUnits are the units that a sensor's numbers may be in.
var SensorUnits = []string{celsius, fahrenheit}

// toCelsius brings a number of a message to °C.
func toCelsius(x float64, unit string) float64 {
	if unit == fahrenheit {
		return (x - 32) / 1.8
	}
	return x
}

// unitOf tells the unit of a temperature in a document. What the configuration
// says comes first, then the name of the value itself (temperature_F), then the
// word for the unit in the nearest object around it ("TempUnit":"F"), then the
// name of the topic, then °C. Read in the wrong unit, 21 °C would be 6 °C below
// zero: whatever is not certain is refused.
func (s SensorSpec) unitOf(at spot) (string, error) {
	named := unitOfName(at.name, at.beside())
	word := unitAround(at)
	switch {
	case s.Unit != "" && named == "" && word.contradicts(s.Unit):
		return "", fmt.Errorf("the message says %s, but the sensor's unit is configured as %s", word, s.Unit)
	case s.Unit != "":
		return s.Unit, nil
	case named == otherUnit:
		return "", fmt.Errorf("%s is neither in °C nor in °F", at.name)
	case named != "":
		return named, nil
	case word.unit == otherUnit:
		return "", fmt.Errorf("the message says %s: only °C and °F are understood", word)
	case word.unit == fahrenheit && word.display:
		return "", fmt.Errorf("the message says %s, which some devices mean for their display alone: write unit: F or unit: C", word)
	case word.unit != "":
		return word.unit, nil
	}
	return s.unitOfTopic()
}

// unitOfTopic goes by the topic's name, where only that says anything. It does
// not convert: a sensor of six may be called temp_f.
func (s SensorSpec) unitOfTopic() (string, error) {
	if s.Unit != "" {
		return s.Unit, nil
	}
	levels := strings.Split(s.Topic, "/")
	for _, level := range slices.Backward(levels) {
		if strings.Trim(level, "0123456789") == "" {
			continue // shellies/NAME/ext_temperature_f/0
		}
		if u := unitOfName(level, nil); u != "" && u != celsius {
			return "", fmt.Errorf("the topic's name %s does not say °C: write unit: F or unit: C", wire.Quoted(level))
		}
		break
	}
	return celsius, nil
}

// unitText is what a document says of its unit.
type unitText struct {
	key, text string
	unit      string // celsius, fahrenheit, otherUnit; empty: nothing is said
	display   bool   // some devices mean their display, and send °C all the same
}

// String shows the key and its text, quoted.
func (w unitText) String() string {
	return fmt.Sprintf("%s %s", wire.Quoted(w.key), wire.Quoted(w.text))
}

// contradicts reports whether the word makes the configured unit doubtful. A
// display in °F beside readings in °C is common; the other way round nobody has.
func (w unitText) contradicts(unit string) bool {
	return w.unit != "" && w.unit != unit && !(w.display && unit == celsius)
}

// unitAround looks for a word for the unit, in the nearest object first. Home
// Assistant has it one level down, among the attributes.
func unitAround(at spot) (w unitText) {
	for _, object := range slices.Backward(at.around) {
		if w = unitIn(object, at.name); w.unit == "" {
			attributes, _ := object["attributes"].(map[string]any)
			w = unitIn(attributes, at.name)
		}
		if w.unit != "" {
			return w
		}
	}
	return w
}

// unitIn looks in one object. Two words that differ are another unit.
func unitIn(object map[string]any, name string) (found unitText) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		w := unitText{key: key}
		is, only := unitKey(folded(key), folded(name))
		if !is {
			continue
		}
		value := object[key]
		if each, ok := value.(map[string]any); ok { // {"units":{"temperature":"F"}}
			value, only = each[name], each[name] != nil
		}
		text, ok := textOf(value)
		if !ok {
			continue
		}
		w.text, w.unit, w.display = text, unitOfText(text), strings.HasPrefix(folded(key), "temperatureunit")
		if w.unit == "" && only && text != "" {
			w.unit = otherUnit
		}
		if found.unit != "" && w.unit != "" && w.unit != found.unit {
			w.unit = otherUnit
		}
		if w.unit != "" {
			found = w
		}
	}
	return found
}

// unitKey reports whether a key says a unit, and whether only that of a
// temperature; both names are folded.
func unitKey(key, name string) (is, only bool) {
	switch key {
	case "unit", "units", "unitofmeasurement", "uom", "currentunits":
		return true, false
	case "tempunit", "tempunits", "temperatureunit", "temperatureunits", name + "unit", name + "units":
		return true, true
	}
	return false, false
}

// unitOfText reads °F, Fahrenheit, C, K and the like; "" is the word of
// something else, such as hPa.
func unitOfText(text string) string {
	word := strings.ToLower(strings.TrimSpace(text))
	word = strings.NewReplacer("℃", "°c", "℉", "°f", "º", "°", "degrees", "°", "degree", "°", "deg", "°", "_", "", " ", "").Replace(word)
	bare := strings.TrimPrefix(word, "°")
	switch bare {
	case "c", "celsius", "celcius", "centigrade":
		return celsius
	case "f", "fahrenheit":
		return fahrenheit
	case "k", "kelvin", "imperial", "us":
		return otherUnit
	}
	if bare != word && bare != "" {
		return otherUnit
	}
	return ""
}

// temperatureNames are those before a letter for the unit.
var temperatureNames = []string{"temperature", "temp", "tempin", "tempout", "tmp", "t", "deg", "degrees", "°"}

// unitOfName tells the unit that a value's own name says: temperature_F, tF,
// tempf, temp_celsius. The letter of temp_f is none where temp_e stands beside
// it: then it counts sensors. Beside tc it is one.
func unitOfName(name string, beside map[string]any) string {
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(lower, "fahrenheit"):
		return fahrenheit
	case strings.Contains(lower, "celsius"), strings.Contains(lower, "celcius"), strings.Contains(lower, "centigrade"):
		return celsius
	case strings.Contains(lower, "kelvin"):
		return otherUnit
	case name == "":
		return ""
	}
	stem, letter := name[:len(name)-1], name[len(name)-1:]
	unit := map[string]string{"c": celsius, "f": fahrenheit, "k": otherUnit}[strings.ToLower(letter)]
	has := func(letters string) bool {
		return strings.ContainsFunc(letters, func(r rune) bool {
			_, there := beside[stem+string(r)]
			return there
		})
	}
	upper := letter != strings.ToLower(letter)
	switch {
	case unit == "", upper && has("ABDEG"), !upper && has("abdeg"):
		return ""
	case saysTemperature(stem, upper):
		return unit
	case upper && has("C") && has("F"), !upper && has("c") && has("f"):
		return unit
	}
	return ""
}

// UnitOfName tells what a configured field says of its unit: C, F, or "".
func UnitOfName(field string) string {
	if u := unitOfName(field, nil); u != otherUnit {
		return u
	}
	return ""
}

// saysTemperature reports whether what stands before the letter of a unit is a
// word for temperature. One small letter alone, as in tf, is no word unless something parts it.
func saysTemperature(stem string, parted bool) bool {
	bare := strings.TrimRight(stem, "_- .")
	parted = parted || bare != stem
	lower := strings.ToLower(strings.TrimRight(bare, "_- .0123456789"))
	if !parted {
		return strings.HasSuffix(lower, "temp") || strings.HasSuffix(lower, "temperature") || lower == "tempin" || lower == "tempout"
	}
	if i := strings.LastIndexAny(lower, "_- ."); i >= 0 {
		lower = lower[i+1:]
	}
	return slices.Contains(temperatureNames, lower) || strings.HasSuffix(lower, "temp") || strings.HasSuffix(lower, "temperature")
}
