package status

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// AwayAnswer says what became of the word that people go away, or come back.
type AwayAnswer struct {
	Applied bool              `json:"applied"` // every zone that has a part in it obeys
	Reason  string            `json:"reason"`  // why no zone has
	Zones   map[string]Answer `json:"zones"`   // of those that have, by name
}

var errNoAway = errors.New(`the body is none of {"on":true}, {"on":true,"until":"2027-01-02T12:00:00Z"}, {"on":true,"for":"3d"}, {"on":false}`)

// readAway reads whether people go away, and until when or for how long, as the topic says it.
func readAway(w http.ResponseWriter, r *http.Request) (text string, err error) {
	body, err := readControl(w, r)
	if err != nil {
		return "", err
	}
	said, err := members(body)
	if err != nil {
		return "", errNoAway
	}
	on, isWord := said["on"].(bool)
	until, hasUntil := said["until"].(string)
	d, hasFor := said["for"].(string)
	known := 1
	for _, has := range []bool{hasUntil, hasFor} {
		if has {
			known++
		}
	}
	switch {
	case !isWord || len(said) != known || known > 2 || !on && known > 1:
		return "", errNoAway
	case hasUntil:
		return "until " + until, nil
	case hasFor && (d == "" || d[0] < '0' || d[0] > '9'): // not another word of the topic's
		return "", errNoAway
	case hasFor:
		return d, nil
	case on:
		return "on", nil
	}
	return "off", nil
}

// members reads a JSON object of plain values: a key that is given twice is an error,
// and so is anything behind the closing brace.
func members(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	all := map[string]any{}
	if open, err := d.Token(); err != nil {
		return nil, err
	} else if open != json.Delim('{') {
		return nil, errNoObject
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string) // a key inside an object is always a string
		if _, twice := all[name]; twice {
			return nil, errors.New("a key is given twice")
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		all[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	return all, nil
}
