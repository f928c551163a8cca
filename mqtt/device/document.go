package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"thermostat/mqtt/wire"
)

// maxNested is the deepest that an object or a list may stand in others. What is searched
// for keeps all that is around it, so that the cost grows with the square of it.
const maxNested = 32

// parseDocument reads JSON. Numbers stay as they are written: a long id must not
// lose its last digits.
func parseDocument(payload []byte) (document any, err error) {
	if isDeep(payload) {
		return nil, fmt.Errorf("not JSON of a device: something stands in more than %d others", maxNested)
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&document); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not JSON: something follows the document")
	}
	return document, nil
}

// isDeep reports whether something stands too deep in a text of JSON. Brackets between
// quotes are none.
func isDeep(payload []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(payload); i++ {
		switch c := payload[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxNested {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// spot is a value in a document, and where it stands.
type spot struct {
	value  any
	name   string           // its key
	around []map[string]any // the objects that hold it, the outermost first
}

// beside is the object that holds the value.
func (s spot) beside() map[string]any {
	if len(s.around) == 0 {
		return nil
	}
	return s.around[len(s.around)-1]
}

// lookUp follows a path of names, and of numbers in lists, parted by dots. A
// name may hold dots itself; where that leaves a choice, the longest counts.
func lookUp(document any, path string) (value any, there bool) {
	at, there := find(document, path, nil)
	return at.value, there
}

// find is [lookUp] that also tells where the value stands.
func find(document any, path string, around []map[string]any) (at spot, there bool) {
	switch d := document.(type) {
	case map[string]any:
		around = append(around[:len(around):len(around)], d)
		for end := len(path); end >= 0; end = strings.LastIndexByte(path[:end], '.') {
			value, there := d[path[:end]]
			if there && end == len(path) {
				return spot{value, path, around}, true
			}
			if there {
				if at, there = find(value, path[end+1:], around); there {
					return at, true
				}
			}
		}
	case []any:
		name, rest, more := strings.Cut(path, ".")
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(d) || strconv.Itoa(i) != name {
			return spot{}, false
		}
		if more {
			return find(d[i], rest, around)
		}
		return spot{d[i], name, around}, true
	}
	return spot{}, false
}

// objects calls for every object in a document, with those that hold it.
func objects(document any, around []map[string]any, each func(o map[string]any, around []map[string]any)) {
	switch d := document.(type) {
	case map[string]any:
		each(d, around)
		around = append(around[:len(around):len(around)], d)
		for _, inner := range d {
			objects(inner, around, each)
		}
	case []any:
		for _, inner := range d {
			objects(inner, around, each)
		}
	}
}

// textOf gives the text of a value that is a word, a number, true or false.
func textOf(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// folded makes device_id, deviceId and Device-ID the same name.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-. ", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// jsonNumber takes a number; some devices write it as text.
func jsonNumber(value any) (float64, error) {
	switch v := value.(type) {
	case json.Number:
		return wire.ParseDecimal(v.String())
	case string:
		return wire.ParseNumber(v)
	}
	text, _ := json.Marshal(value) // it came from JSON
	return 0, fmt.Errorf("%s is not a number", wire.Quoted(string(text)))
}
