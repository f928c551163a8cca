package watch

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"

	"thermostat/agent/cli"
	"thermostat/mqtt/client"
)

// jsonLines is one line of JSON for each change: the state of a zone or a source
// as published, with its device, or that a device is there or not, or that a zone
// or a source is gone. What is about a source has its name, and no zone.
type jsonLines struct {
	out     io.Writer
	changes changes
}

// Show prints what has changed as lines of JSON.
func (l jsonLines) Show(sights <-chan client.Event) {
	for s := range sights {
		line := map[string]any{}
		if s.State != nil && json.Unmarshal(s.State, &line) != nil {
			continue // somebody else's message on our topic
		}
		line["device"] = s.Device
		if s.Online != nil {
			line["online"], line["presence"] = *s.Online, s.Presence
		}
		switch {
		case s.Gone && s.Source != "":
			line["name"], line["gone"] = s.Source, true
		case s.Gone:
			line["zone"], line["gone"] = s.Zone, true
		}
		if !l.changes.isOne(nameOf(s), line) {
			continue
		}
		if text, err := json.Marshal(line); err == nil {
			fmt.Fprintf(l.out, "%s\n", cli.HarmlessJSON(string(text)))
		}
	}
}

// changes knows what was told last of each zone and device.
type changes struct{ last map[string]map[string]any }

func newChanges() changes { return changes{map[string]map[string]any{}} }

// isOne reports whether a line tells more than that time has passed.
func (c changes) isOne(of string, line map[string]any) bool {
	kept := maps.Clone(line)
	for _, key := range []string{"time", "reading_age_s", "wait_s", "heater_runtime_h", "cooler_runtime_h", "runtime_h"} {
		delete(kept, key)
	}
	if foresight, is := kept["foresight"].(map[string]any); is { // it moves on with each reading
		kept["foresight"] = map[string]any{"trusted": foresight["trusted"], "budget_unmet": foresight["budget_unmet"]}
	}
	if reflect.DeepEqual(c.last[of], kept) {
		return false
	}
	if _, known := c.last[of]; known || len(c.last) < maxWatched {
		c.last[of] = kept
	}
	return true
}
