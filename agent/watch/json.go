package watch

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"

	"thermostat/mqtt/client"
)

// jsonLines is one line of JSON for each change: the state as published, with
// its device, or that a device is there or not, or that a zone is gone.
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
		if s.Gone {
			line["zone"], line["gone"] = s.Zone, true
		}
		if !l.changes.isOne(s.Device+"/"+s.Zone, line) {
			continue
		}
		if text, err := json.Marshal(line); err == nil {
			fmt.Fprintf(l.out, "%s\n", harmless(string(text)))
		}
	}
}

// changes knows what was told last of each zone and device.
type changes struct{ last map[string]map[string]any }

func newChanges() changes { return changes{map[string]map[string]any{}} }

// isOne reports whether a line tells more than that time has passed.
func (c changes) isOne(of string, line map[string]any) bool {
	kept := maps.Clone(line)
	for _, key := range []string{"time", "reading_age_s", "wait_s", "heater_runtime_h", "cooler_runtime_h"} {
		delete(kept, key)
	}
	if reflect.DeepEqual(c.last[of], kept) {
		return false
	}
	if _, known := c.last[of]; known || len(c.last) < maxWatched {
		c.last[of] = kept
	}
	return true
}

// harmless writes what a terminal would obey, or show as something else, in
// JSON's own escapes. JSON itself does so only below the space.
func harmless(line string) string {
	var b strings.Builder
	for _, r := range line {
		switch {
		case r >= ' ' && r <= '~' || r > 0xa0 && unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
