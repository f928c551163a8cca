package reach

import (
	"fmt"
	"slices"
	"testing"

	"thermostat/mqtt/client"
)

// TestAPageTellsOfSources: what each does, of none that it did not name, and that one is gone once the
// agent names it no more.
func TestAPageTellsOfSources(t *testing.T) {
	var got []string
	l := &Look{Saw: func(e client.Event) {
		if e.Online == nil {
			got = append(got, fmt.Sprintf("%s/%s|%s %s %v", e.Device, e.Zone, e.Source, e.State, e.Gone))
		}
	}}
	for _, e := range [][2]string{
		{"hello", `{"device":"cabin","zones":[{"name":"bath"}],"sources":[{"name":"boiler","pump":true}]}`},
		{"source", `{"name":"boiler"}`},
		{"source", `{"name":"strange"}`},
		{"zone", `{"zone":"boiler"}`},
		{"hello", `{"device":"cabin","zones":[{"name":"bath"}],"sources":[]}`},
		{"source", `{"name":"boiler"}`},
		{"hello", `{"device":"cabin","zones":[{"name":"bath"}]}`},
	} {
		l.heard(e[0], []byte(e[1]))
	}
	if want := []string{`cabin/|boiler {"name":"boiler"} false`, "cabin/|boiler  true"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
