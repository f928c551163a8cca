package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// book is what testdata/versions/book.py writes down of an agent.
type book struct {
	name string

	Process  string
	Versions map[string]string // by who says it
	Zones    []zoneState
	History  map[string]chart
	Entities map[string]string // what Home Assistant was told of: its platform, by its unique id
	Controls map[string]string // the counters of controls
	Retained map[string]string // by topic, in hex
	Files    map[string]keptFile
}

// zoneState is a zone as it is published: what must be the same, and what goes on.
type zoneState struct {
	Zone      string   `json:"zone"`
	SensorID  int32    `json:"sensor_id"`
	Desired   *float64 `json:"desired"`
	UpDelta   *float64 `json:"up_delta"`
	DownDelta *float64 `json:"down_delta"`
	Mode      string   `json:"mode"`
	Action    string   `json:"action"`
	Reason    string   `json:"reason"`
	Heater    *string  `json:"heater"`
	Cooler    *string  `json:"cooler"`
	Sensor    string   `json:"sensor"`
	Faults    []struct {
		Name string `json:"name"`
	} `json:"faults"`

	Time          time.Time `json:"time"`
	Wait          *float64  `json:"wait_s"`
	HeaterCycles  *uint64   `json:"heater_cycles"`
	HeaterRuntime *float64  `json:"heater_runtime_h"`
	CoolerCycles  *uint64   `json:"cooler_cycles"`
	CoolerRuntime *float64  `json:"cooler_runtime_h"`
}

// chart is the page's history of a zone.
type chart struct {
	End    time.Time  `json:"end"`
	StepS  int        `json:"step_s"`
	Mean   []*float64 `json:"temperature"`
	Heater []*uint8   `json:"heater_percent"`
	Cooler []*uint8   `json:"cooler_percent"`
}

type keptFile struct {
	Mode, Owner string
	Bytes       []byte
}

func (f keptFile) String() string { return fmt.Sprintf("%s of %s: %q", f.Mode, f.Owner, f.Bytes) }

// tolerance is for instants that are said in whole seconds.
const tolerance = 2 * time.Second

func (c *container) book(name string) book {
	c.t.Helper()
	b := book{name: name}
	if err := json.Unmarshal([]byte(c.file("book."+name)), &b); err != nil || len(b.Zones) != 20 {
		c.t.Fatalf("the book %s: %d zones, %v\n%s\n%s", name, len(b.Zones), err, c.file("said"), c.console)
	}
	return b
}

// is demands a version of everything that tells one.
func (b book) is(t *testing.T, version string) {
	t.Helper()
	for who, is := range b.Versions {
		if is == "v1.0.0" { // it calls itself as its tag is called
			is = "1.0.0"
		}
		if is != version || len(b.Versions) != 5 {
			t.Errorf("%s: the %s says version %s, want %s", b.name, who, is, version)
		}
	}
}

// hasLived demands that there is something to lose: a zone each that rests, is latched, counts, heats.
func (b book) hasLived(t *testing.T) {
	t.Helper()
	why, cycles := map[string]string{}, uint64(0)
	for _, z := range b.Zones {
		why[z.Zone] = z.Reason
		for _, n := range []*uint64{z.HeaterCycles, z.CoolerCycles} {
			if n != nil {
				cycles += *n
			}
		}
	}
	for zone, want := range map[string]string{
		"lounge": "too_cold", "attic": "min_off", "sauna": "not_warming", "fridge": "min_off", "study": "starting", "bath": "min_off",
		"hall": "min_off", "kitchen": "min_off", "cellar": "min_off", "garage": "mode_off", "room-20": "min_off",
	} {
		if why[zone] != want {
			t.Errorf("%s: %s is at reason %s, want %s", b.name, zone, why[zone], want)
		}
	}
	if cycles < 4100+17 {
		t.Errorf("%s: %d cycles of all outputs", b.name, cycles)
	}
	controls := slices.DeleteFunc(slices.Collect(maps.Keys(b.Retained)), func(topic string) bool { return !strings.HasSuffix(topic, "/control") })
	if len(controls) != 16 || len(b.Entities) < 200 || b.Controls[`thermostat_controls_total{result="refused",zone="hall"}`] != "1" || len(b.History["bath"].Mean) < 5 {
		t.Errorf("%s: %d entities, controls %q, counted %v, chart %v", b.name, len(b.Entities), controls, b.Controls, b.History["bath"])
	}
}

// follows demands that a book is the earlier one, gone on.
func (b book) follows(t *testing.T, before book) {
	t.Helper()
	step := before.name + " → " + b.name
	for i, z := range b.Zones {
		z.follows(t, step, before.Zones[i])
		b.History[z.Zone].follows(t, step+": the chart of "+z.Zone, before.History[z.Zone])
	}
	same(t, step+": counters", before.Controls, b.Controls, func(_, was, is string) bool { return was == is })
	same(t, step+": topics", before.Retained, b.Retained, func(topic, was, is string) bool { return goesOn(topic) || was == is })
	same(t, step+": files", before.Files, b.Files, func(name string, was, is keptFile) bool { return is.follows(name, was) })
}

// hasLater demands that files which nothing has changed were left alone, with what no version knows in them.
func (b book) hasLater(t *testing.T) {
	t.Helper()
	for _, name := range []string{"zones/bath.json", "zones/kitchen.json", "announced"} {
		if !b.Files[name].later() {
			t.Errorf("%s: %s was written anew: %v", b.name, name, b.Files[name])
		}
	}
}

// goesOn are the topics on which an agent says what it does.
func goesOn(topic string) bool {
	return strings.HasPrefix(topic, "thermostat/cabin/") && slices.Contains([]string{"state", "info", "heater", "cooler"}, path.Base(topic))
}

// announces demands that Home Assistant finds everything again that an earlier version told it of.
func (b book) announces(t *testing.T, first book) {
	t.Helper()
	for id, platform := range first.Entities {
		if b.Entities[id] != platform {
			t.Errorf("%s: Home Assistant's %s %s is %q since %s", first.name, platform, id, b.Entities[id], b.name)
		}
	}
}

// added are the topics and the files that this working tree has and the release has not, as [path.Match] takes them:
// a change that keeps or says more names it here.
var added = []string{}

func isAdded(name string) bool {
	return slices.ContainsFunc(added, func(pattern string) bool {
		matches, _ := path.Match(pattern, name)
		return matches
	})
}

// same compares what two books have under each name.
func same[V any](t *testing.T, what string, before, after map[string]V, follows func(name string, was, is V) bool) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		was := before[name]
		if is, there := after[name]; !there {
			t.Errorf("%s: %s is lost", what, name)
		} else if !isAdded(name) && !follows(name, was, is) {
			t.Errorf("%s: %s was %v and is %v", what, name, was, is)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, there := before[name]; !there && !isAdded(name) {
			t.Errorf("%s: %s is new", what, name)
		}
	}
}

// follows demands the same setpoint, fault and rest, and counters that go on.
func (z zoneState) follows(t *testing.T, step string, before zoneState) {
	t.Helper()
	// The lounge heats through all of it: its rest is nothing, and each start counts.
	cycles, ran := uint64(0), 0.0
	if z.Zone == "lounge" {
		cycles, ran = 1, z.Time.Sub(before.Time).Hours()
	}
	for what, n := range map[string][2]*uint64{"heater": {before.HeaterCycles, z.HeaterCycles}, "cooler": {before.CoolerCycles, z.CoolerCycles}} {
		if (n[0] == nil) != (n[1] == nil) || n[0] != nil && *n[1] != *n[0]+cycles {
			t.Errorf("%s: %s's %s had %s cycles and has %s, want %d more", step, z.Zone, what, said(n[0]), said(n[1]), cycles)
		}
	}
	for what, h := range map[string][2]*float64{"heater": {before.HeaterRuntime, z.HeaterRuntime}, "cooler": {before.CoolerRuntime, z.CoolerRuntime}} {
		if (h[0] == nil) != (h[1] == nil) || h[0] != nil && (*h[1] < *h[0] || *h[1] > *h[0]+ran+0.001) {
			t.Errorf("%s: %s's %s had run %s h and has run %s", step, z.Zone, what, said(h[0]), said(h[1]))
		}
	}
	was, is := before.rests(), z.rests()
	if was.IsZero() != is.IsZero() || is.Sub(was).Abs() > tolerance {
		t.Errorf("%s: %s rested until %v, and rests until %v", step, z.Zone, was, is)
	}
	before.forget()
	z.forget()
	if !reflect.DeepEqual(before, z) {
		t.Errorf("%s: the zone was\n%s\nand is\n%s", step, asJSON(before), asJSON(z))
	}
}

// rests is until when a switch is held; zero: none is.
func (z zoneState) rests() time.Time {
	if z.Wait == nil {
		return time.Time{}
	}
	return z.Time.Add(time.Duration(*z.Wait * float64(time.Second)))
}

// forget drops what goes on.
func (z *zoneState) forget() {
	z.Time, z.Wait, z.HeaterCycles, z.HeaterRuntime, z.CoolerCycles, z.CoolerRuntime = time.Time{}, nil, nil, nil, nil, nil
}

// follows demands that the earlier chart is the beginning of this one. Its last point was still being made.
func (c chart) follows(t *testing.T, what string, before chart) {
	t.Helper()
	n := max(len(before.Mean)-1, 0)
	if begin, was := c.begin(), before.begin(); c.StepS != before.StepS || begin.Sub(was).Abs() > tolerance || len(c.Mean) <= n {
		t.Errorf("%s began at %v with %d points of %d s, and begins at %v with %d of %d", what, was, n, before.StepS, begin, len(c.Mean), c.StepS)
		return
	}
	if !reflect.DeepEqual(c.Mean[:n], before.Mean[:n]) || !reflect.DeepEqual(head(c.Heater, n), head(before.Heater, n)) || !reflect.DeepEqual(head(c.Cooler, n), head(before.Cooler, n)) {
		t.Errorf("%s is another: was %s, is %s", what, asJSON(before), asJSON(c))
	}
}

func (c chart) begin() time.Time {
	return c.End.Add(-time.Duration(len(c.Mean)*c.StepS) * time.Second)
}

// head gives the first points of a column; one of which nothing is known is empty.
func head(column []*uint8, n int) []*uint8 { return column[:min(n, len(column))] }

// follows demands a file that was left alone. Those that each start or end writes anew are compared by what they say, and
// so are all of them where somebody wrote fields into them that no version knows.
func (f keptFile) follows(name string, was keptFile) bool {
	if f.Mode != was.Mode || f.Owner != was.Owner {
		return false
	}
	switch {
	case name == "starts" || name == "history.json": // of this process; the chart tells
		return true
	case strings.HasSuffix(name, ".past"):
		return pastOf(f.Bytes).follows(pastOf(was.Bytes), name == "zones/lounge.past")
	}
	return bytes.Equal(f.Bytes, was.Bytes) || f.later() && !was.later() && reflect.DeepEqual(f.plain(), was.plain())
}

// later reports whether somebody wrote fields into it that no version knows.
func (f keptFile) later() bool { return bytes.Contains(f.Bytes, []byte(`"later"`)) }

// plain is what a file says, without the fields that no version knows.
func (f keptFile) plain() any {
	_, body, _ := bytes.Cut(f.Bytes, []byte("\n"))
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return without(value, "later")
}

func without(value any, key string) any {
	if object, ok := value.(map[string]any); ok {
		delete(object, key)
		for name := range object {
			object[name] = without(object[name], key)
		}
	}
	return value
}

// past is what is kept of a zone besides its setpoint.
type past struct {
	Boot           string
	Heater, Cooler *struct {
		On    bool
		Since time.Duration // of the boot
		Why   string
	}
	Counters struct {
		Heater, Cooler struct {
			Cycles uint64
			On     time.Duration
		}
		Accepted, Refused uint64
	}
	Heat, Cool any
}

func pastOf(file []byte) (p past) {
	_, body, _ := bytes.Cut(file, []byte("\n"))
	if err := json.Unmarshal(body, &p); err != nil {
		p.Boot = err.Error()
	}
	return p
}

// follows demands the same switches at the same instants. Only a zone that heats counts on.
func (p past) follows(was past, heats bool) bool {
	if (p.Heater == nil) != (was.Heater == nil) || (p.Cooler == nil) != (was.Cooler == nil) {
		return false
	}
	if p.Heater != nil && (p.Heater.Since-was.Heater.Since).Abs() < tolerance {
		p.Heater.Since = was.Heater.Since
	}
	if p.Cooler != nil && (p.Cooler.Since-was.Cooler.Since).Abs() < tolerance {
		p.Cooler.Since = was.Cooler.Since
	}
	if n, before := &p.Counters.Heater, was.Counters.Heater; heats && n.Cycles >= before.Cycles && n.On >= before.On {
		*n = before
	}
	p.Heat, p.Cool = without(p.Heat, "later"), without(p.Cool, "later")
	was.Heat, was.Cool = without(was.Heat, "later"), without(was.Cool, "later")
	return reflect.DeepEqual(p, was)
}

func said[T any](p *T) string {
	if p == nil {
		return "unknown"
	}
	return fmt.Sprint(*p)
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text))
}
