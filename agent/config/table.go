package config

import (
	"regexp"
	"slices"
	"strings"

	"thermostat/controlloop/limits"
)

// A table is one mapping of the file: its keys in their order, and what is said
// of them together. From the tables come the reader, `simulate --vary`, the
// document of the keys and the JSON Schema; what a row says is said nowhere else.
type table struct {
	keys  []key
	start func(r *reader, n *node, to any)                 // before the keys are read: what their defaults hang on
	end   func(r *reader, n *node, to any, unread badKeys) // the relations between keys
}

// key is one key of a mapping. The type of what at points to is the kind of its
// value; what is there before the file is read is its default.
type key struct {
	name  string
	at    access
	form  form  // of a text
	bound bound // of a number or a duration
	unit  string
	says  string   // one sentence, without its point
	more  string   // where docs/configuration.md says more
	usual string   // the default in words where it is no value that could be written
	must  string   // said where the key is missing; empty: it need not be there
	vary  bool     // simulate --vary may set it
	only  when     // the key is there beside some values of another key alone
	keys  *table   // of a mapping, or of a list of mappings
	kinds []driver // of a device, or of a list of devices
}

// access gives the pointer to a key's value in what the mapping is read into.
type access func(of any) any

// in is the access to a field of a T.
func in[T, V any](field func(*T) *V) access {
	return func(of any) any { return field(of.(*T)) }
}

// before and after are the start and the end of a table that is read into a T.
func before[T any](do func(r *reader, n *node, to *T)) func(*reader, *node, any) {
	return func(r *reader, n *node, to any) { do(r, n, to.(*T)) }
}

func after[T any](do func(r *reader, n *node, to *T, unread badKeys)) func(*reader, *node, any, badKeys) {
	return func(r *reader, n *node, to any, unread badKeys) { do(r, n, to.(*T), unread) }
}

// bound is what a value is at least and at most: of the value's type, or a string
// that tells it. Where the law (package controlloop) or a driver holds everybody
// to it, the reader does not check it once more.
type bound struct {
	low, high any
	elsewhere bool
}

func within(low, high any) bound { return bound{low: low, high: high} }

// lawOf takes the bounds of a mapping's keys from those who check them.
func lawOf(all map[string]limits.Bound, mapping string) func(key string) bound {
	return func(key string) bound {
		b := all[mapping+key]
		return bound{b.Low, b.High, true}
	}
}

// form is what a text must look like.
type form struct {
	words  []string                                   // one of these
	match  *regexp.Regexp                             // all of it
	is     string                                     // what a text is that matches
	better func(text string) string                   // how another one is written right; empty: that is not known
	most   int                                        // bytes; 0: no bound but the file's
	ascii  bool                                       // bytes are characters to people
	empty  bool                                       // "" is a value, too
	wrong  func(r *reader, text string) (says string) // what is wrong with it beyond that; empty: nothing
	file   bool                                       // names a file, which may lie beside this one
}

// when is a condition on another key of the same mapping.
type when struct {
	key string
	is  []string
	or  string // said where it is another: %s
}

// holds reports whether the condition is met in what has been read, and the word
// that decides; without a condition it is met.
func (w when) holds(t *table, to any, unread badKeys) (word string, fits bool) {
	if w.key == "" {
		return "", true
	}
	word = *t.key(w.key).at(to).(*string)
	return word, slices.Contains(w.is, word) && !unread.has(w.key)
}

// badKeys are the keys that could not be read, with a dot before those of a
// mapping in the mapping.
type badKeys []string

func (b badKeys) has(key string) bool { return slices.Contains(b, key) }

// below gives those of one mapping in it.
func (b badKeys) below(mapping string) (keys badKeys) {
	for _, k := range b {
		if rest, ok := strings.CutPrefix(k, mapping+"."); ok {
			keys = append(keys, rest)
		}
	}
	return keys
}

// key gives the row of a key, or nil.
func (t *table) key(name string) *key {
	for i := range t.keys {
		if t.keys[i].name == name {
			return &t.keys[i]
		}
	}
	return nil
}

// names gives the names of the keys, in their order.
func (t *table) names() (names []string) {
	for _, k := range t.keys {
		names = append(names, k.name)
	}
	return names
}

// driver is a kind of sensor or relay, by its name in the table of package
// drivers or on the broker, and the keys of its mapping.
type driver struct {
	name    string
	says    string
	keys    *table
	example string // what the mapping needs beside the driver, and a word on it; empty: nothing
}

func driverNames(kinds []driver) (names []string) {
	for _, d := range kinds {
		names = append(names, d.name)
	}
	return names
}
