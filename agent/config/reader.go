package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"thermostat/agent/config/advice"
	"thermostat/agent/config/machine"
	"thermostat/agent/config/plain"
	"thermostat/agent/config/sources"
	"thermostat/agent/config/unique"
	"thermostat/agent/config/yamltree"
	"thermostat/agent/devices"
	"thermostat/controlloop/program"
	"thermostat/drivers/correction"
)

// node is one value of the file.
type node = yamltree.Node

// reader walks the tables and the file side by side, and collects complaints.
type reader struct {
	file       string
	machine    machine.Machine
	root       *node
	config     *Config // what has been read so far
	complaints []Complaint
}

// tell is for what package yamltree complains of; of no place in the file, its
// beginning stands for it.
func (r *reader) tell(at yamltree.Place, path, text string) { r.add(at, path, text, false) }

func (r *reader) add(at yamltree.Place, path, text string, warning bool) {
	r.complaints = append(r.complaints, Complaint{File: r.file, Line: max(at.Line, 1), Column: max(at.Column, 1), Path: path, Text: text, Warning: warning})
}

func (r *reader) complain(n *node, format string, args ...any) {
	r.tell(n.Place(), n.Path(), fmt.Sprintf(format, args...))
}

// complainOfField is about a field of a mapping, with dots to those of mappings
// in it. Where it is not in the file, it gives the place of the mapping.
func (r *reader) complainOfField(n *node, field, format string, args ...any) {
	r.addOfField(n, field, fmt.Sprintf(format, args...), false)
}

func (r *reader) addOfField(n *node, field, text string, warning bool) {
	at, _ := find(n, field)
	r.add(at.Place(), join(n.Path(), field), text, warning)
}

// shared is for package unique: about a value or, with a key, about that of a mapping.
func (r *reader) shared(at *node, key, text string, warning bool) {
	if key == "" {
		r.add(at.Place(), at.Path(), text, warning)
		return
	}
	r.addOfField(at, key, text, warning)
}

// missing complains of a key that a mapping must have.
func (r *reader) missing(n *node, key, text string) {
	r.tell(n.Place(), join(n.Path(), key), text)
}

func (r *reader) warn(n *node, text string) { r.add(n.Place(), n.Path(), text, true) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// find gives the value that a dotted field names; where it is not in the file,
// the mapping itself stands in for it.
func find(n *node, field string) (at *node, found bool) {
	at = n
	for key := range strings.SplitSeq(field, ".") {
		at = at.Child(key)
	}
	if at == nil {
		return n, false
	}
	return at, true
}

// mapping reads the keys of a table. It gives those that could not be read; ok
// is false where there is no mapping.
func (r *reader) mapping(t *table, n *node, to any) (unread badKeys, ok bool) {
	if !r.isMapping(n, t) {
		return nil, false
	}
	if t.start != nil {
		t.start(r, n, to)
	}
	for i := range t.keys {
		unread = append(unread, r.key(t, &t.keys[i], n, to, unread)...)
	}
	if t.end != nil {
		t.end(r, n, to, unread)
	}
	return unread, true
}

// key reads one key of a mapping, and gives what could not be read of it.
func (r *reader) key(t *table, k *key, n *node, to any, unread badKeys) (bad badKeys) {
	c := n.Child(k.name)
	if c == nil && k.must == "" {
		return nil
	}
	word, fits := k.only.holds(t, to, unread)
	switch {
	case c == nil && !fits:
	case c == nil:
		r.missing(n, k.name, k.must)
		bad = badKeys{k.name}
	case k.keys != nil || k.kinds != nil:
		bad = r.nested(k, c, k.at(to))
	case !r.value(k, c, k.at(to)):
		bad = badKeys{k.name}
	}
	if c != nil && !fits && !unread.has(k.only.key) {
		r.complain(c, "%s", strings.Replace(k.only.or, "%s", word, 1))
	}
	return bad
}

// nested reads mappings, devices, and lists of them.
func (r *reader) nested(k *key, n *node, to any) (unread badKeys) {
	switch to := to.(type) {
	case *[]Zone:
		*to = r.zones(k.keys, n)
	case *[]sources.Source:
		items := r.items(n)
		*to = make([]sources.Source, len(items))
		for i, item := range items {
			r.mapping(k.keys, item, &(*to)[i])
		}
	case *devices.Sensor:
		r.sensor(k.kinds, n, to)
	case *[]devices.Sensor:
		for _, item := range r.items(n) {
			var s devices.Sensor
			r.sensor(k.kinds, item, &s)
			*to = append(*to, s)
		}
	case **devices.Relay: // one that is named badly is taken for one that is there
		*to = new(devices.Relay)
		if d := r.driver(k.kinds, n); d != nil {
			**to = devices.DefaultRelay(d.name)
			r.mapping(d.keys, n, *to)
		}
	case **devices.Contact:
		*to = new(devices.Contact)
		if d := r.driver(k.kinds, n); d != nil {
			**to = devices.DefaultContact(d.name)
			r.mapping(d.keys, n, *to)
		}
	default:
		inner, ok := r.mapping(k.keys, n, to)
		if !ok {
			return badKeys{k.name}
		}
		for _, b := range inner {
			unread = append(unread, k.name+"."+b)
		}
	}
	return unread
}

// zones reads the zones.
func (r *reader) zones(t *table, n *node) (zones []Zone) {
	u, items := unique.New(r.shared), r.items(n)
	addSources(u, r.config.Sources, r.root.Child("sources"))
	zones = make([]Zone, len(items))
	var z zoneOfFile
	for i, item := range items {
		if _, ok := r.mapping(t, item, &z); ok {
			u.Add(item, unique.Zone{Name: z.Name, SensorID: z.SensorID, Devices: z.Devices})
			zones[i] = z.Zone
		}
	}
	u.CheckPins()
	return zones
}

// sensor reads a sensor.
func (r *reader) sensor(kinds []driver, n *node, to *devices.Sensor) {
	if d := r.driver(kinds, n); d != nil {
		*to = devices.DefaultSensor(d.name)
		r.mapping(d.keys, n, to)
		if at := n.Child("offset"); at != nil && n.Child("calibrate") != nil {
			r.complain(at, "belongs to a sensor without calibrate, which says it, too: take one of the two away")
			to.Offset = 0
		}
	}
}

// driver reads the name of a driver. It gives nil where this version has none of
// that name: then the other keys mean nothing.
func (r *reader) driver(kinds []driver, n *node) *driver {
	at := n.Child("driver")
	switch {
	case n.Kind == yamltree.Refused:
		return nil
	case n.Kind != yamltree.Mapping:
		r.complain(n, "is %v, but a mapping such as {driver: %s} is wanted%s", n.Kind, kinds[0].name, exampleOf(n, kinds))
		return nil
	case at == nil:
		r.missing(n, "driver", "is missing: one of "+strings.Join(driverNames(kinds), ", "))
		return nil
	}
	var name string
	if !r.value(&key{name: "driver", form: form{empty: true}}, at, &name) {
		return nil
	}
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	r.complain(at, "%s", advice.NoneOf(name, driverNames(kinds)))
	return nil
}

// value reads a plain value or a list of texts. It reports whether all is well.
func (r *reader) value(k *key, n *node, to any) bool {
	before := len(r.complaints)
	switch to := to.(type) {
	case *[]string:
		*to = r.texts(k, n)
	case *[]netip.Prefix:
		for _, text := range r.texts(k, n) {
			p, _ := plain.Proxy(text)
			*to = append(*to, p)
		}
	case *map[string]string:
		*to = free[string](r, k, n, "{Id: 01191ED4A0B2}", namelessWord)
	case *map[string]float64:
		*to = free[float64](r, k, n, "{comfort: 20.5, eco: 18}", program.CheckPreset)
	case *correction.Points:
		points, at, wrong := plain.Pairs(n)
		for _, p := range points {
			*to = append(*to, correction.Point{Raw: p[0], True: p[1]})
		}
		if wrong = cmp.Or(wrong, to.Wrong()); wrong != "" {
			r.complain(at, "%s", wrong)
			*to = nil
		}
	default:
		if n.Kind == yamltree.Refused {
			return false
		}
		if wrong := take(r, k, n, to); wrong != "" {
			r.complain(n, "%s", wrong)
			return false
		}
		if file, ok := to.(*string); ok && k.form.file {
			*file = r.machine.Place(r.file, *file)
		}
	}
	return len(r.complaints) == before
}

// texts reads a list of texts and gives those that are right.
func (r *reader) texts(k *key, n *node) (texts []string) {
	for _, item := range r.items(n) {
		var text string
		if r.value(k, item, &text) {
			texts = append(texts, text)
		}
	}
	return texts
}

const maxWords = 16

// free reads a mapping whose keys are free, such as {Id: 0119A, channel: 1}; refuse
// says what is wrong with a key.
func free[V any](r *reader, k *key, n *node, example string, refuse func(key string) error) map[string]V {
	switch {
	case n.Kind == yamltree.Refused:
		return nil
	case n.Kind != yamltree.Mapping:
		r.complain(n, "is %v, but a mapping such as %s is wanted", n.Kind, example)
		return nil
	case len(n.Children) > maxWords:
		r.complain(n, "has %d words, at most %d can be given", len(n.Children), maxWords)
	}
	values := map[string]V{}
	for _, c := range n.Children {
		var value V
		if err := refuse(c.Key); err != nil {
			r.complain(c, "%v", err)
		} else if r.value(k, c, &value) {
			values[c.Key] = value
		}
	}
	return values
}

func namelessWord(key string) error {
	if key == "" {
		return errors.New("has no name: write the path of a word, such as Id")
	}
	return nil
}

// items gives the items of a list.
func (r *reader) items(n *node) []*node {
	switch n.Kind {
	case yamltree.Refused:
		return nil
	case yamltree.List:
		return n.Children
	}
	r.complain(n, "is %v, but a list is wanted: %s", n.Kind, advice.List(n))
	return nil
}

// isMapping complains of any other kind, and of unknown keys.
func (r *reader) isMapping(n *node, t *table) bool {
	switch n.Kind {
	case yamltree.Refused:
		return false
	case yamltree.Mapping:
		for _, c := range n.Children {
			if t.key(c.Key) == nil {
				r.unknownKey(c, t.names())
			}
		}
		return true
	}
	if n.Kind == yamltree.Empty && n.Key != "" {
		r.complain(n, "is empty, but a mapping is wanted: write its keys below it, further in, or leave it out")
		return false
	}
	r.complain(n, "is %v, but a mapping is wanted", n.Kind)
	return false
}

// unknownKey does not show the value, it might be a password.
func (r *reader) unknownKey(n *node, known []string) {
	switch near := advice.Nearest(n.Key, known); {
	case advice.DecimalComma(n) != "":
		r.tell(n.Place(), n.Parent.Path(), advice.DecimalComma(n))
	case advice.RunTogether(n, known) != "":
		r.tell(n.Place(), n.Parent.Path(), "a colon is missing: write "+advice.RunTogether(n, known))
	case strings.EqualFold(n.Key, "password"):
		name := cmp.Or(n.Parent.Key, "mqtt") + "-password"
		r.complain(n, "a password has no place in this file: write it alone into one of its own, such as %s beside this one, and name that: password_file: %s", name, name)
	case near != "":
		r.complain(n, "is an unknown key: did you mean %s?", near)
	default:
		r.complain(n, "is an unknown key: known here are %s", strings.Join(known, ", "))
	}
}

// exampleOf is for a driver that is named without its mapping.
func exampleOf(n *node, kinds []driver) string {
	i := slices.IndexFunc(kinds, func(d driver) bool { return d.name == n.Text })
	switch {
	case n.Kind != yamltree.Scalar || i < 0:
		return ""
	case kinds[i].example == "":
		return ": write {driver: " + n.Text + "}"
	}
	return ": write {driver: " + n.Text + ", " + kinds[i].example
}
