package device

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"thermostat/mqtt/wire"
)

// How many fields a refusal names at most, and how deep in a document they are.
const (
	maxHints = 4
	maxDepth = 8
)

// leaves calls for every value of a document that is no object and no list, with
// its path as a configuration would write it.
func leaves(document any, path []string, each func(path string, value any)) {
	if len(path) > maxDepth {
		return
	}
	switch d := document.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(d)) {
			leaves(d[name], append(slices.Clip(path), name), each)
		}
	case []any:
		for i, inner := range d {
			leaves(inner, append(slices.Clip(path), fmt.Sprint(i)), each)
		}
	default:
		each(strings.Join(path, "."), document)
	}
}

// measured are how names of measured temperatures begin, notMeasured are parts of
// names that begin so, too.
var (
	measured    = []string{"temp", "local", "curr", "room", "air", "indoor", "inside", "ambient", "probe", "remote", "external"}
	notMeasured = []string{"calibration", "offset", "setpoint", "limit", "input", "max", "min"}
)

// maybeTemperature reports whether a name may be that of a measured temperature.
func maybeTemperature(name string) bool {
	name = folded(name)
	begins := slices.ContainsFunc(measured, func(start string) bool { return strings.HasPrefix(name, start) })
	other := slices.ContainsFunc(notMeasured, func(part string) bool { return strings.Contains(name, part) })
	return begins && strings.Contains(name, "temp") && !other || slices.Contains([]string{"tc", "tf", "value"}, name)
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// temperatureFields are the fields of a message that may hold a temperature.
func temperatureFields(payload []byte) (fields []string) {
	document, err := parseDocument(payload)
	if err != nil {
		return nil
	}
	leaves(document, nil, func(path string, value any) {
		if _, err := jsonNumber(value); err == nil && maybeTemperature(lastName(path)) {
			fields = append(fields, path)
		}
	})
	return fields
}

// positionFields are the fields of a message that may hold the position of a relay.
func positionFields(payload []byte) (fields []string) {
	var document any
	if json.Unmarshal(payload, &document) != nil {
		return nil
	}
	leaves(document, nil, func(path string, value any) {
		name := folded(lastName(path))
		may := slices.ContainsFunc([]string{"state", "power", "output", "relay", "ison"}, func(part string) bool { return strings.HasPrefix(name, part) })
		text, _ := textOf(value)
		_, known := positionNames[strings.ToLower(text)]
		if may && known {
			fields = append(fields, path)
		}
	})
	return fields
}

// hint says what to write for a key instead; "" where no field offers itself.
func hint(key string, fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	more := ""
	if len(fields) > maxHints {
		fields, more = fields[:maxHints], ", …"
	}
	var shown []string
	for _, f := range fields {
		shown = append(shown, wire.Quoted(f))
	}
	return fmt.Sprintf("; write as %s the right one of %s%s", key, strings.Join(shown, ", "), more)
}
